"""`make pictures`: the pictures in the documents, taken from a real line in a real browser."""

import asyncio
import base64
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from sandbox.running import running_sandbox
from tests.line import running_line
from tests.organisation import House

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# What is tapped and typed before each picture; a leading colon marks a typed text.
SCENES: list[list[str]] = [
    [
        *("START", "Русский", "Продолжить", "Да", "Только я", "В течение 3 дней", "Мне"),
        *("Мобилизован", "За границей", "Казахстан", "Не знаю", "☐ Внутренний паспорт"),
        "☐ Военный билет",
    ],
    [
        *("Готово", "☐ Ст. 337 (СОЧ)", "Готово", "Нет", "Тяжело", "☐ Юрист", "☐ Убежище"),
        *("Готово", "☐ Русский", "Готово", "Только после меня", ":берёза", "Готово"),
        ":Служил в в/ч 12345, ушёл в октябре.",
    ],
    ["Скрыть"],
]


async def _play(page: Page, scene: list[str]) -> None:
    for act in scene:
        if act.startswith(":"):
            await page.get_by_placeholder("Message").fill(act[1:])
            await page.keyboard.press("Enter")
        else:
            await page.get_by_role("button", name=act, exact=True).last.click()
        await page.wait_for_timeout(700)


async def _pictures() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running_sandbox() as sandbox,
            running_line(House(Path(folder)), sandbox),
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
                args=FLAGS,
            )
            await sandbox.person("ru", name="Иван")
            shots = []
            for scheme in ("light", "dark"):
                page = await browser.new_page(
                    viewport={"width": 424, "height": 740},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                await page.goto(sandbox.url)
                await page.wait_for_timeout(700)
                if scheme == "light":
                    for scene in SCENES[:2]:
                        await _play(page, scene)
                        shots.append(await page.screenshot())
                else:
                    await _play(page, SCENES[2])
                    shots.append(await page.screenshot())
            await _side_by_side(await browser.new_page(), shots)
            await browser.close()


async def _side_by_side(page: Page, shots: list[bytes]) -> None:
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots
    )
    await page.set_viewport_size({"width": 1352, "height": 780})
    await page.set_content(
        "<style>body{margin:20px;display:flex;gap:20px;background:#e8ecea}"
        f"img{{border-radius:14px;box-shadow:0 2px 10px #0003}}</style>{images}"
    )
    IMAGES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=IMAGES / "chat.png")


if __name__ == "__main__":
    sys.exit(asyncio.run(_pictures()))
