"""A terminal with a shell in it, as a person sits before it: what stands on the screen, and keys.

The shell runs in a real pseudo-terminal. What it prints is laid out as a terminal lays it out, as
far as our programs go: lines, the cursor's row, a second screen that is gone when it is left.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping
from pathlib import Path

ROWS, COLUMNS = 50, 110
END = "\x04"
"""Ctrl-D: there is no more to come."""
QUIET = 0.02
"""Seconds without a sign after which a program is taken to wait for the person."""
PATIENCE = 120.0
"""Seconds after which a program that neither ends nor asks is taken to hang."""

_PROMPT = re.compile(r"\[rc=(\d+)\] $")
_CONTROL = re.compile(r"\x1b\[([?<>=]?)([\d;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[=>78]")

Answer = Callable[[str, str], str | None]
"""Given the line on which the cursor stands and the whole screen: what to type, or None."""


class Stuck(AssertionError):
    """A program neither ended nor asked for anything that a person could answer."""


class Screen:
    """The lines that a person sees."""

    def __init__(self) -> None:
        self.lines, self.row, self.column = [""], 0, 0
        self._kept: tuple[list[str], int] | None = None
        self._rest = ""

    def _clear(self) -> None:
        """A sheet of its own: on the first screen what was there can still be scrolled to."""
        before = [] if self._kept else self.lines
        self.lines, self.row, self.column = [*before, ""], len(before), 0

    @property
    def line(self) -> str:
        """The line up to the cursor."""
        return self.lines[self.row][: self.column]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def feed(self, text: str) -> None:
        text, self._rest = self._rest + text, ""
        place = 0
        while place < len(text):
            if text[place] != "\x1b":
                self._put(text[place])
                place += 1
                continue
            found = _CONTROL.match(text, place)
            if found is None:
                self._rest = text[place:]  # the rest of it is still on its way
                return
            self._obey(*(found.group(1) or "", found.group(2) or "", found.group(3) or ""))
            place = found.end()

    def _put(self, letter: str) -> None:
        if letter == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif letter == "\r":
            self.column = 0
        elif letter == "\b":
            self.column = max(0, self.column - 1)
        elif letter >= " ":
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + letter + line[self.column + 1 :]
            self.column += 1

    def _obey(self, mark: str, numbers: str, what: str) -> None:
        match mark, numbers, what:
            case "?", "1049", "h":
                self._kept = (self.lines, self.row)
                self._clear()
            case "?", "1049", "l" if self._kept is not None:
                (self.lines, self.row), self.column = self._kept, 0
                self._kept = None
            case "", _, "J" | "H":
                self._clear()
            case "", _, "K":
                self.lines[self.row] = "" if numbers == "2" else self.line
            case "", _, "A":
                self.row = max(0, self.row - int(numbers or 1))
            case _:
                pass  # colours, the look of the cursor


class Terminal:
    """A shell in `folder`; `environment` is all that it knows."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.screen = Screen()
        self._letters = getincrementaldecoder("utf-8")("replace")
        self._child, self._keys = pty.fork()
        if self._child == 0:  # pragma: no cover - the other side of the fork
            os.chdir(folder)
            shell = ["bash", "--noprofile", "--norc", "--noediting", "-i"]
            os.execvpe("bash", shell, {**environment, "PS1": "[rc=$?] ", "TERM": "xterm"})
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self._keys, termios.TIOCSWINSZ, size)
        self._await_shell(PATIENCE)

    def type(self, text: str) -> None:
        """Keys, and then Enter; after Ctrl-D there is none."""
        os.write(self._keys, (text if text.endswith(END) else f"{text}\n").encode())

    def run(
        self, command: str, answer: Answer, leave: re.Pattern[str] | None = None
    ) -> tuple[int | None, str]:
        """Type a command and answer what it asks; its exit code, and all that it showed.

        `leave`: once it shows this it is left running, without an exit code.
        """
        start = len(self.screen.lines) - 1
        self.type(command)
        until = time.monotonic() + PATIENCE
        while True:
            self._listen(until, command)
            done = _PROMPT.search(self.screen.line)
            if done and self.screen.row > start:
                shown = "\n".join(self.screen.lines[start:-1])
                return int(done[1]), shown
            shown = "\n".join(self.screen.lines[start:])
            if leave is not None and leave.search(shown):
                return None, shown
            reply = answer(self.screen.line, self.screen.text)
            if reply is not None:
                self.type(reply)
                until = time.monotonic() + PATIENCE

    def finish(self) -> int:
        """The exit code of what was left running, once it has ended."""
        return self._await_shell(PATIENCE)

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code of what it ended."""
        os.write(self._keys, b"\x03")
        return self._await_shell(PATIENCE)

    @property
    def is_idle(self) -> bool:
        """Whether the shell waits for a command."""
        return bool(_PROMPT.search(self.screen.line)) and self.screen.row > 0

    def hear(self) -> None:
        """Take in what has been printed meanwhile."""
        while select.select([self._keys], [], [], 0)[0]:
            self._take_in()

    def close(self) -> None:
        """Shut the terminal: what still runs in it hears of it, and so does the shell."""
        os.close(self._keys)
        for _ in range(200):
            if os.waitpid(self._child, os.WNOHANG)[0]:
                return
            time.sleep(0.05)
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)

    def _await_shell(self, patience: float) -> int:
        until = time.monotonic() + patience
        while not (done := _PROMPT.search(self.screen.line)):
            self._listen(until, "the shell")
        return int(done[1])

    def _listen(self, until: float, what: str) -> None:
        """Take in what is printed, until something came and then nothing for a moment."""
        heard = False
        while True:
            ready, _, _ = select.select([self._keys], [], [], QUIET)
            if ready:
                self._take_in()
                heard = True
            elif heard:
                return
            if time.monotonic() > until:
                raise Stuck(f"{what} waits for nobody knows what:\n{self.screen.text[-3000:]}")

    def _take_in(self) -> None:
        try:
            data = os.read(self._keys, 65536)
        except OSError:
            raise Stuck(f"the shell ended:\n{self.screen.text[-3000:]}") from None
        self.screen.feed(self._letters.decode(data))
