"""Who wrote a desk's record: its signature, judged by the keys of the current roster.

A record is sealed with a public key, which the server has too; only the signature tells that a
colleague wrote it. What is not rightly signed is shown as such, never passed off as hers.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from crypto.envelope import read_unverified, verify
from crypto.errors import Forged
from crypto.kdf import key_id
from intake.records import DESK_TYPE, NEWER, DeskRecord
from intake.roster import Member, Roster
from intake.shapes import Unreadable


@dataclass(frozen=True, slots=True)
class Author:
    """Who is said to have written a record, and how far that can be believed.

    `signed`: it is hers. `revoked`: it bears her signature, but the key was revoked since, and
    whoever has it now may sign as she did. `left`: the key is not on the roster now, so that
    nothing can be checked.
    `false`: signed by another than it says, or for another place. `unsigned`: by nobody. `name` is
    None where no member of the roster is named.
    """

    name: str | None
    state: Literal["signed", "revoked", "unsigned", "false", "left"]

    @property
    def is_hers(self) -> bool:
        """Whether her key signed it, be it revoked since."""
        return self.state in ("signed", "revoked")


def read_desk_record(
    plaintext: bytes, case: str, number: int, kind: str, roster: Roster | None
) -> tuple[DeskRecord, Author]:
    """What stands in the record at this place, and who wrote it; `Unreadable` if it is none."""
    document = _object(plaintext)
    if "payload" not in document:
        return DeskRecord.from_bytes(plaintext), Author(None, "unsigned")
    try:
        record = DeskRecord.from_bytes(read_unverified(document, DESK_TYPE))
    except Forged:
        raise Unreadable(NEWER) from None
    author = _author(document, roster)
    if (record.case, record.number, record.kind) != (case, number, kind):
        author = Author(author.name, "false")
    return record, author


def _author(envelope: dict[str, Any], roster: Roster | None) -> Author:
    """By the one signature; where there are several, nobody in particular wrote it."""
    names = [signature.get("keyid") for signature in envelope["signatures"]]
    if not names:
        return Author(None, "unsigned")
    if len(names) > 1:
        return Author(None, "false")
    member = _member(names[0], roster)
    if member is None:
        return Author(None, "left")
    try:
        verify(envelope, DESK_TYPE, [member.signing_key], 1)
    except Forged:
        return Author(member.name, "false")
    revoked = roster is not None and member in roster.revoked
    return Author(member.name, "revoked" if revoked else "signed")


def _member(name: object, roster: Roster | None) -> Member | None:
    known = () if roster is None else (*roster.members, *roster.revoked)
    return next((one for one in known if key_id(one.signing_key) == name), None)


def _object(plaintext: bytes) -> dict[str, Any]:
    try:
        document = json.loads(plaintext)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Unreadable(NEWER)
    return document
