"""What of the counts may be shown; with noise that a test chooses, and with none."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from statistics import mean, pstdev

import pytest
from pydantic import ValidationError

from intake.counting import ALL, Tally
from intake.counts import (
    Cell,
    Release,
    Rules,
    Share,
    Table,
    disclose,
    percent,
    percent_below,
)

STILL = Rules().model_copy(update={"blur": 0})
"""Without noise, so that what follows it can be seen."""


def table(*cells: str, many: bool, alone: tuple[str, ...]) -> Table:
    return Table(
        id="t",
        label={"en": "t"},
        of="requests",
        many=many,
        alone=alone,
        cells=tuple(map(_cell, cells)),
    )


def _cell(name: str) -> Cell:
    return Cell(id=name, label={"en": name})


def released(
    counts: Mapping[str, int],
    requests: int,
    *,
    many: bool = False,
    alone: tuple[str, ...] = (),
    rules: Rules = STILL,
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[int | None, dict[str, int | None]]:
    """The total and the cells of one table that are shown."""
    blank = Release(
        month="2026-10",
        rules=rules,
        totals={"requests": None},
        tables=(table(*counts, many=many, alone=alone),),
    )
    tally = Tally({("requests", ALL): requests} | {("t", cell): n for cell, n in counts.items()})
    made = disclose(blank, tally, random)
    return made.totals["requests"], {cell.id: cell.count for cell in made.tables[0].cells}


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"a": 60, "b": 40}, {"a": 60, "b": 40}),
        ({"a": 62, "b": 38}, {"a": 60, "b": 40}),
        ({"a": 90, "b": 10}, {"a": 90, "b": 10}),
        ({"a": 91, "b": 9}, {"a": None, "b": None}),
        ({"a": 100, "b": 0}, {"a": None, "b": None}),
        ({"a": 50, "b": 30, "c": 20}, {"a": 50, "b": 30, "c": 20}),
        ({"a": 50, "b": 41, "c": 9}, {"a": 50, "b": None, "c": None}),
        ({"a": 50, "b": 44, "c": 3, "d": 3}, {"a": 50, "b": None, "c": None, "d": None}),
        ({"a": 50, "b": 38, "c": 6, "d": 6}, {"a": 50, "b": 40, "c": None, "d": None}),
        ({"a": 50, "b": 50, "c": 0, "d": 0}, {"a": None, "b": 50, "c": None, "d": None}),
    ],
)
def test_small_cells_are_hidden_and_what_would_betray_them(
    counts: dict[str, int], shown: dict[str, int | None]
) -> None:
    assert released(counts, 100)[1] == shown


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"a": 60, "b": 55}, {"a": 60, "b": 55}),
        ({"a": 60, "b": 3, "c": 4}, {"a": None, "b": None, "c": None}),
        ({"a": 60, "b": 5, "c": 6}, {"a": 60, "b": None, "c": None}),
        ({"a": 95, "b": 50, "c": 30}, {"a": None, "b": 50, "c": None}),
        ({"a": 60, "b": 40, "c": 3, "d": 4, "e": 5}, {"a": 60, "b": 40, **dict.fromkeys("cde")}),
    ],
)
def test_where_one_may_stand_in_several_cells_almost_everybody_is_hidden_too(
    counts: dict[str, int], shown: dict[str, int | None]
) -> None:
    assert released(counts, 100, many=True)[1] == shown


@pytest.mark.parametrize(
    ("any_article", "shown"),
    [
        (4, {"a": None, "b": None, "none": 50, "unsaid": None}),
        (40, {"a": None, "b": None, "none": 50, "unsaid": 20}),
    ],
)
def test_cells_that_exclude_the_others_do_not_betray_how_many_are_left(
    any_article: int, shown: dict[str, int | None]
) -> None:
    counts = {"a": any_article, "b": min(any_article, 6), "none": 50, "unsaid": 20}
    made = released(counts, any_article + 70, many=True, alone=("none", "unsaid"))
    assert made[1] == shown


@pytest.mark.parametrize("requests", [0, 1, 9])
def test_a_month_of_few_shows_nothing_at_all(requests: int) -> None:
    assert released({"a": requests, "b": 0}, requests) == (None, {"a": None, "b": None})


def test_a_month_of_ten_shows_that_there_were_ten() -> None:
    assert released({"a": 10, "b": 0}, 10) == (10, {"a": None, "b": None})


def test_nothing_in_a_release_is_finer_than_the_rounding() -> None:
    for requests in range(10, 200):
        total, cells = released({"a": requests // 2, "b": requests - requests // 2}, requests)
        assert all(n % 5 == 0 for n in [total, *cells.values()] if n is not None)


def test_nothing_that_is_shown_is_nought_however_coarse_the_rounding() -> None:
    coarse = STILL.model_copy(update={"rounding": 100})
    assert Rules(rounding=100).bound == 50
    assert released({"a": 49, "b": 500}, 549, rules=coarse) == (500, {"a": None, "b": None})
    assert released({"a": 50, "b": 500}, 550, rules=coarse) == (600, {"a": 100, "b": 500})


@pytest.mark.parametrize(
    ("leaving", "count", "few"),
    [(0, None, True), (9, None, True), (10, 10, False), (50, 50, False), (91, None, False)],
)
def test_a_share_is_shown_unless_few_stand_on_one_of_its_sides(
    leaving: int, count: int | None, few: bool
) -> None:
    share = Share(id="leaving", label={"en": "l"}, meaning={"en": "m"})
    blank = Release(month="2026-10", rules=STILL, totals={"requests": None}, shares=(share,))
    tally = Tally({("requests", ALL): 100, ("shares", "leaving"): leaving})
    (made,) = disclose(blank, tally, os.urandom).shares
    assert (made.count, made.few) == (count, few)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (25, 50, 50),
        (25, 45, None),
        (None, 100, None),
        (25, None, None),
        (15, 500, 3),
        (55, 50, 100),
    ],
)
def test_percentages_are_of_fifty_upward(
    part: int | None, whole: int | None, shown: int | None
) -> None:
    assert percent(part, whole, 50) == shown


def test_a_share_of_few_is_said_to_be_less_than_so_many_percent() -> None:
    assert percent_below(400, Rules()) == 6
    assert percent_below(45, Rules()) is None


def test_noise_goes_as_often_up_as_down_and_is_as_wide_as_it_says() -> None:
    seen = [released({"a": 500, "b": 500}, 1000, rules=Rules())[1]["a"] for _ in range(3000)]
    moved = [n - 500 for n in seen if n is not None]
    assert len(moved) == 3000
    assert abs(mean(moved)) < 1  # its error is 0.1
    assert 5.5 < pstdev(moved) < 6.8  # that of the noise is 6, of the rounding 1.4
    assert len(Counter(moved)) >= 7


def test_hardly_a_cell_of_fewer_than_ten_is_shown() -> None:
    counts = {"a": 9, "b": 5, "c": 0, "d": 500}
    random = Random(1).randbytes
    drawn = [released(counts, 514, rules=Rules(), random=random)[1] for _ in range(3000)]
    shown = {cell: sum(one[cell] is not None for one in drawn) for cell in counts}
    # One time in fifty, in three hundred, in six thousand: 56, 9 and 1 of these, give or take.
    assert shown["a"] < 120
    assert shown["b"] < 20
    assert shown["c"] < 5
    assert all(one["a"] is None or one["a"] >= 20 for one in drawn)


@pytest.mark.parametrize(
    ("name", "weaker", "stricter"),
    [
        ("smallest", 9, 11),
        ("rounding", 4, 10),
        ("share_from", 49, 60),
        ("shown_after", 13, 30),
        ("blur", 5, 8),
    ],
)
def test_no_threshold_can_be_set_weaker(name: str, weaker: int, stricter: int) -> None:
    Rules.model_validate({name: stricter})
    with pytest.raises(ValidationError):
        Rules.model_validate({name: weaker})


def test_a_release_is_shown_a_fortnight_after_its_month() -> None:
    assert Release(month="2026-12", rules=Rules()).shown_from.isoformat() == "2027-01-15"
