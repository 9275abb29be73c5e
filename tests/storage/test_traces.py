"""What the disk still tells: nothing of what was deleted, no order, and nothing to strangers."""

import random
import sqlite3
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import inspect, text

from intake.case import ContactRule
from storage import Lock, NewCase, Record, Storage, open_storage, tables
from storage.migrations import upgrade
from storage.rows import Count, Sealing
from storage.sqlite_thread import Session
from storage.tables import metadata
from tests.databases import prepared_address
from tests.storage.keys import take_up
from tests.storage.samples import (
    ANNA,
    NOW,
    OLGA,
    a_case,
    a_draft,
    a_header,
    a_lock,
    after,
    answered,
    bare,
    blank,
)

PLANTED = b"planted-ciphertext-%d|"
PATIENCE = 5
"""Seconds that a statement waits for a database that somebody else holds."""


@pytest_asyncio.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A folder that holds nothing but a SQLite database."""
    place = tmp_path / "database"
    place.mkdir()
    yield place


@pytest_asyncio.fixture
async def sqlite(folder: Path) -> AsyncIterator[Storage]:
    address = f"sqlite:///{folder / 'tropa.sqlite3'}"
    await upgrade(address)
    opened = await open_storage(address)
    yield opened
    await opened.close()


def planted(number: int, size: int) -> bytes:
    mark = PLANTED % number
    return (mark * (size // len(mark) + 1))[:size]


def found(folder: Path, number: int) -> list[str]:
    """The files that hold the planted bytes, wholly or cut by a page's end."""
    return holding(folder, (PLANTED % number)[:-1])


def holding(folder: Path, mark: bytes) -> list[str]:
    """The files that hold these bytes."""
    return [file.name for file in folder.iterdir() if mark in file.read_bytes()]


async def fill(storage: Storage) -> None:
    """Neighbours, so that pages are shared."""
    for _ in range(40):
        await storage.drafts.put(a_draft(), None)


async def test_a_deleted_draft_leaves_no_bytes(sqlite: Storage, folder: Path) -> None:
    await fill(sqlite)
    draft = replace(a_draft(), sealed=planted(1, 600))
    await sqlite.drafts.put(draft, None)
    await sqlite.drafts.put(after(draft, planted(2, 9000)), 1)
    await sqlite.drafts.put(replace(after(draft, planted(3, 700)), revision=3), 2)
    assert found(folder, 3)
    await sqlite.drafts.delete(draft.id)
    assert [found(folder, number) for number in (1, 2, 3)] == [[], [], []]


async def test_expired_drafts_leave_no_bytes(sqlite: Storage, folder: Path) -> None:
    await fill(sqlite)
    for number in range(20):
        row = replace(a_draft(), sealed=planted(number, 600 + 400 * number), expires=NOW)
        await sqlite.drafts.put(row, None)
    assert found(folder, 7)
    assert await sqlite.drafts.expire(NOW.replace(hour=16)) == 20
    assert [found(folder, number) for number in range(20)] == [[]] * 20


@pytest.mark.parametrize("seed", [8, 189, 264, 493])
async def test_nor_where_pages_are_filled_and_emptied_by_each_other(
    sqlite: Storage, folder: Path, seed: int
) -> None:
    """Ids by which SQLite leaves a copy of a row in the unused part of a page."""
    dice = random.Random(seed)
    for _ in range(40):
        await sqlite.drafts.put(replace(a_draft(), id=dice.randbytes(16)), None)
    for number in range(20):
        sealed = planted(number, 600 + 400 * number)
        row = replace(a_draft(), id=dice.randbytes(16), sealed=sealed, expires=NOW)
        await sqlite.drafts.put(row, None)
    await sqlite.drafts.expire(NOW.replace(hour=16))
    assert [found(folder, number) for number in range(20)] == [[]] * 20


async def test_a_submitted_draft_leaves_no_bytes(sqlite: Storage, folder: Path) -> None:
    draft = replace(a_draft(), sealed=planted(1, 2000))
    await sqlite.drafts.put(draft, None)
    assert found(folder, 1)
    assert await sqlite.cases.submit(after(draft), 1, a_case())
    assert found(folder, 1) == []


async def test_an_erased_case_leaves_no_bytes(sqlite: Storage, folder: Path) -> None:
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    case = replace(a_case(), wraps={ANNA: planted(2, 1168), OLGA: planted(3, 1168)})
    case = replace(case, public_key=planted(4, 1216))
    case = replace(case, records=[case.records[0]._replace(sealed=planted(1, 20_000))])
    await sqlite.cases.submit(after(draft), 1, case)
    await sqlite.cases.append(case.header.id, "note", lambda *_: planted(5, 3000))
    assert all(found(folder, number) for number in (1, 2, 3, 4, 5))
    await sqlite.cases.erase(case.header.id, NOW.date())
    assert [found(folder, number) for number in (1, 2, 3, 4, 5)] == [[]] * 5
    assert holding(folder, case.header.id) == []


async def test_of_an_erased_case_neither_replies_nor_locks_are_left(
    sqlite: Storage, folder: Path
) -> None:
    lock = Lock("one", "12345678", planted(1, 16), planted(2, 50))
    case = replace(
        a_case(), locks=[lock], token=planted(3, 1300), place=planted(4, 24), inbox=planted(5, 24)
    )
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    await sqlite.cases.submit(after(draft), 1, case)
    await answered(sqlite, case, planted(6, 4000), planted(7, 93))
    letter = replace(a_draft(), sealed=planted(8, 1200))
    await sqlite.drafts.put(letter, None)
    marks = range(2, 9)
    assert all(found(folder, number) for number in marks)
    await sqlite.inboxes.erase(case.inbox, letter.id, day=NOW.date())
    assert [found(folder, number) for number in marks] == [[]] * len(marks)
    assert holding(folder, b"12345678") == []


async def _delivered(storage: Storage, case: NewCase) -> None:
    await storage.outbox.begin(case.header.id)
    await storage.outbox.delivered(case.header.id, (1,), lambda _: b"new token", case.place)


async def _unreachable(storage: Storage, case: NewCase) -> None:
    await storage.outbox.begin(case.header.id)
    await storage.outbox.undeliverable(case.header.id, (1,), case.place)


async def _read(storage: Storage, case: NewCase) -> None:
    await storage.inboxes.mark_read(case.inbox, 1)


async def _never(storage: Storage, case: NewCase) -> None:
    await storage.inboxes.set_contact(case.inbox, ContactRule.never())


@pytest.mark.parametrize("end", [_delivered, _unreachable, _read, _never])
async def test_a_token_that_is_not_needed_any_more_leaves_no_bytes(
    sqlite: Storage, folder: Path, end: Callable[[Storage, NewCase], Awaitable[None]]
) -> None:
    cases = [await _with_reply(sqlite, number) for number in range(1, 12)]
    assert all(found(folder, number) for number in range(1, 12))
    await end(sqlite, cases[4])
    assert found(folder, 5) == []
    assert all(found(folder, number) for number in range(1, 12) if number != 5)


async def _with_reply(storage: Storage, number: int) -> NewCase:
    draft, case = a_draft(), a_case()
    await storage.drafts.put(draft, None)
    await storage.cases.submit(after(draft), 1, case)
    await answered(storage, case, b"letter" * 200, planted(number, 93))
    return case


async def test_where_nobody_may_write_first_a_token_is_not_even_written(
    sqlite: Storage, folder: Path
) -> None:
    draft, case = a_draft(), a_case(bare(a_header()))
    await sqlite.drafts.put(draft, None)
    await sqlite.cases.submit(after(draft), 1, case)
    await answered(sqlite, case, b"letter", planted(1, 93))
    assert found(folder, 1) == []


async def test_a_code_that_was_replaced_leaves_no_lock(sqlite: Storage, folder: Path) -> None:
    lost = Lock("one", "12345678", b"salt", planted(1, 50))
    draft, case = a_draft(), replace(a_case(), locks=[lost])
    await sqlite.drafts.put(draft, None)
    await sqlite.cases.submit(after(draft), 1, case)
    assert found(folder, 1)
    await sqlite.inboxes.put_lock(case.inbox, a_lock("one", "87654321"))
    assert found(folder, 1) == []
    assert holding(folder, b"12345678") == []


async def test_what_was_sent_leaves_no_draft_and_no_log(sqlite: Storage, folder: Path) -> None:
    draft, case = a_draft(), a_case()
    await sqlite.drafts.put(draft, None)
    await sqlite.cases.submit(after(draft), 1, case)
    letter = replace(a_draft(), sealed=planted(1, 1200))
    await sqlite.drafts.put(letter, None)
    assert found(folder, 1)
    await sqlite.inboxes.write(case.inbox, letter.id, 1, blank, NOW, lambda _: NOW)
    assert found(folder, 1) == []
    assert (folder / "tropa.sqlite3-wal").stat().st_size == 0


async def test_nobody_can_count_how_often_the_card_moved(sqlite: Storage, folder: Path) -> None:
    draft, case = a_draft(), a_case()
    await sqlite.drafts.put(draft, None)
    await sqlite.cases.submit(after(draft), 1, case)
    for number in range(1, 6):
        opened = planted(number, 93)

        def token(_: Sealing, number: int = number) -> bytes:
            return planted(number, 1300)

        await sqlite.inboxes.set_place(case.inbox, token, b"place", opened)
    assert [len(found(folder, number)) for number in range(1, 6)] == [0, 0, 0, 0, 1]
    assert (folder / "tropa.sqlite3-wal").stat().st_size == 0


async def test_the_row_of_a_lock_does_not_tell_which_it_is(storage: Storage) -> None:
    """Its place is computed from a name that only the person knows; nothing else differs."""
    locks = [a_lock("what the person knows", "1" * 8), a_lock("and this as well", "2" * 8)]
    draft, case = a_draft(), replace(a_case(), locks=locks)
    await storage.drafts.put(draft, None)
    await storage.cases.submit(after(draft), 1, case)
    rows = await storage.database.read(
        lambda connection: [row._asdict() for row in connection.execute(tables.locks.select())]
    )
    assert {row["slot"] for row in rows} == {
        tables.slot_within(case.header.id, f"lock {lock.name}") for lock in locks
    }
    assert len({(row["case_slot"], len(row["salt"]), len(row["sealed"])) for row in rows}) == 1


async def test_of_a_tally_no_former_one_is_left(sqlite: Storage, folder: Path) -> None:
    """What two of them differ by is what came in between."""
    for number in range(1, 6):
        draft = a_draft()
        await sqlite.drafts.put(draft, None)
        case = replace(a_case(), counted=_tally(number))
        assert await sqlite.cases.submit(after(draft), 1, case)
        assert [one for one in range(1, 6) if found(folder, one)] == [number]
    await sqlite.counts.add(_tally(6))
    await sqlite.settle()
    assert [one for one in range(1, 7) if found(folder, one)] == [6]


async def test_of_a_month_that_was_released_no_tally_is_left(sqlite: Storage, folder: Path) -> None:
    await fill(sqlite)
    await sqlite.counts.add(_tally(1))
    assert found(folder, 1)
    await sqlite.counts.release("2026-03", lambda _: planted(2, 9000))
    await sqlite.counts.forget()
    assert (found(folder, 1), bool(found(folder, 2))) == ([], True)


def _tally(number: int) -> Count:
    return Count("2026-03", b"key", lambda _month, _so_far: planted(number, 2077))


async def test_what_a_reader_keeps_in_the_log_goes_when_the_log_is_emptied_again(
    sqlite: Storage, folder: Path
) -> None:
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    case = replace(a_case(), wraps={ANNA: planted(1, 1168)})
    await sqlite.cases.submit(after(draft), 1, case)
    with closing(sqlite3.connect(folder / "tropa.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cases").fetchall()
        began = monotonic()
        await sqlite.cases.erase(case.header.id, NOW.date())
        assert monotonic() - began < PATIENCE  # everybody waits while the log is emptied
        assert not await sqlite.settle()
        assert found(folder, 1)
        reader.execute("ROLLBACK")
    assert await sqlite.settle()
    assert found(folder, 1) == []


async def test_patience_is_as_before_after_the_log_was_emptied(sqlite: Storage) -> None:
    await sqlite.settle()
    assert await _rows(sqlite, "PRAGMA busy_timeout") == [(1000 * PATIENCE,)]


async def test_what_is_cut_off_the_file_was_overwritten_before(
    sqlite: Storage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    big = replace(a_case(), records=[Record(0, "answers", planted(1, 60_000))])
    await sqlite.cases.submit(after(draft), 1, big)
    full, there, real = _size(folder), [], Session.settle

    def watched(session: Session) -> bool:
        done = real(session)
        there.append((_size(folder), bool(found(folder, 1))))
        return done

    monkeypatch.setattr(Session, "settle", watched)
    await sqlite.cases.erase(big.header.id, NOW.date())
    assert there[0] == (full, False)  # overwritten in its place
    assert there[-1][0] < full  # and cut off then


async def test_the_file_shrinks_when_cases_are_erased(sqlite: Storage, folder: Path) -> None:
    await sqlite.database.compact()
    before = _size(folder)
    cases = [a_case() for _ in range(10)]
    for case in cases:
        draft = a_draft()
        await sqlite.drafts.put(draft, None)
        await sqlite.cases.submit(after(draft), 1, case)
    grown = _size(folder)
    for case in cases:
        await sqlite.cases.erase(case.header.id, NOW.date())
    assert grown - _size(folder) > (grown - before) // 2


async def test_the_files_are_their_owners_alone(sqlite: Storage, folder: Path) -> None:
    await fill(sqlite)
    assert _modes(folder) == [0o600] * 3


async def test_a_file_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "tropa.sqlite3"
    file.touch(0o666)
    await upgrade(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("temp_store", 2)],
)
async def test_sqlite_is_set_up_to_last_and_to_forget(
    sqlite: Storage, pragma: str, value: object
) -> None:
    set_to = await sqlite.database.read(
        lambda connection: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
    )
    assert set_to == value


async def test_sqlite_keeps_rows_by_their_random_ids_and_not_by_order(sqlite: Storage) -> None:
    for _ in range(30):
        draft = a_draft()
        await sqlite.drafts.put(draft, None)
        case = replace(a_case(), locks=[a_lock("one", "1" * 8)])
        await sqlite.cases.submit(after(draft), 1, case)
        await answered(sqlite, case, b"letter", b"token")
    await take_up(sqlite, 2, ANNA)
    plain = "SELECT name FROM pragma_table_list WHERE wr = 0 AND schema = 'main'"
    names = {name for (name,) in await _rows(sqlite, plain)}
    names -= {"sqlite_schema", "alembic_version"}
    assert names == {"drafts", "cases", "records", "wraps", "withdrawn", "replies", "locks"}
    for name in names:
        kept = await _rows(sqlite, f"SELECT rowid, slot FROM {name}")
        assert len(kept) >= 30
        assert all(rowid == slot for rowid, slot in kept)


async def _rows(storage: Storage, query: str) -> list[tuple[Any, ...]]:
    return await storage.database.read(
        lambda connection: [tuple(row) for row in connection.execute(text(query))]
    )


async def test_no_clear_column_is_there_beyond_those_allowed(storage: Storage) -> None:
    tables = await storage.database.read(
        lambda connection: {
            table: {column["name"] for column in inspect(connection).get_columns(table)}
            for table in inspect(connection).get_table_names()
        }
    )
    own = "slot id state holder leased_until public_key inbox token place origin alerted concluded"
    header = "language level skills country contact received promised_by form epoch turn"
    assert {name: " ".join(sorted(columns)) for name, columns in tables.items()} == {
        "alembic_version": "version_num",
        "cases": " ".join(sorted([*own.split(), *header.split()])),
        "drafts": "expires id revision sealed slot",
        "events": "body head number",
        "facts": "key value",
        "links": "chat id key_id",
        "locks": "case_slot locator salt sealed slot",
        "nonces": "expires hash",
        "records": "case_slot kind number sealed slot",
        "releases": "body month",  # what coordinators are shown, and nothing else of the month
        "replies": "case_slot doubtful epoch number sealed slot state token",
        "tallies": "key_name month sealed",
        "withdrawn": "case_slot key_id slot",
        "wraps": "asked case_slot key_id sealed slot",
    }


async def test_nothing_leads_from_a_draft_to_a_case(storage: Storage) -> None:
    draft, case = a_draft(), a_case()
    await storage.drafts.put(draft, None)
    await storage.cases.submit(after(draft), 1, case)
    rows = await storage.database.read(
        lambda connection: {
            name: [tuple(row) for row in connection.execute(table.select())]
            for name, table in metadata.tables.items()
        }
    )
    shared = set(rows["drafts"][0]) & {value for row in rows["cases"] for value in row}
    assert shared == set()


async def test_an_hour_later_postgresql_does_not_know_which_draft_became_which_case() -> None:
    storage = await open_storage(await prepared_address("postgresql", Path()))
    for _ in range(5):
        draft = a_draft()
        await storage.drafts.put(draft, None)
        await storage.cases.submit(after(draft), 1, a_case())
    together = "SELECT count(*) FROM drafts JOIN cases ON drafts.xmin = cases.xmin"
    assert await _rows(storage, together) == [(5,)]
    await storage.drafts.expire(NOW)
    assert await _rows(storage, together) == [(0,)]
    assert await _rows(storage, "SELECT count(DISTINCT xmin::text) FROM drafts") == [(1,)]
    await storage.close()


def _modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()]


def _size(folder: Path) -> int:
    return (folder / "tropa.sqlite3").stat().st_size
