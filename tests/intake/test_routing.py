"""Whom a case needs, who may open it, and when one may write: tables of named cases."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.answers import SKIPPED, Answer, Skipped
from intake.case import ContactRule
from intake.form import load_form
from intake.routing import Needs, contact_rule, gaps, recipients, route, uncovered
from tests.intake.made import NOW, default_bytes, default_form

Said = dict[str, Answer | Skipped]
SOON = NOW.date() + timedelta(days=90)

SKILLS: list[tuple[str, Said, str]] = [
    ("nothing said", {}, "information"),
    ("only information", {"need": ("information", "housing")}, "information"),
    ("a case", {"case": ("a337",)}, "legal"),
    ("wanted abroad", {"case": ("intl",)}, "legal"),
    ("no case known", {"case": ("unknown",)}, "information"),
    ("asks for a lawyer", {"need": ("legal",)}, "legal"),
    ("relocation", {"need": ("relocation",)}, "evacuation"),
    ("serving and in danger", {"situation": "rear", "danger": "weeks2"}, "evacuation"),
    ("at the front, in danger", {"situation": "front", "danger": "day"}, "evacuation"),
    ("serving by status, in danger", {"status": "conscript", "danger": "days3"}, "evacuation"),
    ("serving, in no danger", {"situation": "rear", "danger": "no"}, "information"),
    ("in danger, not serving", {"situation": "none", "status": "contract", "danger": "days3"},
     "information"),
    ("wound", {"health": "wound"}, "medical"),
    ("regular medicine", {"health": "regular"}, "medical"),
    ("urgent", {"health": "urgent"}, "medical"),
    ("healthy", {"health": "no"}, "information"),
    ("asks for a doctor", {"need": ("medical",)}, "medical"),
    ("very hard", {"who": "me", "mind": "very_hard"}, "psych"),
    ("dark", {"who": "me", "mind": "dark"}, "psych"),
    ("coping", {"who": "me", "mind": "coping"}, "information"),
    ("asylum abroad", {"situation": "abroad", "need": ("asylum",)}, "asylum"),
    ("asylum, in Russia", {"situation": "none", "need": ("asylum",)}, "information"),
    ("stay ends in 90 days", {"situation": "abroad", "region": "tr", "stay_until": SOON},
     "asylum"),
    ("stay is over", {"situation": "abroad", "region": "tr", "stay_until": "expired"}, "asylum"),
    ("stay ends later", {"situation": "abroad", "region": "tr",
                         "stay_until": SOON + timedelta(days=1)}, "information"),
    ("two skills", {"case": ("a338",), "health": "wound"}, "legal medical"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "skills"), [c[1:] for c in SKILLS], ids=[c[0] for c in SKILLS])
def test_answers_call_for_skills(answers: Said, skills: str) -> None:
    assert route(default_form(), answers, "ru", NOW).skills == set(skills.split())


@pytest.mark.parametrize(
    ("languages", "spoken"),
    [
        (SKIPPED, {"ru"}),
        (("kk",), {"kk"}),
        (("en", "uk", "other"), {"en", "uk"}),
        (("other",), {"ru"}),
    ],
)
def test_named_languages_count_before_that_of_the_interview(
    languages: Answer | Skipped, spoken: set[str]
) -> None:
    assert route(default_form(), {"languages": languages}, "ru", NOW).languages == spoken


def test_the_country_stands_in_clear_only_where_a_route_asks_for_it() -> None:
    answers: Said = {"situation": "abroad", "region": "ge", "need": ("asylum",)}
    assert route(default_form(), answers, "ru", NOW).country is None
    data = default_bytes().replace(b"skill: asylum}", b"skill: asylum, country: region}", 1)
    form = load_form(data)
    assert route(form, answers, "ru", NOW).country == "ge"
    assert route(form, {**answers, "need": ("legal",)}, "ru", NOW).country is None


@dataclass(frozen=True)
class Person:
    name: str
    role: str
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset({"ru"})


def volunteer(name: str, skill: str, *languages: str) -> Person:
    return Person(name, "volunteer", frozenset({skill}), frozenset(languages or ("ru",)))


ROSTER = [
    volunteer("advocate", "legal"),
    volunteer("avocat", "legal", "fr"),
    volunteer("medic", "medical", "ru", "en"),
    Person("lead", "lead"),
    Person("lead-lawyer", "lead", frozenset({"legal"}), frozenset({"en"})),
    Person("counts", "coordinator", frozenset({"legal", "medical"})),
    Person("paper", "recovery"),
]

WHO: list[tuple[str, str, str, bool, str]] = [
    ("skill and language", "legal", "ru", False, "advocate paper"),
    ("a lead who fits is one of them", "legal", "en", False, "lead-lawyer paper"),
    ("two skills, both groups", "legal medical", "ru", False, "advocate medic paper"),
    ("one language in common is enough", "medical", "en uk", False, "medic paper"),
    ("nobody with the skill", "psych", "ru", False, "lead lead-lawyer paper"),
    ("nobody with the language", "medical", "ka", False, "lead lead-lawyer paper"),
    ("one skill of two is covered", "legal psych", "ru", False,
     "advocate lead lead-lawyer paper"),
    ("sent early, all leads too", "legal", "ru", True, "advocate lead lead-lawyer paper"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("skills", "languages", "early", "names"), [c[1:] for c in WHO], ids=[c[0] for c in WHO]
)
def test_who_can_open_a_case(skills: str, languages: str, early: bool, names: str) -> None:
    needs = Needs(frozenset(skills.split()), frozenset(languages.split()), None)
    assert [member.name for member in recipients(ROSTER, needs, early)] == names.split()


@pytest.mark.parametrize(("skill", "language"), [("psych", "ru"), ("legal", "ka")])
def test_where_nobody_fits_and_there_is_no_lead_all_volunteers_can_open(
    skill: str, language: str
) -> None:
    people = [person for person in ROSTER if person.role != "lead"]
    needs = Needs(frozenset({skill}), frozenset({language}), None)
    chosen = [person.name for person in recipients(people, needs, early=False)]
    assert chosen == ["advocate", "avocat", "medic", "paper"]


def test_gaps_are_what_would_go_to_people_who_lack_the_skill_or_the_language() -> None:
    form = default_form()
    everything = frozenset(form.routing.skills)
    whole = Person("all", "volunteer", everything, frozenset(form.languages))
    assert gaps(form, [whole]) == []
    monoglot = Person("one", "volunteer", everything, frozenset({"ru"}))
    assert {language for _, language in gaps(form, [monoglot])} == set(form.languages) - {"ru"}
    assert ("psych", "ru") in gaps(form, [volunteer("advocate", "legal")])
    assert ("legal", "ru") not in gaps(form, [volunteer("advocate", "legal")])
    assert gaps(form, [Person("lead", "lead")]) == []


def test_an_alert_names_the_skill_that_nobody_has() -> None:
    needs = Needs(frozenset({"legal", "psych"}), frozenset({"ru"}), None)
    assert uncovered(ROSTER, needs) == {"psych"}


PEOPLE = st.builds(
    Person,
    name=st.text("ab", min_size=1, max_size=3),
    role=st.sampled_from(["volunteer", "lead", "coordinator", "recovery"]),
    skills=st.frozensets(st.sampled_from(["legal", "medical"])),
    languages=st.frozensets(st.sampled_from(["ru", "en"])),
)


@given(st.lists(PEOPLE, max_size=8), st.booleans())
def test_no_case_reaches_a_coordinator_or_misses_the_recovery(
    people: list[Person], early: bool
) -> None:
    needs = Needs(frozenset({"legal"}), frozenset({"ru"}), None)
    chosen = recipients(people, needs, early)
    assert not [person for person in chosen if person.role == "coordinator"]
    assert [p for p in people if p.role == "recovery"] == [
        p for p in chosen if p.role == "recovery"
    ]
    if any(person.role in ("lead", "volunteer") for person in people):
        assert any(person.role in ("lead", "volunteer") for person in chosen)


HOURS: list[tuple[str, Said, str]] = [
    ("nothing said", {}, "never"),
    ("skipped", {"contact": SKIPPED}, "never"),
    ("only after I write", {"contact": "never"}, "never"),
    ("any time", {"contact": "any"}, ",".join(map(str, range(24)))),
    ("by day in Moscow", {"contact": "day", "hour": 3}, "7,8,9,10,11,12,13,14"),
    ("by day in London", {"contact": "day", "hour": 0}, "10,11,12,13,14,15,16,17"),
    ("in the evening in Almaty", {"contact": "evening", "hour": 5}, "14,15,16"),
    ("at night in Moscow", {"contact": "night", "hour": 3}, "0,1,2,20,21,22,23"),
    ("in the evening in New York", {"contact": "evening", "hour": -5}, "0,1,2"),
    ("a window without the hour", {"contact": "day", "hour": SKIPPED}, "never"),
    ("any time, on a shared phone", {"device": "shared", "contact": "any"}, "never"),
    ("any time, others see it sometimes", {"device": "sometimes", "contact": "any"},
     ",".join(map(str, range(24)))),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "rule"), [c[1:] for c in HOURS], ids=[c[0] for c in HOURS])
def test_nobody_writes_first_outside_the_hours_that_were_allowed(answers: Said, rule: str) -> None:
    found = contact_rule(default_form(), answers, NOW)
    assert str(found) == rule
    assert ContactRule.parse(str(found)) == found


def test_a_form_without_a_rule_of_contact_never_writes_first() -> None:
    data = default_bytes().split(b"\ncontact:\n")[0] + b"\n"
    assert contact_rule(load_form(data), {"contact": "any"}, NOW) == ContactRule.never()


def test_a_day_is_a_day() -> None:
    assert date(2027, 2, 20) == SOON
