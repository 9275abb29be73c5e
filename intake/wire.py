"""What of a case travels between server and desk: clear headers, sealed parts, signed acts.

`CaseFile` is at once the body of the queue's answer and the file that a desk keeps: ciphertext,
the clear header, one wrap. Shapes and JSON only.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, field_validator

from intake.case import CaseHeader, ContactRule, Level, State, Turn
from intake.records import Outcome
from intake.shapes import Bytes, CaseId, Digest, Id, KeyId, Shape, Unreadable, decoded

CUT_SHORT = (
    "This is not a whole case file: it was cut short, edited, or is something else. "
    "Fetch it again with tropa take."
)

PAGE: Final = 50
"""Waiting cases in one answer of the queue."""

WRAPS: Final = 500
"""Wraps in one request, and in one page of cases to be wrapped."""


class Header(Shape):
    """A case's clear header as a desk may see it: who holds it is told as *you* or *other*.

    `holder` is her key id, told to leads alone. `records`: how many there are. `asked`: a
    colleague asked this member for advice on it.
    """

    id: CaseId
    language: Id
    level: Level
    skills: tuple[Id, ...]
    country: Id | None
    contact: str
    received: AwareDatetime
    promised_by: AwareDatetime
    form: Digest
    epoch: int = Field(ge=1)
    state: State
    turn: Turn = Turn.OURS
    held_by: Literal["you", "other"] | None = None
    holder: KeyId | None = None
    leased_until: AwareDatetime | None = None
    records: int = Field(default=1, ge=0)
    asked: bool = False

    @field_validator("contact")
    @classmethod
    def _a_contact_rule(cls, text: str) -> str:
        hours = ContactRule.parse(text).hours
        if hours is not None and not hours <= frozenset(range(24)):
            raise ValueError("names an hour that no day has")
        return text

    @classmethod
    def of(
        cls,
        header: CaseHeader,
        member: str,
        *,
        lead: bool = False,
        records: int = 1,
        asked: bool = False,
    ) -> Self:
        """What `member` (her key id) is shown of `header`; a `lead` is told who holds it."""
        taken = header.state is State.TAKEN
        return cls(
            id=header.id.hex(),
            language=header.language,
            level=header.level,
            skills=tuple(sorted(header.skills)),
            country=header.country,
            contact=str(header.contact),
            received=header.received,
            promised_by=header.promised_by,
            form=header.form,
            epoch=header.epoch,
            state=header.state,
            turn=header.turn,
            held_by=("you" if header.holder == member else "other") if taken else None,
            holder=header.holder if taken and lead else None,
            leased_until=header.leased_until if taken else None,
            records=records,
            asked=asked,
        )


class SealedPart(Shape):
    """One sealed record: its place and its label are in the clear, and bound by the seal."""

    number: int = Field(ge=0)
    kind: Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
    sealed: Bytes

    @property
    def data(self) -> bytes:
        return decoded(self.sealed)


class ReplyState(Shape):
    """What became of a reply, by the number of its copy among the records.

    `inbox`: it lies there until the person looks, since nobody may write first. `waiting`: for
    the allowed hour, or for Telegram. `sent`: the neutral line stands in the chat. `read`.
    `unreachable`: the chat is blocked, deactivated or gone; it lies in the inbox all the same.
    """

    number: int = Field(ge=1)
    state: Literal["inbox", "waiting", "sent", "read", "unreachable"]


class CaseFile(Shape):
    """One case, sealed: everything its holder needs to open it but her own key.

    `token`: the return token, sealed to the case. `openers`: the key ids it is wrapped to.
    """

    v: Literal[1] = 1
    header: Header
    public_key: Bytes
    records: tuple[SealedPart, ...]
    wrap: Bytes
    token: Bytes | None = None
    openers: tuple[KeyId, ...] = ()
    replies: tuple[ReplyState, ...] = ()

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises `Unreadable` when the file is cut short, edited, or something else."""
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            raise Unreadable(CUT_SHORT) from None


class Queue(Shape):
    """The body of the queue's list, for the member who asks.

    `cases`: those she could take, one page, most urgent first. `matching`: how many fit the
    filter in all; `counts`: how many she could take, by level, without it. `mine`: those she
    holds, where the person waits for us first. `asked`: on which her advice is wanted. `due`:
    for leads, those whose promise is broken or ends within the hour, whoever holds them.
    """

    cases: tuple[Header, ...]
    matching: int = Field(ge=0)
    counts: dict[Level, int]
    mine: tuple[Header, ...] = ()
    asked: tuple[Header, ...] = ()
    due: tuple[Header, ...] = ()


class Noted(Shape):
    """The body of `POST records` and `release`: a record of kind `note`, or none."""

    record: SealedPart | None = None


class Closed(Shape):
    """The body of `POST close`: how the case ended, to be counted and kept nowhere beside it."""

    outcome: Outcome
    record: SealedPart | None = None


class Replied(Shape):
    """The body of `POST reply`: the desk's copy, the letter to the inbox, the opened token.

    `token`: as it was sealed inside the case; None where nobody may write first.
    """

    record: SealedPart
    letter: Bytes
    token: Bytes | None = None


class Passed(Shape):
    """The body of `POST hand-over` and `POST ask`: to whom, and the case key wrapped to her
    where she has none yet."""

    to: KeyId
    wrap: Bytes | None = None
    record: SealedPart | None = None


class Judged(Shape):
    """The body of `POST level`: the level from now on, and the reason, sealed."""

    level: Level
    record: SealedPart


class ToWrap(Shape):
    """A case that the one who asks can open and the target of a mandate cannot yet.

    `wrap`: hers who asks. `epoch`: of the roster that the case is sealed under.
    """

    id: CaseId
    epoch: int = Field(ge=1)
    wrap: Bytes


class Wrappable(Shape):
    """The body of `GET /v1/wraps?mandate=&after=`: one page, by the order of case ids.

    `left`: how many the one who asks could wrap from here on, this page included. `closed_to_her`:
    how many the mandate reaches besides, that she cannot open herself. `after`: the id to ask for
    the next page with; None at the end.
    """

    cases: tuple[ToWrap, ...]
    left: int = Field(ge=0)
    closed_to_her: int = Field(default=0, ge=0)
    after: CaseId | None = None


class NewWrap(Shape):
    """The key of one case, wrapped to the target."""

    case: CaseId
    wrap: Bytes


class Wrapping(Shape):
    """The body of `POST /v1/wraps`: under which mandate, and the wraps for whom it names."""

    mandate: Digest
    wraps: tuple[NewWrap, ...] = Field(min_length=1, max_length=WRAPS)


class Wrapped(Shape):
    """Its answer: `done` were added; `gone` were erased meanwhile, moved, or hers already."""

    done: int = Field(ge=0)
    gone: int = Field(ge=0)


class Rekeyable(Shape):
    """The body of `GET /v1/rekey?after=`: whole cases that somebody could open who left.

    The rest as in `Wrappable`. A page ends early where it grows large: it holds at least one case.
    """

    cases: tuple[CaseFile, ...]
    left: int = Field(ge=0)
    closed_to_her: int = Field(default=0, ge=0)
    after: CaseId | None = None


class Rekeyed(Shape):
    """A case under a fresh key. `was`: `state_of` the case it was made from: where anything was
    added or moved since, it is not taken, and is to be fetched again.

    `records`: all of before under their numbers and kinds, and one note more. `wraps`: for each of
    its openers who is on the roster in force, and nobody else.
    """

    id: CaseId
    was: Digest
    epoch: int = Field(ge=1)
    public_key: Bytes
    records: tuple[SealedPart, ...] = Field(min_length=2)
    wraps: dict[KeyId, Bytes] = Field(min_length=1)
    token: Bytes | None = None


class Rekeying(Shape):
    """The body of `POST /v1/rekey`. Each case is changed for itself, all or nothing."""

    cases: tuple[Rekeyed, ...] = Field(min_length=1)


class RekeyAnswer(Shape):
    """Its answer, by case id: `moved` are to be fetched again, `gone` were erased or need no new
    key any more."""

    done: tuple[CaseId, ...] = ()
    moved: tuple[CaseId, ...] = ()
    gone: tuple[CaseId, ...] = ()


class Signed(Shape):
    """The body of `POST /v1/mandates`: a mandate's DSSE envelope with the caller's signature."""

    envelope: Bytes = Field(max_length=8192)


def state_of(public_key: bytes, token: bytes | None, records: int, openers: Iterable[str]) -> str:
    """What a case is compared by before it is changed as a whole, 64 hex digits.

    Records are only ever added, so that their number tells whether one was; whoever can open it
    is hashed as well, lest somebody to whom it was wrapped meanwhile be shut out again.
    """
    state = hashlib.sha256(b"tropa/1 state of a case" + public_key)
    state.update(hashlib.sha256(token or b"").digest())
    state.update(records.to_bytes(4, "big"))
    state.update(" ".join(sorted(openers)).encode("ascii"))
    return state.hexdigest()
