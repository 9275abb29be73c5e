"""What a person can answer, and how answers stand in JSON.

Choices are kept as ids, never as texts: a volunteer reads them in her own language. Whether an
answer fits its question is decided in `intake.interview`; nothing here knows a form.

JSON: one choice and a text are strings, several choices an array, a number an integer, a day
`{"day": "2026-11-22"}`, a skipped question null.
"""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Final

LONGEST_TEXT: Final = 4096
"""Characters of typed text that one answer may hold, limits of the question aside."""


class Skipped(Enum):
    """The type of `SKIPPED`: the person was asked and chose not to say."""

    SKIPPED = "skipped"


SKIPPED: Final = Skipped.SKIPPED

Answer = str | tuple[str, ...] | int | date
Answers = Mapping[str, Answer | Skipped]


class BadAnswers(ValueError):
    """What was read is not a set of answers as `encode` writes it."""


def encode(answers: Answers) -> dict[str, object]:
    """The answers as values that `json.dumps` takes, in the order in which they are held."""
    return {question: _value(answer) for question, answer in answers.items()}


def _value(answer: Answer | Skipped) -> object:
    if answer is SKIPPED:
        return None
    if isinstance(answer, date):
        return {"day": answer.isoformat()}
    return list(answer) if isinstance(answer, tuple) else answer


def decode(value: object) -> dict[str, Answer | Skipped]:
    """The reverse of `encode`; raises BadAnswers on anything that it cannot have written."""
    if not isinstance(value, dict):
        raise BadAnswers("answers are not a table of question and answer")
    return {_name(question): _answer(answer) for question, answer in value.items()}


def _name(value: object) -> str:
    if isinstance(value, str) and value.isascii() and 0 < len(value) <= 16:
        return value
    raise BadAnswers("a question's id is not an id")


def _answer(value: object) -> Answer | Skipped:
    if type(value) is str:  # most answers by far; every tap decodes all of them
        return _text(value)
    match value:
        case None:
            return SKIPPED
        case bool() | float():
            raise BadAnswers("an answer is of no known kind")
        case int():
            return value
        case [*several]:
            return tuple(_name(choice) for choice in several)
        case {"day": str(day), **rest} if not rest:
            return _day(day)
        case _:
            raise BadAnswers("an answer is of no known kind")


def _text(value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise BadAnswers("a text is longer than any answer may be")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadAnswers("a text holds half a character") from error
    return value


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise BadAnswers("a day is not a date") from error
