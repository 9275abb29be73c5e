"""Promise 6: silence by default. Nothing is sent to a chat that did not ask for it just then.

What exists so far sends nothing of its own: cards hide by being edited. Replies will come with
their own tests.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from handlers.buttons import Verb
from tests.journeys.stage import Stage, Talk, is_closing, running_stage

WEEKS = 6


async def _sent(talk: Talk) -> int:
    """How many messages the bot has ever sent into this chat."""
    return len(await talk.person.events(kinds=("sent",)))


async def _let_weeks_pass(stage: Stage, talk: Talk) -> int:
    before = await _sent(talk)
    for step in [timedelta(minutes=16), timedelta(hours=2), *[timedelta(weeks=1)] * WEEKS]:
        await stage.pass_time(step)
    return await _sent(talk) - before


@pytest.mark.parametrize("contact", ["never", "any"])
async def test_after_sending_nothing_comes_unasked_for_weeks(tmp_path: Path, contact: str) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru")
        await talk.begin()
        await talk.go_through({"contact": contact})
        await talk.press(Verb.SEND)
        assert is_closing(await talk.alone())
        assert await _let_weeks_pass(stage, talk) == 0


async def test_an_abandoned_interview_is_never_called_back(tmp_path: Path) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru")
        await talk.begin()
        assert await _let_weeks_pass(stage, talk) == 0
        assert len(await talk.person.messages()) == 1


@pytest.mark.parametrize("both", [True, False])
async def test_a_chat_that_was_cleared_stays_empty(tmp_path: Path, both: bool) -> None:
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru")
        await talk.begin()
        await talk.person.clear(both=both)
        assert await _let_weeks_pass(stage, talk) == 0
        assert await talk.person.messages() == []
