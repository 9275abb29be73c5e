"""Who asks: the member of the roster in force who signed a request, let in once for each signature.

The roster is asked anew for every request, so that a member who was removed is a stranger at
once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from aiohttp import web

from handlers.queue_parts import Parts, Verified
from handlers.refusals import Refused, malformed
from intake.errors import TropaError
from intake.roster import Member, Role

MAX_AGE = timedelta(seconds=60)
"""How far the signature's time may lie from ours."""

NONCE_KEPT = 3 * MAX_AGE
"""Longer than any signature that bears the nonce could still pass as fresh."""

READ_TIMEOUT = 10.0
"""Seconds that a body may take to arrive."""

LONG_TIMEOUT = 300.0
"""The same for one of many cases, behind a slow line; and seconds until there is room for it."""

STAYS: Final = web.AppKey("stays", WeakKeyDictionary[asyncio.BaseTransport, float])
"""Until when, by the loop's clock, a connection may stay that would else be ended before that. Only
what a lead signed is in it."""

SMALL = 128 * 1024
"""Bytes of a body, where nothing is said of a larger one."""

LARGE = 256 * 1024
"""Bytes of a body that is dealt with beside everything else."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A member, with the body that her signature covers."""

    key_id: str
    member: Member
    body: bytes

    @property
    def lead(self) -> bool:
        return self.member.role is Role.LEAD


Whom = Callable[[Member], bool]
"""Whether something is for her."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose body is waited for, for whom else it could be, and when its head came."""

    key_id: str
    whom: Whom
    at: datetime


class Gate:
    """Lets members in whose time on the roster runs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def caller(self, request: web.Request) -> Caller:
        """Who signed this request, if she may open cases; raises `Refused`."""
        caller = await self._signed(request)
        if not caller.member.opens_cases:
            raise Refused(403, "role", "Your role opens no cases: the queue is for volunteers.")
        return caller

    async def counts_caller(self, request: web.Request) -> Caller:
        """Who signed this request, if the counts are for her; raises `Refused`."""
        caller = await self._signed(request)
        if not caller.member.opens_counts:
            raise Refused(
                403,
                "counts",
                "The counts are for coordinators, and for whom the roster names besides. "
                "Ask the organisation.",
            )
        return caller

    async def keys_caller(self, request: web.Request, whom: Whom) -> Caller:
        """Who signed this request, if keys are hers to deal with; raises `Refused`."""
        caller = await self._signed(request)
        if not whom(caller.member):
            raise _not_for_her()
        return caller

    async def expected(self, request: web.Request, whom: Whom) -> "Expected":
        """The head of a request whose body may be large, and may take long to arrive; raises
        `Refused`.

        Its signature is good now or never, and its nonce is used: so the body may come as slowly as
        it likes, and nobody sends the same head again meanwhile.
        """
        _must_be_plain(request)
        now, members = self._parts.clock(), self.members()
        verified = self._verified(request, None, members, now)
        member = members[verified.key_id]
        if not whom(member):
            raise _not_for_her()
        self._must_be_in_time(member)
        await self._fresh(verified)
        stays(request)
        return Expected(verified.key_id, whom, now)

    async def arrived(self, request: web.Request, expected: "Expected", most: int) -> Caller:
        """The same once the body is here, of `most` bytes; raises `Refused`."""
        stays(request)
        body = await body_of(request, LONG_TIMEOUT, most)
        stays(request)
        members = self.members()
        await self._checked(request, body, members, expected.at)
        member = members[expected.key_id]
        if not expected.whom(member):
            raise _not_for_her()
        self._must_be_in_time(member)
        return Caller(expected.key_id, member, body)

    async def _signed(self, request: web.Request) -> Caller:
        body = await body_of(request)
        members = self.members()
        verified = await self._checked(request, body, members, self._parts.clock())
        await self._fresh(verified)
        member = members[verified.key_id]
        self._must_be_in_time(member)
        return Caller(verified.key_id, member, body)

    async def _checked(
        self, request: web.Request, body: bytes, members: Mapping[str, Member], now: datetime
    ) -> Verified:
        if len(body) > LARGE:  # its digest takes long
            return await asyncio.to_thread(self._verified, request, body, members, now)
        return self._verified(request, body, members, now)

    def _must_be_in_time(self, member: Member) -> None:
        if not member.in_force(self._parts.clock()):
            raise Refused(
                403,
                "ended",
                "Your time on the roster is over. Ask whoever keeps the roster to extend it.",
            )

    def members(self) -> dict[str, Member]:
        """The roster in force by key id; raises `Refused` when there is none."""
        try:
            roster = self._parts.roster()
        except TropaError:  # its reason names places on this machine: it is the operator's
            raise Refused(
                503,
                "closed",
                "The server has no roster that counts now. Tell the operator: the log says why.",
            ) from None
        return {self._parts.key_id(member.sealing_key): member for member in roster.members}

    def _verified(
        self,
        request: web.Request,
        body: bytes | None,
        members: Mapping[str, Member],
        now: datetime,
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
                now,
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


def case_id_of(request: web.Request) -> bytes:
    """The case that the path names."""
    return bytes.fromhex(request.match_info["id"])


def _not_for_her() -> Refused:
    return Refused(
        403,
        "role",
        "This is not for your role: many cases at once are dealt with by leads, and by the "
        "recovery key; coordinators have no part in keys.",
    )


def stays(request: web.Request) -> None:
    """Its connection has as long as a large body, or a page of cases, takes over a slow line."""
    if request.transport is not None:
        until = asyncio.get_running_loop().time() + LONG_TIMEOUT
        request.app[STAYS][request.transport] = until


def _must_be_plain(request: web.Request) -> None:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # No desk sends such a one, and a few bytes of it could become many.
        raise malformed("The body of this request is packed. Send it as it is.")


async def body_of(request: web.Request, patience: float = READ_TIMEOUT, most: int = SMALL) -> bytes:
    """The body, of `most` bytes, if it arrives in so many seconds; raises `Refused`."""
    _must_be_plain(request)
    try:
        async with asyncio.timeout(patience):
            return await _read(request, most)
    except TimeoutError:
        raise Refused(408, "slow", "The request took too long to arrive. Try again.") from None
    except (web.RequestPayloadError, ConnectionError):  # nobody's fault here, nor worth a line
        raise malformed("The body of this request did not arrive whole.") from None


async def _read(request: web.Request, most: int) -> bytes:
    """As `web.Request.read`, which would copy a large body over and over while all others wait."""
    if (request.content_length or 0) > most:
        raise web.HTTPRequestEntityTooLarge(most)
    parts, size = list[bytes](), 0
    while part := await request.content.readany():
        size += len(part)
        if size > most:
            raise web.HTTPRequestEntityTooLarge(most)
        parts.append(part)
    return b"".join(parts) if size <= LARGE else await asyncio.to_thread(b"".join, parts)
