"""Urgency of the default form, as a table of named cases."""

from datetime import date, timedelta

import pytest

from intake.answers import SKIPPED, Answer, Skipped
from intake.case import Level
from intake.triage import WAITING, triage
from tests.intake.made import NOW, default_form

TODAY = NOW.date()
Said = dict[str, Answer | Skipped]


def until(days: int) -> date:
    return TODAY + timedelta(days=days)


def abroad(**more: Answer | Skipped) -> Said:
    return {"situation": "abroad", **more}


ALONE: list[tuple[str, Said, dict[str, int]]] = [
    ("nothing said", {}, {}),
    ("everything skipped", {"danger": SKIPPED, "situation": SKIPPED, "health": SKIPPED}, {}),
    ("danger within 3 days", {"danger": "days3"}, {"days3": 40}),
    ("danger within 2 weeks", {"danger": "weeks2"}, {"weeks2": 20}),
    ("danger unsure", {"danger": "unsure"}, {"danger_unsure": 10}),
    ("no danger", {"danger": "no"}, {}),
    ("dark, not now", {"who": "me", "mind": "dark", "mind_now": "no"}, {"dark": 40}),
    ("dark, now not said", {"who": "me", "mind": "dark", "mind_now": SKIPPED}, {"dark": 40}),
    ("very hard", {"who": "me", "mind": "very_hard"}, {"very_hard": 15}),
    ("hard", {"who": "me", "mind": "hard"}, {}),
    ("dark, but of somebody else", {"who": "other", "mind": "dark"}, {}),
    ("at the front", {"situation": "front"}, {"front": 20}),
    ("in hospital", {"situation": "hospital"}, {"away": 20}),
    ("on leave", {"situation": "leave"}, {"away": 20}),
    ("left the unit", {"situation": "left"}, {"left": 25}),
    ("in the rear", {"situation": "rear"}, {}),
    ("stay over", abroad(region="kz", stay_until="expired"), {"stay7": 30}),
    ("stay ended yesterday", abroad(region="kz", stay_until=until(-1)), {"stay7": 30}),
    ("stay ends in 7 days", abroad(region="kz", stay_until=until(7)), {"stay7": 30}),
    ("stay ends in 8 days", abroad(region="kz", stay_until=until(8)), {"stay30": 15}),
    ("stay ends in 30 days", abroad(region="kz", stay_until=until(30)), {"stay30": 15}),
    ("stay ends in 31 days", abroad(region="kz", stay_until=until(31)), {"stay90": 5}),
    ("stay ends in 90 days", abroad(region="kz", stay_until=until(90)), {"stay90": 5}),
    ("stay ends in 91 days", abroad(region="kz", stay_until=until(91)), {}),
    ("residence permit", abroad(region="kz", stay_until="permit"), {}),
    ("wanted abroad", {"case": ("intl",)}, {"wanted_abroad": 20}),
    ("wanted abroad, and an article", {"case": ("a338", "intl")}, {"wanted_abroad": 20}),
    ("an article", {"case": ("a337",)}, {"any_case": 10}),
    ("three articles count once", {"case": ("a337", "a338", "other")}, {"any_case": 10}),
    ("no case known", {"case": ("unknown",)}, {}),
    ("wanted, in Georgia", abroad(region="ge", case=("wanted",)), {"any_case": 10}),
    *(
        (f"wanted, in {country}", abroad(region=country, case=("wanted",)),
         {"any_case": 10, "handed_over": 15})
        for country in ("kz", "kg", "am", "by")
    ),
    ("abroad, internal passport", abroad(region="kz", documents=("internal",)),
     {"no_passport": 10}),
    ("abroad, no papers", abroad(region="kz", documents=("none",)), {"no_passport": 10}),
    ("abroad, papers taken", abroad(region="kz", documents=("taken",)), {"no_passport": 10}),
    ("abroad, both passports", abroad(region="kz", documents=("internal", "foreign5")), {}),
    ("abroad, papers not said", abroad(region="kz", documents=SKIPPED), {}),
    ("in Russia, internal passport", {"situation": "left", "documents": ("internal",)},
     {"left": 25}),
    ("country says abroad", {"region": "tr", "documents": ("none",)}, {"no_passport": 10}),
    ("wound", {"health": "wound"}, {"wound": 15}),
    ("regular medicine", {"health": "regular"}, {"regular": 10}),
    ("a child comes along", {"need": ("relocation",), "dependants": 1,
                             "dependants_kind": ("child",)}, {"family": 10}),
    ("child and pregnancy count once", {"need": ("relocation",), "dependants": 2,
                                        "dependants_kind": ("child", "pregnant")},
     {"family": 10}),
    ("nobody of these", {"need": ("relocation",), "dependants": 2,
                         "dependants_kind": ("none",)}, {}),
    ("a shared phone is no urgency", {"device": "shared"}, {}),
    ("a watched phone is no urgency", {"device": "watched"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "reasons"), [c[1:] for c in ALONE], ids=[c[0] for c in ALONE])
def test_points_come_from_named_rules(answers: Said, reasons: dict[str, int]) -> None:
    urgency = triage(default_form(), answers, NOW)
    assert {reason.rule: reason.points for reason in urgency.reasons} == reasons
    assert urgency.points == sum(reasons.values())


STRAIGHT: list[tuple[str, Said]] = [
    ("danger within a day", {"danger": "day"}),
    ("detained", {"situation": "detained"}),
    ("suicide now", {"who": "me", "mind": "dark", "mind_now": "yes"}),
    ("urgent medical", {"health": "urgent"}),
]


@pytest.mark.parametrize("answers", [c[1] for c in STRAIGHT], ids=[c[0] for c in STRAIGHT])
def test_some_things_go_straight_to_the_top(answers: Said) -> None:
    urgency = triage(default_form(), answers, NOW)
    assert (urgency.level, urgency.points) == (Level.P0, 0)
    assert urgency.promised == timedelta(hours=1)
    assert len(urgency.reasons) == 1


@pytest.mark.parametrize(
    ("answers", "points", "level", "hours"),
    [
        ({"danger": "days3", "health": "regular"}, 50, Level.P1, 6),
        ({"danger": "days3"}, 40, Level.P2, 24),
        ({"situation": "left"}, 25, Level.P2, 24),
        ({"situation": "front"}, 20, Level.P3, 72),
        ({}, 0, Level.P3, 72),
        ({"danger": "days3", "situation": "front", "health": "wound", "case": ("a337",)},
         85, Level.P1, 6),
    ],
)  # fmt: skip
def test_points_make_the_level(answers: Said, points: int, level: Level, hours: int) -> None:
    urgency = triage(default_form(), answers, NOW)
    assert (urgency.points, urgency.level) == (points, level)
    assert urgency.promised == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("hours", "points"),
    [(-5, 0), (0, 0), (11, 0), (12, 2), (23, 2), (24, 4), (60, 10), (72, 10), (2400, 10)],
)
def test_waiting_adds_a_little_and_not_for_ever(hours: int, points: int) -> None:
    urgency = triage(default_form(), {}, NOW, timedelta(hours=hours))
    assert urgency.points == points
    assert [reason.rule for reason in urgency.reasons] == ([WAITING] if points else [])


def test_waiting_can_raise_the_level() -> None:
    assert triage(default_form(), {"situation": "front"}, NOW).level is Level.P3
    later = triage(default_form(), {"situation": "front"}, NOW, timedelta(hours=36))
    assert (later.points, later.level) == (26, Level.P2)


def test_an_answer_to_what_is_not_asked_has_no_weight() -> None:
    assert triage(default_form(), {"who": "other", "mind": "dark"}, NOW).points == 0


def test_a_reason_is_told_in_the_language_of_the_volunteer() -> None:
    reason = triage(default_form(), {"danger": "days3"}, NOW).reasons[0]
    assert reason.words.text("en") == "In danger within 3 days"
    assert reason.words.text("ru") == "Опасность в течение 3 дней"
