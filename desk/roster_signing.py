"""`tropa roster sign` and `publish`: who has signed, who is still to, and the way to the server.

Publishing needs no identity: a roster's own signatures are its authority, and whoever holds the
file may carry it. Everything that the server would refuse is checked here first.
"""

from typing import Annotated, Any

import typer

from crypto.envelope import add_signature
from desk.card import Card
from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.home import read_file
from desk.roster_diff import show_changes
from desk.roster_files import OrganisationFile, RosterFile, find_organisation, load, write
from desk.roster_view import Signed, missing, show_roster, signed_by, warn_of_revoked
from desk.trust import ORGANISATION
from intake.roster import ROSTER_TYPE, Organisation, Roster


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the others of the roster."""
    app.command("sign")(sign)
    app.command("publish")(publish)


def sign(
    context: typer.Context,
    file: RosterFile,
    organisation: OrganisationFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Add your signature, after showing what you sign and what it changes."""
    desk = desk_of(context)
    # Read once: what is signed is what is shown, whoever else can write the file meanwhile.
    envelope, roster = load(file)
    founded = find_organisation(desk, file, organisation)
    _may_sign(desk, envelope, roster, founded)
    show_roster(desk, roster, Signed(envelope, founded))
    show_changes(desk, roster, desk.trust.known_roster(founded))
    if not yes and not desk.confirm(desk.say("Sign this roster? [y/N]")):
        raise DeskError("Not signed; nothing was changed.")
    envelope = add_signature(envelope, ROSTER_TYPE, desk.unlock())
    write(file, envelope)
    desk.trust.signed(envelope)
    signed = Signed(envelope, founded)
    desk.tell(
        "Signed. It has {n} of the {k} signatures it needs.", n=signed.valid, k=founded.threshold
    )
    if signed.valid < founded.threshold:
        desk.tell("Still to sign, any of: {keys}", keys="; ".join(missing(desk, signed, roster)))
    else:
        desk.tell("Next: tropa roster publish {file}", file=file)


def publish(
    context: typer.Context, file: RosterFile, organisation: OrganisationFile = None
) -> None:
    """Send the signed roster to the server that this desk has joined. It needs no identity."""
    desk = desk_of(context)
    data = read_file(file)
    envelope, roster = load(file)
    founded = find_organisation(desk, file, organisation)
    signed = Signed(envelope, founded)
    _may_be_published(desk, roster, signed)
    warn_of_revoked(desk, signed, roster, desk.trust.last_roster())
    with desk.client(None) as client:
        epoch = client.publish(data)
        # What it shows from now on is what desks will see: not its word, but the roster itself.
        shown = desk.current_roster(client)
    if epoch != roster.epoch or shown != roster:
        raise DeskError(
            "The server took the roster (epoch {epoch}) but shows another (epoch {other}). Tell "
            "the operator.",
            epoch=roster.epoch,
            other=shown.epoch,
        )
    desk.tell(
        "Published: epoch {epoch} is in force. Desks take it up by themselves.", epoch=roster.epoch
    )


def _may_sign(desk: Desk, envelope: dict[str, Any], roster: Roster, founded: Organisation) -> None:
    """`DeskError` where this desk's signature would be false, useless or there already."""
    _is_of(roster, founded)
    card = desk.card()
    if card.signing not in founded.public_keys:
        raise DeskError(
            "Your key is not among the {n} keys of this organisation: your signature would not "
            "count.",
            n=len(founded.keys),
        )
    if card.signing in {key for key, valid in signed_by(envelope, founded) if valid}:
        raise DeskError("You have signed this roster already.")
    for member in roster.members:
        Card.of_member(member).check_key()


def _may_be_published(desk: Desk, roster: Roster, signed: Signed) -> None:
    """`DeskError` for what the server, or every desk, would refuse, and what to do instead."""
    founded = signed.organisation
    _is_of(roster, founded)
    if signed.valid < founded.threshold:
        raise DeskError(
            "Not published: it has {n} of the {k} signatures it needs. Still to sign, any of: "
            "{keys}. With this file: tropa roster sign",
            n=signed.valid,
            k=founded.threshold,
            keys="; ".join(missing(desk, signed, roster)),
        )
    seen = desk.trust.last_roster()
    if seen is not None and roster.epoch < seen.epoch:
        raise DeskError(
            "Not published: it is of epoch {epoch}, and this desk has seen epoch {seen}, which is "
            "newer. Make your change on the newest roster file and have that signed.",
            epoch=roster.epoch,
            seen=seen.epoch,
        )
    if seen is not None and roster.epoch == seen.epoch and roster != seen:
        raise DeskError(
            "Not published: another roster of the same epoch ({epoch}) is in force. Two lists "
            "were made from one: make your change on the newest roster file and have that signed.",
            epoch=roster.epoch,
        )
    back = [] if seen is None else [one for one in seen.revoked if one not in roster.revoked]
    if back:
        raise DeskError(
            "Not published: on the list in force these keys are revoked, and on this one they are "
            "not: {names}. It was made from an older list, or somebody wants them back. Make your "
            "change on the newest roster file and have that signed.",
            names=", ".join(one.name for one in back),
        )
    if roster.valid_until <= desk.clock():
        raise DeskError(
            "Not published: it expired on {until:%Y-%m-%d %H:%M} UTC. Run tropa roster extend, and "
            "have it signed again.",
            until=roster.valid_until,
        )


def _is_of(roster: Roster, founded: Organisation) -> None:
    if roster.organisation != founded.name:
        raise DeskError("This roster is of another organisation than {path}.", path=ORGANISATION)
