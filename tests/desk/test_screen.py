"""A terminal while a secret is on it or typed there: whoever stops or ends the program there."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
from io import StringIO
from pathlib import Path

import pytest

from crypto.keyfile import to_words
from desk.card import Card
from desk.cli import terminal
from desk.desk import CARD, IDENTITY
from desk.screen import _LEAVE, second_screen
from tests.desk.age_files import quick_identity_file
from tests.desk.pty_terminal import Terminal
from tests.desk.world import PASSPHRASE, identity_of


class Shell(Terminal):
    """A shell that can stop and go on with what it runs, and has `tropa` on its path."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.said, self._seen = "", 0
        self._keys, theirs = os.openpty()
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            env={"PATH": path, "TERM": "xterm", "HOME": str(folder), "PS1": "ready>"} | environment,
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=lambda: begin(theirs),
        )
        os.close(theirs)


def begin(terminal: int) -> None:
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def test_ctrl_z_at_a_passphrase_shows_it_to_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / IDENTITY).write_bytes(quick_identity_file(identity_of("anna").seed, PASSPHRASE))
    (home / CARD).write_text(Card.of("anna", identity_of("anna")).line())
    with Shell(tmp_path, TROPA_HOME=str(home), TROPA_LANGUAGE="en") as at:
        at.answer("ready>", "tropa identity passphrase")
        at.until("Passphrase: ")
        # A shell would bring it back with what is typed on the screen.
        at.keys("\x1a")
        at.type(PASSPHRASE)
        at.until("New passphrase: ")
        at.keys("\x1c")
        at.until("Stopped.")
        at.answer("ready>", "exit")
        at.end()
    assert PASSPHRASE not in at.said


def test_the_rest_of_a_paste_is_no_command_of_the_shell(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / CARD).write_text(Card.of("anna", identity_of("anna")).line())
    words = to_words(identity_of("anna").seed)
    with Shell(tmp_path, TROPA_HOME=str(home), TROPA_LANGUAGE="en") as at:
        at.answer("ready>", "tropa identity check")
        at.answer("From word 1:", f"{words}\nsomething below them\nanother line")
        at.until("These are the words of the identity here")
        at.answer("ready>", "exit")
        at.end()
    assert "command not found" not in at.said
    assert "another line" not in at.outside


class _Shaking(StringIO):
    """A terminal, and a hand on Ctrl-C that shakes as it is wiped."""

    def write(self, text: str) -> int:
        if text == _LEAVE:
            os.kill(os.getpid(), signal.SIGINT)
        return super().write(text)


@pytest.mark.parametrize("ends", [KeyboardInterrupt, EOFError])
def test_a_second_ctrl_c_does_not_keep_the_words_on_the_screen(ends: type[BaseException]) -> None:
    shown_on, before = _Shaking(), signal.getsignal(signal.SIGINT)

    def show() -> None:
        with second_screen(terminal(file=shown_on), lambda: "") as screen:
            screen.page("hormone again academic")
            if ends is KeyboardInterrupt:
                os.kill(os.getpid(), signal.SIGINT)
            screen.line("")

    with pytest.raises(ends):
        show()
    assert shown_on.getvalue().endswith(_LEAVE)
    assert signal.getsignal(signal.SIGINT) is before
