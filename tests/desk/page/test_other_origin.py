"""A page of another origin, in the same browser, tries everything that it can."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.desk.page.asking import asks
from tests.desk.page.conftest import PATIENCE, Enter, unlocks
from tests.desk.page.desks import Served, served_desk
from tests.desk.world import World

Serve = Callable[..., Served]


class Stranger(BaseHTTPRequestHandler):
    """Another program's page on another port of this machine: the same site, another origin."""

    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.heard.append(f"{self.path} {self.headers.get('Cookie', '')}")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>stranger</title><p>hello")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    Stranger.heard.clear()
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(serve: Serve) -> Served:
    return serve("anna")


@pytest.fixture
def browsing(desk: Served, enter: Enter) -> BrowserContext:
    """The browser in which the desk is open and unlocked."""
    return enter(desk).context


# The worst case: the stranger knows the path, case ids and everything but cookie and mark.
TRIES = """
async ([home, one, mark]) => {
  const results = {};
  const tries = {
    get: () => fetch(home, {credentials: 'include'}),
    blind: () => fetch(home, {credentials: 'include', mode: 'no-cors'}),
    queue: () => fetch(home + 'quiet/queue', {credentials: 'include'}),
    post: () => fetch(home + 'lock', {method: 'POST', credentials: 'include', mode: 'no-cors',
      body: new URLSearchParams({mark})}),
    beacon: async () => navigator.sendBeacon(home + 'lock', new URLSearchParams({mark})),
  };
  for (const [name, act] of Object.entries(tries)) {
    try {
      const answer = await act();
      results[name] = answer === true || answer === false ? 'queued'
        : `${answer.type} ${answer.status} ${(await answer.text()).length}`;
    } catch (error) { results[name] = 'refused'; }
  }
  const loads = (tag, attribute, path) => new Promise((done) => {
    const element = document.createElement(tag);
    element[attribute] = home + path;
    element.onload = () => done('loaded');
    element.onerror = () => done('refused');
    if (tag === 'link') element.rel = 'stylesheet';
    document.body.append(element);
  });
  results.image = await loads('img', 'src', 'static/mark.svg');
  results.script = await loads('script', 'src', 'static/desk.js');
  results.style = await loads('link', 'href', 'static/desk.css');
  return results;
}
"""


def test_it_reads_nothing_and_changes_nothing(
    desk: Served, browsing: BrowserContext, stranger: str, world: World
) -> None:
    case = asks(world).case
    page = browsing.new_page()
    page.goto(stranger)
    found = page.evaluate(TRIES, [desk.home, desk.case(case), desk.session.mark])
    assert found["get"] == "refused"
    assert found["queue"] == "refused"
    assert found["blind"] in ("refused", "opaque 0 0")
    assert found["post"] in ("refused", "opaque 0 0")
    assert found["image"] == found["script"] == found["style"] == "refused"
    page.wait_for_timeout(300)
    assert not desk.session.locked


def test_it_cannot_frame_the_desk_or_reach_a_window_of_it(
    desk: Served, browsing: BrowserContext, stranger: str
) -> None:
    page = browsing.new_page()
    page.goto(stranger)
    page.evaluate(
        """(home) => { const frame = document.createElement('iframe'); frame.src = home;
        document.body.append(frame); }""",
        desk.home,
    )
    page.wait_for_timeout(800)
    assert all("Lock" not in frame.content() for frame in page.frames[1:])
    with browsing.expect_page() as opened:
        page.evaluate("(home) => { window.other = window.open(home); }", desk.home)
    expect(opened.value.locator("body")).to_contain_text("answers only to its own")
    assert page.evaluate("() => window.other === null || window.other.closed")


def test_its_form_with_the_right_mark_is_refused_too(
    desk: Served, browsing: BrowserContext, stranger: str
) -> None:
    page = browsing.new_page()
    page.goto(stranger)
    page.evaluate(
        """([home, mark]) => { const form = document.createElement('form');
        form.method = 'post'; form.action = home + 'lock';
        const field = document.createElement('input'); field.name = 'mark'; field.value = mark;
        form.append(field); document.body.append(form); form.submit(); }""",
        [desk.home, desk.session.mark],
    )
    page.wait_for_url(f"{desk.root}/**")
    assert "Another page asked for this" in page.content()
    assert not desk.session.locked


def test_the_cookie_is_not_sent_to_it(
    desk: Served, browsing: BrowserContext, stranger: str
) -> None:
    page = browsing.new_page()
    for path in ("/", "/static/desk.css", "/cases/x"):
        page.goto(stranger + path)
    assert Stranger.heard
    cookie = desk.session.cookie()
    assert cookie is not None
    assert all(cookie not in heard for heard in Stranger.heard)


def test_a_link_of_its_own_to_the_desk_leads_nowhere(
    desk: Served, browsing: BrowserContext, stranger: str
) -> None:
    page = browsing.new_page()
    page.goto(stranger)
    page.evaluate("(home) => { location.href = home; }", desk.home)
    page.wait_for_url(f"{desk.root}/**")
    assert "answers only to its own" in page.content()


WORKER = b"""
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => event.respondWith((async () => {
  const answer = await fetch(event.request);
  const seen = await caches.open('seen');
  await seen.put('/' + Math.random(), new Response(await answer.clone().text()));
  return answer;
})()));
"""


class Former(BaseHTTPRequestHandler):
    """What ran on the desk's port before, and left a worker in the browser."""

    def do_GET(self) -> None:
        worker = self.path == "/worker.js"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if worker else "text/html")
        self.end_headers()
        self.wfile.write(WORKER if worker else b"<!doctype html><title>former</title>")

    def log_message(self, *_: object) -> None:
        pass


def test_what_ran_on_this_port_before_left_nothing_that_reads_the_desk(
    world: World, browser: Browser
) -> None:
    server = HTTPServer(("127.0.0.1", 0), Former)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"http://127.0.0.1:{server.server_port}")
    page.evaluate(
        "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)"
    )
    server.shutdown()
    server.server_close()
    user = world.desk("anna").desk()
    with served_desk(user, timedelta(hours=1), server.server_port) as desk:
        page.goto(desk.session.address)
        unlocks(page)
        assert page.evaluate("navigator.serviceWorker.controller") is None
        read = page.evaluate(
            """async () => { const seen = await caches.open('seen'); let text = '';
            for (const one of await seen.keys()) text += await (await seen.match(one)).text();
            return text; }"""
        )
        assert "passphrase" not in read
        assert desk.session.mark not in read
