"""Whether a case is what this desk held before, with nothing but more added.

A server could put other records in the place of those that were read: another first record, say,
would be another person's inbox. Under the key that a desk knows, records are the same bytes. Under
a fresh key they are other bytes, so each must open to what it opened to before; and since whoever
could read the case once could seal it anew as well, a lead must have signed for the new key.
"""

from collections.abc import Iterator

from crypto.errors import CryptoError
from crypto.identity import Identity
from crypto.kdf import key_id
from crypto.opening import open_record
from crypto.sealing import CaseKey, SealedRecord
from desk.authors import read_desk_record
from desk.errors import DeskError
from desk.reading import case_key, place
from intake.records import NOTE, About
from intake.roster import Role, Roster
from intake.shapes import Unreadable, decoded
from intake.wire import CaseFile, SealedPart


def check_growth(before: CaseFile, now: CaseFile, identity: Identity, roster: Roster) -> None:
    """`DeskError` unless all that was there before is there now, under the same key or a new one
    that a lead has signed for."""
    case = now.header.id[:8]
    if before.public_key == now.public_key:
        for part in before.records:
            if part not in now.records:
                raise _changed(case, part.number)
        return
    old, new = case_key(before, identity), case_key(now, identity)
    parts = {part.number: part for part in now.records}
    for part in before.records:
        if not _same(before, part, old, now, parts.get(part.number), new):
            raise _changed(case, part.number)
    if not any(name == key_id(new.public) for name in _signed_for(now, new, roster)):
        raise DeskError(
            "Case {case} has another key than before, and no lead who is on the roster now has "
            "signed for it. The file here was kept. Ask a lead whether the case was given a new "
            "key; only if so, give it back (tropa give-back {case}) and take it again.",
            case=case,
        )


def _changed(case: str, number: int) -> DeskError:
    return DeskError(
        "Record {n} of case {case} is not the one this desk had before: somebody changed it at "
        "the server, or here. The file here was kept. Tell a lead. Only where it is certain that "
        "the server was restored from a backup: copy what is read here (tropa open {case}), then "
        "give it back (tropa give-back {case}) and take it again.",
        n=number,
        case=case,
    )


def _same(
    before: CaseFile,
    part: SealedPart,
    old: CaseKey,
    now: CaseFile,
    other: SealedPart | None,
    new: CaseKey,
) -> bool:
    if other is None or other.kind != part.kind:
        return False
    try:
        return _opened(before, part, old) == _opened(now, other, new)
    except CryptoError:
        return False


def _opened(case: CaseFile, part: SealedPart, key: CaseKey) -> bytes:
    where = place(case.header, part.number, part.kind)
    return open_record(key, where, SealedRecord(part.data))


def _signed_for(case: CaseFile, key: CaseKey, roster: Roster) -> Iterator[str]:
    """The names of the keys that leads, or the recovery key, have signed for in this case."""
    if decoded(case.public_key) != key.public:
        return
    may = {one.name for one in roster.members if one.role in (Role.LEAD, Role.RECOVERY)}
    for part in case.records:
        if part.kind != NOTE:
            continue
        try:
            plaintext = _opened(case, part, key)
            where = (case.header.id, part.number, part.kind)
            record, author = read_desk_record(plaintext, *where, roster)
        except (CryptoError, Unreadable):
            continue
        if record.about is About.REKEY and author.state == "signed" and author.name in may:
            yield record.text
