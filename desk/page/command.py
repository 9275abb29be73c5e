"""`tropa desk`: the page, served to the browser of this machine's user and to nobody else.

The address holds a token that opens the page once. It is printed here, and opened through a file
that only its owner can read: in the arguments of a program every user of the machine could see it.
"""

import html
import logging
import socket
import webbrowser
from datetime import timedelta
from typing import Annotated, Final

import typer
import uvicorn

from desk.desk import Desk, desk_of
from desk.errors import DeskError, Stopped
from desk.page.app import desk_app
from desk.page.guard import LOOPBACK
from desk.page.session import Session

OPENING: Final = "open-desk.html"
"""The file in the desk's folder that leads the browser to the page; gone when it ends."""


def desk_command(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on this machine; 0: any that is free.")
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
    idle_minutes: Annotated[
        int, typer.Option(min=1, max=60, help="Lock when nobody did anything for so long.")
    ] = 10,
) -> None:
    """The desk as a page in your own browser. It ends with Ctrl-C."""
    desk = desk_of(context)
    desk.card()
    with _listen(port) as listening:
        session = Session(desk, listening.getsockname()[1], timedelta(minutes=idle_minutes))
        desk.tell("The desk is at this address, once, and only on this machine:")
        desk.out.print(session.address, soft_wrap=True)
        desk.tell("End with Ctrl-C.")
        try:
            if not no_browser:
                _open(desk, session)
            serve(session, listening)
        except KeyboardInterrupt:
            raise Stopped from None  # that is how it ends
        finally:
            session.lock()
            desk.home.remove(OPENING)


def _listen(port: int) -> socket.socket:
    """On the loopback address; there is no way to ask for another."""
    # TCP by its name: asyncio sends at once only on a socket that says so, and otherwise every
    # answer waits 40 ms for the browser's acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen()  # from now on a browser that is too early waits
    except OSError:
        listening.close()
        raise DeskError(
            "Port {port} is taken, by another program or another tropa desk.", port=port
        ) from None
    return listening


def server(session: Session) -> uvicorn.Server:
    """Says nothing of what is asked: neither log nor header. No proxy stands in front of it, and
    none is believed."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        # Paths hold case ids and the session's own secret.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return uvicorn.Server(
        uvicorn.Config(
            desk_app(session),
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=64,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=32 * 1024,
        )
    )


def serve(session: Session, listening: socket.socket) -> None:
    """Until Ctrl-C."""
    server(session).run(sockets=[listening])


def _open(desk: Desk, session: Session) -> None:
    """Where there is a browser with a window; a text browser would take the terminal."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    if type(browser) is webbrowser.GenericBrowser:
        return
    address = html.escape(session.address, quote=True)
    page = (
        '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="refresh" content="0; url={address}"><title>Tropa</title>'
    )
    browser.open(desk.home.write(OPENING, page.encode()).as_uri())
