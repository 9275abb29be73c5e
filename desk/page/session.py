"""One browser at one desk: how it enters, what it must show, and when the desk locks.

The token in the printed address is good for one entry. It is exchanged for two secrets that the
browser keeps: a cookie, and the first part of every path. Cookies are sent to every port of this
machine; this one is bound to a path that no other server knows how to ask for.

The identity lives here while the desk is unlocked, and nowhere else.
"""

import base64
import gc
import hmac
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from desk.desk import Desk
from desk.errors import DeskError
from desk.page.room import Room

ENTRY: Final = "/enter/"
_FREE_TRIES: Final = 2
_LONGEST_WAIT: Final = 60
_SECRET: Final = 24


class Locked(DeskError):
    """What was asked for needs the passphrase first."""


class Session:
    """The state of the page's process; threads share it."""

    def __init__(self, desk: Desk, port: int, idle: timedelta) -> None:
        self.desk = desk
        self.port = port
        self.idle = idle
        self.place = f"/{self._secret()}"
        self.mark = self._secret()
        self._token: str | None = self._secret()
        self._cookie: str | None = None
        self._room: Room | None = None
        self._touched = desk.clock()
        self._wrong = 0
        self._not_before: datetime | None = None
        self._guarding = threading.RLock()
        self._trying = threading.Lock()
        self._said: list[tuple[str, str]] = []
        self._rescued: dict[str, str] = {}

    def number(self) -> str:
        """For the forms of one page (`desk.page.once`)."""
        return self._secret()

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self.desk.random(_SECRET)).decode()

    # Entering

    @property
    def address(self) -> str:
        """Opens the page once."""
        return f"http://127.0.0.1:{self.port}{ENTRY}{self._token or ''}"

    @property
    def cookie_name(self) -> str:
        return f"tropa_{self.port}"

    def cookie(self) -> str | None:
        return self._cookie

    def enter(self, token: str) -> str | None:
        """The cookie for whoever brings the token; None where it is wrong or was used."""
        with self._guarding:
            known = self._token
            if known is None or not hmac.compare_digest(token.encode(), known.encode()):
                return None
            self._token = None
            self._cookie = self._secret()
            return self._cookie

    # Locking

    @property
    def room(self) -> Room:
        """What an unlocked desk works with; raises `Locked`."""
        self.look()
        room = self._room
        if room is None:
            raise Locked("The desk is locked. Enter your passphrase.")
        return room

    @property
    def locked(self) -> bool:
        self.look()
        return self._room is None

    def touch(self) -> None:
        """The person at the desk did something; what the page asks by itself is nothing."""
        self.look()
        self._touched = self.desk.clock()

    def look(self) -> None:
        """Lock, where nobody did anything for too long. The clock set back locks as well."""
        idle = self.desk.clock() - self._touched
        if self._room is not None and not timedelta(seconds=-90) < idle < self.idle:
            self.lock()

    def unlock(self, passphrase: str) -> None:
        """`DeskError` where the passphrase is wrong; after two such, tries have to wait.

        One at a time: many tries at once would go around the waiting.
        """
        with self._trying:
            self._wait_is_over()
            asked = replace(
                self.desk,
                ask=lambda _: passphrase,
                settings=replace(self.desk.settings, passphrase_file=None),
            )
            try:
                identity = asked.unlock()
            except DeskError:
                self._wrong += 1
                wait = min(2 ** max(0, self._wrong - _FREE_TRIES), _LONGEST_WAIT)
                self._not_before = self.desk.clock() + timedelta(seconds=wait)
                raise
            self._wrong, self._not_before = 0, None
            with self._guarding:
                if self._room is None:
                    self._room = Room(self.desk, identity)
                self._touched = self.desk.clock()

    def _wait_is_over(self) -> None:
        if self._not_before is None or self._wrong < _FREE_TRIES:
            return
        left = (self._not_before - self.desk.clock()).total_seconds()
        if left > 0:
            raise DeskError(
                "Too many wrong passphrases. Wait {n} s before the next try.", n=int(left) + 1
            )

    def lock(self) -> None:
        """Forget the identity and everything that was opened."""
        with self._guarding:
            room, self._room = self._room, None
            self._said.clear()
        if room is not None:
            room.close()
            del room
            # Cycles would keep what was opened in memory until some later day.
            gc.collect()

    # What arrived at a locked desk

    def rescue(self, case: str, text: str) -> None:
        """A text that its page sent after the desk had locked: nobody can seal it now. One for
        a case, in memory alone, until it is sealed."""
        with self._guarding:
            self._rescued[case] = text

    def rescued(self) -> list[tuple[str, str]]:
        with self._guarding:
            return [*self._rescued.items()]

    def is_kept(self, case: str) -> None:
        """The text for this case is sealed now."""
        with self._guarding:
            self._rescued.pop(case, None)

    @property
    def rescues(self) -> bool:
        return bool(self._rescued)

    # What the next page says first

    def say_next(self, kind: str, sentence: str) -> None:
        """Kept for the page that follows; `kind` is good, bad or note."""
        with self._guarding:
            self._said.append((kind, sentence))

    def said(self) -> list[tuple[str, str]]:
        with self._guarding:
            said, self._said = self._said, []
        return said
