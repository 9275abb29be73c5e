"""Everything that happened, in order, and the means to wait for what happens next.

Events are kept for all chats together (bounded) and for each chat apart (bounded), so that a
thousand people may wait at once and a change in one chat wakes only its own.
"""

import asyncio
import time
from collections import defaultdict, deque
from typing import Any

Event = dict[str, Any]

PER_CHAT = 2000


class Log:
    """Append, read, await."""

    def __init__(self, size: int = 100_000) -> None:
        self.seq = 0
        self.events: deque[Event] = deque(maxlen=size)
        self._chats: dict[int, deque[Event]] = defaultdict(lambda: deque(maxlen=PER_CHAT))
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._listeners: list[asyncio.Queue[Event]] = []

    def add(self, kind: str, chat: int, **facts: Any) -> Event:
        """Note an event; `at` is a monotonic instant in seconds, fit for measuring latency."""
        self.seq += 1
        event = {"seq": self.seq, "at": time.monotonic(), "kind": kind, "chat": chat, **facts}
        self.events.append(event)
        self._chats[chat].append(event)
        for key in (chat, 0):
            for future in self._waiting.pop(key, ()):
                if not future.done():
                    future.set_result(None)
        for listener in self._listeners:
            listener.put_nowait(event)
        return event

    def since(self, seq: int, chat: int = 0, kinds: frozenset[str] | None = None) -> list[Event]:
        """Events after `seq`, oldest first; of one chat unless `chat` is 0."""
        kept = self._chats.get(chat, deque()) if chat else self.events
        found = []
        for event in reversed(kept):
            if event["seq"] <= seq:
                break
            if kinds is None or event["kind"] in kinds:
                found.append(event)
        found.reverse()
        return found

    async def wait(
        self, seq: int, chat: int, kinds: frozenset[str] | None, seconds: float
    ) -> list[Event]:
        """Events after `seq`, waiting up to `seconds` for the first; empty if none came."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.since(seq, chat, kinds)
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            await self._next(chat, left)

    async def _next(self, chat: int, left: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(chat, []).append(future)
        await asyncio.wait([future], timeout=left)
        if not future.done() and future in self._waiting.get(chat, ()):
            self._waiting[chat].remove(future)

    async def settle(self, chat: int, quiet: float, seconds: float) -> bool:
        """True once nothing happened in the chat for `quiet` seconds."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            before = self.seq
            await self._next(chat, min(quiet, left))
            if not self.since(before, chat):
                return True
        return False

    def listen(self) -> asyncio.Queue[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._listeners.append(queue)
        return queue

    def unlisten(self, queue: asyncio.Queue[Event]) -> None:
        self._listeners.remove(queue)
