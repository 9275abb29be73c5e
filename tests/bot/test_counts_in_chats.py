"""`/counts` on the real line: figures as everywhere else, a picture that is really drawn."""

import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from crypto.identity import Identity
from handlers.buttons import Verb
from handlers.handing import STAYS
from handlers.texts import Texts
from intake.count_story import rounding, story
from intake.counts import Shown
from intake.figures import Reader, months
from intake.roster import Role
from sandbox.cards import Card
from sandbox.client import Person
from sandbox.running import running_sandbox
from tests.bot.test_alerts import linked, until
from tests.journeys.stage import Stage, find, is_hidden, running_stage
from tests.line import Hands
from tests.organisation import House, member
from tests.year import fill, released, shown

TELEGRAMS = 1280
"""Pixels beyond which Telegram makes a photo smaller."""


@asynccontextmanager
async def staged(
    folder: Path, *, filled: bool = True, language: str = "en"
) -> AsyncIterator[tuple[Stage, Person]]:
    """A line with a year behind it, and the chat of its coordinator."""
    house, sara = House(folder), Identity.new(os.urandom)
    house.sign(house.roster(timedelta(days=9), member("sara", sara, Role.COORDINATOR)))
    async with running_sandbox(limits=False) as sandbox:
        settings = house.settings(sandbox.url, sandbox.token)
        if filled:
            await fill(house, settings.database_url, Hands())
        async with running_stage(folder, sandbox, house, settings) as stage:
            if filled:
                await released(house, settings.database_url, stage.hands)
            yield stage, await linked(stage, sara, language)


async def _shown(stage: Stage) -> Shown:
    return await shown(stage.house, stage.settings.database_url, stage.hands)


async def asked(person: Person) -> tuple[Card, Card]:
    """The card and the chart that come of `/counts`."""
    await person.send("/counts")

    async def both() -> bool:
        return len([card for card in await person.messages() if card.by_bot]) == 2

    await until(both)
    card, picture = await person.settled()
    return card, picture


async def saved(stage: Stage, picture: Card) -> bytes:
    file_id = picture.message["photo"][-1]["file_id"]
    path = (await stage.sandbox.call("getFile", file_id=file_id))["result"]["file_path"]
    url = f"{stage.sandbox.file_url}{stage.sandbox.token}/{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_coordinator_gets_the_figures_that_every_view_shows(
    tmp_path: Path, language: str
) -> None:
    async with staged(tmp_path, language=language) as (stage, sara):
        card, picture = await asked(sara)
        counts = await _shown(stage)
        reader = Reader(Texts.load("counts").say(language), language)
        sentences = story(counts, reader)
        ids = {sentence.id for sentence in sentences}
        assert {"sum_soldiers", "share_leaving", "part_soldiers", "told_article"} <= ids
        for sentence in sentences:
            assert sentence.text in card.text
            assert sentence.definition in card.text
        assert rounding(counts.rules, reader) in card.text
        ends = stage.house.ends
        assert ("The roster ends on " if language == "en" else "Срок списка истекает ") in card.text
        assert f"{ends:%d.%m.%Y}" in card.text
        for month in months(counts, reader)[-13:]:
            asked_for = month.total("requests").count
            assert f"{reader.month(month.month)}: {asked_for or reader.say('hidden')};" in (
                picture.text
            )
        with Image.open(io.BytesIO(await saved(stage, picture))) as image:
            image.load()
            assert image.format == "PNG"
            assert image.width == 1080
            assert 900 < image.height <= TELEGRAMS
        seen = await stage.sandbox.ask("chat", chat=sara.chat)
        assert seen["messages"][-1]["silent"] is True


async def test_the_chart_leaves_the_chat_and_the_card_hides(tmp_path: Path) -> None:
    async with staged(tmp_path) as (stage, sara):
        await asked(sara)
        await stage.pass_time(STAYS + timedelta(minutes=1))
        (card,) = await sara.settled()
        assert is_hidden(card)


async def test_hide_takes_the_chart_along(tmp_path: Path) -> None:
    async with staged(tmp_path) as (_, sara):
        card, _ = await asked(sara)
        await sara.tap_data(find(card, Verb.HIDE).data or "", card.id)
        (left,) = await sara.settled()
        assert is_hidden(left)


async def test_to_a_stranger_the_command_does_not_exist(tmp_path: Path) -> None:
    async with staged(tmp_path) as (stage, _):
        seen = []
        for text in ("/counts", "/nonsense"):
            stranger = await stage.sandbox.person("en")
            await stranger.send(text)
            seen.append(
                [(card.by_bot, card.text, card.labels) for card in await stranger.settled()]
            )
        assert seen[0] == seen[1]
        assert [by_bot for by_bot, _, _ in seen[0]] == [True]


async def test_a_volunteer_is_told_that_the_counts_are_not_hers(tmp_path: Path) -> None:
    async with staged(tmp_path) as (stage, _):
        anna = await linked(stage, stage.house.anna)
        await anna.send("/counts")
        (card,) = await anna.settled()
        assert "does not open the counts" in card.text


async def test_on_a_young_line_the_first_month_is_announced(tmp_path: Path) -> None:
    async with staged(tmp_path, filled=False) as (stage, sara):
        await sara.send("/counts")
        (card,) = await sara.settled()
        first = (await _shown(stage)).next_from
        assert first is not None
        assert f"{first:%d.%m.%Y}" in card.text
