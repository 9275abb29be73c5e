"""Has charts drawn, each in a process of its own that ends with it (`bot.chart_process`)."""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from typing import Final

from handlers.charts import Chart

log = logging.getLogger("tropa.charts")

SECONDS: Final = 60.0
"""The longest that a chart may take, on a machine that has other things to do."""

ENVIRONMENT: Final = {
    "MATPLOTLIBRC": os.devnull,
    "MPL_IGNORE_SYSTEM_FONTS": "1",  # a chart looks the same everywhere, and is there sooner
    "OPENBLAS_NUM_THREADS": "1",
}
"""All that the process is given: the server's own environment may hold its secrets."""

COMMAND: Final = (sys.executable, "-I", "-B", "-m", "bot.chart_process")
"""Nothing is imported from the folder that the server was started in, nothing compiled is kept."""


class Charts:
    """`handlers.charts.Draw`. One at a time: each takes as much memory as the whole server."""

    def __init__(self, command: tuple[str, ...] = COMMAND, seconds: float = SECONDS) -> None:
        self._command = command
        self._seconds = seconds
        self._turn = asyncio.Lock()

    async def __call__(self, chart: Chart) -> bytes | None:
        """See `Draw`."""
        async with self._turn:
            try:
                return await asyncio.wait_for(self._drawn(chart), self._seconds)
            except TimeoutError:
                log.warning("a chart was not drawn within %d seconds", self._seconds)
            except OSError:
                log.warning("a chart cannot be drawn: no process can be started for it")
        return None

    async def _drawn(self, chart: Chart) -> bytes | None:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
        )
        try:
            made, _ = await process.communicate(chart.to_json())
        finally:
            if process.returncode is None:  # late, or the server stops
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode == 0:
            return made
        log.warning("a chart cannot be drawn: the process for it ended with %d", process.returncode)
        return None
