"""The chat page where answers and scripts come late: nothing typed or tapped goes astray."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect

from sandbox.client import Sandbox
from tests.sandbox.clerk import begin
from tests.sandbox.conftest import CHROMIUM

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine")

MOMENT = 500
"""Milliseconds in which what must not happen could happen."""


class Held:
    """The first request for a path that fits; it is answered, and the page is not told until
    `release`. Later ones pass."""

    def __init__(self, page: Page, fits: Callable[[Request], bool] = lambda _: True) -> None:
        self._page, self._fits = page, fits
        self._released = asyncio.Event()
        self.answered, self.told = asyncio.Event(), asyncio.Event()

    async def at(self, path: str) -> None:
        await self._page.route(f"**{path}", self._handle)

    async def _handle(self, route: Route) -> None:
        if self.answered.is_set() or not self._fits(route.request):
            await route.fallback()
            return
        answer = await route.fetch()
        self.answered.set()
        await self._released.wait()
        await route.fulfill(response=answer)
        self.told.set()

    async def release(self) -> None:
        self._released.set()
        await self.told.wait()


@pytest.fixture
async def fresh(served: Sandbox, browser: Browser) -> AsyncIterator[Page]:
    """A page that is not opened yet."""
    made = await browser.new_page(viewport={"width": 1200, "height": 800})
    yield made
    await made.close()


async def with_jane(page: Page, served: Sandbox) -> None:
    """The first person has her card, and Jane has come."""
    await begin(page)
    await served.person("en", name="Jane")
    await expect(page.locator(".person")).to_have_count(2)


async def test_before_its_script_there_is_nothing_to_type_into_or_to_tap(
    fresh: Page, served: Sandbox
) -> None:
    script = Held(fresh)
    await script.at("/page/app.js")
    opening = asyncio.create_task(fresh.goto(served.url))
    await script.answered.wait()
    await expect(fresh.locator("#add-open")).to_be_visible()
    await expect(fresh.locator("#text")).to_be_hidden()
    place = await fresh.locator("#add-open").bounding_box()
    assert place is not None
    assert not await fresh.evaluate(
        "([x, y]) => Boolean(document.elementFromPoint(x, y).closest('button'))",
        [place["x"] + place["width"] / 2, place["y"] + place["height"] / 2],
    )
    await script.release()
    await opening
    await begin(fresh)


async def test_what_is_read_first_is_not_what_is_shown_last(page: Page, served: Sandbox) -> None:
    await begin(page)
    person = int(page.url.partition("#")[2])
    reading = Held(page)
    await reading.at("/sandbox/chat")
    await served.call("sendMessage", chat_id=person, text="older")
    await reading.answered.wait()
    await served.call("sendMessage", chat_id=person, text="newer")
    await page.wait_for_timeout(MOMENT)
    await reading.release()
    await page.wait_for_timeout(MOMENT)
    await expect(page.locator(".bubble").last).to_contain_text("newer")


async def test_a_tap_that_is_answered_at_once_waits_no_longer(page: Page) -> None:
    await begin(page)
    yes = page.get_by_role("button", name="Yes", exact=True)
    await yes.click()
    await expect(page.locator(".bubble")).to_contain_text("You chose yes")
    await expect(page.locator("[data-waiting]")).to_have_count(0)
    await page.locator("#toasts").evaluate("one => one.replaceChildren()")
    tapping = Held(page)
    await tapping.at("/sandbox/act")
    await yes.click()  # the card says it already: it is not drawn anew
    await tapping.answered.wait()
    await expect(page.locator(".toast")).to_have_text("Saved yes")
    await expect(page.locator("[data-waiting]")).to_have_count(1)
    await tapping.release()
    await expect(page.locator("[data-waiting]")).to_have_count(0, timeout=5000)


async def test_a_tap_goes_to_the_chat_in_which_it_is_seen(page: Page, served: Sandbox) -> None:
    await with_jane(page, served)
    reading = Held(page)
    await reading.at("/sandbox/chat")
    await page.locator(".person", has_text="Jane").click()
    await reading.answered.wait()
    await page.get_by_role("button", name="Yes").click()
    await expect(page.locator(".toast")).to_have_count(0)
    await reading.release()
    await expect(page.locator("#start")).to_be_visible()
    await page.locator(".person").first.click()
    await expect(page.locator(".bubble")).to_contain_text("You chose yes")


async def test_whoever_went_on_to_a_menu_stays_there_when_the_chat_has_come(
    page: Page, served: Sandbox
) -> None:
    await with_jane(page, served)
    reading = Held(page)
    await reading.at("/sandbox/chat")
    await page.locator(".person").first.click()
    await reading.answered.wait()
    await page.locator("#more").click()
    first = page.get_by_role("menuitem").first
    await expect(first).to_be_focused()
    await reading.release()
    await page.wait_for_timeout(MOMENT)
    await expect(first).to_be_focused()


async def test_what_happened_while_nothing_was_heard_is_caught_up_with(
    fresh: Page, served: Sandbox
) -> None:
    heard = asyncio.Event()

    async def late(route: Route) -> None:
        await heard.wait()
        await route.continue_()

    await fresh.route("**/sandbox/stream", late)
    await fresh.goto(served.url)
    await expect(fresh.locator("#start")).to_be_visible()
    jane = await served.person("en", name="Jane")
    await jane.send("/start")
    heard.set()
    await expect(fresh.locator(".person", has_text="Jane")).to_contain_text("You wrote 6 letters")


async def test_a_text_that_did_not_go_is_given_back(fresh: Page, served: Sandbox) -> None:
    await fresh.goto(served.url)
    await begin(fresh)

    async def gone(route: Route) -> None:
        with suppress(asyncio.CancelledError):
            await route.abort()

    await fresh.route("**/sandbox/act", gone)
    await fresh.locator("#text").fill("not lost")
    await fresh.keyboard.press("Enter")
    await expect(fresh.locator(".toast")).to_be_visible()
    await expect(fresh.locator("#text")).to_have_value("not lost")
    await fresh.unroute("**/sandbox/act")
    await fresh.keyboard.press("Enter")
    await expect(fresh.locator(".bubble")).to_contain_text("8 letters")
