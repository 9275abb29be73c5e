"""`tropa export`: an opened case for somebody who has `age` and nothing of ours, such as a lawyer.

The text is made and encrypted in memory; what is written can be read by the named keys alone.
Notes of colleagues stay here unless they are asked for. The codeword always does: by it the person
tells us from somebody who pretends to be us.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pyrage
import typer

from desk.case_view import show_faults
from desk.desk import desk_of
from desk.errors import DeskError
from desk.home import explain
from desk.opened import open_any
from desk.paper import as_text
from desk.queue_view import SHORT
from desk.reading import Reading
from desk.working import CaseArgument, Json
from intake.questions import Form


def add_to(app: typer.Typer) -> None:
    """Put these commands beside the groups."""
    app.command("export")(export)


def export(
    context: typer.Context,
    case: CaseArgument,
    to: Annotated[
        list[str], typer.Option("--to", metavar="KEY", help="The age key (age1…); several times.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Else CASE.txt.age, here.")
    ] = None,
    notes: Annotated[
        bool, typer.Option("--notes", help="With the notes of colleagues too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write an opened case for somebody outside, who reads it with: age -d"""
    desk = desk_of(context)
    keys = [_recipient(one) for one in to]
    opened = open_any(desk, case)
    one = opened.case.header.id
    reading = opened.reading(desk)
    if reading is None:
        show_faults(desk, opened.contents.faults, one)
        raise DeskError("No answers of this case open; nothing was written.")
    text = as_text(
        desk, _without_codeword(reading, opened.form), opened.form, opened.around(notes=notes)
    )
    target = output or Path(f"{one[:SHORT]}.txt.age")
    _create(target, pyrage.encrypt(text.encode(), keys))
    if opened.contents.faults:
        desk.failed = True
        show_faults(desk, opened.contents.faults, one)
    if as_json:
        desk.tell_json({"case": one, "file": str(target), "to": to})
    else:
        desk.tell("Written for {n}: {path}", n=len(keys), path=target)


def _without_codeword(reading: Reading, form: Form) -> Reading:
    question = form.contact.codeword if form.contact else None
    lines = tuple(one for one in reading.lines if one.line.question != question)
    return replace(reading, lines=lines)


def _recipient(key: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(key.strip())
    except pyrage.RecipientError:
        raise DeskError(
            "This is no age key: it looks like age1… and is made with age-keygen."
        ) from None


def _create(path: Path, data: bytes) -> None:
    """For its owner alone, whole or not at all, and never over another file."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise DeskError("{path} exists already; nothing was changed.", path=path) from None
    except OSError as error:
        raise explain(error, path) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise explain(error, path) from None
