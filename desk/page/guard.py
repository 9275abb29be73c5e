"""Who may speak with the page at all: this machine, this address, this origin, this session.

Everything is decided here, before any other code of the page runs, from the head of the request
alone. The browser of the same user is hostile ground: it runs other people's pages, on other
ports of this very machine too, and any of them may send requests here. What they get is one
sentence without anything of the desk's, and never what another origin could read.

Not decided here: whether the desk is locked, and whether a form bears the session's own mark
(`desk.page.conversation`).
"""

import hmac
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = "127.0.0.1"
LARGEST_BODY: Final = 128 * 1024
"""Bytes of a form: 3,000 characters can become twelve each on their way."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    # Nothing to any other origin. A bare no-referrer would also blank the Origin of our own forms
    # (Fetch, "append a request Origin header"), and with it the check that they come from us.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_OURS: Final = ("same-origin", "none")
_READS: Final = ("GET",)
_WRITES: Final = ("POST",)


class Guard:
    """An ASGI application in front of the page's own.

    `entry`: the path under which a one-time token comes in; the only one that a click in another
    place (a mail, a file) may lead to. `cookie`: the name of the session's, `value` what it must
    be now, None before anybody entered.
    """

    def __init__(
        self, app: ASGIApp, port: int, entry: str, cookie: str, value: Callable[[], str | None]
    ) -> None:
        self._app = app
        self._hosts = (f"{LOOPBACK}:{port}", f"localhost:{port}")
        self._entry = entry
        self._cookie = cookie
        self._value = value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # A socket that stays open is not part of the page.
            await send({"type": "websocket.close", "code": 1008})
            return
        said = self._refusal(scope)
        if said is None:
            await self._app(scope, receive, _protected(send))
            return
        # The sentence is for people; it is the same whatever was asked for.
        await PlainTextResponse(said, 403)(scope, receive, _protected(send))

    def _refusal(self, scope: Scope) -> str | None:
        """Why this request is turned away, or None."""
        headers = Headers(scope=scope)
        if not self._at_home(scope, headers):
            return "This is Tropa's desk. It answers only on this machine, by its own address."
        enters = scope["path"].startswith(self._entry) and scope["method"] in _READS
        if not enters and headers.get("sec-fetch-site", "none") not in _OURS:
            return "Another page asked for this. Tropa's desk answers only to its own."
        if not self._of_this_origin(scope, headers):
            return "Another page sent this. Tropa's desk takes only what its own page sends."
        if not enters and not self._in_session(headers):
            return (
                "This browser has not entered the desk. Open the address that tropa desk printed; "
                "if it was used already, end the program and start it again."
            )
        return None

    def _at_home(self, scope: Scope, headers: Headers) -> bool:
        """A neighbour's machine, or a name that only points here (DNS rebinding), is neither."""
        peer = scope.get("client")
        hosts = headers.getlist("host")
        return (
            peer is not None
            and peer[0] == LOOPBACK
            and len(hosts) == 1
            and hosts[0] in (self._hosts)
        )

    def _of_this_origin(self, scope: Scope, headers: Headers) -> bool:
        """Reading needs no Origin; whatever changes something must bear ours, whole."""
        if scope["method"] in _READS:
            return "origin" not in headers or headers["origin"] == f"http://{headers['host']}"
        length = headers.get("content-length", "")
        return (
            scope["method"] in _WRITES
            and headers.getlist("origin") == [f"http://{headers['host']}"]
            and headers.get("content-type", "").split(";")[0].strip()
            == "application/x-www-form-urlencoded"
            and length.isascii()
            and length.isdigit()
            and int(length) <= LARGEST_BODY
        )

    def _in_session(self, headers: Headers) -> bool:
        value = self._value()
        if value is None:
            return False
        # All of the name: another program on this machine may have put one beside ours.
        shown = [
            part.strip().partition("=")[2]
            for header in headers.getlist("cookie")
            for part in header.split(";")
            if part.strip().partition("=")[0] == self._cookie
        ]
        return any(hmac.compare_digest(one.encode(), value.encode()) for one in shown)


def _protected(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return guarded
