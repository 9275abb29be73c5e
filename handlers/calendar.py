"""A month to pick a day from, as an inline keyboard. Pure: a month in, rows of buttons out."""

from calendar import Calendar
from collections.abc import Callable
from datetime import date
from typing import Final

from handlers.buttons import Verb
from handlers.ports import Button

_WEEKS: Final = Calendar()  # Monday first, as in Russia and most of Europe
_EARLIEST: Final = date(2000, 1, 1)
_LATEST: Final = date(2099, 12, 31)

Key = Callable[[str, Verb, str], Button]
"""Makes a button of a label, a verb and an argument."""


def month_rows(
    key: Key,
    first: date,
    chosen: date | None,
    days: tuple[date, date],
    months: list[str],
    weekdays: list[str],
) -> list[list[Button]]:
    """The rows for the month that begins on `first`; `chosen` is marked, `days` can be picked.

    `months` has twelve names, `weekdays` seven short ones. Empty places and headings are buttons
    that redraw the card, as a keyboard knows nothing else.
    """

    def idle(label: str) -> Button:
        return key(label, Verb.MONTH, f"{first:%Y-%m}")

    weeks = [
        [_day(key, day, chosen) if _offered(day, first, days) else idle("\u00b7") for day in week]
        for week in _WEEKS.monthdatescalendar(first.year, first.month)
    ]
    return [_turning(key, first, months), [idle(name) for name in weekdays], *weeks]


def _offered(day: date, first: date, days: tuple[date, date]) -> bool:
    return day.month == first.month and days[0] <= day <= days[1]


def _day(key: Key, day: date, chosen: date | None) -> Button:
    label = f"[{day.day}]" if day == chosen else str(day.day)
    return key(label, Verb.DAY, day.isoformat())


def _turning(key: Key, first: date, months: list[str]) -> list[Button]:
    before, after = _shifted(first, -1), _shifted(first, 1)
    return [
        key("\u2039", Verb.MONTH, f"{before:%Y-%m}"),
        key(f"{months[first.month - 1]} {first.year}", Verb.MONTH, f"{first:%Y-%m}"),
        key("\u203a", Verb.MONTH, f"{after:%Y-%m}"),
    ]


def _shifted(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    moved = date(count // 12, count % 12 + 1, 1)
    return min(max(moved, _EARLIEST), _LATEST.replace(day=1))


def parse_month(text: str) -> date | None:
    """The first of the month in "2026-11"; None when it is none that can be shown."""
    parsed = parse_day(f"{text}-01")
    return parsed if parsed and _EARLIEST <= parsed <= _LATEST else None


def parse_day(text: str) -> date | None:
    """The day in "2026-11-22"; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
