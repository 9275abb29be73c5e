"""The cards that a volunteer sees in a chat she linked: what waits, a case sent, an alert.

Pure: words and numbers in, a card out. An alert names level, language and skills, and no case.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.buttons import Verb
from handlers.layout import Pen, bold, card, faint, text
from handlers.plain import LANGUAGES
from handlers.ports import Card
from intake.case import CaseHeader, Level
from intake.questions import Form
from intake.roster import Member

LINES = 10
"""Cases that one alert names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Waits:
    """What a member is told of the queue: `unanswered` of those she holds wait for her."""

    counts: Mapping[Level, int]
    held: int
    most: int
    unanswered: int
    asked: int


def linked(pen: Pen, member: Member) -> Card:
    """Says what she can do here."""
    say = pen.say
    alerts = say("You are alerted here to urgent cases that fit you.")
    cases = say(
        "/queue shows how much waits, /take sends you a case as a file that only your key opens."
    )
    counts = say("/counts sends you the counts, as a chart and in words.")
    return _card(
        pen,
        bold(say("This chat is linked")),
        text(alerts if member.opens_cases else say("You are told of no case here.")),
        text(cases) if member.opens_cases else "",
        text(counts) if member.opens_counts else "",
        text(say("/unlink ends this.")),
    )


def out_of_date(pen: Pen) -> Card:
    words = pen.say("This line is out of date, or was used before. Make a new one: tropa link")
    return _card(pen, text(words))


def unlinked(pen: Pen) -> Card:
    return _card(pen, text(pen.say("This chat is not linked any more.")))


def line_closed(pen: Pen) -> Card:
    say = pen.say
    words = say("The line is closed: no signed roster is in force. Nothing can be taken now.")
    return _card(pen, text(words))


def time_over(pen: Pen) -> Card:
    words = pen.say("Your time on the roster is over. Ask whoever keeps the roster to extend it.")
    return _card(pen, text(words))


def opens_none(pen: Pen, member: Member) -> Card:
    say = pen.say
    return _card(
        pen,
        text(say("Your role opens no cases: the queue is for volunteers.")),
        text(say("/counts sends you the counts, as a chart and in words."))
        if member.opens_counts
        else "",
    )


def queue(pen: Pen, waits: Waits) -> Card:
    """Counts by level, and what waits for her own answer."""
    say = pen.say
    counts = [f"{level.value}: {waits.counts[level]}" for level in Level if waits.counts.get(level)]
    held = say("Cases you hold: {held} of {most}.").format(held=waits.held, most=waits.most)
    answer = say("Waiting for your answer: {count}.").format(count=waits.unanswered)
    advice = say("Your advice is wanted: {count}.").format(count=waits.asked)
    return _card(
        pen,
        bold(say("The queue")),
        text("\n".join(counts) or say("Nothing waits for you.")),
        text("\n".join([held, answer, *([advice] if waits.asked else [])])),
        text(say("/take sends you the first that waits.")) if counts else "",
    )


def nothing_waits(pen: Pen) -> Card:
    return _card(pen, text(pen.say("Nothing waits for you.")))


def no_such_case(pen: Pen, beginning: str) -> Card:
    words = pen.say("No case that waits for you or is yours begins with {digits}.")
    return _card(pen, text(words.format(digits=beginning)))


def several(pen: Pen, beginning: str) -> Card:
    words = pen.say("Several cases begin with {digits}: write a digit more.")
    return _card(pen, text(words.format(digits=beginning)))


def full(pen: Pen, held: int, most: int) -> Card:
    say = pen.say
    words = say(
        "You hold as many cases as you may: {held} of {most}. Give one back or close one at your "
        "desk, or ask the organisation to raise your capacity."
    )
    return _card(pen, text(words.format(held=held, most=most)))


def taken(pen: Pen, case: str, until: datetime, file: str) -> Card:
    """Stands above the file."""
    say = pen.say
    yours = say("Case {case} is yours until {until} UTC.")
    save = say("Save the file below and open it on your machine: tropa open {file}")
    again = say("It leaves this chat after a while. To get it again: /take {case}")
    return _card(
        pen,
        bold(yours.format(case=case, until=f"{until:%Y-%m-%d %H:%M}")),
        text(save.format(file=file)),
        faint(again.format(case=case)),
    )


def not_sent(pen: Pen, case: str) -> Card:
    words = pen.say("The case is yours, but its file could not be sent. Again: /take {case}")
    return _card(pen, text(words.format(case=case)))


def alert(pen: Pen, form: Form, fresh: Sequence[CaseHeader], own: Sequence[CaseHeader]) -> Card:
    """New cases, and news in cases that she holds: level, language and skills alone."""
    say = pen.say
    return _card(
        pen,
        bold(say("New in the queue")) if fresh else "",
        text(_lines(pen, form, fresh)),
        bold(say("News in a case of yours")) if own else "",
        text(_lines(pen, form, own)),
        "/queue",
    )


def _lines(pen: Pen, form: Form, headers: Sequence[CaseHeader]) -> str:
    lines = [_line(pen, form, header) for header in headers[:LINES]]
    return "\n".join([*lines, *([f"+ {len(headers) - LINES}"] if len(headers) > LINES else [])])


def _line(pen: Pen, form: Form, header: CaseHeader) -> str:
    skills = ", ".join(_skills(form, header.skills, pen.language))
    return f"{header.level.value} · {LANGUAGES.get(header.language, header.language)} · {skills}"


def _skills(form: Form, skills: Iterable[str], language: str) -> list[str]:
    """In words where the form in use has them."""
    known = form.routing.skills
    return sorted(known[skill].text(language) if skill in known else skill for skill in skills)


def _card(pen: Pen, *paragraphs: str) -> Card:
    return card(paragraphs, [[pen.plain_key(pen.say("Hide"), Verb.HIDE)]])
