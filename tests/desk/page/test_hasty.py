"""Whoever is faster than the page or the line: what is typed is kept, and each act is done once."""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

import httpx
import pytest
from playwright.sync_api import Route, expect

from desk.client import Client
from tests.desk.page.asking import asks
from tests.desk.page.conftest import Enter
from tests.desk.page.desks import Served
from tests.desk.page.test_day import takes
from tests.desk.page.test_guard import post, unlock
from tests.desk.world import World

Serve = Callable[..., Served]

SLOW = 0.4
"""Seconds that the script is on its way."""

FIRST_PAINT = "performance.getEntriesByName('first-paint').map(one => one.startTime)"
SCRIPT_CAME = (
    "performance.getEntriesByType('resource').filter(one => one.name.endsWith('/desk.js'))"
    ".map(one => one.responseEnd)"
)
TYPES_AT_ONCE = """
new MutationObserver((_, watching) => {
  const text = document.getElementById("text");
  if (!text) return;
  watching.disconnect();
  text.value = "Позвоните: +7 999 123-45-67";
}).observe(document, { childList: true, subtree: true });
"""


def test_nothing_of_a_page_is_seen_before_its_script_is_there(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)

    def late(route: Route) -> None:
        time.sleep(SLOW)
        route.continue_()

    page.route("**/desk.js", late)
    page.goto(desk.case(asker.case))
    page.wait_for_function(f"{FIRST_PAINT}.length === 1")
    [came], [seen] = page.evaluate(SCRIPT_CAME), page.evaluate(FIRST_PAINT)
    assert came > 1000 * SLOW
    assert seen >= came


def test_what_is_typed_before_the_script_was_reached_is_kept_too(
    world: World, serve: Serve, enter: Enter
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk)
    takes(page, desk, asker)
    page.add_init_script(TYPES_AT_ONCE)
    page.reload()
    expect(page.locator("#letter-state")).to_have_text("Draft kept, sealed.")
    expect(page.locator("#signs")).to_contain_text("a phone number: +7 999 123-45-67")


def test_without_the_script_two_clicks_send_one_reply(
    world: World, serve: Serve, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = asks(world)
    desk = serve("anna")
    page = enter(desk, java_script_enabled=False)
    takes(page, desk, asker)
    page.fill("#text", "Один раз.")
    page.get_by_role("button", name="Preview").click()
    place = page.get_by_role("button", name="Send").bounding_box()
    assert place is not None
    line = Line(monkeypatch)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    for clicks in (1, 2):
        page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        while len(sent) < clicks:
            page.wait_for_timeout(20)
        assert line.replied.wait(60)  # and the page to which it leads does not come yet
    line.free.set()
    expect(page.locator(".item.ours")).to_contain_text("Один раз.")
    assert len(asker.letters()) == 1


class Line:
    """The line to the server: after a reply nothing goes through, until it is free."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.replied, self.free = Event(), Event()
        really = Client._ask

        def ask(client: Client, method: str, path: str, *more: Any, **and_more: Any) -> bytes:
            if self.replied.is_set():
                self.free.wait(60)
            answer = really(client, method, path, *more, **and_more)
            if path.endswith("/reply"):
                self.replied.set()
            return answer

        monkeypatch.setattr(Client, "_ask", ask)


def test_a_form_does_its_act_once_and_another_text_or_page_is_another(
    world: World, serve: Serve
) -> None:
    case = asks(world).case
    desk = serve("anna")
    with httpx.Client(base_url=desk.root, trust_env=False, timeout=60) as visitor:
        assert visitor.get(desk.session.address).status_code == 200
        unlock(visitor, desk)
        post(visitor, desk, f"cases/{case}/take")

        def note(text: str, number: str) -> str:
            fields = {"text": text, "once": number}
            answer = post(visitor, desk, f"cases/{case}/note", fields=fields)
            assert answer.status_code == (303 if text else 409)
            return str(answer.headers.get("location", ""))

        led = note("Первая", "a")
        assert led.endswith(f"/cases/{case}#exchange")
        assert note("Первая", "a") == led
        for _ in range(2):
            note("", "a")  # what failed has not been done, and fails again
        assert note("Вторая", "a") == led
        assert note("Первая", "b") == led
        shown = visitor.get(desk.case(case)).text
    assert shown.count("Первая") == 2
    assert shown.count("Вторая") == 1
