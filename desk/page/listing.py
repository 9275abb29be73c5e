"""The queue as a page shows it: rows in words, counts, filters, pages. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from desk.language import Language
from desk.page.labels import SOON, language_name, level_words, skill_names, turn_words
from desk.queue_view import SHORT
from desk.words import promise, span, waiting
from intake.case import Level, State, Turn
from intake.questions import Form
from intake.wire import PAGE, Header, Queue

MOMENT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Filter:
    """What the reader wants to see of what fits her; None: everything."""

    level: Level | None = None
    language: str | None = None
    skill: str | None = None
    start: int = 0

    def query(self, **changes: object) -> str:
        """As the end of an address, beginning with a question mark, or empty."""
        changed = replace(self, **changes)  # type: ignore[arg-type]
        values = {
            "level": changed.level.value if changed.level else None,
            "language": changed.language,
            "skill": changed.skill,
            "start": changed.start or None,
        }
        text = urlencode({name: value for name, value in values.items() if value is not None})
        return f"?{text}" if text else ""

    @property
    def narrow(self) -> bool:
        return (self.level, self.language, self.skill) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Row:
    """One case, in words."""

    id: str
    short: str
    level: str
    meaning: str
    language: str
    skills: str
    waited: str
    received: str
    due: str
    due_at: str
    late: bool
    soon: bool
    turn: str
    lifted: bool
    held: str
    mine: bool
    free: bool


@dataclass(frozen=True, slots=True)
class Count:
    """A level, how many wait there, and where a click on it leads."""

    level: str
    meaning: str
    n: int
    chosen: bool
    query: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that the queue's page shows."""

    rows: tuple[Row, ...]
    mine: tuple[Row, ...]
    asked: tuple[Row, ...]
    due: tuple[Row, ...]
    counts: tuple[Count, ...]
    matching: int
    first: int
    last: int
    before: str | None
    after: str | None
    at: str


@dataclass(frozen=True, slots=True)
class Words:
    """In which language and with which form's words a list is shown."""

    language: Language
    form: Form | None
    now: datetime

    def row(self, header: Header) -> Row:
        left = header.promised_by - self.now
        open_ = header.state is not State.CLOSED and header.turn is Turn.OURS
        mine = header.held_by == "you"
        return Row(
            id=header.id,
            short=header.id[:SHORT],
            level=header.level.value,
            meaning=level_words(self.language, header.level, self.form),
            language=language_name(self.language, header.language),
            skills=skill_names(header.skills, self.form, self.language.code),
            waited=waiting(self.language, header.received, self.now),
            received=f"{header.received:{MOMENT}} UTC",
            due=self._due(header, open_),
            # A time beside "answered" would read as the time of the answer.
            due_at=f"{header.promised_by:{MOMENT}} UTC" if open_ else "",
            late=open_ and self.now >= header.promised_by,
            soon=open_ and header.promised_by > self.now and left <= SOON,
            turn=turn_words(self.language, header.turn, header.records),
            lifted=mine and header.turn is Turn.OURS and header.records > 1,
            held=self._held(header),
            mine=mine,
            free=header.state is State.WAITING,
        )

    def _due(self, header: Header, open_: bool) -> str:
        if header.state is State.CLOSED:
            return self.language.say("closed")
        if not open_:
            return self.language.say("answered")
        return promise(self.language, header.promised_by, self.now)

    def _held(self, header: Header) -> str:
        if header.held_by is None or header.leased_until is None:
            return ""
        if header.held_by == "other":
            return self.language.say("taken")
        left = max(header.leased_until - self.now, header.leased_until - header.leased_until)
        return self.language.say("yours, {span}", span=span(self.language, left))


def listing(queue: Queue, chosen: Filter, words: Words) -> Listing:
    """One page of the queue; what waits for us among hers comes first."""
    mine = sorted(queue.mine, key=lambda one: (one.turn is not Turn.OURS, one.records < 2))
    last = chosen.start + len(queue.cases)
    return Listing(
        rows=_rows(words, queue.cases),
        mine=_rows(words, mine),
        asked=_rows(words, queue.asked),
        due=_rows(words, queue.due),
        counts=tuple(_counts(queue, chosen, words)),
        matching=queue.matching,
        first=chosen.start + 1 if queue.cases else 0,
        last=last,
        before=chosen.query(start=max(0, chosen.start - PAGE)) if chosen.start else None,
        after=chosen.query(start=last) if last < queue.matching else None,
        at=f"{words.now:%H:%M:%S} UTC",
    )


def _rows(words: Words, headers: Sequence[Header]) -> tuple[Row, ...]:
    return tuple(words.row(header) for header in headers)


def _counts(queue: Queue, chosen: Filter, words: Words) -> list[Count]:
    return [
        Count(
            level.value,
            level_words(words.language, level, words.form),
            queue.counts.get(level, 0),
            chosen.level is level,
            chosen.query(level=None if chosen.level is level else level, start=0),
        )
        for level in Level
    ]
