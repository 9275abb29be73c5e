"""The page's application: every path, who answers it, and the guard in front of all."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from desk.language import Language
from desk.page.acts import Acts
from desk.page.case_page import CasePage
from desk.page.conversation import Asked, Conversation, Work
from desk.page.counts_page import CountsPage, Doors
from desk.page.gate import Gate
from desk.page.guard import Guard
from desk.page.pages import Pages
from desk.page.queue_page import QueuePage
from desk.page.session import ENTRY, Session

STATIC: Final = Path(__file__).resolve().parent / "static"
_LOOK: Final = 1.0
"""Seconds between two looks at whether the desk has to lock."""

_CASE: Final = "/cases/{case}"


def desk_app(session: Session) -> ASGIApp:
    """For `uvicorn`, on a socket that is bound to loopback already."""
    pages = Pages(session)
    app = Starlette(
        routes=_routes(session, pages, Conversation(session, pages)),
        exception_handlers={HTTPException: _unknown, 404: _unknown, 405: _unknown},
        lifespan=_watched(session),
    )
    return Guard(app, session.port, ENTRY, session.cookie_name, session.cookie)


def _routes(session: Session, pages: Pages, talk: Conversation) -> list[BaseRoute]:
    gate, queue = Gate(session, pages), QueuePage(session, pages)
    case, counts = CasePage(session, pages), CountsPage(session, pages)
    acts, doors = Acts(session, case), Doors(session, queue, counts)

    def keys(_: Asked) -> Response:
        here = {"here": "help", "keys": _keys(session.desk.language, queue=doors.opens_queue)}
        return pages.page("help.html", here)

    def inner(work: Work) -> Callable[[Request], Any]:
        return talk.page(doors.of_queue(work))

    def quiet(work: Work) -> Callable[[Request], Any]:
        return talk.quiet(doors.of_queue(work))

    inside: list[BaseRoute] = [
        _read("/", talk.page(doors.first)),
        _read("/counts", talk.page(counts.show)),
        _read("/counts.csv", talk.page(counts.file)),
        _read("/help", talk.page(keys)),
        _write("/unlock", talk.page(gate.unlock)),
        _write("/lock", talk.page(gate.lock, at_once=True)),
        _read("/quiet/state", talk.quiet(gate.state)),
        _write("/quiet/active", talk.quiet(gate.active, touches=True)),
        _read("/quiet/queue", quiet(queue.fragment)),
        _write(f"/quiet{_CASE}/draft", quiet(case.draft)),
        _write(f"/quiet{_CASE}/lease", quiet(case.lease)),
        _read(f"/quiet{_CASE}/changes", quiet(case.changes)),
        _read(_CASE, inner(case.show)),
        _write(f"{_CASE}/draft", inner(case.keep)),
        *(_write(f"{_CASE}/{name}", inner(work)) for name, work in acts.all().items()),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    # Whoever has no token may ask there too, and is nobody at the desk.
    entry = _read(ENTRY + "{token}", talk.page(gate.enter, touches=False))
    return [entry, Mount(session.place, routes=inside)]


def _read(path: str, work: Callable[[Request], Any]) -> Route:
    return Route(path, work, methods=["GET"])


def _write(path: str, work: Callable[[Request], Any]) -> Route:
    return Route(path, work, methods=["POST"])


async def _unknown(_: Request, __: Exception) -> Response:
    return PlainTextResponse("There is no such page.", 404)


def _watched(session: Session) -> Callable[[Starlette], Any]:
    """Locks on time, even where nothing asks for anything."""

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        async def watch() -> None:
            while True:
                await anyio.sleep(_LOOK)
                session.look()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            yield
            tasks.cancel_scope.cancel()
        session.lock()

    return running


def _keys(language: Language, *, queue: bool) -> list[tuple[str, str]]:
    of_cases = [
        ("j  k", language.say("next case, the one before")),
        ("Enter", language.say("open it")),
        ("t", language.say("take it")),
        ("/", language.say("filter")),
        ("u", language.say("back to the queue")),
        ("a", language.say("write the answer")),
        ("n", language.say("write a note")),
        ("Ctrl Enter", language.say("send the form you are writing in; an answer is shown first")),
    ]
    of_all = [
        ("Esc", language.say("leave a field")),
        ("l", language.say("lock the desk")),
        ("?", language.say("this list")),
    ]
    return [*of_cases, *of_all] if queue else of_all
