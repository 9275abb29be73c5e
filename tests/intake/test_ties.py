"""Tables that hang together: what is hidden in one does not follow from the other."""

import random
from collections.abc import Mapping
from fractions import Fraction

from intake.counts import Rules, beside, small
from intake.ties import Tie, ties, untied
from tests.intake.made import default_form, one, small_form

RULES = Rules()
TIE = Tie(
    "situation",
    "country",
    (
        (frozenset({"front"}), frozenset({"zone"})),
        (frozenset({"rear", "left", "held"}), frozenset({"ru"})),
        (frozenset({"abroad", "unsaid"}), frozenset({"kz", "eu", "none"})),
    ),
)
Cells = dict[str, dict[str, int]]
Hidden = Mapping[str, frozenset[str]]


def follows(hidden: list[int]) -> bool:
    return len(hidden) < 2 or sum(hidden) < RULES.smallest


def by_itself(cells: Cells) -> dict[str, frozenset[str]]:
    """What each table hides when nobody looks at the other."""
    return {
        table: frozenset(beside(counts, small(counts, None, RULES), RULES))
        for table, counts in cells.items()
    }


def solved(cells: Cells, hidden: Hidden) -> set[tuple[str, str]]:
    """The hidden cells that follow, by linear algebra: who can go together is one unknown each,
    every shown cell and the total one equation. Exact elimination, so that nothing is missed."""
    atoms = [(a, b) for ones, others in TIE.parts for a in sorted(ones) for b in sorted(others)]

    def row(table: str, cell: str) -> list[Fraction]:
        place = (TIE.one, TIE.other).index(table)
        return [Fraction(atom[place] == cell) for atom in atoms]

    rows = [[Fraction(1)] * len(atoms)]
    rows += [row(t, c) for t, counts in cells.items() for c in counts if c not in hidden[t]]
    rank = _rank(rows)
    return {
        (table, cell)
        for table, some in hidden.items()
        for cell in some
        if _rank([*rows, row(table, cell)]) == rank
    }


def _rank(rows: list[list[Fraction]]) -> int:
    left, rank = [list(row) for row in rows], 0
    for column in range(len(left[0])):
        pivot = next((r for r in range(rank, len(left)) if left[r][column]), None)
        if pivot is None:
            continue
        left[rank], left[pivot] = left[pivot], left[rank]
        for other in range(len(left)):
            if other != rank and left[other][column]:
                factor = left[other][column] / left[rank][column]
                left[other] = [a - factor * b for a, b in zip(left[other], left[rank], strict=True)]
        rank += 1
    return rank


def population(seed: int) -> Cells:
    """Both tables of the same people."""
    dice = random.Random(seed)
    cells: Cells = {"situation": {}, "country": {}}
    for ones, others in TIE.parts:
        pairs = [(a, b) for a in sorted(ones) for b in sorted(others)]
        for a, b in pairs:
            n = dice.choice([0, 0, 1, 3, 6, 12, 40, 90])
            cells["situation"][a] = cells["situation"].get(a, 0) + n
            cells["country"][b] = cells["country"].get(b, 0) + n
    return cells


def test_the_other_table_gives_a_hidden_cell_away_unless_both_are_looked_at() -> None:
    given_away = 0
    for seed in range(300):
        cells = population(seed)
        alone = by_itself(cells)
        given_away += bool(solved(cells, alone))
        assert solved(cells, untied(TIE, cells, alone, follows)) == set(), seed
    assert given_away > 30


def test_nothing_that_was_hidden_is_shown_again() -> None:
    for seed in range(50):
        cells = population(seed)
        alone = by_itself(cells)
        both = untied(TIE, cells, alone, follows)
        assert all(alone[table] <= both[table] for table in cells)


def test_where_nothing_is_hidden_nothing_more_is() -> None:
    cells = {
        "situation": dict.fromkeys(("front", "rear", "left", "held", "abroad", "unsaid"), 60),
        "country": {"zone": 60, "ru": 180, "kz": 40, "eu": 40, "none": 40},
    }
    alone = by_itself(cells)
    assert untied(TIE, cells, alone, follows) == alone == {"situation": set(), "country": set()}


def test_a_form_says_which_tables_are_tied() -> None:
    (tie,) = ties(default_form())
    assert (tie.one, tie.other) == ("situation", "country")
    assert (frozenset({"front"}), frozenset({"zone"})) in tie.parts
    assert {cell for ones, _ in tie.parts for cell in ones} == {
        *default_form().by_id["situation"].choices,
        "unsaid",
    }


def test_a_form_that_counts_nothing_has_no_ties() -> None:
    assert ties(small_form(one("a", "x", "y"))) == ()
