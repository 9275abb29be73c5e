"""A chat of a member's, real up to Telegram, before a queue and counts that tests fill."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import aiohttp

from bot.http import AiohttpRequest
from bot.messenger import TelegramMessenger
from handlers.boundary import Command
from handlers.charts import Chart
from handlers.chats import Chats
from handlers.coordinators import Coordinators
from handlers.handing import Handing
from handlers.painter import Painter
from handlers.queue_parts import Faults
from handlers.stored import Answered, Part
from handlers.texts import Texts
from handlers.volunteers import Linking, Volunteer, Volunteers
from intake.case import LEASE, CaseHeader, ContactRule, Level, State, Turn
from intake.counts import Shown
from intake.errors import LineClosed, StorageUnavailable
from intake.roster import Member, Role
from sandbox.cards import Card
from sandbox.client import Person, Sandbox
from sandbox.running import running_sandbox
from sandbox.samples import png
from tests.intake.test_count_story import YEAR, shown_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORM = b"a form"
ROSTER = b'{"payload": "the signed roster"}'
ANNA = "a" * 32


class Held(Exception): ...


class Full(Exception): ...


class Unknown(Exception): ...


class Refused(Exception): ...


FAULTS = Faults(
    refused=Refused,
    unknown_case=Unknown,
    held_by_other=Held,
    unavailable=StorageUnavailable,
    full=Full,
    moved=Refused,
    no_wrap=Refused,
    not_whole=Refused,
)


def member(role: Role = Role.VOLUNTEER, capacity: int = 5, counts: bool = False) -> Member:
    return Member(
        name="anna",
        sealing_public=base64.b64encode(b"s" * 1216).decode(),
        signing_public=base64.b64encode(b"k" * 32).decode(),
        role=role,
        capacity=capacity,
        counts=counts,
    )


def header(case: str, level: Level = Level.P1, turn: Turn = Turn.OURS) -> CaseHeader:
    return CaseHeader(
        id=bytes.fromhex(case + "0" * (32 - len(case))),
        language="ru",
        level=level,
        skills=frozenset({"legal"}),
        country=None,
        contact=ContactRule.never(),
        received=NOW,
        promised_by=NOW + timedelta(hours=6),
        form=hashlib.sha256(FORM).hexdigest(),
        epoch=1,
        turn=turn,
    )


class Listed(NamedTuple):
    header: CaseHeader
    records: int = 1
    asked: bool = False


@dataclass
class Listing:
    cases: tuple[Listed, ...]
    matching: int
    counts: dict[Level, int]
    mine: tuple[Listed, ...]
    asked: tuple[Listed, ...] = ()
    due: tuple[Listed, ...] = ()


class Stored(NamedTuple):
    header: CaseHeader
    public_key: bytes = b"public"
    records: tuple[Part, ...] = ()
    wrap: bytes = b"wrap"
    token: bytes | None = None
    openers: tuple[str, ...] = ()
    replies: tuple[Answered, ...] = ()


@dataclass
class Cases:
    """A queue in memory, of two cases a page; `faster` are those that somebody else takes."""

    waiting: list[CaseHeader] = field(default_factory=list)
    mine: list[CaseHeader] = field(default_factory=list)
    faster: set[bytes] = field(default_factory=set)
    down: int = 0

    async def queue(self, key_id: str, now: datetime, *, lead: bool, start: int = 0) -> Listing:
        assert key_id == ANNA
        counts = {level: sum(one.level is level for one in self.waiting) for level in Level}
        page = tuple(Listed(one) for one in self.waiting[start : start + 2])
        return Listing(page, len(self.waiting), counts, tuple(Listed(one) for one in self.mine))

    async def take(self, case_id: bytes, key_id: str, now: datetime, capacity: int) -> object:
        if case_id in self.faster:
            raise Held
        found = next(one for one in [*self.mine, *self.waiting] if one.id == case_id)
        if found not in self.mine:
            if len(self.mine) >= capacity:
                raise Full
            self.waiting.remove(found)
            taken = replace(found, state=State.TAKEN, holder=key_id, leased_until=now + LEASE)
            self.mine.append(taken)
        return None

    async def fetch(self, case_id: bytes, key_id: str) -> Stored:
        if self.down:
            self.down -= 1
            raise StorageUnavailable("down")
        for one in self.mine:
            if one.id == case_id:
                return Stored(one)
        raise Unknown


@dataclass
class Links:
    """Links in memory; `closed`: no roster is in force."""

    linked: dict[int, Volunteer] = field(default_factory=dict)
    marks: set[tuple[int, int, bytes]] = field(default_factory=set)
    closed: bool = False

    async def link(self, chat: int, text: str) -> Linking:
        if self.closed:
            raise LineClosed("closed")
        if text in {"volunteer", "coordinator"}:
            self.linked[chat] = Volunteer(ANNA, member(Role(text)))
            return Linking.LINKED
        return Linking.LATE if text == "late" else Linking.NONE

    async def unlink(self, chat: int) -> bool:
        return self.linked.pop(chat, None) is not None

    async def volunteer(self, chat: int) -> Volunteer | None:
        if chat in self.linked and self.closed:
            raise LineClosed("closed")
        return self.linked.get(chat)

    async def takes(self, chat: int, update: int, case: bytes) -> None:
        self.marks.add((chat, update, case))

    async def took(self, chat: int, update: int, case: bytes) -> bool:
        return (chat, update, case) in self.marks


@dataclass
class Queue:
    cases: Cases
    clock: Callable[[], datetime]
    faults: Faults = FAULTS
    envelope: Callable[[], bytes | None] = lambda: ROSTER
    form: Callable[[str], bytes | None] = lambda _: FORM


@dataclass
class Counts:
    """What may be shown, and a hand that draws no chart or always the same."""

    shown: Shown = field(default_factory=lambda: shown_of(*YEAR, organisation="Trail & Co"))
    draws: bool = True
    drawn: list[Chart] = field(default_factory=list)
    down: bool = False
    until: asyncio.Event | None = None
    ends: datetime | None = None

    async def all(self) -> Shown:
        if self.down:
            raise StorageUnavailable("down")
        return self.shown

    async def draw(self, chart: Chart) -> bytes | None:
        self.drawn.append(chart)
        if self.until is not None:
            await self.until.wait()
        return png(1080, 1200) if self.draws else None


@dataclass
class Desk:
    """A chat, and what stands behind it."""

    sandbox: Sandbox
    person: Person
    chats: Chats
    painter: Painter
    links: Links
    queue: Queue
    counts: Counts
    handing: Handing
    volunteers: Volunteers
    waits: list[float]
    now: datetime = NOW
    update: int = 0

    async def say(self, text: str, update: int = 0) -> bool:
        """Send a command and have it answered; whether it was taken for a volunteer's."""
        message = await self.person.send(text, wait=None)
        self.update = update or self.update + 1
        name, _, argument = text[1:].partition(" ")
        event = Command(self.update, self.person.chat, message, name, "en", argument)
        answered = await self.volunteers.answer(event)
        await self.volunteers.finish(event.update)
        await self.painter.settled(self.person.chat)
        return answered

    def link(self, role: Role = Role.VOLUNTEER, capacity: int = 5, *, counts: bool = False) -> None:
        self.links.linked[self.person.chat] = Volunteer(ANNA, member(role, capacity, counts))

    @property
    def cases(self) -> Cases:
        return self.queue.cases

    async def files(self) -> list[Card]:
        return [card for card in await self.person.messages() if "document" in card.message]

    async def pictures(self) -> list[Card]:
        return [card for card in await self.person.messages() if "photo" in card.message]

    async def saved(self, card: Card) -> bytes:
        """The file as it is saved from the chat."""
        file_id = card.message["document"]["file_id"]
        path = (await self.sandbox.call("getFile", file_id=file_id))["result"]["file_path"]
        url = f"{self.sandbox.file_url}{self.sandbox.token}/{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.read()


@asynccontextmanager
async def running_desk() -> AsyncIterator[Desk]:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0.01)

    async with running_sandbox(limits=False) as sandbox:
        person = await sandbox.person()
        request = AiohttpRequest(timeout=5)
        await request.initialize()
        messenger = TelegramMessenger(f"{sandbox.url}/bot{sandbox.token}", request)
        painter, chats, links = Painter(messenger, pause), Chats(), Links()
        made: list[Desk] = []
        queue = Queue(Cases(), lambda: made[0].now)
        counts = Counts()
        coordinators = Coordinators(counts.all, Texts({}), counts.draw, lambda: counts.ends)
        handing = Handing(messenger, painter, queue.clock, pause)
        volunteers = Volunteers(
            links, queue, coordinators, painter, handing, chats, Texts({}), ("en", "ru")
        )
        made.append(
            Desk(sandbox, person, chats, painter, links, queue, counts, handing, volunteers, waits)
        )
        yield made[0]
        await painter.close()
        await request.shutdown()
