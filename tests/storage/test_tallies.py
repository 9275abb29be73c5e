"""Tallies and releases: raised together, released once, and late counts in a later month."""

import asyncio

import pytest

from storage import Storage
from storage.rows import Count

KEY, OTHER = b"one key.", b"another."


def once_more(month: str, *, key: bytes = KEY, only: bool = False) -> Count:
    """Counts in the clear: in what month, and how often."""

    def change(really: str, so_far: bytes | None) -> bytes:
        before = int((so_far or b"0").split()[-1])
        return f"{really} {before + 1}".encode()

    return Count(month, key, change, only)


def as_it_is(rows: list[tuple[bytes, bytes]]) -> bytes:
    return b", ".join(sealed for _, sealed in rows)


async def tallies(storage: Storage, *months: str) -> list[str]:
    return [
        sealed.decode() for month in months for _, sealed in await storage.counts.tallies(month)
    ]


async def test_a_month_is_counted_in_under_each_key(storage: Storage) -> None:
    for key in (KEY, KEY, OTHER):
        await storage.counts.add(once_more("2026-03", key=key))
    assert sorted(await tallies(storage, "2026-03")) == ["2026-03 1", "2026-03 2"]


async def test_counts_of_the_same_instant_all_count(storage: Storage) -> None:
    await asyncio.gather(*(storage.counts.add(once_more("2026-03")) for _ in range(40)))
    assert await tallies(storage, "2026-03") == ["2026-03 40"]


async def test_a_month_that_has_ended_is_due_until_it_is_released(storage: Storage) -> None:
    for month in ("2026-03", "2026-01", "2026-02"):
        await storage.counts.add(once_more(month))
    assert await storage.counts.due("2026-03") == ["2026-01", "2026-02"]
    await storage.counts.release("2026-01", as_it_is)
    assert await storage.counts.due("2026-03") == ["2026-02"]
    assert await storage.counts.released() == [b"2026-01 1"]
    assert await tallies(storage, "2026-01") == []


async def test_a_release_is_made_once(storage: Storage) -> None:
    await storage.counts.add(once_more("2026-02"))
    made: list[str] = []

    def make(rows: list[tuple[bytes, bytes]]) -> bytes:
        made.append("made")
        return as_it_is(rows)

    await asyncio.gather(*(storage.counts.release("2026-02", make) for _ in range(5)))
    assert made == ["made"]
    assert await storage.counts.released() == [b"2026-02 1"]


async def test_a_release_that_cannot_be_made_leaves_the_month_as_it_is(storage: Storage) -> None:
    await storage.counts.add(once_more("2026-02"))

    def fails(_: list[tuple[bytes, bytes]]) -> bytes:
        raise ValueError("sealed with another key")

    with pytest.raises(ValueError, match="another key"):
        await storage.counts.release("2026-02", fails)
    assert await storage.counts.released() == []
    assert await tallies(storage, "2026-02") == ["2026-02 1"]


@pytest.mark.parametrize(
    ("comes_for", "counts_in"),
    [
        ("2026-11", "2027-01"),
        ("2026-12", "2027-01"),
        ("2027-01", "2027-01"),
        ("2027-02", "2027-02"),
    ],
)
async def test_what_comes_late_counts_in_the_month_after_the_last_release(
    storage: Storage, comes_for: str, counts_in: str
) -> None:
    await storage.counts.add(once_more("2026-12"))
    await storage.counts.release("2026-12", as_it_is)
    await storage.counts.add(once_more(comes_for))
    assert await tallies(storage, "2026-11", "2026-12", "2027-01", "2027-02") == [f"{counts_in} 1"]


async def test_what_is_moved_within_a_month_is_moved_there_or_stays(storage: Storage) -> None:
    """Of a month that was released, or was sealed with a key that is gone, nothing can be taken."""
    for month in ("2026-02", "2026-03"):
        await storage.counts.add(once_more(month))
    await storage.counts.release("2026-02", as_it_is)
    await storage.counts.add(once_more("2026-02", only=True))
    await storage.counts.add(once_more("2026-03", only=True, key=OTHER))
    assert await tallies(storage, "2026-02", "2026-03") == ["2026-03 1"]
    await storage.counts.add(once_more("2026-03", only=True))
    assert await tallies(storage, "2026-03") == ["2026-03 2"]
