"""Counters of a month, sealed, and what was released of them.

A month has one row for each key that sealed in it, of which nothing is known here. Its row goes
when the month is released; the release stays. A month that was released takes nothing more: what
comes for it later, by a clock that was put back, counts in the month after the last release.
"""

from collections.abc import Callable, Collection

from sqlalchemy import Connection, delete, func, insert, select, update

from intake.counting import month_after
from storage.database import Database
from storage.dialects import in_turn, insert_if_absent
from storage.rows import Count, Together
from storage.tables import facts, releases, tallies

Make = Callable[[list[tuple[bytes, bytes]]], bytes]
"""Makes a release of a month's rows, each the name of its key and the sealed tally."""

Gather = Callable[[str, list[tuple[bytes, bytes]]], Together | None]
"""Puts the rows of a month together; None: they stay as they are."""

_TURN = "tallies"
_SINCE = "counts_since"
"""The fact that holds the first month, as 202611."""


def raise_count(connection: Connection, count: Count) -> None:
    """Count within the transaction of what is counted."""
    in_turn(connection, _TURN)  # two that begin a month in the same instant, or end one
    month = _open_month(connection, count.month)
    this = (tallies.c.month == month) & (tallies.c.key_name == count.key_name)
    sealed = connection.execute(select(tallies.c.sealed).where(this)).scalar()
    if count.only and (month != count.month or sealed is None):
        return  # released, or sealed with a key that was replaced: as it was counted, it stays
    if sealed is None:
        row = {"month": month, "key_name": count.key_name, "sealed": count.change(month, None)}
        connection.execute(insert(tallies), row)
        return
    connection.execute(update(tallies).where(this), {"sealed": count.change(month, sealed)})


def _open_month(connection: Connection, month: str) -> str:
    last: str | None = connection.execute(select(func.max(releases.c.month))).scalar()
    return month if last is None else max(month, month_after(last))


class Counts:
    """All counters and releases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, count: Count) -> None:
        """Count something that is written nowhere else."""
        await self._database.write(lambda connection: raise_count(connection, count))

    async def tallies(self, month: str) -> list[tuple[bytes, bytes]]:
        """The month's rows as they are."""
        return await self._database.read(lambda connection: _rows(connection, month))

    async def months(self, key_names: Collection[bytes]) -> list[str]:
        """The months, not released yet, of which there is a tally under one of these keys."""
        clause = select(tallies.c.month).where(tallies.c.key_name.in_(key_names)).distinct()
        clause = clause.order_by(tallies.c.month)
        return await self._database.read(lambda connection: list(connection.scalars(clause)))

    async def gather(self, gather: Gather) -> None:
        """Put the tallies of each month together, all or none of it, and forget the single ones."""
        clause = select(tallies.c.month).distinct()

        def work(connection: Connection) -> bool:
            in_turn(connection, _TURN)
            months = list(connection.scalars(clause))
            return sum(_gathered(connection, month, gather) for month in months) > 0

        if await self._database.write(work):
            await self._database.compact()

    async def begin(self, month: str) -> None:
        """Remember the first month in which anything could be counted."""
        clause = insert_if_absent(facts, self._database.dialect)
        value = int(month.replace("-", ""))
        await self._database.write(
            lambda connection: connection.execute(clause.values(key=_SINCE, value=value))
        )

    async def due(self, before: str) -> list[str]:
        """The months before this one that are not released yet, in order, and without a gap: a
        month that were left out would be known to have had nothing in it."""

        def work(connection: Connection) -> str | None:
            last: str | None = connection.execute(select(func.max(releases.c.month))).scalar()
            if last is not None:
                return month_after(last)
            first = connection.execute(select(func.min(tallies.c.month))).scalar()
            since = connection.execute(select(facts.c.value).where(facts.c.key == _SINCE)).scalar()
            begun = None if since is None else f"{since // 100:04}-{since % 100:02}"
            return min((one for one in (first, begun) if one is not None), default=None)

        month, found = await self._database.read(work), list[str]()
        while month is not None and month < before:
            found.append(month)
            month = month_after(month)
        return found

    async def release(self, month: str, make: Make) -> None:
        """Release a month, once: what was released before stays as it is. `forget` follows."""
        there = select(releases.c.month).where(releases.c.month == month)

        def work(connection: Connection) -> None:
            in_turn(connection, _TURN)
            if connection.execute(there).first() is not None:
                return
            body = make(_rows(connection, month))
            connection.execute(insert(releases), {"month": month, "body": body})
            connection.execute(delete(tallies).where(tallies.c.month == month))

        await self._database.write(work)

    async def forget(self) -> None:
        """Let the tallies of what was released disappear from the disk; once for many months."""
        await self._database.compact()

    async def released(self) -> list[bytes]:
        """Every release, in the order of the months."""
        clause = select(releases.c.body).order_by(releases.c.month)
        return await self._database.read(lambda connection: list(connection.scalars(clause)))


def _gathered(connection: Connection, month: str, gather: Gather) -> bool:
    one = gather(month, _rows(connection, month))
    if one is None:
        return False
    these = (tallies.c.month == month) & tallies.c.key_name.in_(one.instead_of)
    connection.execute(delete(tallies).where(these))
    row = {"month": month, "key_name": one.key_name, "sealed": one.sealed}
    connection.execute(insert(tallies), row)
    return True


def _rows(connection: Connection, month: str) -> list[tuple[bytes, bytes]]:
    clause = select(tallies.c.key_name, tallies.c.sealed).where(tallies.c.month == month)
    rows = connection.execute(clause.order_by(tallies.c.key_name))
    return [(row.key_name, row.sealed) for row in rows]
