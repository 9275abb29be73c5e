"""The queue over HTTP: what waits for a member, read and taken by signed requests.

The conversation with a desk and nothing else: what a desk does to a case stands in
`handlers.acts`, who may ask in `handlers.callers`. Nothing here opens a record, and nothing is
logged about who asked for what.
"""

from collections.abc import Iterable
from typing import Final
from weakref import WeakKeyDictionary

from aiohttp import web
from pydantic import Field

from handlers.acts import Acts
from handlers.callers import STAYS, Caller, Gate, case_id_of
from handlers.case_files import case_file
from handlers.keys import Keys
from handlers.queue_parts import Parts
from handlers.refusals import Refused, malformed, sentences
from handlers.stored import Listed
from intake.case import Level, State
from intake.shapes import Id, KeyId, Shape
from intake.wire import Header, Queue

FURTHEST: Final = 100_000
"""How many cases a page of the queue may leave out before it."""


def queue_app(parts: Parts) -> web.Application:
    """The application; run it with `access_log=None`, since paths hold case ids."""
    app = web.Application(middlewares=[sentences(parts.faults)])
    app[STAYS] = WeakKeyDictionary()
    app.on_response_prepare.append(_never_kept)
    gate = Gate(parts)
    desk = _Reading(parts, gate)
    case = "/v1/cases/{id:[0-9a-f]{32}}"
    app.router.add_get("/v1/roster", desk.roster, allow_head=False)
    app.router.add_get("/v1/forms/{digest:[0-9a-f]{64}}", desk.form, allow_head=False)
    app.router.add_get("/v1/queue", desk.queue, allow_head=False)
    app.router.add_get("/v1/counts", desk.counts, allow_head=False)
    app.router.add_get(case, desk.fetch, allow_head=False)
    app.router.add_post(f"{case}/take", desk.take)
    acts = Acts(parts, gate, desk.whole)
    for name, act in acts.by_name().items():
        app.router.add_post(f"{case}/{name}", act)
    app.router.add_delete(case, acts.erase)
    Keys(parts, gate).add_to(app)
    return app


class _Wanted(Shape):
    """The filter of a list, as its query names it."""

    level: Level | None = None
    language: Id | None = None
    skill: Id | None = None
    start: int = Field(default=0, ge=0, le=FURTHEST)
    holder: KeyId | None = None


class _Reading:
    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts = parts
        self._gate = gate

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
        caller = await self._gate.caller(request)
        wanted = _wanted(request)
        if wanted.holder is not None:
            return await self._held_by(wanted.holder, caller)
        found = await self._parts.cases.queue(
            caller.key_id,
            self._parts.clock(),
            lead=caller.lead,
            level=wanted.level,
            language=wanted.language,
            skill=wanted.skill,
            start=wanted.start,
        )
        listed = Queue(
            cases=_headers(found.cases, caller),
            matching=found.matching,
            counts=dict(found.counts),
            mine=_headers(found.mine, caller),
            asked=_headers(found.asked, caller),
            due=_headers(found.due, caller) if caller.lead else (),
        )
        return _json(listed)

    async def _held_by(self, holder: str, caller: Caller) -> web.Response:
        """What a colleague holds, for a lead who is to hand it over."""
        if not caller.lead:
            raise Refused(403, "lead", "Who holds which case is told to leads alone.")
        found = await self._parts.cases.queue(holder, self._parts.clock(), lead=False)
        hers = _headers(found.mine, caller)
        return _json(Queue(cases=hers, matching=len(hers), counts=dict.fromkeys(Level, 0)))

    async def counts(self, request: web.Request) -> web.Response:
        await self._gate.counts_caller(request)
        return _json(await self._parts.counts())

    async def take(self, request: web.Request) -> web.Response:
        caller, case_id = await self._gate.caller(request), case_id_of(request)
        most = caller.member.capacity
        try:
            await self._parts.cases.take(case_id, caller.key_id, self._parts.clock(), most)
        except self._parts.faults.held_by_other:
            raise await self._held(case_id, caller) from None
        except self._parts.faults.full:
            raise Refused(
                409,
                "capacity",
                f"The roster gives you {most} cases at a time, and you hold as many. "
                "Give one back, or ask the organisation to raise your capacity.",
                whose="you",
            ) from None
        return await self.whole(case_id, caller)

    async def fetch(self, request: web.Request) -> web.Response:
        caller = await self._gate.caller(request)
        return await self.whole(case_id_of(request), caller)

    async def whole(self, case_id: bytes, caller: Caller) -> web.Response:
        """The case as it now is, for this member."""
        stored = await self._parts.cases.fetch(case_id, caller.key_id)
        whole = case_file(stored, caller.key_id, self._parts.clock(), lead=caller.lead)
        return _json(whole)

    async def _held(self, case_id: bytes, caller: Caller) -> Refused:
        """When the lease ends, and nothing about whose it is."""
        header = (await self._parts.cases.fetch(case_id, caller.key_id)).header
        if header.state is State.CLOSED:
            return Refused(
                409,
                "case_closed",
                "This case is closed. It comes back to the queue if the person writes again.",
            )
        if header.state is not State.TAKEN or header.leased_until is None:
            return Refused(409, "held", "Somebody else was faster. Look at the queue again.")
        until = f"{header.leased_until:%Y-%m-%d %H:%M} UTC"
        return Refused(
            409,
            "held",
            f"Somebody else has taken this case; her lease ends at {until}. Take another.",
            leased_until=header.leased_until.isoformat(),
        )


def _wanted(request: web.Request) -> _Wanted:
    query = request.query
    if len(set(query)) != len(query):
        raise malformed("A filter stands twice in this request.")
    try:
        return _Wanted.model_validate(dict(query))
    except ValueError:
        raise malformed(
            "The queue is asked for by level (P0 to P3), language and skill (their ids), and "
            f"start (0 to {FURTHEST}); this request asks for something else."
        ) from None


def _headers(found: Iterable[Listed], caller: Caller) -> tuple[Header, ...]:
    return tuple(
        Header.of(one.header, caller.key_id, lead=caller.lead, records=one.records, asked=one.asked)
        for one in found
    )


def _json(shape: Shape) -> web.Response:
    return web.Response(text=shape.model_dump_json(), content_type="application/json")


async def _never_kept(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.pop("Server", None)
