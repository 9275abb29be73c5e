"""Promises 3 and 4 for an exchange: the server is killed again and again while both sides write.

People read and write from what their cards show; a volunteer does again what no answer came to. At
the end everything that was acknowledged is there once and in order, every reply was read, none was
announced after it was shown, and one message stands in each chat.
"""

import asyncio
import random
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.casework import Casework
from desk.client import Offline
from handlers.buttons import Verb
from intake.records import MESSAGE
from intake.records import REPLY as REPLY_KIND
from intake.wire import CaseFile
from sandbox.cards import Card
from sandbox.client import NoReaction, Sandbox
from tests.exchange import Volunteer, leaves, sends, volunteer
from tests.journeys.stage import Talk, find, is_hidden, offers, pressed
from tests.organisation import House
from tests.promises.processes import Tropa, sandbox_process, tropa
from tests.promises.test_promise_03_kept import slow_network

REPLY = re.compile(r"ответ \d+\.")

GLANCE = 4.0
"""Seconds after which somebody whose tap did nothing tries again."""
PATIENCE = 120.0
"""Seconds until something that ought to pass counts as a broken promise."""


@dataclass
class Correspondent:
    """A person with a case. She knows nothing of restarts: she reads, types, and tries again."""

    talk: Talk
    case: str
    dice: random.Random
    wrote: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    numbers: dict[str, str] = field(default_factory=dict)

    async def goes_on(self, until: "asyncio.Task[None]") -> None:
        while not until.done():
            await self.dice.choice((self.reads, self.reads, self.writes, self.leaves))()
            await asyncio.sleep(self.dice.uniform(0.0, 0.4))

    async def reads(self) -> None:
        """Whatever is new, if there is something new."""
        card = await self.looks()
        if not _is_line(card):
            await self.leaves()  # what stands there may have been drawn before
            card = await self.comes_to(lambda card: _is_line(card) or _at_rest(card), Verb.INBOX)
        if _is_line(card) or any("✉" in label for label in card.labels):
            await self.comes_to(_is_reply, Verb.READ)

    async def writes(self) -> None:
        words = f"вопрос {len(self.wrote) + 1}."
        while words not in (await self._message()).text:
            sent = await self.talk.person.send(words, wait=None)
            await self._taken_in(sent)
        await self.comes_to(lambda card: not offers(card, Verb.POST), Verb.POST)
        self.wrote.append(words)

    async def leaves(self) -> None:
        await self.comes_to(lambda card: is_hidden(card) or _is_line(card), Verb.HIDE)

    async def _message(self) -> Card:
        """The card with her message, drawn anew."""
        await self.leaves()
        await self.comes_to(_at_rest, Verb.INBOX)
        return await self.comes_to(lambda card: not _at_rest(card), Verb.WRITE)

    async def comes_to(self, there: Callable[[Card], bool], verb: Verb) -> Card:
        """Tap until the card is the one that is wanted, by way of the inbox if need be."""
        deadline = _now().timestamp() + PATIENCE
        while not there(card := await self.looks()):
            assert _now().timestamp() < deadline, (verb, card.text, card.labels)
            ways = [verb, Verb.SHOW, Verb.INBOX, Verb.READ]
            key = next(find(card, way) for way in ways if offers(card, way))
            with suppress(NoReaction):
                await self.talk.person.tap_data(key.data or "", card.id, GLANCE)
        return card

    async def looks(self) -> Card:
        """The card as it is: what it shows of a reply was read, and is no news from then on."""
        card = await self.talk.card()
        self.read |= set(REPLY.findall(card.text))
        if _is_line(card):
            announced = self.numbers.get(pressed(card, Verb.READ).argument.removeprefix("ru:"))
            assert announced not in self.read, f"{announced} was shown before"
        return card

    async def _taken_in(self, message: int) -> None:
        deadline = _now().timestamp() + PATIENCE
        while message in [card.id for card in await self.talk.person.messages()]:
            assert _now().timestamp() < deadline, "what was typed stays in the chat"
            await asyncio.sleep(0.05)

    async def ends(self) -> None:
        """Read what is left; then there is one message in the chat."""
        while left := set(self.told) - self.read:
            for _ in range(5):
                await self.reads()
            assert not left <= set(self.told) - self.read, f"never to be read: {left}"
        [card] = await self.talk.person.settled(within=30)
        assert card.by_bot


def _is_line(card: Card) -> bool:
    return card.labels == ["···"] and offers(card, Verb.READ)


def _at_rest(card: Card) -> bool:
    return offers(card, Verb.CODES)


def _is_reply(card: Card) -> bool:
    return bool(REPLY.search(card.text))


@dataclass
class Answering:
    """A volunteer who answers all of them, and does again what no answer came to."""

    desk: Volunteer
    people: list[Correspondent]
    dice: random.Random

    async def goes_on(self, until: "asyncio.Task[None]") -> None:
        while not until.done():
            await self.answers(self.dice.choice(self.people))
            await asyncio.sleep(self.dice.uniform(0.0, 2.0))

    async def answers(self, person: Correspondent) -> None:
        held = await self._insists(lambda work: work.take(person.case))
        words = f"ответ {len(person.told) + 1}."
        case = await self._insists(lambda work: work.reply(held, words))
        person.told.append(words)
        numbers = [str(reply.number) for reply in case.replies]
        person.numbers |= dict(zip(numbers, person.told, strict=True))

    async def _insists(self, act: Callable[[Casework], CaseFile]) -> CaseFile:
        while True:
            try:
                return await self.desk.does(act)
            except Offline:
                await asyncio.sleep(0.2)

    async def exchanged(self, person: Correspondent) -> tuple[list[str], list[str]]:
        """What the case holds of the person's words and of ours, in order."""
        contents = await self.desk.does(lambda work: work.open(work.fetch(person.case)))
        assert [entry.number for entry in contents.exchange] == list(range(len(contents.exchange)))
        assert not contents.faults
        theirs = [entry.text for entry in contents.exchange if entry.kind == MESSAGE]
        return theirs, [entry.text for entry in contents.exchange if entry.kind == REPLY_KIND]


async def kill_again_and_again(server: Tropa, dice: random.Random, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(dice.uniform(0.3, 2.5))
        await server.end(signal.SIGTERM if dice.random() < 0.1 else signal.SIGKILL)
        await server.start()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


@pytest.mark.ordeal
@pytest.mark.timeout(3600)
async def test_no_end_of_the_server_loses_or_doubles_what_is_written_to_and_fro(
    tmp_path: Path, seed: int, full: bool
) -> None:
    (tmp_path / "server").mkdir()
    house, dice = House(tmp_path / "server"), random.Random(seed)
    async with sandbox_process() as sandbox, tropa(house, sandbox) as server:
        await server.start()
        listen, home = server.environment["QUEUE_LISTEN"], tmp_path / "anna"
        async with volunteer("anna", house.anna, house, listen, home, _now) as anna:
            people = [await _correspondent(sandbox, house, anna, dice) for _ in range(2)]
            await slow_network(sandbox)
            answering = Answering(anna, people, dice)
            killing = asyncio.create_task(kill_again_and_again(server, dice, 40 if full else 2))
            try:
                writing = [person.goes_on(killing) for person in people]
                await asyncio.gather(killing, answering.goes_on(killing), *writing)
                await asyncio.gather(*(person.ends() for person in people))
            except BaseException:
                killing.cancel()
                print(f"seed {seed}, {server.starts} starts\n{server.words[-2000:]}")
                raise
            for person in people:
                assert await answering.exchanged(person) == (person.wrote, person.told)
                assert set(await anna.states(person.case)) <= {"read"}
            counts = [(len(person.wrote), len(person.told)) for person in people]
            print(f"{server.starts - 1} ends; messages and replies: {counts}; seed {seed}")
            assert "Traceback" not in server.words


async def _correspondent(
    sandbox: Sandbox, house: House, anna: Volunteer, dice: random.Random
) -> Correspondent:
    before = set(await anna.waiting())
    talk = Talk(await sandbox.person("ru"), house.form)
    await sends(talk, {"contact": "any"})
    await leaves(talk)
    [case] = set(await anna.waiting()) - before
    return Correspondent(talk, case, random.Random(dice.random()))


def _now() -> datetime:
    return datetime.now(UTC)
