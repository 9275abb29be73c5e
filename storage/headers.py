"""The clear header of a case to columns and back. Nothing beyond `CaseHeader` is kept."""

from typing import Any

from sqlalchemy import Row

from intake.case import CaseHeader, ContactRule, Level, State, Turn
from storage.rows import from_seconds, to_seconds
from storage.tables import cases, slot_of

_BESIDE = {"slot", "public_key", "inbox", "token", "place", "origin", "alerted", "concluded"}

COLUMNS = tuple(column for column in cases.c if column.name not in _BESIDE)


def to_columns(header: CaseHeader) -> dict[str, Any]:
    """The values for an INSERT, `slot` included."""
    return {
        "slot": slot_of(header.id),
        "id": header.id,
        "language": header.language,
        "level": header.level.value,
        "skills": " ".join(sorted(header.skills)),
        "country": header.country,
        "contact": str(header.contact),
        "received": to_seconds(header.received),
        "promised_by": to_seconds(header.promised_by),
        "form": header.form,
        "epoch": header.epoch,
        "state": header.state.value,
        "holder": header.holder,
        "leased_until": None if header.leased_until is None else to_seconds(header.leased_until),
        "turn": header.turn.value,
    }


def from_row(row: Row[Any]) -> CaseHeader:
    """The header of a row that holds at least `COLUMNS`.

    Of a case that waits, `leased_until` keeps the hour at which it began to wait again: from it
    the days until erasure count, and nobody is to take it for a lease.
    """
    state = State(row.state)
    until = None if state is State.WAITING else row.leased_until
    return CaseHeader(
        id=row.id,
        language=row.language,
        level=Level(row.level),
        skills=frozenset(row.skills.split()),
        country=row.country,
        contact=ContactRule.parse(row.contact),
        received=from_seconds(row.received),
        promised_by=from_seconds(row.promised_by),
        form=row.form,
        epoch=row.epoch,
        state=state,
        holder=row.holder,
        leased_until=None if until is None else from_seconds(until),
        turn=Turn(row.turn),
    )
