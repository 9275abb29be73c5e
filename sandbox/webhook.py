"""Pushes updates to the bot's address until it answers 2xx.

As in the Bot API server: updates of one lane of one chat go in order, one at a time; lanes run
side by side up to `max_connections`; a refused update is tried again at once and then after 2, 4,
8 … seconds (times `pace`), until it is too old.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from sandbox.updates import Pending
from sandbox.world import World

Json = dict[str, Any]
Call = Callable[[str, Json], Awaitable[Any]]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LONGEST_DELAY = 64.0


class Delivery:
    """Runs as long as the server runs; idle while no webhook is set."""

    def __init__(self, world: World, call: Call, pace: float = 1.0) -> None:
        self._world = world
        self._call = call
        self.pace = pace
        self._busy: set[tuple[str, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def run(self) -> None:
        """Look for work for ever; ends by cancellation."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            self._session = session
            try:
                while True:
                    await self._round()
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _round(self) -> None:
        queue = self._world.queue
        if self._world.webhook.url:
            queue.expire()
            queue.added.clear()
            for number, item in list(queue.pending.items()):
                self._start(number, item)
        try:
            async with asyncio.timeout(0.2):
                await queue.added.wait()
        except TimeoutError:
            return
        if not self._world.webhook.url:
            await asyncio.sleep(0.05)

    def _start(self, number: int, item: Pending) -> None:
        full = len(self._busy) >= self._world.webhook.max_connections
        if item.lane in self._busy or full:
            return
        self._busy.add(item.lane)
        task = asyncio.create_task(self._deliver(number, item))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, number: int, item: Pending) -> None:
        """Push one update until it is taken, withdrawn or too old."""
        queue, delay = self._world.queue, 0.0
        try:
            while number in queue.pending and self._world.webhook.url:
                if await self._push(item.update):
                    queue.pending.pop(number, None)
                    return
                if self._world.clock.now() + delay > item.expires:
                    queue.pending.pop(number, None)
                    return
                await asyncio.sleep(delay * self.pace)
                delay = min(max(2.0, delay * 2), LONGEST_DELAY)
        finally:
            self._busy.discard(item.lane)
            queue.added.set()

    async def _push(self, update: Json) -> bool:
        hook = self._world.webhook
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers[SECRET_HEADER] = hook.secret
        assert self._session is not None
        try:
            async with self._session.post(
                hook.url, data=json.dumps(update).encode(), headers=headers, allow_redirects=False
            ) as response:
                body = await response.read()
                if 200 <= response.status < 300:
                    await self._execute(body)
                    return True
                self._note(f"Wrong response from the webhook: {response.status} {response.reason}")
        except (aiohttp.ClientError, TimeoutError) as problem:
            timed_out = isinstance(problem, TimeoutError)
            self._note("Read timeout expired" if timed_out else "Connection refused")
        return False

    def _note(self, words: str) -> None:
        self._world.webhook.last_error_date = self._world.clock.unix()
        self._world.webhook.last_error_message = words

    async def _execute(self, body: bytes) -> None:
        """A webhook may answer with a call; its result goes nowhere."""
        try:
            answer = json.loads(body)
        except ValueError:
            return
        if isinstance(answer, dict) and isinstance(answer.get("method"), str):
            await self._call(answer.pop("method"), answer)
