"""Two people in Telegram and two volunteers at their pages, at once, with the real line between."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from desk.card import Card
from desk.desk import CARD, IDENTITY, SERVER
from handlers.buttons import Verb
from tests.desk.page.conftest import CHROMIUM, OPTIONS, PATIENCE
from tests.desk.page.desks import Served, served_desk
from tests.desk.world import PASSPHRASE, age_file, open_seed
from tests.exchange import Exchange, Room, Volunteer, reads, running_room, until
from tests.journeys.stage import Value

expect.set_options(timeout=PATIENCE)

ANY_TIME: dict[str, Value] = {"device": "mine", "contact": "any", "codeword": "рябина"}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with running_room(tmp_path) as made:
        yield made


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield made
        await made.close()


@pytest.fixture
async def serving() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def at_the_page(
    volunteer: Volunteer, browser: Browser, serving: AsyncExitStack
) -> tuple[Page, Served]:
    """The volunteer's own folder, served to a browser of her own, and unlocked."""
    desk = replace(volunteer.work.desk, open_seed=open_seed)
    desk.home.write(IDENTITY, age_file(volunteer.identity))
    desk.home.write(CARD, Card.of(volunteer.name, volunteer.identity).line().encode())
    desk.home.write(SERVER, json.dumps({"url": volunteer.wire.url}).encode())
    served = serving.enter_context(served_desk(desk, timedelta(hours=100)))
    page = await (await browser.new_context()).new_page()
    page.set_default_timeout(PATIENCE)
    await page.goto(served.session.address)
    await page.fill("#passphrase", PASSPHRASE)
    await page.click("button.main")
    await page.wait_for_selector("form[data-lock]")
    await page.wait_for_load_state()
    return page, served


async def answers(page: Page, served: Served, case: str, text: str) -> None:
    """Take the case, write, look, send."""
    await page.goto(served.case(case))
    take = page.get_by_role("button", name="Take this case")
    if await take.count():
        await take.click()
        await page.wait_for_selector(".tag.mine")
    await page.fill("#text", text)
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator(".chat-card")).to_contain_text(text)
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".told.good")).to_contain_text("Sealed and handed over")


async def is_read(exchange: Exchange, text: str) -> str:
    """The line comes, one tap opens it; what the card then says."""
    await until(lambda: exchange.states[-1] == "sent", lambda: str(exchange.states), 30)
    card = await reads(exchange.talk)
    assert text in card.text
    await until(lambda: exchange.states[-1] == "read", lambda: str(exchange.states), 30)
    return card.text


async def test_two_people_and_two_volunteers_at_once(
    room: Room, browser: Browser, serving: AsyncExitStack
) -> None:
    first, second = await room.begun(ANY_TIME), await room.begun({**ANY_TIME, "codeword": "клён"})
    hers, anna = await at_the_page(room.anna, browser, serving)
    his, boris = await at_the_page(room.boris, browser, serving)
    await expect(hers.locator("a.case")).to_have_count(2)

    # Each answers one of them, at the same time; each person reads her own on a tap.
    await asyncio.gather(
        answers(hers, anna, first.case, "Мы рядом, первый."),
        answers(his, boris, second.case, "Мы рядом, второй."),
    )
    assert "рябина" in await is_read(first, "Мы рядом, первый.")
    assert "клён" in await is_read(second, "Мы рядом, второй.")

    # The first answers right where the reply stands; it lifts the case at the page.
    await first.talk.person.send("Мне нужен юрист.")
    await first.talk.press(Verb.POST)
    await hers.goto(anna.home)
    await expect(hers.locator("tr.lifted")).to_contain_text("waits for an answer")
    await hers.goto(anna.case(first.case))
    await expect(hers.locator(".item.theirs").last).to_contain_text("Мне нужен юрист.")
    await expect(hers.locator(".item.ours")).to_contain_text("Read.")

    # Handed over with a word, opened by the other, and closed.
    await hers.locator("summary", has_text="Hand over").click()
    await hers.select_option("#heir", "boris")
    await hers.fill("#farewell", "Ты юрист.")
    await hers.locator("form", has=hers.locator("#heir")).get_by_role("button").click()
    await expect(hers.locator(".told.good")).to_contain_text("is with boris now")
    await his.goto(boris.case(first.case))
    await expect(his.locator(".item.inner").last).to_contain_text("Ты юрист.")
    await his.locator("summary", has_text="Close").click()
    await his.get_by_label("Legal help given").check()
    await his.get_by_role("button", name="Close the case").click()
    await expect(his.locator(".told.good")).to_contain_text("is closed")
