"""What a lead's desk asks of a server, in a test: mandates, and many cases at once."""

import json
import os
from collections.abc import Collection
from typing import Any

from crypto.envelope import add_signature, sign_payload
from intake.ledger import GENESIS, Event, chained
from intake.mandates import MANDATE_TYPE, Mandate, Purpose, made
from intake.shapes import encoded
from intake.wire import CaseFile
from tests import rekeyed
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


def plain(case: CaseFile, who: str) -> list[bytes]:
    """Every record, opened by her."""
    return rekeyed.plain(case, identity_of(who))


def token(case: CaseFile, who: str) -> bytes | None:
    """The return token, taken out of its seal by her."""
    return rekeyed.token(case, identity_of(who))


def fresh(world: World, case: CaseFile, who: str = "lead", to: Collection[str] = ()) -> Any:
    """The case under a fresh key, by whoever can open it, wrapped `to` these (or all of its openers
    who are on the roster)."""
    names = to or [one.name for one in world.roster.members if key(one.name) in case.openers]
    keys = [identity_of(name).sealing_public for name in names]
    made, body = rekeyed.fresh(case, identity_of(who), world.roster.epoch, keys)
    world.keys[case.header.id] = made
    return body


def events(world: World, who: str = "anna", after: int = 0) -> list[Event]:
    """The record as she is shown it, its chain checked; without the world's first roster."""
    page = done(ask(world, who, f"/v1/events?after={after}"))
    found, head = (
        [Event.from_bytes(one.encode()) for one in page["events"]],
        bytes.fromhex(page["head"]),
    )
    if not after:
        assert head == GENESIS
    for event in found:
        head = chained(head, event.to_bytes())
    assert page["total"] == after + len(found)
    return found if after else found[1:]


def fetched(world: World, case: str, who: str = "lead") -> CaseFile:
    return CaseFile.model_validate(done(ask(world, who, f"/v1/cases/{case}")))


def without(world: World, name: str = "boris") -> None:
    """She leaves the roster, and the server takes it up."""
    world.take_up(world.roster.without_member(name))


def sent(world: World, *bodies: Any, who: str = "lead") -> Any:
    """What became of these cases."""
    return done(post(world, who, "/v1/rekey", {"cases": bodies}))
