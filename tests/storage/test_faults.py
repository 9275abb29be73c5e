"""Faults of the database: one error, a sentence for the operator, and afterwards all is well."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio
from sqlalchemy import text

from storage import Record, Storage, StorageUnavailable, open_storage
from storage.errors import (
    BUSY,
    DAMAGED,
    FULL,
    MOVED_AWAY,
    NO_FILE,
    READ_ONLY,
    UNPREPARED,
    explain,
)
from storage.migrations import upgrade
from tests.databases import Postgres, shared_postgres
from tests.storage.samples import ANNA, NOW, a_case, a_draft, after, queued


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tropa.sqlite3"


@pytest_asyncio.fixture
async def sqlite(file: Path) -> AsyncIterator[Storage]:
    await upgrade(f"sqlite:///{file}")
    opened = await open_storage(f"sqlite:///{file}")
    yield opened
    await opened.close()


async def pragma(storage: Storage, line: str) -> None:
    await storage.database.read(
        lambda connection: connection.exec_driver_sql(f"PRAGMA {line}").close()
    )


def overwrite(file: Path, content: bytes = b"") -> None:
    """Write `content` over the file from its beginning; without any, noise over all of it."""
    with file.open("r+b" if file.exists() else "wb") as opened:
        opened.write(content or os.urandom(file.stat().st_size))


async def works(storage: Storage) -> bool:
    """Every repository serves."""
    draft, case = a_draft(), a_case()
    return (
        await storage.drafts.put(draft, None)
        and await storage.cases.submit(after(draft), 1, case)
        and case.header in await queued(storage, ANNA, NOW)
        and await storage.nonces.use(os.urandom(32), NOW)
        and await storage.facts.raise_to("epoch", 1) == 1
    )


async def test_a_full_disk_is_told_and_passes(sqlite: Storage) -> None:
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    await pragma(sqlite, "max_page_count = 1")  # no page more than there are
    big = replace(a_case(), records=[Record(0, "answers", bytes(20_000))])
    with pytest.raises(StorageUnavailable, match="disk that holds the database is full") as told:
        await sqlite.cases.submit(after(draft), 1, big)
    assert told.value.cause == "OperationalError"
    together = await asyncio.gather(
        *(sqlite.drafts.put(a_draft(sealed=bytes(9000)), None) for _ in range(10)),
        return_exceptions=True,
    )
    assert {str(result) for result in together} == {FULL}
    assert await sqlite.drafts.get(draft.id) == draft
    await pragma(sqlite, "max_page_count = 100000")
    assert await works(sqlite)


async def test_a_database_held_by_another_program_is_told_and_passes(
    sqlite: Storage, file: Path
) -> None:
    await pragma(sqlite, "busy_timeout = 50")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="held by another program"):
            await sqlite.drafts.put(a_draft(), None)
        with pytest.raises(StorageUnavailable, match="held by another program"):
            await sqlite.facts.raise_to("epoch", 1)
        other.execute("ROLLBACK")
    assert await works(sqlite)


async def test_whoever_stands_in_line_behind_a_lock_is_told_as_soon_as_the_first(
    sqlite: Storage, file: Path
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began, firsts = monotonic(), list[float]()
        first = asyncio.create_task(sqlite.drafts.put(a_draft(), None))
        first.add_done_callback(lambda _: firsts.append(monotonic() - began))
        await asyncio.sleep(0.05)
        told = await asyncio.gather(
            first,
            *(sqlite.drafts.put(a_draft(), None) for _ in range(20)),
            *(sqlite.facts.raise_to("epoch", number) for number in range(10)),
            return_exceptions=True,
        )
        # Whoever waited anew would take as long again.
        assert monotonic() - began < 2 * firsts[0]
        other.execute("ROLLBACK")
    assert {str(result) for result in told} == {BUSY}
    assert await works(sqlite)


async def test_a_database_that_cannot_be_written_is_told_and_passes(sqlite: Storage) -> None:
    await pragma(sqlite, "query_only = ON")
    with pytest.raises(StorageUnavailable) as told:
        await sqlite.drafts.put(a_draft(), None)
    assert str(told.value) == READ_ONLY
    assert await works(sqlite)


async def test_a_damaged_file_is_told_and_a_restored_one_serves(
    sqlite: Storage, file: Path
) -> None:
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    await sqlite.database.compact()
    shutil.copy(file, f"{file}.backup")
    overwrite(file)
    await pragma(sqlite, "shrink_memory")
    with pytest.raises(StorageUnavailable) as told:
        await works(sqlite)
    assert str(told.value) == DAMAGED
    shutil.copy(f"{file}.backup", file)
    assert await works(sqlite)
    assert await sqlite.drafts.get(draft.id) == draft


async def _refused(storage: Storage, sentence: str) -> None:
    """Whatever is asked."""
    asked = (
        storage.drafts.put(a_draft(), None),
        storage.drafts.get(bytes(16)),
        storage.nonces.use(os.urandom(32), NOW),
        storage.facts.raise_to("epoch", 1),
        storage.cases.submit(after(a_draft()), 1, a_case()),
        storage.rekeying.page(ANNA, None),
    )
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert {str(one) for one in told} == {sentence}
    assert {type(one) for one in told} == {StorageUnavailable}


async def test_nothing_is_acknowledged_once_the_file_is_moved_away(
    sqlite: Storage, file: Path
) -> None:
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    away = file.with_name("away")
    shutil.move(file, away)
    await _refused(sqlite, MOVED_AWAY)
    assert not os.path.lexists(file)  # noqa: ASYNC240
    shutil.move(away, file)
    assert await sqlite.drafts.get(draft.id) == draft
    assert await works(sqlite)


async def test_nor_where_another_file_stands_in_its_place(sqlite: Storage, file: Path) -> None:
    draft = a_draft()
    await sqlite.drafts.put(draft, None)
    await sqlite.settle()
    other = file.with_name("other")
    shutil.copy(file, other)
    kept = file.with_name("kept")
    os.link(file, kept)
    shutil.move(other, file)
    await _refused(sqlite, MOVED_AWAY)
    shutil.move(kept, file)
    assert await works(sqlite)


async def test_a_file_that_was_there_is_not_made_anew(sqlite: Storage, file: Path) -> None:
    """An empty one would pass for that of a new line at the next start."""
    await sqlite.close()
    shutil.move(file, file.with_name("away"))
    await _refused(sqlite, NO_FILE)
    assert not os.path.lexists(file)  # noqa: ASYNC240
    shutil.move(file.with_name("away"), file)
    assert await works(sqlite)


async def test_a_file_that_is_no_database_is_told(file: Path) -> None:
    overwrite(file, b"this is a letter and no database at all, and it is long enough" * 99)
    with pytest.raises(StorageUnavailable, match="damaged"):
        await open_storage(f"sqlite:///{file}")


async def test_what_is_no_file_is_told_and_left_to_others(tmp_path: Path) -> None:
    """Run as root, it closed the device that every program of the machine writes to."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    before = os.stat(pipe).st_mode  # noqa: PTH116
    with pytest.raises(StorageUnavailable, match="cannot be opened"):
        await open_storage(f"sqlite:///{pipe}")
    assert os.stat(pipe).st_mode == before  # noqa: PTH116


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="folder must exist"):
        await open_storage(f"sqlite:///{tmp_path / 'nowhere' / 'tropa.sqlite3'}")


@pytest.mark.parametrize(
    "url", ["", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "what"]
)
async def test_an_address_that_is_not_understood_is_told(url: str) -> None:
    with pytest.raises(StorageUnavailable, match="DATABASE_URL is not understood"):
        await open_storage(url)


async def test_an_unprepared_database_is_told(empty_address: str) -> None:
    storage = await open_storage(empty_address)
    with pytest.raises(StorageUnavailable) as told:
        await storage.drafts.get(bytes(16))
    assert str(told.value) == UNPREPARED
    with pytest.raises(StorageUnavailable) as told:
        await queued(storage, ANNA, NOW)
    assert str(told.value) == UNPREPARED
    await storage.close()


async def test_no_error_carries_the_drivers_words(storage: Storage) -> None:
    case = a_case()
    for expected in (1, 2):
        await storage.drafts.put(a_draft(), None)
        draft = a_draft()
        await storage.drafts.put(draft, None)
        if expected == 1:
            await storage.cases.submit(after(draft), 1, case)
    with pytest.raises(StorageUnavailable) as told:
        await storage.cases.submit(after(draft), 1, case)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
    assert "INSERT" not in repr(told.value)
    assert case.header.id.hex() not in repr(told.value)


async def test_a_storage_that_was_closed_opens_again(storage: Storage) -> None:
    await storage.close()
    assert await works(storage)


async def test_lost_connections_are_told_and_replaced() -> None:
    address = await shared_postgres().prepared()
    storage = await open_storage(address)
    assert await works(storage)
    killed = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    )
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        await storage.database.write(lambda connection: connection.execute(text(killed)).all())
    assert await works(storage)
    await storage.close()


async def test_a_database_server_that_stops_is_told_and_its_return_is_not_even_noticed() -> None:
    server = Postgres()
    address = await server.prepared()
    storage = await open_storage(address)
    drafts = [a_draft() for _ in range(20)]
    assert all(await asyncio.gather(*(storage.drafts.put(draft, None) for draft in drafts)))
    await asyncio.to_thread(server.stop)
    for _ in range(2):
        with pytest.raises(StorageUnavailable, match="cannot be reached"):
            await storage.drafts.get(drafts[0].id)
        with pytest.raises(StorageUnavailable, match="cannot be reached"):
            await storage.facts.get("epoch")
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        await open_storage(address)
    await asyncio.to_thread(server.start)
    assert all(await asyncio.gather(*(storage.drafts.put(after(draft), 1) for draft in drafts)))
    assert await works(storage)
    await storage.close()
    await asyncio.to_thread(server.close)


async def test_a_database_server_that_refuses_is_told() -> None:
    with pytest.raises(StorageUnavailable, match="refuses this user or database"):
        await open_storage(shared_postgres().address("not_there"))


class _State(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "sentence"),
    [("53100", FULL), ("25006", READ_ONLY), ("55P03", BUSY), ("40001", BUSY), ("XX001", DAMAGED)],
)
def test_what_postgresql_reports_is_put_into_the_same_words(sqlstate: str, sentence: str) -> None:
    assert str(explain(_State(sqlstate))) == sentence
