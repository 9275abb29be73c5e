"""Whether an answer fits its question, and how raw input becomes an answer.

Nothing here moves the interview on.
"""

import unicodedata
from datetime import date, datetime, timedelta

from intake.answers import LONGEST_TEXT, SKIPPED, Answer, Skipped
from intake.questions import Kind, Question

_STEERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing: they could make a reader see another text."""


def fits(question: Question | None, answer: Answer | Skipped) -> bool:
    """Whether the answer could have been given to the question, limits of a text aside."""
    if question is None:
        return False
    if answer is SKIPPED:
        return question.skip
    if question.kind is Kind.ONE:
        return isinstance(answer, str) and answer in question.choices
    match question.kind:
        case Kind.MANY:
            return isinstance(answer, tuple) and _fits_many(question, answer)
        case Kind.NUMBER:
            return isinstance(answer, int) and question.low <= answer <= question.high
        case Kind.HOUR:
            return isinstance(answer, int) and -11 <= answer <= 12
        case Kind.DATE:
            return isinstance(answer, date) or (
                isinstance(answer, str) and answer in question.choices
            )
    return isinstance(answer, str) and 0 < len(answer) <= LONGEST_TEXT


def _fits_many(question: Question, answer: tuple[str, ...]) -> bool:
    if not answer or not all(choice in question.choices for choice in answer):
        return False
    if len(set(answer)) != len(answer) or (question.most and len(answer) > question.most):
        return False
    return len(answer) == 1 or not any(question.choices[choice].alone for choice in answer)


def toggled(question: Question, marks: tuple[str, ...], choice: str) -> tuple[str, ...]:
    """The ticks after a tap, in the order of the form; a choice that stands alone clears others."""
    if choice in marks:
        return tuple(mark for mark in marks if mark != choice)
    if question.choices[choice].alone:
        return (choice,)
    kept = {mark for mark in marks if not question.choices[mark].alone} | {choice}
    return tuple(name for name in question.choices if name in kept)


def over(question: Question, answer: Answer | Skipped | None) -> int:
    """Characters by which a text exceeds the question's limit."""
    if question.kind is not Kind.TEXT or not isinstance(answer, str):
        return 0
    return max(0, len(answer) - question.limit)


def joined(held: Answer | Skipped | None, addition: str) -> str | None:
    """Several messages are one answer, a line each; None where it would hold too much."""
    text = f"{held}\n{addition}" if isinstance(held, str) else addition
    return text if len(text) <= LONGEST_TEXT else None


def clean(text: str) -> str:
    """The text without control characters and halves of characters, and nothing else lost."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return "".join(_kept(character) for character in text.replace("\r\n", "\n")).strip()


def _kept(character: str) -> str:
    if character in "\n\r\t\v\f\u2028\u2029":
        return " " if character == "\t" else "\n"
    if character in _STEERING:
        return ""
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" else character


def hour_offset(hour: int, now: datetime) -> int:
    """Hours ahead of UTC, -11 to 12, of a place where the clock shows `hour` (0 to 23)."""
    return (hour - now.hour + 11) % 24 - 11


def local_hour(offset: int, now: datetime) -> int:
    """What the clock shows now, where `hour_offset` gave `offset`."""
    return (now.hour + offset) % 24


def calendar(question: Question, today: date) -> tuple[date, date]:
    """The first and the last day that may be picked."""
    return today + timedelta(days=question.low), today + timedelta(days=question.high)


def within_calendar(question: Question, day: date, today: date) -> bool:
    earliest, latest = calendar(question, today)
    return earliest <= day <= latest
