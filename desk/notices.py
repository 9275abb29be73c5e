"""What every command at work and every page says first: what is amiss, and what ends soon."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from desk.casework import Casework
from desk.desk import Desk
from desk.errors import DeskError
from desk.past import Past
from desk.people import member_of
from desk.safe import plain
from intake.roster import Ending, Member, Roster, endings

_STYLES = {"bad": "bold red", "warn": "yellow", "note": "dim"}


@dataclass(frozen=True, slots=True)
class Notice:
    """`bad`: somebody has to do something today; `warn`: soon; `note`: good to know."""

    kind: Literal["bad", "warn", "note"]
    error: DeskError


def notices(casework: Casework) -> list[Notice]:
    """For whoever is at work, most serious first."""
    me = member_of(casework.roster, casework.identity.key_id)
    ends = ending_notices(casework.desk, casework.roster, () if me is None else (me,), own=True)
    found = [*_of_the_past(casework.past), *ends]
    return sorted(found, key=lambda one: [*_STYLES].index(one.kind))


def show(desk: Desk, found: list[Notice]) -> None:
    """On the terminal, beside what the command prints."""
    for one in found:
        desk.err.print(plain(desk.language.explain(one.error)), style=_STYLES[one.kind])


def _of_the_past(past: Past) -> Iterator[Notice]:
    for error in past.findings:
        yield Notice("bad", error)
    if past.first:
        yield Notice(
            "note",
            DeskError(
                "This desk sees the record of key events for the first time ({n}) and can only "
                "believe what it is shown. Compare it once with a colleague, aloud: tropa log",
                n=past.number,
            ),
        )


def ending_notices(
    desk: Desk, roster: Roster, members: tuple[Member, ...], *, own: bool
) -> list[Notice]:
    """The ends that are near. `own`: told to the member herself."""
    found = endings(roster, members, desk.clock())
    return [Notice("bad" if one.presses else "warn", _end(desk, one, own=own)) for one in found]


def _end(desk: Desk, one: Ending, *, own: bool) -> DeskError:
    values = {"until": one.until, "left": _left(desk, one)}
    if one.member is None:
        return _of_the_roster(one, values)
    values["name"] = one.member.name
    if one.days < 0 and own:
        return DeskError(
            "YOUR TIME ON THE ROSTER IS OVER since {until:%Y-%m-%d %H:%M} UTC: nothing is sealed "
            "to you any more. Ask whoever keeps the roster.",
            **values,
        )
    if one.days < 0:
        return DeskError(
            "The time of {name} on the roster is over since {until:%Y-%m-%d %H:%M} UTC: nothing is "
            "sealed to her any more.",
            **values,
        )
    if own and one.presses:
        return DeskError(
            "YOUR TIME ON THE ROSTER ENDS: {left} ({until:%Y-%m-%d %H:%M} UTC). After that you can "
            "open nothing. Ask whoever keeps the roster today, or hand over what you hold.",
            **values,
        )
    if own:
        return DeskError(
            "Your time on the roster ends on {until:%Y-%m-%d %H:%M} UTC: {left}. If you stay, ask "
            "whoever keeps the roster: tropa roster extend --member",
            **values,
        )
    return DeskError(
        "The time of {name} on the roster ends on {until:%Y-%m-%d %H:%M} UTC: {left}. "
        "If she stays: tropa roster extend --member",
        **values,
    )


def _of_the_roster(one: Ending, values: dict[str, object]) -> DeskError:
    if one.days < 0:
        return DeskError(
            "THE ROSTER EXPIRED on {until:%Y-%m-%d %H:%M} UTC: the line is closed until a new one "
            "is signed: tropa roster extend, sign, publish.",
            **values,
        )
    if one.presses:
        return DeskError(
            "THE ROSTER ENDS: {left} ({until:%Y-%m-%d %H:%M} UTC). Then the line closes for "
            "everybody who needs it. Whoever signs must sign now: tropa roster extend, sign, "
            "publish.",
            **values,
        )
    return DeskError(
        "The roster ends on {until:%Y-%m-%d %H:%M} UTC: {left}. It is time to sign the next: "
        "tropa roster extend, sign, publish.",
        **values,
    )


def _left(desk: Desk, one: Ending) -> str:
    if one.days < 1:
        return desk.say("less than a day left")
    return desk.language.count("{n} day left", "{n} days left", one.days)
