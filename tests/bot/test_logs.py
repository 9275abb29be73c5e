"""Logs: ours alone, at every level, and errors by their place instead of their words."""

import logging
import subprocess
import sys

import pytest

from bot.logs import NotAgain

NOISE = """
import asyncio, logging, warnings
from bot import logs
from bot.updates import where
logs.set_up({level!r})
for name in ("httpx", "telegram", "aiohttp.client", "sqlalchemy.engine", "asyncio", "asyncpg"):
    logging.getLogger(name).critical("TAINA of %s", name)
logging.getLogger().critical("TAINA of the root")
warnings.warn("TAINA of a warning")
log = logging.getLogger("tropa.test")
for level in ("debug", "info", "warning", "error"):
    getattr(log, level)("ours: %s", level)
try:
    raise ValueError("TAINA of an error")
except ValueError as error:
    log.error("failed: %s", where(error))
async def main():
    logs.quiet_loop(asyncio.get_running_loop())
    async def dies():
        raise KeyError("TAINA of a task")
    task = asyncio.create_task(dies())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    import gc; gc.collect()
asyncio.run(main())
import threading
def fails():
    raise OSError("TAINA of a thread")
thread = threading.Thread(target=fails)
thread.start()
thread.join()
class Dies:
    def __repr__(self):
        return "TAINA of a repr"
    def __del__(self):
        raise LookupError("TAINA of an end")
Dies()
raise RuntimeError("TAINA that nobody caught")
"""


def written(level: str) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", NOISE.format(level=level)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr, done.returncode


@pytest.mark.parametrize(
    ("level", "lines"),
    [("DEBUG", ["debug", "info", "warning", "error"]), ("INFO", ["info", "warning", "error"]),
     ("WARNING", ["warning", "error"]), ("ERROR", ["error"])],
)  # fmt: skip
def test_at_every_level_only_our_lines_are_written(level: str, lines: list[str]) -> None:
    told, code = written(level)
    ours = [line.rsplit("ours: ", 1)[1] for line in told.splitlines() if "ours: " in line]
    assert ours == lines
    assert "TAINA" not in told
    assert "Traceback" not in told
    assert code == 1


def test_what_dies_is_told_by_type_and_place() -> None:
    told, _ = written("ERROR")
    assert "failed: ValueError in <module>:" in told
    assert "a background task failed: KeyError in dies:" in told
    assert "Tropa stopped on an unexpected error: RuntimeError in <module>:" in told
    assert "a thread failed: OSError in fails:" in told
    assert "an error could not be raised: LookupError in __del__:" in told


def test_the_same_line_is_not_written_again_within_a_minute() -> None:
    once = NotAgain()

    def passes(line: str, created: float) -> bool:
        record = logging.LogRecord("tropa", logging.WARNING, "", 0, line, (), None)
        record.created = created
        return once.filter(record)

    assert passes("the disk is full", 100.0)
    assert not passes("the disk is full", 159.0)
    assert passes("something else", 159.0)
    assert passes("the disk is full", 161.0)
