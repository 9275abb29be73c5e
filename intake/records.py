"""What stands inside a sealed record of a case, by the kind of the record.

Shapes and JSON only: nothing is sealed, signed or opened here. What travels around the records is
in `intake.wire`. Times inside a record are whole hours.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError

from intake.answers import Answers, BadAnswers, decode, encode
from intake.ledger import Past
from intake.shapes import Bytes, CaseId, Digest, Id, Shape, Unreadable, decoded, encoded

INTAKE: Final = "intake"
"""Kind of record 0: the answers as they were sent, with the public key of the inbox."""

ANSWERS: Final = "answers"
"""Kind of a later record: the same person's answers after an early send, whole."""

MESSAGE: Final = "message"
"""Kind of what the person writes later; sealed by the server as it arrives."""

REPLY: Final = "reply"
"""Kind of the desk's own copy of a reply. The person's is a letter, sealed to the inbox."""

NOTE: Final = "note"
"""Kind of everything else that a desk adds: notes, and the reasons for what was done."""

LETTER: Final = "letter"
"""Not a record of the case: a reply sealed to the person's inbox, numbered like its copy."""

TOKEN: Final = "token"
"""Not a record of the case: the return token sealed to the case, replaced when it moves."""

LONGEST: Final = 3000
"""Characters of a message or a reply: it must fit one card together with what stands around it."""

ROOM: Final = 1000
"""Records of a case up to which the person may add: a case travels whole, and is opened whole."""

ROOM_FOR_DESKS: Final = 2 * ROOM
"""So that what the person filled can still be answered, judged and closed."""

DESK_TYPE: Final = "application/vnd.tropa.desk-record+json"
"""The DSSE payload type of what a desk writes into a case."""

NEWER = (
    "It was written by another version of Tropa or holds something else than its label says. "
    "Update the desk; if it stays, show it to a lead."
)


@dataclass(frozen=True, slots=True)
class AnswersRecord:
    """The plaintext of a record of kind `intake` or `answers`.

    `form` is the SHA-256 of the form in hex, `language` the one the person answered in. `inbox`
    is the public key to which replies are sealed (1,216 bytes), in kind `intake` alone.
    """

    form: str
    language: str
    answers: Answers = field(repr=False)
    inbox: bytes | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        return ANSWERS if self.inbox is None else INTAKE

    def to_bytes(self) -> bytes:
        """Compact JSON in UTF-8."""
        document: dict[str, object] = {
            "v": 1,
            "form": self.form,
            "language": self.language,
            "answers": encode(self.answers),
        }
        if self.inbox is not None:
            document["inbox"] = encoded(self.inbox)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes, kind: str) -> Self:
        """The reverse of `to_bytes`; raises `Unreadable` unless it is a record of this kind."""
        try:
            shape = _AnswersShape.model_validate_json(data)
            answers = decode(shape.answers)
        except (ValidationError, BadAnswers):
            raise Unreadable(NEWER) from None
        if (kind == INTAKE) != (shape.inbox is not None) or kind not in (INTAKE, ANSWERS):
            raise Unreadable(NEWER)
        inbox = None if shape.inbox is None else decoded(shape.inbox)
        return cls(shape.form, shape.language, answers, inbox)


class _AnswersShape(Shape):
    v: Literal[1]
    form: Digest
    language: Id
    answers: dict[str, object]
    inbox: Bytes | None = None


class _Written(Shape):
    """What the records of one JSON object each have in common."""

    v: Literal[1] = 1

    def to_bytes(self) -> bytes:
        """Compact JSON in UTF-8."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The reverse of `to_bytes`; raises `Unreadable`."""
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            raise Unreadable(NEWER) from None


class Message(_Written):
    """A record of kind `message`: what the person wrote after sending. `at`: the hour of it."""

    language: Id
    at: AwareDatetime
    text: str = Field(min_length=1, max_length=LONGEST, repr=False)


class Letter(_Written):
    """What the person reads. `codeword`: the one he chose, with the first reply alone."""

    at: AwareDatetime
    text: str = Field(min_length=1, max_length=LONGEST, repr=False)
    codeword: str | None = Field(default=None, max_length=200, repr=False)


class About(StrEnum):
    """What a desk's record is about."""

    REPLY = "reply"
    NOTE = "note"
    HAND_OVER = "hand_over"
    ADVICE = "advice"
    LEVEL = "level"
    OUTCOME = "outcome"
    REKEY = "rekey"


class Outcome(StrEnum):
    """How a case ended, as far as the volunteer knows."""

    INFORMED = "informed"
    REFERRED = "referred"
    LEGAL_HELP = "legal_help"
    SAFE = "safe"
    ASYLUM_FILED = "asylum_filed"
    ASYLUM_GRANTED = "asylum_granted"
    UNREACHABLE = "unreachable"
    WITHDREW = "withdrew"
    NOT_ELIGIBLE = "not_eligible"
    HOSTILE = "hostile"
    DUPLICATE = "duplicate"


class DeskRecord(_Written):
    """The signed payload of a record of kind `reply` or `note`.

    It names its own place, so that a signature cannot be carried to another. `value`: the level
    now, the outcome, the key id of the colleague, or of the case's key before, by what it is about.
    `past`: how far its author had seen the record of key events (`intake.ledger.past`), so that
    whoever reads it finds out if the two of them are shown different ones.
    """

    case: CaseId
    number: int = Field(ge=1, lt=2**32)
    about: About
    at: AwareDatetime
    text: str = Field(default="", max_length=LONGEST, repr=False)
    value: str | None = Field(default=None, max_length=64)
    past: Past | None = None

    @property
    def kind(self) -> str:
        return REPLY if self.about is About.REPLY else NOTE
