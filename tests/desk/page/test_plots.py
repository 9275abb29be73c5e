"""Where the marks of a chart stand: every axis from 0, nothing drawn of what is hidden."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from desk.page.plots import FLOOR, TOP, Kind, Mark, columns, plot


def mark(value: int, kind: Kind = "shown", name: str = "Nov") -> Mark:
    return Mark(kind, value, str(value), str(value), name)


VALUES = st.lists(st.integers(min_value=0, max_value=5000), min_size=1, max_size=60)


@given(VALUES)
def test_heights_are_in_proportion_and_the_axis_begins_at_nothing(values: list[int]) -> None:
    drawn = plot([mark(value) for value in values])
    assert drawn.ticks[0].text == "0"
    assert drawn.ticks[0].y == FLOOR
    end = int(drawn.ticks[-1].text)
    assert end >= max(values)
    assert 2 <= len(drawn.ticks) <= 6
    for slot in drawn.slots:
        assert slot.top + slot.height == FLOOR
        assert slot.top >= TOP
        assert abs(slot.height - (FLOOR - TOP) * slot.mark.value / end) <= 0.51


@given(VALUES)
def test_months_stand_side_by_side_and_the_last_is_named(values: list[int]) -> None:
    slots = plot([mark(value) for value in values]).slots
    for one, two in pairwise(slots):
        assert one.left + one.width < two.left
    assert slots[0].left >= 0
    assert slots[-1].left + slots[-1].width <= 100
    assert not slots[-1].rare
    assert not slots[-1].mute
    assert 1 <= sum(not slot.mute for slot in slots) <= 14
    assert sum(not (slot.mute or slot.rare) for slot in slots) <= 7


def test_a_line_is_broken_at_what_is_hidden() -> None:
    marks = [mark(3), mark(4), mark(0, "hidden"), mark(4, "below"), mark(5), mark(6, "least")]
    drawn = plot(marks, " %")
    assert len(drawn.joints) == 2
    assert [tick.text for tick in drawn.ticks][-1] == "6 %"
    hidden = drawn.slots[2]
    # The gap is as high as the chart: it tells no height of its own.
    assert (hidden.top, hidden.height) == (TOP, FLOOR - TOP)


def test_a_column_ends_in_what_is_hidden_and_does_not_divide_it() -> None:
    frame = plot([mark(100), mark(100), mark(0, "hidden")], whole=True)
    known, partly, none = columns(
        frame,
        [
            [(60, "60"), (41, "41"), (0, "0")],
            [(None, ""), (50, "50"), (None, "")],
            [(None, ""), (None, ""), (None, "")],
        ],
    )
    assert [piece.step for piece in known.pieces] == [0, 1]
    assert known.pieces[0].top + known.pieces[0].height == FLOOR
    assert known.pieces[1].top == TOP
    assert [piece.step for piece in partly.pieces] == [1, None]
    assert partly.pieces[1].top == TOP
    assert partly.pieces[1].height == partly.pieces[0].top - TOP
    assert none.pieces == ()
