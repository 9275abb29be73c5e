"""`tropa`, the volunteer's and coordinator's program: arguments in, exit code out.

Every fault ends here as a sentence: no traceback, and nothing of what a case holds.
Exit codes: 0 done, 1 not done or not whole, 2 the command was not understood, 130 interrupted.
"""

import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from getpass import GetPassWarning, getpass
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperGroup

from crypto.errors import CryptoError
from crypto.process import lock_down
from desk import (
    act_commands,
    case_commands,
    counts_commands,
    export_commands,
    link_commands,
    log_commands,
    reply_commands,
    roster_commands,
)
from desk.desk import Desk, no_line, no_terminal, no_text
from desk.errors import DeskError, Stopped
from desk.home import explain
from desk.keys import identity_commands, key_commands, mandate_commands, recovery_commands
from desk.language import Language
from desk.safe import lines
from desk.screen import Screen, second_screen, to_the_end, typed_line
from desk.settings import read_settings, utc_now
from desk.working import decoded
from intake.errors import TropaError

SAID = (DeskError, TropaError, CryptoError)
PAGE = "desk"
YES = ("y", "yes", "д", "да")


def main() -> None:
    """The console command."""
    try:
        lock_down()
    except OSError:
        sys.exit("This system does not let Tropa protect its memory; nothing was opened.")
    if sys.stdin is None:
        # It was closed (`<&-`): whoever asks finds an end, and not nothing.
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    desk = production()
    sys.exit(_written(desk, run(sys.argv[1:], desk)))


def production() -> Desk:
    """The desk on this machine, with its terminal, clock and randomness."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # An old terminal that lacks a letter shows its number; no case is unreadable for that.
            stream.reconfigure(errors="backslashreplace")
    out = terminal()
    return Desk(
        settings=read_settings(),
        clock=utc_now,
        random=os.urandom,
        out=out,
        err=terminal(stderr=True),
        ask=_ask,
        ask_words=_ask_words,
        screen=_screen(out),
        confirm=_confirm,
        read_text=_read_text,
        read_line=_read_line,
        sleep=time.sleep,
    )


def _ask(prompt: str) -> str:
    """A secret from the terminal, never echoed: where that cannot be promised, not at all."""
    with warnings.catch_warnings(), to_the_end():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass(f"{prompt}: ")
        except UnicodeDecodeError:
            raise DeskError(
                "What was typed is no text in this terminal's encoding. Look at the settings of "
                "the terminal."
            ) from None
        except GetPassWarning:
            raise DeskError(
                "There is no terminal to ask for the passphrase. "
                "Name a file that holds it in TROPA_PASSPHRASE_FILE."
            ) from None


def _ask_words(prompt: str) -> str:
    """Words from paper: a line of the input where it is piped in, otherwise typed unseen."""
    if sys.stdin.isatty():
        return _ask(prompt)
    line = typed_line()
    if not line:
        raise EOFError
    return line


def _screen(out: Console) -> Callable[[], AbstractContextManager[Screen]] | None:
    """Where a person sits at a terminal that has a second screen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or out.is_dumb_terminal:
        return None
    return lambda: second_screen(out, typed_line)


def _confirm(question: str) -> bool:
    """Only a plain yes from a person at a terminal is one."""
    if not sys.stdin.isatty():
        return no_terminal(question)
    return _typed(question).casefold() in YES


def _read_text(hint: str) -> str:
    """Everything up to the end of the input; the hint for whoever types it at a terminal."""
    if hint and not sys.stdin.isatty():
        return no_text(hint)
    if hint:
        sys.stderr.write(f"{hint}\n")
    return decoded(sys.stdin.buffer.read(), "-")


def _read_line(prompt: str) -> str:
    return _typed(f"{prompt}:") if sys.stdin.isatty() else no_line(prompt)


def _typed(prompt: str) -> str:
    """One line. The prompt goes where warnings go: the output may be for a file or a program."""
    width = shutil.get_terminal_size().columns
    sys.stderr.write("\n".join(lines(prompt, width)) + " ")
    sys.stderr.flush()
    return input().strip()


def terminal(**options: Any) -> Console:
    """A console that reads nothing into what it prints: no markup, no emoji, no highlighting."""
    return Console(markup=False, emoji=False, highlight=False, **options)


def run(arguments: Sequence[str], desk: Desk) -> int:
    """Do one command; returns the exit code."""
    desk.quiet = "--json" in arguments
    try:
        command = _command(desk.language, next(iter(arguments), ""))
        command.main(args=list(arguments), prog_name="tropa", obj=desk)
    except SystemExit as end:
        # What the commands' library makes of Ctrl-C has it for a cause.
        cause = end.__context__ and end.__context__.__cause__
        return _stopped(desk, cause) if isinstance(cause, KeyboardInterrupt) else _code(end, desk)
    except KeyboardInterrupt as end:
        return _stopped(desk, end)
    except SAID as error:
        return _tell(desk, error)
    except OSError as error:
        return _tell(desk, explain(error, Path(str(error.filename or "?"))))
    except Exception as error:
        return _unexpected(desk, error)
    return 0


def _written(desk: Desk, code: int) -> int:
    """The exit code, once everything that was printed has left this process."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # What is left would be tried again at the very end, and told in nobody's words.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if code or isinstance(error, BrokenPipeError):  # whoever read it has seen enough
            return code or 1
        return _tell(desk, explain(error, Path("stdout")))
    return code


class _Commands(TyperGroup):
    """The library has a word of its own, in English, for an input that ended (Ctrl-D)."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except EOFError:
            raise DeskError("The input ended; nothing was done.") from None


def _command(language: Language, wanted: str = "") -> Any:
    """The commands, with their help in the reader's language.

    `wanted`: the first argument. The page brings a web server with it, which takes longer to load
    than most commands take, so it is loaded when it is asked for, or when all are listed.
    """
    app = typer.Typer(
        cls=_Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        help="Tropa at the desk: take cases, open them, keep the roster.",
    )
    case_commands.add_to(app)
    reply_commands.add_to(app)
    act_commands.add_to(app)
    export_commands.add_to(app)
    link_commands.add_to(app)
    counts_commands.add_to(app)
    key_commands.add_to(app)
    mandate_commands.add_to(app)
    app.add_typer(identity_commands.app, name="identity")
    app.add_typer(recovery_commands.app, name="recovery")
    app.add_typer(roster_commands.app, name="roster")
    app.add_typer(log_commands.app, name="log")
    command: Any = typer.main.get_command(app)
    if wanted not in command.commands:
        from desk.page.command import desk_command

        app.command(PAGE)(desk_command)
        command = typer.main.get_command(app)
    translate_help(command, language)
    return command


def translate_help(command: Any, language: Language) -> None:
    """Help texts are gettext ids like every other sentence."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = language.say(part.help)
    for inner in getattr(command, "commands", {}).values():
        translate_help(inner, language)


def _stopped(desk: Desk, cause: KeyboardInterrupt) -> int:
    """After Ctrl-C: what is known of what was under way."""
    if isinstance(cause, Stopped):
        return 130
    if desk.asked:
        desk.warn(
            "Stopped. What the server was asked for it may have done or not: look (tropa queue, "
            "tropa open) before you give the same command again."
        )
    else:
        desk.warn("Stopped. The server was asked to change nothing.")
    return 130


def _code(end: SystemExit, desk: Desk) -> int:
    code = end.code if isinstance(end.code, int) else 1
    return code or int(desk.failed)


def _tell(desk: Desk, error: Exception) -> int:
    desk.fail(error)
    return 1


def _unexpected(desk: Desk, error: Exception) -> int:
    """Where it happened in our code, and its class: enough to find it, nothing of a case."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    kind = "ValidationError" if isinstance(error, ValidationError) else type(error).__name__
    return _tell(
        desk,
        DeskError(
            "Tropa failed in a way it does not know; nothing was sent or shown. Report this line "
            "to the project, without any case: {kind} at {place}",
            kind=kind,
            place=place,
        ),
    )
