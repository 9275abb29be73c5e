"""The clear header of a case to columns and back. Nothing beyond `CaseHeader` is kept."""

from typing import Any

from sqlalchemy import Row

from intake.case import CaseHeader, ContactRule, Level, State
from storage.rows import from_seconds, to_seconds
from storage.tables import cases, slot_of

COLUMNS = tuple(column for column in cases.c if column.name not in ("slot", "public_key", "inbox"))


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
    }


def from_row(row: Row[Any]) -> CaseHeader:
    """The header of a row that holds at least `COLUMNS`."""
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
        state=State(row.state),
        holder=row.holder,
        leased_until=None if row.leased_until is None else from_seconds(row.leased_until),
    )
