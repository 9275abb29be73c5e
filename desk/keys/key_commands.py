"""`tropa rekey` and `reassign`: after somebody left, the cases that she could open, or held.

Both may be stopped and given again: what was done stays done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

from desk.card import Card
from desk.casework import Casework
from desk.client import Turned
from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.keys.errands import Rekey
from desk.keys.lists import ask_lists
from desk.keys.mandating import must_be_lead
from desk.keys.mass import Result, do_all, head
from desk.keys.sealers import task
from desk.people import colleague_of, member_id
from desk.progress import progress
from desk.queue_view import SHORT
from desk.safe import plain
from desk.working import Json, Yes, at_work
from intake.roster import Member, Role

INTERRUPTED = 130

LISTED = 20
"""Cases that are named at a terminal, of those that were not touched."""


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the groups."""
    app.command("rekey")(rekey)
    app.command("reassign")(reassign)


def rekey(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many cases wait for it.")
    ] = False,
    recovery: Annotated[
        bool, typer.Option("--recovery", help="With the recovery lists instead of your identity.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Give every case that somebody could open who left a new key."""
    desk = desk_of(context)
    with by_recovery(desk) if recovery else at_work(desk) as casework:
        must_be_lead(casework)
        casework.past.must_be_good()
        first = casework.client.rekeyable()
        seen = head(first)
        if dry_run or not seen.left:
            _tell_waiting(desk, seen.left, seen.closed_to_her, as_json=as_json)
            return
        for member in casework.roster.members:
            Card.of_member(member).check_key()
        question = desk.language.count(
            "{n} case is given a new key. Go on? [y/N]",
            "{n} cases are given a new key. Go on? [y/N]",
            seen.left,
        )
        if not yes and not desk.confirm(question):
            raise DeskError("Not done; nothing was changed.")
        errand = Rekey(casework.client, casework.roster, _current(desk, casework))
        work = task(
            "rekey", casework.identity, casework.roster, desk.clock(), past=casework.past.said
        )
        result = do_all(desk, errand, work, first)
    _tell_rekeyed(desk, result, as_json=as_json)
    end(desk, result)


def _current(desk: Desk, casework: Casework) -> Any:
    return lambda: desk.current_roster(casework.client)


@contextmanager
def by_recovery(desk: Desk, name: str = "") -> Iterator[Casework]:
    """At work as the recovery key, which lives in memory alone, until the block ends.

    The desk has joined, but needs no identity of its own. What can be known to fail (no such key,
    or no member called `name`) fails before several people have typed their lists.
    """
    with desk.client(None) as client:
        roster = desk.current_roster(client)
    current = roster.current(desk.clock())
    known = [one for one in current if one.role is Role.RECOVERY]
    if not known:
        raise DeskError("The roster in force has no recovery key: no lists open anything.")
    if name:
        colleague_of([one for one in current if one.opens_cases], name)
    identity = ask_lists(desk)
    if Card.of("", identity) not in [Card("", one.signing_key, one.sealing_key) for one in known]:
        raise DeskError(
            "These lists go together, but the key that they give is not the recovery key on the "
            "roster in force. Look for the lists of {name}.",
            name=", ".join(f"{one.name} ({Card.of_member(one).fingerprint})" for one in known),
        )
    with desk.client(identity) as client:
        yield Casework.under(desk, client, identity, roster)


def _tell_waiting(desk: Desk, left: int, closed: int, *, as_json: bool) -> None:
    if as_json:
        desk.tell_json({"waiting": left, "closed_to_you": closed})
        return
    if left:
        desk.out.print(
            plain(
                desk.language.count(
                    "{n} case waits for a new key: tropa rekey",
                    "{n} cases wait for a new key: tropa rekey",
                    left,
                )
            )
        )
    elif not closed:
        desk.tell("No case waits for a new key: whoever left opens none that is here.")
    else:
        desk.tell("No case that you can open waits for a new key.")
    _tell_closed(desk, closed)


def _tell_closed(desk: Desk, closed: int) -> None:
    """What is left to others, and how it is done there."""
    if closed:
        desk.out.print(
            plain(
                desk.language.count(
                    "{n} more waits that is not sealed to you: another lead does it (tropa rekey), "
                    "or the recovery lists (tropa rekey --recovery).",
                    "{n} more wait that are not sealed to you: another lead does them (tropa "
                    "rekey), or the recovery lists (tropa rekey --recovery).",
                    closed,
                )
            )
        )


def _tell_rekeyed(desk: Desk, result: Result, *, as_json: bool) -> None:
    if as_json:
        desk.tell_json(result_json(desk, result) | {"rekeyed": result.done})
        return
    desk.out.print(
        plain(
            desk.language.count("{n} case has a new key.", "{n} cases have a new key.", result.done)
        )
    )
    tell_rest(desk, result)
    _tell_closed(desk, result.closed)
    if result.done:
        desk.tell(
            "Whoever left may have kept what she read while she was here, and copies of what she "
            "could open then: no new key takes that back. What a case with a new key holds, and "
            "what is added to it from now on, does not open with anything she had."
        )


def tell_rest(desk: Desk, result: Result) -> None:
    """What was not done, and why."""
    if result.kept:
        desk.warn("These cases were not touched. Show them to another lead:")
        for case, (why, gaps) in sorted(result.kept.items())[:LISTED]:
            desk.warn("Case {case}: {why}.", case=case[:SHORT], why=desk.say(why, **gaps))
    if len(result.kept) > LISTED:
        desk.warn(
            "And {n} more. The same command with --json names them all.",
            n=len(result.kept) - LISTED,
        )
    if result.elsewhere:
        desk.tell(
            "Not to be done any more, because somebody else did them meanwhile or they were "
            "erased: {n}.",
            n=result.elsewhere,
        )
    if result.left:
        desk.warn(
            "The server still names {n} cases that wait. Give the same command again; if that "
            "changes nothing, tell the operator.",
            n=result.left,
        )
    if result.moved:
        desk.warn(
            "Some cases changed while this ran ({n}). Give the same command again.", n=result.moved
        )


def result_json(desk: Desk, result: Result) -> dict[str, Any]:
    """The same for programs."""
    return {
        "closed_to_you": result.closed,
        "not_touched": [
            {"case": case, "why": desk.say(why, **gaps)}
            for case, (why, gaps) in sorted(result.kept.items())
        ],
        "changed_meanwhile": result.moved,
        "done_elsewhere": result.elsewhere,
        "still_waiting": result.left,
        "whole": result.whole,
    }


def end(desk: Desk, result: Result) -> None:
    """The exit code, once all was told; what ended it early comes last."""
    if result.dropped or (result.stopped and result.error is not None):
        _dropped(desk, result.done)
    if result.stopped:
        _stopped(desk, result.done)
    if result.error is not None:
        desk.warn(
            "Done so far: at least {n}; that stays. The same command goes on with the rest.",
            n=result.done,
        )
        raise result.error
    desk.failed = desk.failed or bool(result.kept) or not result.whole


def _stopped(desk: Desk, done: int) -> NoReturn:
    """After Ctrl-C."""
    desk.warn(
        "Stopped. Done so far: {n}; nothing is half done. The same command goes on with the rest.",
        n=done,
    )
    raise typer.Exit(INTERRUPTED)


def _dropped(desk: Desk, done: int) -> NoReturn:
    """The same in the midst of a request, of which the answer is not known then."""
    desk.warn(
        "Stopped. Done so far: at least {n}; nothing is half done. The same command goes on "
        "with the rest.",
        n=done,
    )
    raise typer.Exit(INTERRUPTED)


def reassign(
    context: typer.Context,
    giver: Annotated[str, typer.Argument(metavar="FROM", help="Who holds the cases now.")],
    taker: Annotated[str, typer.Argument(metavar="TO", help="Who is to have them.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Hand every case that one member holds over to another, before she is taken off the roster."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        must_be_lead(casework)
        giving, taking = _member(casework, giver), _member(casework, taker)
        if giving == taking:
            raise DeskError("Name two different members.")
        if member_id(taking) == casework.identity.key_id:
            raise DeskError(
                "Nothing can be handed over to yourself. Name a colleague; what goes back to the "
                "queue you can take."
            )
        held = [one.id for one in casework.client.held(member_id(giving))]
        question = desk.say(
            "{giver} holds {n}. Hand over to {taker}? [y/N]",
            giver=giving.name,
            n=desk.language.count("{n} case", "{n} cases", len(held)),
            taker=taking.name,
        )
        if held and not yes and not desk.confirm(question):
            raise DeskError("Not done; nothing was changed.")
        passed = _hand_over(casework, held, taking)
    _tell_reassigned(desk, passed, giving, taking, as_json=as_json)


def _member(casework: Casework, name: str) -> Member:
    """Anybody on the roster who opens cases, she who asks as well."""
    members = [one for one in casework.roster.members if one.opens_cases]
    for one in members:
        if one.name.casefold() == name.strip().casefold():
            return one
    raise DeskError(
        "No colleague of this name opens cases. There are: {names}.",
        names=", ".join(one.name for one in members) or "-",
    )


class _Passed:
    """How far it came."""

    def __init__(self, held: int) -> None:
        self.done, self.closed, self.gone = 0, 0, 0
        self.left = held
        self.full = self.stopped = False

    @property
    def handled(self) -> int:
        return self.done + self.closed + self.gone


def _hand_over(casework: Casework, held: list[str], to: Member) -> _Passed:
    passed = _Passed(len(held))
    if not held:
        return passed
    with progress(casework.desk, len(held)) as shown:
        try:
            for case in held:
                _hand_one_over(casework, case, to, passed)
                if passed.full:
                    break
                passed.left -= 1
                shown.show(passed.handled)
        except KeyboardInterrupt:
            passed.stopped = True
        shown.end(passed.handled)
    return passed


def _hand_one_over(casework: Casework, case: str, to: Member, passed: _Passed) -> None:
    """What is not sealed to her she cannot open to anybody else."""
    try:
        casework.hand_over(casework.client.fetch(case), to)
        passed.done += 1
    except Turned as turned:
        match turned.reason:
            case "unknown_case":
                passed.closed += 1
            case "not_held":
                passed.gone += 1
            case "capacity":
                passed.full = True
            case _:
                raise


def _tell_reassigned(
    desk: Desk, passed: _Passed, giver: Member, taker: Member, *, as_json: bool
) -> None:
    desk.failed = desk.failed or bool(passed.left or passed.closed)
    if as_json:
        desk.tell_json(
            {
                "handed_over": passed.done,
                "closed_to_you": passed.closed,
                "gone": passed.gone,
                "left": passed.left,
                "no_room": passed.full,
            }
        )
    elif not passed.handled + passed.left:
        desk.tell("{giver} holds no case: there is nothing to hand over.", giver=giver.name)
    else:
        desk.tell(
            "{n} went from {giver} to {taker}.",
            n=desk.language.count("{n} case", "{n} cases", passed.done),
            giver=giver.name,
            taker=taker.name,
        )
    if passed.closed:
        desk.warn(
            "Not sealed to you, so that you cannot hand them over: {n}. Another lead may, or they "
            "go back to the queue when {giver} is taken off the roster.",
            n=passed.closed,
            giver=giver.name,
        )
    if passed.full:
        desk.warn(
            "{taker} holds as many cases as the roster gives her. Left with {giver}: {n}. Name "
            "somebody else for them, or have her capacity raised.",
            taker=taker.name,
            giver=giver.name,
            n=passed.left,
        )
    if passed.stopped:
        _dropped(desk, passed.done)
