"""The language of `when:`: what it means, and what it says to who mistypes it."""

from datetime import date, timedelta

import pytest

from intake.answers import Answer
from intake.condition import Condition, ConditionError, Subject, compile_condition

TODAY = date(2026, 11, 22)
SUBJECTS = {
    "who": Subject("one", ("me", "relative", "other")),
    "papers": Subject("many", ("inner", "foreign", "none")),
    "children": Subject("number"),
    "until": Subject("date", ("over", "unknown")),
    "note": Subject("text"),
}


def compiled(source: str, **terms: str) -> Condition:
    known: dict[str, Condition] = {}
    for name, term in terms.items():
        known[name] = compile_condition(term, SUBJECTS, known)
    return compile_condition(source, SUBJECTS, known)


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("source", "answers", "holds"),
    [
        ("always", {}, True),
        ("who is me", {"who": "me"}, True),
        ("who is me", {"who": "other"}, False),
        ("who is not me", {"who": "other"}, True),
        ("who is not me", {"who": "me"}, False),
        ("who in (me, other)", {"who": "other"}, True),
        ("who in (me, other)", {"who": "relative"}, False),
        ("who not in (me, other)", {"who": "relative"}, True),
        ("papers has inner", {"papers": ("inner", "foreign")}, True),
        ("papers has (none, foreign)", {"papers": ("inner",)}, False),
        ("not papers has inner", {"papers": ("foreign",)}, True),
        ("children > 0", {"children": 0}, False),
        ("children > 0", {"children": 1}, True),
        ("children >= 2", {"children": 2}, True),
        ("children < 2", {"children": 2}, False),
        ("children <= 2", {"children": 2}, True),
        ("children = 2", {"children": 2}, True),
        ("until within 7 days", {"until": in_days(7)}, True),
        ("until within 7 days", {"until": in_days(8)}, False),
        ("until within 7 days", {"until": in_days(-400)}, True),
        ("until within 7 days", {"until": "over"}, False),
        ("until is over", {"until": "over"}, True),
        ("until is not over", {"until": in_days(1)}, True),
        ("note said", {"note": "hello"}, True),
        ("note unsaid", {"note": "hello"}, False),
        ("who is me or children > 0 and note said", {"who": "me"}, True),
        ("(who is me or children > 0) and note said", {"who": "me"}, False),
        ("not (who is me and note said)", {"who": "me"}, True),
        ("not not who is me", {"who": "me"}, True),
    ],
)
def test_a_condition_means_what_it_says(
    source: str, answers: dict[str, Answer], holds: bool
) -> None:
    assert compiled(source).test(answers, TODAY) is holds


@pytest.mark.parametrize(
    "source",
    [
        "who is me",
        "who is not me",
        "who not in (me, other)",
        "papers has inner",
        "children < 5",
        "until within 900 days",
        "note said",
    ],
)
def test_nothing_said_affirms_nothing_and_denies_nothing(source: str) -> None:
    assert not compiled(source).test({}, TODAY)
    assert compiled(f"not ({source})").test({}, TODAY)


def test_a_term_stands_for_its_condition() -> None:
    condition = compiled("family and children > 0", family="who is relative or who is other")
    assert condition.test({"who": "relative", "children": 1}, TODAY)
    assert not condition.test({"who": "me", "children": 1}, TODAY)
    assert condition.mentions["who"] == {"relative", "other"}


def test_a_condition_knows_which_choices_speak_for_it() -> None:
    condition = compiled("who is not me and not papers has (inner) and not not who is other")
    assert condition.affirms == {"who": {"other"}}
    assert condition.mentions["papers"] == {"inner"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "is empty"),
        ("whom is me", "did you mean 'who'?"),
        ("who is mee", "did you mean 'me'?"),
        ("who has me", "use 'is' for one choice"),
        ("papers is inner", "use 'has' for several"),
        ("who within 3 days", "use 'is'"),
        ("until within soon days", "'soon' is not a whole number"),
        ("until within 3", "'days' is expected"),
        ("children > many", "'many' is not a whole number"),
        ("who is me and", "ends where"),
        ("who is me who is other", "join with 'and' or 'or'"),
        ("(who is me", "')' is expected"),
        ("who = 3", "kind 'one'"),
        ("who is me; import os", "';' has no meaning"),
        ("who is 'me'", "''' has no meaning"),
        ("who equals me", "after 'who' stands 'equals'"),
        ("(" * 40 + "always" + ")" * 40, "too deep"),
        ("who is me or " * 400 + "always", "too long"),
    ],
)
def test_a_mistake_is_named_with_a_remedy(source: str, said: str) -> None:
    with pytest.raises(ConditionError) as error:
        compiled(source)
    assert said in str(error.value)
