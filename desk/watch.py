"""`tropa queue --watch`: the queue, refreshed, and a bell where somebody cannot wait."""

from rich.text import Text

from desk.client import Client
from desk.desk import Desk
from desk.errors import DeskError
from desk.queue_view import hers, queue_table
from desk.safe import plain
from intake.case import Level
from intake.wire import Header

URGENT = (Level.P0, Level.P1)


def watch(desk: Desk, client: Client, every: int) -> None:
    """Look again every so many seconds until Ctrl-C; an outage is shown and waited out."""
    known: set[str] | None = None
    while True:
        try:
            known = _look(desk, client, known)
        except DeskError as error:
            desk.err.print(Text(plain(desk.language.explain(error)), style="yellow"))
        desk.out.print(desk.say("Looking every {n} s. End with Ctrl-C.", n=every), style="dim")
        desk.sleep(every)


def _look(desk: Desk, client: Client, known: set[str] | None) -> set[str]:
    roster = desk.current_roster(client)
    form = desk.form_in_use(client, roster)
    found = hers(client.queue())
    if desk.out.is_terminal:
        desk.out.clear()
    desk.out.print(f"{desk.clock():%Y-%m-%d %H:%M:%S} UTC", style="dim")
    if found:
        desk.out.print(queue_table(desk, found, form))
    else:
        desk.tell("Nothing waits for you.")
    urgent = {header.id for header in found if _rings(header)}
    if known is not None and urgent - known:
        desk.out.bell()
        desk.tell("New and urgent: {n}.", n=len(urgent - known))
    return (known or set()) | urgent


def _rings(header: Header) -> bool:
    return header.level in URGENT and header.held_by is None
