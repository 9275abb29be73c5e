"""The real server behind somebody who changes what it says: everything is asked of it, and what
comes back is altered before a desk sees it.

What is signed reaches the server as the desk signed it, since a signature covers no host.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

from crypto.envelope import sign_payload
from desk.desk import SERVER
from intake.ledger import GENESIS, PAGE, Event, Page, chained
from intake.mandates import MANDATE_TYPE, Mandate
from intake.shapes import encoded
from tests.desk.world import DeskUser, World, identity_of

Alter = Callable[[str, str, bytes], bytes | None]
"""Given the method, the path with its query and the true answer; None: as it is."""


@dataclass
class Liar:
    """What stands between; `url` is its address. `events`: the record it shows as its own. `held`:
    nothing whose path begins so is answered before `free`."""

    world: World
    url: str = ""
    alter: Alter | None = None
    envelope: bytes | None = None
    events: list[str] | None = None
    held: str = "nothing"
    asked: list[str] = field(default_factory=list)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    def free(self) -> None:
        self.world.loop.call_soon_threadsafe(self._freed.set)

    def shown_to(self, user: DeskUser) -> DeskUser:
        """From now on this desk has the liar for its server."""
        (user.home / SERVER).write_text(json.dumps({"url": self.url}))
        return user

    def page(self, after: int) -> bytes:
        """A page of a record of its own, as the server would make it."""
        assert self.events is not None
        start, head = min(after, len(self.events)), GENESIS
        for body in self.events[:start]:
            head = chained(head, body.encode())
        page = Page(
            after=start,
            head=head.hex(),
            total=len(self.events),
            events=tuple(self.events[start : start + PAGE]),
        )
        return page.model_dump_json().encode()

    async def answer(self, request: web.Request) -> web.Response:
        body, path = await request.read(), request.raw_path
        self.asked.append(f"{request.method} {path}")
        if path.startswith(self.held):
            await self._freed.wait()
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        async with (
            ClientSession(auto_decompress=False) as session,
            session.request(
                request.method, f"{self.world.url}{path}", data=body or None, headers=headers
            ) as answer,
        ):
            true, status = await answer.read(), answer.status
        return web.Response(body=self._altered(request, true), status=status)

    def _altered(self, request: web.Request, true: bytes) -> bytes:
        asks_roster = (request.method, request.path) == ("GET", "/v1/roster")
        if self.envelope is not None and asks_roster:
            return self.envelope
        if self.events is not None and request.path == "/v1/events":
            return self.page(int(request.query["after"]))
        changed = self.alter(request.method, request.raw_path, true) if self.alter else None
        return true if changed is None else changed


@contextmanager
def lying(world: World) -> Iterator[Liar]:
    """Another address of this world's server."""
    liar = Liar(world)

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", liar.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = world.wait(start())
    liar.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield liar
    finally:
        world.wait(runner.cleanup())


def record_of(world: World) -> list[str]:
    """The server's own record, as its events were written."""
    told = world.wait(world.storage.ledger.page(0))
    return [body.decode() for body in told.events]


def signed_mandate(mandate: Mandate, by: str, *, claims: str = "") -> Event:
    """The event of one signature; `claims`: under whose name it is told."""
    envelope = sign_payload(mandate.to_payload(), MANDATE_TYPE, [identity_of(by)])
    return Event.model_validate(
        {
            "kind": "mandate",
            "day": "2026-11-22",
            "by": identity_of(claims or by).key_id,
            "signed": encoded(json.dumps(envelope).encode()),
        }
    )


def bodies(events: Sequence[Event]) -> list[str]:
    return [event.to_bytes().decode() for event in events]


def event(**values: Any) -> Event:
    """Of the day on which everything here happens."""
    return Event.model_validate({"day": "2026-11-22"} | values)
