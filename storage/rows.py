"""The shapes that pass between the repositories and their callers: ciphertext and clear columns.

Nothing here is opened, and nothing here says which chat a row belongs to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from intake.case import CaseHeader, to_the_hour

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DraftRow:
    """An unfinished interview, or the tombstone of a finished one.

    `id` has 16 bytes, `revision` grows by one with each write, `expires` is kept in whole hours
    (rounded up), `sealed` is opaque.
    """

    id: bytes
    revision: int
    expires: datetime
    sealed: bytes


class Record(NamedTuple):
    """One sealed part of a case; `number` (from 0) and `kind` are bound into the seal."""

    number: int
    kind: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as it is submitted. `wraps` maps a member's key id to her wrap of the case key.

    `inbox` has 16 bytes: whoever knows the secret behind it is the person, and may erase.
    """

    header: CaseHeader
    public_key: bytes
    inbox: bytes = field(repr=False)
    records: Sequence[Record]
    wraps: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Sealing:
    """What is needed to seal one record more into a case."""

    public_key: bytes
    form: str
    epoch: int


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as one member fetches it: all records in order, and the one wrap that is hers."""

    header: CaseHeader
    public_key: bytes
    records: tuple[Record, ...]
    wrap: bytes


def to_seconds(moment: datetime) -> int:
    """Unix seconds of an aware datetime."""
    return int(moment.timestamp())


def from_seconds(seconds: int) -> datetime:
    """The aware datetime, in UTC, of Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def up_to_the_hour(moment: datetime) -> datetime:
    """Rounded up to the hour: an expiry must not tell the minute of the last tap."""
    down = to_the_hour(moment)
    return down if down == moment else down + HOUR
