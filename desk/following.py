"""The server's record of key events, read page by page and chained to what this desk has seen.

Nothing is believed of it but what the chain shows: what comes later has to begin with the very
head that this desk has, and to end with the one that the server names.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from desk.errors import DeskError
from desk.heads import Heads
from intake.ledger import PAGE, Event, Page, chained
from intake.mandates import LATEST
from intake.shapes import Unreadable

Progress = Callable[[int, int], None]
"""Told how many events of how many have been read."""


class Server(Protocol):
    """What is asked for the record."""

    def events(self, after: int) -> Page: ...


class Amiss(DeskError):
    """The server's record is not the continuation of what this desk has seen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event: its number, its bytes as they are chained, and the head after it."""

    number: int
    body: bytes
    head: bytes

    @property
    def event(self) -> Event | None:
        """None where this version cannot read it."""
        try:
            return Event.from_bytes(self.body)
        except Unreadable:
            return None


def silent(_: int, __: int) -> None:
    """Where nobody looks on."""


def follow(
    server: Server, number: int, head: bytes, progress: Progress = silent
) -> Iterator[list[Step]]:
    """The events after the first `number`, which end in `head`, a page at a time. Raises `Amiss`.

    A page counts once the next one begins with the head that it ends in, and the last that is
    asked for is empty: an event that somebody changes or takes out on the way is noticed at once.
    """
    page = _first(server, number, head)
    total = page.total
    while number < total:
        if not page.events:
            raise _torn(number)
        steps = chain(page, number, head)
        number, head = steps[-1].number, steps[-1].head
        page = server.events(number)
        if page.head != head.hex() or page.total < number:
            raise _torn(number)
        yield steps
        progress(number, total)


def _first(server: Server, number: int, head: bytes) -> Page:
    page = server.events(number)
    if page.total < number:
        raise Amiss(
            "The server shows {total} key events, this desk has seen {number}: the server was "
            "restored from a backup, or somebody hides what happened. Ask the operator which it "
            "is, and the other leads, by another way than this server. See: tropa log",
            total=page.total,
            number=number,
        )
    if page.head != head.hex():
        raise exchanged(number)
    return page


def exchanged(number: int) -> Amiss:
    return Amiss(
        "The server shows another past than this desk has seen: up to event {number} its "
        "record of key events is not the one from before. It was exchanged, or changed after "
        "the fact. Compare with a colleague, aloud: tropa log",
        number=number,
    )


def _torn(number: int) -> Amiss:
    return Amiss(
        "The record of key events does not add up: after event {number} the server names another "
        "head than its own events give. An event was changed, added or left out on the way. "
        "Compare with a colleague, aloud: tropa log",
        number=number,
    )


def earlier(server: Server, heads: Heads, end: int, event: Event) -> list[Event]:
    """Of the first `end` events those from the time in which a mandate for `event` was signed."""
    before = LATEST + timedelta(days=1)
    # A server may name a day before which there is none.
    return since(server, heads, end, max(event.day, date.min + before) - before)


def since(server: Server, heads: Heads, end: int, first: date) -> list[Event]:
    """Of the first `end` events those from that day on, and some from before it.

    Read backwards, page by page, and held against the heads: the server cannot tell it anew.
    """
    found = list[Event]()
    while end:
        start = max(0, end - PAGE)
        steps = chain(server.events(start), start, heads[start])[: end - start]
        if len(steps) != end - start or steps[-1].head != heads[end]:
            raise _torn(start)
        known = [one for step in steps if (one := step.event) is not None]
        found = known + found
        end = start if not known or known[0].day >= first else 0
    return found


def chain(page: Page, number: int, head: bytes) -> list[Step]:
    """A page's events, as if they followed `head`."""
    steps = []
    for body in page.events:
        head, number = chained(head, body.encode()), number + 1
        steps.append(Step(number, body.encode(), head))
    return steps
