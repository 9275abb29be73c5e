"""The counters equal the truth, however often the server is killed while it counts.

The truth is what was acknowledged, and of what was under way what stands in the database: a case
is there or not, has an answer or none, was closed or never. Nothing of it is read in the counters.
"""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from intake.counting import Cell, Tally
from intake.records import ANSWERS, REPLY
from storage import open_storage
from storage.tables import cases, records, releases, tallies
from tests.databases import KINDS, prepared_address
from tests.promises.counted import Orders, counting

ROOT = Path(__file__).resolve().parents[2]
Months = dict[str, Counter[Cell]]

LEFT = 12
"""With so many cases of processes that ended the next one goes on."""


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What the dice begin with; `--seed` gives a failure again, as far as instants repeat."""
    return int(request.config.getoption("--seed"))


@dataclass
class Plan:
    """How many are to be acknowledged, and how likely each write is the last of its process."""

    goal: int
    deadly: float
    lines: int
    """After at most so many lines that it says, a process is killed."""
    processes: int = 1
    months: float = 0.0


@dataclass(frozen=True)
class Seen:
    """What stands in the database of one case."""

    rest: bool
    answer: bool
    close: bool
    submit: bool = True


@dataclass
class Books:
    """What processes said: what each act was to count in, and which were acknowledged."""

    will: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    done: set[tuple[str, str]] = field(default_factory=set)
    ends: int = 0

    def read(self, said: Iterable[bytes]) -> None:
        for line in said:
            verb, *rest = json.loads(line)
            if verb == "will":
                act, who, *counted = rest
                self.will[act, who] = counted
            elif verb == "done":
                self.done.add((rest[0], rest[1]))

    @property
    def submitted(self) -> int:
        return sum(act == "submit" for act, _ in self.done)

    def truth(self, there: dict[str, Seen]) -> Months:
        """By month, how often each cell was to be counted."""
        found: Months = defaultdict(Counter)
        for (act, who), counted in self.will.items():
            if act == "erase" or not self._happened(act, who, there):
                continue
            month, more, less = counted
            found[month].update(map(tuple, more))
            found[month].subtract(map(tuple, less))
        return {month: cells for month, cells in found.items() if +cells}

    def _happened(self, act: str, who: str, there: dict[str, Seen]) -> bool:
        seen, told = there.get(who), (act, who) in self.done
        if seen is None:
            assert not told or ("erase", who) in self.will, f"{act} of {who} was lost"
            return told
        stands: bool = getattr(seen, act)
        assert stands or not told, f"{act} of {who} was lost"
        return stands


# Processes that are killed.


async def runs(plan: Plan, address: str, seed: int) -> Books:
    books, dice, since = Books(), random.Random(seed), time.time()
    while books.submitted < plan.goal:
        left = await _left_behind(address)
        dice.shuffle(left)
        orders = [
            Orders(
                address,
                dice.randrange(2**32),
                plan.deadly,
                tuple(left[place :: plan.processes][:LEFT]),
                plan.months,
                since - place * plan.months / 7,  # no two clocks agree
            )
            for place in range(plan.processes)
        ]
        ends = [asyncio.to_thread(_ends, one, dice.randrange(50, plan.lines)) for one in orders]
        for said in await asyncio.gather(*ends):
            books.read(said)
        books.ends += plan.processes
    return books


async def _left_behind(address: str) -> list[str]:
    """The cases that are there while no process runs."""
    storage = await open_storage(address)
    ids = select(cases.c.id).order_by(cases.c.slot)
    found = await storage.database.read(lambda connection: list(connection.scalars(ids)))
    await storage.close()
    return [case_id.hex() for case_id in found]


def _ends(orders: Orders, lines: int) -> list[bytes]:
    """What a process said until it ended: by its own hand, or killed after so many lines."""
    command = [sys.executable, "-m", "tests.promises.counted", orders.text()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = list(islice(process.stdout, lines))
        process.kill()
        said += process.stdout
    assert process.returncode == -signal.SIGKILL, "it ended of a fault"
    return said


# What stands in the database.


def there(connection: Connection) -> dict[str, Seen]:
    def with_kind(kind: str) -> set[int]:
        return set(connection.scalars(select(records.c.case_slot).where(records.c.kind == kind)))

    answered, went_on = with_kind(REPLY), with_kind(ANSWERS)
    found = connection.execute(select(cases.c.slot, cases.c.inbox, cases.c.concluded))
    return {
        row.inbox.hex(): Seen(row.slot in went_on, row.slot in answered, bool(row.concluded))
        for row in found
    }


def counted(connection: Connection) -> tuple[Months, Months]:
    """By month, what was released and what is still being counted."""
    released = {
        row.month: Counter(Tally.from_bytes(row.body).counts)
        for row in connection.execute(select(releases))
    }
    running: Months = defaultdict(Counter)
    for row in connection.execute(select(tallies)):
        running[row.month].update(counting().opened(row.month, row.sealed).counts)
    return released, dict(running)


async def books_against(address: str, books: Books) -> tuple[Months, Months, Months]:
    """The truth, what was released, and what is being counted."""
    storage = await open_storage(address)
    try:
        truth = books.truth(await storage.database.read(there))
        return truth, *await storage.database.read(counted)
    finally:
        await storage.close()


def summed(*parts: Months) -> Counter[Cell]:
    """All months together; a month that was released may not be counted in any more."""
    total: Counter[Cell] = Counter()
    for months in parts:
        for cells in months.values():
            total.update(cells)
    return +total


def check_kinds(truth: Months) -> None:
    """That the run was one worth checking: everything that is counted came about."""
    total = summed(truth)
    for cell in (("requests", "all"), ("answers", "all"), ("closings", "all")):
        assert total[cell] > 5


@pytest.mark.ordeal
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("kind", KINDS)
async def test_counters_equal_the_truth(kind: str, tmp_path: Path, seed: int, full: bool) -> None:
    processes = 2 if kind == "postgresql" else 1
    plan = Plan(10_000, 0.0008, 5000, processes) if full else Plan(100, 0.004, 500, processes)
    address = await prepared_address(kind, tmp_path)
    books = await runs(plan, address, seed)
    truth, released, running = await books_against(address, books)
    print(f"{books.submitted} acknowledged, {books.ends} ends, seed {seed}")
    check_kinds(truth)
    assert released == {}
    assert running == {month: +cells for month, cells in truth.items()}
    assert books.ends > processes


@pytest.mark.ordeal
@pytest.mark.timeout(5400)
async def test_a_month_that_ends_meanwhile_loses_and_doubles_nothing(
    tmp_path: Path, seed: int, full: bool
) -> None:
    """Servers on one database whose clocks do not agree, each of which releases what has ended."""
    plan = Plan(3_000, 0.0008, 3000, 4, 1.5) if full else Plan(60, 0.003, 400, 2, 0.5)
    address = await prepared_address("postgresql", tmp_path)
    books = await runs(plan, address, seed)
    truth, released, running = await books_against(address, books)
    print(f"{books.submitted} acknowledged, {books.ends} ends, {len(released)} months, seed {seed}")
    check_kinds(truth)
    assert len(released) > 2
    assert summed(released, running) == summed(truth)
    assert all(month > max(released) for month in running)
    _later_and_never_sooner(truth, {**released, **running})


def _later_and_never_sooner(truth: Months, found: Months) -> None:
    """What comes late for a month counts in a later one."""
    for month in sorted({*truth, *found}):
        by_then = [summed({m: c for m, c in one.items() if m <= month}) for one in (truth, found)]
        assert not by_then[1] - by_then[0]


def test_the_books_know_what_came_about() -> None:
    books = Books()
    books.read([b'["will", "submit", "aa", "2026-03", [["requests", "all"]], []]'])
    seen = {"aa": Seen(False, False, False)}
    assert books.truth(seen) == {"2026-03": Counter({("requests", "all"): 1})}
    assert books.truth({}) == {}  # neither acknowledged nor there
    books.read([b'["done", "submit", "aa"]'])
    with pytest.raises(AssertionError, match="was lost"):
        books.truth({})
    books.read([b'["will", "erase", "aa"]'])
    assert books.truth({}) == books.truth(seen)
    books.read([b'["will", "close", "aa", "2026-03", [["closings", "all"]], []]'])
    closed = {"aa": Seen(False, False, True)}
    assert summed(books.truth(closed)) - summed(books.truth(seen)) == {("closings", "all"): 1}
