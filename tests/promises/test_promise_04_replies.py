"""Promise 4 for replies: exactly once. The narrow instants of an exchange, one by one.

The server is ended by SIGKILL between what it did and what should follow: a reply that was taken
and not confirmed to the desk, a line that was sent and not noted, a reply that counts as read and
was not shown. Started again, nothing is lost, nothing is new twice, and one message is in the chat.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from desk.casework import Casework
from desk.client import Offline
from handlers.buttons import Verb
from intake.records import Outcome
from intake.wire import CaseFile
from sandbox.cards import Card
from tests.exchange import Volunteer, leaves, reads, sends, volunteer, writes
from tests.journeys.stage import Talk, offers
from tests.organisation import House
from tests.promises.processes import sandbox_process, tropa
from tests.promises.test_promise_04_exactly_once import Scene

BEFORE, AFTER = "delay", "slow"
"""A call that hangs before it had its effect, and one whose answer hangs."""

INSTANTS = ((BEFORE, "sendMessage"), (AFTER, "sendMessage"), (AFTER, "deleteMessages"))


@dataclass
class Exchange(Scene):
    """A person whose case is sent, in a chat where nothing is open, and a desk that holds it."""

    talk: Talk = field(kw_only=True)
    anna: Volunteer = field(kw_only=True)
    case: str = field(kw_only=True)

    async def states(self) -> list[str]:
        return [reply.state for reply in (await self.fetched()).replies]

    async def fetched(self) -> CaseFile:
        return await self.anna.case(self.case)

    async def exchanged(self) -> list[str]:
        """All that was written to and fro, in order."""
        contents = await self.anna.does(lambda work: work.open(work.fetch(self.case)))
        return [entry.text for entry in contents.exchange[1:]]

    async def until_states(self, *states: str) -> None:
        for _ in range(600):
            if await self.states() == list(states):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{await self.states()}, not {states}")

    async def line(self) -> Card:
        """The one message in the chat, which tells of something new."""
        card = await self.one_card()
        assert (card.labels, offers(card, Verb.READ)) == (["···"], True)
        return card


@pytest_asyncio.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    (tmp_path / "server").mkdir()
    house = House(tmp_path / "server")
    async with sandbox_process() as sandbox, tropa(house, sandbox) as server:
        await server.start()
        listen, home = server.environment["QUEUE_LISTEN"], tmp_path / "anna"
        async with volunteer("anna", house.anna, house, listen, home, _now) as anna:
            person = await sandbox.person("ru")
            talk = Talk(person, house.form)
            await sends(talk, {"contact": "any"})
            await leaves(talk)
            [case] = await anna.waiting()
            await anna.takes(case)
            yield Exchange(house, sandbox, server, person, talk=talk, anna=anna, case=case)


def _now() -> datetime:
    return datetime.now(UTC)


async def test_killed_at_every_narrow_instant_of_an_exchange(
    exchange: Exchange, full: bool
) -> None:
    await around_the_line_that_tells_of_a_reply(exchange, INSTANTS if full else INSTANTS[1:2])
    await while_the_person_reads(exchange)
    if full:
        await while_the_person_types(exchange)
    await while_the_person_sends_a_message(exchange)
    await before_the_desk_hears_what_it_did(exchange)


async def around_the_line_that_tells_of_a_reply(
    exchange: Exchange, instants: Sequence[tuple[str, str]]
) -> None:
    for number, (kind, method) in enumerate(instants, 1):
        await exchange.held(method, kind=kind)
        await exchange.anna.replies(exchange.case, f"Ответ {number}")
        await exchange.hangs()
        assert (await exchange.states())[-1] == "waiting"
        await exchange.killed()
        await exchange.until_states(*["read"] * (number - 1), "sent")
        await exchange.line()
        assert f"Ответ {number}" in (await reads(exchange.talk)).text
        await leaves(exchange.talk)
        assert await exchange.states() == ["read"] * number


async def while_the_person_reads(exchange: Exchange) -> None:
    """It counts as read, and was not shown."""
    before = await exchange.states()
    await exchange.anna.replies(exchange.case, "Ещё ответ")
    await exchange.until_states(*before, "sent")
    line = await exchange.line()
    await exchange.held("editMessageText")
    await exchange.press(line, Verb.READ)
    await exchange.hangs()
    await exchange.killed()
    if "Ещё ответ" not in (await exchange.one_card()).text:
        await exchange.press(line, Verb.READ)
        await exchange.person.settled()
    assert "Ещё ответ" in (await exchange.one_card()).text
    assert await exchange.states() == [*before, "read"]


async def while_the_person_types(exchange: Exchange) -> None:
    """What was typed is sealed, and still stands in the chat."""
    await exchange.talk.press(Verb.WRITE)
    await exchange.held("deleteMessages", "editMessageText")
    await exchange.person.send("Вопрос", wait=None)
    await exchange.hangs()
    await exchange.killed()
    card = await exchange.one_card()
    if "Вопрос" not in card.text:
        card = await exchange.talk.press(Verb.WRITE)
    assert card.text.count("Вопрос") == 1
    await exchange.talk.press(Verb.REWRITE)


async def while_the_person_sends_a_message(exchange: Exchange) -> None:
    """It is sent, and the card does not say so."""
    before = await exchange.exchanged()
    card = await writes(exchange.talk, "Спасибо", post=False)
    await exchange.held("editMessageText")
    await exchange.press(card, Verb.POST)
    await exchange.hangs()
    await exchange.killed()
    await exchange.press(card, Verb.POST)
    await exchange.person.settled()
    assert not offers(await exchange.one_card(), Verb.POST)
    assert await exchange.exchanged() == [*before, "Спасибо"]
    await leaves(exchange.talk)


async def before_the_desk_hears_what_it_did(exchange: Exchange) -> None:
    """What no answer came to is done again by the volunteer, and was done once."""
    anna, before, states = exchange.anna, await exchange.exchanged(), await exchange.states()
    held = await exchange.fetched()
    await _in_vain(exchange, partial(_reply, held, "Последний"))
    await exchange.server.end()
    with pytest.raises(Offline):
        await anna.does(partial(_reply, held, "Последний"))
    await exchange.server.start()
    await anna.does(partial(_reply, held, "Последний"))
    await exchange.until_states(*states, "sent")
    await exchange.line()
    held = await exchange.fetched()
    await _in_vain(exchange, partial(_close, held))
    await anna.does(partial(_close, held))
    assert await exchange.exchanged() == [*before, "Последний", "Готово"]
    assert "Последний" in (await reads(exchange.talk)).text
    assert await exchange.states() == [*states, "read"]


def _reply(held: CaseFile, words: str, work: Casework) -> CaseFile:
    return work.reply(held, words)


def _close(held: CaseFile, work: Casework) -> CaseFile:
    return work.close(held, Outcome.REFERRED, "Готово")


async def _in_vain(exchange: Exchange, act: Callable[[Casework], CaseFile]) -> None:
    """It is done, and the desk does not hear of it."""
    exchange.anna.wire.deaf = True
    with pytest.raises(Offline):
        await exchange.anna.does(act)
    exchange.anna.wire.deaf = False
