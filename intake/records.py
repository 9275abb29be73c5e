"""What stands inside a sealed record, and what of a case travels from the server to a desk.

Shapes and JSON only: nothing is sealed or opened here. `CaseFile` is at once the body of the
queue's answer and the file that a desk keeps: ciphertext, the clear header, one wrap.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from intake.answers import Answers, BadAnswers, decode, encode
from intake.case import CaseHeader, ContactRule, Level, State
from intake.errors import TropaError

INTAKE: Final = "intake"
"""Kind of record 0: the answers as they were sent, with the return token."""

ANSWERS: Final = "answers"
"""Kind of a later record: the same person's answers after an early send, whole, no token."""


class Unreadable(TropaError):
    """A record or a case file is not what this version writes; the text says what to do."""


@dataclass(frozen=True, slots=True)
class AnswersRecord:
    """The plaintext of a record of kind `intake` or `answers`.

    `form` is the SHA-256 of the form in hex, `language` the one the person answered in. `token`
    is the sealed return token, present in kind `intake` alone: the desk carries it, unopened.
    """

    form: str
    language: str
    answers: Answers = field(repr=False)
    token: bytes | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        return ANSWERS if self.token is None else INTAKE

    def to_bytes(self) -> bytes:
        """Compact JSON in UTF-8."""
        document: dict[str, object] = {
            "v": 1,
            "form": self.form,
            "language": self.language,
            "answers": encode(self.answers),
        }
        if self.token is not None:
            document["token"] = base64.b64encode(self.token).decode()
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes, kind: str) -> Self:
        """The reverse of `to_bytes`; raises `Unreadable` unless it is a record of this kind."""
        try:
            shape = _AnswersShape.model_validate_json(data)
            answers = decode(shape.answers)
        except (ValidationError, BadAnswers):
            raise Unreadable(NEWER) from None
        if (kind == INTAKE) != (shape.token is not None) or kind not in (INTAKE, ANSWERS):
            raise Unreadable(NEWER)
        token = None if shape.token is None else base64.b64decode(shape.token)
        return cls(shape.form, shape.language, answers, token)


NEWER = (
    "It was written by a newer version of Tropa or holds something else than its label says. "
    "Update the desk; if it stays, show it to a lead."
)

CUT_SHORT = (
    "This is not a whole case file: it was cut short, edited, or is something else. "
    "Fetch it again with tropa take."
)


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    return text


Bytes = Annotated[str, AfterValidator(_base64)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,16}$")]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _AnswersShape(_Shape):
    v: Literal[1]
    form: Digest
    language: Id
    answers: dict[str, object]
    token: Bytes | None = None


class Header(_Shape):
    """A case's clear header as a desk may see it: who holds it is told as *you* or *other*."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
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
    held_by: Literal["you", "other"] | None = None
    leased_until: AwareDatetime | None = None

    @field_validator("contact")
    @classmethod
    def _a_contact_rule(cls, text: str) -> str:
        hours = ContactRule.parse(text).hours
        if hours is not None and not hours <= frozenset(range(24)):
            raise ValueError("names an hour that no day has")
        return text

    @classmethod
    def of(cls, header: CaseHeader, member: str) -> Self:
        """What `member` (her key id) is shown of `header`."""
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
            held_by=("you" if header.holder == member else "other") if taken else None,
            leased_until=header.leased_until if taken else None,
        )


class SealedPart(_Shape):
    """One sealed record: its place and its label are in the clear, and bound by the seal."""

    number: int = Field(ge=0)
    kind: Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
    sealed: Bytes

    @property
    def data(self) -> bytes:
        return base64.b64decode(self.sealed)


class CaseFile(_Shape):
    """One case, sealed: everything its holder needs to open it but her own key."""

    v: Literal[1] = 1
    header: Header
    public_key: Bytes
    records: tuple[SealedPart, ...]
    wrap: Bytes

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises `Unreadable` when the file is cut short, edited, or something else."""
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            raise Unreadable(CUT_SHORT) from None


class Queue(_Shape):
    """The body of the queue's list."""

    cases: tuple[Header, ...]
