"""The tree of a SQLite table goes by keys of its rows, and keeps those of rows that are erased."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage import open_storage
from storage.sqlite_thread import Session
from storage.tables import slot_of
from tests.databases import prepared_address
from tests.storage.samples import NOW, a_case, answered
from tests.storage.test_cases import submitted

CASES = 60
INNER = 5


def signposts(file: Path) -> set[int]:
    """The keys in the inner pages of all tables that lie by rowid."""
    with closing(sqlite3.connect(file)) as reader:
        [[size]] = reader.execute("PRAGMA page_size")
        roots = [root for (root,) in reader.execute("SELECT rootpage FROM sqlite_master")]
    data = file.read_bytes()
    return {key for root in roots if root for key in _below(data, size, root)}


def _below(data: bytes, size: int, page: int) -> Iterator[int]:
    """Of an index, or of a table that lies by a key of its own, nothing: its keys are rows."""
    start = (page - 1) * size
    head = start + (100 if page == 1 else 0)
    if data[head] != INNER:
        return
    for cell in range(_number(data, head + 3, 2)):
        at = start + _number(data, head + 12 + 2 * cell, 2)
        yield _varint(data, at + 4)
        yield from _below(data, size, _number(data, at, 4))
    yield from _below(data, size, _number(data, head + 8, 4))


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _varint(data: bytes, at: int) -> int:
    value = 0
    for place in range(8):
        value = value << 7 | data[at + place] & 0x7F
        if data[at + place] < 0x80:
            return value
    value = value << 8 | data[at + 8]
    return value - (value >> 63 << 64)


@pytest.mark.parametrize("at_once", [True, False], ids=["a small file", "a large one"])
async def test_no_signpost_to_an_erased_case_outlasts_the_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr("storage.sqlite_thread.LAID_ANEW_AT_ONCE", 0)
    storage = await open_storage(await prepared_address("sqlite", tmp_path))
    file = tmp_path / "tropa.sqlite3"
    cases = [await submitted(storage, a_case()) for _ in range(CASES)]
    for case in cases:
        await answered(storage, case, os.urandom(800))
    gone, stay = cases[::2], cases[1::2]
    random.shuffle(gone)
    for case in gone:
        await storage.inboxes.erase(case.inbox, day=NOW.date())
    keys = {slot_of(case.header.id) for case in gone}
    # By the second, the first shows something.
    assert bool(keys & signposts(file)) is not at_once
    assert await storage.lay_anew()
    assert not keys & signposts(file)
    assert signposts(file)
    assert not file.with_name(file.name + "-wal").stat().st_size
    for case in stay:
        assert await storage.inboxes.get(case.inbox) is not None
    await storage.close()


async def test_the_file_is_laid_anew_only_where_something_was_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite_thread.LAID_ANEW_AT_ONCE", 0)
    storage = await open_storage(await prepared_address("sqlite", tmp_path))
    done, real = [], Session.lay_anew

    def counted(session: Session) -> bool:
        done.append(1)
        return real(session)

    monkeypatch.setattr(Session, "lay_anew", counted)
    case = await submitted(storage, a_case())
    assert await storage.lay_anew()  # nobody knows what was before
    assert await storage.lay_anew()
    assert len(done) == 1
    with closing(sqlite3.connect(tmp_path / "tropa.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cases").fetchall()
        await storage.cases.erase(case.header.id, NOW.date())
        assert not await storage.lay_anew()  # the old pages stand in the log as long as it reads
    assert await storage.lay_anew()
    assert await storage.lay_anew()
    assert len(done) == 3
    await storage.close()
