"""What coordinators are shown of the counts: months that are released, and the day's figures."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from bot.count_tables import Labels
from bot.counting import Counting
from crypto.errors import CryptoError
from intake import count_words as words
from intake.case import CaseHeader
from intake.clock import Clock
from intake.counting import ALL, CLASSES, LONGER, URGENCY, BadTally, Cell, Tally, month_of
from intake.counts import Release, Rules, Shown, Today, disclose, fill
from intake.roster import Roster
from intake.ties import ties
from storage.cases import Cases
from storage.counts import Counts

log = logging.getLogger("tropa.counts")

DAY = timedelta(days=1)


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

    async def gather(self) -> None:
        """Take over what was counted under keys of before. At the start, before anything counts."""
        await self._counts.gather(self._counting.together)

    async def release_due(self) -> None:
        """Release every month that has ended.

        What cannot be opened is waited for until the day on which the month is to be shown, since
        the key that is missing may come back; then the month is released with nothing in it
        shown: a part of it would be told as if it were the whole.

        The first month of a line is released even if nobody came.
        """
        running = month_of(self._clock())
        await self._counts.begin(running)
        due = await self._counts.due(running)
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
                    "the counts of %s cannot be released: they were sealed with a RETURN_KEY that "
                    "is not here any more, or are damaged. Put that key back below the first one "
                    "before %s, or all of that month is hidden. Later months wait.",
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
