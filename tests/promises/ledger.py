"""The counting half of a server on a real database, with a clock and dice that tests hold."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bot.counting import Counting
from bot.counts import CountsDesk
from crypto.tally import TallyKey
from intake.counting import ANSWERS, CLOSINGS, REQUESTS, Tally
from intake.counts import Rules, Shown
from intake.questions import Form
from intake.records import Outcome
from intake.roster import Roster
from storage.migrations import upgrade
from storage.opening import Storage, open_storage
from tests.organisation import House
from tests.promises.people import Person, form, header_of

KEY = b"\x33" * 32


@dataclass
class Ledger:
    """`now` is what its clock says; `rules` and `form` are read at each start."""

    address: str
    roster: Roster
    storage: Storage
    now: datetime = datetime(2026, 10, 1, 0, 30, tzinfo=UTC)
    rules: Rules = field(default_factory=Rules)
    form: Form = field(default_factory=form)
    dice: Random = field(default_factory=lambda: Random(20261001))

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.counting = Counting(self.form, TallyKey(KEY), self.dice.randbytes)
        self.desk = CountsDesk(
            self.storage.counts,
            self.storage.cases,
            self.counting,
            self.rules,
            lambda: self.roster,
            lambda: self.now,
        )

    async def restart(self, rules: Rules | None = None, form: Form | None = None) -> None:
        """The server ends and starts again, perhaps with other settings or another form."""
        self.rules, self.form = rules or self.rules, form or self.form
        await self.storage.close()
        self.storage = await open_storage(self.address)
        self._start()

    def set(self, moment: str) -> None:
        """The clock shows this instant (UTC), whatever it showed before."""
        self.now = datetime.fromisoformat(f"{moment}+00:00")

    async def asked(self, crowd: Iterable[Person]) -> None:
        """They ask, now."""
        for one in crowd:
            header = header_of(one.answers, one.language, self.now)
            await self.storage.counts.add(self.counting.request(one.answers, header, self.now))

    async def answered(self, one: Person, outcome: Outcome) -> None:
        """Somebody who asked three hours ago gets the first answer, and his case is closed."""
        header = header_of(one.answers, one.language, self.now - timedelta(hours=3))
        await self.storage.counts.add(self.counting.first_answer(self.now)(header))
        await self.storage.counts.add(self.counting.closing(outcome, self.now))

    async def look(self, moment: str) -> Shown:
        """What a coordinator is given at this instant; what the server does each hour was done."""
        self.set(moment)
        await self.desk.release_due()
        return await self.desk.shown()

    async def tally(self, month: str) -> Tally:
        """What is counted of a month that is not released."""
        tally = Tally()
        for _, sealed in await self.storage.counts.tallies(month):
            tally = tally.plus(self.counting.opened(month, sealed))
        return tally

    async def events(self, month: str) -> int:
        tally = await self.tally(month)
        return sum(tally.count(base, "all") for base in (REQUESTS, ANSWERS, CLOSINGS))


@asynccontextmanager
async def ledger(folder: Path, seed: int = 20261001) -> AsyncIterator[Ledger]:
    """One that nothing is written in."""
    address = f"sqlite:///{folder / 'tropa.db'}"
    await upgrade(address)
    roster = House(folder).roster(timedelta(days=9000))
    kept = Ledger(address, roster, await open_storage(address), dice=Random(seed))
    try:
        yield kept
    finally:
        await kept.storage.close()
