"""What is counted, and in which month."""

from datetime import UTC, date, datetime, timedelta

import pytest

from intake.answers import SKIPPED, Answers
from intake.case import CaseHeader, ContactRule, Level, State, Turn
from intake.counting import (
    BadTally,
    Cell,
    Tally,
    kept_for_later,
    month_after,
    month_of,
    of_answers,
    of_closing,
    of_first_answer,
    of_kept,
    of_request,
)
from intake.records import Outcome
from tests.intake.made import default_form, one, small_form

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def header(level: Level = Level.P1, language: str = "ru") -> CaseHeader:
    return CaseHeader(
        id=bytes(16),
        language=language,
        level=level,
        skills=frozenset({"legal"}),
        country=None,
        contact=ContactRule(None),
        received=NOON,
        promised_by=NOON + timedelta(hours=6),
        form="0" * 64,
        epoch=1,
        state=State.WAITING,
        turn=Turn.OURS,
    )


def cells(**answers: object) -> set[Cell]:
    return set(of_answers(default_form(), dict(answers), TODAY))  # type: ignore[arg-type]


def test_a_request_counts_once_and_in_one_cell_of_every_table_of_one_answer() -> None:
    found = of_request(default_form(), {"consent": "yes", "status": "contract"}, header(), TODAY)
    tables = [table for table, _ in found]
    assert len(tables) == len(set(tables))
    assert ("requests", "all") in found
    assert ("language", "ru") in found
    assert ("urgency", "p1") in found
    assert ("status", "contract") in found


def test_what_was_skipped_and_what_was_not_asked_counts_as_not_said() -> None:
    assert ("status", "unsaid") in cells(status=SKIPPED)
    assert ("status", "unsaid") in cells()
    assert ("article", "unsaid") in cells()


def test_several_choices_count_in_several_cells_each_once() -> None:
    found = of_answers(default_form(), {"case": ("a337", "a338", "wanted")}, TODAY)
    assert {cell for table, cell in found if table == "article"} == {"a337", "a338", "wanted"}


def test_choices_of_one_group_count_once() -> None:
    assert ("country", "union") in cells(situation="abroad", region="kz")
    assert ("country", "eu") in cells(situation="abroad", region="eu")


def test_what_is_derived_counts_as_if_it_were_said() -> None:
    assert ("country", "zone") in cells(situation="front")
    assert ("country", "ru") in cells(situation="left")


@pytest.mark.parametrize(
    ("answers", "wants_out"),
    [
        ({"status": "contract", "situation": "rear", "need": ("legal",)}, True),
        ({"status": "mobilised", "situation": "rear", "need": ("relocation", "psych")}, True),
        ({"status": "officer", "situation": "left"}, True),
        ({"status": "conscript", "situation": "abroad"}, True),
        ({"status": "prison", "situation": "front", "need": ("medical",)}, False),
        ({"status": "reserve", "situation": "abroad", "need": ("legal",)}, False),
        ({"status": "civilian", "need": ("legal",)}, False),
        ({"situation": "left", "need": ("legal",)}, False),
        ({}, False),
    ],
)
def test_who_is_a_soldier_who_wants_out(answers: Answers, wants_out: bool) -> None:
    found = of_answers(default_form(), answers, TODAY)
    assert (("shares", "leaving") in found) is wants_out


def test_a_form_that_counts_nothing_counts_the_request_all_the_same() -> None:
    form = small_form(one("a", "x", "y"))
    assert of_request(form, {"a": "x"}, header(), TODAY) == (
        ("requests", "all"),
        ("language", "ru"),
        ("urgency", "p1"),
    )


@pytest.mark.parametrize(
    ("hours", "within", "kept"),
    [
        (0, "h6", "kept"),
        (6, "h6", "kept"),
        (7, "h24", "broken"),
        (24, "h24", "broken"),
        (72, "d3", "broken"),
        (168, "d7", "broken"),
        (169, "more", "broken"),
    ],
)
def test_a_first_answer_counts_by_how_long_it_took(hours: int, within: str, kept: str) -> None:
    assert of_first_answer(header(), NOON + timedelta(hours=hours)) == (
        ("answers", "all"),
        ("waited", within),
        ("promise", kept),
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_closing_counts_with_its_outcome(outcome: Outcome) -> None:
    assert of_closing(outcome) == (("closings", "all"), ("outcome", outcome.value))


def test_the_rest_of_an_early_request_takes_the_place_of_what_was_counted() -> None:
    form = default_form()
    early: Answers = {"status": "contract", "situation": "front"}
    later: Answers = dict(early) | {"situation": "left", "need": ("legal", "psych")}
    first = of_request(form, early, header(), TODAY)
    month, before = of_kept(form, kept_for_later("2026-11", of_answers(form, early, TODAY)))
    after = Tally().with_(first).with_(of_answers(form, later, TODAY), before)
    assert month == "2026-11"
    assert after == Tally().with_(of_request(form, later, header(), TODAY))


def test_a_tally_survives_its_bytes_and_never_falls_below_nothing() -> None:
    tally = Tally().with_([("a", "b"), ("a", "b"), ("c", "d")])
    assert Tally.from_bytes(tally.to_bytes()) == tally
    assert tally.count("a", "b") == 2
    assert tally.with_([], [("c", "d"), ("c", "d")]).count("c", "d") == 0
    assert tally.plus(tally).count("a", "b") == 4


@pytest.mark.parametrize(
    "data",
    [b"", b"{}x", b"[[1,2,3]]", b'[["a","b"]]', b'[["a","b",-1]]', b'[["a","b",true]]', b"[3]"],
)
def test_bytes_that_are_no_tally_are_refused(data: bytes) -> None:
    with pytest.raises(BadTally):
        Tally.from_bytes(data)


def test_months_follow_each_other_and_end_in_utc() -> None:
    assert month_after("2026-12") == "2027-01"
    assert month_after("2028-01") == "2028-02"
    assert month_of(datetime.fromisoformat("2026-12-01T01:30:00+03:00")) == "2026-11"
