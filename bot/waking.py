"""The wait between two rounds of a job that somebody may want sooner."""

import asyncio
from collections.abc import Awaitable, Callable


class Waking:
    """Base of such jobs. `pause` waits for seconds; tests pass in one that does not."""

    def __init__(self, pause: Callable[[float], Awaitable[None]]) -> None:
        self._pause = pause
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something came in: do not wait for the next round."""
        self._woken.set()

    async def rest(self, seconds: float) -> None:
        """Until the next round, or until woken."""
        waits = [
            asyncio.ensure_future(self._pause(seconds)),
            asyncio.ensure_future(self._woken.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._woken.clear()
