"""A case as plain text of eighty columns, for paper and for hands outside: no colours, no codes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO

from rich.console import Console

from desk.case_view import Around, show_case
from desk.desk import Desk
from desk.queue_view import SHORT
from desk.reading import Reading
from intake.questions import Form

WIDTH = 80
LINES = 60
"""Lines of a page that every printer takes, A4 or letter."""

NEW_PAGE = "\f"


def as_text(desk: Desk, reading: Reading, form: Form, around: Around) -> str:
    """The same page as on the terminal, whatever the terminal is."""
    return printable(lambda sheet: show_case(replace(desk, out=sheet), reading, form, around))


def printable(show: Callable[[Console], None]) -> str:
    """What `show` puts on a sheet of plain letters."""
    sheet = StringIO()
    show(
        Console(
            file=sheet,
            width=WIDTH,
            color_system=None,
            markup=False,
            emoji=False,
            highlight=False,
            force_terminal=False,
        )
    )
    return "".join(f"{line.rstrip()}\n" for line in sheet.getvalue().splitlines())


def pages(desk: Desk, text: str, case: str) -> str:
    """The text in pages, each with the case and its place at the top."""
    lines = text.splitlines()
    room = LINES - 2
    parts = [lines[start : start + room] for start in range(0, len(lines), room)] or [[]]
    return NEW_PAGE.join(_paged(desk, parts, case))


def _paged(desk: Desk, parts: list[list[str]], case: str) -> Iterator[str]:
    day = f"{desk.clock():%Y-%m-%d}"
    for number, part in enumerate(parts, start=1):
        head = desk.say(
            "Case {case}, {day}, page {n} of {all}",
            case=case[:SHORT],
            day=day,
            n=number,
            all=len(parts),
        )
        yield "\n".join([head.rjust(WIDTH), "", *part, ""])
