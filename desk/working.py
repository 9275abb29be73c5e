"""What the commands on one case share: the server at hand, the case that was meant, its text."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from desk.casework import Casework
from desk.desk import Desk
from desk.errors import DeskError
from desk.following import Progress
from desk.held import Held, pick
from desk.home import read_file
from desk.notices import notices, show
from desk.progress import progress
from desk.queue_view import SHORT
from desk.safe import plain
from intake.ledger import PAGE as PAGE_OF_EVENTS
from intake.wire import PAGE, CaseFile, Header, Queue

CaseArgument = Annotated[
    str, typer.Argument(metavar="CASE", help="The first digits of a case, or a case file.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")]
TextFile = Annotated[
    str, typer.Option("--file", metavar="FILE", help="The text, from a file; - for what is piped.")
]

_WHOLE = 32
"""Digits of a case id."""

_PIPED = "-"

_EVERY = 2.0
"""Seconds between two words on how far it is."""


@contextmanager
def at_work(desk: Desk) -> Iterator[Casework]:
    """The identity unlocked, the server's roster and its record of key events checked; what is
    amiss with either is told first."""
    identity = desk.unlock()
    with desk.client(identity) as client:
        casework = Casework.begin(desk, client, identity, reading(desk))
        show(desk, notices(casework))
        yield casework


def reading(desk: Desk) -> Progress:
    """Tells a desk that joins an old line how far it has read, every few seconds."""
    begun, told, read = time.monotonic(), time.monotonic(), 0

    def tell(number: int, total: int) -> None:
        nonlocal told, read
        now, read = time.monotonic(), read + PAGE_OF_EVENTS
        if now - told < _EVERY or number >= total:
            return
        told, left = now, max(1.0, (total - number) * (now - begun) / read)
        sentence = desk.say(
            "Reading the record of key events: {n} of {total}, about {left} s left.",
            n=number,
            total=total,
            left=round(left),
        )
        desk.err.print(sentence, style="dim")

    return tell


def listed(queue: Queue) -> list[Header]:
    """Every case that an answer of the queue names, each once."""
    found = {one.id: one for one in (*queue.due, *queue.cases, *queue.asked, *queue.mine)}
    return [*found.values()]


def find_waiting(casework: Casework, beginning: str) -> str:
    """The id of the case that the queue shows under this beginning, on whatever page."""
    if len(beginning) == _WHOLE:
        return beginning.lower()
    queue = casework.queue()
    known = listed(queue)
    if len(queue.cases) < queue.matching and not _any(known, beginning):
        known += _further(casework, beginning, queue.matching)
    return pick(beginning, [header.id for header in known], here=False)


def _further(casework: Casework, beginning: str, matching: int) -> list[Header]:
    """The pages after the first, as far as they have to be read."""
    known, start = list[Header](), PAGE
    with progress(casework.desk, matching, passing=True) as shown:
        while start < matching and not _any(known, beginning):
            known += casework.queue(start=start).cases
            start += PAGE
            shown.show(min(start, matching))
    return known


def find_case(casework: Casework, argument: str) -> CaseFile:
    """The case that is meant: of those on this machine, else of those she can open elsewhere.

    An adviser has not taken the case, and the one who closed it has no file of it any more.
    """
    held = Held(casework.desk.home)
    if is_here(casework.desk, argument):
        return held.find(argument)
    if len(argument) == _WHOLE:
        return casework.fetch(argument.lower())
    queue = casework.queue()
    hers = [header.id for header in (*queue.mine, *queue.asked, *queue.due)]
    return casework.fetch(pick(argument, dict.fromkeys(hers), here=True))


def is_here(desk: Desk, argument: str) -> bool:
    """Whether the case is on this machine, or would have to be."""
    named = Path(argument).suffix != "" or "/" in argument
    return named or _any_id(Held(desk.home).ids(), argument) or not desk.has_server


def _any(headers: list[Header], beginning: str) -> bool:
    return _any_id([header.id for header in headers], beginning)


def _any_id(ids: list[str], beginning: str) -> bool:
    return any(one.startswith(beginning.lower()) for one in ids)


def text_of(desk: Desk, file: str, hint: str) -> str:
    """The text from the file, from what is piped, or typed at the terminal after the hint."""
    if file and file != _PIPED:
        return decoded(read_file(Path(file)), file)
    return desk.read_text("" if file == _PIPED else hint)


def decoded(data: bytes, name: str) -> str:
    """Text as an editor saved it; `DeskError` where it is none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DeskError("{path} is not UTF-8 text; save it as UTF-8.", path=name) from None


def tell_done(desk: Desk, case: CaseFile, as_json: bool, sentence: str) -> None:
    """What was done, in words or for programs."""
    if as_json:
        desk.tell_json(done_json(case))
    else:
        desk.out.print(plain(sentence))


def short(case: CaseFile) -> str:
    """As it is named on the terminal."""
    return case.header.id[:SHORT]


def done_json(case: CaseFile) -> dict[str, Any]:
    """A case after an act, as far as the server sees it."""
    return {
        "case": case.header.id,
        "header": case.header.model_dump(mode="json"),
        "openers": list(case.openers),
        "replies": [one.model_dump(mode="json") for one in case.replies],
    }
