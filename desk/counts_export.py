"""The counts for programs and spreadsheets: one tidy table with HXL hashtags, or JSON.

HXL is how humanitarian organisations exchange tables: the first row is for people, the second
says with hashtags what each column holds, whatever language the first is in.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import asdict
from io import StringIO
from typing import Any, Final

from desk.counts_rows import Row, reader_of, rows, sentences
from desk.desk import Desk
from desk.safe import plain
from intake.count_story import rounding
from intake.counts import Rules, Shown

Value = str | int | float | None

_FORMULA: Final = re.compile(r"(^|[;,|])(\s*[\"']*)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])")
"""Where a spreadsheet would begin to calculate: at the start of a cell, and behind what another
country's spreadsheet takes for the end of one."""


def as_csv(desk: Desk, shown: Shown) -> str:
    """What can be said first, then every figure of every month and of the day."""
    columns = _columns(desk)
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow([title for title, _, _ in columns])
    writer.writerow([tag for _, tag, _ in columns])
    for said in _said(desk, shown):
        writer.writerow([_cell(said.get(tag)) for _, tag, _ in columns])
    for row in rows(desk, shown):
        writer.writerow([_cell(value(row)) for _, _, value in columns])
    return written.getvalue()


def _columns(desk: Desk) -> tuple[tuple[str, str, Callable[[Row], Value]], ...]:
    """Title, hashtag, and what stands below them."""
    return (
        (desk.say("Month or day"), "#date", lambda row: row.date),
        (desk.say("Kind"), "#meta+kind", lambda row: row.kind),
        (desk.say("Table"), "#indicator+table+code", lambda row: row.figure.table),
        (
            desk.say("Name of the table"),
            "#indicator+table+name",
            lambda row: row.figure.table_label,
        ),
        (desk.say("Line"), "#indicator+cell+code", lambda row: row.figure.cell),
        (desk.say("Name of the line"), "#indicator+cell+name", lambda row: row.figure.label),
        (desk.say("Count"), "#indicator+count+num", lambda row: row.figure.count),
        (desk.say("Of how many"), "#indicator+whole+num", lambda row: row.figure.whole),
        (desk.say("Percent"), "#indicator+percent+num", lambda row: row.figure.percent),
        (desk.say("Below percent"), "#indicator+below+num", lambda row: row.figure.below),
        (desk.say("State"), "#status+code", lambda row: row.state),
        (desk.say("Of what"), "#indicator+base+code", lambda row: row.of),
        (desk.say("Definition"), "#description", lambda row: row.definition),
        (desk.say("Smallest shown"), "#meta+smallest+num", _rule(lambda one: one.smallest)),
        (desk.say("Rounded to"), "#meta+rounding+num", _rule(lambda one: one.rounding)),
        (desk.say("Percent from"), "#meta+share_from+num", _rule(lambda one: one.share_from)),
        (desk.say("Days until shown"), "#meta+shown_after+num", _rule(lambda one: one.shown_after)),
        (desk.say("Moved by"), "#meta+blur+num", _rule(lambda one: one.blur)),
    )


def _rule(which: Callable[[Rules], Value]) -> Callable[[Row], Value]:
    return lambda row: None if row.rules is None else which(row.rules)


def _said(desk: Desk, shown: Shown) -> list[dict[str, str]]:
    """The sentences as rows, and what is done to every figure: they hold no figure of their own."""
    if not shown.releases:
        return []
    first = {"#date": shown.releases[-1].month, "#meta+kind": "sentence", "#status+code": "told"}
    told = [
        first
        | {
            "#indicator+cell+code": one.id,
            "#indicator+cell+name": one.text,
            "#description": one.definition,
        }
        for one in sentences(desk, shown)
    ]
    rules = rounding(shown.rules, reader_of(desk))
    return [*told, first | {"#indicator+cell+code": "rounding", "#indicator+cell+name": rules}]


def _cell(value: Value) -> Value:
    """Text in one line that no spreadsheet takes for a formula: labels come with the form."""
    if not isinstance(value, str):
        return value
    return _FORMULA.sub(r"\1'\2", plain(" ".join(value.split())))


def as_json(desk: Desk, shown: Shown) -> dict[str, Any]:
    """The same for programs, and which month is shown next."""
    return {
        "organisation": shown.organisation,
        "language": desk.settings.language,
        "rules": shown.rules.model_dump(mode="json"),
        "rounding": rounding(shown.rules, reader_of(desk)),
        "sentences": [asdict(one) for one in sentences(desk, shown)],
        "months": [
            {
                "month": one.month,
                "shown_from": f"{one.shown_from:%Y-%m-%d}",
                "rules": one.rules.model_dump(mode="json"),
            }
            for one in shown.releases
        ],
        "next_month": {"month": shown.next_month, "shown_from": f"{shown.next_from}"},
        "figures": [_document(row) for row in rows(desk, shown)],
    }


def _document(row: Row) -> dict[str, Any]:
    figure = row.figure
    return {
        "date": row.date,
        "kind": row.kind,
        "table": figure.table,
        "table_label": figure.table_label,
        "cell": figure.cell,
        "label": figure.label,
        "count": figure.count,
        "whole": figure.whole,
        "percent": figure.percent,
        "below": figure.below,
        "state": row.state,
        "of": row.of,
        "definition": row.definition,
        "rules": None if row.rules is None else row.rules.model_dump(mode="json"),
    }
