"""The life of a case as the server may see it: the clear header, its states, its lease.

What is in `CaseHeader` is everything the server can read of a submitted case. A new field is
a decision for an ADR. Nothing here knows what the person said.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

LEASE = timedelta(hours=12)
"""How long a volunteer holds a case she took before it returns to the queue by itself."""


class Level(StrEnum):
    """Urgency, most urgent first; the order of the members is the order of the queue."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class State(StrEnum):
    """Where a case stands. `TAKEN` falls back to waiting when its lease ends."""

    WAITING = "waiting"
    TAKEN = "taken"
    CLOSED = "closed"


class Turn(StrEnum):
    """Who waits for whom: `OURS` until somebody answers, and again when the person writes."""

    OURS = "ours"
    THEIRS = "theirs"


@lru_cache(maxsize=256)
def _hours(text: str) -> frozenset[int] | None:
    """Kept, since the same few rules come again with every case of a page."""
    return None if text == "never" else frozenset(int(hour) for hour in text.split(","))


@dataclass(frozen=True, slots=True)
class ContactRule:
    """When the server may write to the person first.

    `hours` is None for never, else the allowed hours of the day in UTC (0 to 23).
    """

    hours: frozenset[int] | None

    @classmethod
    def never(cls) -> "ContactRule":
        return cls(None)

    @classmethod
    def any_time(cls) -> "ContactRule":
        return cls(frozenset(range(24)))

    def allows(self, moment: datetime) -> bool:
        return self.hours is not None and moment.hour in self.hours

    def __str__(self) -> str:
        if self.hours is None:
            return "never"
        return ",".join(str(hour) for hour in sorted(self.hours))

    @classmethod
    def parse(cls, text: str) -> "ContactRule":
        return cls(_hours(text))


@dataclass(frozen=True, slots=True)
class CaseHeader:
    """Everything that the server can see of a submitted case; nothing else may be added lightly.

    `received` is rounded down to the hour. `country` is set only if a routing rule needs it.
    `form` is the SHA-256 of the form file, in hex; `epoch` is the roster's.
    """

    id: bytes
    language: str
    level: Level
    skills: frozenset[str]
    country: str | None
    contact: ContactRule
    received: datetime
    promised_by: datetime
    form: str
    epoch: int
    state: State = State.WAITING
    holder: str | None = None
    leased_until: datetime | None = None
    turn: Turn = Turn.OURS

    def held_by_other(self, member: str, now: datetime) -> bool:
        """Whether somebody else's lease still runs."""
        return (
            self.state is State.TAKEN
            and self.holder != member
            and self.leased_until is not None
            and self.leased_until > now
        )

    def taken(self, member: str, now: datetime) -> "CaseHeader":
        """The header after `member` took the case; the caller has checked that she may."""
        return replace(self, state=State.TAKEN, holder=member, leased_until=now + LEASE)


def to_the_hour(moment: datetime) -> datetime:
    """Rounded down to the hour, as far as the server remembers when anything was received."""
    return moment.replace(minute=0, second=0, microsecond=0)
