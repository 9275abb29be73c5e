"""The subtractor: knows nobody, but everything that is published and how the tables hang together.

He writes down what the form and arithmetic say of any month: who stands where in one table stands
somewhere in the next, the country follows from the situation, whoever chose *none* chose nothing
else. Every figure that is shown is one more equation, within what rounding (and, where there is
some, noise) leaves open. A solver then says for each hidden cell the least and the most that it
can be (linear programming), and whether it follows from the rest exactly (the rank of a matrix).
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.optimize import linprog

from intake.counting import (
    ALL,
    ANSWERS,
    CLOSINGS,
    OUTCOME,
    PROMISE,
    REQUESTS,
    SHARES,
    UNSAID,
    WAITED,
    Cell,
)
from intake.counts import Release
from intake.questions import Counted
from tests.promises.people import NOW, Figures, form, published

Row = Mapping[Cell, float]
"""A linear sum of counts."""

JOINT: Final = "situation and country"
"""A table that is published nowhere: who has this situation and is in that country."""

NEVER: Final = 1e-4
"""He takes noise that is rarer than this for impossible."""


@dataclass
class System:
    """Everything known of one month: each row lies between its bounds."""

    rows: list[tuple[Row, float, float]] = field(default_factory=list)
    cells: dict[Cell, int] = field(default_factory=dict)

    def add(self, row: Row, least: float, most: float) -> None:
        for cell in row:
            self.cells.setdefault(cell, len(self.cells))
        self.rows.append((row, least, most))

    def equal(self, one: Iterable[Cell], other: Iterable[Cell]) -> None:
        """These counts together are those together."""
        self.add(_minus(one, other), 0, 0)

    def within(self, one: Iterable[Cell], other: Iterable[Cell]) -> None:
        """These counts together are at most those together."""
        self.add(_minus(one, other), -math.inf, 0)

    def vector(self, row: Row) -> np.ndarray:
        made = np.zeros(len(self.cells))
        for cell, factor in row.items():
            made[self.cells[cell]] = factor
        return made


def _minus(one: Iterable[Cell], other: Iterable[Cell]) -> Row:
    row: dict[Cell, float] = {}
    for cells, factor in ((one, 1.0), (other, -1.0)):
        for cell in cells:
            row[cell] = row.get(cell, 0) + factor
    return row


def known(release: Release, sums: bool) -> System:
    """The form, arithmetic, and every figure of the release. `sums`: of these, sums alone, and
    not what is only less than something else."""
    system, rules = System(), release.rules
    for rule in (_tables, _derived) if sums else (_tables, _derived, _several, _shared, _answered):
        rule(release, system)
    noise = math.ceil(rules.blur * math.log(1 / NEVER)) if rules.blur else 0
    for cell, figure in published(release).items():
        system.cells.setdefault(cell, len(system.cells))
        if figure is None and cell[1] == ALL:
            system.add({cell: 1}, 0, rules.bound - 1 + noise)
        if figure is not None:
            least = max(figure - rules.rounding // 2, rules.bound) - noise
            system.add({cell: 1}, least, figure + (rules.rounding - 1) // 2 + noise)
    return system


def _cells(release: Release, name: str) -> list[Cell]:
    table = release.table(name)
    return [(name, cell.id) for cell in table.cells] if table else []


def _tables(release: Release, system: System) -> None:
    """Everybody stands in one cell of each table in which nobody stands in two."""
    for table in release.tables:
        if not table.many:
            system.equal(_cells(release, table.id), [(table.of, ALL)])


def _several(release: Release, system: System) -> None:
    """Where one may stand in several: nobody in more than are asked for, and in none but alone."""
    for counted in _counted():
        if not counted.many:
            continue
        question = form().by_id[counted.question]
        alone = [choice.id for choice in question.choices.values() if choice.alone]
        apart = [(counted.id, cell) for cell in (UNSAID, *(counted.cell_of[one] for one in alone))]
        others = [cell for cell in _cells(release, counted.id) if cell not in apart]
        for cell in others:
            system.within([cell, *apart], [(REQUESTS, ALL)])
        system.within([(REQUESTS, ALL)], [*others, *apart])
        most = min(question.most or len(others), len(others))
        system.within([*others, *(apart * most)], [(REQUESTS, ALL)] * most)


def _counted() -> Iterator[Counted]:
    counts = form().counts
    yield from counts.questions if counts else ()


def _derived(release: Release, system: System) -> None:
    """Who is where, by the form: each situation with each country in which one can then be."""
    joint: dict[str, list[Cell]] = {}
    where = {counted.id: counted for counted in _counted()}
    one, other = where["situation"], where["country"]
    for situation in (None, *form().by_id[one.question].choices):
        for region in (None, *form().by_id[other.question].choices):
            said = {one.question: situation, other.question: region}
            answers = {question: answer for question, answer in said.items() if answer is not None}
            found = form().survey(answers, NOW.date()).known.get(other.question)
            row = UNSAID if situation is None else one.cell_of[situation]
            column = UNSAID if found is None else other.cell_of[str(found)]
            cell = (JOINT, f"{row}.{column}")
            for name in (f"{one.id}.{row}", f"{other.id}.{column}"):
                if cell not in joint.setdefault(name, []):
                    joint[name].append(cell)
    for table in (one, other):
        for cell in _cells(release, table.id):
            system.equal([cell], joint.get(".".join(cell), []))


def _shared(release: Release, system: System) -> None:
    """A share is of those who fulfil what it asks for."""
    soldiers = next(one for one in release.sums if one.id == "soldiers")
    these = [(soldiers.of, cell) for cell in soldiers.cells]
    want = [
        ("need", "relocation"),
        ("need", "legal"),
        ("situation", "left"),
        ("situation", "abroad"),
    ]
    system.within([(SHARES, "leaving")], these)
    system.within([(SHARES, "leaving")], want)
    for cell in (want[0], want[1], *want[2:]):
        system.within([*these, cell], [(SHARES, "leaving"), (REQUESTS, ALL)])
    system.within([*these, *want[2:]], [(SHARES, "leaving"), (REQUESTS, ALL)])
    system.within([("situation", "detained")], [("urgency", "p0")])


def _answered(release: Release, system: System) -> None:
    """No promise is longer than three days. Who was answered or left had asked."""
    late = [(WAITED, "d7"), (WAITED, "more")]
    system.within(late, [(PROMISE, "broken")])
    for cell in _cells(release, OUTCOME):
        system.within([cell], [(CLOSINGS, ALL)])
    system.add({(ANSWERS, ALL): 1}, 0, math.inf)


@dataclass(frozen=True, slots=True)
class Span:
    """The least and the most that a hidden count can be."""

    least: int
    most: int

    @property
    def values(self) -> int:
        return self.most - self.least + 1


def spans(release: Release, cells: Iterable[Cell], sums: bool = False) -> dict[Cell, Span]:
    """What the solver leaves open of these; nobody is counted less than never."""
    system = known(release, sums)
    size = len(system.cells)
    rows = np.array([system.vector(row) for row, _, _ in system.rows])
    least = np.array([bound for _, bound, _ in system.rows])
    most = np.array([bound for _, _, bound in system.rows])
    upper, lower = np.isfinite(most), np.isfinite(least)
    sides = np.vstack([rows[upper], -rows[lower]])
    bounds = np.concatenate([most[upper], -least[lower]])
    found = {}
    for cell in cells:
        target = system.vector({cell: 1})
        ends = []
        for sign in (1, -1):
            done = linprog(
                sign * target, A_ub=sides, b_ub=bounds, bounds=[(0, 100_000)] * size, method="highs"
            )
            assert done.status == 0, f"what is published contradicts itself: {done.message}"
            ends.append(sign * float(done.fun))
        found[cell] = Span(math.ceil(ends[0] - 1e-6), math.floor(ends[1] + 1e-6))
    return found


def follows(
    releases: Iterable[Release], cells: Iterable[tuple[int, Cell]]
) -> list[tuple[int, Cell]]:
    """Which of these cells, each of one of the releases, are sums of what is shown, exactly."""
    wanted, blocks = list(cells), []
    systems = []
    for release in releases:
        system = known(release, sums=True)
        systems.append(system)
        equations = [system.vector(row) for row, low, high in system.rows if low == high]
        blocks.append(np.array(equations))
    width = sum(len(system.cells) for system in systems)
    whole, starts, at = [], [], 0
    for system, block in zip(systems, blocks, strict=True):
        wide = np.zeros((len(block), width))
        wide[:, at : at + len(system.cells)] = block
        whole.append(wide)
        starts.append(at)
        at += len(system.cells)
    matrix = np.vstack(whole)
    rank = np.linalg.matrix_rank(matrix)
    found = []
    for place, cell in wanted:
        unit = np.zeros((1, width))
        unit[0, starts[place] + systems[place].cells[cell]] = 1
        if np.linalg.matrix_rank(np.vstack([matrix, unit])) == rank:
            found.append((place, cell))
    return found


def hidden(figures: Figures) -> list[Cell]:
    """The cells that are hidden, totals aside."""
    return [cell for cell, figure in figures.items() if figure is None and cell[1] != ALL]
