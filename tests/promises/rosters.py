"""Rosters that must not count, each with the words by which the operator is told."""

import base64
import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from crypto.envelope import sign_payload
from crypto.identity import Identity
from intake.roster import ROSTER_TYPE, Organisation
from tests.organisation import House, text

EPOCH: Final = 5
"""The epoch in force before any of these is put in place."""


def good(house: House) -> None:
    """One that counts, newer than every one before it: an epoch is good for one roster."""
    house.epoch = max(EPOCH, house.epoch + 1)
    house.sign(house.roster())


def newer(house: House, **changes: object) -> None:
    """Signed, and of the epoch after the one in force."""
    house.sign(house.roster().model_copy(update={"epoch": house.epoch + 1, **changes}))


def forged(house: House) -> None:
    house.sign(house.roster(), Identity.new(os.urandom))


def unsigned(house: House) -> None:
    envelope = sign_payload(house.roster().to_payload(), ROSTER_TYPE, [])
    house.roster_path.write_text(json.dumps(envelope))


def altered(house: House) -> None:
    """Signed, and then made valid for longer by somebody else."""
    envelope = json.loads(house.roster_path.read_text())
    longer = house.roster(timedelta(days=900)).to_payload()
    envelope["payload"] = base64.b64encode(longer).decode()
    house.roster_path.write_text(json.dumps(envelope))


def of_another_kind(house: House) -> None:
    """Signed by the organisation, but not as a roster."""
    envelope = sign_payload(house.roster().to_payload(), "application/x-note", [house.signer])
    house.roster_path.write_text(json.dumps({**envelope}))


def signed_by_one_of_two(house: House) -> None:
    house.sign(house.roster())


def signed_twice_by_one(house: House) -> None:
    """One of two keys that must sign, its signature given twice."""
    envelope = sign_payload(house.roster().to_payload(), ROSTER_TYPE, [house.signer])
    envelope["signatures"] *= 2
    house.roster_path.write_text(json.dumps(envelope))


def rolled_back(house: House) -> None:
    house.sign(house.roster().model_copy(update={"epoch": EPOCH - 1}))


def expired(house: House) -> None:
    newer(house, valid_until=house.roster(timedelta(seconds=-1)).valid_until)


def damaged(house: House) -> None:
    whole = house.roster_path.read_bytes()
    house.roster_path.write_bytes(whole[: len(whole) // 2])


def not_even_text(house: House) -> None:
    house.roster_path.write_bytes(b"\xff\xfe\x00roster" + os.urandom(64))


def missing(house: House) -> None:
    house.roster_path.unlink()


def for_another_form(house: House) -> None:
    newer(house, forms=("0" * 64,))


Wrong = Callable[[House], None]

WRONG: Final[dict[str, tuple[Wrong, str]]] = {
    "forged": (forged, "signatures"),
    "unsigned": (unsigned, "signatures"),
    "altered": (altered, "signatures"),
    "of another kind": (of_another_kind, "another kind"),
    "rolled back": (rolled_back, "older than one already accepted"),
    "expired": (expired, "expired on"),
    "damaged": (damaged, "not a roster"),
    "not even text": (not_even_text, "not a roster"),
    "missing": (missing, "cannot be read"),
    "for another form": (for_another_form, "not the one signed with the roster"),
}


def two_must_sign(house: House) -> None:
    """From here on the organisation asks for two signatures."""
    second = Identity.new(os.urandom)
    organisation = Organisation(
        name="Trail",
        website="https://trail.example",
        threshold=2,
        keys=(text(house.signer.signing_public), text(second.signing_public)),
    )
    (house.folder / "organisation.json").write_bytes(organisation.to_payload())
