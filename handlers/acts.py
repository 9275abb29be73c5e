"""What a desk does to a case: notes, replies, handing over, judging, closing, erasing.

Each act is checked for its shape and its lengths, done in one transaction together with the
record that tells of it, and answered with the case as it then is. What the record says, only
desks can read.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from handlers.callers import Caller, Gate, case_id_of
from handlers.case_files import as_of
from handlers.queue_parts import NewRecord, Parts
from handlers.refusals import Refused, malformed, not_held
from intake.case import Level, to_the_hour
from intake.records import NOTE, REPLY, ROOM_FOR_DESKS
from intake.roster import Member
from intake.shapes import Shape, decoded
from intake.wire import Closed, Judged, Noted, Passed, Replied, SealedPart

LONGEST: Final = 34 * 1024
"""Bytes of a record or letter: the longest text of either is padded to 32 KiB, and sealed."""

Whole = Callable[[bytes, Caller], Awaitable[web.Response]]
_Body = TypeVar("_Body", bound=Shape)


class Acts:
    """`whole` answers with a case as it is for a member."""

    def __init__(self, parts: Parts, gate: Gate, whole: Whole) -> None:
        self._parts = parts
        self._cases = parts.cases
        self._gate = gate
        self._whole = whole

    def by_name(self) -> Mapping[str, Handler]:
        """The acts that are posted to a case, by the last part of their path."""
        return {
            "release": self.release,
            "records": self.note,
            "reply": self.reply,
            "hand-over": self.hand_over,
            "ask": self.ask,
            "level": self.level,
            "close": self.close,
        }

    async def release(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        record = self._record(read(Noted, caller, empty=True).record, NOTE)
        await self._cases.give_back(case_id, caller.key_id, record)
        return await self._whole(case_id, caller)

    async def note(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        record = self._record(read(Noted, caller).record, NOTE)
        if record is None:
            raise malformed("A note is a record; this request has none.")
        await self._cases.note(case_id, caller.key_id, record)
        return await self._whole(case_id, caller)

    async def reply(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        body = read(Replied, caller)
        record = self._needed(body.record, REPLY)
        letter, token = decoded(body.letter), None if body.token is None else decoded(body.token)
        self._plausible(letter, "letter")
        if token is not None and len(token) != self._parts.lengths.token:
            raise malformed("The token of this reply is none: it has another length.")
        now = self._parts.clock()
        counted = self._parts.counting.first_answer(now)
        await self._cases.reply(case_id, caller.key_id, now, record, letter, token, counted)
        self._parts.posted()
        return await self._whole(case_id, caller)

    async def hand_over(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        body = read(Passed, caller)
        to, wrap = self._colleague(body.to, caller), self._wrap(body)
        record = self._record(body.record, NOTE)
        now = self._parts.clock()
        try:
            await self._cases.hand_over(
                case_id,
                caller.key_id,
                body.to,
                wrap,
                record,
                now,
                to.capacity,
                caller.lead,
                fitting(self._parts, to),
            )
        except self._parts.faults.full:
            raise Refused(
                409,
                "capacity",
                "This colleague holds as many cases as the roster gives her. "
                "Choose somebody else, or give the case back.",
                whose="other",
            ) from None
        return await self._whole(case_id, caller)

    async def ask(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        body = read(Passed, caller)
        fits = fitting(self._parts, self._colleague(body.to, caller))
        wrap, record = self._wrap(body), self._record(body.record, NOTE)
        day = self._parts.clock().date()
        await self._cases.ask(case_id, caller.key_id, body.to, wrap, record, day, fits)
        return await self._whole(case_id, caller)

    async def level(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        body = read(Judged, caller)
        record = self._needed(body.record, NOTE)
        await self._judge(caller, case_id, body.level, record)
        return await self._whole(case_id, caller)

    async def close(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        body = read(Closed, caller)
        record, now = self._record(body.record, NOTE), self._parts.clock()
        counted = self._parts.counting.closing(body.outcome, now)
        await self._cases.close(case_id, caller.key_id, record, now, counted)
        return await self._whole(case_id, caller)

    async def erase(self, request: web.Request) -> web.Response:
        caller, case_id = await self._asked(request)
        stored, now = await self._cases.fetch(case_id, caller.key_id), self._parts.clock()
        holder = as_of(stored.header, now).holder
        if not caller.lead and holder != caller.key_id:
            raise not_held()  # an ended lease erases nothing: the case is everybody's again
        await self._cases.erase_held(case_id, caller.key_id, caller.lead, now.date())
        return web.json_response({"erased": True})

    async def _judge(self, caller: Caller, case_id: bytes, level: Level, record: NewRecord) -> None:
        """What the person was promised stands: a higher level brings it nearer, none defers it."""
        now = self._parts.clock()
        promised = (await self._cases.fetch(case_id, caller.key_id)).header.promised_by
        soonest = to_the_hour(now) + self._parts.promised(level)
        await self._cases.set_level(
            case_id, caller.key_id, caller.lead, level, record, now, min(promised, soonest)
        )

    async def _asked(self, request: web.Request) -> tuple[Caller, bytes]:
        return await self._gate.caller(request), case_id_of(request)

    def _colleague(self, key_id: str, caller: Caller) -> Member:
        """Whom the case goes to: somebody else, on the roster in force, who may open cases."""
        if key_id == caller.key_id:
            raise Refused(409, "target", "This is your own key: name a colleague's.")
        member = self._gate.members().get(key_id)
        current = member is not None and member.in_force(self._parts.clock())
        if member is None or not current or not member.opens_cases:
            raise Refused(
                409,
                "target",
                "This colleague can be given no cases: she left the roster, her time on it is "
                "over, or her role opens none. Choose somebody else.",
            )
        return member

    def _record(self, part: SealedPart | None, kind: str) -> NewRecord | None:
        return None if part is None else self._needed(part, kind)

    def _needed(self, part: SealedPart, kind: str) -> NewRecord:
        if part.kind != kind:
            raise malformed(f"The record of this request must be of kind {kind}.")
        if part.number < 1:
            raise malformed("A desk's record is never the first of its case.")
        if part.number >= ROOM_FOR_DESKS:
            raise malformed("This case holds as many records as it can.")
        self._plausible(part.data, "record")
        return NewRecord(part.number, part.kind, part.data)

    def _plausible(self, sealed: bytes, what: str) -> None:
        if len(sealed) > LONGEST or not self._parts.lengths.sealed(len(sealed)):
            raise malformed(f"The {what} of this request has a length that none can have.")

    def _wrap(self, body: Passed) -> bytes | None:
        wrap = None if body.wrap is None else decoded(body.wrap)
        if wrap is not None and len(wrap) != self._parts.lengths.wrap:
            raise malformed("The wrap of this request has a length that none can have.")
        return wrap


def fitting(parts: Parts, member: Member) -> Callable[[bytes, int, bytes], bool]:
    """Tells whether a wrap is for her, and for a case (by id) that is sealed under an epoch."""
    key = member.sealing_key
    return lambda case_id, epoch, wrap: parts.keys.fits(wrap, case_id, epoch, key)


def read(shape: type[_Body], caller: Caller, *, empty: bool = False) -> _Body:
    """The body as this shape; `empty`: none at all will do. Values are never quoted back."""
    if empty and not caller.body:
        return shape()
    try:
        return shape.model_validate_json(caller.body)
    except ValueError:
        raise malformed(
            "The body of this request is not what this address takes. "
            "Is the desk of the same version as the server?"
        ) from None
