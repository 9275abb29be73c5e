"""What is told of work that takes a while: a line at a terminal, wiped once there is a result."""

import sys
from collections.abc import Callable

import typer

from bot.settings import writes_on_only

Look = Callable[[str], None]


def telling() -> tuple[Look, str]:
    """How to say what is looked at, and what wipes it: nothing in a file, or where a terminal can
    only write on."""
    if not sys.stdout.isatty() or writes_on_only():
        return _unseen, ""
    return _looking, "\r\x1b[K"


def _looking(what: str) -> None:
    typer.echo(f"      {what} ...", nl=False)


def _unseen(_: str) -> None:
    return
