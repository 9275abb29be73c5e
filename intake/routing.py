"""Whom a case needs, who of the roster may open it, and when the person may be written to.

Rules and hours are data of the form. Nothing is decided here about keys: who is named here gets
a key wrapped by the caller.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from intake.answers import Answer, Answers
from intake.case import ContactRule
from intake.questions import Form


class Member(Protocol):
    """What routing looks at in a member of the roster."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def skills(self) -> Collection[str]: ...
    @property
    def languages(self) -> Collection[str]: ...


_Member = TypeVar("_Member", bound=Member)


@dataclass(frozen=True, slots=True)
class Needs:
    """`country` is set only where a route of the form asks for it: it will stand in clear."""

    skills: frozenset[str]
    languages: frozenset[str]
    country: str | None


def route(form: Form, answers: Answers, language: str, now: datetime) -> Needs:
    """What the case needs; `language` is that of the interview, spoken if nothing else is said."""
    known = form.survey(answers, now.date()).known
    taken = [route for route in form.routing.routes if route.when.test(known, now.date())]
    skills = frozenset(route.skill for route in taken) or frozenset({form.routing.otherwise})
    asked = (known.get(route.country) for route in taken if route.country)
    country = next((answer for answer in asked if isinstance(answer, str)), None)
    return Needs(
        skills, _languages(form, known.get(form.routing.languages or ""), language), country
    )


def _languages(form: Form, answer: Answer | None, language: str) -> frozenset[str]:
    """The languages that were named; `other` names none that a member could list."""
    named = frozenset(answer) - {"other"} if isinstance(answer, tuple) else frozenset()
    return named or frozenset({language})


def recipients(members: Sequence[_Member], needs: Needs, early: bool) -> list[_Member]:
    """Who can open the case, in the order of the roster.

    Volunteers and leads with one of the skills and one of the languages. All leads besides,
    where a skill is covered by nobody, or where the case was sent early and may yet turn out to
    need others. Where that leaves nobody who takes cases, all volunteers: one who lacks the skill
    or the language can still see that somebody waits, and ask. Recovery members always,
    coordinators never; recovery alone is nobody, since the queue is not for them.
    """
    leads_too = early or bool(uncovered(members, needs))
    takers = [m for m in members if _fits(m, needs) or (leads_too and m.role == "lead")]
    takers = takers or [member for member in members if _takes(member)]
    return [member for member in members if member in takers or member.role == "recovery"]


def uncovered(members: Sequence[Member], needs: Needs) -> frozenset[str]:
    """The skills for which nobody on the roster fits: an alert names these and nothing else."""
    covered = {skill for member in members if _fits(member, needs) for skill in member.skills}
    return needs.skills - covered


def _fits(member: Member, needs: Needs) -> bool:
    return _takes(member) and not (
        needs.skills.isdisjoint(member.skills) or needs.languages.isdisjoint(member.languages)
    )


def gaps(form: Form, members: Sequence[Member]) -> list[tuple[str, str]]:
    """Each skill and language of the form for which nobody fits, if there is no lead either."""
    if any(member.role == "lead" for member in members):
        return []
    routing = form.routing
    skills = {route.skill for route in routing.routes} | {routing.otherwise}
    return [
        (skill, language)
        for skill in sorted(skills)
        for language in form.languages
        if not any(_fits(member, _alone(skill, language)) for member in members)
    ]


def _alone(skill: str, language: str) -> Needs:
    return Needs(frozenset({skill}), frozenset({language}), None)


def _takes(member: Member) -> bool:
    """Whether the queue is for this member."""
    return member.role in ("volunteer", "lead")


def contact_rule(form: Form, answers: Answers, now: datetime) -> ContactRule:
    """When the server may write first: never, unless the person said when and what time it is."""
    contact = form.contact
    if contact is None:
        return ContactRule.never()
    known = form.survey(answers, now.date()).known
    if contact.never_when is not None and contact.never_when.test(known, now.date()):
        return ContactRule.never()
    window = contact.windows.get(str(known.get(contact.question)))
    return hours_in_utc(window, known.get(contact.offset or ""))


def hours_in_utc(window: frozenset[int] | None, offset: Answer | None) -> ContactRule:
    """The rule for a window of the person's own hours; `offset` is how far they are from UTC."""
    if window is None:
        return ContactRule.never()
    if len(window) == 24:
        return ContactRule.any_time()
    if not isinstance(offset, int):
        return ContactRule.never()
    return ContactRule(frozenset((hour - offset) % 24 for hour in window))
