"""Rate limits, and the 429 that follows.

Telegram publishes no exact figures. Chosen here: a private chat takes bursts of 3 sends and then
one a second; a group takes 20 sends a minute; all chats together take 30 sends a second; edits
in one chat come in bursts of 20 and then 4 a second. Deletions, answers to taps and everything
that shows nothing are free. `retry_after` is whole seconds, rounded up, at least 1.
"""

import math
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.errors import too_many


@dataclass(slots=True)
class Rate:
    """A bucket's measure: how many at once, how many a second after that."""

    burst: float
    per_second: float


class Limits:
    """Token buckets by chat and for all; none at all while `enabled` is false."""

    def __init__(self, clock: Clock, enabled: bool = True) -> None:
        self._clock = clock
        self.enabled = enabled
        self.rates = {
            "chat": Rate(3, 1),
            "group": Rate(20, 20 / 60),
            "overall": Rate(30, 30),
            "edits": Rate(20, 4),
        }
        self._buckets: dict[tuple[str, int], tuple[float, float]] = {}

    def send(self, chat_id: int) -> None:
        """Take the right to send one message; raises 429."""
        if self.enabled:
            self._take(("group" if chat_id < 0 else "chat", chat_id), ("overall", 0))

    def edit(self, chat_id: int) -> None:
        if self.enabled:
            self._take(("edits", chat_id))

    def clear(self) -> None:
        self._buckets.clear()

    def _take(self, *keys: tuple[str, int]) -> None:
        now = self._clock.now()
        levels = {key: self._level(key, now) for key in keys}
        waits = [(1 - level) / self.rates[key[0]].per_second for key, level in levels.items()]
        longest = max(waits)
        if longest > 0:
            raise too_many(max(1, math.ceil(longest)))
        for key, level in levels.items():
            self._buckets[key] = (level - 1, now)

    def _level(self, key: tuple[str, int], now: float) -> float:
        rate = self.rates[key[0]]
        level, then = self._buckets.get(key, (rate.burst, now))
        return min(rate.burst, level + (now - then) * rate.per_second)
