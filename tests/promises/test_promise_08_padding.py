"""Promise 8: lengths say little.

Whatever is answered, what lies on the disk takes one of a few sizes; and what two people with
quite different answers leave behind cannot be told apart by its length.
"""

import asyncio
import random
from pathlib import Path

import pytest

from handlers.buttons import Verb
from intake.questions import Kind, Question
from tests.journeys.reading import taken_by_anna
from tests.journeys.stage import Stage, Value, running_stage

OVERHEAD = 12 + 16
SIZES = {size + OVERHEAD for size in (512, 1024, 2048, 4096, 8192, 16384)}
# What surrounds a padded record: format and key id, the encapsulated key, the tag.
# The public key of the inbox alone takes 1.6 KB, so that no first record is smaller.
RECORD_SIZES = {size + 9 + 1120 + 16 for size in (2048, 4096)}
WORDS = ["дом", "лес", "река", "поле", "вода", "свет", "рябина", "камень", "дорога", "мост"]


async def test_a_draft_takes_one_of_a_few_sizes_whatever_is_answered(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    dice = random.Random(int(pytestconfig.getoption("--seed")))
    sizes: set[int] = set()
    async with running_stage(tmp_path) as stage:
        for _ in range(2):
            sizes |= await _sizes_of_an_interview(stage, dice)
    assert sizes <= SIZES
    assert len(sizes) <= 2  # the questionnaire's answers fit the first two sizes


async def _sizes_of_an_interview(stage: Stage, dice: random.Random) -> set[int]:
    """The lengths that its draft takes on, tap by tap."""
    talk = await stage.person("ru")
    await talk.begin()
    sizes = set()
    while (question := await talk.question()) is not None:
        await talk.answer(_any_answer(question, dice))
        sizes |= {len(row[-1]) for row in stage.rows("drafts")}
    await talk.press(Verb.SEND)
    return sizes | {len(row[-1]) for row in stage.rows("drafts")}


def _any_answer(question: Question, dice: random.Random) -> Value:
    if question.id == "consent":
        return "yes"
    choices = sorted(set(question.choices) - {"day", "watched", "dark"})
    match question.kind:
        case Kind.ONE | Kind.DATE:
            return dice.choice(choices)
        case Kind.MANY:
            return dice.choice(choices)
        case Kind.NUMBER:
            return dice.randint(question.low, question.high)
        case Kind.HOUR:
            return dice.randint(0, 23)
        case Kind.TEXT:
            return " ".join(dice.choices(WORDS, k=dice.randint(1, 6)))


async def test_who_says_nothing_and_who_says_much_differ_by_one_step_at_most(
    tmp_path: Path,
) -> None:
    async with running_stage(tmp_path) as stage:
        silent, open_handed = await stage.person("ru"), await stage.person("ru")
        await silent.begin()
        await silent.go_through({})
        await open_handed.begin()
        await open_handed.go_through(
            {
                "who": "me",
                "status": "mobilised",
                "situation": "front",
                "case": ("a337", "a338"),
                "need": ("legal", "relocation"),
                "note": "Прошу помочь",
            }
        )
        drafts = stage.rows("drafts")
        assert len({len(row[-1]) for row in drafts}) == 1
        await silent.press(Verb.SEND)
        await open_handed.press(Verb.SEND)
        assert len({len(row[-1]) for row in stage.rows("drafts")}) == 1
        assert len(stage.rows("records")) == 2
        assert {len(row[-1]) for row in stage.rows("records")} <= RECORD_SIZES
        assert len({len(value) for value in stage.column("wraps", "sealed")}) == 1
        for table, place in (("cases", "token"), ("cases", "place"), ("cases", "origin")):
            assert len({len(value) for value in stage.column(table, place)}) == 1
        assert len({len(value) for value in stage.column("locks", "sealed")}) == 1


async def test_a_tombstone_is_as_long_as_a_draft(tmp_path: Path) -> None:
    """Nobody can tell a finished interview from one that goes on."""
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru")
        await talk.begin()
        before = {len(row[-1]) for row in stage.rows("drafts")}
        await talk.go_through({})
        await talk.press(Verb.SEND)
        assert {len(row[-1]) for row in stage.rows("drafts")} == before


async def test_what_a_desk_receives_has_padded_sizes_too(tmp_path: Path) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru")
        await talk.begin()
        await talk.go_through({"note": "x" * 400})
        await talk.press(Verb.SEND)
        file = await asyncio.to_thread(taken_by_anna, stage)
        assert {len(part.data) for part in file.records} <= RECORD_SIZES
