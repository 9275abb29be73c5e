"""Whether the line is open: what closes it, what does not, and what is remembered."""

import asyncio
import errno
import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from bot.content import load_content
from bot.line import RosterLine
from bot.writing import Replacing
from crypto.envelope import sign_payload
from crypto.identity import Identity
from handlers.key_ports import RosterRefused
from intake.errors import LineClosed
from intake.ledger import Event, Kind
from intake.roster import ROSTER_TYPE, Member, Role, Roster, digest, fingerprint
from storage import Storage, StorageUnavailable, open_storage
from storage.migrations import upgrade
from storage.rosters import Rosters
from tests.organisation import House, member, text
from tests.storage.samples import a_case
from tests.storage.test_cases import submitted


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    address = f"sqlite:///{tmp_path / 'line.db'}"
    await upgrade(address)
    opened = await open_storage(address)
    yield opened
    await opened.close()


@pytest.fixture
def line(house: House, storage: Storage) -> RosterLine:
    return made(house, storage)


def made(house: House, storage: Storage) -> RosterLine:
    settings = house.settings("http://127.0.0.1:1", "4:2")
    return RosterLine(settings.roster, load_content(settings), storage.facts, storage.rosters, now)


def complaint(line: RosterLine) -> str:
    with pytest.raises(LineClosed) as told:
        line.roster()
    return str(told.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"[" * 200_000, b"9" * 5000, b"\xff\xfe{"]
)
async def test_a_file_that_is_no_roster_closes_an_open_line(
    line: RosterLine, house: House, content: bytes
) -> None:
    await line.start()
    house.roster_path.write_bytes(content)
    await line.refresh()
    assert not line.is_open()
    assert "roster.json" in complaint(line)


async def test_a_fault_that_nobody_thought_of_closes_the_line(
    line: RosterLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.start()

    def fails(_: object) -> NoReturn:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("bot.line.json.loads", fails)
    await line.refresh()
    assert not line.is_open()
    assert "planted" not in complaint(line)
    assert "ZeroDivisionError" in complaint(line)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
async def test_a_machine_that_is_short_of_files_or_memory_closes_nothing(
    line: RosterLine, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    await line.start()

    def fails(*_: object) -> NoReturn:
        raise OSError(number, "planted")

    with monkeypatch.context() as patch:
        patch.setattr("bot.line.read_file", fails)
        await line.refresh()
        assert line.is_open()
    await line.refresh()
    assert line.is_open()


async def test_a_line_that_cannot_open_its_roster_does_not_start(
    line: RosterLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> NoReturn:
        raise OSError(errno.EMFILE, "planted")

    monkeypatch.setattr("bot.line.read_file", fails)
    with pytest.raises(LineClosed, match="start again"):
        await line.start()


@pytest.mark.parametrize("missing", [True, False])
async def test_a_roster_that_is_gone_closes_the_line(
    line: RosterLine, house: House, missing: bool
) -> None:
    await line.start()
    house.roster_path.unlink()
    if not missing:
        house.roster_path.mkdir()
    await line.refresh()
    assert not line.is_open()


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


STRANGE: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "a link to itself": (_loop, "circle"),
    "a folder": (Path.mkdir, "it is a folder"),
    "a pipe": (os.mkfifo, "it is a pipe or a device"),
    "a device": (_device, "it is a pipe or a device"),
}


@pytest.mark.parametrize("what", STRANGE)
async def test_what_is_no_file_closes_the_line_and_is_not_written_over(
    line: RosterLine, house: House, storage: Storage, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither waited for, as a pipe without a writer would be, nor read without end."""
    await line.start()
    file = house.roster_path.read_bytes()
    put, words = STRANGE[what]
    house.roster_path.unlink()
    put(house.roster_path)
    before = house.roster_path.lstat()
    await line.refresh()
    assert words in complaint(line)
    with pytest.raises(LineClosed, match=words):
        await made(house, storage).start()
    caplog.clear()
    assert words in await refused(line, sent(house, next_roster(house)), "not_written")
    assert [words in one.getMessage() for one in caplog.records] == [True]
    assert house.roster_path.lstat() == before
    assert left_beside(house) == []
    house.roster_path.rmdir() if what == "a folder" else house.roster_path.unlink()
    house.roster_path.write_bytes(file)
    await line.refresh()
    assert line.is_open()


async def test_a_file_that_is_too_large_for_a_roster_is_not_read_whole(
    line: RosterLine, house: House
) -> None:
    with house.roster_path.open("r+b") as file:
        os.truncate(file.fileno(), 1 << 40)
    await line.refresh()
    assert "too large" in complaint(line)


def left_beside(house: House) -> list[str]:
    return [path.name for path in house.folder.iterdir() if "new" in path.name]


async def test_of_two_servers_with_one_file_neither_puts_an_older_roster_over_a_newer_one(
    line: RosterLine, house: House, storage: Storage
) -> None:
    await line.start()
    older, newer = next_roster(house), next_roster(house)
    other = Replacing(house.roster_path)  # the other server has looked, and is about to write
    publishing = asyncio.create_task(line.publish(sent(house, older)))
    await asyncio.sleep(0.2)
    assert not publishing.done()
    other.put(sent(house, newer))
    other.let_go()
    with pytest.raises(RosterRefused) as why:
        await publishing
    assert why.value.reason == "rolled_back"
    assert house.roster_path.read_bytes() == sent(house, newer)
    assert line.roster() == newer
    assert left_beside(house) == []


async def test_what_a_killed_server_left_beside_the_file_goes_with_the_next_start(
    line: RosterLine, house: House
) -> None:
    (house.folder / f".{house.roster_path.name}.new").write_bytes(b"half a ros")
    await line.start()
    assert left_beside(house) == []


def with_key(house: House, sealing_key: bytes) -> Member:
    return Member(
        name="mallory",
        sealing_public=text(sealing_key),
        signing_public=text(house.signer.signing_public),
        role=Role.RECOVERY,
    )


@pytest.mark.parametrize("bad", ["zeros", "low order", "out of range"])
async def test_a_key_to_which_nothing_can_be_sealed_closes_the_line_and_names_the_member(
    line: RosterLine, house: House, bad: str
) -> None:
    good = house.signer.sealing_public
    key = {
        "zeros": good[:1184] + bytes(32),
        "low order": good[:1184] + bytes([1]) + bytes(31),
        "out of range": b"\xff" * 1184 + good[1184:],
    }[bad]
    await line.start()
    house.epoch = 2
    house.sign(house.roster(timedelta(days=90), with_key(house, key)))
    await line.refresh()
    assert "Nothing can be sealed to mallory" in complaint(line)
    house.epoch = 3
    house.sign(house.roster())
    await line.refresh()
    assert line.is_open()


async def test_another_roster_under_an_accepted_epoch_closes_the_line_even_after_a_restart(
    line: RosterLine, house: House, storage: Storage
) -> None:
    first = house.roster_path.read_bytes()
    await line.start()
    house.sign(house.roster(timedelta(days=90), with_key(house, house.signer.sealing_public)))
    await line.refresh()
    assert "same epoch (1)" in complaint(line)
    with pytest.raises(LineClosed, match="same epoch"):
        await made(house, storage).start()
    house.roster_path.write_bytes(first)
    await line.refresh()
    assert line.is_open()


async def test_an_older_epoch_closes_the_line(line: RosterLine, house: House) -> None:
    first = house.roster_path.read_bytes()
    house.epoch = 2
    house.sign(house.roster())
    await line.start()
    house.roster_path.write_bytes(first)
    await line.refresh()
    assert "older than one already accepted" in complaint(line)


async def told(storage: Storage) -> list[Event]:
    return [Event.from_bytes(body) for body in (await storage.ledger.page(0)).events]


def next_roster(house: House, *more: Member, **changed: object) -> Roster:
    house.epoch += 1
    return house.roster(timedelta(days=90), *more).model_copy(update=changed)


def sent(house: House, roster: Roster, *signers: Identity) -> bytes:
    """As a desk sends it."""
    by = signers or (house.signer,)
    return json.dumps(sign_payload(roster.to_payload(), ROSTER_TYPE, by)).encode()


async def test_every_roster_that_is_taken_up_is_told_once(
    line: RosterLine, house: House, storage: Storage
) -> None:
    await line.start()
    for _ in range(2):
        await line.refresh()
    await made(house, storage).start()
    first = line.roster()
    assert [(one.kind, one.epoch, one.roster) for one in await told(storage)] == [
        (Kind.EPOCH, 1, digest(first))
    ]
    house.sign(next_roster(house))
    await line.refresh()
    await line.refresh()
    assert [one.epoch for one in await told(storage)] == [1, 2]


async def test_a_server_of_before_that_had_taken_a_roster_up_tells_of_it(
    house: House, storage: Storage
) -> None:
    roster = Roster.from_payload(house.roster().to_payload())
    house.sign(roster)
    await storage.facts.raise_to("roster epoch", 1)
    await storage.facts.raise_to("roster 1", fingerprint(roster))
    await made(house, storage).start()
    assert [one.epoch for one in await told(storage)] == [1]


async def case_for(storage: Storage, *members: str) -> bytes:
    case = await submitted(storage, a_case(members=members))
    return case.header.id


async def test_who_is_not_on_a_roster_that_is_taken_up_opens_nothing_more(
    line: RosterLine, house: House, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    anna, gone = house.anna.key_id, "99" * 16
    await line.start()
    before, alone = await case_for(storage, anna, gone), await case_for(storage, gone)
    house.sign(next_roster(house))
    with caplog.at_level(logging.INFO, "tropa.line"):
        await line.refresh()
        assert (await storage.cases.fetch(before, anna)).openers == (anna,)
        assert (await storage.cases.fetch(alone, gone)).openers == (gone,)
        # Made by the roster of before, and written after it:
        late = await case_for(storage, anna, gone)
        await line.refresh()
        assert (await storage.cases.fetch(late, anna)).openers == (anna,)
        later = await case_for(storage, anna, gone)
        await line.sweep()
        assert (await storage.cases.fetch(later, anna)).openers == (anna,)
    warned = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert len(warned) == 1
    assert warned[0].startswith("1 cases can be opened by nobody on the roster")
    assert gone not in caplog.text


async def test_a_roster_that_was_sent_is_in_force_and_on_the_disk(
    line: RosterLine, house: House, storage: Storage
) -> None:
    await line.start()
    anna, gone = house.anna.key_id, "99" * 16
    case, roster = await case_for(storage, anna, gone), next_roster(house)
    data = sent(house, roster)
    assert await line.publish(data) == 2
    assert (line.roster(), line.envelope) == (roster, data)
    assert house.roster_path.read_bytes() == data
    assert (await storage.cases.fetch(case, anna)).openers == (anna,)
    assert await line.publish(data) == 2  # the answer was lost: it is sent again
    await line.refresh()
    await made(house, storage).start()
    assert [one.epoch for one in await told(storage)] == [1, 2]
    assert left_beside(house) == []


async def test_a_server_without_a_roster_takes_the_first_that_is_sent(
    line: RosterLine, house: House
) -> None:
    data = house.roster_path.read_bytes()
    house.roster_path.unlink()
    await line.refresh()
    assert not line.is_open()
    assert await line.publish(data) == 1
    assert line.is_open()


async def refused(line: RosterLine, data: bytes, reason: str) -> str:
    with pytest.raises(RosterRefused) as why:
        await line.publish(data)
    assert why.value.reason == reason
    return str(why.value)


async def test_what_is_no_roster_for_this_server_is_not_taken_up(
    line: RosterLine, house: House, storage: Storage
) -> None:
    await line.start()
    house.sign(next_roster(house))
    await line.refresh()
    now_in_force, file = line.roster(), house.roster_path.read_bytes()
    stranger = Identity.new(os.urandom)
    later = next_roster(house)
    ended = later.model_copy(update={"valid_until": now() - timedelta(seconds=1)})
    other_form = later.model_copy(update={"forms": ("ab" * 32,)})
    no_key = with_key(house, house.signer.sealing_public[:1184] + bytes(32))
    older = later.model_copy(update={"epoch": 1})
    other = now_in_force.model_copy(update={"approvals": 2})
    for data, reason in (
        (b"", "roster"),
        (b"{", "roster"),
        (b"[" * 100_000, "roster"),
        (b"null", "signatures"),
        (b"[]", "signatures"),
        (sent(house, later, stranger), "signatures"),
        (sent(house, later).replace(b"tropa.roster", b"tropa.router"), "signatures"),
        (json.dumps(sign_payload(b"{}", ROSTER_TYPE, [house.signer])).encode(), "roster"),
        (sent(house, ended), "expired"),
        (sent(house, other_form), "form"),
        (sent(house, later.model_copy(update={"members": (no_key,)})), "keys"),
        (sent(house, older), "rolled_back"),
        (sent(house, other), "contradicted"),
    ):
        assert await refused(line, data, reason)
    assert line.roster() == now_in_force
    assert house.roster_path.read_bytes() == file
    assert [one.epoch for one in await told(storage)] == [1, 2]
    assert await line.publish(sent(house, later)) == 3


async def test_a_newer_roster_that_was_just_put_into_the_file_is_not_written_over(
    line: RosterLine, house: House, storage: Storage
) -> None:
    await line.start()
    signed_before = sent(house, next_roster(house))
    newest = next_roster(house)
    house.sign(newest)
    file = house.roster_path.read_bytes()
    assert "older" in await refused(line, signed_before, "rolled_back")
    assert house.roster_path.read_bytes() == file
    assert line.roster() == newest
    assert [one.epoch for one in await told(storage)] == [1, 3]


@pytest.mark.parametrize("part", ["[]", "{}"])
async def test_a_megabyte_of_brackets_is_not_even_read(
    line: RosterLine, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """It would become an object for each, a second of work for whoever sends it for nothing."""
    await line.start()

    def fails(_: object) -> NoReturn:
        raise AssertionError("it was read")

    monkeypatch.setattr("bot.line.json.loads", fails)
    sent_by_a_stranger = f'{{"signatures":[{",".join([part] * 300_000)}]}}'.encode()
    await refused(line, sent_by_a_stranger, "roster")
    assert line.is_open()


async def test_where_the_file_cannot_be_written_nothing_changes(
    line: RosterLine, house: House, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.start()
    before = house.roster_path.read_bytes()

    def fails(*_: object) -> NoReturn:
        raise OSError(errno.EROFS, "planted")

    with monkeypatch.context() as patch:
        patch.setattr("bot.writing.os.fsync", fails)
        sentence = await refused(line, sent(house, next_roster(house)), "not_written")
    assert "operator" in sentence
    assert "planted" not in sentence
    assert (line.roster().epoch, house.roster_path.read_bytes()) == (1, before)
    assert left_beside(house) == []
    assert [one.epoch for one in await told(storage)] == [1]


async def test_killed_between_the_file_and_the_database_it_goes_on_with_the_new_one(
    line: RosterLine, house: House, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.start()
    anna, gone = house.anna.key_id, "99" * 16
    case = await case_for(storage, anna, gone)

    async def killed(*_: object) -> NoReturn:
        raise StorageUnavailable("killed", "Killed")

    with monkeypatch.context() as patch:
        patch.setattr(Rosters, "take_up", killed)
        with pytest.raises(StorageUnavailable):
            await line.publish(sent(house, next_roster(house)))
    assert line.roster().epoch == 1  # nothing is in force that could be forgotten
    another = made(house, storage)
    await another.start()
    assert another.roster().epoch == 2
    assert (await storage.cases.fetch(case, anna)).openers == (anna,)
    assert [one.epoch for one in await told(storage)] == [1, 2]


async def test_what_ends_soon_is_warned_of_and_no_name_is_told(
    house: House, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    soon, over = now() + timedelta(days=13), now() - timedelta(days=1)
    later = now() + timedelta(days=15)
    roster = house.roster(timedelta(days=13))
    extra = [Identity.new(os.urandom) for _ in range(3)]
    people = [
        member(name, one).model_copy(update={"until": until})
        for name, one, until in zip(
            ("vera", "olga", "eva"), extra, (soon, over, later), strict=True
        )
    ]
    house.sign(roster.model_copy(update={"members": (*roster.members, *people)}))
    line = made(house, storage)
    await line.start()
    with caplog.at_level(logging.WARNING, "tropa.line"):
        await line.tell_endings()
    first, second = [one.getMessage() for one in caplog.records]
    assert "expires in 12 days" in first
    assert second.startswith("the time of 1 members")
    assert not any(name in caplog.text for name in ("vera", "olga", "eva"))
    assert line.ends_soon() == line.roster().valid_until
    caplog.clear()
    house.sign(next_roster(house))
    await line.refresh()
    with caplog.at_level(logging.WARNING, "tropa.line"):
        await line.tell_endings()
    assert caplog.records == []
    assert line.ends_soon() is None


async def test_why_it_does_not_start_is_said_once(
    line: RosterLine, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.roster_path.unlink()
    with caplog.at_level(logging.DEBUG, "tropa"), pytest.raises(LineClosed, match="ROSTER says"):
        await line.start()
    assert caplog.records == []


async def test_why_it_closes_is_logged_once(
    line: RosterLine, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await line.start()
    house.roster_path.unlink()
    with caplog.at_level(logging.ERROR, "tropa"):
        await line.refresh()
        await line.refresh()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
