"""Everything that is shown of the counts, one figure a row: what the CSV and the JSON hold.

The figures are those of `intake.figures`; nothing is added or left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from desk.desk import Desk
from desk.language import Language
from intake import count_words as words
from intake.count_story import Sentence, story
from intake.counting import REQUESTS
from intake.counts import Rules, Shown
from intake.figures import Figure, Month, Reader, months, standing, sum_meaning

State = Literal["shown", "least", "below", "hidden"]
"""`least`: so many or more. `below`: hidden, and less than so many percent. `hidden` is no zero."""

ROSTER = "roster"
MEMBERS, CAPACITY = "members", "capacity"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure with all that is needed to read it alone.

    `date` is a month, or the day for the figures of a day. `rules` is None where nothing is
    hidden or rounded: what the roster itself says.
    """

    date: str
    figure: Figure
    state: State
    of: str
    definition: str
    rules: Rules | None

    @property
    def kind(self) -> str:
        return ROSTER if self.rules is None else self.figure.kind


def reader_of(desk: Desk) -> Reader:
    """Whoever reads at this desk."""
    code = desk.settings.language
    return Reader(Language(code, catalogue="counts").text, code)


def sentences(desk: Desk, shown: Shown) -> tuple[Sentence, ...]:
    return story(shown, reader_of(desk))


def state(figure: Figure) -> State:
    """How much of a figure may be seen."""
    if figure.count is None:
        return "hidden" if figure.below is None else "below"
    return "least" if figure.least else "shown"


def rows(desk: Desk, shown: Shown) -> tuple[Row, ...]:
    """Every figure: month by month, the oldest first, then those of the day."""
    return (*_released(desk, shown), *_today(desk, shown), *_load(desk, shown))


def _released(desk: Desk, shown: Shown) -> Iterator[Row]:
    reader = reader_of(desk)
    for release, month in zip(shown.releases, months(shown, reader), strict=True):
        meanings = {one.id: reader.label(one.meaning) for one in release.shares}
        sums = {one.id: sum_meaning(release, one, reader) for one in release.sums}
        of = {one.id: table.of for one in release.sums if (table := release.table(one.of))}
        for figure, base, meaning in (
            *((one, one.table, reader.say(words.MEANINGS[one.table])) for one in month.totals),
            *((one, REQUESTS, meanings[one.cell]) for one in month.shares),
            *((one, of[one.cell], sums[one.cell]) for one in month.sums),
            *_of_blocks(month),
        ):
            yield Row(month.month, figure, state(figure), base, meaning, release.rules)


def _of_blocks(month: Month) -> Iterator[tuple[Figure, str, str]]:
    for block in month.blocks:
        for figure in block.figures:
            yield figure, block.of, block.meaning


def _today(desk: Desk, shown: Shown) -> Iterator[Row]:
    if shown.today is None:
        return
    reader, day, rules = reader_of(desk), f"{shown.today.at:%Y-%m-%d}", shown.today.rules
    total, blocks = standing(shown.today, reader)
    meaning = reader.say(words.MEANINGS["waiting"])
    yield Row(day, total, state(total), "waiting", meaning, rules)
    for block in blocks:
        for figure in block.figures:
            yield Row(day, figure, state(figure), block.of, block.meaning, rules)


def _load(desk: Desk, shown: Shown) -> Iterator[Row]:
    if shown.today is None:
        return
    reader, day = reader_of(desk), f"{shown.today.at:%Y-%m-%d}"
    meaning = desk.say("What the roster gives: volunteers and leads who have this skill.")
    for one in shown.today.load:
        for name, title, count in (
            (MEMBERS, desk.say("Members"), one.members),
            (CAPACITY, desk.say("Cases they may hold"), one.capacity),
        ):
            label = reader.label(one.label)
            figure = Figure("cell", "", name, title, one.skill, label, count)
            yield Row(day, figure, "shown", ROSTER, meaning, None)
