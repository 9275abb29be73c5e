"""The record of key events: rows that are only ever added, each hashed with all before it.

What an event says is `intake.ledger`'s. It is added in the transaction of what it tells, and as
the last thing in it: whoever adds one waits for the others that do, and holds nothing up meanwhile
that they could still want.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from intake.ledger import GENESIS, PAGE, Event, Kind, chained
from storage.database import Database
from storage.dialects import holds_bytes, in_turn
from storage.tables import events

_TURN = "events"


class Told(NamedTuple):
    """A page of the record: what follows the first `after` events, whose head is `head`."""

    after: int
    head: bytes
    total: int
    events: tuple[bytes, ...]


def record(connection: Connection, told: Iterable[Event]) -> None:
    """Add events. To be the last step of a transaction: see above."""
    bodies = [event.to_bytes() for event in told]
    if not bodies:
        return
    in_turn(connection, _TURN)
    last = select(events.c.number, events.c.head).order_by(events.c.number.desc()).limit(1)
    number, head = connection.execute(last).one_or_none() or (0, GENESIS)
    rows = []
    for body in bodies:
        number, head = number + 1, chained(head, body)
        rows.append({"number": number, "head": head, "body": body})
    connection.execute(insert(events), rows)


def mandates(connection: Connection) -> list[Event]:
    """Every signature of a mandate, in their order."""
    kind = b'"kind":"%s"' % Kind.MANDATE.value.encode()
    clause = select(events.c.body).where(holds_bytes(events.c.body, kind, connection.dialect))
    found = connection.scalars(clause.order_by(events.c.number))
    return [event for event in map(Event.from_bytes, found) if event.kind is Kind.MANDATE]


class Ledger:
    """The whole record. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, after: int, limit: int = PAGE) -> Told:
        """What follows the first `after` events; after the last one, where there are fewer."""

        def work(connection: Connection) -> Told:
            total: int = connection.execute(select(func.max(events.c.number))).scalar() or 0
            start = min(after, total)
            before = select(events.c.head).where(events.c.number == start)
            head: bytes = connection.execute(before).scalar() or GENESIS
            following = select(events.c.body).where(events.c.number > start)
            bodies = connection.scalars(following.order_by(events.c.number).limit(limit))
            return Told(start, head, total, tuple(bodies))

        return await self._database.read(work)

    async def mandates(self) -> list[Event]:
        """Every signature of a mandate, in their order."""
        return await self._database.read(mandates)

    async def sign(self, event: Event, same: Callable[[Event], bool]) -> bool:
        """Add a signature to a mandate. False: one that is the `same` is there already."""

        def work(connection: Connection) -> bool:
            in_turn(connection, _TURN)
            if any(same(one) for one in mandates(connection)):
                return False
            record(connection, [event])
            return True

        return await self._database.write(work)
