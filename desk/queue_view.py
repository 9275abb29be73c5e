"""The queue as a table: what waits, how urgent, and whether a promise is about to break.

Colours only repeat what words say: the table reads the same in black and white.
"""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from desk.casework import name_of
from desk.desk import Desk
from desk.safe import plain
from desk.words import promise, span, waiting
from intake.case import Level, State, Turn
from intake.questions import Form
from intake.wire import Header, Queue

SHORT = 8
"""Digits of a case id that are shown; any beginning that fits one case alone is accepted."""

# Named colours of the terminal's own palette, so that light and dark terminals both can show them.
LEVEL_STYLE = {
    Level.P0: "bold reverse red",
    Level.P1: "bold red",
    Level.P2: "bold",
    Level.P3: "",
}


def in_order(cases: Sequence[Header]) -> list[Header]:
    """Most urgent first, then longest waiting; the server's order is not relied on."""
    return sorted(cases, key=lambda header: (header.level, header.received, header.id))


def hers(queue: Queue) -> list[Header]:
    """What she holds, what her advice is wanted on, and what she could take, each once."""
    found = {header.id: header for header in (*queue.cases, *queue.asked, *queue.mine)}
    return in_order([*found.values()])


def queue_table(desk: Desk, cases: Sequence[Header], form: Form | None) -> Table:
    now = desk.clock()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(desk.say("Case"), no_wrap=True)
    table.add_column(desk.say("Urgency"), no_wrap=True)
    table.add_column(desk.say("Language"), no_wrap=True)
    table.add_column(desk.say("Skills"))
    table.add_column(desk.say("Waiting"), no_wrap=True)
    table.add_column(desk.say("Answer due"), no_wrap=True)
    table.add_column("", no_wrap=True)
    for header in cases:
        table.add_row(
            Text(header.id[:SHORT], style="bold"),
            level_text(header.level),
            header.language,
            skills_text(header.skills, form, desk.settings.language),
            waiting(desk.language, header.received, now),
            due_text(desk, header, now),
            _holding(desk, header, now),
        )
    return table


def level_text(level: Level) -> Text:
    # Assembled, so that the style ends with the text and does not fill the column.
    return Text.assemble((f" {level.value} ", LEVEL_STYLE[level]))


def skills_text(skills: Sequence[str], form: Form | None, language: str) -> str:
    known = {} if form is None else form.routing.skills
    words = (known[skill].text(language) if skill in known else skill for skill in skills)
    return plain(", ".join(words))


def due_text(desk: Desk, header: Header, now: datetime) -> Text:
    """What is left of the promise; once it is kept, there is none."""
    if header.state is State.CLOSED:
        return Text(desk.say("closed"))
    if header.turn is Turn.THEIRS:
        return Text(desk.say("answered"))
    words = promise(desk.language, header.promised_by, now)
    return Text.assemble((words, "bold red" if now >= header.promised_by else ""))


def _holding(desk: Desk, header: Header, now: datetime) -> str:
    if header.asked:
        return desk.say("your advice is asked")
    if header.held_by is None or header.leased_until is None:
        return ""
    if header.held_by == "other":
        name = name_of(desk.trust.last_roster(), header.holder)
        return desk.say("with {name}", name=name) if name else desk.say("taken")
    return desk.say("yours, {span}", span=span(desk.language, header.leased_until - now))
