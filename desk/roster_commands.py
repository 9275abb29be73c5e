"""`tropa roster`: the organisation's list, made and signed away from the server."""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from crypto.envelope import sign_payload
from desk import roster_changes, roster_signing
from desk.card import Card
from desk.desk import desk_of
from desk.errors import DeskError
from desk.home import read_file, write_file
from desk.roster_files import (
    Days,
    OrganisationFile,
    RosterFile,
    change,
    find_organisation,
    load,
    midnight,
    read,
    write,
)
from desk.roster_view import Signed, missing, show_roster
from desk.trust import ORGANISATION
from intake.alike import taken_for
from intake.form import FormError, load_form
from intake.roster import ROSTER_TYPE, Organisation, Role, Roster

app = typer.Typer(no_args_is_help=True, help="The signed list of who opens new cases.")


@app.command("new")
def new(
    context: typer.Context,
    organisation: Annotated[str, typer.Option(help="Name of the organisation.")],
    website: Annotated[str, typer.Option(help="Its address, where people look when in doubt.")],
    key: Annotated[list[str], typer.Option(help="Card (or file) of a signer; several times.")],
    form: Annotated[Path, typer.Option(help="The form file in use.")],
    threshold: Annotated[int, typer.Option(min=1, help="How many of the keys must sign.")] = 1,
    valid_days: Days = 30,
    file: Annotated[Path, typer.Option("--file", help="Roster file to write.")] = Path(
        "roster.json"
    ),
) -> None:
    """Start an organisation: organisation.json (pinned keys) and an unsigned roster."""
    desk = desk_of(context)
    pinned = file.parent / ORGANISATION
    for path in (file, pinned):
        if os.path.lexists(path):
            raise DeskError("{path} exists already; nothing was changed.", path=path)
    founded = _organisation(organisation, website, threshold, [Card.find(card) for card in key])
    roster = Roster(
        organisation=founded.name,
        epoch=1,
        valid_until=midnight(desk, valid_days),
        forms=(_form_digest(form),),
    )
    write_file(pinned, founded.to_payload() + b"\n")
    write(file, sign_payload(roster.to_payload(), ROSTER_TYPE, []))
    desk.tell(
        "Written: {pinned} (give it to the server and to every desk) and {file}.",
        pinned=pinned,
        file=file,
    )
    desk.tell("Next: tropa roster add, then tropa roster sign.")


@app.command("add")
def add(
    context: typer.Context,
    file: RosterFile,
    card: Annotated[str, typer.Argument(metavar="CARD", help="The member's card, or its file.")],
    role: Annotated[Role, typer.Option(help="What she may do.")] = Role.VOLUNTEER,
    skills: Annotated[str, typer.Option(help="Skills, with commas: legal,asylum.")] = "",
    languages: Annotated[str, typer.Option(help="Languages, with commas: ru,en.")] = "",
    capacity: Annotated[int, typer.Option(min=0, max=999, help="Cases at a time.")] = 5,
    counts: Annotated[
        bool, typer.Option("--counts", help="She sees the counts too, as a coordinator does.")
    ] = False,
    until_days: Annotated[
        int | None,
        typer.Option("--until-days", min=1, max=3650, help="Her time ends after so many days."),
    ] = None,
) -> None:
    """Put a member on the roster. Compare her fingerprint with her first."""
    desk = desk_of(context)
    if counts and role is Role.RECOVERY:
        # This key lies apart from everybody's laptop; what is used daily must be another.
        raise DeskError(
            "A recovery key is for emergencies alone; give the counts to another member."
        )
    found = Card.find(card)
    more = counts and role is not Role.COORDINATOR  # who sees them by her role
    member = found.member(role, _ids(skills), _ids(languages), capacity, more)
    if until_days is not None:
        member = member.model_copy(update={"until": midnight(desk, until_days)})
    roster = read(file)
    _not_revoked(found, roster)
    _not_alike(found, roster)
    change(desk, file, roster.with_member(member))
    desk.tell(
        "{name} is on it. Fingerprint to compare with her: {fingerprint}",
        name=found.name,
        fingerprint=found.fingerprint,
    )


def _not_revoked(card: Card, roster: Roster) -> None:
    for one in roster.revoked:
        if {card.sealing, card.signing} & {one.sealing_key, one.signing_key}:
            raise DeskError(
                "This key was revoked (it was that of {name}) and never comes back: whoever found "
                "or took it could sign and open with it. She makes a new identity (tropa identity "
                "new) and sends you the new card.",
                name=one.name,
            )


def _not_alike(card: Card, roster: Roster) -> None:
    """A name that is on it already is told by the roster itself."""
    names = [one.name for one in roster.members]
    other = taken_for(card.name, names)
    if other is not None and card.name.casefold() not in {name.casefold() for name in names}:
        raise DeskError(
            "The name {name} can be taken for {other}, who is on the roster: whoever hands a case "
            "over would not see to whom. Ask whose card this is, aloud; if it is right, she sends "
            "one with another name.",
            name=card.name,
            other=other,
        )


@app.command("show")
def show(
    context: typer.Context,
    file: RosterFile,
    organisation: OrganisationFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show who is on the roster, until when it holds, and who has signed."""
    desk = desk_of(context)
    envelope, roster = load(file)
    signed = Signed(envelope, find_organisation(desk, file, organisation))
    if as_json:
        document: dict[str, Any] = json.loads(roster.to_payload())
        document["fingerprints"] = {
            member.name: Card.of_member(member).fingerprint for member in roster.members
        }
        document["signatures"] = {"valid": signed.valid, "needed": signed.organisation.threshold}
        document["still_to_sign"] = missing(desk, signed, roster)
        desk.tell_json(document)
        return
    show_roster(desk, roster, signed)


@app.command("form")
def form(
    context: typer.Context,
    file: RosterFile,
    form_file: Annotated[Path, typer.Argument(metavar="FORM", help="The form file.")],
) -> None:
    """Put another form in use; the earlier ones stay readable."""
    change(desk_of(context), file, read(file).with_form(_form_digest(form_file)))


def _organisation(name: str, website: str, threshold: int, cards: list[Card]) -> Organisation:
    keys = tuple(base64.b64encode(card.signing).decode() for card in cards)
    try:
        return Organisation(name=name, website=website, threshold=threshold, keys=keys)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = " ".join(str(part) for part in fault["loc"][:1]) or "keys"
        why = fault["msg"].removeprefix("Value error, ")
        raise DeskError(
            "This cannot be an organisation: {place}: {why}.", place=place, why=why
        ) from None


def _form_digest(path: Path) -> str:
    data = read_file(path)
    try:
        load_form(data)
    except FormError:
        raise DeskError(
            "{path} is no usable form; see what is wrong with: tropa-server form check {path}",
            path=path,
        ) from None
    return hashlib.sha256(data).hexdigest()


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())


roster_changes.add_to(app)
roster_signing.add_to(app)
