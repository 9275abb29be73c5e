"""The counts on a terminal: sentences, a month at a glance, the months beside one another, today.

Bars only repeat the figure beside them, in characters and without colour. What is hidden has a
mark of its own: it is never drawn as nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from desk.counts_rows import reader_of, sentences, state
from desk.desk import Desk
from desk.errors import DeskError
from desk.safe import plain
from intake import count_words as words
from intake.count_story import rounding
from intake.counting import BASES, WAITED
from intake.counts import Shown, Today
from intake.figures import (
    Block,
    Figure,
    Month,
    Reader,
    median_wait,
    months,
    promise_kept,
    standing,
)

BAR, SHORT_BAR = 16, 6
FULL, HIDDEN, EMPTY = "█", "░░░", "-"


class View:
    """What one coordinator is shown, as lines for her terminal."""

    def __init__(self, desk: Desk, shown: Shown) -> None:
        self._desk = desk
        self._shown = shown
        self._reader: Reader = reader_of(desk)
        self._months = months(shown, self._reader)

    def print(self, lines: Iterator[RenderableType]) -> None:
        for line in lines:
            self._desk.out.print(line)

    @property
    def everything(self) -> Iterator[RenderableType]:
        yield self._title(
            self._desk.say("{name}: what the counts say", name=self._shown.organisation)
        )
        if self._months:
            yield from self._sentences()
            yield from self._glance(self._months[-1])
            yield from self._trend()
            yield from self._breakdown(self._months[-1])
        else:
            yield _line(self._desk.language.explain(none_yet(self._desk, self._shown)))
        if self._shown.today is not None:
            yield from self._today(self._shown.today)
        yield from self._explained()

    def month(self, month: Month) -> Iterator[RenderableType]:
        """One month and nothing else."""
        yield from self._glance(month)
        yield from self._breakdown(month)
        yield from self._explained()

    def find(self, name: str) -> Month | None:
        return next((month for month in self._months if month.month == name), None)

    # The parts

    def _sentences(self) -> Iterator[RenderableType]:
        for one in sentences(self._desk, self._shown):
            yield Text("")
            yield _line(one.text)
            yield Padding(_line(one.definition, "dim"), (0, 0, 0, 4))

    def _glance(self, month: Month) -> Iterator[RenderableType]:
        name = self._reader.month(month.month)
        yield from self._heading(self._desk.say("{month} at a glance", month=name))
        yield from self._other_rules(month)
        table = _grid()
        for figure in (*month.totals, *month.shares, *month.sums):
            table.add_row(_clean(figure.label), self._told(figure))
        kept, waited = promise_kept(month), month.block(WAITED)
        if kept is not None:
            label = f"{kept.table_label}: {kept.label}"
            table.add_row(_clean(label), self._told(kept))
        if waited is not None:
            half = self._desk.say("Half of the first answers within")
            table.add_row(half, self._half(waited))
        yield table

    def _other_rules(self, month: Month) -> Iterator[RenderableType]:
        """A month keeps the rules it was released with."""
        rules = next(one.rules for one in self._shown.releases if one.month == month.month)
        if rules != self._shown.rules:
            yield _line(rounding(rules, self._reader), "dim")

    def _trend(self) -> Iterator[RenderableType]:
        yield from self._heading(self._desk.say("Month by month"))
        last, kept = self._months[-1], promise_kept(self._months[-1])
        titles = [
            self._desk.say("Month"),
            *(_clean(figure.label) for figure in (*last.totals, *last.shares)),
            _clean(kept.table_label) if kept else "",
            self._desk.say("Half of the first answers within"),
        ]
        largest = max((month.total(BASES[0]).count or 0 for month in self._months), default=0)
        lines = [[*self._trend_row(month, last, largest)] for month in self._months]
        table = _grid(header=True)
        for place, title in enumerate(titles):
            # As wide as its words: titles are broken, figures are not.
            words_ = [*title.split(), *(line[place] for line in lines)]
            table.add_column(title, width=max(cell_len(word) for word in words_))
        for line in lines:
            table.add_row(*line)
        yield table

    def _trend_row(self, month: Month, last: Month, largest: int) -> Iterator[str]:
        """What is hidden is the mark alone: many figures stand beside one another."""
        yield self._reader.month(month.month)
        for figure in last.totals:
            found = month.total(figure.table)
            bar = _bar(found.count, largest, SHORT_BAR) if figure.table == BASES[0] else ""
            yield HIDDEN if found.count is None else f"{bar} {found.count}".strip()
        for share in last.shares:
            one = next((one for one in month.shares if one.cell == share.cell), None)
            yield EMPTY if one is None else self._share(one, bar=True)
        kept, waited = promise_kept(month), month.block(WAITED)
        yield EMPTY if kept is None else self._share(kept)
        half = median_wait(waited) if waited is not None else None
        yield HIDDEN if half is None else _clean(half.label)

    def _breakdown(self, month: Month) -> Iterator[RenderableType]:
        name = self._reader.month(month.month)
        yield from self._heading(self._desk.say("{month} in detail", month=name))
        totals = {figure.table: figure for figure in month.totals}
        yield from self._blocks(month.blocks, totals)

    def _blocks(
        self, blocks: Sequence[Block], totals: dict[str, Figure]
    ) -> Iterator[RenderableType]:
        """Tables that are defined alike stand together, with the definition below them."""
        for meaning, alike in groupby(blocks, key=lambda block: block.meaning):
            for block in alike:
                yield Text("")
                yield self._block_title(block, totals.get(block.of))
                yield self._block(block)
            yield Padding(_line(meaning, "dim"), (0, 0, 0, 4))

    def _block_title(self, block: Block, whole: Figure | None) -> Text:
        of = "" if whole is None else f" ({whole.label}: {self._count(whole)})"
        return Text(_clean(f"{block.label}{of}"), style="bold")

    def _block(self, block: Block) -> Table:
        table = _grid()
        if all(figure.count is None for figure in block.figures):
            table.add_row(_clean(", ".join(one.label for one in block.figures)), self._hidden)
            return table
        largest = max(figure.count or 0 for figure in block.figures)
        for figure in block.figures:
            hidden = figure.count is None
            table.add_row(
                _clean(figure.label),
                _bar(figure.count, largest, BAR),
                self._reader.say(words.HIDDEN) if hidden else self._count(figure),
                self._percent(figure),
            )
        return table

    def _today(self, today: Today) -> Iterator[RenderableType]:
        yield from self._heading(self._desk.say("Today, {day:%Y-%m-%d}", day=today.at))
        total, blocks = standing(today, self._reader)
        table = _grid()
        table.add_row(_clean(total.label), self._count(total))
        yield table
        yield _line(
            self._desk.say(
                "Made once a day: moved at random by a little, rounded to {rounding}, hidden "
                "below {smallest}.",
                rounding=today.rules.rounding,
                smallest=today.rules.bound,
            ),
            "dim",
        )
        yield from self._blocks(blocks, {total.table: total})
        if today.load:
            yield Text("")
            yield Text(self._desk.say("Load against capacity"), style="bold")
            yield self._load(today, blocks)

    def _load(self, today: Today, blocks: Sequence[Block]) -> Table:
        waiting = {
            figure.cell: figure
            for block in blocks
            if block.id == words.SKILL
            for figure in block.figures
        }
        table = _grid(header=True)
        for title in (
            self._desk.say("Skill"),
            self._reader.say(words.BASES["waiting"]),
            self._desk.say("Members"),
            self._desk.say("Cases they may hold"),
        ):
            table.add_column(title)
        for one in today.load:
            found = waiting.get(one.skill)
            table.add_row(
                _clean(self._reader.label(one.label)),
                EMPTY if found is None else self._count(found),
                str(one.members),
                str(one.capacity),
            )
        return table

    def _explained(self) -> Iterator[RenderableType]:
        """Once, at the end: what a mark means, and what was done to every figure."""
        yield from self._heading(self._desk.say("How to read this"))
        yield _line(
            self._desk.say(
                "{mark} is not zero: it may be nobody, a few or many, and is kept back so that no "
                "number leads to a person. A percentage is given only where the whole is "
                "{share_from} or more. Do not work out what is hidden, and do not publish a "
                "guess at it.",
                mark=self._hidden,
                share_from=self._shown.rules.share_from,
            )
        )
        yield _line(rounding(self._shown.rules, self._reader))

    # One figure in words

    @property
    def _hidden(self) -> str:
        return f"{HIDDEN} {self._reader.say(words.HIDDEN)}"

    def _count(self, figure: Figure) -> str:
        match state(figure):
            case "shown":
                return str(figure.count)
            case "least":
                return self._reader.say(words.AT_LEAST).format(count=figure.count)
            case "below":
                return f"< {figure.below} %"
            case "hidden":
                return self._hidden

    def _percent(self, figure: Figure) -> str:
        return "" if figure.percent is None else f"{figure.percent} %"

    def _told(self, figure: Figure) -> str:
        """A figure on a line of its own: the share first, then what it is a part of."""
        if figure.count is None or figure.kind == "total":
            return self._count(figure)
        say, percent = self._reader.say, self._percent(figure)
        whole = self._hidden if figure.whole is None else figure.whole
        if not percent:
            return say(words.OF).format(count=self._count(figure), whole=whole)
        share = say(words.AT_LEAST).format(count=percent) if figure.least else percent
        return f"{share} ({say(words.OF).format(count=figure.count, whole=whole)})"

    def _share(self, figure: Figure, *, bar: bool = False) -> str:
        """In a row of a trend: the share, with a bar of a hundred; of few, how many of how many."""
        if figure.count is None:
            return HIDDEN if figure.below is None else self._count(figure)
        if figure.percent is None:
            return self._told(figure)
        drawn = _bar(figure.percent, 100, SHORT_BAR) if bar else ""
        return f"{drawn} {self._percent(figure)}".strip()

    def _half(self, waited: Block) -> str:
        found = median_wait(waited)
        return self._hidden if found is None else _clean(found.label)

    def _title(self, text: str) -> Text:
        return Text(_clean(text), style="bold")

    def _heading(self, text: str) -> Iterator[Text]:
        yield Text("")
        yield Text(_clean(text), style="bold underline")


def none_yet(desk: Desk, shown: Shown) -> DeskError:
    """Where no month is shown: when the first will be."""
    return DeskError(
        "No month is shown yet. The first will be {month}, from {day:%Y-%m-%d} on.",
        month=reader_of(desk).month(shown.next_month),
        day=shown.next_from,
    )


def _bar(count: int | None, largest: int, width: int) -> str:
    """As long as the figure is large; what is shown, and is not nothing, is seen."""
    if count is None:
        return HIDDEN
    if count <= 0 or largest <= 0:
        return ""
    return FULL * max(1, min(width, width * count // largest))


def _grid(*, header: bool = False) -> Table:
    return Table(box=None, pad_edge=False, show_header=header, padding=(0, 2, 0, 0))


def _line(text: str, style: str = "") -> Text:
    return Text(_clean(text), style=style)


def _clean(text: str) -> str:
    """In one line: labels come with the form of the organisation, through a server."""
    return plain(" ".join(text.split()))
