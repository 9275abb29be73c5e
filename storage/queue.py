"""The queue: which cases wait for a member. Acts upon a case are in `storage/acts.py`.

A member is known by the id of her sealing key, which is also what a case names as its holder.
Most of a list is counted in indexes; the rows themselves are read for one page alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, false, func, select, true

from intake.case import CaseHeader, Level, State, Turn
from storage.database import Database
from storage.headers import COLUMNS, from_row
from storage.rows import Listed, Listing, to_seconds
from storage.tables import cases, records, wraps

PAGE: Final = 50
"""Cases in one answer, and at most in each of its lists but the member's own."""

SOON: Final = timedelta(hours=1)
"""How long before its end a promise is about to be broken."""

_ORDER = (cases.c.level, cases.c.received, cases.c.slot)
_TAKEN = cases.c.state == State.TAKEN.value
_OPEN = cases.c.state != State.CLOSED.value
_OURS_FIRST = case((cases.c.turn == Turn.OURS.value, 0), else_=1)


def is_free(now: datetime) -> ColumnElement[bool]:
    """Waiting, or held by somebody whose lease has ended."""
    lapsed = _TAKEN & (cases.c.leased_until <= to_seconds(now))
    return (cases.c.state == State.WAITING.value) | lapsed


def holds(key_id: str, now: datetime) -> ColumnElement[bool]:
    """Her lease runs."""
    return (cases.c.holder == key_id) & _TAKEN & (cases.c.leased_until > to_seconds(now))


class Queue:
    """The half of `Cases` that lists them for members."""

    _database: Database

    async def queue(
        self,
        key_id: str,
        now: datetime,
        *,
        lead: bool = False,
        level: Level | None = None,
        language: str | None = None,
        skill: str | None = None,
        start: int = 0,
        limit: int = PAGE,
    ) -> Listing:
        """What this member could take, one page of it, and what she holds or is asked about.

        Most urgent first, then longest waiting. The filter is for the page and `matching` alone.
        `due` is empty but for a lead, and holds cases that are not sealed to her, too.
        """
        free, fits = is_free(now), _fits(level, language, skill)

        def work(connection: Connection) -> Listing:
            counts, matching = _counted(connection, free & _sealed_to(key_id), fits)
            early = start + limit <= sum(counts.values()) // 10
            hers = _each_sealed_to(key_id) if early else _sealed_to(key_id)
            page = select(*COLUMNS, cases.c.slot).where(free, fits, hers).order_by(*_ORDER)
            lists = [
                connection.execute(clause).all()
                for clause in (
                    page.limit(limit).offset(start),
                    _mine(key_id, now),
                    _asked(key_id, now).limit(PAGE),
                    _due(lead, now).limit(PAGE),
                )
            ]
            listed = _listed(connection, key_id, now, lists)
            return Listing(listed[0], matching, counts, *listed[1:])

        return await self._database.read(work)

    async def untaken_since(self, before: datetime, now: datetime) -> list[CaseHeader]:
        """Cases received at or before `before` that nobody holds at `now`: for an alarm."""
        clause = (
            select(*COLUMNS)
            .where(cases.c.received <= to_seconds(before), is_free(now))
            .order_by(*_ORDER)
        )
        found = await self._database.read(lambda connection: connection.execute(clause).all())
        return [as_of(from_row(row), now) for row in found]

    async def waiting(self) -> list[CaseHeader]:
        """Every open case in which it is our turn, whoever holds it: to be counted."""
        clause = select(*COLUMNS).where(cases.c.turn == Turn.OURS.value, _OPEN)
        found = await self._database.read(lambda connection: connection.execute(clause).all())
        return [from_row(row) for row in found]


def as_of(header: CaseHeader, now: datetime) -> CaseHeader:
    """A lease that has ended is no lease."""
    until = header.leased_until
    if header.state is State.TAKEN and until is not None and until <= now:
        return replace(header, state=State.WAITING, holder=None, leased_until=None)
    return header


def _sealed_to(key_id: str) -> ColumnElement[bool]:
    """Found in a list of all that are sealed to her, made once: for whatever goes through many.

    The addition keeps SQLite from looking up each of the list by its key: one pass over two
    indexes takes a quarter of that time.
    """
    hers = select(wraps.c.case_slot).where(wraps.c.key_id == key_id)
    return (cases.c.slot + 0).in_(hers)


def _each_sealed_to(key_id: str) -> ColumnElement[bool]:
    """Looked up case by case: for a page that is full after a few."""
    hers = (wraps.c.case_slot == cases.c.slot) & (wraps.c.key_id == key_id)
    return select(wraps.c.slot).where(hers).exists()


def _fits(level: Level | None, language: str | None, skill: str | None) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = []
    if level is not None:
        wanted.append(cases.c.level == level.value)
    if language is not None:
        wanted.append(cases.c.language == language)
    if skill is not None:
        words = " " + cases.c.skills + " "
        wanted.append(func.replace(words, f" {skill} ", "") != words)  # LIKE takes twice as long
    return and_(true(), *wanted)


def _counted(
    connection: Connection, free: ColumnElement[bool], fits: ColumnElement[bool]
) -> tuple[dict[Level, int], int]:
    """How many there are of each level, and how many of all fit the filter."""
    clause = (
        select(cases.c.level, func.count(), func.sum(case((fits, 1), else_=0)))
        .where(free)
        .group_by(cases.c.level)
    )
    counts, matching = dict.fromkeys(Level, 0), 0
    for level, count, fitting in connection.execute(clause):
        counts[Level(level)] = count
        matching += fitting
    return counts, matching


def _mine(key_id: str, now: datetime) -> Select[Any]:
    found = select(*COLUMNS, cases.c.slot).where(holds(key_id, now))
    return found.order_by(_OURS_FIRST, *_ORDER)


def _asked(key_id: str, now: datetime) -> Select[Any]:
    wanted = select(wraps.c.case_slot).where(wraps.c.key_id == key_id, wraps.c.asked == 1)
    hers = func.coalesce(holds(key_id, now), False)
    found = select(*COLUMNS, cases.c.slot).where(cases.c.slot.in_(wanted), _OPEN, ~hers)
    return found.order_by(_OURS_FIRST, *_ORDER)


def _due(lead: bool, now: datetime) -> Select[Any]:
    late = (cases.c.turn == Turn.OURS.value) & (cases.c.promised_by <= to_seconds(now + SOON))
    found = select(*COLUMNS, cases.c.slot).where(late, _OPEN)
    return found.order_by(cases.c.promised_by, cases.c.slot) if lead else found.where(false())


def _listed(
    connection: Connection, key_id: str, now: datetime, lists: "list[Any]"
) -> list[tuple[Listed, ...]]:
    """The rows of all lists as they are shown, with one question for what stands beside them."""
    slots = {row.slot for rows in lists for row in rows}
    counted = (
        select(records.c.case_slot, func.count().label("many"))
        .where(records.c.case_slot.in_(slots))
        .group_by(records.c.case_slot)
    )
    many = {row.case_slot: row.many for row in connection.execute(counted)}
    wanted = select(wraps.c.case_slot).where(
        wraps.c.case_slot.in_(slots), wraps.c.key_id == key_id, wraps.c.asked == 1
    )
    asked = set(connection.scalars(wanted))

    def shown(rows: Iterable[Row[Any]]) -> tuple[Listed, ...]:
        return tuple(
            Listed(as_of(from_row(row), now), many.get(row.slot, 0), row.slot in asked)
            for row in rows
        )

    return [shown(rows) for rows in lists]
