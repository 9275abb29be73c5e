"""Promise 10: counts point at nobody. Whoever knows everybody but one learns next to nothing of
that one.

The neighbour weighs every figure of the person: totals, each table, the share, how soon he was
answered and how it ended. What he may learn at the most follows from the noise alone (`best`,
`luckiest`), by the theory of differential privacy and not by our code; the real releases are held
against that. Without noise, or with releases made anew for whoever asks, the same attack succeeds.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from statistics import NormalDist
from typing import Final

import pytest
from scipy.stats import chisquare

from intake import counts
from intake.counting import Tally
from intake.counts import Rules
from intake.records import Outcome
from tests.promises.neighbour import Doubt, best, luckiest, told_apart, tried
from tests.promises.people import loosened, people, person, published, released, tally_of

RULES: Final = Rules()
SHORT, LONG = 500, 6000

BY_CHANCE: Final = 0.03
"""How far the edge of the luckiest five in a hundred may lie off in so few trials."""

ONE: Final = person(
    {
        "danger": "weeks2",
        "who": "me",
        "status": "officer",
        "situation": "front",
        "case": ("a338", "wanted"),
        "need": ("legal", "relocation", "psych"),
    },
    "en",
    hours=20,
    outcome=Outcome.SAFE,
)
"""The one of whom he knows nothing; few are like him."""

OTHER: Final = person(
    {
        "danger": "no",
        "status": "contract",
        "situation": "abroad",
        "region": "eu",
        "need": ("psych",),
    },
    "ru",
    hours=100,
    outcome=Outcome.INFORMED,
)

ASIDE: Final[Mapping[str, Callable[[Tally], Doubt]]] = {
    "whether he is there": lambda rest: Doubt(rest.with_(ONE.cells), rest),
    "one answer": lambda rest: _either(rest, ONE.but(status="contract").cells),
    "an answer from which others follow": lambda rest: _either(
        rest, ONE.but(situation="abroad", region="eu").cells
    ),
    "two lives": lambda rest: _either(rest, OTHER.cells),
}


def _either(rest: Tally, cells: tuple[tuple[str, str], ...]) -> Doubt:
    return Doubt(rest.with_(ONE.cells), rest.with_(cells))


def _months(count: int, seed: int = 10) -> list[Tally]:
    """Everybody but the one, in so many months."""
    dice = Random(seed)
    return [tally_of(people(dice, dice.randint(90, 200))) for _ in range(count)]


@pytest.mark.ordeal
@pytest.mark.parametrize("aside", ASIDE)
def test_he_learns_no_more_than_the_noise_allows(aside: str, full: bool) -> None:
    doubts = [ASIDE[aside](rest) for rest in _months(10)]
    record = tried(doubts, Random(aside), LONG if full else SHORT, RULES)
    distance = doubts[0].distance
    assert record.right <= best(distance, RULES.blur) + record.doubt
    assert record.quantile(0.95) <= luckiest(distance, RULES.blur, 0.95) + BY_CHANCE
    # He is right as often as he believes: he weighs the figures rightly, and nothing else is there.
    assert abs(record.right - record.believed) <= record.doubt


@pytest.mark.ordeal
def test_nor_whether_the_one_stands_in_a_hidden_cell(full: bool) -> None:
    """He is an officer or on a contract; officers are hidden."""
    doubts = [ASIDE["one answer"](rest) for rest in _months(10)]
    record = tried(doubts, Random(4), LONG if full else SHORT, RULES, hides=("status", "officer"))
    assert record.right <= best(2, RULES.blur) + record.doubt
    assert record.quantile(0.95) <= luckiest(2, RULES.blur, 0.95) + BY_CHANCE


def test_the_noise_is_normal() -> None:
    """Its definition, against forty thousand draws."""
    dice, size = Random(5), 40_000
    drawn = Counter(counts._blur(0, RULES, dice.randbytes) for _ in range(size))
    ends = range(-3 * RULES.blur, 3 * RULES.blur + 1)
    shape = NormalDist(0, RULES.blur)
    expected = [size * (shape.cdf(k + 0.5) - shape.cdf(k - 0.5)) for k in ends]
    seen = [drawn[k] for k in ends]
    beyond = size - sum(seen), size - sum(expected)
    assert chisquare([*seen, beyond[0]], [*expected, beyond[1]]).pvalue > 0.001


def test_all_that_is_published_comes_of_blurred_counts_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two months that have nothing in common, blurred into the same: their releases are the same,
    byte for byte. So suppression, however clever, gives nothing away beside the noise."""
    first, second = _months(2)
    drawn: list[int] = []
    blur = counts._blur

    def noted(n: int, rules: Rules, random: counts.Random) -> int:
        drawn.append(blur(n, rules, random))
        return drawn[-1]

    monkeypatch.setattr(counts, "_blur", noted)
    release = released(first, Random(1))
    replayed = iter(tuple(drawn))
    monkeypatch.setattr(counts, "_blur", lambda *_: next(replayed))
    assert released(second, Random(2)).model_dump_json() == release.model_dump_json()
    assert next(replayed, None) is None  # and as many counts were drawn
    assert any(figure is None for figure in published(release).values())


# Switched off.


@pytest.mark.parametrize("aside", ["whether he is there", "two lives"])
def test_without_noise_he_knows(aside: str) -> None:
    """Rounding and suppression stay: some figure stands at an edge, and the one tips it over."""
    known = [told_apart(ASIDE[aside](rest), loosened(blur=0)) for rest in _months(60)]
    assert sum(known) >= 0.9 * len(known)


def test_without_noise_he_knows_a_single_answer_in_one_month_of_four_for_certain() -> None:
    known = [told_apart(ASIDE["one answer"](rest), loosened(blur=0)) for rest in _months(60)]
    assert sum(known) >= 0.25 * len(known)


def test_with_too_little_noise_he_nearly_knows() -> None:
    doubts = [ASIDE["two lives"](rest) for rest in _months(5)]
    assert tried(doubts, Random(6), 200, loosened(blur=0.5)).right > 0.9


def test_with_a_new_release_for_whoever_asks_he_knows() -> None:
    """He asks five hundred times for the same month, and the noise is gone."""
    doubts = [ASIDE["two lives"](rest) for rest in _months(5)]
    assert tried(doubts, Random(7), 20, RULES, times=500).right == 1
