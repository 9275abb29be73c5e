"""What a person sees while the server is slow: one line at the terminal, wiped once it answers.

Nothing is shown before a second has passed, where nobody looks (no terminal, or --json), beside a
bar that tells more, and from other threads than the one in which the command runs.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from desk.desk import Desk

AFTER: Final = 1.0
"""Seconds without an answer, after which it is told; and between two tellings."""

Heard = Callable[[int, int | None], None]
"""Told how many bytes of how many (where that is known) have come."""


def deaf(_: int, __: int | None) -> None:
    """Where nobody looks on."""


class _Line:
    """The words of one moment, written by a thread of its own: the command's waits itself."""

    def __init__(self, desk: "Desk", limit: float) -> None:
        self._desk, self._limit = desk, limit
        self._begun = time.monotonic()
        self._come: tuple[int, int | None] = (0, None)
        self._over = threading.Event()
        self._shown = False
        self._thread = threading.Thread(target=self._tell, daemon=True)
        self._thread.start()

    def heard(self, come: int, total: int | None) -> None:
        self._come = (come, total)

    def end(self) -> None:
        """Wiped, so that what is printed next stands where it would have stood."""
        self._over.set()
        self._thread.join()
        if self._shown:
            self._write("")

    def _tell(self) -> None:
        while not self._over.wait(AFTER):
            self._shown = True
            self._write(self._words())

    def _words(self) -> str:
        come, total = self._come
        seconds = round(time.monotonic() - self._begun)
        if not come:
            return self._desk.say(
                "Waiting for the server: {n} s (given up after {limit} s of silence)",
                n=seconds,
                limit=round(self._limit),
            )
        if total is None or total < come:
            return self._desk.say(
                "The answer comes in: {come} kB, {n} s", come=_kb(come), n=seconds
            )
        return self._desk.say(
            "The answer comes in: {come} of {total} kB, {n} s",
            come=_kb(come),
            total=_kb(total),
            n=seconds,
        )

    def _write(self, words: str) -> None:
        # A line that is longer than the screen is wide could not be wiped.
        self._desk.err.file.write(f"\r\x1b[K{words[: self._desk.err.width - 1]}")
        self._desk.err.file.flush()


def _kb(size: int) -> int:
    return -(-size // 1000)


@contextmanager
def waiting(desk: "Desk", limit: float) -> Iterator[Heard]:
    """Until the answer is there; `limit`: seconds of silence after which nobody waits any more."""
    here = threading.current_thread() is threading.main_thread()
    if desk.quiet or not here or not desk.err.is_terminal or desk.err.is_dumb_terminal:
        yield deaf
        return
    line = _Line(desk, limit)
    try:
        yield line.heard
    finally:
        line.end()
