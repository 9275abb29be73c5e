"""The painter: what Telegram does not take now is tried again, and only the newest card is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.http import AiohttpRequest
from bot.messenger import TelegramMessenger
from handlers.chats import Chat, Chats
from handlers.painter import BLANK, TRIES, Painter
from handlers.ports import Busy, Card, Unreachable
from sandbox.client import Person, Sandbox
from sandbox.running import running_sandbox

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ONE, TWO = Card("one"), Card("two")


@dataclass
class Easel:
    """A painter before a real chat; `waits` are the seconds it asked to wait."""

    sandbox: Sandbox
    person: Person
    chats: Chats
    painter: Painter
    waits: list[float]

    @property
    def chat(self) -> Chat:
        return self.chats.touch(self.person.id, NOW)

    async def rest(self) -> None:
        await self.painter.settled(self.person.id)

    async def texts(self) -> list[str]:
        return [card.text for card in await self.person.messages()]

    async def shows(self, *texts: str) -> None:
        """Wait until this is what the chat holds."""
        async with asyncio.timeout(60):
            while await self.texts() != list(texts):  # noqa: ASYNC110 - it is asked
                await asyncio.sleep(0.01)


@pytest.fixture
async def easel() -> AsyncIterator[Easel]:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0.01)

    async with running_sandbox(limits=False) as sandbox:
        person = await sandbox.person()
        await person.send("/start", wait=None)
        request = AiohttpRequest(timeout=5)
        await request.initialize()
        chats = Chats()
        messenger = TelegramMessenger(f"{sandbox.url}/bot{sandbox.token}", request)
        painter = Painter(messenger, pause)
        yield Easel(sandbox, person, chats, painter, waits)
        await painter.close()
        await request.shutdown()


async def _first(easel: Easel) -> None:
    """The first card, in place of the command that asked for it."""
    (command,) = await easel.person.messages()
    easel.painter.draw_anew(easel.chat, ONE, command.id)
    await easel.rest()


async def test_the_first_card_takes_the_place_of_what_asked_for_it(easel: Easel) -> None:
    await _first(easel)
    assert [card.text for card in await easel.person.messages()] == ["one"]


async def test_the_next_is_drawn_in_place(easel: Easel) -> None:
    await _first(easel)
    before = (await easel.person.card()).id
    easel.painter.draw(easel.chat, TWO)
    await easel.rest()
    card = await easel.person.card()
    assert (card.id, card.text) == (before, "two")


async def test_a_card_that_the_person_deleted_is_sent_anew(easel: Easel) -> None:
    await _first(easel)
    await easel.person.delete((await easel.person.card()).id)
    easel.painter.draw(easel.chat, TWO)
    await easel.rest()
    assert await easel.texts() == ["two"]


async def test_after_a_429_it_waits_as_long_as_it_is_told(easel: Easel) -> None:
    await _first(easel)
    await easel.sandbox.fault("429", count=2, retry_after=9)
    easel.painter.draw(easel.chat, TWO)
    await easel.rest()
    await easel.shows("two")
    assert easel.waits == [9, 9]


async def test_after_an_outage_it_waits_longer_each_time_and_not_for_ever(easel: Easel) -> None:
    await _first(easel)
    await easel.sandbox.fault("500")
    easel.painter.draw(easel.chat, TWO)
    async with asyncio.timeout(60):
        while easel.chat.wanted is not None:  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.01)
    assert easel.waits[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(easel.waits) == TRIES


async def test_only_the_newest_card_is_tried_again(easel: Easel) -> None:
    await _first(easel)
    await easel.sandbox.fault("500", count=1)
    easel.painter.draw(easel.chat, TWO)
    easel.painter.draw(easel.chat, Card("three"))
    await easel.rest()
    await easel.shows("three")
    edits = await easel.person.events(kinds=("edited",))
    assert len(edits) == 1


async def test_a_chat_that_cannot_be_reached_is_forgotten(easel: Easel) -> None:
    await _first(easel)
    await easel.person.block()
    easel.painter.draw(easel.chat, TWO)
    await easel.rest()
    assert (easel.chat.card, easel.chat.wanted) == (None, None)
    assert easel.waits == []


async def test_a_card_too_old_to_be_deleted_is_blanked(easel: Easel) -> None:
    await _first(easel)
    old = (await easel.person.card()).id
    await easel.sandbox.advance(timedelta(hours=49))
    easel.painter.remove(easel.chat, 424242)
    await easel.rest()
    easel.chat.card = None
    easel.painter.remove(easel.chat, old)
    await easel.rest()
    assert [(card.id, card.text) for card in await easel.person.messages()] == [(old, BLANK.html)]


async def test_a_card_that_nobody_remembers_is_swept_away(easel: Easel) -> None:
    """As after a restart: the card of the process before lies a few messages above."""
    await _first(easel)
    easel.chats.forget(easel.person.id)
    number = await easel.person.send("/start", wait=None)
    easel.painter.draw_anew(easel.chat, TWO, number)
    await easel.rest()
    assert await easel.texts() == ["two"]


async def test_hiding_brings_no_card_back_into_a_chat_that_was_cleared(easel: Easel) -> None:
    await _first(easel)
    await easel.person.delete((await easel.person.card()).id)
    easel.painter.hide(easel.chat, TWO)
    await easel.rest()
    assert await easel.texts() == []


async def test_what_is_drawn_late_brings_no_card_back_either(easel: Easel) -> None:
    await _first(easel)
    await easel.sandbox.fault("500", count=1)
    card = (await easel.person.card()).id
    easel.painter.draw(easel.chat, TWO)
    await easel.person.delete(card)
    await easel.rest()
    assert await easel.texts() == []


async def test_the_old_card_stays_until_the_new_one_is_there(easel: Easel) -> None:
    await _first(easel)
    number = await easel.person.send("/start", wait=None)
    await easel.sandbox.fault("500", methods=("sendMessage",))
    easel.painter.draw_anew(easel.chat, TWO, number)
    await asyncio.sleep(0.2)
    assert await easel.texts() == ["one"]
    await easel.sandbox.clear_faults()
    await easel.rest()
    assert await easel.texts() == ["two"]


async def test_a_flood_is_cleared_away_in_a_few_calls(easel: Easel) -> None:
    await _first(easel)
    before = (await easel.sandbox.state())["calls"].get("deleteMessages", 0)
    for _ in range(150):
        easel.painter.remove(easel.chat, await easel.person.send("x", wait=None))
        easel.painter.draw(easel.chat, TWO)
    await easel.rest()
    assert await easel.texts() == ["two"]
    assert (await easel.sandbox.state())["calls"]["deleteMessages"] - before < 100


async def test_something_new_ends_a_long_wait(easel: Easel) -> None:
    async def for_ever(_seconds: float) -> None:
        await asyncio.Event().wait()

    await _first(easel)
    patient = Painter(easel.painter._messenger, for_ever)
    await easel.sandbox.fault("429", count=1, retry_after=3600)
    patient.draw(easel.chat, TWO)
    assert await easel.sandbox.events(kinds=("fault",), timeout=60)
    patient.draw(easel.chat, Card("three"))
    await patient.settled(easel.person.id)
    assert await easel.texts() == ["three"]


async def test_what_is_announced_takes_the_place_of_the_card_that_was_there(easel: Easel) -> None:
    await _first(easel)
    before = easel.chat.card
    sent = await easel.painter.announce(easel.chat, TWO)
    await easel.rest()
    assert await easel.texts() == ["two"]
    assert easel.chat.card == sent != before


async def test_what_cannot_be_announced_now_is_told_and_left_to_whoever_announces(
    easel: Easel,
) -> None:
    await _first(easel)
    await easel.sandbox.fault("429", count=1, retry_after=7, methods=("sendMessage",))
    with pytest.raises(Busy):
        await easel.painter.announce(easel.chat, TWO)
    await easel.rest()
    assert await easel.texts() == ["one"]
    assert easel.waits == []


async def test_an_announcement_whose_answer_was_lost_does_not_stand_there_twice(
    easel: Easel,
) -> None:
    await _first(easel)
    await easel.sandbox.fault("drop_after", count=1, methods=("sendMessage",))
    with pytest.raises(Busy):
        await easel.painter.announce(easel.chat, TWO)
    await easel.painter.announce(easel.chat, TWO)
    await easel.rest()
    assert await easel.texts() == ["two"]


async def test_an_announcement_to_a_chat_that_is_gone_forgets_the_chat(easel: Easel) -> None:
    await _first(easel)
    await easel.person.block()
    with pytest.raises(Unreachable):
        await easel.painter.announce(easel.chat, TWO)
    assert easel.chat.card is None
