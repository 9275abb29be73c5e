"""The record of key events: who could open what, and when that changed. Append-only, chained.

Every event is hashed together with all that came before it, so that two desks which have one head
have one past. An event names no person and nothing of a case: a day and no hour, members by key
id, a case by a mark that only those can recognise who know its random id.
"""

import hashlib
import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from intake.shapes import Bytes, Digest, KeyId, Shape, Unreadable, decoded

GENESIS: Final = bytes(32)
"""The head before the first event."""

SHORT: Final = 32
"""Hex digits of a head in what a desk signs: 128 bits are enough to tell two pasts apart."""

PAGE: Final = 500
"""Events in one answer."""

NO_EVENT = "The record of key events holds something that this version does not know."


class Kind(StrEnum):
    """What happened to keys."""

    EPOCH = "epoch"
    HAND_OVER = "hand_over"
    ADVICE = "advice"
    MANDATE = "mandate"
    WRAPPED = "wrapped"
    REKEYED = "rekeyed"
    ERASED = "erased"


_NEEDED: Final = {
    Kind.EPOCH: {"epoch", "roster"},
    Kind.HAND_OVER: {"by", "to", "case"},
    Kind.ADVICE: {"by", "to", "case"},
    Kind.MANDATE: {"by", "signed"},
    Kind.WRAPPED: {"by", "to", "mandate", "cases"},
    Kind.REKEYED: {"by", "cases"},
    Kind.ERASED: {"case"},
}
"""The fields of each kind; ERASED has `by` as well, where a desk did it."""


class Event(Shape):
    """One event, as it is chained: canonical JSON.

    `by` and `to` are key ids. `case` is `mark(case id)`. `cases`: how many at once. `roster`:
    `intake.roster.digest`. `mandate`: the digest of the mandate that allowed it. `signed`: a
    mandate's DSSE envelope with the one signature that `by` gave.
    """

    v: Literal[1] = 1
    kind: Kind
    day: date
    by: KeyId | None = None
    to: KeyId | None = None
    case: KeyId | None = None
    cases: int | None = Field(default=None, ge=1)
    epoch: int | None = Field(default=None, ge=1)
    roster: Digest | None = None
    mandate: Digest | None = None
    signed: Bytes | None = Field(default=None, max_length=8192)

    @model_validator(mode="after")
    def _what_its_kind_needs(self) -> Self:
        there = self.model_fields_set - {"v", "kind", "day"}
        there = {name for name in there if getattr(self, name) is not None}
        if there - ({"by"} if self.kind is Kind.ERASED else set()) != _NEEDED[self.kind]:
            raise ValueError(f"an event of kind {self.kind.value} has other fields")
        return self

    @property
    def envelope(self) -> bytes:
        """The signed mandate, as JSON."""
        return decoded(self.signed or "")

    def to_bytes(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, nothing that is not there."""
        document = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises `Unreadable`. Another spelling of the same event is another event: refused."""
        try:
            event = cls.model_validate_json(data)
        except ValidationError:
            raise Unreadable(NO_EVENT) from None
        if event.to_bytes() != data:
            raise Unreadable(NO_EVENT)
        return event


def chained(head: bytes, body: bytes) -> bytes:
    """The head after one event more: SHA-256 over a label, the head before (32 bytes), the body.

    The label and the head have fixed lengths, so no two pairs are hashed alike.
    """
    return hashlib.sha256(b"tropa/1 key event" + head + body).digest()


def mark(case_id: bytes) -> str:
    """What stands for a case: 32 hex digits that say nothing to whoever lacks its random id."""
    return hashlib.sha256(b"tropa/1 case in the record" + case_id).hexdigest()[:32]


Past = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,8}):[0-9a-f]{32}$")]
"""How far somebody has seen the record: the number of events, and the beginning of the head."""


def past(number: int, head: bytes) -> str:
    """A `Past`."""
    return f"{number}:{head.hex()[:SHORT]}"


class Page(Shape):
    """The body of `GET /v1/events`: what follows the first `after` events, up to `PAGE` of them.

    `head`: the head after those `after`, in hex; `total`: how many events there are. `events`:
    each as `Event.to_bytes` wrote it.
    """

    after: int = Field(ge=0)
    head: Digest
    total: int = Field(ge=0)
    events: tuple[str, ...]
