"""A case under a fresh key: opened with the old one, sealed anew, wrapped to who may open it still.

Pure: one case in, the same case out. What was opened stays in memory for the instant of it. A case
of which anything does not open as it should is left as it is, and named: to seal it anew would
make something whole of what somebody has tampered with.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from crypto.envelope import sign_payload
from crypto.errors import CryptoError, NotOpened
from crypto.identity import Identity
from crypto.kdf import Random, key_id
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, SealedRecord, Wrap, seal_record, wrap_case_key
from desk.errors import DeskError
from desk.reading import place
from intake.case import to_the_hour
from intake.records import DESK_TYPE, NOTE, TOKEN, About, DeskRecord
from intake.roster import Roster
from intake.shapes import decoded, encoded
from intake.wire import CaseFile, Header, Rekeyed, SealedPart, state_of


class Untouched(DeskError):
    """The case keeps its key; the sentence says why."""


def not_hers() -> Untouched:
    """For a wrap that does not open: it is not hers, or was altered."""
    return Untouched("your identity does not open it")


@dataclass(frozen=True)
class Renewal:
    """Who gives cases fresh keys, and for whom: `roster`, as it is in force `now`.

    `past`: how far she has seen the record of key events, where that is known.
    """

    identity: Identity
    roster: Roster
    now: datetime
    random: Random = field(repr=False)
    past: str | None = None

    @cached_property
    def keys(self) -> dict[str, bytes]:
        """The sealing keys of everybody on the roster, by their names. Whoever's time is over is
        let in no more but loses nothing: a longer one may be signed at any hour."""
        return {key_id(one.sealing_key): one.sealing_key for one in self.roster.members}

    def rekeyed(self, case: CaseFile) -> Rekeyed:
        """`Untouched` unless every part of the case opens, and none is missing."""
        old = self._key(case)
        if [part.number for part in case.records] != list(range(len(case.records))):
            raise Untouched("records of it are missing or doubled")
        new = CaseKey.new(self.random)
        header = case.header.model_copy(update={"epoch": self.roster.epoch})
        records = [
            *(self._again(case.header, header, part, old, new) for part in case.records),
            self._note(header, len(case.records), old, new),
        ]
        token = None if case.token is None else self._token(case, header, old, new)
        return Rekeyed.model_construct(  # made here, of what was checked: not checked again
            id=header.id,
            was=state_of(
                old.public,
                None if case.token is None else decoded(case.token),
                len(case.records),
                case.openers,
            ),
            epoch=header.epoch,
            public_key=encoded(new.public),
            records=tuple(records),
            wraps=self._wraps(case, header, new),
            token=token,
        )

    def _key(self, case: CaseFile) -> CaseKey:
        header = case.header
        try:
            wrap = Wrap(decoded(case.wrap))
            key = unwrap_case_key(self.identity, bytes.fromhex(header.id), header.epoch, wrap)
        except NotOpened:
            raise not_hers() from None
        if decoded(case.public_key) != key.public:
            # What was added since was sealed to somebody else's key: it is not there to be kept.
            raise Untouched("its public key was replaced at the server")
        return key

    def _again(
        self, before: Header, after: Header, part: SealedPart, old: CaseKey, new: CaseKey
    ) -> SealedPart:
        try:
            where = place(before, part.number, part.kind)
            plaintext = open_record(old, where, SealedRecord(part.data))
        except CryptoError:
            raise Untouched("record {n} does not open", n=part.number) from None
        return _sealed(after, part.number, part.kind, plaintext, new)

    def _token(self, case: CaseFile, after: Header, old: CaseKey, new: CaseKey) -> str:
        sealed = SealedRecord(decoded(case.token or ""))
        try:
            plaintext = open_record(old, place(case.header, 0, TOKEN), sealed)
        except NotOpened:
            raise Untouched("the return token in it does not open") from None
        return _sealed(after, 0, TOKEN, plaintext, new).sealed

    def _note(self, header: Header, number: int, old: CaseKey, new: CaseKey) -> SealedPart:
        """The word of a lead for the new key, without which no desk takes it for one of ours."""
        record = DeskRecord(
            case=header.id,
            number=number,
            about=About.REKEY,
            at=to_the_hour(self.now),
            text=key_id(new.public),
            value=key_id(old.public),
            past=self.past,
        )
        signed = json.dumps(sign_payload(record.to_bytes(), DESK_TYPE, [self.identity]))
        return _sealed(header, number, NOTE, signed.encode(), new)

    def _wraps(self, case: CaseFile, header: Header, new: CaseKey) -> dict[str, str]:
        case_id, kept = bytes.fromhex(header.id), [one for one in case.openers if one in self.keys]
        wraps = {
            one: wrap_case_key(new, self.keys[one], case_id, header.epoch).data for one in kept
        }
        return {one: encoded(wrap) for one, wrap in wraps.items()}


def _sealed(header: Header, number: int, kind: str, plaintext: bytes, key: CaseKey) -> SealedPart:
    sealed = seal_record(key.public, place(header, number, kind), plaintext)
    return SealedPart.model_construct(number=number, kind=kind, sealed=encoded(sealed.data))
