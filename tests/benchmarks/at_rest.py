"""Figures of the disk: how much the database grows by a draft and by a case.

Measured on the repositories and the code that seals, without Telegram: what a row weighs does not
depend on how it came. The floor is the ciphertext alone.
"""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.drafts import SealedDrafts
from bot.locks import Locks
from handlers.ports import Submission
from storage.opening import Storage
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.people import storage_at
from tests.benchmarks.rivals import house_in, roster_of
from tests.benchmarks.script import finished, mid_interview
from tests.organisation import House


async def at_rest(folder: Path, count: int) -> list[Figure]:
    """Bytes by which `count` drafts, and later as many cases, make an empty database grow."""
    house, path = house_in(folder), folder / "rest.db"
    async with storage_at(f"sqlite:///{path}") as storage:
        drafts = _drafts(house, storage)
        empty = await _size(storage, path)
        secrets = [drafts.new_secret() for _ in range(count)]
        for secret in secrets:
            await drafts.save(secret, mid_interview(house.form), None)
        drafts_grew = (await _size(storage, path) - empty) / count
        drafts_sealed = _sum(path, "SELECT sum(length(sealed)) FROM drafts") / count
        for secret in secrets:
            await _submit(drafts, secret, house)
        await storage.drafts.expire(_now() + timedelta(days=2))  # their tombstones
        cases_grew = (await _size(storage, path) - empty) / count
        sealed = "SELECT sum(length(sealed)) FROM (SELECT sealed FROM records UNION ALL "
        more = "SELECT sealed FROM locks UNION ALL SELECT token FROM cases"
        cases_sealed = _sum(path, f"{sealed} SELECT sealed FROM wraps UNION ALL {more})") / count
    return [
        figure("draft_bytes", drafts_grew, "bytes", drafts_sealed),
        figure("case_bytes", cases_grew, "bytes", cases_sealed),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def _drafts(house: House, storage: Storage) -> SealedDrafts:
    roster = roster_of(house)
    maker = house.maker(lambda: roster, _now)
    return SealedDrafts(
        storage.drafts, storage.cases, storage.inboxes, maker, Locks(os.urandom), _now, os.urandom
    )


async def _submit(drafts: SealedDrafts, secret: str, house: House) -> None:
    submission = Submission(secret, finished(house.form), 1, 7_000_000_001, 1, early=False)
    if await drafts.submit(submission) is None:
        raise AssertionError("the draft is not at the revision that was saved")


async def _size(storage: Storage, path: Path) -> int:
    """Bytes in use: what is free in the file will be used again."""
    await storage.database.compact()
    page = _sum(path, "PRAGMA page_size")
    return page * (_sum(path, "PRAGMA page_count") - _sum(path, "PRAGMA freelist_count"))


def _sum(path: Path, question: str) -> int:
    reading = sqlite3.connect(path)
    try:
        return int(reading.execute(question).fetchone()[0])
    finally:
        reading.close()
