"""A desk's page as its user meets it: served by the real server on loopback, in a thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import uvicorn

from desk.desk import Desk
from desk.page.command import _listen, server
from desk.page.session import Session
from tests.desk.world import DeskUser


@dataclass
class Served:
    """A running page."""

    session: Session
    uvicorn: uvicorn.Server
    thread: threading.Thread = field(repr=False)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.session.port}"

    @property
    def home(self) -> str:
        return f"{self.root}{self.session.place}/"

    def case(self, case: str) -> str:
        return f"{self.home}cases/{case}"

    def stop(self) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(10)


@contextmanager
def served(
    user: DeskUser, idle: timedelta = timedelta(minutes=10), **changes: Any
) -> Iterator[Served]:
    """The page of this user's desk, until the block ends."""
    with served_desk(user.desk(**changes), idle) as page:
        yield page


@contextmanager
def served_desk(desk: Desk, idle: timedelta, port: int = 0) -> Iterator[Served]:
    """The page of any desk."""
    with _listen(port) as listening:
        session = Session(desk, listening.getsockname()[1], idle)
        running = server(session)
        thread = threading.Thread(target=running.run, args=([listening],), daemon=True)
        thread.start()
        page = Served(session, running, thread)
        while not running.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield page
        finally:
            page.stop()
