"""A year of counts in a line's database, as if so many people had asked."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping

from bot.counting import Counting
from bot.counts import CountsDesk
from crypto.tally import TallyKey
from intake.clock import Clock
from intake.counting import Tally, month_of
from intake.counts import Rules, Shown
from storage import open_storage
from storage.migrations import upgrade
from storage.rows import Count
from tests.organisation import House

MONTHS = 14
"""Ended ones, of which the last may not be shown yet."""


QUIET = 5
"""One of them, in which nobody came: mostly hidden."""


async def fill(house: House, database_url: str, clock: Clock) -> None:
    """Count what `tally_of` says, in the months that ended; the server releases them."""
    await upgrade(database_url)
    storage = await open_storage(database_url)
    key = TallyKey(house.return_key)
    try:
        for number, month in enumerate(_months_before(month_of(clock()))):
            tally = tally_of(number).to_bytes()
            await storage.counts.add(Count(month, key.name, _sealing(key, tally)))
    finally:
        await storage.close()


async def shown(house: House, database_url: str, clock: Clock) -> Shown:
    """What the line shows, asked beside it."""
    storage = await open_storage(database_url)
    counting = Counting(house.form, TallyKey(house.return_key), os.urandom)
    desk = CountsDesk(storage.counts, storage.cases, counting, Rules(), house.roster, clock)
    try:
        return await desk.shown()
    finally:
        await storage.close()


async def released(house: House, database_url: str, clock: Clock) -> Shown:
    """What the line shows once it has released every month that `fill` counted."""
    for _ in range(200):
        found = await shown(house, database_url, clock)
        if len(found.releases) >= MONTHS - 1:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the line does not release what was counted")


def tally_of(number: int) -> Tally:
    """More people from month to month, and ever more soldiers among them who want out."""
    if number == QUIET:
        return Tally()
    asked, others = 1200 + 40 * number, ("discharged", "civilian", "unsaid")
    soldiers = asked * (66 + number) // 100
    cells: dict[str, Mapping[str, int]] = {
        "requests": {"all": asked},
        "answers": {"all": asked - 60},
        "status": {
            "contract": soldiers // 2,
            "mobilised": soldiers - soldiers // 2 - 300,
            **dict.fromkeys(("officer", "conscript", "prison"), 100),
            **dict.fromkeys(others, 75),
            "reserve": asked - soldiers - 225,
        },
        "shares": {"leaving": asked * (3 + 3 * number) // 100},
        "article": {
            "unknown": asked // 4,
            "unsaid": asked // 4,
            "a337": 360 + 5 * number,
            "a338": 180 + 2 * number,
            **dict.fromkeys(("a332", "a3521", "other", "wanted", "intl"), 90),
        },
        "waited": {"h6": 135, "h24": asked - 405, "d3": 120, "d7": 90, "more": 0},
        "promise": {"kept": asked - 150, "broken": 90},
    }
    return Tally({(table, cell): n for table, row in cells.items() for cell, n in row.items()})


def _sealing(key: TallyKey, tally: bytes) -> Callable[[str, bytes | None], bytes]:
    return lambda month, _: key.seal(month, tally, os.urandom)


def _months_before(month: str) -> Iterator[str]:
    year, number = int(month[:4]), int(month[5:])
    for back in range(MONTHS, 0, -1):
        at = year * 12 + number - 1 - back
        yield f"{at // 12:04}-{at % 12 + 1:02}"
