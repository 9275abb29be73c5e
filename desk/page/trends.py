"""Charts over months: their marks, what they show in words, and the same as a table. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from desk.language import Language
from desk.page.plots import Column, Kind, Mark, Plot, columns, plot
from intake import count_words as words
from intake.counting import ANSWERS, REQUESTS, WAITED, month_after
from intake.counts import Shown
from intake.figures import (
    Block,
    Figure,
    Month,
    Reader,
    median_wait,
    months,
    named,
    promise_kept,
    sum_meaning,
)

_Found = TypeVar("_Found", Figure, Block)


@dataclass(frozen=True, slots=True)
class Chart:
    """`finding` says what is seen. `columns`: months in pieces, named by `legend` in their order,
    and by `hidden` where a piece is. `heads` and `rows`: the table."""

    id: str
    title: str
    finding: str
    meaning: str
    plot: Plot
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line: bool = False
    columns: tuple[Column, ...] = ()
    legend: tuple[str, ...] = ()
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class Trends:
    """Draws what was released. `every`: each month from the first to the last, None where nothing
    was."""

    language: Language
    reader: Reader
    shown: Shown
    every: Sequence[tuple[str, Month | None]]

    @classmethod
    def of(cls, shown: Shown, language: Language, reader: Reader) -> "Trends":
        known = {month.month: month for month in months(shown, reader)}
        names = [min(known)] if known else []
        while names and names[-1] < max(known):
            names.append(month_after(names[-1]))
        return cls(language, reader, shown, tuple((name, known.get(name)) for name in names))

    def charts(self) -> tuple[Chart, ...]:
        """Requests, sums and shares."""
        last = self.shown.releases[-1]
        return (
            self.total(REQUESTS),
            *(self._sum(one.id) for one in last.sums),
            *(self._share(one.id, self.reader.label(one.meaning)) for one in last.shares),
        )

    def answers(self) -> tuple[Chart, ...]:
        """First answers: how many, in time or not, and after how long."""
        return (self.total(ANSWERS), self._promise(), self._waits())

    def total(self, base: str) -> Chart:
        meaning = self.reader.say(words.MEANINGS[base])
        found = self._each(lambda month: month.total(base))
        return self._counts(base, self.reader.say(words.BASES[base]), meaning, found)

    def _sum(self, name: str) -> Chart:
        found = self._each(lambda month: named(month.sums, name))
        release = self.shown.releases[-1]
        last = next(one for one in release.sums if one.id == name)
        meaning = sum_meaning(release, last, self.reader)
        return self._counts(f"sum-{name}", self.reader.label(last.label), meaning, found)

    def _share(self, name: str, meaning: str) -> Chart:
        found = self._each(lambda month: named(month.shares, name))
        label = next(figure.label for figure in reversed(found) if figure is not None)
        title = f"{label}. {self.reader.say(words.SHARE)}, %"
        of = self.reader.say(words.BASES[REQUESTS])
        return self._percents(f"share-{name}", title, meaning, found, (label, of), whole=False)

    def _promise(self) -> Chart:
        found = self._each(promise_kept)
        meaning = self.reader.say(words.MEANINGS["promise"])
        title = f"{self.reader.say(words.TABLES['promise'])}, %"
        heads = (
            self.reader.say(words.CELLS["promise"]["kept"]),
            self.reader.say(words.BASES[ANSWERS]),
        )
        return self._percents("promise", title, meaning, found, heads, whole=True)

    def _counts(self, name: str, title: str, meaning: str, found: Sequence[Figure | None]) -> Chart:
        marks = self._marks(found, lambda figure: figure.count, "")
        rows = [(self._month(at), self._count(figure)) for at, figure in enumerate(found)]
        heads = (self.language.say("Month"), title)
        return Chart(name, title, self.finding(marks), meaning, plot(marks), heads, tuple(rows))

    def _percents(
        self,
        name: str,
        title: str,
        meaning: str,
        found: Sequence[Figure | None],
        heads: tuple[str, str],
        *,
        whole: bool,
    ) -> Chart:
        marks = self._marks(found, lambda figure: figure.percent, "\N{NO-BREAK SPACE}%")
        rows = [
            (
                self._month(at),
                self._count(figure),
                self._number(figure.whole if figure else None),
                self._percent(figure),
            )
            for at, figure in enumerate(found)
        ]
        drawn = plot(marks, " %", whole)
        columns_ = (self.language.say("Month"), *heads, "%")
        finding = self.finding(marks)
        return Chart(name, title, finding, meaning, drawn, columns_, tuple(rows), line=True)

    def _waits(self) -> Chart:
        blocks = self._each(lambda month: month.block(WAITED))
        last = next((block for block in reversed(blocks) if block is not None), None)
        legend = tuple(figure.label for figure in last.figures) if last else ()
        marks = [
            self._mark(at, "shown", 100, "")
            if block and _some(block)
            else self._mark(at, "hidden", 0, self.reader.say(words.HIDDEN))
            for at, block in enumerate(blocks)
        ]
        frame = plot(marks, " %", whole=True)
        parts = [
            [(one.percent, str(one.percent)) for one in block.figures] if block else []
            for block in blocks
        ]
        drawn = columns(frame, parts)
        unseen = any(piece.step is None for column in drawn for piece in column.pieces)
        half = self.language.say("half came within")
        rows = [
            (
                self._month(at),
                *(self._percent(one) for one in (block.figures if block else ())),
                *([self._number(None)] * (len(legend) if block is None else 0)),
                self._half(block),
            )
            for at, block in enumerate(blocks)
        ]
        return Chart(
            "waited",
            f"{self.reader.say(words.TABLES[WAITED])}, %",
            self._half_in_words(blocks),
            self.reader.say(words.MEANINGS[WAITED]),
            frame,
            (self.language.say("Month"), *legend, half),
            tuple(rows),
            columns=drawn,
            legend=legend,
            hidden=self.reader.say(words.HIDDEN) if unseen else "",
        )

    def _half(self, block: Block | None) -> str:
        middle = median_wait(block) if block is not None else None
        return middle.label if middle is not None else self._number(None)

    def _half_in_words(self, blocks: Sequence[Block | None]) -> str:
        found = [
            f"{self._month(at)}: {middle.label}"
            for at, block in enumerate(blocks)
            if block is not None and (middle := median_wait(block)) is not None
        ]
        if not found:
            return self.language.say("Within what time half were answered is hidden everywhere.")
        told = [found[0], found[-1]] if len(found) > 1 else found
        return self.language.say(
            "Time within which half were answered: {figures}.", figures="; ".join(told)
        )

    def _each(self, find: Callable[[Month], _Found | None]) -> list[_Found | None]:
        return [None if month is None else find(month) for _, month in self.every]

    # Marks and words

    def _marks(
        self,
        found: Sequence[Figure | None],
        value: Callable[[Figure], int | None],
        unit: str,
    ) -> list[Mark]:
        """The unit stands at the axis, so that a mark needs the number alone."""
        marks = []
        for at, figure in enumerate(found):
            n = None if figure is None else value(figure)
            if figure is not None and n is not None:
                kind: Kind = "least" if figure.least else "shown"
                marks.append(self._mark(at, kind, n, f"{_LEAST[figure.least]}{n}", unit))
            elif figure is not None and figure.below is not None:
                marks.append(self._mark(at, "below", figure.below, f"< {figure.below}", unit))
            else:
                marks.append(self._mark(at, "hidden", 0, self.reader.say(words.HIDDEN)))
        return marks

    def _mark(self, at: int, kind: Kind, value: int, tag: str, unit: str = "") -> Mark:
        month = self.every[at][0]
        year = month[:4] if at == 0 or month.endswith("-01") else ""
        return Mark(kind, value, f"{tag}{unit}", tag, short_month(self.language, month), year)

    def finding(self, marks: Sequence[Mark]) -> str:
        """What a chart shows, for whoever does not see it, and for whoever does."""
        say = self.language.say
        seen = [at for at, mark in enumerate(marks) if mark.kind in ("shown", "least")]
        if not seen:
            return say("Hidden in every month.")
        first, last = seen[0], seen[-1]
        most = max(reversed(seen), key=lambda at: marks[at].value)
        ends = "; ".join(f"{self._month(at)}: {marks[at].text}" for at in sorted({first, last}))
        told = [f"{ends}."]
        if most not in (first, last):
            figure, month = marks[most].text, self._month(most)
            told.append(say("The most: {label} ({figures}).", label=month, figures=figure))
        below = [
            f"{self._month(at)} {mark.text}"
            for at, mark in enumerate(marks)
            if mark.kind == "below"
        ]
        if below:
            told.append(say("{figures}: hidden, and less than that.", figures=_few(below)))
        hidden = [self._month(at) for at, mark in enumerate(marks) if mark.kind == "hidden"]
        if hidden:
            told.append(say("Hidden: {months}.", months=_few(hidden)))
        return " ".join(capital(one) for one in told)

    def _month(self, at: int) -> str:
        return self.reader.month(self.every[at][0])

    def _count(self, figure: Figure | None) -> str:
        if figure is None or figure.count is None:
            return self._number(None)
        return f"{_LEAST[figure.least]}{figure.count}"

    def _number(self, n: int | None) -> str:
        return self.reader.say(words.HIDDEN) if n is None else str(n)

    def _percent(self, figure: Figure | None) -> str:
        return percent_of(figure) or self._number(None)


_LEAST = {False: "", True: "≥\N{NARROW NO-BREAK SPACE}"}


def _few(names: Sequence[str]) -> str:
    """Of many, the first and the last."""
    return ", ".join(names) if len(names) <= 6 else f"{names[0]}, …, {names[-1]}"


def percent_of(figure: Figure | None) -> str:
    """Of a figure that is hidden, what it is at most, or nothing."""
    if figure is None or (figure.percent is None and figure.below is None):
        return ""
    if figure.percent is None:
        return f"< {percent_text(figure.below or 0)}"
    return percent_text(figure.percent)


def capital(text: str) -> str:
    """As a sentence begins: in some languages months do not."""
    return text[:1].upper() + text[1:]


def percent_text(n: int) -> str:
    return f"{n}\N{NO-BREAK SPACE}%"


def short_month(language: Language, month: str) -> str:
    names = (
        language.say("Jan"),
        language.say("Feb"),
        language.say("Mar"),
        language.say("Apr"),
        language.say("May"),
        language.say("Jun"),
        language.say("Jul"),
        language.say("Aug"),
        language.say("Sep"),
        language.say("Oct"),
        language.say("Nov"),
        language.say("Dec"),
    )
    return names[int(month[5:]) - 1]


def _some(block: Block) -> bool:
    return any(figure.percent is not None for figure in block.figures)
