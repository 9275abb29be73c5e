"""The sentences that a coordinator needs, each with its figures and its definition.

Every number in them is one of `intake.figures`, or a sum of such.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from intake import count_words as words
from intake.counting import PROMISE, WAITED
from intake.counts import Rules, Shown
from intake.figures import (
    MONTHS_TOLD,
    Figure,
    Month,
    Reader,
    median_wait,
    months,
    named,
    promise_kept,
    sum_meaning,
    together,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` says it, `definition` says what exactly."""

    id: str
    text: str
    definition: str


def story(shown: Shown, reader: Reader) -> tuple[Sentence, ...]:
    """What can be said of the last months; nothing of what is hidden."""
    every = months(shown, reader)
    if not every:
        return ()
    last = every[-MONTHS_TOLD:]
    teller = _Teller(shown, reader, last)
    return (
        *teller.sums(),
        *teller.shares(every),
        *teller.parts(),
        *teller.waiting(last[-1]),
        *teller.told(),
    )


def rounding(rules: Rules, reader: Reader) -> str:
    """What is done to every figure before it is shown."""
    return reader.say(words.ROUNDING).format(
        smallest=rules.smallest, rounding=rules.rounding, days=rules.shown_after
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    shown: Shown
    reader: Reader
    last: Sequence[Month]

    @property
    def _period(self) -> str:
        return self.reader.period(self.last[0].month, self.last[-1].month)

    def sums(self) -> Iterator[Sentence]:
        """So many soldiers asked for help in two months."""
        for one in self.shown.releases[-1].sums:
            found = self._sum(one.id)
            if found is not None:
                yield self._sentence(
                    f"sum_{one.id}",
                    words.ASKED,
                    self._of_sum(found),
                    label=found.label,
                    count=self._about(found),
                    period=self._period,
                )

    def shares(self, every: Sequence[Month]) -> Iterator[Sentence]:
        """Their share of requests, now and a year ago."""
        now = every[-1]
        year = f"{int(now.month[:4]) - 1}{now.month[4:]}"
        before = next((month for month in every if month.month == year), every[0])
        for place, share in enumerate(self.shown.releases[-1].shares):
            late, early = now.shares[place], named(before.shares, share.id)
            if late.percent is None:
                continue
            told = early is not None and before is not now and percent_of(early) is not None
            yield self._sentence(
                f"share_{share.id}",
                words.SHARE_SINCE if told else words.SHARE_NOW,
                self.reader.label(share.meaning),
                label=late.label,
                percent=f"{late.percent} %",
                month=self.reader.month(now.month),
                of=self._of(late),
                before=percent_of(early) if early is not None else "",
                then=self.reader.month(before.month),
                of_before=self._of(early) if early is not None else "",
            )

    def parts(self) -> Iterator[Sentence]:
        """Of a sum, the largest part: half are on a contract."""
        for one in self.shown.releases[-1].sums:
            cells = [cell for cell in self._cells(one.of) if cell.cell in one.cells]
            whole = self._sum(one.id)
            if not cells or whole is None or whole.least or not whole.count:
                continue
            largest = max(cells, key=lambda cell: cell.count or 0)
            if whole.count < self._rules.share_from:
                continue
            yield self._sentence(
                f"part_{one.id}",
                words.LARGEST,
                self._of_sum(whole),
                label=whole.label,
                cell=largest.label,
                percent=f"{min(100, round(100 * (largest.count or 0) / whole.count))} %",
                count=largest.count,
                whole=whole.count,
                period=self._period,
            )

    def waiting(self, month: Month) -> Iterator[Sentence]:
        """How long the first answer takes, and how many came in time."""
        block, kept = month.block(WAITED), promise_kept(month)
        middle = median_wait(block) if block else None
        if middle is not None:
            yield self._sentence(
                "waited",
                words.HALF_ANSWERED,
                block.meaning if block else "",
                within=middle.label,
                month=self.reader.month(month.month),
                answers=middle.whole,
            )
        promise = month.block(PROMISE)
        if kept is not None and promise is not None and kept.percent is not None:
            yield self._sentence(
                "promise",
                words.IN_TIME,
                promise.meaning,
                percent=f"{kept.percent} %",
                of=self._of(kept),
                month=self.reader.month(month.month),
            )

    def told(self) -> Iterator[Sentence]:
        """The figures of tables that the organisation wants told, such as articles; of those who
        answered none of them, nothing."""
        for table in self.shown.releases[-1].tables:
            cells = [cell for cell in self._cells(table.id) if cell.cell not in table.alone]
            if not table.told or not cells:
                continue
            cells.sort(key=lambda cell: -(cell.count or 0))
            block = self.last[-1].block(table.id)
            yield self._sentence(
                f"told_{table.id}",
                words.TOLD,
                block.meaning if block else "",
                label=self.reader.label(table.label),
                period=self._period,
                figures="; ".join(f"{cell.label} — {self._about(cell)}" for cell in cells),
            )

    @property
    def _rules(self) -> Rules:
        return self.shown.releases[-1].rules

    def _cells(self, table: str) -> list[Figure]:
        """The cells of a table over the months, those that are shown."""
        blocks = [block for month in self.last if (block := month.block(table)) is not None]
        if len(blocks) < len(self.last):
            return []
        names = [figure.cell for figure in blocks[-1].figures]
        added = [self._added([named(block.figures, name) for block in blocks]) for name in names]
        return [figure for figure in added if figure is not None]

    def _sum(self, name: str) -> Figure | None:
        """Over the months; None where a month's form had no such sum, or one of other cells."""
        releases = self.shown.releases[-len(self.last) :]
        cells = {one.cells for release in releases for one in release.sums if one.id == name}
        if len(cells) > 1:
            return None
        return self._added([named(month.sums, name) for month in self.last])

    def _added(self, figures: Sequence[Figure | None]) -> Figure | None:
        """None where a month's form did not have it: a part would be told as the whole."""
        told = [figure for figure in figures if figure is not None]
        if len(told) < len(figures):
            return None
        return together(told, self._rules.share_from)

    def _of_sum(self, figure: Figure) -> str:
        one = next(one for one in self.shown.releases[-1].sums if one.id == figure.cell)
        return sum_meaning(self.shown.releases[-1], one, self.reader)

    def _about(self, figure: Figure) -> str:
        words_ = words.AT_LEAST if figure.least else words.ABOUT
        return self.reader.say(words_).format(count=figure.count)

    def _of(self, figure: Figure) -> str:
        of = words.FEW_OF if figure.count is None else words.OF
        count = self._rules.bound if figure.count is None else figure.count
        return self.reader.say(of).format(count=count, whole=figure.whole)

    def _sentence(self, name: str, text: str, definition: str, **values: object) -> Sentence:
        return Sentence(name, self.reader.say(text).format(**values), definition)


def percent_of(figure: Figure) -> str | None:
    if figure.percent is not None:
        return f"{figure.percent} %"
    return None if figure.below is None else f"< {figure.below} %"
