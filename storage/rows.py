"""The shapes that pass between the repositories and their callers: ciphertext and clear columns.

Nothing here is opened, and nothing here says which chat a row belongs to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from intake.case import CaseHeader, Level, to_the_hour

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


AnyRecord = tuple[int, str, bytes]
"""A `Record`, or any other named tuple of the same three fields."""


class Lock(NamedTuple):
    """What a code opens, found by the code's `locator`.

    `name` is never stored: all that is left of it is the row's place, so that a lock is replaced
    by the next of its name. Two names of one case must therefore be such that only the person can
    compute them, or whoever holds the disk knows which lock erases. Empty as it is read.
    """

    name: str
    locator: str
    salt: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Count:
    """One change of the counters of a month (such as 2026-11), within what is counted.

    `change` makes the sealed tally anew: from the month it really counts in, and what is there
    under the key named `key_name`, or None. `only`: in this month or not at all.
    """

    month: str
    key_name: bytes
    change: Callable[[str, bytes | None], bytes] = field(repr=False)
    only: bool = False


class Together(NamedTuple):
    """One row of a month in the place of those under the keys of these names."""

    key_name: bytes
    sealed: bytes
    instead_of: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as it is submitted. `wraps` maps a member's key id to her wrap of the case key.

    `inbox` has 16 bytes: whoever knows the secret behind it is the person, and may erase. `token`
    is the return token sealed to the case; `place` a keyed hash of where replies are announced;
    `origin` the id of the draft it came of, sealed to the inbox.
    """

    header: CaseHeader
    public_key: bytes
    inbox: bytes = field(repr=False)
    records: Sequence[Record]
    wraps: Mapping[str, bytes]
    token: bytes | None = field(default=None, repr=False)
    place: bytes | None = field(default=None, repr=False)
    origin: bytes | None = field(default=None, repr=False)
    locks: Sequence[Lock] = field(default=(), repr=False)
    counted: Count | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sealing:
    """What is needed to seal something into a case, as it is in the transaction that adds it.

    Between reading and writing the case may have got another key: what was sealed to the one of
    before, nobody could open.
    """

    public_key: bytes
    form: str
    epoch: int


class Answered(NamedTuple):
    """What became of the reply whose copy is the record of this number."""

    number: int
    state: Literal["inbox", "waiting", "sent", "read", "unreachable"]


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as one member fetches it: all records in order, and the one wrap that is hers.

    `token`: the return token, sealed to the case; `openers`: the key ids it is wrapped to.
    """

    header: CaseHeader
    public_key: bytes
    records: tuple[Record, ...]
    wrap: bytes
    token: bytes | None = field(default=None, repr=False)
    openers: tuple[str, ...] = ()
    replies: tuple[Answered, ...] = ()


class Listed(NamedTuple):
    """A case in a list: how many records it has, and whether her advice is wanted on it."""

    header: CaseHeader
    records: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """What waits for one member; `intake.wire.Queue` says what each part holds."""

    cases: tuple[Listed, ...]
    matching: int
    counts: dict[Level, int]
    mine: tuple[Listed, ...]
    asked: tuple[Listed, ...]
    due: tuple[Listed, ...]


class ReplyState(StrEnum):
    """What became of a reply; told at length in `intake.wire.ReplyState`."""

    INBOX = "inbox"
    WAITING = "waiting"
    SENT = "sent"
    READ = "read"
    UNREACHABLE = "unreachable"


class ReplyRow(NamedTuple):
    """A reply, sealed to the person's inbox, by the number of its copy among the records.

    `epoch`: under which it was sealed; that of the case may be another since.
    """

    number: int
    state: ReplyState
    sealed: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A case as the person's side of it needs it. Which lock is which is not known here."""

    header: CaseHeader
    place: bytes | None = field(repr=False)
    origin: bytes | None = field(repr=False)
    replies: tuple[ReplyRow, ...]
    locks: tuple[Lock, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Due:
    """A case of whose replies the person may be told now, by one line for all of them.

    `token` came with the last of them, as the desk opened it; `place` is where replies are
    announced now. `doubtful`: a line was begun before and may have been sent, or not.
    """

    case_id: bytes
    header: CaseHeader
    numbers: tuple[int, ...]
    token: bytes = field(repr=False)
    place: bytes | None = field(repr=False)
    doubtful: bool


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
