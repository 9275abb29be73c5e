"""A case under a fresh key: opened with the old one, sealed anew, wrapped to who may open it still.

Pure: one case in, the same case out. What was opened stays in memory for the instant of it. A case
of which anything does not open as it should is left as it is, and named: to seal it anew would
make something whole of what somebody has tampered with.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from pydantic_core import to_json

from crypto.envelope import sign_payload
from crypto.errors import CryptoError, NotOpened
from crypto.identity import Identity
from crypto.kdf import Random, key_id
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, Context, SealedRecord, Wrap, seal_with, wrap_case_key
from desk.errors import DeskError
from desk.keys.pages import Fresh, Whole
from intake.case import to_the_hour
from intake.records import DESK_TYPE, NOTE, TOKEN, About, DeskRecord
from intake.roster import Roster
from intake.wire import state_of


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

    def rekeyed(self, case: Whole) -> Fresh:
        """`Untouched` unless every part of the case opens, and none is missing."""
        before, parts, token = case["header"], case["records"], case.get("token")
        case_id, epoch, form = bytes.fromhex(before.id), self.roster.epoch, before.form
        old = self._key(case, case_id)
        if [part["number"] for part in parts] != list(range(len(parts))):
            raise Untouched("records of it are missing or doubled")
        new = CaseKey.new(self.random)

        def again(number: int, kind: str, sealed: bytes) -> bytes:
            where = Context(case_id, number, kind, form, before.epoch)
            plaintext = open_record(old, where, SealedRecord(sealed))
            there = where if before.epoch == epoch else Context(case_id, number, kind, form, epoch)
            return seal_with(new, there, plaintext).data

        records = list[tuple[int, str, bytes]]()
        for part in parts:
            number, kind = part["number"], part["kind"]
            try:
                records.append((number, kind, again(number, kind, part["sealed"])))
            except CryptoError:
                raise Untouched("record {n} does not open", n=number) from None
        note = self._note(before.id, len(parts), old, new)
        there = Context(case_id, len(parts), NOTE, form, epoch)
        records.append((len(parts), NOTE, seal_with(new, there, note).data))
        try:
            sealed = None if token is None else again(0, TOKEN, token)
        except NotOpened:
            raise Untouched("the return token in it does not open") from None
        openers = case.get("openers", [])
        return Fresh(
            id=before.id,
            was=state_of(old.public, token, len(parts), openers),
            epoch=epoch,
            public_key=new.public,
            records=records,
            wraps={
                one: wrap_case_key(new, self.keys[one], case_id, epoch).data
                for one in openers
                if one in self.keys
            },
            token=sealed,
        )

    def _key(self, case: Whole, case_id: bytes) -> CaseKey:
        try:
            wrap = Wrap(case["wrap"])
            key = unwrap_case_key(self.identity, case_id, case["header"].epoch, wrap)
        except NotOpened:
            raise not_hers() from None
        if case["public_key"] != key.public:
            # What was added since was sealed to somebody else's key: it is not there to be kept.
            raise Untouched("its public key was replaced at the server")
        return key

    def _note(self, case: str, number: int, old: CaseKey, new: CaseKey) -> bytes:
        """The word of a lead for the new key, without which no desk takes it for one of ours."""
        record = DeskRecord(
            case=case,
            number=number,
            about=About.REKEY,
            at=to_the_hour(self.now),
            text=key_id(new.public),
            value=key_id(old.public),
            past=self.past,
        )
        return to_json(sign_payload(record.to_bytes(), DESK_TYPE, [self.identity]))
