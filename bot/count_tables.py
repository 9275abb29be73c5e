"""The tables of the counts as they are before anything is counted, with every name in them."""

from handlers.texts import Texts
from intake import count_words as words
from intake.counting import LANGUAGE, OUTCOME, PROMISE, UNSAID, URGENCY, WAITED
from intake.counts import Base, Cell, Label, Load, Release, Rules, Share, Sum, Table
from intake.questions import Counted, Form
from intake.roster import Roster
from intake.words import Words

OF: dict[str, Base] = {
    LANGUAGE: "requests",
    URGENCY: "requests",
    WAITED: "answers",
    PROMISE: "answers",
    OUTCOME: "closings",
}
"""What the tables of our own are of; the form's are of requests."""


class Labels:
    """The empty tables, with their names in every language of the form."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._texts = Texts.load("counts")

    def blank(self, month: str, rules: Rules) -> Release:
        """A release of which nothing is counted yet."""
        counts = self._form.counts
        return Release(
            month=month,
            rules=rules,
            totals={"requests": None, "answers": None, "closings": None},
            tables=(
                *(self._counted(table) for table in (counts.questions if counts else ())),
                self._table(LANGUAGE, OF[LANGUAGE], self._languages()),
                *(self._own(name) for name in (URGENCY, WAITED, PROMISE, OUTCOME)),
            ),
            shares=tuple(
                Share(id=share.id, label=_label(share.label), meaning=_label(share.meaning))
                for share in (counts.shares if counts else ())
            ),
            sums=tuple(
                Sum(id=one.id, label=_label(one.label), of=one.of, cells=one.cells)
                for one in (counts.sums if counts else ())
            ),
        )

    def today(self) -> tuple[Table, ...]:
        """The tables of what waits."""
        skills = {name: _label(label) for name, label in self._form.routing.skills.items()}
        ages = {name: self._say(text) for name, text in words.CELLS[WAITED].items()}
        return (
            self._own(URGENCY, "waiting"),
            self._table(words.AGE, "waiting", ages),
            self._own(words.DUE, "waiting"),
            self._table(words.SKILL, "waiting", skills, many=True),
        )

    def load(self, roster: Roster) -> tuple[Load, ...]:
        """What the roster gives for each skill of the form."""
        return tuple(
            Load(
                skill=name,
                label=_label(label),
                members=len(able),
                capacity=sum(member.capacity for member in able),
            )
            for name, label in self._form.routing.skills.items()
            for able in [[m for m in roster.members if m.opens_cases and name in m.skills]]
        )

    def _counted(self, counted: Counted) -> Table:
        cells = {name: _label(label) for name, label in counted.cells.items()}
        unsaid = {UNSAID: _label(self._form.texts.unsaid)}
        return Table(
            id=counted.id,
            label=_label(counted.label),
            of="requests",
            many=counted.many,
            alone=(*counted.alone, UNSAID) if counted.many else (),
            told=counted.told,
            cells=_fields(cells | unsaid),
        )

    def _own(self, name: str, of: Base | None = None) -> Table:
        cells = {cell: self._say(text) for cell, text in words.CELLS[name].items()}
        return self._table(name, of or OF[name], cells)

    def _table(self, name: str, of: Base, cells: dict[str, Label], many: bool = False) -> Table:
        label = self._say(words.TABLES[name])
        return Table(id=name, label=label, of=of, many=many, cells=_fields(cells))

    def _languages(self) -> dict[str, Label]:
        languages = self._form.languages
        return {code: dict.fromkeys(languages, code) for code in languages}

    def _say(self, sentence: str) -> Label:
        return {language: self._texts.say(language)(sentence) for language in self._form.languages}


def _fields(cells: dict[str, Label]) -> tuple[Cell, ...]:
    return tuple(Cell(id=name, label=label) for name, label in cells.items())


def _label(text: Words) -> Label:
    return dict(text.by_language)
