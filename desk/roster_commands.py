"""`tropa roster`: the organisation's list, made and signed away from the server.

A roster file is a DSSE envelope from the start; it counts once k of the pinned keys have signed.
Any change raises the epoch and drops the signatures: nobody's word covers what she did not see.
"""

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from crypto.envelope import add_signature, read_unverified, sign_payload
from crypto.errors import Forged
from desk.card import Card
from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.home import read_file, write_file
from desk.roster_diff import show_changes
from desk.roster_view import Signed, show_roster, signed_by
from desk.trust import ORGANISATION, parse_envelope
from intake.form import FormError, load_form
from intake.roster import ROSTER_TYPE, Organisation, Role, Roster

app = typer.Typer(no_args_is_help=True, help="The signed list of who opens new cases.")

RosterFile = Annotated[Path, typer.Argument(metavar="FILE", help="The roster file.")]
OrganisationFile = Annotated[
    Path | None,
    typer.Option("--organisation", help="organisation.json, if it is not beside the roster."),
]
Days = Annotated[int, typer.Option("--valid-days", min=1, max=400, help="Days until it expires.")]


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
        if path.exists():
            raise DeskError("{path} exists already; nothing was changed.", path=path)
    founded = _organisation(organisation, website, threshold, [Card.find(card) for card in key])
    roster = Roster(
        organisation=founded.name,
        epoch=1,
        valid_until=_midnight(desk, valid_days),
        forms=(_form_digest(form),),
    )
    write_file(pinned, founded.to_payload() + b"\n")
    _write(file, sign_payload(roster.to_payload(), ROSTER_TYPE, []))
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
    _change(desk, file, _read(file).with_member(member))
    desk.tell(
        "{name} is on it. Fingerprint to compare with her: {fingerprint}",
        name=found.name,
        fingerprint=found.fingerprint,
    )


@app.command("remove")
def remove(
    context: typer.Context,
    file: RosterFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The member's name.")],
) -> None:
    """Take a member off the roster: nothing new is sealed to her once it is signed."""
    desk = desk_of(context)
    _change(desk, file, _read(file).without_member(name))
    desk.tell("What was sealed to her before stays readable with her key.")


@app.command("sign")
def sign(
    context: typer.Context,
    file: RosterFile,
    organisation: OrganisationFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Add your signature, after showing what you sign and what it changes."""
    desk = desk_of(context)
    # Read once: what is signed is what is shown, whoever else can write the file meanwhile.
    envelope, roster = _load(file)
    founded = _find_organisation(desk, file, organisation)
    _may_sign(desk, envelope, roster, founded)
    show_roster(desk, roster, Signed(envelope, founded))
    show_changes(desk, roster, desk.trust.known_roster(founded))
    if not yes and not desk.confirm(desk.say("Sign this roster? [y/N]")):
        raise DeskError("Not signed; nothing was changed.")
    envelope = add_signature(envelope, ROSTER_TYPE, desk.unlock())
    _write(file, envelope)
    desk.trust.signed(envelope)
    valid = Signed(envelope, founded).valid
    desk.tell("Signed. It has {n} of the {k} signatures it needs.", n=valid, k=founded.threshold)


def _may_sign(desk: Desk, envelope: dict[str, Any], roster: Roster, founded: Organisation) -> None:
    """`DeskError` where this desk's signature would be false, useless or there already."""
    if roster.organisation != founded.name:
        raise DeskError("This roster is of another organisation than {path}.", path=ORGANISATION)
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


@app.command("show")
def show(
    context: typer.Context,
    file: RosterFile,
    organisation: OrganisationFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show who is on the roster, until when it holds, and who has signed."""
    desk = desk_of(context)
    envelope, roster = _load(file)
    signed = Signed(envelope, _find_organisation(desk, file, organisation))
    if as_json:
        document: dict[str, Any] = json.loads(roster.to_payload())
        document["fingerprints"] = {
            member.name: Card.of_member(member).fingerprint for member in roster.members
        }
        document["signatures"] = {"valid": signed.valid, "needed": signed.organisation.threshold}
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
    _change(desk_of(context), file, _read(file).with_form(_form_digest(form_file)))


@app.command("extend")
def extend(context: typer.Context, file: RosterFile, valid_days: Days = 30) -> None:
    """Let the roster hold longer, counted from today."""
    desk = desk_of(context)
    _change(desk, file, _read(file).extended(_midnight(desk, valid_days)))


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


def _midnight(desk: Desk, days: int) -> Any:
    """The end of the day that many days from now: easier to remember than an instant."""
    until = desk.clock() + timedelta(days=days + 1)
    return until.replace(hour=0, minute=0, second=0, microsecond=0)


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


def _read(file: Path) -> Roster:
    """The roster in a file, signed or not: to be looked at and changed."""
    return _load(file)[1]


def _load(file: Path) -> tuple[dict[str, Any], Roster]:
    """One reading of a file: the envelope, and the very roster that it holds."""
    envelope = parse_envelope(read_file(file))
    try:
        payload = read_unverified(envelope, ROSTER_TYPE)
    except Forged:
        raise DeskError(
            "This roster file was cut short or is no roster. Get a fresh copy."
        ) from None
    return envelope, Roster.from_payload(payload)


def _change(desk: Desk, file: Path, roster: Roster) -> None:
    _write(file, sign_payload(roster.to_payload(), ROSTER_TYPE, []))
    desk.tell(
        "{file} is now epoch {epoch}, unsigned. Next: tropa roster sign {file}",
        file=file,
        epoch=roster.epoch,
    )


def _write(file: Path, envelope: dict[str, Any]) -> None:
    write_file(file, json.dumps(envelope, indent=1, sort_keys=True).encode() + b"\n")


def _find_organisation(desk: Desk, file: Path, given: Path | None) -> Organisation:
    beside = file.parent / ORGANISATION
    if given is None and not beside.exists():
        return desk.trust.organisation()
    return Organisation.from_payload(read_file(given or beside))
