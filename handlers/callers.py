"""Who asks: the member of the roster in force who signed a request, let in once for each signature.

The roster is asked anew for every request, so that a member who was removed is a stranger at
once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

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
"""The same for one of many cases, from a desk behind a slow line."""

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

    async def keys_caller(
        self, request: web.Request, whom: Whom, most: int = 0, came: datetime | None = None
    ) -> Caller:
        """Who signed this request, if keys are hers to deal with; raises `Refused`.

        `most`: bytes of a body that may be larger than others. Such a one is let in only once the
        headers are known to be signed by one of those; `came`: when, if that was asked before.
        """
        if most:
            came = came or await self.expected(request, whom)
            request = request.clone(client_max_size=most)
        caller = await self._signed(request, LONG_TIMEOUT if most else READ_TIMEOUT, came)
        if not whom(caller.member):
            raise _not_for_her()
        if most and _crowded(caller.body):
            raise malformed("The body of this request is not what this address takes.")
        return caller

    async def expected(self, request: web.Request, whom: Whom) -> datetime:
        """Whether its headers are signed by one of those, before its body takes any room; and when
        they came. They have to be fresh then, and their nonce is used up: on a slow line the body
        is minutes behind, and it may have to wait for others."""
        members, now = self.members(), self._parts.clock()
        verified = self._verified(request, None, members, now)
        if not whom(members[verified.key_id]):
            raise _not_for_her()
        await self._fresh(verified)
        return now

    async def _signed(
        self,
        request: web.Request,
        patience: float = READ_TIMEOUT,
        came: datetime | None = None,
    ) -> Caller:
        body = await body_of(request, patience)
        members, now = self.members(), came or self._parts.clock()
        if len(body) > LARGE:  # its digest takes long
            verified = await asyncio.to_thread(self._verified, request, body, members, now)
        else:
            verified = self._verified(request, body, members, now)
        if came is None:
            await self._fresh(verified)
        member = members[verified.key_id]
        if not member.in_force(self._parts.clock()):
            raise Refused(
                403,
                "ended",
                "Your time on the roster is over. Ask whoever keeps the roster to extend it.",
            )
        return Caller(verified.key_id, member, body)

    def members(self) -> dict[str, Member]:
        """The roster in force by key id; raises `Refused` when there is none."""
        try:
            roster = self._parts.roster()
        except TropaError as error:
            raise Refused(503, "closed", str(error)) from None
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


def _crowded(body: bytes) -> bool:
    """Whether it has more parts than anything sealed could have: what is sealed is long. Taken
    apart, each costs a hundred times its room, and sixty megabytes of brackets end a server."""
    parts = sum(body.count(mark) for mark in (b",", b"[", b"{"))
    return parts > 1000 + len(body) // 128


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


async def body_of(request: web.Request, patience: float = READ_TIMEOUT) -> bytes:
    """The body, if it arrives in so many seconds; raises `Refused`."""
    try:
        async with asyncio.timeout(patience):
            return await request.read()
    except TimeoutError:
        raise Refused(408, "slow", "The request took too long to arrive. Try again.") from None
    except (web.RequestPayloadError, ConnectionError):  # nobody's fault here, nor worth a line
        raise malformed("The body of this request did not arrive whole.") from None
