"""`tropa log`, the record of key events beside what this desk has seen; `tropa log accept`."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from desk.casework import Casework
from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.following import Step, follow
from desk.heads import Heads
from desk.log_view import as_json as log_json
from desk.log_view import newest, show, spoken
from desk.notices import notices
from desk.notices import show as show_notices
from desk.past import accept, sees_record
from desk.people import member_of
from desk.working import Json, Yes, at_work, reading
from intake.ledger import GENESIS

MANY: Final = 2000
"""Events that a slow machine puts into words in a second."""

app = typer.Typer(
    invoke_without_command=True,
    help="The record of key events: who could open what, and when that changed.",
)


@app.callback()
def log(
    context: typer.Context,
    as_json: Json = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many events, the last.")] = 50,
    at: Annotated[
        int | None,
        typer.Option(
            "--at", min=0, metavar="N", help="Only the digits after event N, for a colleague."
        ),
    ] = None,
) -> None:
    """The record of key events, newest last, and digits to compare aloud with a colleague."""
    desk = desk_of(context)
    if context.invoked_subcommand is not None:
        return
    if at is not None:
        _show_digits(desk, Heads(desk.home), at)
        return
    with at_work(desk) as casework:
        _must_see(casework)
        lines, total = newest(casework, limit, reading(desk))
        if as_json:
            if len(lines) > MANY:
                desk.notice(
                    "{n} events are put into words, about {s} s.",
                    n=len(lines),
                    s=len(lines) // MANY,
                )
            desk.tell_json(log_json(desk, casework, lines, total))
        else:
            show(desk, casework, lines)
            desk.out.print()
            _show_digits(desk, casework.past.heads, casework.past.number)
            desk.tell(
                "Where a colleague has another number: tropa log --at N, on the desk with more."
            )
    desk.failed = desk.failed or not casework.past.is_good


def _must_see(casework: Casework) -> None:
    if not sees_record(member_of(casework.roster, casework.identity.key_id), casework.desk):
        raise DeskError(
            "The record of key events is shown to those who open cases, and to nobody else."
        )


def _show_digits(desk: Desk, heads: Heads, number: int) -> None:
    if number > heads.number:
        raise DeskError("This desk has seen {n} events and no more.", n=heads.number)
    desk.tell("After event {n}, to compare aloud:", n=number)
    desk.out.print(spoken(heads[number]), style="bold")


@app.command("accept")
def accept_(context: typer.Context, yes: Yes = False) -> None:
    """Take the server's record as it is, after a difference that was cleared up."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        _must_see(casework)
        if casework.past.is_good:
            desk.tell("Nothing to accept: the server shows what this desk has seen.")
            return
        pages = follow(casework.client, 0, GENESIS, reading(desk))
        steps = [step for page in pages for step in page]
        _show_loss(desk, casework.past.heads, steps)
        if not yes and not desk.confirm(desk.say("Believe the server's record from now on? [y/N]")):
            raise DeskError("Nothing was changed.")
        accept(desk, steps)
        after = Casework.under(desk, casework.client, casework.identity, casework.roster)
    desk.tell("Accepted. After event {n}, to compare aloud:", n=after.past.number)
    desk.out.print(spoken(after.past.heads.last), style="bold")
    show_notices(desk, [one for one in notices(after) if one.error in after.past.findings])
    desk.failed = not after.past.is_good


def _show_loss(desk: Desk, heads: Heads, steps: Sequence[Step]) -> None:
    """How far the two records are the same, and what is given up."""
    same = 0
    for step in steps:
        if step.number > heads.number or heads[step.number] != step.head:
            break
        same = step.number
    desk.tell(
        "This desk has seen {own} events, the server shows {total}; they are the same up to "
        "event {same}.",
        own=heads.number,
        total=len(steps),
        same=same,
    )
    lost = heads.number - same
    if lost:
        desk.tell(
            "Given up: what this desk has seen after that. Events that are not in the server's "
            "record, or are others there: {n}. What they said nobody can tell from here: a desk "
            "keeps no more of them than digits.",
            n=lost,
        )
    desk.tell(
        "Do this only once the operator has said why, and another lead, asked by another way than "
        "this server, sees the same digits."
    )
