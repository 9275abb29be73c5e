"""`tropa roster remove`, `revoke`, `extend`, `approvals`: the list as it is from the next epoch on.

Each says what happens with what was sealed before, which no roster can undo.
"""

from pathlib import Path
from typing import Annotated

import typer

from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.roster_files import Days, RosterFile, change, find_organisation, midnight, read
from desk.roster_view import warn_of_rule
from intake.roster import Role, Roster

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The member's name.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the others of the roster."""
    app.command("remove")(remove)
    app.command("revoke")(revoke)
    app.command("extend")(extend)
    app.command("approvals")(approvals)


def remove(context: typer.Context, file: RosterFile, name: NameArgument) -> None:
    """Take a member off the roster: nothing new is sealed to her once it is published."""
    desk = desk_of(context)
    before = read(file)
    _change(desk, file, before.without_member(name))
    if _is_recovery(before, name):
        _what_becomes_of_lists(desk)
        return
    _what_becomes_of_cases(desk, name)
    _what_becomes_of_signatures(desk, file, before, name)
    desk.tell("If her laptop or her key is lost, or she is not to be trusted: tropa roster revoke.")


def revoke(context: typer.Context, file: RosterFile, name: NameArgument) -> None:
    """Take a member off the roster for good: her keys never come back, under any name."""
    desk = desk_of(context)
    before = read(file)
    _change(desk, file, before.revoking(name))
    if _is_recovery(before, name):
        _what_becomes_of_lists(desk)
        return
    desk.tell(
        "The keys of {name} never come back. If she stays with you, she makes a new identity and "
        "sends the new card: tropa identity new, tropa roster add.",
        name=name,
    )
    _what_becomes_of_cases(desk, name)
    _what_becomes_of_signatures(desk, file, before, name)


def _change(desk: Desk, file: RosterFile, roster: Roster) -> None:
    change(desk, file, roster)
    warn_of_rule(desk, roster)


def _what_becomes_of_cases(desk: Desk, name: str) -> None:
    desk.tell(
        "Once it is published, nothing is sealed to her any more, and at the server her way into "
        "the cases of before is withdrawn. Only a case that nobody else could open then keeps it, "
        "and the operator is told."
    )
    desk.tell(
        "The cases that she holds wait in the queue again. To give them to a colleague instead, "
        "before you publish: tropa reassign {name} COLLEAGUE",
        name=name,
    )
    desk.tell(
        "What she has opened, written down or copied until then nobody can take back from her. So "
        "that she opens no later copy of the server's disk, a lead runs afterwards: tropa rekey"
    )


def _what_becomes_of_signatures(desk: Desk, file: Path, before: Roster, name: str) -> None:
    """The pinned keys are no part of the list: whoever leaves it signs as well as before."""
    try:
        founded = find_organisation(desk, file, None)
    except DeskError:  # neither beside the file nor joined: nobody here can tell
        return
    [gone] = [one for one in before.members if one.name.casefold() == name.casefold()]
    if gone.signing_key not in founded.public_keys:
        return
    revoked = {one.signing_key for one in (*before.revoked, gone)}
    left = sum(key not in revoked for key in founded.public_keys)
    values = {"name": name, "k": founded.threshold, "n": left}
    if founded.threshold == 1:
        desk.warn(
            "{name} is also one who signs, and one signature is enough: whoever has her key can "
            "put anybody on the list alone, and every desk believes it. No list takes that away. "
            "Pin other keys as soon as you can (docs/guide-lost-laptop.md, C).",
            **values,
        )
        return
    desk.warn(
        "{name} is also one who signs, and no list takes that away: her key still gives one of the "
        "{k} signatures. Until others are pinned (docs/guide-lost-laptop.md, C), sign no list "
        "before you have talked with the one who made it.",
        **values,
    )
    if left < founded.threshold:
        desk.warn(
            "Without her, {n} of those who sign are left, and a list needs {k}: no other can be "
            "signed then. Pin other keys before this one ends.",
            **values,
        )


def _is_recovery(roster: Roster, name: str) -> bool:
    recovery = (one.name for one in roster.members if one.role is Role.RECOVERY)
    return name.casefold() in {one.casefold() for one in recovery}


def _what_becomes_of_lists(desk: Desk) -> None:
    desk.tell(
        "Once it is published, nothing is sealed to this recovery key any more, and the server "
        "gives its lists no case. Whoever has lists enough and an older copy of the server's disk "
        "still opens with them what is there now; against that a lead runs afterwards: tropa rekey"
    )
    desk.tell(
        "If a new recovery key takes its place: tropa roster add --role recovery, and once it is "
        "published, a lead opens to it what she can open: tropa onboard NAME"
    )


def extend(
    context: typer.Context,
    file: RosterFile,
    valid_days: Days = 30,
    member: Annotated[
        str, typer.Option("--member", metavar="NAME", help="The time of this member instead.")
    ] = "",
    no_end: Annotated[
        bool, typer.Option("--no-end", help="With --member: as long as the roster itself.")
    ] = False,
) -> None:
    """Let the roster hold longer, counted from today; or one member's time on it."""
    desk = desk_of(context)
    if no_end and not member:
        raise DeskError("A roster always has an end. Say whose time is to have none: --member NAME")
    roster, until = read(file), None if no_end else midnight(desk, valid_days)
    if not member:
        change(desk, file, roster.extended(midnight(desk, valid_days)))
        return
    change(desk, file, roster.with_end(member, until))
    if until is None:
        desk.tell("The time of {name} ends with the roster alone.", name=member)
    else:
        desk.tell(
            "The time of {name} on the roster ends on {until:%Y-%m-%d %H:%M} UTC.",
            name=member,
            until=until,
        )


def approvals(
    context: typer.Context,
    file: RosterFile,
    number: Annotated[int, typer.Argument(metavar="N", min=1, max=5, help="How many leads.")],
) -> None:
    """How many leads must sign before many cases are opened to one member at once."""
    desk = desk_of(context)
    roster = read(file).with_approvals(number)
    _change(desk, file, roster)
    if number == 1:
        desk.warn("One lead alone can then open every case to anybody on the roster.")
    else:
        desk.tell(
            "From then on {n} different leads must sign before many cases are opened at once to "
            "one member: tropa onboard, tropa recover. She herself does not count.",
            n=number,
        )
