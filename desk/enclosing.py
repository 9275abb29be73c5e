"""What travels with an act beside its record: the key for a colleague, the letter, the way back.

Sealed here, with keys that the server never has.
"""

from contextlib import suppress

from crypto.errors import BadKey
from crypto.sealing import CaseKey, seal_record, wrap_case_key
from desk.errors import DeskError
from desk.people import member_id
from desk.reading import Contents, place
from intake.case import ContactRule
from intake.records import LETTER, Letter
from intake.roster import Member
from intake.wire import CaseFile


def opens(member: Member, case: CaseFile) -> bool:
    """Whether the case is wrapped to her already."""
    return member_id(member) in case.openers


def wrap_for(case: CaseFile, key: CaseKey, to: Member) -> bytes | None:
    """The key of the case for a colleague, made here: the server never has it."""
    if opens(to, case):
        return None
    header = case.header
    try:
        wrap = wrap_case_key(key, to.sealing_key, bytes.fromhex(header.id), header.epoch)
    except BadKey:
        raise DeskError(
            "The sealing key of {name} is none: nothing can be sealed to it. Tell whoever keeps "
            "the roster.",
            name=to.name,
        ) from None
    return wrap.data


def sealed_letter(case: CaseFile, contents: Contents, number: int, letter: Letter) -> bytes:
    """The reply, sealed to the inbox that the person's own first record names."""
    where = place(case.header, number, LETTER)
    if contents.inbox is not None:
        with suppress(BadKey):
            return seal_record(contents.inbox, where, letter.to_bytes()).data
    raise DeskError(
        "The first record of this case does not open, and with it the person's inbox is unknown: "
        "no reply can be sealed. Tell a lead."
    )


def way_back(case: CaseFile, contents: Contents) -> bytes | None:
    """The return token, only where the person may be written to first."""
    never = ContactRule.parse(case.header.contact).hours is None
    return None if never else contents.token
