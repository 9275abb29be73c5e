"""What of the counts may be shown, so that no table and no pair of tables points at anybody.

The rules, in this order; each is one function below.

1. *Blur.* Every count is moved at random, as often up as down. Without it whoever knows everybody
   but one reads that one's answer off a figure that is 12 or 13, however it is rounded. The noise
   is normal, to the nearest whole number, with the standard deviation `blur`. Whoever compares k
   figures about one person then guesses right with a probability of at most the normal
   distribution's value at sqrt(k) / (2 blur) (Gaussian differential privacy: Dong, Roth, Su,
   J. R. Stat. Soc. B 84, 2022). All that follows looks at blurred counts alone and so gives
   nothing away (post-processing).
2. *Smallest cell.* What could stand for fewer than `smallest` is hidden, empty cells too: whatever
   was moved to less than two standard deviations above it (`bound`).
3. *Complementary suppression.* Where what is hidden follows from what is shown, in its own table
   or in one that is tied to it (`intake.ties`), more is hidden.
4. *Rounding* to multiples of `rounding`, and shares of `share_from` upward only.

A release is made once, when its month has ended, and kept; it is shown `shown_after` days later.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import NormalDist
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from intake.counting import ALL, REQUESTS, SHARES, Tally, first_day, month_after
from intake.shapes import Id, Shape
from intake.ties import Tie, untied

Random = Callable[[int], bytes]
Base = Literal["requests", "answers", "closings", "waiting"]
Label = dict[Annotated[str, Field(pattern=r"^[a-z]{2}$")], str]
"""One text by language."""

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class Rules(Shape):
    """Thresholds; stricter ones may be set, weaker ones not."""

    smallest: int = Field(default=10, ge=10, le=10_000)
    rounding: int = Field(default=5, ge=5, le=1_000)
    share_from: int = Field(default=50, ge=50, le=100_000)
    shown_after: int = Field(default=14, ge=14, le=366)
    blur: int = Field(default=6, ge=6, le=100)

    @property
    def today(self) -> Self:
        """For figures of the day: a case waits for days and stands in each, so all is coarser."""
        return self.model_copy(update={"rounding": 2 * self.rounding, "blur": 2 * self.blur})

    @property
    def bound(self) -> int:
        """The smallest blurred count that is shown. One in fifty cells of just less than `smallest`
        people reaches it; whether a cell does tells nothing more (see *Blur*). What would be
        rounded to nought is below it too."""
        return max(self.smallest + 2 * self.blur, -(-self.rounding // 2))


class Cell(Shape):
    """`count` None: hidden. It may be nobody, a few, or many."""

    id: Id
    label: Label
    count: int | None = None


class Table(Shape):
    """Counts by the answers to one question. `many`: one person may stand in several cells.

    `alone`: the cells of such a table in which whoever stands there stands alone. `told`: its
    figures stand among the sentences too.
    """

    id: Id
    label: Label
    of: Base
    many: bool = False
    alone: tuple[Id, ...] = ()
    told: bool = False
    cells: tuple[Cell, ...]


class Share(Shape):
    """A part of all requests. `few`: hidden, for it is less than the smallest cell."""

    id: Id
    label: Label
    meaning: Label
    count: int | None = None
    few: bool = False


class Sum(Shape):
    """Cells of a table that are told together; whoever shows it adds the cells that are shown."""

    id: Id
    label: Label
    of: Id
    cells: tuple[Id, ...]


class Release(Shape):
    """One month as it is shown for ever, with definitions and rules. Empty, it is the blank."""

    v: Literal[1] = 1
    month: Month
    rules: Rules
    totals: dict[Base, int | None] = Field(default={})
    tables: tuple[Table, ...] = ()
    shares: tuple[Share, ...] = ()
    sums: tuple[Sum, ...] = ()

    @property
    def shown_from(self) -> date:
        return first_day(month_after(self.month)) + timedelta(days=self.rules.shown_after)

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.id == name), None)


class Load(Shape):
    """What the roster gives for a skill: how many may work on it, and hold how many cases."""

    skill: Id
    label: Label
    members: int
    capacity: int


class Today(Shape):
    """How the line stands, once a day and coarser than a release; `load` is the roster's alone.

    `at`: the day, as the instant at which it began.
    """

    at: datetime
    rules: Rules
    waiting: int | None
    tables: tuple[Table, ...]
    load: tuple[Load, ...] = ()


class Shown(Shape):
    """All that a coordinator is given. `next_month` is shown next, on the day `next_from`."""

    v: Literal[1] = 1
    organisation: str
    rules: Rules
    releases: tuple[Release, ...]
    next_month: Month
    next_from: date
    today: Today | None = None


def disclose(blank: Release, tally: Tally, random: Random, tied: Sequence[Tie] = ()) -> Release:
    """The month's release. `blank` names what is shown; its counts are not looked at."""
    rules = blank.rules
    blurred = {base: _blur(tally.count(base, ALL), rules, random) for base in blank.totals}
    totals = {base: n if n >= rules.bound else None for base, n in blurred.items()}
    return blank.model_copy(
        update={
            "totals": {base: _rounded(n, rules) for base, n in totals.items()},
            "tables": fill(blank.tables, tally, totals, rules, random, tied),
            "shares": tuple(
                _share(share, tally, totals.get(REQUESTS), rules, random) for share in blank.shares
            ),
        }
    )


def fill(
    tables: Sequence[Table],
    tally: Tally,
    totals: Mapping[Base, int | None],
    rules: Rules,
    random: Random,
    tied: Sequence[Tie] = (),
) -> tuple[Table, ...]:
    """The tables with the counts that may be shown. `totals`: blurred; None hides everything."""
    counts = {
        table.id: {
            cell.id: _blur(tally.count(table.id, cell.id), rules, random) for cell in table.cells
        }
        for table in tables
    }
    hidden = {
        table.id: _hidden(table, counts[table.id], totals.get(table.of), rules) for table in tables
    }
    for tie in tied:
        hidden |= untied(tie, counts, hidden, lambda few: _follows(few, rules))
    return tuple(
        _shown(table, counts[table.id], hidden[table.id], totals.get(table.of), rules)
        for table in tables
    )


def _hidden(
    table: Table, counts: Mapping[str, int], total: int | None, rules: Rules
) -> frozenset[str]:
    """What is hidden by the table itself."""
    if total is None:
        return frozenset(counts)
    if not table.many:
        return frozenset(beside(counts, small(counts, None, rules), rules))
    # Whoever stands in no cell alone is the rest of the total: as good as a cell that is shown.
    apart = {cell: n for cell, n in counts.items() if cell in table.alone}
    mixed = {cell: n for cell, n in counts.items() if cell not in table.alone}
    parts = apart | {_REST: total - sum(apart.values())}
    hidden = beside(parts, small(parts, None, rules), rules)
    hidden |= set(mixed) if _REST in hidden else beside(mixed, small(mixed, total, rules), rules)
    return frozenset(hidden - {_REST})


def _shown(
    table: Table,
    counts: Mapping[str, int],
    hidden: frozenset[str],
    total: int | None,
    rules: Rules,
) -> Table:
    """With rounded counts, none above the total, in what is not hidden."""
    cells = (
        cell.model_copy(
            update={
                "count": None
                if cell.id in hidden
                else _rounded(min(counts[cell.id], total or 0), rules)
            }
        )
        for cell in table.cells
    )
    return table.model_copy(update={"cells": tuple(cells)})


_REST: Final = ""
"""No id of a cell: those who stand in none of the cells that exclude others."""


def small(counts: Mapping[str, int], total: int | None, rules: Rules) -> set[str]:
    """The cells that are hidden because few stand in them, or (with `total`) few do not."""
    return {
        cell
        for cell, n in counts.items()
        if n < rules.bound or (total is not None and total - n < rules.bound)
    }


def beside(counts: Mapping[str, int], hidden: set[str], rules: Rules) -> set[str]:
    """With these hidden, what else must be: one hidden cell, or few people in all that is hidden,
    would follow from the total. The smallest of what is shown goes first."""
    hidden = set(hidden)
    shown = sorted(set(counts) - hidden, key=lambda cell: (counts[cell], cell))
    while hidden and shown and _follows([counts[cell] for cell in hidden], rules):
        hidden.add(shown.pop(0))
    return hidden


def _follows(hidden: list[int], rules: Rules) -> bool:
    return len(hidden) < 2 or sum(max(0, n) for n in hidden) < rules.bound


def _share(share: Share, tally: Tally, total: int | None, rules: Rules, random: Random) -> Share:
    counts = {"in": _blur(tally.count(SHARES, share.id), rules, random), "out": 0}
    if total is None:
        return share.model_copy(update={"count": None, "few": False})
    counts["out"] = total - counts["in"]
    hidden = small(counts, None, rules)
    few = "in" in hidden and "out" not in hidden
    count = None if hidden else _rounded(counts["in"], rules)
    return share.model_copy(update={"count": count, "few": few})


def percent(part: int | None, whole: int | None, least: int) -> int | None:
    """A share in whole percent, where both are shown and the whole is at least `least`."""
    if part is None or whole is None or whole < least:
        return None
    return min(100, round(100 * part / whole))


def percent_below(whole: int | None, rules: Rules) -> int | None:
    """What is less than the smallest cell is at most, in percent of the whole, rounded up."""
    if whole is None or whole < rules.share_from:
        return None
    return math.ceil(100 * rules.bound / whole)


def _blur(n: int, rules: Rules, random: Random) -> int:
    if not rules.blur:
        return n
    uniform = (int.from_bytes(random(6), "big") + 0.5) / 2**48  # in (0, 1), exactly
    return n + round(NormalDist(0, rules.blur).inv_cdf(uniform))


def _rounded(n: int | None, rules: Rules) -> int | None:
    """To the nearest multiple; what is shown is never nought (see `bound`)."""
    if n is None:
        return None
    step = max(1, rules.rounding)
    return (2 * n + step) // (2 * step) * step
