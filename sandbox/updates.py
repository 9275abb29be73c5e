"""The queue of updates as the Bot API server keeps it.

One queue, numbered in order of arrival; what a getUpdates confirms is forgotten, what is too old
is skipped. Before it get there, a person's texts and taps travel in lanes of their own
(`Lanes`): each lane keeps its order, between lanes there is none.
"""

import asyncio
import random
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock

Json = dict[str, Any]

LIFE_OF_A_QUERY = 150
LIFE_OF_A_MESSAGE = 86_400
BY_REQUEST_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True)
class Pending:
    """An update that waits, until when, and in which webhook queue."""

    update: Json
    kind: str
    expires: float
    lane: tuple[str, int]


class UpdateQueue:
    """Numbered updates, oldest first."""

    def __init__(self, clock: Clock, first_id: int = 100_000_001) -> None:
        self._clock = clock
        self._next_id = first_id
        self.pending: OrderedDict[int, Pending] = OrderedDict()
        self.allowed: frozenset[str] | None = None
        self.added = asyncio.Event()

    def push(self, kind: str, body: Any, life: float, lane: tuple[str, int]) -> int:
        """Number an update and let it wait; 0 where the bot has not asked for this kind."""
        if not self.wanted(kind):
            return 0
        number = self._next_id
        self._next_id += 1
        update = {"update_id": number, kind: body}
        self.pending[number] = Pending(update, kind, self._clock.now() + life, lane)
        self.added.set()
        return number

    def push_raw(self, update: Json, life: float = LIFE_OF_A_MESSAGE) -> int:
        """Take any JSON object as an update; its number is set here."""
        number = self._next_id
        self._next_id += 1
        kind = next((key for key in update if key != "update_id"), "")
        self.pending[number] = Pending(
            {**update, "update_id": number}, kind, self._clock.now() + life, ("raw", number)
        )
        self.added.set()
        return number

    def wanted(self, kind: str) -> bool:
        return kind not in BY_REQUEST_ONLY if self.allowed is None else kind in self.allowed

    def expire(self) -> None:
        """Drop what outlived its time."""
        now = self._clock.now()
        for number in [n for n, item in self.pending.items() if item.expires <= now]:
            del self.pending[number]

    def keep_last(self, count: int) -> None:
        """What a negative offset does: everything but the last `count` is forgotten."""
        while len(self.pending) > count:
            self.pending.popitem(last=False)

    def confirm(self, offset: int) -> None:
        """Forget everything before `offset`."""
        while self.pending and next(iter(self.pending)) < offset:
            self.pending.popitem(last=False)

    def read(self, offset: int, limit: int) -> list[Json]:
        """Confirm up to `offset` and return the next updates, at most `limit`.

        An offset that no update can have had yet confirms nothing, as in tdlib's queue.
        """
        if 0 < offset <= self._next_id:
            self.confirm(offset)
        now = self._clock.now()
        found: list[Json] = []
        for item in self.pending.values():
            if item.expires > now:
                found.append(item.update)
                if len(found) == limit:
                    break
        self.added.clear()
        return found

    def drop(self) -> None:
        self.pending.clear()


class Lanes:
    """The ways updates travel before they are numbered: `texts` and `taps`, of each chat.

    By default an update arrives at once. A lane can be held and released by hand, or made to
    arrive up to `jitter` seconds late, by a seeded die; order within a lane never changes.
    """

    def __init__(self, queue: UpdateQueue) -> None:
        self._queue = queue
        self._held: dict[str, deque[tuple[str, Any, float, tuple[str, int]]]] = {}
        self._due: dict[tuple[str, int], float] = {}
        self._dice = random.Random(0)  # noqa: S311 - dice of a simulation, no secret
        self.jitter = 0.0

    def send(self, lane: tuple[str, int], kind: str, body: Any, life: float) -> None:
        held = self._held.get(lane[0])
        if held is not None:
            held.append((kind, body, life, lane))
        elif self.jitter:
            self._late(lane, kind, body, life)
        else:
            self._queue.push(kind, body, life, lane)

    def seed(self, seed: int, jitter: float) -> None:
        self._dice.seed(seed)
        self.jitter = jitter

    def hold(self, name: str) -> None:
        self._held.setdefault(name, deque())

    def release(self, name: str) -> int:
        """Let a held lane go; how many updates were waiting in it."""
        held = self._held.pop(name, deque())
        for kind, body, life, lane in held:
            self._queue.push(kind, body, life, lane)
        return len(held)

    def _late(self, lane: tuple[str, int], kind: str, body: Any, life: float) -> None:
        loop = asyncio.get_running_loop()
        due = max(loop.time() + self._dice.uniform(0, self.jitter), self._due.get(lane, 0.0))
        self._due[lane] = due + 1e-6
        loop.call_at(due, self._queue.push, kind, body, life, lane)
