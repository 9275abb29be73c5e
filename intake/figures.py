"""The figures of the counts, derived once for every view, so that all of them tell the same.

Pure, and on what was released alone: nothing here can show what a release hides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from intake import count_words as words
from intake.counting import ALL, BASES, KEPT, PROMISE, REQUESTS, WAITED
from intake.counts import Label, Release, Shown, Sum, Table, Today, percent, percent_below

Say = Callable[[str], str]
"""From an English sentence to the reader's."""

Kind = Literal["total", "cell", "share", "sum"]

SHARE, SUM = "share", "sum"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one month.

    `count` None: hidden. `whole`: what it is a part of, hidden too where None; `percent` of it.
    `below`: hidden, and known to be less than so many percent. `least`: parts of it are hidden.
    """

    kind: Kind
    month: str
    table: str
    table_label: str
    cell: str
    label: str
    count: int | None
    whole: int | None = None
    percent: int | None = None
    below: int | None = None
    least: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """The figures of one table in one month. `parts`: nobody stands in two of them."""

    id: str
    label: str
    of: str
    parts: bool
    meaning: str
    figures: tuple[Figure, ...]

    @property
    def hides(self) -> bool:
        return any(figure.count is None for figure in self.figures)


@dataclass(frozen=True, slots=True)
class Month:
    """Everything of one release, in the reader's language."""

    month: str
    totals: tuple[Figure, ...]
    blocks: tuple[Block, ...]
    shares: tuple[Figure, ...]
    sums: tuple[Figure, ...]

    def total(self, base: str) -> Figure:
        return next(figure for figure in self.totals if figure.table == base)

    def block(self, name: str) -> Block | None:
        return next((block for block in self.blocks if block.id == name), None)

    @property
    def everything(self) -> Iterator[Figure]:
        yield from self.totals
        yield from self.shares
        yield from self.sums
        for block in self.blocks:
            yield from block.figures


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: what gives her the program's sentences, and the language of the form's."""

    say: Say
    language: str

    def label(self, label: Label) -> str:
        """A text of the organisation's; its first language where hers is not there."""
        return label.get(self.language) or next(iter(label.values()), "")

    def month(self, month: str) -> str:
        """Such as November 2026."""
        year, _, number = month.partition("-")
        return f"{self.say(words.MONTHS[int(number) - 1])} {year}"

    def period(self, first: str, last: str) -> str:
        return self.month(first) if first == last else f"{self.month(first)} – {self.month(last)}"


def months(shown: Shown, reader: Reader) -> tuple[Month, ...]:
    """Every month that is shown, the oldest first."""
    return tuple(_month(release, reader) for release in shown.releases)


def standing(today: Today, reader: Reader) -> tuple[Figure, tuple[Block, ...]]:
    """How many requests wait now, and how they stand."""
    name = reader.say(words.BASES["waiting"])
    total = Figure("total", "", "waiting", name, ALL, name, today.waiting)
    blocks = (_block(table, "", None, today.rules.share_from, reader) for table in today.tables)
    return total, tuple(blocks)


def _month(release: Release, reader: Reader) -> Month:
    least = release.rules.share_from
    return Month(
        release.month,
        tuple(_total(release, base, reader) for base in BASES if base in release.totals),
        tuple(
            _block(table, release.month, release.totals.get(table.of), least, reader)
            for table in release.tables
        ),
        tuple(_shares(release, reader)),
        tuple(_sums(release, reader)),
    )


def _total(release: Release, base: str, reader: Reader) -> Figure:
    name = reader.say(words.BASES[base])
    count = next((n for one, n in release.totals.items() if one == base), None)
    return Figure("total", release.month, base, name, ALL, name, count)


def _block(table: Table, month: str, whole: int | None, least: int, reader: Reader) -> Block:
    label = reader.label(table.label)
    return Block(
        table.id,
        label,
        table.of,
        not table.many,
        meaning(table, reader),
        tuple(
            Figure(
                "cell",
                month,
                table.id,
                label,
                cell.id,
                reader.label(cell.label),
                cell.count,
                whole,
                percent(cell.count, whole, least),
            )
            for cell in table.cells
        ),
    )


def meaning(table: Table, reader: Reader) -> str:
    """How the figures of a table are defined."""
    own = [words.MEANINGS[table.id]] if table.id in words.MEANINGS else []
    many = [words.SEVERAL] if table.many else []
    return " ".join(reader.say(text) for text in (*own, words.MEANINGS[table.of], *many))


def sum_meaning(release: Release, one: Sum, reader: Reader) -> str:
    """Which cells are told together, and what they are of."""
    table = release.table(one.of)
    cells = [cell for cell in (table.cells if table else ()) if cell.id in one.cells]
    labels = ", ".join(reader.label(cell.label) for cell in cells)
    of = reader.say(words.MEANINGS[table.of if table else REQUESTS])
    return f"{reader.label(one.label)}: {labels}. {of}"


def _shares(release: Release, reader: Reader) -> Iterator[Figure]:
    whole, least = release.totals.get(REQUESTS), release.rules.share_from
    for share in release.shares:
        yield Figure(
            "share",
            release.month,
            SHARE,
            reader.say(words.SHARE),
            share.id,
            reader.label(share.label),
            share.count,
            whole,
            percent(share.count, whole, least),
            percent_below(whole, release.rules) if share.few else None,
        )


def _sums(release: Release, reader: Reader) -> Iterator[Figure]:
    for one in release.sums:
        table = release.table(one.of)
        if table is None:
            continue
        counts = [cell.count for cell in table.cells if cell.id in one.cells]
        seen = [count for count in counts if count is not None]
        count, whole = sum(seen) if seen else None, release.totals.get(table.of)
        yield Figure(
            "sum",
            release.month,
            SUM,
            reader.label(table.label),
            one.id,
            reader.label(one.label),
            count,
            whole,
            percent(count, whole, release.rules.share_from),
            least=len(seen) < len(counts),
        )


def named(figures: Sequence[Figure], name: str) -> Figure | None:
    """The figure of this cell, share or sum."""
    return next((figure for figure in figures if figure.cell == name), None)


def promise_kept(month: Month) -> Figure | None:
    """First answers that came in time."""
    block = month.block(PROMISE)
    return next((one for one in block.figures if one.cell == KEPT), None) if block else None


def median_wait(block: Block) -> Figure | None:
    """The class in which half of the first answers had been given, where the classes up to there
    are shown."""
    answered = block.figures[0].whole if block.figures else None
    if answered is None or block.id != WAITED:
        return None
    so_far = 0
    for figure in block.figures:
        if figure.count is None:
            return None
        so_far += figure.count
        if 2 * so_far >= answered:
            return figure
    return None


def together(figures: Sequence[Figure], least: int) -> Figure | None:
    """The same figure of several months, added; None where no month shows it."""
    seen = [figure for figure in figures if figure.count is not None]
    if not seen:
        return None
    count = sum(figure.count or 0 for figure in seen)
    wholes = [figure.whole for figure in figures]
    whole = None if None in wholes else sum(one or 0 for one in wholes)
    partial = len(seen) < len(figures) or any(figure.least for figure in seen)
    first = seen[0]
    return Figure(
        first.kind,
        seen[-1].month,
        first.table,
        first.table_label,
        first.cell,
        first.label,
        count,
        whole,
        percent(count, whole, least),
        least=partial,
    )


MONTHS_TOLD: Final = 2
"""Over how many months the sentences add."""
