"""What the browser itself writes of the page: addresses, and nothing that was typed or shown.

Browsers keep what stands in the fields of a page in their session files, in the clear, to put it
back after a crash. Chromium and Firefox leave out a field whose own `autocomplete` is off.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from desk.page import pages
from tests.desk.page.asking import asks
from tests.desk.page.conftest import CHROMIUM, OPTIONS, unlocks
from tests.desk.page.desks import Served
from tests.desk.page.test_day import takes
from tests.desk.world import URGENT, World

TEMPLATES = sorted((Path(pages.__file__).parent / "templates").glob("*.html"))
FIELD = re.compile(r"<(?:textarea|select|input)\b(?:[^>{]|\{\{.*?\}\}|\{%.*?%\})*>")
PERSON = "Планка-7 не открывается"
PATIENCE = 60.0
"""Seconds for the browser to write its session; it does so every few."""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.stem)
def test_every_field_keeps_out_of_the_browsers_memory(template: Path) -> None:
    fields = FIELD.findall(template.read_text())
    assert len(fields) == len(re.findall(r"<(?:textarea|select|input)\b", template.read_text()))
    for one in fields:
        assert 'autocomplete="off"' in one or 'type="hidden"' in one, one


def holds(profile: Path, words: str) -> bool:
    """Whether a file of the profile holds these words, however the browser spells them."""
    spelled = [words.encode(code) for code in ("utf-8", "utf-16-le", "cp1251")]
    return any(
        any(one in content for one in spelled)
        for content in (path.read_bytes() for path in profile.rglob("*") if path.is_file())
    )


def test_nothing_typed_or_shown_is_in_the_profile(
    world: World, serve: Callable[..., Served], tmp_path: Path
) -> None:
    asker = asks(world, {**URGENT, "note": PERSON})
    desk, profile = serve("anna"), tmp_path / "profile"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=OPTIONS
        )
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        page.goto(desk.session.address)
        unlocks(page)
        takes(page, desk, asker)
        assert PERSON in page.content()
        typed = []
        for field in page.locator("textarea:not([readonly])").all():
            field.evaluate(
                "one => { const acts = one.closest('details'); if (acts) acts.open = true }"
            )
            typed.append(f"Written in {field.get_attribute('id')}")
            field.fill(typed[-1])
        assert len(typed) >= 6
        page.get_by_role("button", name="Preview").click()
        page.wait_for_selector(".chat-card")
        page.goto(f"{desk.home}?skill=lawyer")
        ends = time.monotonic() + PATIENCE
        while not holds(profile, "/?skill=lawyer"):
            assert time.monotonic() < ends, "the browser has written no session"
            page.wait_for_timeout(200)
        context.close()
    assert [one for one in (*typed, PERSON) if holds(profile, one)] == []
