"""Whether the line is open: what closes it, what does not, and what is remembered."""

import errno
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from bot.content import load_content
from bot.line import RosterLine
from intake.errors import LineClosed
from intake.roster import Member, Role
from storage import Storage, open_storage
from storage.migrations import upgrade
from tests.organisation import House, text


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

    def fails(_: Path) -> NoReturn:
        raise OSError(number, "planted")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fails)
        await line.refresh()
        assert line.is_open()
    await line.refresh()
    assert line.is_open()


async def test_a_line_that_cannot_open_its_roster_does_not_start(
    line: RosterLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> NoReturn:
        raise OSError(errno.EMFILE, "planted")

    monkeypatch.setattr(Path, "read_bytes", fails)
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
