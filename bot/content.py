"""What the organisation provides as files: its pinned keys, the form, the information cards.

Read once at start. The roster is not among them: it is read again and again (`bot.line`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.reading import read_file, why
from bot.settings import Settings
from intake.errors import TropaError
from intake.form import load_form
from intake.information import Card, load_cards
from intake.lined import FileError
from intake.questions import Form
from intake.roster import Organisation, RosterError

LARGEST: Final = 4 << 20
"""Bytes of a form, or of any other of these files."""


class ContentInvalid(TropaError):
    """A file of the organisation's cannot be used; the text says which, where and why."""


@dataclass(frozen=True, slots=True)
class Content:
    """`forms` are the bytes of every form beside the one in use, by digest: cases that were taken
    in with an earlier form are read with it."""

    organisation: Organisation
    form: Form
    forms: Mapping[str, bytes]
    library: Mapping[str, Card]


def load_content(settings: Settings) -> Content:
    """Everything, checked. Raises `ContentInvalid`."""
    form = read_form(settings.form)
    return Content(
        organisation=read_organisation(settings.organisation),
        form=form,
        forms=_forms_beside(settings.form),
        library=read_cards(settings.information, form),
    )


def read_organisation(path: Path) -> Organisation:
    try:
        return Organisation.from_payload(_bytes(path, "ORGANISATION"))
    except RosterError as error:
        raise ContentInvalid(f"{path}: {error}") from None


def read_form(path: Path) -> Form:
    try:
        return load_form(_bytes(path, "FORM"))
    except FileError as error:
        raise ContentInvalid(_faults(path, error)) from None


def read_cards(directory: Path, form: Form) -> Mapping[str, Card]:
    if not directory.is_dir():
        raise ContentInvalid(f"INFORMATION: there is no directory {directory}.")
    files = {path.name: _bytes(path, "INFORMATION") for path in sorted(directory.glob("*.yaml"))}
    try:
        return load_cards(files, form.languages)
    except FileError as error:
        raise ContentInvalid(_faults(directory, error)) from None


def _forms_beside(path: Path) -> dict[str, bytes]:
    files = [_bytes(other, "FORM") for other in sorted(path.parent.glob("*.yaml"))]
    return {hashlib.sha256(data).hexdigest(): data for data in [*files, _bytes(path, "FORM")]}


def _bytes(path: Path, setting: str) -> bytes:
    try:
        return read_file(path, LARGEST)
    except OSError as error:
        raise ContentInvalid(
            f"{setting}: {path} cannot be read: {why(error)}. Put a file there that the user who "
            "runs Tropa may read."
        ) from None


def _faults(path: Path, error: FileError) -> str:
    return "\n".join(f"{path}:{fault.line}: {fault.message}" for fault in error.faults)
