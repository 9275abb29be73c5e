"""Promise 9: erase means erase.

On the person's word and on expiry the rows are gone, and so are their bytes: from the database,
its write-ahead log and everything else that lies beside them.
"""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.buttons import Verb
from tests.journeys.stage import Stage, Talk, is_closing, running_stage

PIECE = 24
"""So many bytes of a sealed row are searched for: chance does not repeat them."""


def _sealed(stage: Stage, table: str) -> list[bytes]:
    """The beginning, middle and end of every blob of the table."""
    blobs = [value for row in stage.rows(table) for value in row if isinstance(value, bytes)]
    pieces = [blob for blob in blobs if len(blob) >= 16]
    return [
        part
        for blob in pieces
        for part in (blob[:PIECE], blob[len(blob) // 2 :][:PIECE], blob[-PIECE:])
    ]


def _found(folder: Path, pieces: list[bytes]) -> int:
    """How many of them are anywhere in the folder's files."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return sum(1 for piece in pieces if any(piece in data for data in files))


async def _answered(stage: Stage) -> Talk:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({"device": "mine", "note": "Прошу помочь"})
    return talk


async def test_forget_erases_the_draft_and_its_bytes(tmp_path: Path) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await _answered(stage)
        pieces = _sealed(stage, "drafts")
        assert _found(tmp_path, pieces) == len(pieces) > 0
        await talk.person.send("/forget")
        assert len(stage.rows("drafts")) == 1  # asked first
        await talk.press(Verb.FORGET_YES)
        assert stage.rows("drafts") == []
        assert _found(tmp_path, pieces) == 0


async def test_forget_after_an_early_send_erases_the_case_too(tmp_path: Path) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru")
        await talk.begin()
        await talk.go_through({}, until="danger")
        await talk.answer("day")
        await talk.press(Verb.SEND_NOW)
        tables = ("drafts", "cases", "records", "wraps")
        pieces = [piece for table in tables for piece in _sealed(stage, table)]
        assert _found(tmp_path, pieces) == len(pieces)
        await talk.person.send("/forget")
        await talk.press(Verb.FORGET_YES)
        assert [stage.rows(table) for table in tables] == [[], [], [], []]
        # The roster's own keys are not the person's: they are nowhere among the pieces.
        assert _found(tmp_path, pieces) == 0


async def test_erase_everything_on_the_closing_card_erases_case_record_and_wraps(
    tmp_path: Path,
) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await _answered(stage)
        await talk.press(Verb.SEND)
        tables = ("cases", "records", "wraps")
        pieces = [piece for table in tables for piece in _sealed(stage, table)]
        assert _found(tmp_path, pieces) == len(pieces) > 9
        await talk.press(Verb.WROTE)
        await talk.press(Verb.ERASE)
        assert len(stage.rows("cases")) == 1  # asked first
        await talk.press(Verb.ERASE_YES)
        assert [stage.rows(table) for table in tables] == [[], [], []]
        assert _found(tmp_path, pieces) == 0
        assert "Стёрто" in (await talk.alone()).text


@pytest.mark.parametrize("command", ["/forget", "button"])
async def test_a_case_is_erased_the_same_way_from_another_day(tmp_path: Path, command: str) -> None:
    """The closing card's keys carry all that is needed, long after the process forgot the chat."""
    async with running_stage(tmp_path) as stage:
        talk = await _answered(stage)
        await talk.press(Verb.SEND)
        await stage.pass_time(timedelta(days=3))
        await talk.press(Verb.SHOW)
        assert is_closing(await talk.alone())
        if command == "/forget":
            await talk.person.send("/forget")
            await talk.person.settled()  # the old card is too old to be deleted, and is blanked
        else:
            await talk.press(Verb.ERASE)
        await talk.press(Verb.ERASE_YES)
        assert stage.rows("cases") == stage.rows("records") == stage.rows("wraps") == []


async def test_an_unfinished_interview_is_gone_a_day_after_the_last_tap(tmp_path: Path) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await _answered(stage)
        pieces = _sealed(stage, "drafts")
        await stage.pass_time(timedelta(hours=23))
        assert len(stage.rows("drafts")) == 1
        await stage.pass_time(timedelta(hours=2, minutes=1))
        await _until_expired(stage, pieces)
        card = await talk.press(Verb.SHOW)
        assert "Этих уже нет" in card.text
        assert card.buttons


async def test_a_tap_gives_another_day(tmp_path: Path) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await _answered(stage)
        for _ in range(3):
            await stage.pass_time(timedelta(hours=20))
            await talk.press(Verb.SHOW)
            await talk.press(Verb.EDIT, "device")
            await talk.answer("sometimes")
        assert "Иногда другие" in (await talk.card()).text


async def _until_expired(stage: Stage, pieces: list[bytes]) -> None:
    """The line looks for what expired every ten minutes: twice a second here."""
    for _ in range(600):
        if not stage.rows("drafts") and not _found(stage.database.parent, pieces):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the draft is still there")


async def test_the_search_finds_what_was_not_erased(tmp_path: Path) -> None:
    """The measure itself: a plain delete without secure_delete leaves bytes, and they are found."""
    path = tmp_path / "careless.db"
    blob = bytes(range(256)) * 8
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE t (b BLOB)")
        connection.execute("INSERT INTO t VALUES (?)", (blob,))
        connection.commit()
        connection.execute("DELETE FROM t")
        connection.commit()
    assert _found(tmp_path, [blob[:PIECE]]) == 1
