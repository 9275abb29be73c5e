"""Many cases changed one after the other: pages fetched, worked on by all cores, and sent back.

Each case is changed at the server for itself, whole or not at all, so that this may end at any
instant: what was done stays done, and the same command goes on with the rest. Nothing is kept on
this machine. Memory is bounded by the lanes, each of which has one page in hand.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import cpu_count
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel, Field, ValidationError

from desk.client import Offline, Turned
from desk.desk import Desk
from desk.errors import DeskError
from desk.keys.sealers import Kept, Page, Task, doing
from desk.keys.workers import Workers
from desk.progress import Progress, progress
from desk.refusals import nonsense

FEW: Final = 60
"""Up to so many cases, processes of their own would take longer to start than to be of use."""

ROUNDS: Final = 6
"""How often cases are asked for again that something was added to meanwhile."""

PATIENCE: Final = (1, 2, 4, 8, 15, 30, 30, 30)
"""Seconds between the tries after which a connection counts as lost."""

SENDING: Final = 3
"""Pages on their way to the server at once: it takes in two, and what lies in a queue behind a slow
line counts as lost after a while."""

PASSING: Final = ("unavailable", "stale", "slow")
"""Reasons of the server that may be over the next time. A request that a laptop had signed before
it slept is too old when it wakes up, and its clock may need a moment."""

MOST: Final = 10**9
"""Cases that a server could have."""

MORE: Final = 10_000
"""Cases that may be added to those that waited at the beginning; a server that never comes to an
end makes them up."""

_Answer = TypeVar("_Answer")


class Head(BaseModel):
    """What of a page is looked at here; the cases in it are the workers'."""

    left: int = Field(ge=0, le=MOST)
    closed_to_her: int = Field(default=0, ge=0, le=MOST)
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server did with what was sent: how many it changed, found changed, or gone."""

    done: int
    moved: int = 0
    gone: int = 0


class Errand(Protocol):
    """The two requests, as the client makes them; `again`: sent before, and no answer came.
    `between`: whether to go on with another round; raises where that is of no use."""

    def page(self, after: str | None) -> bytes: ...

    def send(self, body: bytes, *, again: bool) -> Sent: ...

    def between(self) -> None: ...


@dataclass(slots=True)
class Result:
    """How far it came. `kept`: cases that were left as they were, and why. `closed`: how many
    besides the one who does this cannot open. `moved`: how many kept changing under her hands.
    `left`: how many the server names still, once all was done. `stopped`: by her; `dropped`: at
    once, so that what was under way may be done or not. `error`: what ended it before its time.
    """

    total: int = 0
    done: int = 0
    gone: int = 0
    moved: int = 0
    left: int = 0
    closed: int = 0
    kept: Kept = field(default_factory=dict)
    stopped: bool = False
    dropped: bool = False
    error: Exception | None = None

    @property
    def handled(self) -> int:
        return self.done + self.gone + len(self.kept)

    @property
    def whole(self) -> bool:
        """Whether everything that can be done now is done."""
        return not self.stopped and self.error is None and not self.moved and not self.left

    @property
    def elsewhere(self) -> int:
        """How many were there at the beginning and were not to be done here any more."""
        return max(self.gone, self.total - self.done - len(self.kept)) if self.whole else 0


def head(page: bytes) -> Head:
    try:
        return Head.model_validate_json(page)
    except ValidationError:
        raise nonsense() from None


def do_all(
    desk: Desk, errand: Errand, task: Task, first: bytes, cores: int | None = None
) -> Result:
    """All pages, from the `first`, which the caller has looked at, to the end."""
    seen = head(first)
    result = Result(total=seen.left, closed=seen.closed_to_her)
    cores = cores or cpu_count() or 1
    with _hands(desk, task, seen.left, cores) as (work, lanes), progress(desk, seen.left) as shown:
        _Rounds(desk, errand, work, lanes, result, shown).run(first)
        shown.end(result.handled)
    return result


@contextmanager
def _hands(
    desk: Desk, task: Task, cases: int, cores: int
) -> Iterator[tuple[Callable[[bytes], Page], int]]:
    """Who works on a page, and how many lanes keep them busy: more than cores, since each lane
    waits for the server half of its time."""
    if cases <= FEW:
        yield doing(task, desk.random), 1
        return
    with Workers(task, cores) as workers:
        yield workers.page, 2 * cores + 1


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A page as it came; `last`: it names none after it."""

    body: bytes
    last: bool


class _Rounds:
    """One run. The lanes share it, each a thread; what they share is changed under the lock."""

    def __init__(
        self,
        desk: Desk,
        errand: Errand,
        work: Callable[[bytes], Page],
        lanes: int,
        result: Result,
        shown: Progress,
    ) -> None:
        self._desk, self._errand, self._work = desk, errand, work
        self._lanes, self._result, self._shown = lanes, result, shown
        self._asking, self._counting = threading.Lock(), threading.Lock()
        self._sending = threading.Semaphore(SENDING)
        self._next: str | None = None
        self._waiting: bytes | None = None
        self._ended = False
        self._places = set[str]()
        self._stop = threading.Event()

    def run(self, first: bytes) -> None:
        try:
            self._all(first)
            if self._result.whole:
                self._look_again()
        except KeyboardInterrupt:
            self._result.stopped = self._result.dropped = True
            self._stop.set()

    def _look_again(self) -> None:
        """Whether the server, too, says that nothing is left: its single answers may not fit."""
        try:
            seen = head(self._patiently(lambda _: self._errand.page(None)))
        except DeskError as error:
            self._result.error = error
            return
        self._result.left = max(0, seen.left - len(self._result.kept))
        self._result.closed = seen.closed_to_her

    def _all(self, first: bytes) -> None:
        self._pass(first)
        for _ in range(ROUNDS - 1):
            if not self._result.moved or self._stop.is_set():
                return
            try:
                self._errand.between()
            except DeskError as error:
                self._result.error = error
                return
            self._result.moved = 0
            self._pass(None)

    def _pass(self, first: bytes | None) -> None:
        self._next, self._waiting, self._ended = None, first, False
        self._places.clear()
        # Threads are not joined: Ctrl-C in the midst of it makes Python 3.11 take one that runs for
        # one that has ended (bpo-45274), and its last page would be dropped.
        ended = [threading.Event() for _ in range(self._lanes)]
        for one in ended:
            threading.Thread(target=self._lane, args=(one,), daemon=True).start()
        while not all(one.is_set() for one in ended):
            try:
                for one in ended:
                    one.wait(0.1)
                self._shown.show(self._result.handled)
            except KeyboardInterrupt:
                if self._stop.is_set():
                    raise
                self._result.stopped = True
                self._stop.set()
                self._shown.say(
                    self._desk.say(
                        "Stopping: what is under way is finished. Ctrl-C again drops it; "
                        "that does no harm either."
                    )
                )

    def _lane(self, ended: threading.Event) -> None:
        """Pages, until there are no more; whatever ends one lane ends them all."""
        try:
            while (page := self._page()) is not None:
                self._count(*self._done(page.body), page.last)
        except Exception as error:
            with self._counting:
                self._result.error = self._result.error or error
            self._stop.set()
        finally:
            ended.set()

    def _page(self) -> "_Fetched | None":
        """The next page: one lane asks at a time, since each page names the one after it."""
        with self._asking:
            if self._ended or self._stop.is_set():
                return None
            page, self._waiting = self._waiting, None
            if page is None:
                page = self._patiently(lambda _: self._errand.page(self._next))
            self._next = head(page).after
            self._ended = self._next is None
            if self._next is not None:
                self._must_end(self._next)
            return _Fetched(page, self._ended)

    def _must_end(self, place: str) -> None:
        """`DeskError` where the pages go round, or there are more cases than there can be."""
        if place in self._places or self._result.handled > self._result.total + MORE:
            raise nonsense()
        self._places.add(place)

    def _done(self, page: bytes) -> tuple[Page, Sent]:
        worked = self._work(page)
        if worked.body is None:
            return worked, Sent(0)
        body = worked.body

        def send(again: bool) -> Sent:
            with self._sending:
                return self._errand.send(body, again=again)

        return worked, self._patiently(send)

    def _count(self, worked: Page, sent: Sent, last: bool) -> None:
        if sent.done + sent.moved + sent.gone != worked.cases:
            raise nonsense()  # it speaks of other cases than it was sent
        if not (last or worked.cases or worked.kept):
            raise nonsense()  # pages without a case could follow each other for ever
        with self._counting:
            self._result.done += sent.done
            self._result.gone += sent.gone
            self._result.moved += sent.moved
            self._result.kept.update(worked.kept)

    def _patiently(self, ask: Callable[[bool], _Answer]) -> _Answer:
        """Asked again while nothing answers: to do a step twice is the same as once."""
        for number, seconds in enumerate(PATIENCE):
            try:
                return ask(number > 0)
            except (Offline, Turned) as error:
                busy = isinstance(error, Offline) or error.reason in PASSING
                if self._stop.is_set() or not busy:
                    raise
                self._shown.say(
                    self._desk.say(
                        "{why} Trying again in {n} s.",
                        why=self._desk.language.explain(error),
                        n=seconds,
                    )
                )
            for _ in range(seconds):
                if not self._stop.is_set():
                    self._desk.sleep(1)
        return ask(True)  # the last time, and whatever is wrong is told
