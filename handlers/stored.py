"""Stored cases as the queue's conversations see them: shapes that the real rows fit.

Apart from `handlers.queue_parts`, since the ports around keys speak of the same cases.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from intake.case import CaseHeader, Level


class Part(Protocol):
    """A sealed record as it is stored."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def sealed(self) -> bytes: ...


class Answered(Protocol):
    """A reply by the number of its copy, and what became of it (`intake.wire.ReplyState`)."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> Literal["inbox", "waiting", "sent", "read", "unreachable"]: ...


class Stored(Protocol):
    """A stored case, with the wrap of the one who asked."""

    @property
    def header(self) -> CaseHeader: ...
    @property
    def public_key(self) -> bytes: ...
    @property
    def records(self) -> Sequence[Part]: ...
    @property
    def wrap(self) -> bytes: ...
    @property
    def token(self) -> bytes | None: ...
    @property
    def openers(self) -> Sequence[str]: ...
    @property
    def replies(self) -> Sequence[Answered]: ...


class Listed(Protocol):
    """One case in a list: how many records it has, and whether her advice is wanted on it."""

    @property
    def header(self) -> CaseHeader: ...
    @property
    def records(self) -> int: ...
    @property
    def asked(self) -> bool: ...


class Listing(Protocol):
    """What waits for a member; `intake.wire.Queue` says what each part holds."""

    @property
    def cases(self) -> Sequence[Listed]: ...
    @property
    def matching(self) -> int: ...
    @property
    def counts(self) -> Mapping[Level, int]: ...
    @property
    def mine(self) -> Sequence[Listed]: ...
    @property
    def asked(self) -> Sequence[Listed]: ...
    @property
    def due(self) -> Sequence[Listed]: ...
