"""A case that came as a file, with the roster and the form beside it: read without a server.

The file may come from anybody. Its roster counts as any other does: signed by the pinned
organisation, and newer than the one this desk knows; one that is not newer is not looked at.
"""

from pathlib import Path

from crypto.envelope import read_unverified
from crypto.errors import CryptoError
from desk.desk import Desk
from desk.errors import DeskError
from desk.home import read_file
from desk.trust import parse_envelope
from intake.bundle import BUNDLE_SUFFIX, Bundle
from intake.roster import ROSTER_TYPE, Roster, RosterInvalid
from intake.wire import CaseFile


def is_bundle(argument: str) -> bool:
    """Whether what was named is such a file."""
    return Path(argument).suffix == BUNDLE_SUFFIX


def read_bundle(desk: Desk, path: Path) -> CaseFile:
    """The sealed case in the file; its form is now on this machine.

    Raises `DeskError` or another `TropaError` where the organisation did not sign what is beside
    the case.
    """
    bundle = Bundle.from_bytes(read_file(path))
    desk.trust.organisation()  # nothing is believed before it is known who may sign
    if _says_more(desk, bundle.roster_file):
        desk.trust.accept(bundle.roster_file)
    desk.trust.form(bundle.case.header.form, lambda _: bundle.form_file)
    return bundle.case


def _says_more(desk: Desk, envelope: bytes) -> bool:
    """Whether the roster in the file would change what this desk knows.

    Nothing is verified here: what is not newer is not used, and what is used goes to `Trust`.
    A file is opened days after it came; by then its roster may be an old one, or over.
    """
    known = desk.trust.last_roster()
    if known is None:
        return True
    try:
        shown = Roster.from_payload(read_unverified(parse_envelope(envelope), ROSTER_TYPE))
    except (CryptoError, RosterInvalid, DeskError):
        return True  # let `Trust` say what is wrong with it
    return shown.epoch >= known.epoch and shown != known
