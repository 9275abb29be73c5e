"""A sandbox for each test, a real python-telegram-bot for it, and its page in a browser."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import telegram
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.client import Sandbox
from sandbox.running import running_sandbox
from tests.sandbox.clerk import Clerk

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=60_000)  # how long a busy machine may take says nothing about the page


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(limits=False) as client:
        yield client


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[telegram.Bot]:
    made = telegram.Bot(sandbox.token, base_url=sandbox.api_url, base_file_url=sandbox.file_url)
    async with made:
        yield made


@pytest.fixture
async def served(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    """A sandbox with the clerk at work."""
    commands = [{"command": "keep", "description": "Оставить"}]
    await sandbox.call("setMyCommands", commands=commands, language_code="ru")
    await sandbox.call("setMyDescription", description="Опишите беду", language_code="ru")
    await sandbox.call("setMyName", name="Тропа", language_code="ru")
    working = asyncio.create_task(Clerk(sandbox).run())
    yield sandbox
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield made
        await made.close()


@pytest.fixture
async def page(served: Sandbox, browser: Browser) -> AsyncIterator[Page]:
    """The page, opened; any error in its scripts fails the test."""
    problems: list[str] = []
    made = await browser.new_page(viewport={"width": 1200, "height": 800}, color_scheme="light")
    made.set_default_timeout(60_000)
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    await made.goto(served.url)
    await expect(made.locator("#start")).to_be_visible()
    yield made
    await made.close()
    assert problems == []
