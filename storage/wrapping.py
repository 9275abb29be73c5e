"""Many cases opened to one member at once, under a mandate: which they are, and her wraps.

Whether the mandate stands is for others to judge. Whether a wrap fits the case as it is can be
told from outside, since every seal names its place in the clear; whether it opens, only she can.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, select, true

from intake.case import State
from intake.ledger import Event, Kind
from storage.database import Database
from storage.ledger import record as record_event
from storage.parts import Fits
from storage.rosters import in_force
from storage.tables import cases, slot_of, slot_within, withdrawn, wraps

PAGE = 500
"""Cases in one page."""


class Reach(Protocol):
    """To whom (her key id) a mandate opens which cases. `skills` and `languages`: None for all."""

    @property
    def mandate(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def closed_too(self) -> bool: ...
    @property
    def skills(self) -> Collection[str] | None: ...
    @property
    def languages(self) -> Collection[str] | None: ...


class ToWrap(NamedTuple):
    """A case, and the wrap of the one who asks."""

    id: bytes
    epoch: int
    wrap: bytes


class Wrappable(NamedTuple):
    """A page: see `intake.wire.Wrappable`."""

    cases: tuple[ToWrap, ...]
    left: int
    closed_to_her: int
    after: bytes | None


class Wrapping:
    """Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, reach: Reach, key_id: str, after: bytes | None, most: int = PAGE
    ) -> Wrappable:
        """Cases that this member can open and the one whom the mandate is for cannot."""

        def work(connection: Connection) -> Wrappable:
            reached = _reached(connection, reach) & ~_opens(reach.to)
            if after is not None:
                reached &= cases.c.slot > slot_of(after)
            hers = reached & _opens(key_id)
            count = select(func.count()).select_from(cases)
            total: int = connection.execute(count.where(reached)).scalar_one()
            left: int = connection.execute(count.where(hers)).scalar_one()
            clause = (
                select(cases.c.id, cases.c.epoch, wraps.c.sealed)
                .join_from(cases, wraps, wraps.c.case_slot == cases.c.slot)
                .where(hers, wraps.c.key_id == key_id)
                .order_by(cases.c.slot)
                .limit(most)
            )
            found = tuple(ToWrap(*row) for row in connection.execute(clause))
            last = found[-1].id if found and len(found) < left else None
            return Wrappable(found, left, total - left, last)

        return await self._database.read(work)

    async def wrap(
        self,
        reach: Reach,
        key_id: str,
        made: Sequence[tuple[bytes, bytes]],
        epoch: int,
        fits: Fits,
        day: date,
    ) -> int:
        """Add these wraps, each by the id of its case (none twice), where the mandate still
        reaches the case, the member who made it can open it, and it fits. Returns how many.

        `epoch` is that of the roster by which the mandate was judged: under another, none is.
        """
        wanted = {slot_of(case_id): (case_id, sealed) for case_id, sealed in made}

        def work(connection: Connection) -> int:
            if in_force(connection) not in (None, epoch):
                return 0
            these = cases.c.slot.in_(list(wanted))
            # First the rows are locked, and only then is asked who can open them: PostgreSQL would
            # answer as of the instant before it had to wait.
            locking = select(cases.c.slot).where(these).order_by(cases.c.slot)
            connection.execute(locking.with_for_update()).all()
            which = these & _reached(connection, reach) & _opens(key_id) & ~_opens(reach.to)
            rows = select(cases.c.slot, cases.c.id, cases.c.epoch).where(which)
            new = []
            for slot, case_id, sealed_under in connection.execute(rows).all():
                meant, sealed = wanted[slot]
                if meant == case_id and fits(case_id, sealed_under, sealed):
                    new.append(_row(case_id, slot, reach.to, sealed))
            if not new:
                return 0
            slots = [row["case_slot"] for row in new]
            was = withdrawn.c.case_slot.in_(slots) & (withdrawn.c.key_id == reach.to)
            connection.execute(delete(withdrawn).where(was))
            connection.execute(insert(wraps), new)
            many, mandate = len(new), reach.mandate
            told = Event(
                kind=Kind.WRAPPED, day=day, by=key_id, to=reach.to, mandate=mandate, cases=many
            )
            record_event(connection, [told])
            return many

        return await self._database.write(work)


def _opens(key_id: str) -> ColumnElement[bool]:
    hers = wraps.alias()
    return exists().where(hers.c.case_slot == cases.c.slot, hers.c.key_id == key_id)


def _reached(connection: Connection, reach: Reach) -> ColumnElement[bool]:
    """What `intake.mandates.reaches` says of a case, as a condition."""
    wanted: list[ColumnElement[bool]] = [true()]
    if not reach.closed_too:
        wanted.append(cases.c.state != State.CLOSED.value)
    if reach.languages is not None:
        wanted.append(cases.c.language.in_(reach.languages))
    if reach.skills is not None:
        kinds = connection.scalars(select(cases.c.skills).distinct())
        wanted.append(
            cases.c.skills.in_([one for one in kinds if {*reach.skills} & {*one.split()}])
        )
    return and_(*wanted)


def _row(case_id: bytes, slot: int, key_id: str, sealed: bytes) -> dict[str, object]:
    place = {"slot": slot_within(case_id, key_id), "case_slot": slot}
    return place | {"key_id": key_id, "sealed": sealed}
