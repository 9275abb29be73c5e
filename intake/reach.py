"""Questions that nobody reaches and rules that never apply, found by trying what can be said.

Of each question only the answers are tried that some condition tells apart, one of the rest,
and silence. A form too tangled for that within the limit passes unjudged: this check helps an
editor, safety does not hang on it.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Final

from intake.answers import Answer
from intake.condition import Condition
from intake.fitting import calendar, fits
from intake.lined import Fault, Path, Source
from intake.questions import Does, Form, Kind, Question

_MOST_TRIALS: Final = 5000
_LARGEST_SET: Final = 3
_TODAY: Final = date(2026, 1, 1)
"""Any day does: conditions speak of days from today."""


def dead_ends(form: Form, source: Source) -> list[Fault]:
    """A fault for every question and every rule whose condition cannot come true."""
    faults = []
    for path, condition, what in _conditions(form):
        if not _Trial(form, condition).possible():
            faults.append(Fault(source.line(*path), f"{what}: no answers make this true"))
    return faults


def _conditions(form: Form) -> Iterator[tuple[Path, Condition, str]]:
    for place, question in enumerate(form.questions):
        if question.when is not None:
            yield ("questions", place, "when"), question.when, f"nobody reaches '{question.id}'"
    for place, rule in enumerate(form.urgency.rules):
        yield ("urgency", "rules", place, "when"), rule.when, f"rule '{rule.id}' never applies"
    for place, route in enumerate(form.routing.routes):
        yield ("routing", "rules", place, "when"), route.when, "this route is never taken"


class _Trial:
    """One condition, tried against all that could be known of the questions it depends on."""

    def __init__(self, form: Form, condition: Condition) -> None:
        self._condition = condition
        self._mentions: dict[str, set[str | int]] = {}
        self._gather(form, condition)
        self._questions = [q for q in form.questions if q.id in self._mentions]
        self._left = _MOST_TRIALS

    def _gather(self, form: Form, condition: Condition) -> None:
        """The questions that the condition depends on, through other conditions too."""
        for name, values in condition.mentions.items():
            new = name not in self._mentions
            self._mentions.setdefault(name, set()).update(values)
            question = form.by_id[name]
            inner = [question.when] if question.when else []
            for part in [*inner, *(derive for derive, _ in question.derive)] if new else []:
                self._gather(form, part)

    def possible(self) -> bool:
        return self._try(0, {})

    def _try(self, place: int, known: dict[str, Answer]) -> bool:
        if place == len(self._questions):
            self._left -= 1
            return self._left < 0 or self._condition.test(known, _TODAY)
        question = self._questions[place]
        if question.when is not None and not question.when.test(known, _TODAY):
            return self._try(place + 1, _derived(question, known))
        answers = _answers(question, self._mentions[question.id])
        silent = question.skip and self._try(place + 1, known)
        return silent or any(
            self._left < 0 or self._try(place + 1, {**known, question.id: answer})
            for answer in answers
        )


def _derived(question: Question, known: dict[str, Answer]) -> dict[str, Answer]:
    for condition, value in question.derive:
        if condition.test(known, _TODAY):
            return {**known, question.id: value}
    return known


def _answers(question: Question, mentioned: set[str | int]) -> list[Answer]:
    """Answers that conditions tell apart, and one that stands for the rest."""
    named = [name for name in question.choices if name in mentioned]
    rest = [name for name in question.choices if name not in mentioned][:1]
    choices = [n for n in [*named, *rest] if question.choices[n].does is not Does.INFORMATION]
    match question.kind:
        case Kind.ONE:
            return list(choices)
        case Kind.MANY:
            return [marks for marks in _sets(choices) if fits(question, marks)]
        case Kind.DATE:
            return [*choices, *_days(question, mentioned)]
        case Kind.NUMBER:
            numbers = {question.low, question.high, *_integers(mentioned)}
            return [number for number in sorted(numbers) if fits(question, number)]
        case Kind.TEXT | Kind.HOUR:
            return ["?"]


def _sets(choices: list[str]) -> Iterator[tuple[str, ...]]:
    for size in range(1, _LARGEST_SET + 1):
        yield from combinations(choices, size)


def _days(question: Question, mentioned: set[str | int]) -> list[date]:
    first, last = calendar(question, _TODAY)
    days = {_TODAY + timedelta(days=number) for number in _integers(mentioned)}
    return sorted(day for day in {first, last, *days} if first <= day <= last)


def _integers(mentioned: set[str | int]) -> list[int]:
    return [value for value in mentioned if isinstance(value, int)]
