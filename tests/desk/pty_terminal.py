"""`tropa` at a real terminal: typed at, read from, and looked through for what stays on it."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from desk.screen import _ENTER, _LEAVE

PATIENCE = 60
_BEGIN = (
    "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "from desk.start import main; main()"
)
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """One run of a command. `said` is everything that the terminal was sent."""

    def __init__(self, home: Path, *arguments: str, folder: Path, **environment: str) -> None:
        self.said = ""
        self._seen = 0
        self._keys, theirs = os.openpty()
        base = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
        settings = {"TROPA_HOME": str(home), "TROPA_LANGUAGE": "en"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, *arguments],
            env=base | settings | environment,
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._keys)

    def until(self, words: str) -> str:
        """What came since the last call, up to these words."""
        end = time.monotonic() + PATIENCE
        while words not in self.text[self._seen :]:
            assert time.monotonic() < end, f"{words!r} never came: {self.text[self._seen :]!r}"
            assert self._read() or words in self.text[self._seen :], self.text[self._seen :]
        start, self._seen = self._seen, self.text.index(words, self._seen) + len(words)
        return self.text[start : self._seen]

    def type(self, text: str) -> None:
        self.keys(f"{text}\n")

    def keys(self, text: str) -> None:
        os.write(self._keys, text.encode())

    def end_input(self) -> None:
        """Ctrl-D."""
        os.write(self._keys, b"\x04")

    def answer(self, prompt: str, text: str) -> str:
        came = self.until(prompt)
        self.type(text)
        return came

    def resize(self, rows: int, columns: int) -> None:
        """The window; a run that is to see it has no COLUMNS and LINES set."""
        fcntl.ioctl(self._keys, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def interrupt(self, how: signal.Signals = signal.SIGINT) -> None:
        os.killpg(self.process.pid, how)

    def end(self) -> int:
        """Its exit code, when everything was read."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        return _CODES.sub("", self.said)

    @property
    def outside(self) -> str:
        """What stays on the terminal and in its scroll-back."""
        parts = self.said.split(_ENTER)
        return _CODES.sub("", parts[0] + "".join(part.split(_LEAVE)[-1] for part in parts[1:]))

    def _read(self) -> bool:
        if not select.select([self._keys], [], [], 1)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._keys, 65_536)
        except OSError:  # the other end is closed
            return False
        self.said += data.decode(errors="replace")
        return bool(data)
