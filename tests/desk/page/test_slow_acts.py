"""An act at a slow server: it is told that it is under way, and not lost when nobody waits."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.desk.liar import Liar, lying
from tests.desk.page.conftest import Enter
from tests.desk.page.desks import Served
from tests.desk.world import URGENT, World

Serve = Callable[..., Served]
SAYS = "The desk finishes it even if you leave this page or close it"
WATCH = """form => {
    const places = () => [...document.querySelectorAll("main *")].map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        return [x, y, width, height];
    });
    const before = JSON.stringify(places());
    const sent = document.querySelector(form);
    setInterval(() => {
        const said = document.getElementById("underway").textContent;
        if (!said) return;
        sent.requestSubmit();
        sessionStorage.seen = JSON.stringify({
            said,
            moved: JSON.stringify(places()) !== before,
            busy: sent.getAttribute("aria-busy"),
            moving: document.getAnimations().length,
        });
    }, 200);
    sent.requestSubmit();
}"""
"""Sends a form, and again and again once it is told that it is under way; keeps what it saw. The
page itself does it: the browser lets nobody ask it anything while it waits for an answer."""
LONG = 6000
"""Milliseconds that the server takes, within the twenty seconds after which it is given up."""


@pytest.fixture
def liar(world: World) -> Iterator[Liar]:
    with lying(world) as found:
        yield found
        found.free()


def seen(page: Page) -> dict[str, Any]:
    """What was to be seen before the page that is there now."""
    found: dict[str, Any] = json.loads(page.evaluate("sessionStorage.seen"))
    return found


NOTE = "form[action$='/note']"


def noting(world: World, liar: Liar, serve: Serve, enter: Enter, **options: object) -> Page:
    """A note that can be sent to a server that does not answer it before it is freed."""
    case = world.submit(URGENT)
    user = world.desk("anna")
    assert user.run("take", case).code == 0
    desk = serve("anna")
    liar.shown_to(user)
    page = enter(desk, **options)
    page.goto(desk.case(case))
    page.evaluate("form => { document.querySelector(form).closest('details').open = true }", NOTE)
    page.fill("#note", "He called at noon.")
    liar.held = f"/v1/cases/{case}/records"
    return page


def sent(liar: Liar) -> int:
    return sum("/records" in one for one in liar.asked)


def test_it_is_told_that_an_act_is_under_way_and_nothing_on_the_page_moves(
    world: World, liar: Liar, serve: Serve, enter: Enter
) -> None:
    page = noting(world, liar, serve, enter)
    page.evaluate(WATCH, NOTE)
    page.wait_for_timeout(LONG)
    liar.free()
    expect(page.locator(".told.good")).to_have_text("The note is in the case.")
    expect(page.locator("#underway")).to_be_empty()
    found = seen(page)
    assert " s" in found["said"]
    assert "Under way since" in found["said"]
    assert SAYS in found["said"]
    assert (found["moved"], found["busy"]) == (False, "true")
    assert found["moving"] > 0
    assert sent(liar) == 1, "what is sent twice goes once"


@pytest.mark.parametrize("leaves", ["the tab is closed", "another page", "back"])
def test_an_act_that_nobody_waits_for_is_done_and_told_on_the_next_page(
    world: World, liar: Liar, serve: Serve, enter: Enter, leaves: str
) -> None:
    page = noting(world, liar, serve, enter)
    if leaves == "back":
        page.evaluate(f"setTimeout(() => history.back(), {LONG / 2})")
    page.evaluate("form => document.querySelector(form).requestSubmit()", NOTE)
    while not sent(liar):
        page.wait_for_timeout(100)
    here, context = page.url, page.context
    match leaves:
        case "the tab is closed":
            page.close()
            page = context.new_page()
        case "another page":
            page.goto(here.partition("/cases/")[0] + "/help")
        case _:
            page.wait_for_timeout(LONG)
    liar.free()
    for _ in range(100):
        page.goto(here)
        if page.locator(".told.good").count():
            break
        page.wait_for_timeout(100)
    expect(page.locator(".told.good")).to_have_text("The note is in the case.")
    expect(page.get_by_text("He called at noon.")).to_have_count(1)
    assert sent(liar) == 1


def test_whoever_asks_for_less_motion_sees_none(
    world: World, liar: Liar, serve: Serve, enter: Enter
) -> None:
    page = noting(world, liar, serve, enter, reduced_motion="reduce")
    page.evaluate(WATCH, NOTE)
    page.wait_for_timeout(LONG)
    liar.free()
    expect(page.locator(".told.good")).to_have_text("The note is in the case.")
    assert (SAYS in seen(page)["said"], seen(page)["moving"]) == (True, 0)


def test_a_slow_unlocking_is_told_too(world: World, liar: Liar, serve: Serve, enter: Enter) -> None:
    user = world.desk("anna")
    desk = serve("anna")
    liar.shown_to(user)
    page = enter(desk, unlock=False)
    liar.held = "/v1/roster"
    page.fill("#passphrase", user.passphrase)
    page.evaluate(WATCH, "form[action$='/unlock']")
    page.wait_for_timeout(LONG)
    liar.free()
    page.wait_for_selector("form[data-lock]")
    assert "Under way since" in seen(page)["said"]
