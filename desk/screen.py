"""A screen of the terminal that is gone when it is left: for words that must not stay anywhere.

Terminals have a second screen, without a scroll-back, for editors and the like. What is shown and
typed there is wiped before it is left, also after an error or Ctrl-C.
"""

import select
import signal
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console, RenderableType

from desk.safe import plain

_ENTER = "\x1b[?1049h"
_WIPE = "\x1b[H\x1b[J"
_LEAVE = f"{_WIPE}\x1b[?1049l"
_ENDS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)


class Screen:
    """Pages, one after the other, and what is typed below them. What is typed is seen: it is
    read from a paper that lies on the table, and blind typing would only make mistakes."""

    def __init__(self, console: Console, read: Callable[[], str]) -> None:
        self._console = console
        self._read = read

    def page(self, *parts: RenderableType) -> None:
        """In the place of the page before."""
        self._write(_WIPE)
        for part in parts:
            self._console.print(part)

    def holds(self, page: RenderableType, phrases: Sequence[str], prompt: str) -> bool:
        """Whether the window, as large as it is now, shows the whole page with the prompt below,
        and each of the phrases on one line: what is cut off here cannot be scrolled back to."""
        width, height = self._console.size
        lines = [
            "".join(part.text for part in line)
            for line in self._console.render_lines(page, pad=False)
        ]
        below = len(plain(prompt)) // width + 1
        whole = all(any(phrase in line for line in lines) for phrase in phrases)
        return whole and len(lines) + below <= height

    def line(self, prompt: str) -> str:
        """What is typed up to Enter; `EOFError` where the input ends."""
        self._write(f"{plain(prompt)} ")
        line = self._read()
        if not line:
            raise EOFError
        return line.strip()

    def more(self) -> bool:
        """Whether something that was typed or pasted waits already."""
        return bool(select.select([sys.stdin.fileno()], [], [], 0)[0])

    def pause(self, prompt: str) -> None:
        """Until Enter is pressed, and not because it was pressed twice on the page before."""
        forget_typed()
        self.line(prompt)

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


@contextmanager
def second_screen(console: Console, read: Callable[[], str]) -> Iterator[Screen]:
    """Until the block ends. Nobody stops the program and leaves the words standing."""
    with to_the_end():
        try:
            console.file.write(_ENTER)
            yield Screen(console, read)
        finally:
            _be_deaf()
            console.file.write(_LEAVE)
            console.file.flush()
            # The rest of a paste would be the next command of the shell, and in its history.
            if sys.stdin.isatty():
                forget_typed()


@contextmanager
def to_the_end() -> Iterator[None]:
    """While a secret is on the terminal or typed there. Ctrl-Z does nothing: behind a stopped
    program the words would stand, and once it goes on, some shells echo what is typed. Whatever
    ends it (Ctrl-C, Ctrl-\\, a closed window) does so once, and the terminal is put in order."""
    before = {number: signal.getsignal(number) for number in (*_ENDS, signal.SIGTSTP)}
    for number in _ENDS:
        # Whoever started it may have had it ignore some of them; that stays.
        if before[number] != signal.SIG_IGN:
            signal.signal(number, _end)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(_: int, __: FrameType | None) -> None:
    # A second Ctrl-C, from a hand that shakes, must not keep the words from being wiped.
    _be_deaf()
    raise KeyboardInterrupt


def _be_deaf() -> None:
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)


def typed_line() -> str:
    """A line from the terminal, with its end; nothing where the input ends."""
    return sys.stdin.buffer.readline().decode(sys.stdin.encoding, "replace")


def forget_typed() -> None:
    """Drop what was typed and not read yet."""
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
