"""Promise 10: counts point at nobody. No hidden cell can be worked out from what is shown.

An attacker who knows no person, but all figures and the whole form, sets up every equation there
is and lets a solver look for each hidden cell. Suppression is tried without noise and without
rounding, where nothing else protects; then as it is. Each protection is switched off in turn, and
the same attack finds what it hid.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Final

import pytest

from intake import counts
from intake.counting import SHARES, Cell, Tally
from intake.counts import Release, Rules
from tests.promises.people import (
    Person,
    loosened,
    people,
    person,
    published,
    released,
    tally_of,
    uneven,
)
from tests.promises.subtractor import Span, follows, hidden, spans

BARE: Final = loosened(blur=0, rounding=1)
"""Neither noise nor rounding: suppression alone."""

FEW: Final = Rules().smallest
"""A hidden cell can have at least so many values: no fewer than *less than ten* leaves anyhow."""

SIZES: Final = (0, 1, 9, 10, 11, 12, 20, 30, 60, 100, 150)

SOLDIER: Final = person(
    {"danger": "no", "status": "contract", "situation": "rear", "need": ("legal",)}, hours=3
)
ABROAD: Final = SOLDIER.but(situation="abroad", region="eu")


def _of(*groups: tuple[int, Person]) -> Tally:
    return tally_of(one for many, one in groups for _ in range(many))


NASTY: Final[Mapping[str, Tally]] = {
    "nobody": Tally(),
    "one": _of((1, SOLDIER)),
    "nine": _of((9, SOLDIER)),
    "ten, everybody the same": _of((10, SOLDIER)),
    "eleven, one of them different": _of((10, SOLDIER), (1, ABROAD.but(status="prison"))),
    "one small cell in each table": _of(
        (40, SOLDIER), (40, ABROAD.but(status="mobilised")), (3, SOLDIER.but(status="officer"))
    ),
    "cells that equal each other in two tables": _of(
        (40, SOLDIER),
        (12, SOLDIER.but(situation="front")),
        (4, SOLDIER.but(situation="detained")),
        (20, ABROAD),
        (12, ABROAD.but(region="ge")),
        (6, ABROAD.but(region="by")),
        (6, ABROAD.but(region="us")),
    ),
    "all but one in one cell of a table that takes several": _of(
        (30, SOLDIER), (1, SOLDIER.but(need=("psych",)))
    ),
    "a few who stand in many cells": _of(
        (50, SOLDIER.but(case=("unknown",))),
        (20, SOLDIER),
        (4, SOLDIER.but(case=("a337", "a338", "a332"))),
    ),
    "nearly every soldier wants out": _of(
        (30, SOLDIER),
        (9, SOLDIER.but(status="officer")),
        (9, SOLDIER.but(status="mobilised")),
        (10, SOLDIER.but(status="civilian", situation="none", need=("psych",))),
    ),
    "a promise that is broken once": _of(
        (40, SOLDIER), (1, person({**SOLDIER.answers}, hours=100))
    ),
}


def _crowds(count: int, seed: int) -> Iterable[Tally]:
    dice = Random(seed)
    for _ in range(count):
        yield tally_of(people(dice, dice.choice(SIZES), uneven(dice)))


def _made(tally: Tally, rules: Rules = BARE) -> Release:
    return released(tally, Random(1), rules)


def _found(tally: Tally, release: Release, *, sums: bool) -> dict[Cell, Span]:
    """What the solver leaves open of every hidden cell; the truth is always within."""
    found = spans(release, hidden(published(release)), sums)
    for cell, span in found.items():
        if not release.rules.blur and cell[0] != SHARES:
            assert span.least <= tally.count(*cell) <= span.most, cell
    return found


def _told(found: Mapping[Cell, Span]) -> dict[Cell, Span]:
    """Those that are narrower than *less than ten*."""
    return {cell: span for cell, span in found.items() if span.values < FEW}


@pytest.mark.parametrize("name", NASTY)
def test_no_hidden_cell_follows_where_nothing_but_suppression_protects(name: str) -> None:
    release = _made(NASTY[name])
    assert follows([release], [(0, cell) for cell in hidden(published(release))]) == []
    assert _told(_found(NASTY[name], release, sums=True)) == {}


@pytest.mark.ordeal
def test_nor_in_months_made_up_at_random(full: bool) -> None:
    releases = []
    for tally in _crowds(150 if full else 10, seed=2026):
        release = _made(tally)
        assert _told(_found(tally, release, sums=True)) == {}
        releases.append(release)
    for first in range(0, len(releases), 3):
        some = releases[first : first + 3]  # several months at once
        cells = [(i, cell) for i, one in enumerate(some) for cell in hidden(published(one))]
        assert follows(some, cells) == []


@pytest.mark.ordeal
def test_as_it_is_the_solver_learns_next_to_nothing_even_by_what_is_merely_less(full: bool) -> None:
    """With noise and rounding, and every inequality that the form implies."""
    crowds = [*NASTY.values(), *_crowds(60 if full else 3, seed=7)]
    for tally in crowds:
        release = _made(tally, Rules())
        assert _told(_found(tally, release, sums=False)) == {}


# Switched off.


def test_without_a_smallest_cell_everything_is_read_off() -> None:
    tally = NASTY["one small cell in each table"]
    figures = published(_made(tally, loosened(blur=0, rounding=0, smallest=0)))
    assert None not in figures.values()
    assert figures["status", "officer"] == tally.count("status", "officer") == 3
    assert figures["article", "a338"] == 0


def test_without_complementary_suppression_hidden_cells_are_exact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counts, "beside", lambda _, few, __: few)
    monkeypatch.setattr(counts, "untied", lambda _, __, few, ___: dict(few))
    tally = NASTY["a promise that is broken once"]
    release = _made(tally)
    assert ("promise", "broken") in dict.fromkeys(hidden(published(release)))
    assert follows([release], [(0, ("promise", "broken"))]) == [(0, ("promise", "broken"))]
    assert _found(tally, release, sums=True)["promise", "broken"] == Span(1, 1)
    pinned = [
        cell
        for crowd in _crowds(4, seed=2026)
        for cell, span in _told(_found(crowd, _made(crowd), sums=True)).items()
    ]
    assert pinned


def test_without_regard_to_other_tables_the_country_gives_the_situation_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counts, "untied", lambda _, __, few, ___: dict(few))
    tally = NASTY["cells that equal each other in two tables"]
    told = _told(_found(tally, _made(tally), sums=True))
    assert told["situation", "detained"] == Span(0, 4)
