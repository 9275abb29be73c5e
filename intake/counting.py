"""What is counted, one question at a time, and the months it is counted in.

People, not messages: a request counts when it is sent, a first answer when it is given, a closing
when a case is closed for the first time. Nothing leads from a number to a case, and no two answers
of one person stand together. What may be shown of it is in `intake.counts`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from intake.answers import Answer, Answers
from intake.case import CaseHeader
from intake.questions import Counted, Form
from intake.records import Outcome

Cell = tuple[str, str]
"""A table and one of its cells, by their ids."""

REQUESTS: Final = "requests"
ANSWERS: Final = "answers"
CLOSINGS: Final = "closings"
BASES: Final = (REQUESTS, ANSWERS, CLOSINGS)
"""What tables are of. Each has one cell, `ALL`: how many there were."""

ALL: Final = "all"
UNSAID: Final = "unsaid"
LANGUAGE: Final = "language"
URGENCY: Final = "urgency"
WAITED: Final = "waited"
PROMISE: Final = "promise"
OUTCOME: Final = "outcome"
SHARES: Final = "shares"

OWN: Final = frozenset({*BASES, LANGUAGE, URGENCY, WAITED, PROMISE, OUTCOME, SHARES})
"""Ids that no table of a form may have."""

KEPT, BROKEN = "kept", "broken"

CLASSES: Final = (
    ("h6", timedelta(hours=6)),
    ("h24", timedelta(hours=24)),
    ("d3", timedelta(days=3)),
    ("d7", timedelta(days=7)),
)
"""How long a first answer took, at most; what took longer is `LONGER`."""

LONGER: Final = "more"


class BadTally(ValueError):
    """The bytes are not those of a tally."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each cell was counted in one month; never below nothing."""

    counts: Mapping[Cell, int] = field(default_factory=dict)

    def count(self, table: str, cell: str) -> int:
        return self.counts.get((table, cell), 0)

    def with_(self, more: Iterable[Cell], less: Iterable[Cell] = ()) -> "Tally":
        """The tally with these cells counted once more, and those once less."""
        counts = Counter(self.counts)
        counts.subtract(less)
        counts.update(more)
        return Tally({cell: n for cell, n in counts.items() if n > 0})

    def plus(self, other: "Tally") -> "Tally":
        return Tally(Counter(self.counts) + Counter(other.counts))

    def to_bytes(self) -> bytes:
        """Compact JSON: table, cell and number of each."""
        rows = [[*cell, n] for cell, n in sorted(self.counts.items())]
        return json.dumps(rows, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tally":
        """Raises BadTally."""
        try:
            rows = json.loads(data)
            return cls({(_id(table), _id(cell)): _many(n) for table, cell, n in rows})
        except (ValueError, TypeError) as error:
            raise BadTally("this is not a tally") from error


def of_request(form: Form, answers: Answers, header: CaseHeader, today: date) -> tuple[Cell, ...]:
    """Everything that a request counts in, when it is sent."""
    return (
        (REQUESTS, ALL),
        (LANGUAGE, header.language),
        (URGENCY, header.level.value.lower()),
        *of_answers(form, answers, today),
    )


def of_answers(form: Form, answers: Answers, today: date) -> tuple[Cell, ...]:
    """What the answers count in; of what was not said, `UNSAID`."""
    if form.counts is None:
        return ()
    known = form.survey(answers, today).known
    found = [
        (counted.id, cell)
        for counted in form.counts.questions
        for cell in _cells(counted, known.get(counted.question))
    ]
    found += [(SHARES, share.id) for share in form.counts.shares if share.when.test(known, today)]
    return tuple(found)


def _cells(counted: Counted, answer: Answer | None) -> list[str]:
    if answer is None:
        return [UNSAID]
    chosen = answer if isinstance(answer, tuple) else (str(answer),)
    cells = {counted.cell_of[choice] for choice in chosen if choice in counted.cell_of}
    return sorted(cells) or [UNSAID]


def kept_for_later(month: str, cells: Iterable[Cell]) -> tuple[str, ...]:
    """What a draft that goes on keeps of what its answers were counted in: month, then cells."""
    said = (f"{table}.{cell}" for table, cell in cells if cell != UNSAID)
    return (month, *said)


def of_kept(form: Form, kept: tuple[str, ...]) -> tuple[str, tuple[Cell, ...]]:
    """The reverse: the month, and every cell that the answers were counted in then."""
    month, *said = kept
    cells = [(table, cell) for table, _, cell in (one.partition(".") for one in said)]
    spoken = {table for table, _ in cells}
    counts = form.counts.questions if form.counts is not None else ()
    cells += [(counted.id, UNSAID) for counted in counts if counted.id not in spoken]
    return month, tuple(cells)


def of_first_answer(header: CaseHeader, now: datetime) -> tuple[Cell, ...]:
    """What the first answer to a case counts in."""
    took = now - header.received
    within = next((name for name, most in CLASSES if took <= most), LONGER)
    kept = KEPT if now <= header.promised_by else BROKEN
    return ((ANSWERS, ALL), (WAITED, within), (PROMISE, kept))


def of_closing(outcome: Outcome) -> tuple[Cell, ...]:
    """What closing a case for the first time counts in."""
    return ((CLOSINGS, ALL), (OUTCOME, outcome.value))


def month_of(moment: datetime) -> str:
    """The month in UTC that something counts in, such as 2026-11."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def month_after(month: str) -> str:
    """The month that follows."""
    return f"{first_day(month).replace(day=28) + timedelta(days=4):%Y-%m}"


def first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 16:
        raise ValueError("an id is expected")
    return value


def _many(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a number is expected")
    return value
