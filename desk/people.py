"""Who is behind a key id: the members of a roster, and those whose keys were revoked on it."""

from collections.abc import Sequence

from crypto.kdf import key_id
from desk.errors import DeskError
from intake.roster import Member, Roster


def member_id(member: Member) -> str:
    """Her key id: what the server and the records call her."""
    return key_id(member.sealing_key)


def member_of(roster: Roster | None, member: str | None) -> Member | None:
    """The member of this key id, also where her key was revoked since."""
    known = () if roster is None else (*roster.members, *roster.revoked)
    return next((one for one in known if member_id(one) == member), None)


def name_of(roster: Roster | None, member: str | None) -> str | None:
    """The name behind a key id, if the roster knows it."""
    found = member_of(roster, member)
    return None if found is None else found.name


def colleague_of(members: Sequence[Member], name: str) -> Member:
    """The one of this name, however capitalised; `DeskError` names whom there is."""
    for one in members:
        if one.name.casefold() == name.strip().casefold():
            return one
    raise DeskError(
        "No colleague of this name opens cases. There are: {names}.",
        names=", ".join(one.name for one in members) or "-",
    )
