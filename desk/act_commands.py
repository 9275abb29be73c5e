"""`tropa note`, `hand-over`, `escalate`, `ask`, `level`, `close`, `erase`: what is done to a case.

Texts come from a file or are typed, never as an argument: a shell keeps what was on its line.
"""

from typing import Annotated

import typer

from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.queue_view import SHORT
from desk.words import outcome
from desk.working import (
    CaseArgument,
    Json,
    TextFile,
    Yes,
    at_work,
    find_case,
    short,
    tell_done,
    text_of,
)
from intake.case import Level
from intake.records import Outcome

Colleague = Annotated[
    str, typer.Argument(metavar="NAME", help="A colleague, as she is named on the roster.")
]


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the groups."""
    app.command("note")(note)
    app.command("hand-over")(hand_over)
    app.command("escalate")(escalate)
    app.command("ask")(ask)
    app.command("level")(level)
    app.command("close")(close)
    app.command("erase")(erase)


def note(
    context: typer.Context, case: CaseArgument, file: TextFile = "", as_json: Json = False
) -> None:
    """Write a note for colleagues, sealed into the case; advice too, if you were asked."""
    desk = desk_of(context)
    text = _typed(desk, file)
    with at_work(desk) as casework:
        done = casework.note(find_case(casework, case), text)
    said = desk.say("Noted in case {case}.", case=short(done))
    tell_done(desk, done, as_json, said)


def hand_over(
    context: typer.Context,
    case: CaseArgument,
    name: Colleague,
    file: TextFile = "",
    as_json: Json = False,
) -> None:
    """Hand a case over to a colleague; the file is gone from here."""
    desk = desk_of(context)
    text = _typed(desk, file) if file else ""
    with at_work(desk) as casework:
        to = casework.colleague(name)
        done = casework.hand_over(find_case(casework, case), to, text)
    said = desk.say("Case {case} is with {name} now.", case=short(done), name=to.name)
    tell_done(desk, done, as_json, said)


def escalate(
    context: typer.Context, case: CaseArgument, file: TextFile = "", as_json: Json = False
) -> None:
    """Hand a case over to a lead, and say why."""
    desk = desk_of(context)
    text = _typed(desk, file)
    with at_work(desk) as casework:
        done, lead = casework.escalated(find_case(casework, case), text)
    said = desk.say("Case {case} is with {name} now.", case=short(done), name=lead.name)
    tell_done(desk, done, as_json, said)


def ask(
    context: typer.Context,
    case: CaseArgument,
    name: Colleague,
    file: TextFile = "",
    as_json: Json = False,
) -> None:
    """Ask a colleague for advice: she can open the case from now on, and it stays yours."""
    desk = desk_of(context)
    text = _typed(desk, file)
    with at_work(desk) as casework:
        to = casework.colleague(name)
        done = casework.ask(find_case(casework, case), to, text)
    said = desk.say("{name} was asked about case {case}.", case=short(done), name=to.name)
    tell_done(desk, done, as_json, said)


def level(
    context: typer.Context,
    case: CaseArgument,
    to: Annotated[Level, typer.Argument(metavar="LEVEL", help="P0, P1, P2 or P3.")],
    file: TextFile = "",
    as_json: Json = False,
) -> None:
    """Set another urgency than the rules gave, and say why."""
    desk = desk_of(context)
    text = _typed(desk, file)
    with at_work(desk) as casework:
        done = casework.level(find_case(casework, case), to, text)
    said = desk.say("Case {case} stands in the queue as {level}.", case=short(done), level=to.value)
    tell_done(desk, done, as_json, said)


def close(
    context: typer.Context,
    case: CaseArgument,
    how: Annotated[Outcome, typer.Option("--outcome", help="How it ended.")],
    file: TextFile = "",
    as_json: Json = False,
) -> None:
    """Close a case with its outcome. It opens again if the person writes."""
    desk = desk_of(context)
    text = _typed(desk, file) if file else ""
    with at_work(desk) as casework:
        done = casework.close(find_case(casework, case), how, text)
    said = desk.say(
        "Case {case} is closed: {how}. Its file is gone from here.",
        case=short(done),
        how=outcome(desk.language, how),
    )
    tell_done(desk, done, as_json, said)


def erase(
    context: typer.Context, case: CaseArgument, yes: Yes = False, as_json: Json = False
) -> None:
    """Erase a case for good, for everybody, the person too."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        one = find_case(casework, case).header.id
        question = desk.say(
            "Erase case {case} for good? Nobody can bring it back. [y/N]", case=one[:SHORT]
        )
        if not yes and not desk.confirm(question):
            raise DeskError("Not erased; nothing was changed.")
        casework.erase(one)
    if as_json:
        desk.tell_json({"case": one, "erased": True})
    else:
        desk.tell("Case {case} is erased, at the server and here.", case=one[:SHORT])


def _typed(desk: Desk, file: str) -> str:
    return text_of(desk, file, desk.say("Type the text. End with Ctrl-D on a line of its own."))
