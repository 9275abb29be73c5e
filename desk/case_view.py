"""An opened case on one page: urgency and reasons, deadlines, when to write, answers, exchange.

Written to the terminal and nowhere else. Everything a person typed is made harmless first.
"""

from dataclasses import dataclass
from typing import Any

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from desk.casework import name_of
from desk.desk import Desk
from desk.exchange_view import exchange_json, exchange_rows
from desk.queue_view import SHORT, due_text, level_text, skills_text
from desk.reading import Change, Entry, Fault, Reading
from desk.safe import plain
from desk.words import contact, days, waiting
from intake.case import State, Turn
from intake.questions import Form
from intake.records import INTAKE, NOTE
from intake.roster import Roster
from intake.wire import Header

URGENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the answers: the rest of the case, and who is who.

    `openers`: the key ids it is wrapped to. `notes`: whether what is not for outside is shown.
    """

    exchange: tuple[Entry, ...] = ()
    openers: tuple[str, ...] = ()
    roster: Roster | None = None
    notes: bool = True

    @property
    def shown(self) -> list[Entry]:
        """More than that the request came in, which the page says above."""
        found = [one for one in self.exchange if self.notes or one.kind != NOTE]
        return [] if len(found) == 1 and found[0].kind == INTAKE else found


def show_case(desk: Desk, reading: Reading, form: Form, around: Around) -> None:
    """The page, of the terminal's width but never wider than is good to read."""
    desk.out.print(_head(desk, reading))
    desk.out.print(_facts(desk, reading, form, around))
    _section(desk, desk.say("Why it is urgent"), _reasons(desk, reading))
    if reading.deadlines:
        _section(desk, desk.say("Deadlines"), _deadlines(desk, reading, form))
    _section(desk, desk.say("When to write"), Text(contact(desk.language, reading.contact)))
    # What was skipped stands together at the end: it is much, and would bury the rest.
    said = [change for change in reading.lines if change.line.said or change.was is not None]
    for topic in dict.fromkeys(change.line.topic for change in said):
        group = [change for change in said if change.line.topic == topic]
        _section(desk, plain(topic), _answers(desk, group))
    skipped = [plain(change.line.label) for change in reading.lines if change not in said]
    if skipped:
        unsaid = plain(form.texts.unsaid.text(desk.settings.language))
        _section(desk, unsaid.capitalize(), Text(", ".join(skipped), style="dim"))
    if around.shown:
        rows = exchange_rows(desk, around.shown, around.roster)
        _section(desk, desk.say("Exchange"), rows)


def show_faults(desk: Desk, faults: tuple[Fault, ...], case: str) -> None:
    """Which records are not to be trusted, and why."""
    for fault in faults:
        desk.err.print(
            desk.say("Case {case}: {why}.", case=case[:SHORT], why=plain(_why(desk, fault))),
            style="bold red",
        )
    if faults:
        desk.err.print(
            desk.say(
                "Somebody changed this case after it was sealed, or it was damaged on the way. "
                "Only what opened is shown. Keep the file and tell a lead."
            ),
            style="red",
        )


def show_apart(desk: Desk, apart: tuple[Fault, ...]) -> None:
    """Colleagues who were shown another past. The case itself is not in doubt for that."""
    for fault in apart:
        desk.err.print(plain(desk.language.explain(fault.error)), style="bold red")


def _why(desk: Desk, fault: Fault) -> str:
    why = desk.language.explain(fault.error).rstrip(".")
    numbered = fault.number is None or str(fault.number) in why
    return why if numbered else f"{desk.say('record {n}', n=fault.number)}: {why}"


def _head(desk: Desk, reading: Reading) -> Text:
    header, urgency = reading.header, reading.urgency
    head = Text.assemble((f"{desk.say('Case')} {header.id[:SHORT]}", "bold"), "  ")
    head.append_text(level_text(urgency.level))
    points = desk.language.count("{n} point", "{n} points", urgency.points)
    head.append(f"  {points}")
    if header.level is not urgency.level:
        head.append("  " + desk.say("(in the queue as {level})", level=header.level.value))
    return head


def _facts(desk: Desk, reading: Reading, form: Form, around: Around) -> Table:
    header, now = reading.header, desk.clock()
    facts = _grid()
    due = due_text(desk, header, now)
    if header.turn is Turn.OURS and header.state is not State.CLOSED:
        due.append(f"  ({header.promised_by:%Y-%m-%d %H:%M} UTC)", style="dim")
    facts.add_row(desk.say("Answer due"), due)
    facts.add_row(
        desk.say("Waiting"),
        f"{waiting(desk.language, header.received, now)}  ({header.received:%Y-%m-%d %H:%M} UTC)",
    )
    facts.add_row(desk.say("Answered in"), reading.language)
    facts.add_row(desk.say("Skills"), skills_text(header.skills, form, desk.settings.language))
    if header.turn is Turn.THEIRS:
        facts.add_row(desk.say("Turn"), desk.say("we wait for the person"))
    names = [name_of(around.roster, one) for one in around.openers]
    if around.notes and any(names):
        known = sorted(plain(name) for name in names if name)
        facts.add_row(desk.say("Can open it"), ", ".join(known))
    return facts


def _reasons(desk: Desk, reading: Reading) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True, style="bold")
    table.add_column()
    for reason in reading.urgency.reasons:
        points = f"+{reason.points}" if reason.points else "!"
        table.add_row(points, plain(reason.words.text(desk.settings.language)))
    if not reading.urgency.reasons:
        table.add_row("", desk.say("No rule of urgency applies."))
    return table


def _deadlines(desk: Desk, reading: Reading, form: Form) -> Table:
    table = _grid()
    for deadline in reading.deadlines:
        label = form.by_id[deadline.question].label.text(desk.settings.language)
        near = "bold red" if deadline.days_left < URGENT_DAYS else "bold"
        left = Text.assemble((days(desk.language, deadline.days_left), near))
        left.append(f"  ({deadline.day.isoformat()})", style="dim")
        table.add_row(plain(label), left)
    return table


def _answers(desk: Desk, group: list[Change]) -> Table:
    table = _grid()
    for change in group:
        line = change.line
        text = Text(plain(line.text), style="" if line.said else "dim")
        if line.derived:
            text.append("  " + desk.say("(follows from other answers)"), style="dim")
        if change.new:
            text.append("  " + desk.say("[new]"), style="bold green")
        if change.was is not None:
            text.append(
                "  " + desk.say("[changed; was: {was}]", was=plain(change.was)), "bold green"
            )
        table.add_row(plain(line.label), text)
    return table


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", width=26)
    grid.add_column(overflow="fold", ratio=1)
    return grid


def _section(desk: Desk, title: str, body: Table | Text) -> None:
    desk.out.print()
    desk.out.print(Rule(Text(title, style="bold"), align="left", style="dim"))
    desk.out.print(body)


def case_json(
    desk: Desk,
    header: Header,
    reading: Reading | None,
    faults: tuple[Fault, ...],
    around: Around,
) -> dict[str, Any]:
    """The same for programs; texts are as typed: `plain_json` escapes what a terminal obeys."""
    document: dict[str, Any] = {
        "case": header.id,
        "header": header.model_dump(mode="json"),
        "faults": [{"record": fault.number, "why": _why(desk, fault)} for fault in faults],
        "exchange": exchange_json(around.exchange),
        "openers": [{"key_id": one, "name": name_of(around.roster, one)} for one in around.openers],
    }
    if reading is not None:
        document |= _reading_json(desk, reading)
    return document


def _reading_json(desk: Desk, reading: Reading) -> dict[str, Any]:
    code = desk.settings.language
    return {
        "language": reading.language,
        "level": reading.urgency.level.value,
        "points": reading.urgency.points,
        "reasons": [
            {"rule": reason.rule, "points": reason.points, "text": reason.words.text(code)}
            for reason in reading.urgency.reasons
        ],
        "contact": str(reading.contact),
        "deadlines": [
            {"question": one.question, "day": one.day.isoformat(), "days_left": one.days_left}
            for one in reading.deadlines
        ],
        "answers": [
            {
                "question": change.line.question,
                "topic": change.line.topic,
                "label": change.line.label,
                "text": change.line.text,
                "said": change.line.said,
                "derived": change.line.derived,
                "was": change.was,
                "new": change.new,
            }
            for change in reading.lines
        ],
    }
