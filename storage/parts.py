"""The parts of a case, row by row: steps of larger units of work, each on an open connection.

Whoever adds to a case, or erases one, holds the lock on its row first. So no two records get one
number, and nothing is added to what is being erased.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from intake import ledger
from intake.case import ContactRule, State, to_the_hour
from intake.records import REPLY
from storage.dialects import upsert
from storage.errors import UnknownCase
from storage.ledger import record as record_events
from storage.rows import AnyRecord, Lock, ReplyState, Sealing, to_seconds
from storage.tables import cases, locks, records, replies, slot_of, slot_within, withdrawn, wraps

Seal = Callable[[Sealing, int], bytes]
"""Makes the sealed bytes of a record for its number, which the seal binds, with the case's key as
it is in that instant."""

SealToken = Callable[[Sealing], bytes]
"""Seals a return token to its case in the same way."""

Fits = Callable[[bytes, int, bytes], bool]
"""Whether a wrap is for her and for the case (by id) as it is sealed since this epoch."""

AT_ONCE = 500
"""Rows that one statement names."""

GONE = "This case does not exist any more."


def always(*_: object) -> bool:
    """Where nobody says what fits."""
    return True


def is_case(case_id: bytes) -> ColumnElement[bool]:
    return (cases.c.slot == slot_of(case_id)) & (cases.c.id == case_id)


def locked(connection: Connection, which: ColumnElement[bool]) -> Row[Any]:
    """The one case of which `which` is true, its row locked; raises UnknownCase."""
    row = connection.execute(select(cases).where(which).with_for_update()).first()
    if row is None:
        raise UnknownCase(GONE)
    return row


def change(connection: Connection, case_id: bytes, values: dict[str, Any]) -> None:
    """Change columns of a case whose row is locked."""
    connection.execute(update(cases).where(is_case(case_id)), values)


def allow(connection: Connection, case: Row[Any], rule: ContactRule) -> None:
    """When the person may be written to from now on; *never* ends all that waits to be sent."""
    change(connection, case.id, {"contact": str(rule)})
    if rule.hours is None:
        waits = replies.c.state == ReplyState.WAITING.value
        stays = {"state": ReplyState.INBOX.value, "token": None, "doubtful": 0}
        of_this = update(replies).where(replies.c.case_slot == case.slot, waits)
        connection.execute(of_this, stays)


def waits_from(now: datetime) -> dict[str, Any]:
    """What makes a case nobody's; the hour is the one from which `KEPT` counts."""
    hour = to_seconds(to_the_hour(now))
    return {"state": State.WAITING.value, "holder": None, "leased_until": hour}


def next_number(connection: Connection, case_id: bytes) -> int:
    """The number of the next record of a case whose row is locked."""
    last = select(func.max(records.c.number)).where(records.c.case_slot == slot_of(case_id))
    highest: int | None = connection.execute(last).scalar()
    return 0 if highest is None else highest + 1


def was_answered(connection: Connection, slot: int) -> bool:
    """Whether a desk has replied in the case that lies there."""
    clause = select(records.c.slot).where(records.c.case_slot == slot, records.c.kind == REPLY)
    return connection.execute(clause.limit(1)).first() is not None


def append(connection: Connection, case: Row[Any], kind: str, seal: Seal) -> int:
    """Add a record sealed for the number it gets, to a case whose row is locked."""
    number = next_number(connection, case.id)
    insert_record(connection, case.id, (number, kind, seal(sealing_of(case), number)))
    return number


def sealing_of(case: Row[Any]) -> Sealing:
    """What is sealed with into a case whose row is locked."""
    return Sealing(case.public_key, case.form, case.epoch)


def insert_record(connection: Connection, case_id: bytes, record: AnyRecord) -> None:
    number, kind, sealed = record
    connection.execute(
        insert(records).values(
            slot=slot_within(case_id, str(number)),
            case_slot=slot_of(case_id),
            number=number,
            kind=kind,
            sealed=sealed,
        )
    )


def insert_wrap(connection: Connection, case_id: bytes, key_id: str, sealed: bytes) -> None:
    """Whoever is given a wrap is not one any more from whom it was withdrawn."""
    was = (withdrawn.c.case_slot == slot_of(case_id)) & (withdrawn.c.key_id == key_id)
    connection.execute(delete(withdrawn).where(was))
    connection.execute(
        insert(wraps).values(
            slot=slot_within(case_id, key_id),
            case_slot=slot_of(case_id),
            key_id=key_id,
            sealed=sealed,
        )
    )


def put_lock(connection: Connection, case_id: bytes, lock: Lock) -> None:
    """Add a lock, or replace the one of its name."""
    new = {"locator": lock.locator, "salt": lock.salt, "sealed": lock.sealed}
    place = {"slot": slot_within(case_id, f"lock {lock.name}"), "case_slot": slot_of(case_id)}
    clause = upsert(locks, connection.dialect).values(place | new)
    connection.execute(clause.on_conflict_do_update(index_elements=[locks.c.slot], set_=new))


def erase(
    connection: Connection, which: ColumnElement[bool], day: date, by: str | None = None
) -> int:
    """Erase every case of which `which` is true: wraps first. Returns how many there were.

    The last step of a transaction, since each is told in the record of key events. `by`: the
    member who did it.
    """
    chosen = select(cases.c.slot, cases.c.id).where(which).order_by(cases.c.slot)
    found = connection.execute(chosen.with_for_update()).all()
    for start in range(0, len(found), AT_ONCE):
        _erase(connection, [case.slot for case in found[start : start + AT_ONCE]])
    erased = ledger.Kind.ERASED
    record_events(
        connection,
        [ledger.Event(kind=erased, day=day, by=by, case=ledger.mark(case.id)) for case in found],
    )
    return len(found)


def _erase(connection: Connection, slots: Sequence[int]) -> None:
    for table in (wraps, withdrawn, records, replies, locks):
        connection.execute(delete(table).where(table.c.case_slot.in_(slots)))
    connection.execute(delete(cases).where(cases.c.slot.in_(slots)))
