"""An unfinished interview: all there is to know about it, and its bytes.

A draft is never changed; a step makes another. The bytes are compact JSON of ids, made to fit
the smallest padded size; sealing and storing them is done elsewhere.
"""

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final

from intake.answers import Answers, BadAnswers, decode, encode

SEEN: Final = 16
"""So many of the last update ids are remembered, so that a text delivered twice counts once."""


class BadDraft(ValueError):
    """The bytes are not those of a draft."""


class Place(StrEnum):
    """Where the person is: a question, the offer to send now, a text after it, the review."""

    ASK = "a"
    OFFER = "o"
    TEXT = "t"
    REVIEW = "r"


@dataclass(frozen=True, slots=True)
class Draft:
    """`question` is empty in the review. `marks`: choices ticked and not yet confirmed.

    `editing`: the question was opened from the review and returns to it. `case`: the id, in hex,
    of the case that was sent early; the rest of the answers will follow it. `counted`: what its
    answers were counted in by then, the month first.
    """

    language: str
    question: str
    place: Place = Place.ASK
    answers: Answers = field(default_factory=dict, repr=False)
    marks: tuple[str, ...] = field(default=(), repr=False)
    editing: bool = False
    seen: tuple[int, ...] = field(default=(), repr=False)
    case: str | None = field(default=None, repr=False)
    counted: tuple[str, ...] = field(default=(), repr=False)

    def to_bytes(self) -> bytes:
        table: dict[str, object] = {"l": self.language, "q": self.question}
        if self.place is not Place.ASK:
            table["p"] = self.place.value
        if self.answers:
            table["a"] = encode(self.answers)
        if self.marks:
            table["m"] = self.marks
        if self.editing:
            table["e"] = 1
        if self.seen:
            table["s"] = _steps(self.seen)
        if self.case is not None:
            table["c"] = self.case
        if self.counted:
            table["n"] = self.counted
        return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Draft":
        """Raises BadDraft. Whether the draft fits a form is for `intake.interview.mend`."""
        try:
            table = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadDraft("the draft is not JSON") from error
        if not isinstance(table, dict):
            raise BadDraft("the draft is not a table")
        try:
            return _read(cls, table)
        except (BadAnswers, KeyError, TypeError, ValueError) as error:
            raise BadDraft("the draft is not complete or not in order") from error

    def saw(self, update_id: int) -> "Draft":
        return replace(self, seen=(*self.seen, update_id)[-SEEN:])


def mark_sent(draft: Draft, case: str, counted: tuple[str, ...] = ()) -> Draft:
    """The draft after its answers so far became the case with this id (hex)."""
    return replace(draft, case=case, counted=counted)


def _read(cls: type[Draft], table: dict[str, object]) -> Draft:
    case = table.get("c")
    return cls(
        language=_string(table["l"], 8),
        question=_string(table["q"], 16),
        place=Place(_string(table.get("p", "a"), 1)),
        answers=decode(table.get("a", {})),
        marks=tuple(_string(mark, 16) for mark in _array(table.get("m", []))),
        editing=table.get("e") == 1,
        seen=_sums([_integer(step) for step in _array(table.get("s", []))]),
        case=None if case is None else _string(case, 64),
        counted=tuple(_string(cell, 33) for cell in _array(table.get("n", []))),
    )


def _string(value: object, longest: int) -> str:
    if isinstance(value, str) and len(value) <= longest and value.isascii():
        return value
    raise BadDraft("a name is expected")


def _array(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise BadDraft("a list is expected")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadDraft("a number is expected")


def _steps(numbers: tuple[int, ...]) -> list[int]:
    """The first number and then differences: neighbouring update ids cost two bytes, not ten."""
    return [numbers[0], *(b - a for a, b in pairwise(numbers))]


def _sums(steps: list[int]) -> tuple[int, ...]:
    numbers: list[int] = []
    for step in steps:
        numbers.append(numbers[-1] + step if numbers else step)
    return tuple(numbers)
