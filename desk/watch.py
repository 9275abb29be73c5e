"""`tropa queue --watch`: the queue, refreshed, and a bell where somebody cannot wait."""

from rich.text import Text

from desk.casework import Casework
from desk.errors import DeskError, Stopped
from desk.notices import notices, show
from desk.queue_view import hers, queue_table
from desk.safe import plain
from intake.case import Level
from intake.wire import Header

URGENT = (Level.P0, Level.P1)


def watch(casework: Casework, every: int) -> None:
    """Look again every so many seconds until Ctrl-C; an outage is shown and waited out."""
    try:
        _watch(casework, every)
    except KeyboardInterrupt:
        raise Stopped from None  # that is how it ends


def _watch(casework: Casework, every: int) -> None:
    desk, known = casework.desk, None
    while True:
        try:
            known = _look(casework, known)
        except DeskError as error:
            desk.err.print(Text(plain(desk.language.explain(error)), style="yellow"))
        desk.out.print(desk.say("Looking every {n} s. End with Ctrl-C.", n=every), style="dim")
        desk.sleep(every)


def _look(casework: Casework, known: set[str] | None) -> set[str]:
    desk, client = casework.desk, casework.client
    casework = Casework.begin(desk, client, casework.identity)
    form = desk.form_in_use(client, casework.roster)
    found = hers(client.queue())
    if desk.out.is_terminal:
        desk.out.clear()
    show(desk, notices(casework))
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
