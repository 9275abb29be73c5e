"""`tropa counts`: what may be shown of the counts, on the terminal, as CSV or as JSON.

Whatever the server hides it never sent. Nothing is kept on the disk.
"""

from typing import Annotated

import typer

from desk.counts_export import as_csv, as_json
from desk.counts_view import View, none_yet
from desk.desk import Desk, desk_of
from desk.errors import DeskError
from desk.working import Json, at_work
from intake.counts import Shown


def add_to(app: typer.Typer) -> None:
    """Put this command beside the groups."""
    app.command("counts")(counts)


def counts(
    context: typer.Context,
    month: Annotated[
        str, typer.Option("--month", metavar="MONTH", help="One month alone: 2026-10.")
    ] = "",
    as_table: Annotated[
        bool, typer.Option("--csv", help="One table of everything, for spreadsheets; with HXL.")
    ] = False,
    as_document: Json = False,
) -> None:
    """The counts: what can be said, month by month, and how the line stands today."""
    desk = desk_of(context)
    if (as_table, as_document, bool(month)).count(True) > 1:
        raise DeskError("Give only one of --month, --csv and --json: the last two hold all months.")
    with at_work(desk) as casework:
        shown = casework.client.counts()
    if as_table:
        _put(desk, as_csv(desk, shown))
    elif as_document:
        desk.tell_json(as_json(desk, shown))
    else:
        _show(desk, shown, month)


def _show(desk: Desk, shown: Shown, month: str) -> None:
    view = View(desk, shown)
    if not month:
        view.print(view.everything)
        return
    found = view.find(month)
    if found is not None:
        view.print(view.month(found))
        return
    if not shown.releases:
        raise none_yet(desk, shown)
    raise DeskError(
        "The month {month} is not shown. These are: {months}.",
        month=month,
        months=", ".join(one.month for one in shown.releases),
    )


def _put(desk: Desk, text: str) -> None:
    """UTF-8, whatever the terminal is set to: mostly this goes into a file."""
    file = desk.out.file
    binary = getattr(file, "buffer", None)
    if binary is None:
        file.write(text)
        return
    file.flush()
    binary.write(text.encode())
    binary.flush()
