"""Counting as it happens, and what coordinators are shown of it.

A count is handed to storage together with what is counted, and written in the same transaction;
here alone a tally is opened, for the instant of adding to it. Counting never stands in the way of
a person: a tally that cannot be opened is begun anew, and the operator is told.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from crypto.errors import CryptoError
from crypto.kdf import Random
from crypto.tally import TallyKey
from handlers.texts import Texts
from intake import count_words as words
from intake.answers import Answers
from intake.case import CaseHeader
from intake.clock import Clock
from intake.counting import (
    ALL,
    CLASSES,
    LANGUAGE,
    LONGER,
    OUTCOME,
    PROMISE,
    UNSAID,
    URGENCY,
    WAITED,
    BadTally,
    Cell,
    Tally,
    kept_for_later,
    month_of,
    of_answers,
    of_closing,
    of_first_answer,
    of_kept,
    of_request,
)
from intake.counts import (
    Base,
    Label,
    Load,
    Release,
    Rules,
    Share,
    Shown,
    Sum,
    Table,
    Today,
    disclose,
    fill,
)
from intake.counts import Cell as Field
from intake.questions import Counted, Form
from intake.records import Outcome
from intake.roster import Roster
from intake.ties import ties
from intake.words import Words
from storage.cases import Cases
from storage.counts import Counts
from storage.rows import Count

log = logging.getLogger("tropa.counts")

DAY = timedelta(days=1)

OF: dict[str, Base] = {
    LANGUAGE: "requests",
    URGENCY: "requests",
    WAITED: "answers",
    PROMISE: "answers",
    OUTCOME: "closings",
}
"""What the tables of our own are of; the form's are of requests."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Makes counts: what changes in the tally when something happens."""

    form: Form
    key: TallyKey
    random: Random = field(repr=False)

    def request(self, answers: Answers, header: CaseHeader, now: datetime) -> Count:
        """A request that is sent."""
        cells = of_request(self.form, answers, header, now.date())
        return self._count(month_of(now), cells)

    def early(self, answers: Answers, now: datetime) -> tuple[str, ...]:
        """What the draft of a request that is sent early keeps, for `rest`."""
        return kept_for_later(month_of(now), of_answers(self.form, answers, now.date()))

    def rest(self, kept: tuple[str, ...], answers: Answers, now: datetime) -> Count | None:
        """The other answers to a request sent early, in the place of what was counted then."""
        if not kept:
            return None
        month, before = of_kept(self.form, kept)
        return self._count(month, of_answers(self.form, answers, now.date()), before, only=True)

    def first_answer(self, now: datetime) -> Callable[[CaseHeader], Count]:
        """The first answer to the case whose header will be given."""
        return lambda header: self._count(month_of(now), of_first_answer(header, now))

    def closing(self, outcome: Outcome, now: datetime) -> Count:
        """A case that is closed for the first time."""
        return self._count(month_of(now), of_closing(outcome))

    def nothing(self, now: datetime) -> Count:
        """A month that begins."""
        return self._count(month_of(now), ())

    def opened(self, month: str, sealed: bytes) -> Tally:
        """Raises `CryptoError`, `BadTally`."""
        return Tally.from_bytes(self.key.open(month, sealed))

    def _count(
        self, month: str, more: Iterable[Cell], less: Iterable[Cell] = (), *, only: bool = False
    ) -> Count:
        def change(really: str, sealed: bytes | None) -> bytes:
            tally = self._so_far(really, sealed).with_(more, less)
            return self.key.seal(really, tally.to_bytes(), self.random)

        return Count(month, self.key.name, change, only)

    def _so_far(self, month: str, sealed: bytes | None) -> Tally:
        if sealed is None:
            return Tally()
        try:
            return self.opened(month, sealed)
        except (CryptoError, BadTally):
            log.error("the counts of %s are damaged on the disk; they begin anew", month)
            return Tally()


class CountsDesk:
    """What is released, and what is shown."""

    def __init__(
        self,
        counts: Counts,
        cases: Cases,
        counting: Counting,
        rules: Rules,
        roster: Callable[[], Roster],
        clock: Clock,
    ) -> None:
        self._counts = counts
        self._cases = cases
        self._counting = counting
        self._rules = rules
        self._roster = roster
        self._clock = clock
        self._labels = Labels(counting.form)
        self._making = asyncio.Lock()
        self._last: Today | None = None

    async def release_due(self) -> None:
        """Release every month that has ended.

        What cannot be opened is waited for until the day on which the month is to be shown, since
        the key that was replaced may come back; then the month is released with nothing in it
        shown: a part of it would be told as if it were the whole.

        The running month is begun, whether or not anything is counted in it: the first month of
        a line is released even if nobody came.
        """
        now = self._clock()
        if not await self._counts.tallies(month_of(now)):
            await self._counts.add(self._counting.nothing(now))
        due = await self._counts.due(month_of(now))
        try:
            await self._release(due)
        finally:
            if due:
                await self._counts.forget()

    async def _release(self, months: list[str]) -> None:
        for month in months:
            try:
                await self._counts.release(month, partial(self._released, month))
            except (CryptoError, BadTally):
                log.warning(
                    "the counts of %s cannot be released: they were sealed with another "
                    "RETURN_KEY, or are damaged. Put that key back before %s, or all of that "
                    "month is hidden. Later months wait.",
                    month,
                    Release(month=month, rules=self._rules).shown_from,
                )
                return

    async def shown(self) -> Shown:
        """Everything that may be shown now. Raises `LineClosed`, `StorageUnavailable`."""
        roster, now = self._roster(), self._clock()
        released = [Release.model_validate_json(body) for body in await self._counts.released()]
        # In their order: where `shown_after` was made shorter, no month overtakes another.
        shown = tuple(takewhile(lambda one: one.shown_from <= now.date(), released))
        # The running month is the next one unless others wait for their day.
        running = Release(month=month_of(now), rules=self._rules)
        following = next(iter(released[len(shown) :]), running)
        return Shown(
            organisation=roster.organisation,
            rules=self._rules,
            releases=shown,
            today=await self._today(roster, now),
            next_month=following.month,
            next_from=following.shown_from,
        )

    def _released(self, month: str, rows: list[tuple[bytes, bytes]]) -> bytes:
        blank, tally = self._labels.blank(month, self._rules), Tally()
        try:
            for _, sealed in rows:
                tally = tally.plus(self._counting.opened(month, sealed))
        except (CryptoError, BadTally):
            if self._clock().date() < blank.shown_from:
                raise
            log.error("the counts of %s cannot be opened: all of that month is hidden", month)
            return blank.model_dump_json().encode()
        made = disclose(blank, tally, self._counting.random, ties(self._counting.form))
        return made.model_dump_json().encode()

    async def _today(self, roster: Roster, now: datetime) -> Today:
        """Made once a day and remembered here alone: on the disk it would name the day."""
        async with self._making:
            if self._last is None or self._last.at.date() < now.date():
                self._last = self._snapshot(await self._cases.waiting(), now)
            return self._last.model_copy(update={"load": self._labels.load(roster)})

    def _snapshot(self, waiting: list[CaseHeader], now: datetime) -> Today:
        rules, random = self._rules.today, self._counting.random
        tally = Tally().with_(cell for header in waiting for cell in _standing(header, now))
        total = disclose(
            Release(month=month_of(now), rules=rules, totals={"waiting": None}), tally, random
        ).totals["waiting"]
        tables = fill(self._labels.today(), tally, {"waiting": total}, rules, random)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Today(at=day, rules=rules, waiting=total, tables=tables)


def _standing(header: CaseHeader, now: datetime) -> list[Cell]:
    """What a request that waits counts in: how urgent, how long, how soon due, for whom.

    One that waits longer than a week counts as that alone: every further day tells of it anew.
    """
    age = now - header.received
    within = next((name for name, most in CLASSES if age <= most), LONGER)
    cells = [("waiting", ALL), (words.AGE, within)]
    if within == LONGER:
        return cells
    left = header.promised_by - now
    due = words.LATE if left < timedelta(0) else words.SOON if left <= DAY else words.LATER
    cells += [(URGENCY, header.level.value.lower()), (words.DUE, due)]
    return [*cells, *((words.SKILL, skill) for skill in sorted(header.skills))]


class Labels:
    """The empty tables, with their names in every language of the form."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._texts = Texts.load("counts")

    def blank(self, month: str, rules: Rules) -> Release:
        """A release of which nothing is counted yet."""
        counts = self._form.counts
        return Release(
            month=month,
            rules=rules,
            totals={"requests": None, "answers": None, "closings": None},
            tables=(
                *(self._counted(table) for table in (counts.questions if counts else ())),
                self._table(LANGUAGE, OF[LANGUAGE], self._languages()),
                *(self._own(name) for name in (URGENCY, WAITED, PROMISE, OUTCOME)),
            ),
            shares=tuple(
                Share(id=share.id, label=_label(share.label), meaning=_label(share.meaning))
                for share in (counts.shares if counts else ())
            ),
            sums=tuple(
                Sum(id=one.id, label=_label(one.label), of=one.of, cells=one.cells)
                for one in (counts.sums if counts else ())
            ),
        )

    def today(self) -> tuple[Table, ...]:
        """The tables of what waits."""
        skills = {name: _label(label) for name, label in self._form.routing.skills.items()}
        ages = {name: self._say(text) for name, text in words.CELLS[WAITED].items()}
        return (
            self._own(URGENCY, "waiting"),
            self._table(words.AGE, "waiting", ages),
            self._own(words.DUE, "waiting"),
            self._table(words.SKILL, "waiting", skills, many=True),
        )

    def load(self, roster: Roster) -> tuple[Load, ...]:
        """What the roster gives for each skill of the form."""
        return tuple(
            Load(
                skill=name,
                label=_label(label),
                members=len(able),
                capacity=sum(member.capacity for member in able),
            )
            for name, label in self._form.routing.skills.items()
            for able in [[m for m in roster.members if m.opens_cases and name in m.skills]]
        )

    def _counted(self, counted: Counted) -> Table:
        cells = {name: _label(label) for name, label in counted.cells.items()}
        unsaid = {UNSAID: _label(self._form.texts.unsaid)}
        return Table(
            id=counted.id,
            label=_label(counted.label),
            of="requests",
            many=counted.many,
            alone=(*counted.alone, UNSAID) if counted.many else (),
            told=counted.told,
            cells=_fields(cells | unsaid),
        )

    def _own(self, name: str, of: Base | None = None) -> Table:
        cells = {cell: self._say(text) for cell, text in words.CELLS[name].items()}
        return self._table(name, of or OF[name], cells)

    def _table(self, name: str, of: Base, cells: dict[str, Label], many: bool = False) -> Table:
        label = self._say(words.TABLES[name])
        return Table(id=name, label=label, of=of, many=many, cells=_fields(cells))

    def _languages(self) -> dict[str, Label]:
        languages = self._form.languages
        return {code: dict.fromkeys(languages, code) for code in languages}

    def _say(self, sentence: str) -> Label:
        return {language: self._texts.say(language)(sentence) for language in self._form.languages}


def _fields(cells: dict[str, Label]) -> tuple[Field, ...]:
    return tuple(Field(id=name, label=label) for name, label in cells.items())


def _label(text: Words) -> Label:
    return dict(text.by_language)
