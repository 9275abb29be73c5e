"""The queue over HTTP: what waits for a member, taken by signed requests.

The conversation with a desk and nothing else: signatures, storage and the roster are ports that
the composition root fills. Nothing here opens a record, and nothing is logged about who asked
for what: a fault is logged by the name of its class alone.
"""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from intake.case import CaseHeader
from intake.clock import Clock
from intake.errors import TropaError
from intake.roster import Member, Roster
from intake.wire import CaseFile, Header, Queue, SealedPart

MAX_AGE = timedelta(seconds=60)
"""How far the signature's time may lie from ours."""

NONCE_KEPT = 3 * MAX_AGE
"""Longer than any signature that bears the nonce could still pass as fresh."""

LARGEST_BODY = 16 * 1024
READ_TIMEOUT = 10.0
"""Seconds that a body may take to arrive."""

log = logging.getLogger(__name__)


class Verified(Protocol):
    """Whose signature it is, and its nonce."""

    @property
    def key_id(self) -> str: ...
    @property
    def nonce(self) -> str: ...


class Verify(Protocol):
    """Checks an RFC 9421 signature with the key that `key` finds; raises `Faults.refused`."""

    def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        key: Callable[[str], bytes | None],
        now: datetime,
        max_age: timedelta,
    ) -> Verified: ...


class Part(Protocol):
    """A sealed record as it is stored."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def sealed(self) -> bytes: ...


class Stored(Protocol):
    """A stored case, with the wrap of the one who asked."""

    @property
    def header(self) -> CaseHeader: ...
    @property
    def public_key(self) -> bytes: ...
    @property
    def records(self) -> Sequence[Part]: ...
    @property
    def wrap(self) -> bytes: ...


class Cases(Protocol):
    """The stored cases. `key_id` names the member; a case without a wrap for her is unknown."""

    async def queue(self, key_id: str, now: datetime) -> Sequence[CaseHeader]: ...
    async def held(self, key_id: str, now: datetime) -> Sequence[bytes]: ...
    async def take(self, case_id: bytes, key_id: str, now: datetime) -> CaseHeader: ...
    async def give_back(self, case_id: bytes, key_id: str) -> CaseHeader: ...
    async def fetch(self, case_id: bytes, key_id: str) -> Stored: ...


class Nonces(Protocol):
    """Durable memory of used nonces."""

    async def use(self, digest: bytes, expires: datetime) -> bool:
        """False when it was used before."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The exceptions that the real parts raise, so that their packages need no import here."""

    refused: type[Exception]
    unknown_case: type[Exception]
    held_by_other: type[Exception]
    unavailable: type[Exception]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the queue needs done.

    `roster` returns the roster in force or raises a `TropaError` with a sentence; `envelope` the
    signed file as it stands, or None; `form` a form's bytes by digest. `key_id` gives the short
    id of a sealing key.
    """

    verify: Verify
    key_id: Callable[[bytes], str]
    cases: Cases
    nonces: Nonces
    roster: Callable[[], Roster]
    envelope: Callable[[], bytes | None]
    form: Callable[[str], bytes | None]
    clock: Clock
    faults: Faults


class Refused(Exception):
    """A request that is turned away: status, a word for programs, a sentence for people."""

    def __init__(self, status: int, reason: str, sentence: str, **more: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = {"error": sentence, "reason": reason} | more


def queue_app(parts: Parts) -> web.Application:
    """The application; run it with `access_log=None`, since paths hold case ids."""
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_sentences(parts.faults)])
    app.on_response_prepare.append(_never_kept)
    desk = _Conversation(parts)
    case = "/v1/cases/{id:[0-9a-f]{32}}"
    app.router.add_get("/v1/roster", desk.roster, allow_head=False)
    app.router.add_get("/v1/forms/{digest:[0-9a-f]{64}}", desk.form, allow_head=False)
    app.router.add_get("/v1/queue", desk.queue, allow_head=False)
    app.router.add_get(case, desk.fetch, allow_head=False)
    app.router.add_post(f"{case}/take", desk.take)
    app.router.add_post(f"{case}/release", desk.release)
    return app


class _Conversation:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def roster(self, _: web.Request) -> web.Response:
        envelope = self._parts.envelope()
        if envelope is None:
            raise Refused(503, "closed", "The server has no roster. Tell the operator.")
        return web.Response(body=envelope, content_type="application/json")

    async def form(self, request: web.Request) -> web.Response:
        form = self._parts.form(request.match_info["digest"])
        if form is None:
            raise Refused(404, "form", "The server has no such form. Tell the operator.")
        return web.Response(body=form, content_type="application/yaml")

    async def queue(self, request: web.Request) -> web.Response:
        member = await self._member(request)
        found = await self._parts.cases.queue(member, self._parts.clock())
        headers = tuple(Header.of(header, member) for header in found)
        listed = Queue(cases=headers, matching=len(headers), counts={})
        return _json(listed.model_dump_json())

    async def take(self, request: web.Request) -> web.Response:
        member, case_id = await self._member(request), _case_id(request)
        await self._has_room(member, case_id)
        try:
            await self._parts.cases.take(case_id, member, self._parts.clock())
        except self._parts.faults.held_by_other:
            raise await self._held(case_id, member) from None
        return await self._whole(case_id, member)

    async def fetch(self, request: web.Request) -> web.Response:
        member = await self._member(request)
        return await self._whole(_case_id(request), member)

    async def release(self, request: web.Request) -> web.Response:
        member = await self._member(request)
        try:
            await self._parts.cases.give_back(_case_id(request), member)
        except self._parts.faults.held_by_other:
            raise Refused(
                409, "not_held", "You do not hold this case; nothing to give back."
            ) from None
        return await self._whole(_case_id(request), member)

    async def _has_room(self, key_id: str, case_id: bytes) -> None:
        """Whether she may hold one case more; renewing the lease on one she holds is always fine.

        Two requests in the same instant may both pass: capacity spares people, it guards nothing.
        """
        held = await self._parts.cases.held(key_id, self._parts.clock())
        member = self._members().get(key_id)  # the roster may have changed since she was let in
        most = member.capacity if member else 0
        if case_id not in held and len(held) >= most:
            raise Refused(
                409,
                "capacity",
                f"You hold {len(held)} cases, and the roster gives you {most} at a time. "
                "Give one back, or ask the organisation to raise your capacity.",
            )

    async def _held(self, case_id: bytes, member: str) -> Refused:
        """When the lease ends, and nothing about whose it is."""
        header = (await self._parts.cases.fetch(case_id, member)).header
        if header.leased_until is None:
            return Refused(409, "held", "Somebody else was faster. Look at the queue again.")
        until = f"{header.leased_until:%Y-%m-%d %H:%M} UTC"
        return Refused(
            409,
            "held",
            f"Somebody else has taken this case; her lease ends at {until}. Take another.",
            leased_until=header.leased_until.isoformat(),
        )

    async def _whole(self, case_id: bytes, member: str) -> web.Response:
        stored = await self._parts.cases.fetch(case_id, member)
        whole = CaseFile(
            header=Header.of(stored.header, member),
            public_key=_text(stored.public_key),
            records=tuple(
                SealedPart(number=part.number, kind=part.kind, sealed=_text(part.sealed))
                for part in stored.records
            ),
            wrap=_text(stored.wrap),
        )
        return _json(whole.model_dump_json())

    async def _member(self, request: web.Request) -> str:
        """The key id of the member who signed this request; raises `Refused`."""
        members = self._members()
        verified = self._verified(request, await _body(request), members)
        await self._fresh(verified)
        if not members[verified.key_id].opens_cases:
            raise Refused(403, "role", "Your role opens no cases: the queue is for volunteers.")
        return verified.key_id

    def _members(self) -> dict[str, Member]:
        try:
            roster = self._parts.roster()
        except TropaError as error:
            raise Refused(503, "closed", str(error)) from None
        return {self._parts.key_id(member.sealing_key): member for member in roster.members}

    def _verified(
        self, request: web.Request, body: bytes, members: Mapping[str, Member]
    ) -> Verified:
        strangers: list[str] = []

        def key(key_id: str) -> bytes | None:
            member = members.get(key_id)
            if member is None:
                strangers.append(key_id)
                return None
            return member.signing_key

        try:
            return self._parts.verify(
                request.method,
                request.raw_path,
                request.headers,
                body,
                key,
                self._parts.clock(),
                MAX_AGE,
            )
        except self._parts.faults.refused as error:
            if strangers:
                raise Refused(
                    403,
                    "foreign",
                    "This key is not on the roster. Ask the organisation to add your card.",
                ) from None
            raise Refused(401, type(error).__name__.lower(), str(error)) from None

    async def _fresh(self, verified: Verified) -> None:
        """Each signature is good once: its nonce is written down before anything is done."""
        digest = hashlib.sha256(f"{verified.key_id} {verified.nonce}".encode()).digest()
        if not await self._parts.nonces.use(digest, self._parts.clock() + NONCE_KEPT):
            raise Refused(
                401, "replayed", "This request was already made once. Give the command again."
            )


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            return await request.read()
    except TimeoutError:
        raise Refused(408, "slow", "The request took too long to arrive. Try again.") from None


def _case_id(request: web.Request) -> bytes:
    return bytes.fromhex(request.match_info["id"])


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")


async def _never_kept(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.pop("Server", None)


def _sentences(faults: Faults) -> Middleware:
    """Every way to fail becomes a JSON sentence; none becomes a traceback."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status)
        except web.HTTPException as error:
            return _plain(error.status)
        except faults.unknown_case as error:
            body = {"error": str(error), "reason": "unknown_case"}
            return web.json_response(body, status=404)
        except faults.unavailable as error:
            log.error("queue: %s", type(error).__name__)
            return web.json_response(
                {
                    "error": "The server cannot reach its database now. Try again in a minute.",
                    "reason": "unavailable",
                },
                status=503,
            )
        except Exception as error:
            log.error("queue: unexpected %s", type(error).__name__)
            return _plain(500)

    return answer


_PLAIN = {
    404: "There is nothing at this address. Is the desk of the same version as the server?",
    405: "This address does not take such a request. Is the desk of the same version?",
    413: "The request is too large.",
}


def _plain(status: int) -> web.Response:
    sentence = _PLAIN.get(status, "The server failed at this request. Tell the operator.")
    return web.json_response({"error": sentence, "reason": f"http_{status}"}, status=status)
