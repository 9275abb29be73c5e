"""A server killed at any instant: what it acknowledged is there, and nothing is there by half."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import DraftRow, Storage, UnknownCase, open_storage
from tests.storage.samples import ANNA
from tests.storage.writer import NEW_TOKEN, TAPS, sealed_as

ROOT = Path(__file__).parents[2]


async def killed_after(address: str, verb: str, seconds: float) -> list[list[str]]:
    """What a writer said until SIGKILL, `seconds` after it first said `verb`; lines, in words."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.writer", address, cwd=ROOT, stdout=PIPE
    )
    assert writer.stdout is not None
    said: list[list[str]] = []
    while not said or said[-1][0] != verb:
        said.append((await writer.stdout.readline()).decode().split())
    await asyncio.sleep(seconds)
    writer.kill()
    rest, _ = await writer.communicate()
    said += [line.split() for line in rest.decode().splitlines()]
    assert said.pop(0) == ["ready"]
    return said


async def check(storage: Storage, said: list[list[str]]) -> int:
    """Every promise of what was said of interviews; returns how many drafts there were."""
    highest: dict[str, int] = {}
    for verb, row_id, rest in said:
        if verb not in ("put", "submitting", "submitted"):
            continue
        highest[row_id] = int(rest) if verb == "put" else TAPS - 1
    cases = {row_id: case for verb, row_id, case in said if verb == "submitting"}
    done = {row_id for verb, row_id, _ in said if verb == "submitted"}
    for row_id, revision in highest.items():
        row = await storage.drafts.get(bytes.fromhex(row_id))
        assert row is not None
        assert row.revision >= revision + (row_id in done)
        assert row.sealed == sealed_as(row.id, row.revision)
        await check_case(storage, row, cases.get(row_id))
    return len(highest)


async def check_case(storage: Storage, row: DraftRow, case: str | None) -> None:
    """Tombstone and whole case, or draft and no case."""
    if case is None:
        assert row.revision < TAPS
    elif row.revision == TAPS:
        kept = await storage.cases.fetch(bytes.fromhex(case), ANNA)
        assert kept.records[0].sealed == sealed_as(kept.header.id, 0)
    else:
        with pytest.raises(UnknownCase):
            await storage.cases.fetch(bytes.fromhex(case), ANNA)


async def check_exchanges(storage: Storage, said: list[list[str]]) -> int:
    """Every promise of what was said of replies and messages; returns how many messages."""
    done = {(verb, row_id) for verb, row_id, _ in said}
    for verb, row_id, rest in said:
        if verb == "replied":
            kept = await storage.cases.fetch(bytes.fromhex(row_id), ANNA)
            (reply,) = kept.replies
            assert reply.state == "sent" or ("delivered", row_id) not in done
            assert (reply.state == "sent") == (kept.token == NEW_TOKEN)
        elif verb == "writing":
            kept = await storage.cases.fetch(bytes.fromhex(rest), ANNA)
            there = [part for part in kept.records if part.kind == "message"]
            draft = await storage.drafts.get(bytes.fromhex(row_id))
            assert len(there) == (draft is None)
            assert there or ("wrote", row_id) not in done
    return sum(verb == "wrote" for verb, _ in done)


async def test_what_was_acknowledged_survives_kill_9(address: str) -> None:
    dice = random.Random(20260314)
    drafts = messages = 0
    for verb in ("ready", "wrote", "ready", "wrote", "ready"):
        said = await killed_after(address, verb, dice.uniform(0.05, 0.4))
        storage = await open_storage(address)
        drafts += await check(storage, said)
        messages += await check_exchanges(storage, said)
        assert await whole_cases(storage)
        await storage.close()
    assert drafts > 50
    assert messages


async def whole_cases(storage: Storage) -> bool:
    """Every case in the database has its first record and its wraps."""
    counted = text(
        "SELECT (SELECT count(*) FROM cases), (SELECT count(*) FROM records WHERE number = 0),"
        " (SELECT count(*) FROM wraps)"
    )
    cases, records, wraps = await storage.database.read(
        lambda connection: connection.execute(counted).one()
    )
    return bool(cases == records and 2 * cases == wraps)
