"""The calendar on a card: every day in its place, and only the days that may be picked."""

from calendar import monthrange
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.buttons import Verb, decode
from handlers.calendar import month_rows, parse_day, parse_month
from handlers.layout import Pen
from handlers.ports import Button

MONTHS = [f"m{number}" for number in range(1, 13)]
WEEK = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
PEN = Pen(lambda words: words, "en")
ALWAYS = (date.min, date.max)

_firsts = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: day.replace(day=1))


def rows(
    first: date, days: tuple[date, date] = ALWAYS, chosen: date | None = None
) -> list[list[Button]]:
    return month_rows(PEN.key, first, chosen, days, MONTHS, WEEK)


def picked(month: list[list[Button]]) -> list[str]:
    presses = [decode(button.data) for row in month for button in row]
    return [press.argument for press in presses if press and press.verb is Verb.DAY]


@given(_firsts)
def test_every_day_of_the_month_stands_below_its_weekday(first: date) -> None:
    month = rows(first)
    assert len(picked(month)) == monthrange(first.year, first.month)[1]
    for week in month[2:]:
        assert len(week) == 7
        for place, button in enumerate(week):
            press = decode(button.data)
            if press and press.verb is Verb.DAY:
                assert date.fromisoformat(press.argument).weekday() == place


@given(_firsts, st.dates(), st.dates())
def test_only_days_within_the_limits_can_be_picked(first: date, one: date, other: date) -> None:
    days = (min(one, other), max(one, other))
    assert all(days[0] <= date.fromisoformat(day) <= days[1] for day in picked(rows(first, days)))


@given(_firsts)
def test_its_pages_turn_by_one_month_and_stop_at_the_ends(first: date) -> None:
    arguments = [press.argument for b in rows(first)[0] if (press := decode(b.data))]
    before, here, after = (parse_month(argument) for argument in arguments)
    assert here == first
    assert before is not None
    assert after is not None
    assert before <= first <= after
    assert (first - before).days <= 31
    assert (after - first).days <= 31


@given(_firsts)
def test_a_month_fits_telegrams_hundred_buttons_and_eight_to_a_row(first: date) -> None:
    month = rows(first)
    assert sum(len(row) for row in month) <= 60
    assert all(len(row) <= 8 for row in month)


def test_the_chosen_day_is_marked() -> None:
    day = date(2026, 11, 22)
    labels = [b.label for row in rows(day.replace(day=1), chosen=day) for b in row]
    assert "[22]" in labels
    assert "[21]" not in labels


@pytest.mark.parametrize("text", ["", "2026-13", "1999-12", "2100-01", "x", "2026-1-1", "9999-99"])
def test_a_month_that_cannot_be_shown_is_none(text: str) -> None:
    assert parse_month(text) is None


@pytest.mark.parametrize("text", ["", "2026-02-30", "x", "0000-01-01"])
def test_a_day_that_does_not_exist_is_none(text: str) -> None:
    assert parse_day(text) is None
