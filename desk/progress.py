"""How far a long command is: a bar at a terminal, else a line now and then, on standard error."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Final

from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from desk.desk import Desk
from desk.safe import plain

EVERY: Final = 10.0
"""Seconds between two lines, where there is no terminal."""


class Progress:
    """Of `total` things; shown from the thread that began it, spoken to from any."""

    def __init__(self, desk: Desk, total: int, bar: Bar | None) -> None:
        self._desk, self._total, self._bar = desk, total, bar
        self._begun = self._told = time.monotonic()
        self._first: tuple[float, int] | None = None
        self._task = None if bar is None else bar.add_task("", total=total, how="")

    def show(self, done: int) -> None:
        """How far it is."""
        now = time.monotonic()
        if self._bar is not None:
            self._draw(done, self._line(done, now))
        elif now - self._told >= EVERY:
            self._told = now
            self.say(self._line(done, now))

    def say(self, sentence: str) -> None:
        """A line beside it."""
        self._desk.err.print(plain(sentence))

    def end(self, done: int) -> None:
        """The last word: how many there were, and how long they took."""
        if self._bar is None:
            self.say(self._last(done))
        else:
            self._draw(done, self._last(done))

    def _draw(self, done: int, how: str) -> None:
        if self._bar is not None and self._task is not None:
            total = max(done, self._total)
            self._bar.update(self._task, completed=done, total=total, how=how)

    def _line(self, done: int, now: float) -> str:
        """Short: in a narrow window it must not lose its end."""
        left = max(self._total - done, 0) * self._each(done, now)
        return self._desk.say(
            "{done} of {total}; {left} left",
            done=done,
            total=max(done, self._total),
            left=_span(max(left, 1.0)) if done else "?",  # never none, before it is over
        )

    def _each(self, done: int, now: float) -> float:
        """Seconds for one. What it took until the first were done was also the beginning, which
        does not come again."""
        if self._first is None and done:
            self._first = now, done
        since, before = self._first or (now, 0)
        if done > before:
            return (now - since) / (done - before)
        return (now - self._begun) / done if done else 0.0

    def _last(self, done: int) -> str:
        spent = max(time.monotonic() - self._begun, 0.001)
        rate = done / spent
        return self._desk.say(
            "{done} of {total} in {spent}; {rate} a second",
            done=done,
            total=max(done, self._total),
            spent=_span(max(spent, 1.0)),
            rate=f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}",
        )


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def progress(desk: Desk, total: int, *, passing: bool = False) -> Iterator[Progress]:
    """Shown until the block ends. `passing`: a bar is wiped then, else it stays."""
    bar = _bar(desk, passing) if desk.err.is_terminal and not desk.err.is_dumb_terminal else None
    before, desk.quiet = desk.quiet, True
    try:
        with _heeding(), bar or nullcontext():
            yield Progress(desk, total, bar)
    finally:
        desk.quiet = before


@contextmanager
def _heeding() -> Iterator[None]:
    """Whoever ends the program from elsewhere (SIGTERM) ends it as with Ctrl-C: told how far it is,
    and with the cursor back, which a bar hides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _bar(desk: Desk, passing: bool) -> Bar:
    columns = (BarColumn(), TextColumn("{task.fields[how]}", markup=False))
    return Bar(*columns, console=desk.err, transient=passing)
