"""What a linked chat is answered, before a real chat and a queue that tests fill."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import aiohttp
import pytest

from bot.http import AiohttpRequest
from bot.messenger import TelegramMessenger
from handlers.boundary import Command
from handlers.chats import Chats
from handlers.painter import Painter
from handlers.queue_parts import Answered, Faults, Part
from handlers.texts import Texts
from handlers.volunteers import FILE_STAYS, TRIES, Linking, Volunteer, Volunteers
from intake.bundle import Bundle
from intake.case import LEASE, CaseHeader, ContactRule, Level, State, Turn
from intake.errors import LineClosed, StorageUnavailable
from intake.roster import Member, Role
from sandbox.cards import Card
from sandbox.client import Person, Sandbox
from sandbox.running import running_sandbox

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
)


def member(role: Role = Role.VOLUNTEER, capacity: int = 5) -> Member:
    return Member(
        name="anna",
        sealing_public=base64.b64encode(b"s" * 1216).decode(),
        signing_public=base64.b64encode(b"k" * 32).decode(),
        role=role,
        capacity=capacity,
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
        if text == "good":
            self.linked[chat] = Volunteer(ANNA, member())
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
class Desk:
    """A chat, and what stands behind it."""

    sandbox: Sandbox
    person: Person
    chats: Chats
    painter: Painter
    links: Links
    queue: Queue
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

    def link(self, role: Role = Role.VOLUNTEER, capacity: int = 5) -> None:
        self.links.linked[self.person.chat] = Volunteer(ANNA, member(role, capacity))

    @property
    def cases(self) -> Cases:
        return self.queue.cases

    async def files(self) -> list[Card]:
        return [card for card in await self.person.messages() if "document" in card.message]

    async def saved(self, card: Card) -> bytes:
        """The file as it is saved from the chat."""
        file_id = card.message["document"]["file_id"]
        path = (await self.sandbox.call("getFile", file_id=file_id))["result"]["file_path"]
        url = f"{self.sandbox.file_url}{self.sandbox.token}/{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.read()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
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
        volunteers = Volunteers(
            links, queue, messenger, painter, chats, Texts({}), ("en", "ru"), pause
        )
        made.append(Desk(sandbox, person, chats, painter, links, queue, volunteers, waits))
        yield made[0]
        await painter.close()
        await request.shutdown()


@pytest.mark.parametrize("text", ["/queue", "/take", "/take 3f9a", "/unlink", "/link x", "/link"])
async def test_to_a_chat_that_is_not_linked_nothing_answers(desk: Desk, text: str) -> None:
    desk.cases.waiting.append(header("3f9a"))
    assert not await desk.say(text)
    assert len(await desk.person.messages()) == 1  # what was sent is for the other side to remove
    assert not desk.cases.mine


async def test_other_commands_are_never_a_volunteers(desk: Desk) -> None:
    desk.link()
    for text in ("/start", "/hide", "/forget", "/counts"):
        assert not await desk.say(text)


async def test_a_members_text_links_the_chat_and_leaves_it(desk: Desk) -> None:
    assert await desk.say("/link good")
    (card,) = await desk.person.messages()
    assert card.by_bot
    assert "This chat is linked" in card.text
    assert card.labels == ["Hide"]


async def test_a_line_that_was_wrapped_on_the_way_is_the_same_line(desk: Desk) -> None:
    assert await desk.say("/link go\n  od ")


async def test_a_text_that_comes_late_is_told_to_its_member(desk: Desk) -> None:
    assert await desk.say("/link late")
    assert "tropa link" in (await desk.person.card()).text
    assert not desk.links.linked


async def test_unlinking_ends_it(desk: Desk) -> None:
    desk.link()
    assert await desk.say("/unlink")
    assert "not linked any more" in (await desk.person.card()).text
    assert not await desk.say("/queue")


async def test_the_queue_in_counts(desk: Desk) -> None:
    desk.link(capacity=4)
    desk.cases.waiting += [header("01", Level.P0), header("02", Level.P2), header("03", Level.P2)]
    desk.cases.mine += [header("04"), header("05", turn=Turn.THEIRS)]
    assert await desk.say("/queue")
    (card,) = await desk.person.messages()
    assert "P0: 1\nP2: 2" in card.text
    assert "Cases you hold: 2 of 4." in card.text
    assert "Waiting for your answer: 1." in card.text
    assert "P1" not in card.text
    assert "0100" not in card.text


async def test_an_empty_queue_says_so(desk: Desk) -> None:
    desk.link()
    await desk.say("/queue")
    assert "Nothing waits for you." in (await desk.person.card()).text
    await desk.say("/take")
    assert (await desk.person.card()).text == "Nothing waits for you."


async def test_a_case_comes_as_a_sealed_file_with_all_that_is_needed_beside_it(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("3f9a1b2c77"), header("02")]
    assert await desk.say("/take")
    card, file = await desk.person.messages()
    assert file.message["document"]["file_name"] == "case-3f9a1b2c.tropa"
    assert "has_protected_content" not in file.message
    assert file.text == ""
    assert "Case 3f9a1b2c is yours until 2026-11-23 00:00 UTC." in card.text
    assert "tropa open case-3f9a1b2c.tropa" in card.text
    bundle = Bundle.from_bytes(await desk.saved(file))
    assert bundle.case.header.id.startswith("3f9a1b2c77")
    assert bundle.case.header.held_by == "you"
    assert (bundle.roster_file, bundle.form_file) == (ROSTER, FORM)


async def test_the_case_that_was_named_is_taken_from_any_page(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header(f"{n:02x}") for n in range(1, 8)]
    assert await desk.say("/take 06")
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["06"]
    assert (await desk.files())[0].message["document"]["file_name"] == "case-06000000.tropa"


async def test_one_of_hers_is_sent_again(desk: Desk) -> None:
    desk.link(capacity=1)
    desk.cases.waiting.append(header("3f9a"))
    await desk.say("/take")
    await desk.say("/take 3F9A")
    assert len(await desk.files()) == 2
    assert len(desk.cases.mine) == 1


@pytest.mark.parametrize("text", ["/take ff", "/take zz", "/take <b>", f"/take {'0' * 33}"])
async def test_digits_of_no_case_are_told(desk: Desk, text: str) -> None:
    desk.link()
    desk.cases.waiting.append(header("3f9a"))
    assert await desk.say(text)
    assert "No case that waits for you" in (await desk.person.card()).text
    assert not desk.cases.mine


async def test_digits_of_several_cases_take_none(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("3f9a"), header("01"), header("3f9b")]
    assert await desk.say("/take 3f9")
    assert "a digit more" in (await desk.person.card()).text
    assert not desk.cases.mine


async def test_where_somebody_is_faster_the_next_is_taken(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("01"), header("02")]
    desk.cases.faster.add(header("01").id)
    await desk.say("/take")
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["02"]


async def test_her_capacity_counts_as_at_the_desk(desk: Desk) -> None:
    desk.link(capacity=1)
    desk.cases.waiting.append(header("01"))
    desk.cases.mine.append(header("02"))
    assert await desk.say("/take")
    assert "as many cases as you may: 1 of 1" in (await desk.person.card()).text
    assert await desk.files() == []


async def test_an_update_that_comes_again_sends_the_same_case_and_takes_no_other(
    desk: Desk,
) -> None:
    desk.link()
    desk.cases.waiting += [header("01"), header("02")]
    await desk.say("/take", update=70)
    await desk.say("/take", update=70)
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["01"]
    names = [card.message["document"]["file_name"] for card in await desk.files()]
    assert names == ["case-01000000.tropa"] * 2
    await desk.say("/take", update=71)
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["01", "02"]


async def test_a_database_that_fails_between_taking_and_sending_loses_nothing(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("01"), header("02")]
    desk.cases.down = 1
    with pytest.raises(StorageUnavailable):
        await desk.say("/take", update=70)
    await desk.say("/take", update=70)
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["01"]
    assert len(await desk.files()) == 1


async def test_an_outage_of_telegram_is_waited_out(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("01"))
    await desk.sandbox.fault("429", count=1, retry_after=7, methods=("sendDocument",))
    await desk.say("/take")
    assert desk.waits == [7]
    assert len(await desk.files()) == 1


async def test_nothing_waits_for_a_file_that_telegram_does_not_take(desk: Desk) -> None:
    """Telegram may ask for an hour's patience. Until an update is handled no other is fetched, and
    as long as one chat is held, no card of any chat hides itself."""
    desk.link()
    desk.cases.waiting.append(header("01"))
    await desk.sandbox.fault("429", count=1, retry_after=3600, methods=("sendDocument",))
    until = asyncio.Event()

    async def pause(_: float) -> None:
        await until.wait()

    desk.volunteers._pause = pause
    saying = asyncio.create_task(desk.say("/take", update=70))
    await asyncio.sleep(0.3)
    assert not desk.chats.touch(desk.person.chat, NOW).lock.locked()
    assert await asyncio.wait_for(desk.say("/queue", update=71), 5)
    until.set()
    await saying
    assert len(await desk.files()) == 1


async def test_a_file_that_cannot_be_sent_is_not_lost(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("3f9a"))
    await desk.sandbox.fault("502", count=TRIES, methods=("sendDocument",))
    await desk.say("/take")
    assert "Again: /take 3f9a0000" in (await desk.person.card()).text
    await desk.say("/take 3f9a0000")
    assert len(await desk.files()) == 1


async def test_the_file_leaves_the_chat_after_a_while_and_the_card_stays(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("01"))
    await desk.say("/take")
    await desk.volunteers.clear_files()
    await desk.painter.settled(desk.person.chat)
    assert len(await desk.files()) == 1
    desk.now += FILE_STAYS
    await desk.volunteers.clear_files()
    await desk.painter.settled(desk.person.chat)
    assert await desk.files() == []
    assert len(await desk.person.messages()) == 1


async def test_while_the_line_is_closed_it_says_so_and_takes_nothing(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("01"))
    desk.links.closed = True
    for text in ("/queue", "/take"):
        assert await desk.say(text)
        assert "The line is closed" in (await desk.person.card()).text
    assert not desk.cases.mine
    assert not await desk.say("/link good")


async def test_a_role_that_opens_no_cases_is_told_so(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    desk.cases.waiting.append(header("01"))
    for text in ("/queue", "/take"):
        assert await desk.say(text)
        assert "opens no cases" in (await desk.person.card()).text
    assert not desk.cases.mine


async def test_a_card_that_may_hold_the_only_copy_of_a_secret_is_not_replaced(desk: Desk) -> None:
    desk.link()
    desk.chats.touch(desk.person.chat, NOW).asleep = True
    assert not await desk.say("/queue")


async def test_an_interview_of_her_own_is_a_tap_away(desk: Desk) -> None:
    desk.link()
    secret = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    chat = desk.chats.touch(desk.person.chat, NOW)
    chat.secret, chat.revision = secret, 3
    await desk.say("/queue")
    assert (chat.secret, chat.revision) == (secret, 3)
    data = (await desk.person.card()).buttons[0].data
    assert data is not None
    assert data.startswith(f"{secret}003")
