"""What the queue needs done for keys that change hands: ports that the composition root fills."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from handlers.stored import Stored
from intake.errors import TropaError
from intake.ledger import Event


class RosterRefused(TropaError):
    """A roster that was sent is not taken up; `reason` is a word for programs."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Told(Protocol):
    """A page of the record of key events: see `intake.ledger.Page`."""

    @property
    def after(self) -> int: ...
    @property
    def head(self) -> bytes: ...
    @property
    def total(self) -> int: ...
    @property
    def events(self) -> Sequence[bytes]: ...


class Ledger(Protocol):
    """The record of key events."""

    async def page(self, after: int) -> Told: ...

    async def mandates(self) -> Sequence[Event]:
        """Every signature of a mandate."""

    async def sign(self, event: Event, same: Callable[[Event], bool]) -> bool:
        """Add a signature, unless there is one that is the same."""


class NewReach(NamedTuple):
    """Which cases a mandate opens to whom (a key id); None for all skills, or languages."""

    mandate: str
    to: str
    closed_too: bool
    skills: Collection[str] | None
    languages: Collection[str] | None


class Wrappable(Protocol):
    """See `intake.wire.Wrappable`."""

    @property
    def cases(self) -> Sequence[tuple[bytes, int, bytes]]: ...
    @property
    def left(self) -> int: ...
    @property
    def closed_to_her(self) -> int: ...
    @property
    def after(self) -> bytes | None: ...


class Wrapping(Protocol):
    """Many cases opened to one member at once."""

    async def page(self, reach: NewReach, key_id: str, after: bytes | None) -> Wrappable: ...

    async def wrap(
        self,
        reach: NewReach,
        key_id: str,
        made: Sequence[tuple[bytes, bytes]],
        epoch: int,
        fits: Callable[[bytes, int, bytes], bool],
        day: date,
    ) -> int: ...


class NewCaseKey(NamedTuple):
    """A case under a fresh key, as `intake.wire.Rekeyed` names its parts."""

    id: bytes
    was: str
    epoch: int
    public_key: bytes
    records: Sequence[tuple[int, str, bytes]]
    wraps: Mapping[str, bytes]
    token: bytes | None


class ToRekey(Protocol):
    """See `intake.wire.Rekeyable`."""

    @property
    def cases(self) -> Sequence[Stored]: ...
    @property
    def left(self) -> int: ...
    @property
    def closed_to_her(self) -> int: ...
    @property
    def after(self) -> bytes | None: ...


class Rekeyed(Protocol):
    """See `intake.wire.RekeyAnswer`."""

    @property
    def done(self) -> Sequence[bytes]: ...
    @property
    def moved(self) -> Sequence[bytes]: ...
    @property
    def gone(self) -> Sequence[bytes]: ...


class Rekeying(Protocol):
    """Cases under a fresh key."""

    async def page(self, key_id: str, after: bytes | None) -> ToRekey: ...

    async def rekey(
        self,
        fresh: Sequence[NewCaseKey],
        key_id: str,
        epoch: int,
        members: Collection[str],
        day: date,
    ) -> Rekeyed:
        """Raises `Faults.not_whole`, and then changed nothing."""


@dataclass(frozen=True, slots=True)
class KeyParts:
    """`publish` takes a signed roster up and returns its epoch; raises `RosterRefused`.

    `signed` gives the payload of a mandate's envelope, if its one signature is by this signing key;
    raises `Faults.refused`. `fits`: whether a wrap is for a case (by id) that is sealed under this
    epoch, and for the member with this sealing key. `is_key`: whether bytes are a sealing key.
    """

    publish: Callable[[bytes], Awaitable[int]]
    ledger: Ledger
    wrapping: Wrapping
    rekeying: Rekeying
    signed: Callable[[bytes, bytes], bytes]
    fits: Callable[[bytes, bytes, int, bytes], bool]
    is_key: Callable[[bytes], bool]
