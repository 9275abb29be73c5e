"""A case with everything that a machine which is never online needs to read it, in one file.

Shapes and JSON only. Nothing in it has to be believed: the roster is signed, the form is named by
its digest on the roster, and the case is ciphertext.
"""

from typing import Final, Literal, Self

from pydantic import Field, ValidationError

from intake.shapes import Bytes, Shape, Unreadable, decoded, encoded
from intake.wire import CaseFile

BUNDLE_SUFFIX: Final = ".tropa"

BROKEN: Final = (
    "This is not a whole file of a case: it was cut short, edited, or is something else. "
    "Get it again: /take in Telegram."
)


class Bundle(Shape):
    """`roster`: the signed envelope as the server has it. `form`: the file of the case's form."""

    v: Literal[1] = 1
    case: CaseFile
    roster: Bytes = Field(repr=False)
    form: Bytes = Field(repr=False)

    @classmethod
    def of(cls, case: CaseFile, roster: bytes, form: bytes) -> Self:
        return cls(case=case, roster=encoded(roster), form=encoded(form))

    @property
    def roster_file(self) -> bytes:
        return decoded(self.roster)

    @property
    def form_file(self) -> bytes:
        return decoded(self.form)

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode() + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises `Unreadable` when the file is cut short, edited, or something else."""
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            raise Unreadable(BROKEN) from None
