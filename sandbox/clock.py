"""The sandbox's clock: real time plus an offset that tests move forward.

Only ages are measured with it (150 s of a callback query, 24 h of an update, 48 h of a deletion,
rate limits). Waiting for the network, as in long polling, stays on real time.
"""

import time
from collections.abc import Callable


class Clock:
    """Seconds since the epoch, movable. `source` is the real time it stands on."""

    def __init__(self, source: Callable[[], float] = time.time, offset: float = 0.0) -> None:
        self._source = source
        self.offset = offset

    def now(self) -> float:
        return self._source() + self.offset

    def unix(self) -> int:
        """Whole seconds, as Telegram dates its messages."""
        return int(self._source() + self.offset)

    def advance(self, seconds: float) -> float:
        """Let time pass without waiting; returns the new present."""
        self.offset += seconds
        return self.now()
