"""The guide for editors (docs/forms.md) says what the program does."""

import re
from datetime import date
from pathlib import Path

import pytest

from intake.case import Level
from intake.check_words import CARD
from intake.condition import Subject, compile_condition
from intake.questions import Does, Kind, Texts
from intake.schema import CardIn, QuestionIn
from tests.intake.made import default_form

GUIDE = (Path(__file__).parents[2] / "docs" / "forms.md").read_text()


def block(after: str) -> str:
    """The first fenced block after a heading."""
    return GUIDE.split(after, 1)[1].split("```", 2)[1]


def conditions() -> list[str]:
    lines = block("## Conditions").strip().splitlines()
    return [part for line in lines for part in re.split(r"\s{2,}", line.strip())]


@pytest.mark.parametrize("source", conditions())
def test_every_condition_of_the_guide_can_be_used(source: str) -> None:
    questions = default_form().questions
    subjects = {q.id: Subject(q.kind.value, tuple(q.choices)) for q in questions}
    terms = {"abroad": compile_condition("situation is abroad", subjects, {})}
    compile_condition(source, subjects, terms).test({}, date(2026, 1, 1))


def test_the_guide_names_every_key_kind_and_text() -> None:
    names = [*QuestionIn.model_fields, *CardIn.model_fields, *(kind.value for kind in Kind)]
    names += [f"does: {does.value}" for does in Does]
    names += list(Texts.__dataclass_fields__)
    names += ["alone", "text", "after", "terms", "never_when", "straight: P0", *map(str, Level)]
    assert [name for name in names if name not in GUIDE] == []


def test_the_room_for_a_text_is_what_the_guide_says() -> None:
    assert f"{CARD:,} characters" in GUIDE
