"""Keys that change hands, over HTTP: the roster, the record of key events, and many cases at once.

What a roster, a mandate or a fresh key is worth is judged here and in what stands behind the ports;
nothing here can open a case, and nobody can be added to those who can, but by a mandate that stands
or by one who can open it herself.
"""

import asyncio
import hashlib
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from aiohttp import web

from handlers import key_bodies
from handlers.acts import LONGEST, fitting, read
from handlers.callers import LONG_TIMEOUT, Caller, Gate, body_of, stays
from handlers.key_ports import NewCaseKey, NewReach, RosterRefused
from handlers.long_texts import crowded
from handlers.queue_parts import Parts
from handlers.refusals import Refused, malformed
from intake.ledger import Event, Kind, Page
from intake.mandates import LATEST, Mandate, MandateError, Purpose, check, may_sign
from intake.roster import SEALING_BYTES, Member, Role
from intake.shapes import CaseId, Digest, Shape, decoded, encoded
from intake.wire import RekeyAnswer, Signed, ToWrap, Wrappable, Wrapped, Wrapping

LARGEST_ROSTER: Final = 1 << 20
LARGEST_WRAPS: Final = 1 << 20
LARGEST_REKEYING: Final = 64 << 20

MOST_REKEYED: Final = 500
"""Cases in one request: everybody waits while they are written."""

REKEYED_BESIDE: Final = 2
"""Such requests that are taken apart at once; and of those larger than a page, that arrive."""

PAGE: Final = 4 << 20
"""Bytes of a request that waits for no larger one while it arrives: all that a desk makes of a page
of cases, and more."""

PAGES_BESIDE: Final = 16
"""Of these at once: a lane for each core of some desks, and the same memory as for a larger one."""

MOST_SIGNED: Final = 100
"""Mandates that one may sign within the time that each lasts: all of them are read whenever one is
used, and none is ever taken out of the record."""

_Query = TypeVar("_Query", bound=Shape)

FURTHEST: Final = 2**53
"""Events that nobody has seen."""


class _After(Shape):
    """Where a page begins."""

    after: CaseId | None = None


class _Wanted(_After):
    mandate: Digest


class _EventsAfter(Shape):
    after: int = 0


class Keys:
    """The addresses under which keys change hands."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts = parts
        self._keys = parts.keys
        self._gate = gate
        self._room = asyncio.Semaphore(REKEYED_BESIDE)
        self._room_for_pages = asyncio.Semaphore(PAGES_BESIDE)
        self._taking_apart = asyncio.Semaphore(REKEYED_BESIDE)

    def add_to(self, app: web.Application) -> None:
        """The addresses of all of it."""
        app.router.add_put("/v1/roster", self.publish)
        app.router.add_get("/v1/events", self.events, allow_head=False)
        app.router.add_post("/v1/mandates", self.mandate)
        app.router.add_get("/v1/wraps", self.wrappable, allow_head=False)
        app.router.add_post("/v1/wraps", self.wrap)
        app.router.add_get("/v1/rekey", self.rekeyable, allow_head=False)
        app.router.add_post("/v1/rekey", self.rekey)

    async def publish(self, request: web.Request) -> web.Response:
        """A signed roster, from whoever has one: its own signatures are its authority."""
        body = await body_of(request, most=LARGEST_ROSTER)
        try:
            epoch = await self._keys.publish(body)
        except RosterRefused as error:
            raise Refused(_STATUS.get(error.reason, 409), error.reason, str(error)) from None
        return web.json_response({"epoch": epoch})

    async def events(self, request: web.Request) -> web.Response:
        await self._gate.keys_caller(request, _has_part)
        after = _query(_EventsAfter, request).after
        if not 0 <= after <= FURTHEST:
            raise malformed("The record of key events has no such place.")
        told = await self._keys.ledger.page(after)
        page = Page(
            after=told.after,
            head=told.head.hex(),
            total=told.total,
            events=tuple(body.decode() for body in told.events),
        )
        return _json(page)

    async def mandate(self, request: web.Request) -> web.Response:
        caller = await self._gate.keys_caller(request, _leads)
        envelope = decoded(read(Signed, caller).envelope)
        mandate = self._signed(envelope, caller)
        roster, now = self._parts.roster(), self._parts.clock()
        target = self._target(mandate)
        try:  # as if all had signed: what it lacks now is hers alone
            check(mandate, (), 0, target, now)
        except MandateError as error:
            raise Refused(403, "mandate", str(error)) from None
        hers = [one.day for one in await self._keys.ledger.mandates() if one.by == caller.key_id]
        if sum(day > now.date() - LATEST for day in hers) >= MOST_SIGNED:
            raise Refused(409, "many_signed", "You have signed too many mandates this week.")
        signed = encoded(envelope)
        event = Event(kind=Kind.MANDATE, day=now.date(), by=caller.key_id, signed=signed)

        def same(other: Event) -> bool:
            return other.by == caller.key_id and _payload_of(other) == mandate.to_payload()

        if not await self._keys.ledger.sign(event, same):
            raise Refused(409, "signed", "You have signed this mandate before.")
        _, signers = await self._found(mandate.digest)
        return web.json_response(
            {"mandate": mandate.digest, "signatures": len(signers), "needed": roster.approvals}
        )

    async def wrappable(self, request: web.Request) -> web.Response:
        caller = await self._gate.keys_caller(request, _leads)
        wanted = _query(_Wanted, request)
        reach = await self._reach(wanted.mandate, caller)
        found = await self._keys.wrapping.page(reach, caller.key_id, _place(wanted))
        return _json(
            Wrappable(
                cases=tuple(
                    ToWrap(id=case_id.hex(), epoch=epoch, wrap=encoded(wrap))
                    for case_id, epoch, wrap in found.cases
                ),
                left=found.left,
                closed_to_her=found.closed_to_her,
                after=None if found.after is None else found.after.hex(),
            )
        )

    async def wrap(self, request: web.Request) -> web.Response:
        expected = await self._gate.expected(request, _leads)
        caller = await self._gate.arrived(request, expected, LARGEST_WRAPS)
        if crowded(caller.body):
            raise malformed("The body of this request is not what this address takes.")
        body = read(Wrapping, caller)
        made = [(bytes.fromhex(one.case), decoded(one.wrap)) for one in body.wraps]
        if len({case_id for case_id, _ in made}) != len(made):
            raise malformed("A case stands twice in this request.")
        if any(len(wrap) != self._parts.lengths.wrap for _, wrap in made):
            raise malformed("A wrap of this request has a length that none can have.")
        roster, members = self._parts.roster(), self._gate.members()
        reach = await self._reach(body.mandate, caller)
        if reach.to not in members:  # the roster changed in this moment
            return _json(Wrapped(done=0, gone=len(made)))
        fits, day = fitting(self._parts, members[reach.to]), self._parts.clock().date()
        done = await self._keys.wrapping.wrap(reach, caller.key_id, made, roster.epoch, fits, day)
        return _json(Wrapped(done=done, gone=len(made) - done))

    async def rekeyable(self, request: web.Request) -> web.Response:
        caller = await self._gate.keys_caller(request, _leads)
        after = _place(_query(_After, request))
        stays(request)
        page, now = await self._keys.rekeying.page(caller.key_id, after), self._parts.clock()
        body = await asyncio.to_thread(
            key_bodies.rekeyable, page, caller.key_id, now, lead=caller.lead
        )
        return web.Response(body=body, content_type="application/json")

    async def rekey(self, request: web.Request) -> web.Response:
        """Those who send slowly hold up others only where they send more than a page."""
        expected = await self._gate.expected(request, _leads)
        page = request.content_length is not None and request.content_length <= PAGE
        async with _in_turn(self._room_for_pages if page else self._room):
            caller = await self._gate.arrived(request, expected, PAGE if page else LARGEST_REKEYING)
            async with self._taking_apart:
                return await self._rekey(caller)

    async def _rekey(self, caller: Caller) -> web.Response:
        fresh = await asyncio.to_thread(self._fresh, caller.body)
        epoch, members = self._parts.roster().epoch, self._gate.members()
        day = self._parts.clock().date()
        done = await self._keys.rekeying.rekey(fresh, caller.key_id, epoch, members.keys(), day)
        return _json(
            RekeyAnswer(done=_ids(done.done), moved=_ids(done.moved), gone=_ids(done.gone))
        )

    def _fresh(self, body: bytes) -> list[NewCaseKey]:
        """The cases of a request, if they could be what they should."""
        try:
            fresh = key_bodies.rekeying(body)
        except ValueError:
            raise malformed(
                "The body of this request is not what this address takes. "
                "Is the desk of the same version as the server?"
            ) from None
        if len(fresh) > MOST_REKEYED:
            raise malformed(f"More than {MOST_REKEYED} cases stand in this request.")
        self._plausible(fresh)
        return fresh

    def _plausible(self, fresh: list[NewCaseKey]) -> None:
        lengths = self._parts.lengths
        if len({one.id for one in fresh}) != len(fresh):
            raise malformed("A case stands twice in this request.")
        for one in fresh:
            *_, (_, _, note) = one.records
            if len(note) > LONGEST or not all(lengths.sealed(len(part[2])) for part in one.records):
                raise malformed("A record of this request has a length that none can have.")
            if any(len(wrap) != lengths.wrap for wrap in one.wraps.values()):
                raise malformed("A wrap of this request has a length that none can have.")
            if len(one.public_key) != SEALING_BYTES or not self._keys.is_key(one.public_key):
                raise malformed("A key of this request is none: nothing could be sealed to it.")

    def _signed(self, envelope: bytes, caller: Caller) -> Mandate:
        """A mandate that she, and nobody else here, signed; and may sign."""
        try:
            payload = self._keys.signed(envelope, caller.member.signing_key)
            mandate = Mandate.from_payload(payload)
        except self._parts.faults.refused as error:
            raise Refused(403, "mandate", str(error)) from None
        except MandateError as error:
            raise Refused(400, "mandate", str(error)) from None
        if not may_sign(mandate, caller.key_id, caller.member):
            raise Refused(
                403,
                "mandate",
                "Your signature does not count on this mandate: leads sign, and the recovery key "
                "on a recovery, but never whoever is to open the cases.",
            )
        return mandate

    def _target(self, mandate: Mandate) -> Member | None:
        """The member whom it is for, while her time on the roster runs."""
        member = self._gate.members().get(mandate.to)
        return member if member is not None and member.in_force(self._parts.clock()) else None

    async def _found(self, digest: str) -> tuple[Mandate, set[str]]:
        """The mandate, and the key ids of those whose signatures count on the roster in force."""
        members, now = self._gate.members(), self._parts.clock()
        mandate, signers = None, set[str]()
        for event in await self._keys.ledger.mandates():
            payload = _payload_of(event)
            if hashlib.sha256(payload).hexdigest() != digest:
                continue
            mandate = Mandate.from_payload(payload)
            signer = members.get(event.by or "")
            if signer is not None and signer.in_force(now):
                signers |= {event.by or ""} if may_sign(mandate, event.by or "", signer) else set()
        if mandate is None:
            raise Refused(
                404, "unknown_mandate", "The server knows no such mandate. See: tropa mandates."
            )
        return mandate, signers

    async def _reach(self, digest: str, caller: Caller) -> NewReach:
        """What a mandate opens that stands, for one who may use it."""
        mandate, signers = await self._found(digest)
        target, needed = self._target(mandate), self._parts.roster().approvals
        try:
            check(mandate, signers, needed, target, self._parts.clock())
        except MandateError as error:
            raise Refused(403, "mandate", str(error)) from None
        recovers = mandate.purpose is Purpose.RECOVER
        if caller.member.role is not (Role.RECOVERY if recovers else Role.LEAD):
            raise Refused(
                403,
                "role",
                "A recovery is done with the recovery key; a new member is given her cases by a "
                "lead.",
            )
        assert target is not None
        return reach_of(mandate, target)


def reach_of(mandate: Mandate, target: Member) -> NewReach:
    """`intake.mandates.reaches`, as storage is asked for it."""
    everything = mandate.purpose is Purpose.RECOVER or target.role is Role.RECOVERY
    every = everything or mandate.every
    return NewReach(
        mandate=mandate.digest,
        to=mandate.to,
        closed_too=everything,
        skills=None if every else target.skills,
        languages=None if every else target.languages,
    )


_STATUS: Final = {"roster": 400, "signatures": 403, "not_written": 503}
"""Of a roster that is not taken up: it is none, it is not signed, or the disk does not take it. All
else contradicts what the server has."""


def _has_part(member: Member) -> bool:
    return member.opens_cases or member.role is Role.RECOVERY


def _leads(member: Member) -> bool:
    return member.role in (Role.LEAD, Role.RECOVERY)


def _payload_of(event: Event) -> bytes:
    """Of an envelope that was checked before it was written down."""
    return b64decode(json.loads(event.envelope)["payload"])


@asynccontextmanager
async def _in_turn(room: asyncio.Semaphore) -> AsyncIterator[None]:
    """Raises `Refused` where it would be waited for longer than a connection stays."""
    try:
        async with asyncio.timeout(LONG_TIMEOUT):
            await room.acquire()
    except TimeoutError:
        raise Refused(
            503, "unavailable", "The server has too much to do at once. Try again in a minute."
        ) from None
    try:
        yield
    finally:
        room.release()


def _query(shape: type[_Query], request: web.Request) -> _Query:
    try:
        if len(set(request.query)) == len(request.query):
            return shape.model_validate(dict(request.query))
    except ValueError:
        pass
    raise malformed("This address is asked for something else than this request does.")


def _place(wanted: _After) -> bytes | None:
    return None if wanted.after is None else bytes.fromhex(wanted.after)


def _ids(cases: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(case_id.hex() for case_id in cases)


def _json(shape: Shape) -> web.Response:
    return web.Response(text=shape.model_dump_json(), content_type="application/json")
