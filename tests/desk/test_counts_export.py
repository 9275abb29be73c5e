"""`tropa counts --csv` and `--json`: the same figures, safe in a spreadsheet, whole to programs."""

import csv
import json
import re
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest

from desk.counts_export import as_csv
from intake.count_story import rounding, story
from intake.counts import Cell, Shown
from intake.figures import Figure, Reader, months, standing
from tests.desk import counted
from tests.desk.counted import given
from tests.desk.test_program import tropa
from tests.desk.world import DeskUser, World

Row = dict[str, str]

ENGLISH = Reader(str, "en")
HASHTAG = r"#[a-z][a-z0-9_]*(\+[a-z][a-z0-9_]*)*"
STATES = {"shown", "least", "below", "hidden"}


year = pytest.fixture(scope="module")(counted.year)


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(text), delimiter=delimiter))


def by_tag(text: str) -> list[Row]:
    """The rows below the hashtags, by hashtag, as a program of HXL reads them."""
    _, tags, *rows = table(text)
    return [dict(zip(tags, row, strict=True)) for row in rows]


def figures(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["#status+code"] in STATES]


# The same everywhere


def expected(shown: Shown) -> list[tuple[str, Figure]]:
    """Every figure of `intake.figures`, and the roster's."""
    found = [(one.month, figure) for one in months(shown, ENGLISH) for figure in one.everything]
    assert shown.today is not None
    day = f"{shown.today.at:%Y-%m-%d}"
    total, blocks = standing(shown.today, ENGLISH)
    found += [(day, figure) for figure in (total, *(f for one in blocks for f in one.figures))]
    for one in shown.today.load:
        for name, count in (("members", one.members), ("capacity", one.capacity)):
            label = one.label["en"]
            found.append((day, Figure("cell", "", name, name, one.skill, label, count)))
    return found


def key(when: str, figure: Figure) -> tuple[Any, ...]:
    return (
        *(when, figure.table, figure.cell, figure.label),
        *(figure.count, figure.whole, figure.percent, figure.below),
    )


def test_csv_json_and_the_figures_of_every_view_are_the_same(year: World) -> None:
    user, shown = year.desk("counts"), given(year)
    wanted = sorted((key(*one) for one in expected(shown)), key=repr)
    assert len(wanted) > 500
    written = figures(by_tag(user.run("counts", "--csv").out))
    assert sorted((from_csv(row) for row in written), key=repr) == wanted
    document = user.run("counts", "--json").json
    assert sorted((from_json(one) for one in document["figures"]), key=repr) == wanted
    assert {row["#status+code"] for row in written} == STATES


def number(text: str) -> int | None:
    return int(text) if text else None


def from_csv(row: Row) -> tuple[Any, ...]:
    names = ("#date", "#indicator+table+code", "#indicator+cell+code", "#indicator+cell+name")
    numbers = ("count", "whole", "percent", "below")
    return (
        *(row[name] for name in names),
        *(number(row[f"#indicator+{name}+num"]) for name in numbers),
    )


def from_json(one: dict[str, Any]) -> tuple[Any, ...]:
    names = ("date", "table", "cell", "label", "count", "whole", "percent", "below")
    return tuple(one[name] for name in names)


def test_the_state_says_how_much_of_a_figure_is_seen(year: World) -> None:
    for row in figures(by_tag(year.desk("counts").run("counts", "--csv").out)):
        count, below = row["#indicator+count+num"], row["#indicator+below+num"]
        state = row["#status+code"]
        assert (count != "") == (state in ("shown", "least"))
        assert (below != "") == (state == "below")
        assert count != "0" or row["#indicator+base+code"] == "roster", "hidden is no nought"


def test_each_figure_carries_its_definition_and_its_thresholds(year: World) -> None:
    user = year.desk("counts")
    for row in figures(by_tag(user.run("counts", "--csv").out)):
        assert row["#description"]
        rules = [row[f"#meta+{n}+num"] for n in ("smallest", "rounding", "share_from", "blur")]
        if row["#meta+kind"] == "roster":
            assert rules == [""] * 4
        elif len(row["#date"]) == len("2026-10"):
            assert rules == ["10", "5", "50", "6"]
        else:
            assert rules == ["10", "10", "50", "12"]
    document = user.run("counts", "--json").json
    assert all(one["definition"] for one in document["figures"])
    assert document["rules"]["smallest"] == 10
    assert {one["rules"]["smallest"] for one in document["months"]} == {10}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_sentences_stand_in_both_with_their_definitions(year: World, language: str) -> None:
    user, shown = year.desk("counts", language=language), given(year)
    reader = ENGLISH if language == "en" else counted.RUSSIAN
    wanted = [(one.text, one.definition) for one in story(shown, reader)]
    assert len(wanted) >= 4
    *told, last = [
        (row["#indicator+cell+name"], row["#description"])
        for row in by_tag(user.run("counts", "--csv").out)
        if row["#meta+kind"] == "sentence"
    ]
    assert told == wanted
    assert last == (rounding(shown.rules, reader), "")
    document = user.run("counts", "--json").json
    assert [(one["text"], one["definition"]) for one in document["sentences"]] == wanted
    assert document["rounding"] == rounding(shown.rules, reader)


# For programs


def test_the_second_row_is_of_hashtags_and_every_row_is_as_long(year: World) -> None:
    for language in ("en", "ru"):
        titles, tags, *rows = table(
            year.desk("counts", language=language).run("counts", "--csv").out
        )
        assert all(titles)
        assert len(set(tags)) == len(tags) == len(titles)
        assert all(re.fullmatch(HASHTAG, tag) for tag in tags)
        assert {len(row) for row in rows} == {len(tags)}


def test_dates_are_dates_and_numbers_numbers(year: World) -> None:
    """What a validator of HXL holds against a table first."""
    for row in by_tag(year.desk("counts").run("counts", "--csv").out):
        when = row["#date"]
        date.fromisoformat(when if len(when) == len("2026-10-01") else f"{when}-01")
        numbers = [value for tag, value in row.items() if tag.endswith("+num")]
        assert all(re.fullmatch(r"\d*", value) for value in numbers)


def test_the_lines_end_as_rfc_4180_has_them(year: World) -> None:
    out = year.desk("counts").run("counts", "--csv").out
    assert out.endswith("\r\n")
    assert out.count("\n") == out.count("\r\n")


def test_a_program_writes_utf_8_wherever_it_runs(world: World) -> None:
    world.time.live = True
    world.put(world.roster.extended(world.time() + timedelta(days=9)))
    home = world.desk("counts").home
    ran = tropa(home, "counts", "--csv", TROPA_LANGUAGE="ru", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0, ran.stderr
    assert "Месяц или день,Вид" in ran.stdout
    assert "Traceback" not in ran.stderr


def test_without_a_month_there_are_no_sentences_and_the_day_is_there(world: World) -> None:
    user = world.desk("counts")
    rows = by_tag(user.run("counts", "--csv").out)
    assert {row["#date"] for row in rows} == {"2026-11-22"}
    assert not [row for row in rows if row["#meta+kind"] == "sentence"]
    document = user.run("counts", "--json").json
    assert document["sentences"] == document["months"] == []


# For spreadsheets

TRAPS = (
    '=HYPERLINK("http://example.org","Open")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "  =1",
    "\t=1",
    "a\n=1",
    "\uff1d1+1",
    "'=1",
    '"=1"',
    "x;=1+1",
    "x; =1+1",
    'x;"=1+1',
    "x|=1",
    "a,=1",
    "\x1b]0;title\x07=1",
    "\u202e=1",
)


def trapped(shown: Shown, label: str) -> Shown:
    """The same counts under a form whose answers are called so."""

    def renamed(cell: Cell) -> Cell:
        return cell.model_copy(update={"label": {"en": label}})

    releases = tuple(
        one.model_copy(
            update={
                "tables": tuple(
                    t.model_copy(
                        update={"label": {"en": label}, "cells": tuple(map(renamed, t.cells))}
                    )
                    for t in one.tables
                ),
                "shares": tuple(
                    s.model_copy(update={"label": {"en": label}, "meaning": {"en": label}})
                    for s in one.shares
                ),
            }
        )
        for one in shown.releases
    )
    return shown.model_copy(update={"releases": releases})


@pytest.mark.parametrize("label", TRAPS)
def test_no_label_becomes_a_formula(year: World, label: str) -> None:
    text = as_csv(year.desk("counts").desk(), trapped(given(year), label))
    plain = as_csv(year.desk("counts").desk(), given(year))
    assert len(table(text)) == len(table(plain)), "no label adds a row"
    for delimiter in ",;|\t":
        cells = [cell for row in table(text, delimiter) for cell in row]
        assert not [cell for cell in cells if re.match(r"[\s\"]*[=+\-@\uff1d]", cell)]
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\u202e]", text)


def test_an_ordinary_label_stays_as_it_is(year: World) -> None:
    labels = {row["#indicator+cell+name"] for row in by_tag(out_of(year.desk("counts")))}
    assert {"Reserve, or a summons came", "Serving, not at the front"} <= labels


def out_of(user: DeskUser) -> str:
    return user.run("counts", "--csv").out


def test_json_says_which_months_are_shown_and_since_when(year: World) -> None:
    document = json.loads(year.desk("counts").run("counts", "--json").out)
    assert document["organisation"] == "Trail"
    assert [one["month"] for one in document["months"]][-1] == "2026-10"
    assert document["months"][-1]["shown_from"] == "2026-11-15"
    assert document["next_month"] == {"month": "2026-11", "shown_from": "2026-12-15"}


def test_nothing_of_the_counts_stays_on_the_disk(world: World) -> None:
    user = world.desk("counts")
    before = sorted(path for path in user.home.rglob("*"))
    for how in ((), ("--csv",), ("--json",)):
        assert user.run("counts", *how).code == 0
    assert sorted(path for path in user.home.rglob("*")) == before
