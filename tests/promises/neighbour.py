"""The neighbour: knows all people of a month but one, and how its figures were made.

He has two suppositions about the one, and weighs them by everything that is published: how
probable each figure is under either, noise, suppression and rounding included. Nobody can do
better with single figures than Bayes does. What differential privacy allows at the most is worked
out here from its definition, without a look at our code.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import NormalDist
from typing import Final

from intake.counting import Cell, Tally
from intake.counts import Rules
from tests.promises.people import Figures, published, released

BESIDE: Final = 0.2
"""How often a cell is hidden for the sake of another: what he supposes, the same for both."""


_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two suppositions about one person: what the month's tally would be under either."""

    this: Tally
    that: Tally

    @property
    def differ(self) -> dict[Cell, tuple[int, int]]:
        """The counts in which they differ."""
        cells = {*self.this.counts, *self.that.counts}
        both = {cell: (self.this.count(*cell), self.that.count(*cell)) for cell in cells}
        return {cell: pair for cell, pair in both.items() if pair[0] != pair[1]}

    @property
    def distance(self) -> int:
        """By how much all counts together differ."""
        return sum(abs(one - other) for one, other in self.differ.values())

    def weight(self, figures: Figures, rules: Rules) -> float:
        """The logarithm of how much more probable these figures are under `this`."""
        return sum(
            math.log(_likely(figures[cell], one, rules))
            - math.log(_likely(figures[cell], other, rules))
            for cell, (one, other) in self.differ.items()
        )


def _likely(figure: int | None, count: int, rules: Rules) -> float:
    """How probable the figure is if the count is this."""
    if figure is None:
        few = _at_most(rules.bound - 1 - count, rules.blur)
        return few + (1 - few) * BESIDE
    step = rules.rounding
    first = max(rules.bound, figure - step // 2)
    last = figure + (step - 1) // 2
    return _at_most(last - count, rules.blur) - _at_most(first - 1 - count, rules.blur)


def _at_most(k: int, blur: float) -> float:
    """Normal noise of this standard deviation, to the nearest whole number, is at most k."""
    return _NORMAL.cdf((k + 0.5) / blur)


def sure(weight: float) -> float:
    """What a coin's toss becomes by this weight: how sure he is of `this`."""
    return 1 / (1 + math.exp(-weight))


def best(distance: int, blur: float) -> float:
    """How often the best of all guesses is right, given every count as it was blurred: two normal
    distributions, `apart` standard deviations from each other, of which one is to be named."""
    return _NORMAL.cdf(apart(distance, blur) / 2)


def luckiest(distance: int, blur: float, part: float) -> float:
    """How sure of the truth that best guess makes him, but for the luckiest of releases: `part`
    of them tell him less."""
    mu = apart(distance, blur)
    return sure(mu * mu / 2 + mu * _NORMAL.inv_cdf(part))


def apart(distance: int, blur: float) -> float:
    """The mu of Gaussian differential privacy: independent figures add up as a root of squares."""
    return math.sqrt(distance) / blur


@dataclass(frozen=True, slots=True)
class Record:
    """How the guesses went: the weights in favour of what was true."""

    weights: tuple[float, ...]

    @property
    def right(self) -> float:
        """How often he was right; where nothing speaks for either he tosses a coin."""
        return sum((w > 1e-9) + 0.5 * (abs(w) <= 1e-9) for w in self.weights) / len(self.weights)

    @property
    def doubt(self) -> float:
        """What chance may add to `right`: four standard deviations, one trial in 30,000."""
        return 4 * math.sqrt(0.25 / len(self.weights))

    @property
    def believed(self) -> float:
        """How often he himself expects to be right."""
        return sum(sure(abs(w)) for w in self.weights) / len(self.weights)

    def quantile(self, part: float) -> float:
        """How sure of the truth he is in the luckiest months, but for this part of them."""
        return sorted(sure(w) for w in self.weights)[int(part * (len(self.weights) - 1))]


def tried(
    doubts: Sequence[Doubt],
    dice: Random,
    trials: int,
    rules: Rules,
    *,
    hides: Cell | None = None,
    times: int = 1,
) -> Record:
    """A coin chooses what is true of a month, and its release is weighed; so many times.

    `hides`: only releases that hide this cell. `times`: so many releases of the same month.
    """
    found: list[float] = []
    while len(found) < trials:
        doubt, this = dice.choice(doubts), dice.random() < 0.5
        true = doubt.this if this else doubt.that
        figures = [published(released(true, dice, rules)) for _ in range(times)]
        if hides is None or figures[0][hides] is None:
            weighed = sum(doubt.weight(one, rules) for one in figures)
            found.append(weighed if this else -weighed)
    return Record(tuple(found))


def told_apart(doubt: Doubt, rules: Rules) -> bool:
    """Without noise he need not weigh: he makes both releases and looks which one was published."""
    dice = Random(0)
    return released(doubt.this, dice, rules) != released(doubt.that, dice, rules)
