"""Answers for a reader: in her language, whichever language they were given in, and with deadlines.

Reads only; an answer that the form no longer knows is shown by its id rather than hidden.
"""

from dataclasses import dataclass
from datetime import date, datetime

from intake.answers import SKIPPED, Answer, Answers, Skipped
from intake.questions import Form, Kind, Question


@dataclass(frozen=True, slots=True)
class Line:
    """One question as a reader sees it. `said` False: skipped, not reached, or not derived.

    `derived`: it was not asked and follows from other answers.
    """

    question: str
    topic: str
    label: str
    text: str
    said: bool
    derived: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day that was given as an answer; `days_left` is negative once it has passed."""

    question: str
    day: date
    days_left: int


def describe(form: Form, answers: Answers, language: str, now: datetime) -> list[Line]:
    """Every question that concerned this person, in the order of the form.

    An answer to a question that is not asked any more for the rest of the answers is shown too:
    a reader decides what to make of it.
    """
    survey = form.survey(answers, now.date())
    asked = {question.id for question in survey.asked}
    lines = []
    for question in form.questions:
        answer = answers.get(question.id)
        derived = answer is None and question.id not in asked
        answer = survey.known.get(question.id) if derived else answer
        if question.id in asked or answer is not None:
            lines.append(_line(form, question, answer, language, derived))
    return lines


def _line(
    form: Form, question: Question, answer: Answer | Skipped | None, language: str, derived: bool
) -> Line:
    return Line(
        question=question.id,
        topic=form.topics[question.topic].text(language),
        label=question.label.text(language),
        text=answer_text(form, question, answer, language),
        said=answer is not None and answer is not SKIPPED,
        derived=derived,
    )


def answer_text(
    form: Form, question: Question, answer: Answer | Skipped | None, language: str
) -> str:
    """An answer in words; a day as 2026-11-22, an hour as the offset from UTC that it gave."""
    if answer is None or isinstance(answer, Skipped):
        return form.texts.unsaid.text(language)
    if isinstance(answer, tuple):
        return ", ".join(_choice(question, choice, language) for choice in answer)
    if isinstance(answer, date):
        return answer.isoformat()
    if isinstance(answer, int):
        return f"UTC{answer:+d}" if question.kind is Kind.HOUR else str(answer)
    return answer if question.kind is Kind.TEXT else _choice(question, answer, language)


def _choice(question: Question, choice: str, language: str) -> str:
    known = question.choices.get(choice)
    return known.label.text(language) if known else choice


def deadlines(form: Form, answers: Answers, now: datetime) -> list[Deadline]:
    """Every day among the answers, the nearest first, counted from the day of `now`."""
    known = form.survey(answers, now.date()).known
    days = [(answer, name) for name, answer in known.items() if isinstance(answer, date)]
    return [Deadline(name, day, (day - now.date()).days) for day, name in sorted(days)]
