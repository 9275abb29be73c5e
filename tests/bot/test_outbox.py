"""Replies are announced as each person allows: once, in one line, whatever breaks meanwhile."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.http import AiohttpRequest
from bot.messenger import TelegramMessenger
from bot.outbox import Delivery
from bot.tokens import Tokens
from crypto.token import ReturnToken, open_token
from handlers.buttons import Press, Verb, decode
from handlers.chats import Chats
from handlers.layout import INBOX
from handlers.painter import Painter
from handlers.ports import Card, Sent
from handlers.texts import Texts
from intake.case import ContactRule
from intake.errors import StorageUnavailable
from sandbox.client import Person, Sandbox
from sandbox.running import running_sandbox
from storage.outbox import Outbox
from tests.bot.answering import Kept, kept
from tests.bot.test_rekeyed import rekey
from tests.line import token_of

LINE = "There is something new."


class Killed(Outbox):
    """An outbox whose process dies before a delivery is noted."""

    async def delivered(self, *_: object) -> None:
        raise StorageUnavailable("killed")


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


@dataclass
class Process:
    """What one run of the server remembers, and its delivery."""

    chats: Chats
    painter: Painter
    delivery: Delivery

    async def round(self) -> None:
        """One round of delivery, to its end."""
        await self.delivery.begin()
        await self.delivery.finish()
        for chat in list(self.painter._work):
            await self.painter.settled(chat)


@dataclass
class World:
    """Telegram, one person whose case was sent from a card, and the storage in between."""

    sandbox: Sandbox
    line: Kept
    messenger: TelegramMessenger
    stack: AsyncExitStack
    renewed: list[int] = field(default_factory=list)

    async def process(self, outbox: type[Outbox] = Outbox) -> Process:
        """A server that has just started and remembers nothing."""
        chats, painter = Chats(), Painter(self.messenger, _at_once)
        self.stack.push_async_callback(painter.close)

        async def renew(chat: int, secret: str) -> bool:
            known = chats.known(chat)
            stands = known is not None and known.secret == secret and not known.hidden
            if stands:
                self.renewed.append(chat)
            return stands

        delivery = Delivery(
            outbox(self.line.storage.database),
            self.line.storage.inboxes,
            self.line.tokens,
            chats,
            painter,
            renew,
            Texts.load("bot"),
            self.line.clock,
            _at_once,
        )
        self.stack.push_async_callback(delivery.close)
        return Process(chats, painter, delivery)

    async def person(self, contact: str = "any") -> "Somebody":
        made = await self.sandbox.person("en")
        hello = await made.send("/start", wait=None)
        card = await self.messenger.send(made.id, Card("The card"))
        await self.messenger.delete(made.id, [hello])
        return Somebody(made, await self.line.sent(made.id, card, contact=contact), card)


@dataclass
class Somebody:
    """A person, the case, and the card it was sent from."""

    person: Person
    sent: Sent
    card: int

    async def texts(self) -> list[str]:
        return [card.text for card in await self.person.messages()]

    async def key(self) -> Press:
        """The one key of the last card."""
        (button,) = (await self.person.card()).buttons
        press = decode(button.data or "")
        assert press is not None
        return press


@pytest.fixture(name="world")
async def _world(tmp_path: Path) -> AsyncIterator[World]:
    async with (
        kept(tmp_path) as line,
        running_sandbox(limits=False) as sandbox,
        AsyncExitStack() as stack,
    ):
        request = AiohttpRequest()
        await request.initialize()
        stack.push_async_callback(request.shutdown)
        messenger = TelegramMessenger(f"{sandbox.url}/bot{sandbox.token}", request)
        yield World(sandbox, line, messenger, stack)


def _token(line: Kept, token: bytes) -> ReturnToken:
    return open_token(line.house.return_key, token)


async def test_a_line_without_content_takes_the_place_of_the_card(world: World) -> None:
    who = await world.person()
    number = await world.line.reply(who.sent.inbox, "We found a lawyer.")
    await (await world.process()).round()
    assert await who.texts() == [LINE]
    assert (await who.person.card()).id != who.card
    assert await who.key() == Press(who.sent.inbox, INBOX, Verb.READ, f"en:{number}")
    assert await world.line.states(who.sent.inbox) == ["sent"]
    shown = await world.sandbox.ask("chat", chat=who.person.id)
    assert [message["silent"] for message in shown["messages"]] == [True]


async def test_the_token_is_made_anew_for_the_line_that_stands_there(world: World) -> None:
    who = await world.person()
    before = token_of(await world.line.case(who.sent.inbox), world.line.house)
    await world.line.reply(who.sent.inbox, "Hello.")
    await (await world.process()).round()
    after = token_of(await world.line.case(who.sent.inbox), world.line.house)
    assert after != before
    token = _token(world.line, after)
    assert (token.chat_id, token.message_id) == (who.person.id, (await who.person.card()).id)
    seen = await world.line.inboxes.look(who.sent.inbox, who.person.id)
    assert seen is not None
    assert seen.here


async def test_a_reply_that_waits_with_a_token_of_an_older_key_goes_out_and_the_next_is_new(
    world: World,
) -> None:
    who = await world.person()
    await world.line.reply(who.sent.inbox, "Hello.")
    new, old = os.urandom(32), world.line.house.return_key
    world.line.tokens = Tokens(new, os.urandom, (os.urandom(32), old))
    await (await world.process()).round()
    assert await who.texts() == [LINE]
    assert await world.line.states(who.sent.inbox) == ["sent"]
    token = token_of(await world.line.case(who.sent.inbox), world.line.house)
    assert open_token(new, token).message_id == (await who.person.card()).id
    world.line.tokens = Tokens(new, os.urandom)  # nothing of this case needs the older ones now
    await world.line.reply(who.sent.inbox, "Once more.")
    await (await world.process()).round()
    assert await world.line.states(who.sent.inbox) == ["sent", "sent"]


async def test_without_the_key_of_its_token_a_reply_lies_in_the_inbox(world: World) -> None:
    who = await world.person()
    await world.line.reply(who.sent.inbox, "Hello.")
    world.line.tokens = Tokens(os.urandom(32), os.urandom, (os.urandom(32),))
    await (await world.process()).round()
    assert await who.texts() == ["The card"]
    assert await world.line.states(who.sent.inbox) == ["inbox"]


async def test_two_replies_make_one_line_that_leads_to_the_first(world: World) -> None:
    who = await world.person()
    first = await world.line.reply(who.sent.inbox, "One.")
    await world.line.reply(who.sent.inbox, "Two.")
    await (await world.process()).round()
    assert await who.texts() == [LINE]
    assert (await who.key()).argument == f"en:{first}"
    assert await world.line.states(who.sent.inbox) == ["sent", "sent"]


async def test_a_later_reply_makes_a_new_line_that_opens_the_older_first(world: World) -> None:
    who, process = await world.person(), await world.process()
    number = await world.line.reply(who.sent.inbox, "One.")
    await process.round()
    first = (await who.person.card()).id
    await world.line.reply(who.sent.inbox, "Two.")
    await process.round()
    assert await who.texts() == [LINE]
    assert (await who.person.card()).id != first
    assert (await who.key()).argument == f"en:{number}"


async def test_outside_the_hours_nothing_comes_and_within_them_it_does(world: World) -> None:
    who, process = await world.person("never"), await world.process()
    hours = ContactRule(frozenset({20, 21}))
    assert await world.line.inboxes.set_contact(who.sent.inbox, hours)
    await world.line.reply(who.sent.inbox, "Hello.")
    for _ in range(5):  # from 15 to 19
        await process.round()
        assert await who.texts() == ["The card"]
        world.line.clock.now += timedelta(hours=1)
    assert world.line.clock.now.hour == 20
    await process.round()
    assert await who.texts() == [LINE]


async def test_never_is_never(world: World) -> None:
    who, process = await world.person("never"), await world.process()
    await world.line.inboxes.set_contact(who.sent.inbox, ContactRule.never())
    for day in range(40):
        await world.line.reply(who.sent.inbox, f"Day {day}.") if day % 13 == 0 else None
        world.line.clock.now += timedelta(hours=25)
        await process.round()
    assert await who.texts() == ["The card"]
    assert set(await world.line.states(who.sent.inbox)) == {"inbox"}


async def test_the_rule_is_asked_again_after_waiting_for_the_chat(world: World) -> None:
    who, process = await world.person(), await world.process()
    await world.line.reply(who.sent.inbox, "Hello.")
    chat = process.chats.touch(who.person.id, world.line.clock())
    async with chat.lock:
        await process.delivery.begin()
        await asyncio.sleep(0.05)
        await world.line.inboxes.set_contact(who.sent.inbox, ContactRule.never())
    await process.delivery.finish()
    assert await who.texts() == ["The card"]
    assert await world.line.states(who.sent.inbox) == ["inbox"]


async def test_the_hour_is_asked_again_after_waiting_for_the_chat(world: World) -> None:
    who, process = await world.person(), await world.process()
    await world.line.inboxes.set_contact(who.sent.inbox, ContactRule(frozenset({15})))
    await world.line.reply(who.sent.inbox, "Hello.")
    chat = process.chats.touch(who.person.id, world.line.clock())
    async with chat.lock:
        await process.delivery.begin()
        await asyncio.sleep(0.05)
        world.line.clock.now += timedelta(hours=1)
    await process.delivery.finish()
    assert await who.texts() == ["The card"]
    assert await world.line.states(who.sent.inbox) == ["waiting"]


async def test_what_is_read_meanwhile_is_not_announced(world: World) -> None:
    who, process = await world.person(), await world.process()
    number = await world.line.reply(who.sent.inbox, "Hello.")
    chat = process.chats.touch(who.person.id, world.line.clock())
    async with chat.lock:
        await process.delivery.begin()
        await asyncio.sleep(0.05)
        await world.line.inboxes.letter(who.sent.inbox, number)
    await process.delivery.finish()
    assert await who.texts() == ["The card"]


async def test_what_is_erased_meanwhile_is_not_announced(world: World) -> None:
    who, process = await world.person(), await world.process()
    await world.line.reply(who.sent.inbox, "Hello.")
    chat = process.chats.touch(who.person.id, world.line.clock())
    async with chat.lock:
        await process.delivery.begin()
        await asyncio.sleep(0.05)
        await world.line.inboxes.erase(who.sent.inbox)
    await process.delivery.finish()
    assert await who.texts() == ["The card"]


@pytest.mark.parametrize("gone", ["block", "deactivate"])
async def test_a_chat_that_is_gone_is_told_to_the_desk_and_not_tried_again(
    world: World, gone: str
) -> None:
    who, process = await world.person(), await world.process()
    await world.line.reply(who.sent.inbox, "Hello.")
    await who.person.act(gone)
    await process.round()
    assert await world.line.states(who.sent.inbox) == ["unreachable"]
    calls = (await world.sandbox.state())["calls"]
    await process.round()
    assert (await world.sandbox.state())["calls"] == calls
    letter = await world.line.inboxes.letter(who.sent.inbox, 1)
    assert letter is not None  # it lies in the inbox all the same


async def test_one_that_telegram_puts_off_holds_up_no_other(world: World) -> None:
    one, process = await world.person(), await world.process()
    await world.line.reply(one.sent.inbox, "Hello.")
    await world.sandbox.fault("429", count=1, methods=("sendMessage",), retry_after=60)
    await process.round()
    assert await one.texts() == ["The card"]
    other = await world.person()
    await world.line.reply(other.sent.inbox, "Hello.")
    await process.round()
    assert await other.texts() == [LINE]
    assert await one.texts() == ["The card"]
    world.line.clock.now += timedelta(seconds=61)
    await process.round()
    assert await one.texts() == [LINE]


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "502"])
async def test_an_answer_that_was_lost_leaves_one_line(world: World, fault: str) -> None:
    who, process = await world.person(), await world.process()
    await world.line.reply(who.sent.inbox, "Hello.")
    await world.sandbox.fault(fault, count=1, methods=("sendMessage",))
    await process.round()
    assert await world.line.states(who.sent.inbox) == ["waiting"]
    world.line.clock.now += timedelta(minutes=1)
    await process.round()
    assert await who.texts() == [LINE]
    assert await world.line.states(who.sent.inbox) == ["sent"]


async def test_a_process_that_died_before_it_was_noted_leaves_one_line(world: World) -> None:
    who = await world.person()
    await world.line.reply(who.sent.inbox, "Hello.")
    await (await world.process(Killed)).round()
    assert await world.line.states(who.sent.inbox) == ["waiting"]
    assert await who.texts() == [LINE]
    await (await world.process()).round()
    assert await who.texts() == [LINE]
    assert await world.line.states(who.sent.inbox) == ["sent"]
    after = token_of(await world.line.case(who.sent.inbox), world.line.house)
    assert _token(world.line, after).message_id == (await who.person.card()).id


async def test_it_is_found_though_much_was_sent_to_others_since(world: World) -> None:
    who, other = await world.person(), await world.person()
    await world.line.reply(who.sent.inbox, "Hello.")
    await (await world.process(Killed)).round()
    for _ in range(300):
        await world.messenger.send(other.person.id, Card("Something else"))
    await (await world.process()).round()
    assert await who.texts() == [LINE]
    assert len(await other.texts()) == 301


async def test_killed_at_any_instant_it_leaves_one_line_in_the_end(world: World) -> None:
    for instant in range(0, 60, 4):
        who, process = await world.person(), await world.process()
        await world.line.reply(who.sent.inbox, "Hello.")
        await process.delivery.begin()
        await asyncio.sleep(instant / 1000)
        await process.delivery.close()
        await process.painter.close()
        await (await world.process()).round()
        assert await who.texts() == [LINE], instant
        assert await world.line.states(who.sent.inbox) == ["sent"], instant


async def test_where_the_inbox_stands_open_it_is_drawn_anew_instead(world: World) -> None:
    who, process = await world.person(), await world.process()
    chat = process.chats.touch(who.person.id, world.line.clock())
    chat.card, chat.secret, chat.revision = who.card, who.sent.inbox, INBOX
    await world.line.reply(who.sent.inbox, "Hello.")
    await process.round()
    assert world.renewed == [who.person.id]
    assert await who.texts() == ["The card"]
    assert await world.line.states(who.sent.inbox) == ["sent"]


async def test_a_person_at_another_card_is_not_disturbed(world: World) -> None:
    who, process = await world.person(), await world.process()
    chat = process.chats.touch(who.person.id, world.line.clock())
    chat.card = who.card
    await world.line.reply(who.sent.inbox, "Hello.")
    for secret, revision in ((None, 0), ("A" * 42 + "E", 3), ("A" * 42 + "E", INBOX)):
        chat.secret, chat.revision = secret, revision
        await process.round()
        assert await who.texts() == ["The card"]
    chat.hidden = True  # another interview, hidden: its card holds the only key to it
    await process.round()
    assert await who.texts() == ["The card"]
    chat.secret = None
    await process.round()
    assert await who.texts() == [LINE]


async def test_the_hidden_card_of_the_same_case_makes_room(world: World) -> None:
    who, process = await world.person(), await world.process()
    chat = process.chats.touch(who.person.id, world.line.clock())
    chat.card, chat.secret, chat.hidden = who.card, who.sent.inbox, True
    await world.line.reply(who.sent.inbox, "Hello.")
    await process.round()
    assert await who.texts() == [LINE]
    assert (chat.secret, chat.revision, chat.hidden) == (who.sent.inbox, INBOX, True)


async def test_a_chat_that_the_person_left_is_told_nothing(world: World) -> None:
    who, process = await world.person(), await world.process()
    await world.line.reply(who.sent.inbox, "Hello.")
    await world.line.inboxes.announce(who.sent.inbox, who.person.id + 1, 7)
    await process.round()
    assert await who.texts() == ["The card"]
    assert await world.line.states(who.sent.inbox) == ["unreachable"]


@pytest.mark.parametrize("gone", [None, "block"])
async def test_who_moves_while_the_line_is_on_its_way_is_told_where_she_went(
    world: World, gone: str | None
) -> None:
    """The line went where she was; what it leaves behind must not lead back there."""
    who, other = await world.person(), await world.person()
    line, send = world.line, world.messenger.send

    async def moved(chat: int, card: Card, *, silent: bool = True) -> int:
        try:
            return await send(chat, card, silent=silent)
        finally:
            await line.inboxes.announce(who.sent.inbox, other.person.id, other.card)

    process = await world.process()
    await line.reply(who.sent.inbox, "Hello.")
    if gone:
        await who.person.act(gone)
    world.messenger.send = moved  # type: ignore[method-assign]
    await process.round()
    world.messenger.send = send  # type: ignore[method-assign]
    token = _token(line, token_of(await line.case(who.sent.inbox), line.house))
    assert token.chat_id == other.person.id
    seen = await line.inboxes.look(who.sent.inbox, other.person.id)
    assert seen is not None
    assert seen.here
    await process.round()
    assert await other.texts() == [LINE]
    assert await line.states(who.sent.inbox) == ["sent"]


async def test_a_token_of_another_case_leads_nowhere(world: World) -> None:
    who, other, process = await world.person(), await world.person(), await world.process()
    case, line = await world.line.case(who.sent.inbox), world.line
    theirs = line.tokens.open(token_of(await line.case(other.sent.inbox), line.house))
    assert theirs is not None
    assert theirs.case_id != case.header.id
    await line.reply(who.sent.inbox, "Hello.", token=token_of(
        await line.case(other.sent.inbox), line.house
    ))  # fmt: skip
    await process.round()
    assert await who.texts() == ["The card"]
    assert await other.texts() == ["The card"]
    assert await line.states(who.sent.inbox) == ["inbox"]


async def test_a_reply_wakes_the_next_round(world: World) -> None:
    process = await world.process()
    process.delivery._pause = asyncio.sleep
    resting = asyncio.create_task(process.delivery.rest(60))
    await asyncio.sleep(0.01)
    assert not resting.done()
    process.delivery.wake()
    await asyncio.wait_for(resting, 30)


async def test_the_token_opens_where_the_case_was_rekeyed_on_the_way(world: World) -> None:
    who = await world.person()
    await world.line.reply(who.sent.inbox, "Hello.")
    case_id = (await world.line.case(who.sent.inbox)).header.id

    class Overtaken(Outbox):
        """An outbox before which the case gets a fresh key as the line is delivered."""

        async def delivered(self, *given: Any) -> None:
            await rekey(world.line, case_id)
            await super().delivered(*given)

    await (await world.process(Overtaken)).round()
    after = await world.line.case(who.sent.inbox)
    assert after.header.epoch == 2
    token = _token(world.line, token_of(after, world.line.house))
    assert token.message_id == (await who.person.card()).id
    await world.line.reply(who.sent.inbox, "And again.")
    await (await world.process()).round()
    assert await world.line.states(who.sent.inbox) == ["sent", "sent"]
