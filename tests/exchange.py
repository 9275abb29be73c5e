"""A person who sent a case, and the desks that answer it: exchanges for tests, with real parts.

A desk is the volunteer's own program (`desk.casework`) with a folder of its own, and it hears the
server only through a wire that remembers every byte it carried.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from crypto.identity import Identity
from desk.casework import Casework
from desk.cli import terminal
from desk.client import Client
from desk.desk import Desk
from desk.settings import Settings
from handlers.buttons import Verb
from intake.case import ContactRule, to_the_hour
from intake.clock import Clock
from intake.roster import Organisation
from intake.wire import CaseFile
from sandbox.cards import Card
from sandbox.client import Json
from tests.journeys.stage import Stage, Talk, Value, is_hidden, offers, running_stage
from tests.organisation import House, member

T = TypeVar("T")

SOON = 60.0
"""Seconds until something that ought to happen by itself counts as not happening."""

GROUPS = 7
"""A code is shown as so many groups of four digits."""


# The wire and the desk at its end.


@dataclass
class Wire:
    """A connection of its own to the server's queue; everything that came through is in `heard`.

    `deaf`: what the desk says arrives, and no answer comes back.
    """

    port: int
    heard: bytearray = field(default_factory=bytearray)
    deaf: bool = False
    url: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _carry(self, desk: asyncio.StreamReader, to_desk: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:  # the server is down: the desk is told as it would be without a wire
            to_desk.transport.abort()
            return
        there = asyncio.create_task(_pump(desk, to_server))
        try:
            await _pump(server, to_desk, self._hears)
        finally:
            there.cancel()
            to_server.close()
            to_desk.close()

    def _hears(self, data: bytes) -> bool:
        self.heard += b"" if self.deaf else data
        return not self.deaf


async def _pump(
    source: asyncio.StreamReader,
    to: asyncio.StreamWriter,
    passes: Callable[[bytes], bool] = bool,
) -> None:
    with suppress(OSError):
        while (data := await source.read(65536)) and passes(data):
            to.write(data)
            await to.drain()
    with suppress(OSError):
        to.close()


@dataclass
class Volunteer:
    """One member at her desk: `home` is her machine, `wire` all that it ever hears."""

    name: str
    identity: Identity
    home: Path
    wire: Wire
    work: Casework

    async def does(self, act: Callable[[Casework], T]) -> T:
        """Something at the desk, in a thread: the desk waits for its answers."""
        return await asyncio.to_thread(act, self.work)

    async def case(self, case: str) -> CaseFile:
        """The case as the server has it now."""
        return await self.does(lambda work: work.fetch(case))

    async def takes(self, case: str) -> CaseFile:
        return await self.does(lambda work: work.take(case))

    async def replies(self, case: str, text: str) -> CaseFile:
        """Take the case, or go on holding it, and answer."""
        return await self.does(lambda work: work.reply(work.take(case), text))

    async def states(self, case: str) -> list[str]:
        """What became of the replies, in order."""
        return [reply.state for reply in (await self.case(case)).replies]

    async def waiting(self) -> list[str]:
        """The ids of the cases that she could take."""
        return [header.id for header in (await self.does(lambda work: work.queue())).cases]


@asynccontextmanager
async def volunteer(
    name: str, identity: Identity, house: House, listen: str, home: Path, clock: Clock
) -> AsyncIterator[Volunteer]:
    """A desk that has joined the organisation; `listen` is where the queue is."""
    async with Wire(int(listen.rpartition(":")[2])).open() as wire:
        quiet = terminal(file=StringIO(), width=100)
        desk = Desk(
            Settings(home, "en"), clock, os.urandom, quiet, quiet, lambda _: "", lambda _: None
        )
        pinned = (house.folder / "organisation.json").read_bytes()
        desk.trust.pin(Organisation.from_payload(pinned))
        client = Client(wire.url, clock, os.urandom, identity, None)
        try:
            work = await asyncio.to_thread(Casework.begin, desk, client, identity)
            yield Volunteer(name, identity, home, wire, work)
        finally:
            client.close_connections()


def with_colleague(house: House) -> Identity:
    """Put a second volunteer, Boris, on the roster; her key is what is returned."""
    boris = Identity.new(os.urandom)
    house.sign(house.roster(timedelta(days=90), member("boris", boris)))
    return boris


# The person and her case.


@dataclass
class Exchange:
    """A case that a person sent, and whoever works on it. `code`: from the receipt card."""

    stage: Stage
    talk: Talk
    case: str
    code: str
    anna: Volunteer
    boris: Volunteer

    @property
    def desks(self) -> tuple[Volunteer, Volunteer]:
        return self.anna, self.boris

    @property
    def allowed(self) -> frozenset[int]:
        """The hours of the day, in UTC, in which the person may be written to first."""
        query = "SELECT contact FROM cases WHERE hex(id) = ?"
        [(hours,)] = _query(self.stage, query, self.case.upper())
        return ContactRule.parse(hours).hours or frozenset()

    @property
    def states(self) -> list[str]:
        """What became of the replies, in order; read past the line."""
        query = (
            "SELECT replies.state FROM replies JOIN cases ON replies.case_slot = cases.slot "
            "WHERE hex(cases.id) = ? ORDER BY number"
        )
        return [state for (state,) in _query(self.stage, query, self.case.upper())]

    async def until_state(self, *states: str) -> None:
        """Wait until the replies stand so, in order."""
        await until(lambda: self.states == list(states), what=lambda: str(self.states))

    async def until_hour(self, *, allowed: bool) -> None:
        """Let time pass to the next hour that is allowed, or to the next that is not."""
        now, hours = self.stage.hands(), self.allowed
        ahead = [to_the_hour(now) + timedelta(hours=n, seconds=1) for n in range(1, 25)]
        if (now.hour in hours) is not allowed:
            then = next(one for one in ahead if (one.hour in hours) is allowed)
            await self.stage.pass_time(then - now)


def _query(stage: Stage, query: str, *given: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(stage.database)) as connection:
        return list(connection.execute(query, given))


async def until(
    holds: Callable[[], bool], what: Callable[[], str] = str, seconds: float = SOON
) -> None:
    """Wait until something holds; fails with `what` when it does not come to that."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not holds():
        assert loop.time() < deadline, f"this never came about: {what()}"
        await asyncio.sleep(0.03)


async def sends(talk: Talk, answers: dict[str, Value] | None = None, language: str = "ru") -> str:
    """From /start to the inbox, with the code noted on the way; returns the code."""
    await talk.begin(language)
    await talk.go_through(answers or {})
    receipt = await talk.press(Verb.SEND)
    code = code_on(receipt)
    assert code, receipt.text
    await talk.press(Verb.WROTE)
    return code


def code_on(card: Card) -> str:
    """The code that a card shows, or nothing: seven groups of four digits."""
    digits = [word for word in card.text.split() if len(word) == 4 and word.isdecimal()]
    return " ".join(digits) if len(digits) == GROUPS else ""


async def shown(talk: Talk) -> Card:
    """The card, brought back where it was hidden."""
    card = await talk.card()
    return await talk.press(Verb.SHOW) if is_hidden(card) else card


async def leaves(talk: Talk) -> Card:
    """Hide the card: a line may take its place from now on."""
    card = await talk.card()
    return await talk.press(Verb.HIDE) if offers(card, Verb.HIDE) else card


async def inbox(talk: Talk) -> Card:
    """From whatever stands there to the card that tells how the case stands."""
    card = await shown(talk)
    return card if offers(card, Verb.CODES) else await talk.press(Verb.INBOX)


async def reads(talk: Talk) -> Card:
    """Open the next reply, by the key of the line or of the inbox."""
    if not offers(await talk.card(), Verb.READ):
        await leaves(talk)  # what stands there was drawn before
        await inbox(talk)
    return await talk.press(Verb.READ)


async def writes(talk: Talk, text: str, *, post: bool = True) -> Card:
    """Add something, from the inbox."""
    await inbox(talk)
    await talk.press(Verb.WRITE)
    await talk.person.send(text)
    return await talk.press(Verb.POST) if post else await talk.card()


async def enters(talk: Talk, code: str) -> Card:
    """Come back with a code, from an account that the line does not know."""
    await talk.person.send("/start")
    if offers(await talk.card(), Verb.LANGUAGE):
        await talk.press(Verb.LANGUAGE, "ru")
    await talk.press(Verb.CODE)
    await talk.person.send(code)
    return await talk.card()


async def came(talk: Talk, since: int = 0) -> list[Json]:
    """The messages that the bot has put into the chat, in order, whatever became of them."""
    return await talk.person.events(since, kinds=("sent",))


async def lines(talk: Talk) -> list[tuple[Card, bool]]:
    """The bot's messages that are seen now, each with whether it came without a sound."""
    body = await talk.person.sandbox.ask("chat", chat=talk.person.chat)
    return [(Card.read(one), one["silent"]) for one in body["messages"] if one["by_bot"]]


@dataclass
class Room:
    """A line that runs, and two desks, each on a machine of its own: `folder` / its name."""

    stage: Stage
    anna: Volunteer
    boris: Volunteer

    async def begun(self, answers: dict[str, Value] | None = None, **person: Any) -> Exchange:
        """Somebody sends a case with these answers, and puts the phone away."""
        before = set(await self.anna.waiting())
        talk = await self.stage.person("ru", **person)
        code = await sends(talk, answers)
        await leaves(talk)
        [case] = set(await self.anna.waiting()) - before
        return Exchange(self.stage, talk, case, code, self.anna, self.boris)

    async def skip(self, time: timedelta, rest: float = 0.0) -> None:
        """Let time pass at once; the line looks around meanwhile, every third of a second."""
        self.stage.hands.ahead += time
        await self.stage.sandbox.advance(time)
        await asyncio.sleep(rest)


@asynccontextmanager
async def running_room(folder: Path) -> AsyncIterator[Room]:
    """The server's files are in `folder` / server, and nothing else is."""
    (folder / "server").mkdir()
    house = House(folder / "server")
    boris = with_colleague(house)
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(running_stage(house.folder, house=house))
        desks = [
            await stack.enter_async_context(
                volunteer(name, one, house, stage.settings.queue_listen, folder / name, stage.hands)
            )
            for name, one in (("anna", house.anna), ("boris", boris))
        ]
        yield Room(stage, *desks)
