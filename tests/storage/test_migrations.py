"""Migrations: up and down with data in them, and the same tables as the models."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, insert, inspect, select, text, update

from intake.case import Turn
from storage import Storage, StorageUnavailable, open_storage
from storage.migrations import downgrade, pending, steps, upgrade
from storage.rows import Count
from storage.tables import cases, metadata
from tests.storage.samples import ANNA, NOW, a_case, a_draft, a_lock, answered, queued
from tests.storage.test_cases import submitted


async def test_the_head_has_the_tables_of_the_models(storage: Storage) -> None:
    assert await storage.database.read(_differences) == []


async def test_the_comparison_would_see_a_difference(storage: Storage) -> None:
    await storage.database.write(
        lambda connection: connection.execute(text("ALTER TABLE drafts ADD COLUMN more INTEGER"))
    )
    assert await storage.database.read(_differences) != []


async def test_an_empty_database_lacks_every_step(empty_address: str) -> None:
    assert await pending(empty_address) == steps()
    await upgrade(empty_address)
    assert await pending(empty_address) == []
    await upgrade(empty_address)
    await downgrade(empty_address, "base")
    assert await pending(empty_address) == steps()


async def test_data_survive_each_step_down_and_up_that_can_hold_them(address: str) -> None:
    storage = await open_storage(address)
    draft = a_draft()
    await storage.drafts.put(draft, None)
    case = await submitted(storage)
    await storage.facts.raise_to("epoch", 4)
    await storage.close()
    for step in reversed(steps()[:-1]):
        await downgrade(address, step)
        await upgrade(address)
    storage = await open_storage(address)
    assert await storage.drafts.get(draft.id) == draft
    assert await queued(storage, ANNA, NOW) == [case.header]
    assert await storage.facts.get("epoch") == 4
    await storage.close()


async def test_a_case_in_the_midst_of_an_exchange_survives_the_way_down(address: str) -> None:
    """What the older tables have no room for is gone; what was said in the case is not."""
    storage = await open_storage(address)
    case = await submitted(storage, replace(a_case(), token=b"token", locks=[a_lock()]))
    await answered(storage, case)
    await storage.links.put(bytes(16), ANNA, b"chat")
    before = await storage.cases.fetch(case.header.id, ANNA)
    await storage.close()
    await downgrade(address, "first")
    await upgrade(address)
    storage = await open_storage(address)
    kept = await storage.cases.fetch(case.header.id, ANNA)
    assert (kept.records, kept.wrap) == (before.records, before.wrap)
    assert kept.header == replace(before.header, turn=Turn.OURS)
    assert (kept.token, kept.replies) == (None, ())
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert (seen.place, seen.locks) == (None, ())
    assert await storage.links.get(bytes(16)) is None
    await storage.close()


async def test_counts_are_forgotten_on_the_way_down_and_begin_anew(address: str) -> None:
    """The older tables have no room for them; the cases that were counted stay as they are."""
    storage = await open_storage(address)
    case = await submitted(storage)
    for month in ("2026-02", "2026-03"):
        await storage.counts.add(_count(month))
    await storage.counts.release("2026-02", lambda rows: rows[0][1])
    concluded = update(cases).values(concluded=1)
    await storage.database.write(lambda connection: connection.execute(concluded))
    before = await storage.cases.fetch(case.header.id, ANNA)
    await storage.close()
    await downgrade(address, "second")
    storage = await open_storage(address)
    left = await storage.database.read(lambda connection: inspect(connection).get_table_names())
    assert not {"tallies", "releases"} & set(left)
    await storage.close()
    await upgrade(address)
    storage = await open_storage(address)
    assert await storage.database.read(_differences) == []
    assert await storage.cases.fetch(case.header.id, ANNA) == before
    assert (
        await storage.database.read(lambda db: db.execute(select(cases.c.concluded)).scalar()) == 0
    )
    assert await storage.counts.released() == []
    await storage.counts.add(_count("2026-02"))
    assert await storage.counts.tallies("2026-02") == [(b"key", b"1")]
    await storage.close()


def _count(month: str) -> Count:
    """Counts in the clear, since storage does not care."""
    return Count(month, b"key", lambda _, so_far: b"%d" % (int(so_far or b"0") + 1))


async def test_the_way_down_leaves_nothing_and_the_way_up_starts_anew(address: str) -> None:
    storage = await open_storage(address)
    await submitted(storage)
    await storage.close()
    await downgrade(address, "base")
    storage = await open_storage(address)
    left = await storage.database.read(lambda connection: inspect(connection).get_table_names())
    assert left == ["alembic_version"]
    await storage.close()
    await upgrade(address)
    storage = await open_storage(address)
    assert await queued(storage, ANNA, NOW) == []
    await submitted(storage)
    await storage.close()


async def test_a_step_that_fails_halfway_is_undone(empty_address: str) -> None:
    storage = await open_storage(empty_address)
    # In the way of the last table of the first step.
    await storage.database.write(
        lambda connection: connection.execute(text("CREATE TABLE facts (other INTEGER)"))
    )
    with pytest.raises(StorageUnavailable):
        await upgrade(empty_address)
    left = await storage.database.read(lambda connection: inspect(connection).get_table_names())
    assert left == ["facts"]
    await storage.close()


async def test_two_servers_that_start_together_migrate_once(empty_address: str) -> None:
    await asyncio.gather(upgrade(empty_address), upgrade(empty_address))
    assert await pending(empty_address) == []


async def test_a_database_of_a_newer_version_is_told_as_such(
    storage: Storage, address: str
) -> None:
    await storage.database.write(
        lambda connection: connection.execute(
            text("UPDATE alembic_version SET version_num = 'from_the_future'")
        )
    )
    for ask in (pending, upgrade):
        with pytest.raises(StorageUnavailable, match="newer version"):
            await ask(address)


async def test_migrations_do_not_depend_on_the_working_directory(empty_address: str) -> None:
    program = (
        "import asyncio, sys; from storage.migrations import upgrade;"
        " asyncio.run(upgrade(sys.argv[1]))"
    )
    root = Path(__file__).parents[2]
    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, empty_address],
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)])},
        check=True,
    )
    assert await pending(empty_address) == []


async def test_ciphertext_is_stored_byte_for_byte(storage: Storage) -> None:
    """Both drivers take bytes as they are, NUL and all 256 values included."""
    drafts: Table = metadata.tables["drafts"]
    body = bytes(range(256)) * 3
    row = {"slot": -(2**63), "id": bytes(16), "revision": 0, "expires": 2**40, "sealed": body}
    await storage.database.write(lambda connection: connection.execute(insert(drafts), row))
    found = await storage.database.read(lambda connection: connection.execute(select(drafts)).one())
    assert found._asdict() == row


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))
