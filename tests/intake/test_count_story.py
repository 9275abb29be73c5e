"""The sentences and figures that every view shows: what they add, and what they leave out."""

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from intake.count_story import Sentence, rounding, story
from intake.counts import Cell, Release, Rules, Share, Shown, Sum, Table
from intake.figures import Reader, median_wait, months, promise_kept, together

READER = Reader(str, "en")
STATUS = ("contract", "mobilised", "civilian")


def _table(name: str, of: str, counts: Mapping[str, int | None], told: bool = False) -> Table:
    cells = tuple(Cell(id=cell, label={"en": cell}, count=n) for cell, n in counts.items())
    return Table.model_validate(
        {"id": name, "label": {"en": name}, "of": of, "many": told, "told": told, "cells": cells}
    )


def shown_of(*releases: Release, organisation: str = "Trail") -> Shown:
    """These months, in November 2026."""
    return Shown(
        organisation=organisation,
        rules=Rules(),
        releases=releases,
        next_month="2026-11",
        next_from=date(2026, 12, 15),
    )


def release(
    month: str,
    requests: int | None,
    status: Sequence[int | None],
    leaving: int | None,
    *,
    few: bool = False,
    articles: Mapping[str, int | None] | None = None,
    waited: Mapping[str, int | None] | None = None,
) -> Release:
    return Release(
        month=month,
        rules=Rules(),
        totals={"requests": requests, "answers": 100, "closings": None},
        tables=(
            _table("status", "requests", dict(zip(STATUS, status, strict=True))),
            _table("article", "requests", articles or {"a337": 40, "a338": 15}, told=True),
            _table("waited", "answers", waited or {"h6": 40, "h24": 30, "d3": 20, "more": None}),
            _table("promise", "answers", {"kept": 80, "broken": 20}),
        ),
        shares=(
            Share(
                id="leaving",
                label={"en": "Who want out"},
                meaning={"en": "Soldiers who."},
                count=leaving,
                few=few,
            ),
        ),
        sums=(
            Sum(
                id="soldiers",
                label={"en": "Soldiers"},
                of="status",
                cells=("contract", "mobilised"),
            ),
        ),
    )


def told(*releases: Release) -> dict[str, Sentence]:
    shown = shown_of(*releases)
    return {sentence.id: sentence for sentence in story(shown, READER)}


YEAR = (
    release("2025-10", 500, (150, 100, 250), 15),
    *(release(f"2025-{n}", 500, (150, 100, 250), 60) for n in (11, 12)),
    *(release(f"2026-0{n}", 500, (150, 100, 250), 60) for n in range(1, 10)),
    release("2026-10", 700, (200, 150, 350), 250),
)


def test_soldiers_are_added_over_two_months() -> None:
    sentence = told(*YEAR)["sum_soldiers"]
    assert sentence.text == ("Soldiers: about 600 asked for help (September 2026 – October 2026).")
    assert sentence.definition.startswith("Soldiers: contract, mobilised. A request counts once")


def test_a_share_stands_beside_that_of_a_year_ago_with_what_it_is_of() -> None:
    sentence = told(*YEAR)["share_leaving"]
    assert sentence.text == (
        "Who want out: about 36 % of all requests in October 2026 (250 of 700), "
        "against 3 % in October 2025 (15 of 500)."
    )
    assert sentence.definition == "Soldiers who."


def test_a_share_of_few_a_year_ago_is_told_as_less_than() -> None:
    before = release("2025-10", 400, (150, 100, 150), None, few=True)
    text = told(before, *YEAR[1:])["share_leaving"].text
    assert text.endswith("against < 6 % in October 2025 (fewer than 22 of 400).")


def test_without_a_year_the_first_month_is_compared_and_alone_nothing_is() -> None:
    assert "November 2025 (60 of 500)" in told(*YEAR[1:])["share_leaving"].text
    assert told(YEAR[-1])["share_leaving"].text == (
        "Who want out: about 36 % of all requests in October 2026 (250 of 700)."
    )


def test_the_largest_part_of_a_sum_is_told() -> None:
    assert told(*YEAR)["part_soldiers"].text == (
        "Soldiers, the largest part: contract, about 58 % "
        "(350 of 600; September 2026 – October 2026)."
    )


def test_how_long_the_first_answer_takes() -> None:
    sentences = told(*YEAR)
    assert sentences["waited"].text == (
        "Half of the first answers came within: h24 (October 2026, 100 answers)."
    )
    assert sentences["promise"].text == (
        "About 80 % of the first answers came in time (80 of 100, October 2026)."
    )


def test_how_many_cases_rest_on_which_article() -> None:
    assert told(*YEAR)["told_article"].text == (
        "article: a337 — about 80; a338 — about 30 (September 2026 – October 2026)."
    )


def test_what_is_hidden_in_a_month_makes_the_sum_a_least_and_no_part_is_told() -> None:
    hides = release("2026-10", 700, (None, 150, 350), 250, articles={"a337": None, "a338": 20})
    sentences = told(*YEAR[:-1], hides)
    assert sentences["sum_soldiers"].text.startswith("Soldiers: at least 400 ")
    assert "part_soldiers" not in sentences
    assert sentences["told_article"].text.startswith("article: a337 — at least 40; a338 — about 35")


def test_nothing_is_said_of_what_is_hidden() -> None:
    hidden = release(
        "2026-10",
        None,
        (None, None, None),
        None,
        articles={"a337": None, "a338": None},
        waited={"h6": None, "h24": None, "d3": 60, "more": None},
    )
    assert set(told(hidden)) == {"promise"}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_any_number_of_months_can_be_told(count: int) -> None:
    assert bool(told(*YEAR[:count])) is bool(count)


def test_the_median_is_told_only_where_everything_up_to_it_is_shown() -> None:
    def middle(waited: Mapping[str, int | None]) -> str | None:
        (month,) = months(
            shown_of(release("2026-10", 500, (1, 1, 1), 60, waited=waited)),
            READER,
        )
        block = month.block("waited")
        assert block is not None
        found = median_wait(block)
        return found.cell if found else None

    assert middle({"h6": 50, "h24": 50}) == "h6"
    assert middle({"h6": 45, "h24": 55}) == "h24"
    assert middle({"h6": None, "h24": 80}) is None
    assert middle({"h6": 10, "h24": 10}) is None


def test_figures_say_what_they_are_of() -> None:
    (month,) = months(shown_of(YEAR[-1]), READER)
    kept = promise_kept(month)
    assert kept is not None
    assert (kept.count, kept.whole, kept.percent) == (80, 100, 80)
    assert month.total("closings").count is None
    assert month.block("none") is None
    assert together([month.total("closings")], 50) is None


def test_the_note_on_rounding_names_the_thresholds() -> None:
    note = rounding(Rules(smallest=20, shown_after=30), READER)
    assert "fewer than 20" in note
    assert "30 days" in note


def test_what_another_months_form_does_not_tell_is_not_added() -> None:
    before = release("2026-09", 500, (150, 100, 250), 60).model_copy(update={"sums": ()})
    found = told(before, release("2026-10", 700, (200, 150, 350), 250))
    assert "sum_soldiers" not in found
    assert "part_soldiers" not in found
    assert "share_leaving" in found


def test_what_another_months_form_counts_otherwise_is_not_added() -> None:
    now = release("2026-10", 700, (200, 150, 350), 250, articles={"a337": 90, "a338": 45})
    before = release("2026-09", 500, (150, 100, 250), 60, articles={"a337": 40})
    (soldiers,) = before.sums
    fewer = before.model_copy(
        update={"sums": (soldiers.model_copy(update={"cells": ("contract",)}),)}
    )
    found = told(fewer, now)
    assert "sum_soldiers" not in found
    assert "part_soldiers" not in found
    text = found["told_article"].text
    assert "a337 — about 130" in text
    assert "a338" not in text
