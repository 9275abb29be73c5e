"""What cannot work in the `counts` of a form, told to the person who edits it."""

from collections.abc import Iterator

from intake.check_words import Wording
from intake.counting import OWN, UNSAID
from intake.lined import Fault, Source
from intake.questions import Kind
from intake.schema import CountedIn, CountsIn, FormIn, QuestionIn

_LABEL = 60
_MEANING = 600


def check_counts(form: FormIn, source: Source, wording: Wording) -> Iterator[Fault]:
    """Every fault of this part, conditions aside."""
    counts = form.counts
    if counts is None:
        return
    by_id = {question.id: question for question in form.questions}
    yield from _ids(counts, source)
    for place, table in enumerate(counts.questions):
        yield from _table(table, place, by_id.get(table.of), source, wording)
    for place, share in enumerate(counts.shares):
        yield from wording.check(share.label, "counts", "shares", place, "label", most=_LABEL)
        yield from wording.check(share.meaning, "counts", "shares", place, "meaning", most=_MEANING)
    yield from _sums(counts, by_id, source, wording)


def _ids(counts: CountsIn, source: Source) -> Iterator[Fault]:
    seen = set(OWN)
    for place, table in enumerate(counts.questions):
        name = table.id or table.of
        if name in seen:
            line = source.line("counts", "questions", place)
            yield Fault(line, f"a table '{name}' is there already; give this one another 'id'")
        seen.add(name)
    shares, sums = [share.id for share in counts.shares], [total.id for total in counts.sums]
    for part, ids in (("shares", shares), ("sums", sums)):
        for place, name in enumerate(ids):
            if name in seen:
                line = source.line("counts", part, place, "id")
                yield Fault(line, f"'{name}' is used twice; give one of them another id")
            seen.add(name)


def _table(
    table: CountedIn, place: int, question: QuestionIn | None, source: Source, wording: Wording
) -> Iterator[Fault]:
    path = ("counts", "questions", place)
    if question is None or question.kind not in (Kind.ONE, Kind.MANY):
        line = source.line(*path, "of")
        yield Fault(line, f"'{table.of}' is not a question of kind 'one' or 'many'")
        return
    if table.label is not None:
        yield from wording.check(table.label, *path, "label", most=_LABEL)
    grouped: set[str] = set()
    for name, group in table.groups.items():
        line = source.line(*path, "groups", name)
        yield from wording.check(group.label, *path, "groups", name, "label", most=_LABEL)
        if name == UNSAID or (name in question.choices and name not in group.of):
            yield Fault(line, f"'{name}' means something else here; rename the group")
        for choice in group.of:
            if choice not in question.choices:
                yield Fault(line, f"'{choice}' is not a choice of '{question.id}'")
            if choice in grouped:
                yield Fault(line, f"'{choice}' stands in two groups; delete it from one")
            grouped.add(choice)


def _sums(
    counts: CountsIn, by_id: dict[str, QuestionIn], source: Source, wording: Wording
) -> Iterator[Fault]:
    tables = {table.id or table.of: table for table in counts.questions}
    for place, total in enumerate(counts.sums):
        path = ("counts", "sums", place)
        yield from wording.check(total.label, *path, "label", most=_LABEL)
        table = tables.get(total.of)
        question = None if table is None else by_id.get(table.of)
        if table is None or question is None or question.kind is not Kind.ONE:
            yield Fault(
                source.line(*path, "of"),
                f"'{total.of}' is not a table of a question of kind 'one'; only there can cells "
                "be added without counting somebody twice",
            )
            continue
        grouped = {choice for group in table.groups.values() for choice in group.of}
        known = {*question.choices} - grouped | {*table.groups}
        for cell in total.cells:
            if cell not in known:
                yield Fault(source.line(*path, "cells"), f"'{cell}' is not a cell of '{total.of}'")
