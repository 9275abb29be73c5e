"""A year of requests that never were: what a line might hear, drawn by a seeded die.

Pure. Whoever asks answers what the form asks and nothing else. The proportions are invented, and
such that charts have something to show: ever more requests, and ever more of soldiers who want out.
"""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from intake.answers import SKIPPED, Answer, Answers, Skipped
from intake.case import CaseHeader, ContactRule, to_the_hour
from intake.counting import first_day, month_after, month_of
from intake.questions import Choice, Does, Form, Kind, Question
from intake.records import Outcome
from intake.triage import triage

MONTHS: Final = 12
"""So many whole months, and the one that runs."""

REQUESTS: Final = (1_200, 1_400)
"""In the first of the whole months and in the last: so many that a share of three in a hundred is
not hidden."""

WANT_OUT: Final = (0.032, 0.44)
"""The share of soldiers who want out, likewise."""

OTHER_SOLDIERS: Final = 0.06
UNANSWERED: Final = 0.05
SKIPS: Final = 0.06
SILENT: Final = 0.08
"""So many of those who do not want out do not say what they are, or what they need."""

Weights = Mapping[str, float]
Persona = dict[str, Answer | Skipped]

SOLDIERS: Final[Weights] = {
    "contract": 50, "mobilised": 16, "officer": 11, "conscript": 11, "prison": 12,
}  # fmt: skip
OTHERS: Final[Weights] = {"reserve": 38, "discharged": 17, "civilian": 45}
OUT: Final[Weights] = {
    "left": 30, "front": 18, "abroad": 17, "rear": 14, "hospital": 10, "leave": 8, "detained": 3,
}  # fmt: skip
IN: Final[Weights] = {"front": 35, "rear": 40, "hospital": 25}
AT_HOME: Final[Weights] = {"none": 80, "abroad": 20}
ANSWERS: Final[Mapping[str, Weights]] = {
    "device": {"mine": 80, "sometimes": 20},
    "danger": {"day": 3, "days3": 7, "weeks2": 20, "no": 45, "unsure": 25},
    "who": {"me": 62, "relative": 33, "other": 5},
    "region": {
        "kz": 26, "am": 20, "ge": 14, "rs": 9, "tr": 8, "kg": 8, "eu": 7, "by": 4, "us": 2,
        "other": 2,
    },
    "stay_until": {"permit": 30, "expired": 15, "unknown": 25},
    "health": {"no": 66, "wound": 20, "regular": 13, "urgent": 1},
    "mind": {"coping": 40, "hard": 40, "very_hard": 16, "dark": 4},
    "mind_now": {"no": 100},
    "contact": {"never": 35, "any": 30, "evening": 20, "day": 10, "night": 5},
}  # fmt: skip
NEEDS: Final[Mapping[str, Weights]] = {
    "out": {"legal": 55, "relocation": 55, "asylum": 15, "documents": 12, "psych": 10},
    "in": {"medical": 40, "psych": 40, "information": 40},
    "other": {"information": 55, "legal": 30, "housing": 15, "documents": 15, "psych": 12},
}
OUTCOMES: Final[Mapping[str, Weights]] = {
    "out": {
        "legal_help": 40, "safe": 15, "referred": 14, "informed": 12, "unreachable": 9,
        "asylum_filed": 6, "withdrew": 4,
    },
    "other": {"informed": 55, "referred": 20, "legal_help": 12, "unreachable": 7, "duplicate": 6},
}  # fmt: skip

HOURS: Final = {"P0": 0.6, "P1": 4.0, "P2": 14.0, "P3": 34.0}
"""Half of the first answers have come by then."""


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody's request and what became of it, as far as anything has by now."""

    at: datetime
    answers: Answers
    header: CaseHeader
    answered: datetime | None = None
    closed: datetime | None = None
    outcome: Outcome = Outcome.INFORMED


def a_year(form: Form, now: datetime, scale: float = 1.0, seed: int = 1) -> Iterator[Request]:
    """The requests of the last whole months and of the one that runs, in no order."""
    dice = random.Random(seed)
    for place, month in enumerate(_months(month_of(now))):
        begins, ends = _first(month), _first(month_after(month))
        part = min(1.0, (now - begins) / (ends - begins))
        progress = min(1.0, place / (MONTHS - 1))
        for kind in _kinds(progress, part * scale, dice):
            at = begins + dice.random() * part * (ends - begins)
            yield _request(form, kind, at, now, dice)


def waiting(form: Form, now: datetime, count: int, seed: int = 2) -> Iterator[Request]:
    """Requests of the last days that nobody has answered; none of them wants to be told."""
    dice = random.Random(seed)
    for _ in range(count):
        kind = "out" if dice.random() < WANT_OUT[1] else "other"
        at = now - timedelta(hours=min(140, dice.expovariate(1 / 30)))
        persona = _persona(kind, dice) | {"contact": "never"}
        answers = _answers(form, persona, at.date(), dice)
        yield Request(at, answers, _header(form, answers, at, dice))


def _months(running: str) -> list[str]:
    found = [f"{int(running[:4]) - MONTHS // 12}{running[4:]}"]
    while found[-1] != running:
        found.append(month_after(found[-1]))
    return found


def _first(month: str) -> datetime:
    return datetime.combine(first_day(month), time(tzinfo=UTC))


def _kinds(progress: float, part: float, dice: random.Random) -> list[str]:
    """Who asks in so much of a month: soldiers who want out, other soldiers, and everybody else."""
    many = round(part * (REQUESTS[0] + (REQUESTS[1] - REQUESTS[0]) * progress))
    out = round(many * (WANT_OUT[0] + (WANT_OUT[1] - WANT_OUT[0]) * progress))
    soldiers = round(many * OTHER_SOLDIERS)
    kinds = ["out"] * out + ["in"] * soldiers + ["other"] * (many - out - soldiers)
    dice.shuffle(kinds)
    return kinds


def _request(form: Form, kind: str, at: datetime, now: datetime, dice: random.Random) -> Request:
    answers = _answers(form, _persona(kind, dice), at.date(), dice)
    header = _header(form, answers, at, dice)
    took = timedelta(hours=HOURS[header.level.value] * math.exp(dice.gauss(0, 0.8)))
    answered = at + took
    closed = answered + timedelta(days=dice.uniform(1, 30))
    outcome = Outcome(_one(OUTCOMES.get(kind, OUTCOMES["other"]), dice))
    if dice.random() < UNANSWERED or answered > now:
        return Request(at, answers, header)
    return Request(at, answers, header, answered, closed if closed <= now else None, outcome)


def _header(form: Form, answers: Answers, at: datetime, dice: random.Random) -> CaseHeader:
    """What of a header is counted; the rest of it is nobody's."""
    urgency = triage(form, answers, at)
    received = to_the_hour(at)
    return CaseHeader(
        id=bytes(16),
        language="ru" if dice.random() < 0.9 else "en",
        level=urgency.level,
        skills=frozenset(),
        country=None,
        contact=ContactRule.never(),
        received=received,
        promised_by=received + urgency.promised,
        form=form.digest,
        epoch=1,
    )


def _answers(form: Form, persona: Persona, today: date, dice: random.Random) -> Answers:
    """Question after question, as the form asks them for what was said before."""
    answers: Persona = {}
    for question in form.questions:
        if not _is_asked(form, question, answers, today):
            continue
        said = persona.get(question.id)
        if said is None:
            skips = question.skip and dice.random() < SKIPS
            said = SKIPPED if skips else _said(question, today, dice)
        answers[question.id] = said
    return answers


def _is_asked(form: Form, question: Question, answers: Answers, today: date) -> bool:
    if question.when is None:
        return True
    return any(asked is question for asked in form.survey(answers, today).asked)


def _persona(kind: str, dice: random.Random) -> Persona:
    """What makes a kind the kind it is; such answers are not skipped."""
    found: Persona = {"consent": "yes", "need": _several(NEEDS[kind], 3, dice)}
    found["languages"] = ("ru",) if dice.random() < 0.8 else ("ru", "en")
    found["status"] = _one(OTHERS if kind == "other" else SOLDIERS, dice)
    if kind == "other" and dice.random() < SILENT:
        found["status"] = SKIPPED
    if kind != "out" and dice.random() < SILENT:
        found["need"] = SKIPPED
    found["situation"] = _one({"out": OUT, "in": IN, "other": AT_HOME}[kind], dice)
    found["case"] = _articles(kind, str(found["situation"]), dice)
    return found


def _articles(kind: str, situation: str, dice: random.Random) -> Answer | Skipped:
    if kind != "out":
        return ("unknown",) if dice.random() < 0.7 else SKIPPED
    gone = situation in ("left", "abroad")
    chances = {
        "a337": 0.5 if gone else 0.16, "a338": 0.24 if gone else 0.06, "a332": 0.06,
        "wanted": 0.2 if gone else 0.03, "other": 0.03,
    }  # fmt: skip
    found = tuple(article for article, chance in chances.items() if dice.random() < chance)
    return found or ("unknown",)


def _said(question: Question, today: date, dice: random.Random) -> Answer | Skipped:
    match question.kind:
        case Kind.ONE:
            return _one(ANSWERS.get(question.id) or _any(question), dice)
        case Kind.MANY:
            return _several(_any(question), question.most or 2, dice)
        case Kind.NUMBER:
            return min(question.high, question.low + int(dice.expovariate(1)))
        case Kind.DATE if dice.random() < 0.4:
            return today + timedelta(days=dice.randrange(1, 90))
        case Kind.DATE:
            return _one(ANSWERS.get(question.id) or _any(question), dice)
        case Kind.HOUR:
            return dice.choice((2, 3, 3, 4, 5, 6))
        case Kind.TEXT:
            return SKIPPED


def _any(question: Question) -> Weights:
    return {choice.id: 1.0 for choice in question.choices.values() if not _stops(choice)}


def _stops(choice: Choice) -> bool:
    return choice.alone or choice.does in (Does.INFORMATION, Does.HIDE, Does.SEND)


def _one(weights: Weights, dice: random.Random) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def _several(weights: Weights, most: int, dice: random.Random) -> tuple[str, ...]:
    """At least one, in the order of the weights."""
    drawn = {_one(weights, dice) for _ in range(dice.choice((1, 1, 2, 2, 3))) if most}
    return tuple(name for name in weights if name in drawn)[:most]
