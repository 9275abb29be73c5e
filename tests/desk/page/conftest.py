"""A browser for each test, and pages whose errors fail it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.desk.page.desks import Served, served
from tests.desk.world import PASSPHRASE, World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
EXPECTED = ("423", "403", "409", "net::ERR_", "Failed to load resource")
"""What a browser complains of where a desk is locked, refuses, or is gone; each is a test's own
subject, and never an error of the page's script."""

PATIENCE = 60_000
"""Milliseconds; how long a busy machine may take says nothing about the page. To unlock costs a
second of an idle one."""
expect.set_options(timeout=PATIENCE)

Enter = Callable[..., Page]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def serve(world: World) -> Iterator[Callable[..., Served]]:
    """The page of the desk of this name, until the test ends."""
    with ExitStack() as running:

        def one(name: str, idle: timedelta = timedelta(hours=100), **options: str) -> Served:
            return running.enter_context(served(world.desk(name, **options), idle))

        yield one


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield made
        made.close()


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Open the page in a browser of its own and unlock it; errors of its scripts fail the test."""
    problems: list[str] = []

    def one(desk: Served, *, unlock: bool = True, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: (
                problems.append(said.text)
                if said.type == "error" and not any(word in said.text for word in EXPECTED)
                else None
            ),
        )
        page.goto(desk.session.address)
        page.wait_for_selector("#passphrase")
        if unlock:
            unlocks(page)
        return page

    yield one
    assert problems == []


def unlocks(page: Page) -> None:
    page.fill("#passphrase", PASSPHRASE)
    page.click("button.main")
    page.wait_for_selector("form[data-lock]")
    page.wait_for_load_state()  # keys are heard from then on
