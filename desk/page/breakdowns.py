"""A table of one month, or of today, as bars beside their names: chart and table in one. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from desk.language import Language
from desk.page.labels import language_name, level_words
from desk.page.trends import percent_text
from intake import count_words as words
from intake.case import Level
from intake.counting import LANGUAGE, PROMISE, UNSAID, URGENCY, WAITED
from intake.counts import Load
from intake.figures import Block, Figure, Reader
from intake.questions import Form

IN_ORDER: Final = frozenset({URGENCY, WAITED, PROMISE, words.AGE, words.DUE})
"""Tables whose lines have an order of their own; of others the largest stands first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `width`: its bar, in percent of the longest; None: hidden."""

    label: str
    count: str
    percent: str
    width: float | None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """`whole`: of how many; `finding`: what is seen, in words; `note`: what the lines mean."""

    id: str
    title: str
    whole: str
    finding: str
    lines: tuple[Line, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Burden:
    """A skill: what waits for it, and what those who have it may hold. Widths as of a `Line`."""

    label: str
    waiting: str
    width: float | None
    members: int
    capacity: int
    room: float


@dataclass(frozen=True, slots=True)
class Teller:
    """In whose language, and with which form's levels of urgency."""

    language: Language
    reader: Reader
    form: Form | None

    def breakdown(self, block: Block) -> Breakdown:
        figures = list(block.figures)
        if block.id not in IN_ORDER:
            figures.sort(key=_largest_first)
        most = max([figure.count or 0 for figure in figures], default=0) or 1
        return Breakdown(
            block.id,
            block.label,
            self._whole(block),
            self._finding(block),
            tuple(
                Line(
                    self._label(figure),
                    self.number(figure.count),
                    "" if figure.percent is None else percent_text(figure.percent),
                    None if figure.count is None else round(100 * figure.count / most, 1),
                )
                for figure in figures
            ),
            self._note(block),
        )

    def _note(self, block: Block) -> str:
        """What is peculiar to a table; the rest of its definition is that of what it is of."""
        say, told = self.reader.say, list[str]()
        if block.id in words.MEANINGS:
            told.append(say(words.MEANINGS[block.id]))
        if not block.parts:
            told.append(say(words.SEVERAL))
        if block.id == URGENCY and self.form is not None:
            levels = (f"{one} — {level_words(self.language, one, self.form)}" for one in Level)
            told.append(
                self.language.say("In the form in use: {levels}.", levels="; ".join(levels))
            )
        return " ".join(told)

    def burdens(self, block: Block, load: Sequence[Load]) -> tuple[Burden, ...]:
        """What waits for a skill beside what may be held at once."""
        waiting: Mapping[str, int | None] = {one.cell: one.count for one in block.figures}
        most = max([1, *(one.capacity for one in load), *(n or 0 for n in waiting.values())])
        scaled: Callable[[int], float] = lambda n: round(100 * n / most, 1)  # noqa: E731
        return tuple(
            Burden(
                self.reader.label(one.label),
                self.number(n),
                None if n is None else scaled(n),
                one.members,
                one.capacity,
                scaled(one.capacity),
            )
            for one in load
            for n in [waiting.get(one.skill)]
        )

    def number(self, n: int | None) -> str:
        return self.reader.say(words.HIDDEN) if n is None else str(n)

    def _label(self, figure: Figure) -> str:
        """Languages are released as codes."""
        if figure.table == LANGUAGE:
            return language_name(self.language, figure.cell)
        return figure.label

    def _whole(self, block: Block) -> str:
        whole = block.figures[0].whole if block.figures else None
        if whole is None and block.of == "waiting":
            return ""  # Of a day no figure is told as a part of another.
        base = self.reader.say(words.BASES[block.of])
        return f"{base}: {self.number(whole)}"

    def _finding(self, block: Block) -> str:
        say = self.language.say
        seen = [figure for figure in block.figures if figure.count is not None]
        hidden = len(block.figures) - len(seen)
        if not seen:
            return say("Everything here is hidden.")
        said = [figure for figure in seen if figure.cell != UNSAID] or seen
        most = max(said, key=lambda figure: figure.count or 0)
        figures = str(most.count)
        if most.percent is not None:
            figures = f"{figures}, {percent_text(most.percent)}"
        told = say("The most: {label} ({figures}).", label=self._label(most), figures=figures)
        if hidden:
            lines = self.language.count("{n} line is hidden.", "{n} lines are hidden.", hidden)
            told = f"{told} {lines}"
        return told


def _largest_first(figure: Figure) -> tuple[bool, bool, int]:
    """Hidden lines last, in the order of the form: nothing of their size."""
    return (figure.count is None, figure.cell == UNSAID, -(figure.count or 0))
