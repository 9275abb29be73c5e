"""Where the marks of a chart stand. Pure.

Widths are parts of whatever width the page has, heights are pixels: so letters keep their size on
a narrow screen and on paper, and no line of style is needed in the page. Every axis begins at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

HEIGHT: Final = 214
TOP: Final = 20
"""Room above the highest mark, for its figure."""

FLOOR: Final = 176
"""Where 0 is; below it stand the months."""

_ROOM: Final = FLOOR - TOP
_BAR: Final = 0.7
_STEPS: Final = (1, 2, 5)
_MOST_TICKS: Final = 5
_MOST_NAMES: Final = 14

Kind = Literal["shown", "least", "below", "hidden"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One month. `shown`: `value` is its figure; `least`: that, and some hidden; `below`: hidden,
    and known to be less than `value`; `hidden`: nothing is known. `text`: the figure in words;
    `tag`: what stands at the mark. `name`: the month, shortly; `year`: its year, where one begins.
    """

    kind: Kind
    value: int
    text: str
    tag: str
    name: str
    year: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A mark in its place. Widths in percent, heights in pixels. `rare`: a wide page has room for
    its figure and its name, a narrow one has not; `mute`: neither has."""

    mark: Mark
    left: float
    width: float
    middle: float
    top: int
    height: int
    rare: bool
    mute: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across, and the number it stands for."""

    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Joint:
    """From one month to the next, where both are shown."""

    x1: float
    y1: int
    x2: float
    y2: int


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart over months."""

    slots: tuple[Slot, ...]
    ticks: tuple[Tick, ...]
    joints: tuple[Joint, ...]
    height: int = HEIGHT
    floor: int = FLOOR
    ceiling: int = TOP


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a column. `step`: its place in the order of the parts, None for what is hidden."""

    step: int | None
    top: int
    height: int
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """A month in pieces, the first at the floor; none where it is hidden."""

    slot: Slot
    pieces: tuple[Piece, ...]


def plot(marks: Sequence[Mark], unit: str = "", whole: bool = False) -> Plot:
    """`whole`: the axis is the whole of 100, else it ends above the highest mark."""
    highest = max([1, *(mark.value for mark in marks)])
    step = 50 if whole else _step(highest)
    end = 100 if whole else step * -(-highest // step)
    slots = tuple(_slot(marks, place, end) for place in range(len(marks)))
    ticks = tuple(Tick(_y(value, end), f"{value}{unit}") for value in range(0, end + 1, step))
    joints = tuple(
        Joint(one.middle, one.top, two.middle, two.top)
        for one, two in pairwise(slots)
        if {one.mark.kind, two.mark.kind} <= {"shown", "least"}
    )
    return Plot(slots, ticks, joints)


def columns(frame: Plot, parts: Sequence[Sequence[tuple[int | None, str]]]) -> tuple[Column, ...]:
    """Each month in parts of 100. A part that is None is hidden; what is hidden stands on top,
    as one piece, since how it is divided is what nobody may know."""
    return tuple(
        Column(slot, tuple(_pieces(one)) if slot.mark.kind != "hidden" else ())
        for slot, one in zip(frame.slots, parts, strict=True)
    )


def _pieces(parts: Sequence[tuple[int | None, str]]) -> list[Piece]:
    known = sum(value or 0 for value, _ in parts)
    whole = max(100, known)
    pieces, below = list[Piece](), 0
    for step, (value, text) in enumerate(parts):
        if value:
            low, high = _y(below, whole), _y(below + value, whole)
            pieces.append(Piece(step, high, low - high, text if low - high >= _LEGIBLE else ""))
            below += value
    if any(value is None for value, _ in parts) and below < whole:
        pieces.append(Piece(None, TOP, _y(below, whole) - TOP, ""))
    return pieces


_LEGIBLE: Final = 13
"""Pixels that a number needs."""


def _slot(marks: Sequence[Mark], place: int, end: int) -> Slot:
    mark, width = marks[place], 100 / len(marks)
    top = TOP if mark.kind == "hidden" else _y(mark.value, end)
    # Counted from the last month, which always has its name.
    back, every = len(marks) - 1 - place, -(-len(marks) // _MOST_NAMES)
    return Slot(
        mark,
        round(place * width + width * (1 - _BAR) / 2, 2),
        round(width * _BAR, 2),
        round(place * width + width / 2, 2),
        top,
        FLOOR - top,
        rare=len(marks) > _MOST_NAMES / 2 and back % (2 * every) != 0,
        mute=back % every != 0,
    )


def _y(value: int, end: int) -> int:
    return FLOOR - round(_ROOM * min(value, end) / end)


def _step(highest: int) -> int:
    """The least round number of which few reach the top."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size * _MOST_TICKS >= highest:
                return step * size
        size *= 10
