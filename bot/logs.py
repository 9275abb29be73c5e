"""Logs that say what happens to the program and nothing about anybody.

Only the loggers below `tropa` are written anywhere. Those of the libraries are not, whatever the
level: the HTTP client logs addresses with the token, the Telegram library whole updates, the
database driver its parameters. No line of ours carries a chat's, person's, update's or case's id.
"""

import asyncio
import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

from bot.updates import where

log = logging.getLogger("tropa")

AGAIN_AFTER = 60.0
"""Seconds in which the same line is not written again: a full disk is told once a minute, not at
every tap."""


class NotAgain(logging.Filter):
    """Lets a line pass unless the same one passed a moment ago."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        if record.created - self._passed.get(line, -AGAIN_AFTER) < AGAIN_AFTER:
            return False
        if len(self._passed) > 1000:
            self._passed.clear()
        self._passed[line] = record.created
        return True


def set_up(level: str) -> None:
    """Send `tropa` to standard error at `level` and everything else nowhere."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(NotAgain())
    log.handlers = [handler]
    log.setLevel(level)
    log.propagate = False
    logging.getLogger().handlers = [logging.NullHandler()]
    logging.captureWarnings(capture=True)
    warnings.simplefilter("ignore")
    sys.excepthook = _uncaught
    threading.excepthook = _in_thread
    sys.unraisablehook = _unraisable


def quiet_loop(loop: asyncio.AbstractEventLoop) -> None:
    """What a forgotten task dies of is told by type and place; asyncio would print its text."""
    loop.set_exception_handler(_in_loop)


def _uncaught(
    kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("Tropa stopped on an unexpected error: %s. Please report this line.", where(error))


def _in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        log.error("a thread failed: %s", where(args.exc_value))


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    # What it was thrown by is left out as well: its repr could hold anything.
    if args.exc_value is not None:
        log.error("an error could not be raised: %s", where(args.exc_value))


def _in_loop(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, BaseException):
        log.error("a background task failed: %s", where(error))
    else:
        log.error("the event loop complained: %s", str(context.get("message", ""))[:80])
