"""Tables that hang together because the form derives one answer from another.

Where the country follows from the situation, some cells of both tables hold the same people: a
cell hidden in one may follow from what the other shows. A tie says which cells can go together;
its parts are the pieces that fall apart when cells that can are joined. Within a part, and
counting each side in full, the tables say the same total and nothing else of each other: a
bipartite graph that is connected has one dependency among its row and column sums.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from intake.counting import UNSAID
from intake.questions import Counted, Form

Counts = Mapping[str, Mapping[str, int]]
"""By table, then by cell."""

Hidden = Mapping[str, frozenset[str]]

Follows = Callable[[list[int]], bool]
"""Whether these hidden counts give something away to whoever knows their sum."""

_ANY_DAY = date(2026, 1, 1)
"""Conditions speak of days from today, and never here."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Two tables, and the parts in which their cells hold the same people."""

    one: str
    other: str
    parts: tuple[tuple[frozenset[str], frozenset[str]], ...]


def ties(form: Form) -> tuple[Tie, ...]:
    """The ties among the tables of a form."""
    counted = [one for one in (form.counts.questions if form.counts else ()) if not one.many]
    found = (_tie(form, one, other) for one in counted for other in counted if one is not other)
    return tuple(tie for tie in found if tie is not None)


def _tie(form: Form, one: Counted, other: Counted) -> Tie | None:
    """The tie where `other` is derived from `one`.

    Taken stricter than the form: whoever is asked is supposed not to answer what is otherwise
    derived. Then fewer cells go together, more follows, and more is hidden.
    """
    question = form.by_id[other.question]
    conditions = [question.when, *(condition for condition, _ in question.derive)]
    about = {name for condition in conditions if condition for name in condition.mentions}
    if not question.derive or about != {one.question}:
        return None
    derived = {other.cell_of[value] for _, value in question.derive}
    asked = ({*other.cells, UNSAID}) - derived
    joined: list[tuple[set[str], set[str]]] = []
    for choice in (*form.by_id[one.question].choices, None):
        known = {} if choice is None else {one.question: choice}
        survey = form.survey(known, _ANY_DAY)
        cells = asked
        if question not in survey.asked:
            value = survey.known.get(question.id)
            cells = {UNSAID if value is None else other.cell_of[str(value)]}
        joined.append(({UNSAID if choice is None else one.cell_of[choice]}, set(cells)))
    return Tie(one.id, other.id, tuple(_parts(joined)))


def _parts(
    joined: list[tuple[set[str], set[str]]],
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Joins whatever shares a cell on either side."""
    left = list(joined)
    while left:
        ones, others = left.pop()
        while True:
            near = [pair for pair in left if pair[0] & ones or pair[1] & others]
            if not near:
                break
            left = [pair for pair in left if pair not in near]
            ones = ones.union(*(pair[0] for pair in near))
            others = others.union(*(pair[1] for pair in near))
        yield frozenset(ones), frozenset(others)


def untied(tie: Tie, counts: Counts, hidden: Hidden, follows: Follows) -> dict[str, frozenset[str]]:
    """What has to be hidden in both tables, so that no hidden cell follows from the other one.

    The total of all is supposed to be known. More is hidden until nothing follows, at the worst
    everything; the smallest of what is shown goes first.
    """
    left = {name: set(cells) for name, cells in hidden.items()}

    def smallest(*sides: tuple[str, frozenset[str]]) -> tuple[str, str] | None:
        shown = [(name, cell) for name, cells in sides for cell in cells - left[name]]
        return min(shown, key=lambda at: (counts[at[0]][at[1]], at), default=None)

    while (fault := _fault(tie, counts, left, follows)) is not None:
        name, part = fault
        ones, others = part
        own = (name, ones if name == tie.one else others)
        rest = [
            (table, side)
            for other in tie.parts
            if other != part
            for table, side in zip((tie.one, tie.other), other, strict=True)
        ]
        goes = smallest(own) or smallest((tie.one, ones), (tie.other, others)) or smallest(*rest)
        if goes is None:
            break
        left[goes[0]].add(goes[1])
    return {name: frozenset(cells) for name, cells in left.items()}


def _fault(
    tie: Tie, counts: Counts, hidden: Mapping[str, set[str]], follows: Follows
) -> tuple[str, tuple[frozenset[str], frozenset[str]]] | None:
    """A table and a part of it whose total is known and gives a hidden cell away."""
    unknown = [
        part for part in tie.parts if part[0] & hidden[tie.one] and part[1] & hidden[tie.other]
    ]
    for part in tie.parts:
        if part in unknown and len(unknown) > 1:
            continue
        for name, side in zip((tie.one, tie.other), part, strict=True):
            counted = [counts[name][cell] for cell in side & hidden[name]]
            if counted and follows(counted):
                return name, part
    return None
