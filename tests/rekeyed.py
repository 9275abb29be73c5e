"""A case under a fresh key, as a desk makes it: opened, sealed anew, wrapped to who may open it."""

import os
from collections.abc import Iterable
from typing import Any

from crypto.identity import Identity
from crypto.kdf import key_id
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, Context, SealedRecord, Wrap, seal_record, wrap_case_key
from intake.records import NOTE, TOKEN
from intake.shapes import decoded, encoded
from intake.wire import CaseFile, state_of


def case_key(case: CaseFile, by: Identity) -> CaseKey:
    header = case.header
    return unwrap_case_key(by, bytes.fromhex(header.id), header.epoch, Wrap(decoded(case.wrap)))


def plain(case: CaseFile, by: Identity) -> list[bytes]:
    """Every record, opened by her."""
    opened = case_key(case, by)
    return [
        open_record(opened, _place(case, part.number, part.kind), SealedRecord(part.data))
        for part in case.records
    ]


def token(case: CaseFile, by: Identity) -> bytes | None:
    """The return token, taken out of its seal by her."""
    if case.token is None:
        return None
    return open_record(
        case_key(case, by), _place(case, 0, TOKEN), SealedRecord(decoded(case.token))
    )


def fresh(
    case: CaseFile, by: Identity, epoch: int, to: Iterable[bytes]
) -> tuple[CaseKey, dict[str, Any]]:
    """The case's new key, and the case under it as `intake.wire.Rekeyed` has it; `to`: sealing
    keys."""
    new, own = CaseKey.new(os.urandom), bytes.fromhex(case.header.id)

    def seal(number: int, kind: str, data: bytes) -> str:
        return encoded(seal_record(new.public, _place(case, number, kind, epoch), data).data)

    back, note = token(case, by), len(case.records)
    parts = [
        (part.number, part.kind, data)
        for part, data in zip(case.records, plain(case, by), strict=True)
    ]
    return new, {
        "id": case.header.id,
        "was": state_of(
            decoded(case.public_key),
            None if case.token is None else decoded(case.token),
            note,
            case.openers,
        ),
        "epoch": epoch,
        "public_key": encoded(new.public),
        "records": [
            {"number": number, "kind": kind, "sealed": seal(number, kind, data)}
            for number, kind, data in (*parts, (note, NOTE, b"a fresh key"))
        ],
        "wraps": {
            key_id(public): encoded(wrap_case_key(new, public, own, epoch).data) for public in to
        },
        "token": None if back is None else seal(0, TOKEN, back),
    }


def _place(case: CaseFile, number: int, kind: str, epoch: int = 0) -> Context:
    header = case.header
    return Context(bytes.fromhex(header.id), number, kind, header.form, epoch or header.epoch)
