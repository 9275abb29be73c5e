"""Roster files: read, changed, written, and beside which organisation they stand.

A roster file is a DSSE envelope from the start; it counts once k of the pinned keys have signed.
Any change raises the epoch and drops the signatures: nobody's word covers what she did not see.
"""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from crypto.envelope import read_unverified, sign_payload
from crypto.errors import Forged
from desk.desk import Desk
from desk.errors import DeskError
from desk.home import SMALL, read_file, write_file
from desk.trust import ORGANISATION, parse_envelope
from intake.roster import ROSTER_TYPE, Organisation, Roster

RosterFile = Annotated[Path, typer.Argument(metavar="FILE", help="The roster file.")]
OrganisationFile = Annotated[
    Path | None,
    typer.Option("--organisation", help="organisation.json, if it is not beside the roster."),
]
Days = Annotated[int, typer.Option("--valid-days", min=1, max=400, help="Days until it expires.")]


def midnight(desk: Desk, days: int) -> datetime:
    """The end of the day that many days from now: easier to remember than an instant."""
    until = desk.clock() + timedelta(days=days + 1)
    return until.replace(hour=0, minute=0, second=0, microsecond=0)


def read(file: Path) -> Roster:
    """The roster in a file, signed or not: to be looked at and changed."""
    return load(file)[1]


def load(file: Path) -> tuple[dict[str, Any], Roster]:
    """One reading of a file: the envelope, and the very roster that it holds."""
    envelope = parse_envelope(read_file(file))
    try:
        payload = read_unverified(envelope, ROSTER_TYPE)
    except Forged:
        raise DeskError(
            "This roster file was cut short or is no roster. Get a fresh copy."
        ) from None
    return envelope, Roster.from_payload(payload)


def change(desk: Desk, file: Path, roster: Roster) -> None:
    write(file, sign_payload(roster.to_payload(), ROSTER_TYPE, []))
    desk.tell(
        "{file} is now epoch {epoch}, unsigned. Next: tropa roster sign {file}",
        file=file,
        epoch=roster.epoch,
    )


def write(file: Path, envelope: dict[str, Any]) -> None:
    write_file(file, json.dumps(envelope, indent=1, sort_keys=True).encode() + b"\n")


def find_organisation(desk: Desk, file: Path, given: Path | None) -> Organisation:
    beside = file.parent / ORGANISATION
    if given is None and not os.path.lexists(beside):
        return desk.trust.organisation()
    return Organisation.from_payload(read_file(given or beside, SMALL))
