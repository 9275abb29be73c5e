"""What a desk does with many cases, in a test: opens them, seals them anew, wraps their keys."""

import json
import os
from collections.abc import Collection
from typing import Any

from crypto.envelope import add_signature, sign_payload
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import (
    CaseKey,
    Context,
    SealedRecord,
    Wrap,
    seal_record,
    wrap_case_key,
)
from intake.mandates import MANDATE_TYPE, Mandate, Purpose, made
from intake.records import NOTE, TOKEN
from intake.shapes import decoded, encoded
from intake.wire import CaseFile, state_of
from tests.desk.world import World, identity_of
from tests.handlers.desks import ask, done, key


def mandate(
    world: World, to: str, purpose: Purpose = Purpose.ONBOARD, *, every: bool = True
) -> Mandate:
    """As it is offered to be signed."""
    return made(purpose, key(to), world.time(), os.urandom(16), every=every)


def signed(about: Mandate, *who: str) -> bytes:
    """The body of a request with a mandate that these signed, in one envelope."""
    envelope = sign_payload(about.to_payload(), MANDATE_TYPE, [identity_of(who[0])])
    for other in who[1:]:
        envelope = add_signature(envelope, MANDATE_TYPE, identity_of(other))
    return json.dumps({"envelope": encoded(json.dumps(envelope).encode())}).encode()


def post(world: World, who: str, path: str, body: Any) -> Any:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(world, who, path, method="POST", body=sent)


def waiting(world: World, who: str = "lead") -> list[CaseFile]:
    """All cases that wait to be re-keyed and that she can open."""
    found, after = [], ""
    while True:
        page = done(ask(world, who, f"/v1/rekey{after}"))
        found += [CaseFile.model_validate(one) for one in page["cases"]]
        if page["after"] is None:
            return found
        after = f"?after={page['after']}"


def case_key(case: CaseFile, who: str) -> CaseKey:
    header = case.header
    place = bytes.fromhex(header.id), header.epoch
    return unwrap_case_key(identity_of(who), *place, Wrap(decoded(case.wrap)))


def plain(case: CaseFile, who: str) -> list[bytes]:
    """Every record, opened by her."""
    opened, own = case_key(case, who), bytes.fromhex(case.header.id)
    header = case.header
    return [
        open_record(
            opened,
            Context(own, part.number, part.kind, header.form, header.epoch),
            SealedRecord(part.data),
        )
        for part in case.records
    ]


def token(case: CaseFile, who: str) -> bytes | None:
    """The return token, taken out of its seal by her."""
    if case.token is None:
        return None
    header = case.header
    place = Context(bytes.fromhex(header.id), 0, TOKEN, header.form, header.epoch)
    return open_record(case_key(case, who), place, SealedRecord(decoded(case.token)))


def fresh(world: World, case: CaseFile, who: str = "lead", to: Collection[str] = ()) -> Any:
    """The case under a fresh key, by whoever can open it, wrapped `to` these (or all of its openers
    who are on the roster)."""
    new, header = CaseKey.new(os.urandom), case.header
    own, epoch = bytes.fromhex(header.id), world.roster.epoch

    def seal(number: int, kind: str, data: bytes) -> str:
        place = Context(own, number, kind, header.form, epoch)
        return encoded(seal_record(new.public, place, data).data)

    parts = [(part.number, part.kind) for part in case.records]
    records = [
        {"number": number, "kind": kind, "sealed": seal(number, kind, data)}
        for (number, kind), data in zip(parts, plain(case, who), strict=True)
    ]
    note = len(parts)
    records.append({"number": note, "kind": NOTE, "sealed": seal(note, NOTE, b"a fresh key")})
    names = to or [one.name for one in world.roster.members if key(one.name) in case.openers]
    back = token(case, who)
    world.keys[header.id] = new
    return {
        "id": header.id,
        "was": state_of(
            decoded(case.public_key),
            None if case.token is None else decoded(case.token),
            len(parts),
            case.openers,
        ),
        "epoch": epoch,
        "public_key": encoded(new.public),
        "records": records,
        "wraps": {
            key(name): encoded(
                wrap_case_key(new, identity_of(name).sealing_public, own, epoch).data
            )
            for name in names
        },
        "token": None if back is None else seal(0, TOKEN, back),
    }
