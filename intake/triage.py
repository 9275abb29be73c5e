"""How urgent a case is, by the rules of the form, each with its reason.

Only answers count; doubts about a story and the phone's safety are not among the rules' inputs
unless a form makes them so. A volunteer may override the level; that is kept elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.answers import Answers
from intake.case import Level
from intake.questions import Form
from intake.questions import Urgency as Rules
from intake.words import Words

WAITING = "waiting"
"""The id of the reason that comes from waiting and from no rule of the form."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that holds; `points` 0 where it leads straight to a level."""

    rule: str
    points: int
    words: Words


@dataclass(frozen=True, slots=True)
class Urgency:
    """`promised`: how soon a first answer is due, counted from when the case came in."""

    level: Level
    points: int
    reasons: tuple[Reason, ...]
    promised: timedelta


def triage(
    form: Form, answers: Answers, now: datetime, waited: timedelta = timedelta(0)
) -> Urgency:
    """The urgency at `now` of a case that has `waited` since it came in."""
    rules = form.urgency
    known = form.survey(answers, now.date()).known
    hold = [rule for rule in rules.rules if rule.when.test(known, now.date())]
    reasons = [Reason(rule.id, rule.points, rule.reason) for rule in hold]
    reasons += _waiting(rules, waited)
    points = sum(reason.points for reason in reasons)
    straight = [rule.level for rule in hold if rule.level is not None]
    level = min([*straight, _level(rules, points)])
    return Urgency(level, points, tuple(reasons), rules.targets[level])


def _waiting(rules: Rules, waited: timedelta) -> Iterator[Reason]:
    spans = max(0, waited // rules.waiting_every)
    points = min(rules.waiting_most, rules.waiting_points * spans)
    if points:
        yield Reason(WAITING, points, rules.waiting_reason)


def _level(rules: Rules, points: int) -> Level:
    return next((level for level, least in rules.thresholds if points >= least), Level.P3)
