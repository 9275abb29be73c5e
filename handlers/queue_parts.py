"""What the queue over HTTP needs done: ports that the composition root fills.

Shapes alone. A member is named by her key id; a case without a wrap for her is unknown to her.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from handlers.key_ports import KeyParts
from handlers.stored import Listing, Stored
from intake.case import CaseHeader, Level
from intake.clock import Clock
from intake.counts import Shown
from intake.records import Outcome
from intake.roster import Roster


class Verified(Protocol):
    """Whose signature it is, and its nonce."""

    @property
    def key_id(self) -> str: ...
    @property
    def nonce(self) -> str: ...


class Verify(Protocol):
    """Checks an RFC 9421 signature with the key that `key` finds; raises `Faults.refused`.

    `body` None: it is not here yet, and only the headers are checked.
    """

    def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        key: Callable[[str], bytes | None],
        now: datetime,
        max_age: timedelta,
    ) -> Verified: ...


class NewRecord(NamedTuple):
    """A record as a desk sealed it; it is added only as the next of its case."""

    number: int
    kind: str
    sealed: bytes


class Cases(Protocol):
    """The stored cases. Every act is one transaction, together with the record it adds.

    An act whose record is there already, the same bytes under the same number, was done before:
    it changes nothing and raises nothing.
    """

    async def queue(
        self,
        key_id: str,
        now: datetime,
        *,
        lead: bool,
        level: Level | None = None,
        language: str | None = None,
        skill: str | None = None,
        start: int = 0,
    ) -> Listing: ...

    async def fetch(self, case_id: bytes, key_id: str) -> Stored: ...

    async def take(self, case_id: bytes, key_id: str, now: datetime, capacity: int) -> object: ...

    async def give_back(self, case_id: bytes, key_id: str, record: NewRecord | None) -> object: ...

    async def note(self, case_id: bytes, key_id: str, record: NewRecord) -> object: ...

    async def reply(
        self,
        case_id: bytes,
        key_id: str,
        now: datetime,
        record: NewRecord,
        letter: bytes,
        token: bytes | None,
        counted: Callable[[CaseHeader], Any],
    ) -> object: ...

    async def hand_over(
        self,
        case_id: bytes,
        key_id: str,
        to: str,
        wrap: bytes | None,
        record: NewRecord | None,
        now: datetime,
        capacity_of_to: int,
        lead: bool,
        fits: Callable[[bytes, int, bytes], bool],
    ) -> object: ...

    async def ask(
        self,
        case_id: bytes,
        key_id: str,
        to: str,
        wrap: bytes | None,
        record: NewRecord | None,
        day: date,
        fits: Callable[[bytes, int, bytes], bool],
    ) -> object: ...

    async def set_level(
        self,
        case_id: bytes,
        key_id: str,
        lead: bool,
        level: Level,
        record: NewRecord,
        now: datetime,
        promised_by: datetime,
    ) -> object: ...

    async def close(
        self,
        case_id: bytes,
        key_id: str,
        record: NewRecord | None,
        now: datetime,
        counted: Any,
    ) -> object: ...

    async def erase_held(self, case_id: bytes, key_id: str, lead: bool, day: date) -> object: ...


class Counting(Protocol):
    """Makes counts of what happens at desks; what is in one is storage's affair."""

    def first_answer(self, now: datetime) -> Callable[[CaseHeader], Any]: ...
    def closing(self, outcome: Outcome, now: datetime) -> Any: ...


class Nonces(Protocol):
    """Durable memory of used nonces."""

    async def use(self, digest: bytes, expires: datetime) -> bool:
        """False when it was used before."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The exceptions that the real parts raise, so that their packages need no import here."""

    refused: type[Exception]
    unknown_case: type[Exception]
    held_by_other: type[Exception]
    unavailable: type[Exception]
    full: type[Exception]
    moved: type[Exception]
    no_wrap: type[Exception]
    not_whole: type[Exception]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long sealed things may be: `sealed` says whether any record has this many bytes."""

    sealed: Callable[[int], bool]
    wrap: int
    token: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the queue needs done.

    `roster` returns the roster in force or raises a `TropaError` with a sentence; `envelope` the
    signed file as it stands, or None; `form` a form's bytes by digest. `key_id` gives the short
    id of a sealing key, `promised` how soon an answer is due at a level. `posted` is called once
    a reply lies ready for delivery. `counts`: all that a coordinator may be shown now.
    """

    verify: Verify
    key_id: Callable[[bytes], str]
    cases: Cases
    nonces: Nonces
    roster: Callable[[], Roster]
    envelope: Callable[[], bytes | None]
    form: Callable[[str], bytes | None]
    promised: Callable[[Level], timedelta]
    lengths: Lengths
    posted: Callable[[], None]
    counting: Counting
    counts: Callable[[], Awaitable[Shown]]
    clock: Clock
    faults: Faults
    keys: KeyParts
