"""People who ask for help, made up: each counted as the line counts a request, and nothing else.

Who they are is drawn from a seed. The forms' rules hold for them as for everybody: what is not
asked is not answered, the country follows from the situation, urgency from the answers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final

from bot.count_tables import Labels
from intake.answers import Answers
from intake.case import CaseHeader, to_the_hour
from intake.counting import ALL, SHARES, Cell, Tally, of_closing, of_first_answer, of_request
from intake.counts import Release, Rules, disclose
from intake.form import load_form
from intake.questions import Form
from intake.records import Outcome
from intake.routing import contact_rule, route
from intake.ties import ties
from intake.triage import triage
from tests.organisation import FORM

MONTH: Final = "2026-10"
NOW: Final = datetime(2026, 10, 14, 12, 30, tzinfo=UTC)

Figures = Mapping[Cell, int | None]
"""What is published, by table and cell; None is hidden."""

_SOME: Final[Mapping[str, tuple[Any, ...]]] = {
    "danger": ("day", "days3", "weeks2", "no", "no", "unsure", None),
    "who": ("me", "me", "relative", "other"),
    "status": ("contract",) * 6
    + ("mobilised",) * 4
    + ("officer", "conscript", "prison", "reserve", "civilian", None),
    "situation": ("front",) * 2
    + ("rear",) * 3
    + ("hospital", "leave", "left", "left", "abroad", "abroad", "detained", "none", None),
    "region": ("by", "kz", "am", "ge", "ge", "rs", "tr", "eu", "us", "other", None),
    "health": ("no", "no", "wound", "urgent", None),
    "case": (("a337",), ("a337",), ("a338",), ("a337", "wanted"), ("unknown",), None, None),
    "need": (
        ("legal", "relocation"),
        ("legal",),
        ("relocation", "asylum", "documents"),
        ("psych",),
        ("information",),
        None,
    ),
}
"""What they answer, the more often the more often it stands here; None is not said."""

_WAITS: Final = (3, 3, 20, 50, 100, 300)
"""Hours until the first answer."""


@cache
def form() -> Form:
    return load_form(FORM.read_bytes())


@dataclass(frozen=True, slots=True)
class Person:
    """`cells`: everything he stands in, in the month in which he asks, is answered and leaves."""

    answers: Answers
    language: str
    cells: tuple[Cell, ...]

    def but(self, **answers: Any) -> "Person":
        """The same with other answers to some questions; the rest of his way stays as it was."""
        changed = {**self.answers, **answers}
        made = person({q: a for q, a in changed.items() if a is not None}, self.language)
        kept = {table for table, _ in made.cells}
        way = (cell for cell in self.cells if cell[0] not in kept | {SHARES})
        return Person(made.answers, self.language, (*made.cells, *way))


def header_of(answers: Answers, language: str, now: datetime) -> CaseHeader:
    """As the server makes it."""
    urgency = triage(form(), answers, now)
    needs = route(form(), answers, language, now)
    received = to_the_hour(now)
    return CaseHeader(
        id=bytes(16),
        language=language,
        level=urgency.level,
        skills=needs.skills,
        country=needs.country,
        contact=contact_rule(form(), answers, now),
        received=received,
        promised_by=received + urgency.promised,
        form=form().digest,
        epoch=1,
    )


def person(
    answers: Answers,
    language: str = "ru",
    hours: int | None = None,
    outcome: Outcome | None = None,
) -> Person:
    """Somebody with these answers; `hours` until he was answered, `outcome` how it ended."""
    header = header_of(answers, language, NOW)
    cells = of_request(form(), answers, header, NOW.date())
    if hours is not None:
        cells += of_first_answer(header, header.received + timedelta(hours=hours))
    if outcome is not None:
        cells += of_closing(outcome)
    return Person(answers, language, cells)


def people(dice: Random, count: int, some: Mapping[str, tuple[Any, ...]] = _SOME) -> list[Person]:
    """So many, at random; most were answered, and half of those left."""
    return [_anybody(dice, some) for _ in range(count)]


def _anybody(dice: Random, some: Mapping[str, tuple[Any, ...]]) -> Person:
    chosen = {question: dice.choice(answers) for question, answers in some.items()}
    answers = {question: answer for question, answer in chosen.items() if answer is not None}
    hours = dice.choice(_WAITS) if dice.random() < 0.9 else None
    closed = hours is not None and dice.random() < 0.5
    return person(
        answers,
        dice.choice(("ru", "ru", "ru", "en")),
        hours,
        dice.choice(tuple(Outcome)) if closed else None,
    )


def uneven(dice: Random) -> Mapping[str, tuple[Any, ...]]:
    """Answers of which some are given by nearly all and others by nearly nobody."""
    return {
        question: tuple(
            answer
            for answer in sorted(set(answers), key=str)
            for _ in range(dice.choice((0, 1, 1, 3, 9, 30)))
        )
        or answers
        for question, answers in _SOME.items()
    }


def tally_of(crowd: Iterable[Person]) -> Tally:
    return Tally(Counter(cell for one in crowd for cell in one.cells))


def loosened(**changes: int | float) -> Rules:
    """Rules below the floors, as no setting can make them: a protection that is switched off."""
    return Rules().model_copy(update=changes)


@cache
def _labels() -> Labels:
    return Labels(form())


def released(tally: Tally, dice: Random, rules: Rules | None = None) -> Release:
    """The month's release, as the server makes it."""
    blank = _labels().blank(MONTH, rules or Rules())
    return disclose(blank, tally, dice.randbytes, ties(form()))


def published(release: Release) -> Figures:
    """Every figure of a release."""
    found: dict[Cell, int | None] = {(base, ALL): n for base, n in release.totals.items()}
    for table in release.tables:
        found |= {(table.id, cell.id): cell.count for cell in table.cells}
    return found | {(SHARES, share.id): share.count for share in release.shares}
