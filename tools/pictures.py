"""`make pictures`: the pictures in the documents, taken from a real exchange in a real browser.

A person asks, a volunteer answers at her desk, the person reads: played once from beginning to
end, and looked at on the way in light and dark, wide and narrow.
"""

import asyncio
import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from bot.compose import utc_now
from crypto.identity import Identity
from crypto.link import make_link
from intake.roster import Role
from sandbox.running import running_sandbox
from tests.desk.program import PASSPHRASE, desk_program
from tests.line import running_line
from tests.organisation import House, member
from tests.year import fill, released
from tools.counts_pictures import counts_pictures

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PHONE = {"width": 424, "height": 740}
LONG = {"width": 424, "height": 1500}
TALL = {"width": 424, "height": 900}
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}
AT_ONCE = 700
"""Milliseconds after which a card or a page has come to rest."""

# What is tapped and typed; a leading colon marks a typed text.
HALFWAY = [
    *("START", "Русский", "Продолжить", "Да", "Только я", "В течение 3 дней", "Мне"),
    *("Мобилизован", "За границей", "Казахстан", "Не знаю", "☐ Внутренний паспорт"),
    "☐ Военный билет",
]
TO_THE_NOTE = [
    *("Готово", "☐ Ст. 337 (СОЧ)", "Готово", "Нет", "Тяжело", "☐ Юрист", "☐ Убежище"),
    *("Готово", "☐ Русский", "Готово", "В любое время", ":берёза", "Готово"),
    ":Служил в в/ч 12345, ушёл в октябре.",
]
SENT = ["Написать заново", ":Ушёл в октябре. Паспорта нет, живу у знакомых.", "Готово"]

ANSWER = (
    "Здравствуйте. Мы прочитали всё, что вы написали.\n\nЮрист посмотрит ваши сроки сегодня и "
    "ответит завтра до полудня. До этого ничего не подписывайте и не отдавайте документы.\n\n"
    "Напишите, в каком месяце вы въехали: от этого зависит, сколько у вас времени."
)
NOTE = "Въезд, похоже, в октябре. Спрошу юриста о сроке."


async def _play(page: Page, acts: Sequence[str]) -> None:
    for act in acts:
        if act.startswith(":"):
            await page.get_by_placeholder("Message").fill(act[1:])
            await page.keyboard.press("Enter")
        else:
            await page.get_by_role("button", name=act, exact=True).last.click()
        await page.wait_for_timeout(AT_ONCE)


async def _pictures() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        house = House(folder)
        async with (
            running_sandbox() as sandbox,
            running_line(house, sandbox) as line,
            async_playwright() as playwright,
        ):
            queue = f"http://{line.settings.queue_listen}"
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
                args=FLAGS,
            )
            await sandbox.person("ru", name="Иван")
            desk = desk_program("anna", house.anna, house, queue, folder / "desk")
            # Joining asks the line, which runs in this thread.
            address = await asyncio.to_thread(desk.__enter__)
            try:
                await _exchange(browser, sandbox.url, address)
            finally:
                desk.__exit__(None, None, None)
            await _counts_in_telegram(browser)
            await browser.close()


async def _exchange(browser: Browser, chat_url: str, desk_url: str) -> None:
    """Everything once; the pictures are put together as their parts are there."""
    chat = await browser.new_page(viewport=PHONE, color_scheme="light")
    await chat.goto(chat_url)
    await chat.wait_for_timeout(AT_ONCE)
    asking, answered = list[bytes](), list[bytes]()
    await _play(chat, HALFWAY)
    asking.append(await chat.screenshot())
    await _play(chat, TO_THE_NOTE)
    asking.append(await chat.screenshot())
    await _play(chat, [*SENT, "✓ Отправить"])
    await chat.wait_for_timeout(2 * AT_ONCE)
    asking.append(await chat.screenshot())
    await _play(chat, ["Код записан"])
    await chat.set_viewport_size(TALL)
    answered.append(await chat.screenshot())
    await _play(chat, ["Скрыть"])

    desk = await browser.new_page(viewport=WIDE, color_scheme="light")
    await desk.goto(desk_url)
    await desk.fill("#passphrase", PASSPHRASE)
    await desk.keyboard.press("Enter")
    await desk.get_by_role("button", name="Take").last.click()
    await desk.get_by_text("Write a note").click()
    await desk.fill("#note", NOTE)
    await desk.get_by_role("button", name="Add the note").click()
    await desk.wait_for_timeout(AT_ONCE)
    await desk.fill("#text", ANSWER)
    await desk.wait_for_timeout(2 * AT_ONCE)
    await _keep(desk, "desk-case.png", full=True)
    await desk.get_by_role("button", name="Preview").click()
    await desk.wait_for_timeout(AT_ONCE)
    await _keep(desk, "desk-preview.png")
    await desk.get_by_role("button", name="Send").click()
    await desk.wait_for_timeout(4 * AT_ONCE)

    await chat.emulate_media(color_scheme="dark")
    await chat.wait_for_timeout(AT_ONCE)
    answered.append(await chat.screenshot())
    await _play(chat, ["···"])
    answered.append(await chat.screenshot())
    await _side_by_side(await browser.new_page(), asking, "chat.png")
    await _side_by_side(await browser.new_page(), answered, "reply.png")

    await desk.emulate_media(color_scheme="dark")
    await desk.reload()
    await desk.wait_for_timeout(AT_ONCE)
    await _keep(desk, "desk-case-dark.png", full=True)
    await desk.set_viewport_size(NARROW)
    await desk.evaluate("scrollTo(0, 0)")
    narrow = [await desk.screenshot()]
    await desk.emulate_media(color_scheme="light")
    await desk.evaluate("document.querySelector('#exchange').scrollIntoView()")
    narrow.append(await desk.screenshot())
    await desk.get_by_role("link", name="Queue").first.click()
    await desk.wait_for_timeout(AT_ONCE)
    narrow.insert(0, await desk.screenshot())
    await _side_by_side(await browser.new_page(), narrow, "desk-narrow.png")
    await desk.set_viewport_size({"width": 1280, "height": 620})
    await _keep(desk, "desk-queue.png")


async def _counts_in_telegram(browser: Browser) -> None:
    """`/counts` in a coordinator's chats, one in each language, after a year of requests."""
    shots, sara = list[bytes](), Identity.new(os.urandom)
    with tempfile.TemporaryDirectory() as name:
        house = House(Path(name))
        house.sign(house.roster(timedelta(days=90), member("sara", sara, Role.COORDINATOR)))
        async with running_sandbox() as sandbox:
            settings = house.settings(sandbox.url, sandbox.token)
            await fill(house, settings.database_url, utc_now)
            async with running_line(house, sandbox, settings):
                await released(house, settings.database_url, utc_now)
                for language in ("en", "ru"):
                    person = await sandbox.person(language, name="Sara")
                    await person.send(f"/link {make_link(sara, utc_now(), os.urandom)}")
                    await person.settled()
                    await person.send("/counts")
                    chat = await browser.new_page(viewport=LONG, color_scheme="light")
                    await chat.goto(f"{sandbox.url}/#{person.id}")
                    await chat.locator("img.picture").wait_for()
                    await chat.wait_for_timeout(2 * AT_ONCE)
                    shots.append(await chat.screenshot())
    await _side_by_side(await browser.new_page(), shots, "counts-telegram.png")


async def _keep(page: Page, name: str, *, full: bool = False) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=IMAGES / name, full_page=full)


async def _side_by_side(page: Page, shots: Sequence[bytes], name: str) -> None:
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots
    )
    await page.set_content(
        "<style>body{margin:0;padding:20px;display:inline-flex;gap:20px;background:#e8ecea}"
        f"img{{border-radius:14px;box-shadow:0 2px 10px #0003}}</style>{images}"
    )
    await page.wait_for_timeout(200)
    IMAGES.mkdir(parents=True, exist_ok=True)
    await page.locator("body").screenshot(path=IMAGES / name)


if __name__ == "__main__":
    asyncio.run(_pictures())
    sys.exit(counts_pictures())
