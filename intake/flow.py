"""A form as plain text for a person to read: what is asked, when, and what follows from it.

Behind each choice stand the rules whose condition it speaks for; the conditions themselves
follow at the end. Nothing is decided here.
"""

from collections.abc import Iterator
from textwrap import wrap

from intake.condition import Condition
from intake.questions import Choice, Contact, Does, Form, Kind, Question

_WIDTH = 96
_DOES = {
    Does.OFFER: "offers to send now",
    Does.SEND: "sends at once",
    Does.HIDE: "hides the card",
    Does.INFORMATION: "opens the information cards, is not recorded",
}


def show(form: Form, language: str) -> str:
    """The flow in one language of the form, lines of at most 96 characters where texts allow."""
    parts = [
        _head(form),
        *(_question(form, place, question, language) for place, question in _numbered(form)),
        _urgency(form, language),
        _routing(form, language),
        *([_contact(form.contact)] if form.contact else []),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _numbered(form: Form) -> Iterator[tuple[int, Question]]:
    return enumerate(form.questions, 1)


def _head(form: Form) -> list[str]:
    return [
        f"Form {form.digest[:16]}",
        f"{len(form.questions)} questions in {', '.join(form.languages)}",
    ]


def _question(form: Form, place: int, question: Question, language: str) -> list[str]:
    topic = form.topics[question.topic].text(language)
    lines = [f"{place:>2}  {question.id}  ·  {_kind(question)}  ·  {topic}"]
    lines += _folded(question.ask.text(language), "    ")
    lines += [f"    asked  {'always' if question.when is None else 'when ' + question.when.source}"]
    for condition, value in question.derive:
        lines += [f"    else   {value}, when {condition.source}"]
    width = max((len(name) for name in question.choices), default=0)
    labels = max((len(c.label.text(language)) for c in question.choices.values()), default=0)
    for choice in question.choices.values():
        label = f"      {choice.id:<{width}}  {choice.label.text(language):<{labels}}"
        lines.append(f"{label}  {_follows(form, question, choice)}".rstrip())
    return lines


def _kind(question: Question) -> str:
    words = {
        Kind.ONE: "one choice",
        Kind.MANY: f"several choices, at most {question.most}" if question.most
        else "several choices",
        Kind.NUMBER: f"a number, {question.low} to {question.high}",
        Kind.DATE: "a day, or a choice",
        Kind.TEXT: f"text, {question.limit} characters",
        Kind.HOUR: "the hour of the day",
    }[question.kind]  # fmt: skip
    return words if question.skip else f"{words}, must be answered"


def _follows(form: Form, question: Question, choice: Choice) -> str:
    """What a choice leads to: what it does, rules it speaks for, skills it may call for."""
    notes = [_DOES[choice.does]] if choice.does else []
    notes += ["excludes the others"] if choice.alone else []
    for rule in form.urgency.rules:
        if _speaks_for(rule.when, question, choice):
            notes.append(f"{rule.level}" if rule.level else f"{rule.id} +{rule.points}")
    skills = [r.skill for r in form.routing.routes if _speaks_for(r.when, question, choice)]
    notes += [f"→ {skill}" for skill in dict.fromkeys(skills)]
    opened = [q.id for q in form.questions if q.when and _speaks_for(q.when, question, choice)]
    notes += [f"asks {', '.join(opened)}"] if opened else []
    return "; ".join(notes)


def _speaks_for(condition: Condition, question: Question, choice: Choice) -> bool:
    return choice.id in condition.affirms.get(question.id, ())


def _urgency(form: Form, language: str) -> list[str]:
    urgency = form.urgency
    lines = ["Urgency"]
    for rule in urgency.rules:
        worth = str(rule.level) if rule.level else f"+{rule.points}"
        lines.append(f"  {worth:>4}  {rule.reason.text(language)}")
        lines += _folded(f"when {rule.when.source}", "          ")
    lines.append(
        f"  {'+' + str(urgency.waiting_points):>4}  {urgency.waiting_reason.text(language)}, "
        f"for every {_hours(urgency.waiting_every.total_seconds())}, "
        f"at most {urgency.waiting_most}"
    )
    least = dict(urgency.thresholds)
    for level, target in urgency.targets.items():
        points = f"from {least[level]} points" if level in least else "otherwise"
        straight = "straight by a rule" if level not in least and level == "P0" else points
        lines.append(f"  {level}: {straight}, first answer within {_hours(target.total_seconds())}")
    return lines


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:g} h"


def _routing(form: Form, language: str) -> list[str]:
    routing = form.routing
    lines = ["Routing"]
    for route in routing.routes:
        clear = f"; the answer to '{route.country}' stands in clear" if route.country else ""
        lines.append(f"  {routing.skills[route.skill].text(language)} ({route.skill}){clear}")
        lines += _folded(f"when {route.when.source}", "    ")
    otherwise = routing.skills[routing.otherwise].text(language)
    lines.append(f"  {otherwise} ({routing.otherwise}) where nothing else fits")
    return lines


def _contact(contact: Contact) -> list[str]:
    lines = ["Writing first", f"  by the answer to '{contact.question}', otherwise never"]
    for choice, hours in contact.windows.items():
        span = "at any hour" if len(hours) == 24 else f"at the hours {_span(hours)}"
        lines.append(f"  {choice}: {span}")
    if contact.never_when is not None:
        lines.append(f"  never when {contact.never_when.source}")
    return lines


def _span(hours: frozenset[int]) -> str:
    first = next(hour for hour in sorted(hours) if (hour - 1) % 24 not in hours)
    return f"{first}-{(first + len(hours)) % 24} of the person's clock"


def _folded(text: str, indent: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)
