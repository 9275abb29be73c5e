"""`tropa onboard`, `recover`, `mandates`, `approve`: many cases opened to one member at once.

A lead opens to her what she can open herself; where the roster asks for it, other leads agree
first. Each signature stands in the record of key events, for everybody to see.
"""

from typing import Annotated, Any

import typer
from rich.table import Table

from desk.card import Card
from desk.casework import Casework
from desk.desk import Desk, desk_of
from desk.errors import DeskError, Stopped
from desk.keys.errands import Open
from desk.keys.key_commands import by_recovery, end, result_json, tell_rest
from desk.keys.mandating import Standing, agreed, check_signer, find, in_time, sign, target_of
from desk.keys.mass import Result, do_all, head
from desk.keys.sealers import task
from desk.people import member_id, name_of
from desk.safe import plain
from desk.working import Json, Yes, at_work
from intake.mandates import Purpose
from intake.roster import Member, Role

Name = Annotated[str, typer.Argument(metavar="NAME", help="Her name on the roster.")]


Wait = Annotated[
    bool | None,
    typer.Option(
        "--wait/--no-wait",
        help="Whether to wait until enough have signed; at a terminal it does.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the groups."""
    app.command("onboard")(onboard)
    app.command("recover")(recover)
    app.command("mandates")(mandates)
    app.command("approve")(approve)


def onboard(
    context: typer.Context,
    name: Name,
    every: Annotated[
        bool, typer.Option("--all", help="Every open case, not only those that fit her skills.")
    ] = False,
    wait: Wait = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Open to a new member the open cases that fit her skills and languages."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        target = _target(casework, name)
        every = every or target.role is Role.RECOVERY
        done = _open_all(casework, Purpose.ONBOARD, target, every, wait, yes, as_json=as_json)
    if done is not None:
        end(desk, done)


def _target(casework: Casework, name: str) -> Member:
    """A colleague, or a recovery key: a new one is given what the old one had."""
    for one in casework.roster.current(casework.desk.clock()):
        if one.role is Role.RECOVERY and one.name.casefold() == name.strip().casefold():
            return one
    return casework.colleague(name)


def recover(
    context: typer.Context,
    name: Name,
    wait: Wait = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Open every case to a member with the recovery lists, where nobody else can."""
    desk = desk_of(context)
    with by_recovery(desk, name) as casework:
        target = casework.colleague(name)
        done = _open_all(casework, Purpose.RECOVER, target, True, wait, yes, as_json=as_json)
    if done is not None:
        end(desk, done)


def _open_all(
    casework: Casework,
    purpose: Purpose,
    target: Member,
    every: bool,
    wait: bool | None,
    yes: bool,
    *,
    as_json: bool,
) -> Result | None:
    """None where others have to sign first, and nobody waits for them."""
    desk, to = casework.desk, member_id(target)
    casework.past.must_be_good()
    Card.of_member(target).check_key()
    one = find(casework, purpose, to, every=every)
    check_signer(casework, one.mandate)
    if not yes and not desk.confirm(desk.say("{what} Go on? [y/N]", what=_what(desk, one, target))):
        raise DeskError("Not done; nothing was changed.")
    one = sign(casework, one)
    if one.missing and (desk.err.is_terminal and not as_json if wait is None else wait):
        _tell_waits(desk, one)
        try:
            casework, one = agreed(casework, one)
        except KeyboardInterrupt:
            desk.warn(
                "Stopped. Your signature stays, and nothing was opened. The same command goes on."
            )
            raise Stopped from None
        casework.past.must_be_good()
    if one.missing:
        _tell_missing(desk, one, target, as_json=as_json)
        return None
    first = casework.client.wrappable(one.mandate.digest)
    errand = Open(
        casework.client,
        casework.roster,
        lambda: desk.current_roster(casework.client),
        one.mandate.digest,
    )
    work = task(
        "wrap",
        casework.identity,
        casework.roster,
        desk.clock(),
        target=to,
        mandate=one.mandate.digest,
    )
    result = do_all(desk, errand, work, first) if head(first).left else _nothing(first)
    _tell_opened(desk, result, one, target, as_json=as_json)
    return result


def _nothing(first: bytes) -> Result:
    return Result(closed=head(first).closed_to_her)


def _what(desk: Desk, one: Standing, target: Member) -> str:
    """What a mandate opens, and to whom: the fingerprint is the roster's."""
    values = {"name": target.name, "fingerprint": Card.of_member(target).fingerprint}
    if one.mandate.purpose is Purpose.RECOVER:
        return desk.say(
            "Every case that the recovery key opens will be open to {name} "
            "({fingerprint}), closed ones too.",
            **values,
        )
    if target.role is Role.RECOVERY:
        return desk.say(
            "Every case that the lead who does it can open, closed ones too, will be open to the "
            "recovery key {name} ({fingerprint}).",
            **values,
        )
    if one.mandate.every:
        return desk.say(
            "Every open case that the lead who does it can open will be open to {name} "
            "({fingerprint}).",
            **values,
        )
    return desk.say(
        "Every open case that fits the skills and languages of {name} ({fingerprint}), and that "
        "the lead who does it can open, will be open to her.",
        **values,
    )


def _tell_missing(desk: Desk, one: Standing, target: Member, *, as_json: bool) -> None:
    desk.failed = True
    if as_json:
        desk.tell_json(_json(one, target) | {"opened": 0, "whole": False})
        return
    desk.tell(
        "You have signed; nothing was opened yet. Of the {k} signatures that the roster asks for "
        "there are {n}.",
        n=len(one.signers),
        k=one.needed,
    )
    if one.mandate.purpose is Purpose.RECOVER:
        desk.tell(
            "A lead looks at it (tropa mandates) and agrees: tropa approve {digits}",
            digits=one.digits,
        )
    else:
        desk.tell(
            "Another lead looks at it (tropa mandates) and agrees: tropa approve {digits}",
            digits=one.digits,
        )
    desk.tell("Then give the same command again; it goes on from here.")


def _tell_waits(desk: Desk, one: Standing) -> None:
    """To whoever stands beside it: the output may be for a program."""
    desk.notice(
        "You have signed. Of the {k} signatures that the roster asks for there are {n}; nothing "
        "is opened before.",
        n=len(one.signers),
        k=one.needed,
    )
    agrees = desk.say(
        "A lead looks at it (tropa mandates) and agrees: tropa approve {digits}", digits=one.digits
    )
    desk.show(agrees, "bold")
    desk.notice(
        "Leave this open: it goes on by itself. After Ctrl-C the same command goes on later."
    )


def _json(one: Standing, target: Member) -> dict[str, Any]:
    return {
        "mandate": one.mandate.digest,
        "to": target.name,
        "signatures": len(one.signers),
        "needed": one.needed,
    }


def _tell_opened(
    desk: Desk, result: Result, one: Standing, target: Member, *, as_json: bool
) -> None:
    if as_json:
        more = result_json(desk, result) | {"opened": result.done}
        desk.tell_json(_json(one, target) | more)
        return
    desk.out.print(
        plain(
            desk.language.count(
                "{n} case more is open to {name} now.",
                "{n} cases more are open to {name} now.",
                result.done,
                name=target.name,
            )
        )
    )
    tell_rest(desk, result)
    if result.closed and one.mandate.purpose is Purpose.ONBOARD:
        desk.tell(
            "Not sealed to you, and so not opened: {n}. Another lead gives the same command for "
            "them.",
            n=result.closed,
        )
    elif result.closed:
        desk.tell("Not sealed to the recovery key, and so not opened: {n}.", n=result.closed)


def mandates(context: typer.Context, as_json: Json = False) -> None:
    """The mandates in time: what many cases are to be opened to whom, and who agreed."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        found = in_time(casework)
        targets = [target_of(one.mandate, casework.roster, desk.clock()) for one in found]
    rows = [(one, to) for one, to in zip(found, targets, strict=True) if to is not None]
    if as_json:
        desk.tell_json([_shown_json(casework, one, to) for one, to in rows])
    elif rows:
        desk.out.print(_table(casework, rows))
    else:
        desk.tell("No mandate is in time.")


def _shown_json(casework: Casework, one: Standing, to: Member) -> dict[str, Any]:
    return _json(one, to) | {
        "purpose": one.mandate.purpose.value,
        "every": one.mandate.every,
        "fingerprint": Card.of_member(to).fingerprint,
        "until": one.mandate.until.isoformat(),
        "signed_by": _names(casework, one),
        "used": [
            {"by": _name(casework, by), "cases": cases} for by, cases in sorted(one.used.items())
        ],
    }


def _names(casework: Casework, one: Standing) -> list[str]:
    return sorted(_name(casework, signer) for signer in one.signers)


def _name(casework: Casework, key: str) -> str:
    return name_of(casework.roster, key) or key[:8]


def _uses(casework: Casework, one: Standing) -> str:
    """What was opened by it so far: until its end it may be used again, for cases that come in."""
    return ", ".join(
        casework.desk.language.count(
            "{n} case, by {name}", "{n} cases, by {name}", cases, name=_name(casework, by)
        )
        for by, cases in sorted(one.used.items())
    )


def _table(casework: Casework, rows: list[tuple[Standing, Member]]) -> Table:
    desk = casework.desk
    table = Table(box=None, pad_edge=False, header_style="dim")
    titles = (
        desk.say("Mandate"),
        desk.say("To whom"),
        desk.say("What"),
        desk.say("Signed by"),
        desk.say("Still needed"),
        desk.say("Opened so far"),
        desk.say("Until (UTC)"),
    )
    for title in titles:
        table.add_column(title)
    for one, to in rows:
        table.add_row(
            one.digits,
            plain(to.name),
            _reach(desk, one, to),
            plain(", ".join(_names(casework, one)) or "-"),
            str(one.missing),
            plain(_uses(casework, one) or "-"),
            f"{one.mandate.until:%Y-%m-%d %H:%M}",
        )
    return table


def _reach(desk: Desk, one: Standing, to: Member) -> str:
    if one.mandate.purpose is Purpose.RECOVER:
        return desk.say("every case, by the recovery key")
    if to.role is Role.RECOVERY:
        return desk.say("every case")
    return desk.say("every open case") if one.mandate.every else desk.say("open cases that fit her")


def approve(
    context: typer.Context,
    digits: Annotated[
        str, typer.Argument(metavar="DIGITS", help="The mandate's first digits: tropa mandates.")
    ],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Agree that many cases are opened to a member at once."""
    desk = desk_of(context)
    with at_work(desk) as casework:
        casework.past.must_be_good()
        one = _meant(in_time(casework), digits)
        target = target_of(one.mandate, casework.roster, desk.clock())
        assert target is not None
        _may_approve(casework, one)
        desk.show(_what(desk, one, target))
        names = ", ".join(_names(casework, one)) or "-"
        desk.notice("Signed so far: {names}.", names=names)
        question = desk.say("Compare the fingerprint with {name}. Agree? [y/N]", name=target.name)
        if not yes and not desk.confirm(question):
            raise DeskError("Not signed; nothing was changed.")
        one = sign(casework, one)
    if as_json:
        desk.tell_json(_json(one, target))
    elif one.missing:
        desk.tell("Signed. Still needed: {n}.", n=one.missing)
    else:
        desk.tell(
            "Signed. It may be used now: the window in which it was asked for goes on by itself. "
            "If it was closed, whoever asked gives the same command again."
        )


def _may_approve(casework: Casework, one: Standing) -> None:
    check_signer(casework, one.mandate)
    if casework.identity.key_id in one.signers:
        raise DeskError("You have signed this mandate already.")


def _meant(found: list[Standing], digits: str) -> Standing:
    fitting = [one for one in found if one.mandate.digest.startswith(digits.strip().lower())]
    if len(fitting) == 1 and digits.strip():
        return fitting[0]
    if fitting:
        raise DeskError("Several mandates begin so: write a digit more. See: tropa mandates")
    raise DeskError("No mandate in time begins with {digits}. See: tropa mandates", digits=digits)
