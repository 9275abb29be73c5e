"""The chat page in a real browser: what a person sees, taps and types, and what is gone."""

import aiohttp
import pytest
from playwright.async_api import Page, expect

from sandbox import samples
from sandbox.client import Sandbox
from tests.sandbox.clerk import begin
from tests.sandbox.conftest import CHROMIUM

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine")


async def test_before_the_first_message_there_is_the_description_and_start(page: Page) -> None:
    await expect(page.locator("#bot-name")).to_have_text("Тропа")
    await expect(page.locator("#description")).to_have_text("Опишите беду")
    await expect(page.locator("#form")).to_be_hidden()
    await begin(page)
    await expect(page.locator("#welcome")).to_be_hidden()
    await expect(page.locator("#form")).to_be_visible()


async def test_a_card_is_shown_with_its_markup_and_a_tap_edits_it(page: Page) -> None:
    await begin(page)
    await expect(page.locator(".bubble strong")).to_have_text("You wrote")
    await page.get_by_role("button", name="Yes").click()
    await expect(page.locator(".toast")).to_have_text("Saved yes")
    await expect(page.locator(".bubble")).to_contain_text("You chose yes")
    await expect(page.locator(".stamp")).to_contain_text("edited")
    await page.get_by_role("button", name="Alert").click()
    await expect(page.locator("#alert")).to_be_visible()
    await expect(page.locator("#alert-text")).to_have_text("Saved alert")
    await page.keyboard.press("Enter")
    await expect(page.locator("#alert")).to_be_hidden()


async def test_a_picture_of_the_bots_is_shown_whole_over_what_it_says(
    page: Page, served: Sandbox
) -> None:
    await begin(page)
    person = (await served.ask("people"))["people"][0]["id"]
    form = aiohttp.FormData({"chat_id": str(person), "parse_mode": "HTML"})
    form.add_field("caption", "Figures\n<blockquote expandable>" + "a line\n" * 9 + "</blockquote>")
    form.add_field("photo", samples.png(270, 310), filename="chart.png", content_type="image/png")
    url = f"{served.api_url}{served.token}/sendPhoto"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as sent:
        assert sent.status == 200
    picture = page.locator(".message.bot img.picture")
    await expect(picture).to_be_visible()
    await page.wait_for_function("document.querySelector('img.picture').naturalWidth === 270")
    box = await picture.bounding_box()
    assert box is not None
    assert abs(box["height"] / box["width"] - 310 / 270) < 0.02
    quote = page.locator("blockquote.folded")
    before = await quote.bounding_box()
    await quote.press("Enter")
    await expect(quote).to_have_attribute("aria-expanded", "true")
    after = await quote.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > 1.5 * before["height"]


async def test_what_was_deleted_is_gone_from_the_chat_and_in_the_log(page: Page) -> None:
    await begin(page)
    await page.locator("#text").fill("my secret")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bubble")).to_contain_text("9 letters")
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.locator(".messages")).not_to_contain_text("my secret")
    await page.get_by_text("Show deleted").click()
    log = page.locator("#gone-list del")
    await expect(log.filter(has_text="my secret")).to_have_count(1)
    await expect(log.filter(has_text="You wrote 6 letters")).to_have_count(1)
    assert await log.first.evaluate("n => getComputedStyle(n).textDecorationLine") == "line-through"


async def test_everything_works_by_keyboard(page: Page) -> None:
    await page.locator("#start").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".key")).to_have_count(3)
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.type("/keep")
    await page.keyboard.press("Shift+Enter")
    await expect(page.locator("#text")).to_have_value("/keep\n")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.mine")).to_have_count(1)
    await page.locator(".key", has_text="No").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".bubble").first).to_contain_text("You chose no")
    await expect(page.locator(".key", has_text="No")).to_be_focused()
    outline = "n => getComputedStyle(n).outlineStyle"
    assert await page.locator(".key", has_text="No").evaluate(outline) == "solid"


async def test_the_menu_opens_moves_and_closes_by_keyboard(page: Page) -> None:
    await begin(page)
    await page.locator("#menu").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Оставить")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#popup")).to_be_hidden()
    await expect(page.locator("#menu")).to_be_focused()
    await page.locator("#attach").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("End")
    await expect(page.get_by_role("menuitem", name="Sticker")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".bubble")).to_contain_text("0 letters")


async def test_an_own_message_is_edited_and_deleted(page: Page, served: Sandbox) -> None:
    await begin(page)
    await page.locator("#text").fill("/keep")
    await page.keyboard.press("Enter")
    mine = page.locator(".message.mine")
    await mine.hover()
    await mine.get_by_role("button", name="Edit this message").click()
    await page.locator("#text").fill("changed")
    await page.keyboard.press("Enter")
    await expect(mine.locator(".bubble")).to_contain_text("changed")
    await mine.hover()
    await mine.get_by_role("button", name="Delete this message").click()
    await page.get_by_role("menuitem", name="Delete for both").click()
    await expect(mine).to_have_count(0)


async def test_two_people_have_their_own_chats(page: Page) -> None:
    await begin(page)
    await page.get_by_role("button", name="Yes").click()
    await expect(page.locator(".bubble")).to_contain_text("You chose yes")
    await page.locator("#add-open").click()
    await page.locator("#add-form [name=name]").fill("Jane")
    await page.locator("#add-form [name=language]").select_option("en")
    await page.locator("#add-form .strong").click()
    await expect(page.locator("#start")).to_be_visible()
    await expect(page.locator("#bot-name")).to_have_text("Sandbox")
    await expect(page.locator(".message")).to_have_count(0)
    await begin(page)
    await expect(page.locator(".bubble")).to_contain_text("6 letters")
    await page.locator(".person").first.click()
    await expect(page.locator(".bubble")).to_contain_text("You chose yes")
    await expect(page.locator(".person")).to_have_count(2)


async def test_news_in_another_chat_is_counted(page: Page, served: Sandbox) -> None:
    await begin(page)
    other = await served.person("en", name="Jane")
    await other.send("/start")
    await expect(page.locator(".person", has_text="Jane").locator(".unread")).to_have_text("1")
    await expect(page.locator(".bubble")).to_have_count(1)


async def test_clearing_and_blocking_are_in_the_menu(page: Page) -> None:
    await begin(page)
    await page.locator("#more").click()
    await page.get_by_role("menuitem", name="Clear history", exact=True).click()
    await expect(page.locator(".message")).to_have_count(0)
    await page.locator("#more").click()
    await page.get_by_role("menuitem", name="Stop and block").click()
    await expect(page.locator("#start")).to_have_text("RESTART BOT")


async def test_dark_follows_the_system_and_the_button(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await page.evaluate(ground) != light
    await page.locator("#theme").click()
    assert await page.evaluate(ground) == light


async def test_on_a_narrow_screen_nothing_runs_over_the_edge(page: Page) -> None:
    await begin(page)
    await page.set_viewport_size({"width": 340, "height": 640})
    assert await page.evaluate("document.querySelector('.chat').scrollWidth") <= 340
    edges = await page.locator(".key, #send, #more").evaluate_all(
        "nodes => nodes.map(node => node.getBoundingClientRect().right)"
    )
    assert max(edges) <= 340
    await expect(page.locator(".people")).to_be_hidden()
    await page.locator("#back").click()
    await expect(page.locator(".person")).to_be_visible()
    await page.locator(".person").click()
    await expect(page.locator(".key").first).to_be_visible()


async def test_the_page_asks_no_other_host(page: Page, served: Sandbox) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload()
    await begin(page)
    assert len(asked) > 5
    assert {url for url in asked if not url.startswith(served.url)} == set()


async def test_hostile_texts_stay_texts(page: Page, served: Sandbox) -> None:
    await begin(page)
    person = int(page.url.partition("#")[2])
    bad = "<img src=x onerror=alert(1)> \u202e &lt;"
    await served.call("sendMessage", chat_id=person, text=bad)
    await expect(page.locator(".bubble").last).to_contain_text("<img src=x onerror=alert(1)>")
    assert await page.locator(".bubble img").count() == 0


async def test_a_file_from_the_bot_is_shown_and_saved_as_it_was_sent(
    page: Page, served: Sandbox
) -> None:
    await begin(page)
    (person,) = (await served.ask("people"))["people"]
    form = aiohttp.FormData({"chat_id": str(person["id"])})
    form.add_field("document", b"sealed \x00\xff", filename="case-3f9a1b2c.tropa")
    url = f"{served.api_url}{served.token}/sendDocument"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        assert answer.status == 200
    link = page.get_by_role("link", name="case-3f9a1b2c.tropa")
    await expect(link).to_be_visible()
    async with page.expect_download() as saving:
        await link.click()
    saved = await saving.value
    assert saved.suggested_filename == "case-3f9a1b2c.tropa"
    assert (await saved.path()).read_bytes() == b"sealed \x00\xff"
