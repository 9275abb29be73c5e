"""The pictures of the counts: every part of the page, in both languages, over a drawn year.

`make pictures` takes them with the others; `python -m tools.counts_pictures` takes these alone.
"""

import asyncio
import base64
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bot.counting import Counting
from bot.counts import CountsDesk
from crypto.tally import TallyKey
from desk.card import Card
from intake.counts import Rules
from intake.roster import Role
from tests.desk.page.desks import served
from tests.desk.world import PASSPHRASE, RETURN_KEY, World, identity_of
from tools.filling import count
from tools.year import a_year, waiting

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDE, PAPER = {"width": 1280, "height": 900}, {"width": 695, "height": 1000}
NARROW = {"width": 390, "height": 844}
AT_REST = 300
"""Milliseconds after which what was scrolled to is drawn."""

ROUND = 24
"""Pixels around what is shown."""

SEED = 5
"""Of the noise: in this year all that can be said is shown."""

WAITING = 240
VOLUNTEERS = (
    ("kira", 6, ("legal",)),
    ("lev", 4, ("legal", "asylum")),
    ("mira", 5, ("evacuation",)),
    ("nina", 8, ("psych",)),
    ("oleg", 3, ("medical",)),
    ("petr", 12, ("information",)),
    ("rita", 12, ("information",)),
)

Parts = dict[str, tuple[str, str]]
PARTS: Parts = {
    "quote": (".top", "#glance"),
    "trends": ("#trends", "#answers"),
    "month": ("#month", "#month"),
    "today": ("#today", "#how"),
}
"""Pictures, each from the top of one element to the end of another."""


def counts_pictures() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        world = _a_world(Path(name))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=FLAGS,
        )
        try:
            for code, ending in (("en", ""), ("ru", "-ru")):
                _at_a_desk(world, browser, code, lambda page, ending=ending: _views(page, ending))
                _in_a_terminal(world, browser, code, f"counts-terminal{ending}.png")
        finally:
            browser.close()
            world.close()


def _a_world(folder: Path) -> World:
    """An organisation with some volunteers, a year behind it, and people who wait."""
    world = World(folder)
    roster = world.roster
    for name, capacity, skills in VOLUNTEERS:
        member = Card.of(name, identity_of(name)).member(Role.VOLUNTEER, skills, ("ru", "en"))
        roster = roster.with_member(member.model_copy(update={"capacity": capacity}))
    world.put(roster)
    now = world.time.now
    noise = random.Random(SEED)
    counting = Counting(world.form, TallyKey(RETURN_KEY), noise.randbytes)
    # Longer than a test may wait.
    counted = count(world.storage, counting, a_year(world.form, now))
    asyncio.run_coroutine_threadsafe(counted, world.loop).result()
    desk = CountsDesk(
        world.storage.counts, world.storage.cases, counting, Rules(), lambda: roster, world.time
    )
    world.wait(desk.release_due())
    for request in waiting(world.form, now, WAITING):
        world.time.now = request.at
        world.submit(request.answers)
    world.time.now = now
    return world


def _at_a_desk(world: World, browser: Browser, code: str, work: Callable[[Page], None]) -> None:
    with served(world.desk("counts", language=code), timedelta(hours=1)) as desk:
        page = browser.new_context(viewport=WIDE, color_scheme="light").new_page()
        page.goto(desk.session.address)
        page.fill("#passphrase", PASSPHRASE)
        page.keyboard.press("Enter")
        page.wait_for_selector("#how")
        work(page)
        page.context.close()


def _in_a_terminal(world: World, browser: Browser, code: str, name: str) -> None:
    """What `tropa counts` writes: all of it, in two columns."""
    lines = world.desk("counts", language=code).run("counts").out.splitlines()
    half = next(at for at in range(len(lines) // 2, len(lines)) if not lines[at])
    columns = ("\n".join(part) for part in (lines[:half], lines[half + 1 :]))
    page = browser.new_page()
    page.set_viewport_size({"width": 1700, "height": 900})
    page.set_content(
        "<style>body{margin:0;padding:24px;display:inline-flex;gap:48px;background:#1c2324}"
        "pre{margin:0;font:13px/1.35 'DejaVu Sans Mono',monospace;color:#e8eae6}</style>"
        + "".join(f"<pre>{escape(column)}</pre>" for column in columns)
    )
    _keep(page.locator("body").screenshot(), name)
    page.close()


def _views(page: Page, ending: str) -> None:
    for name, (first, last) in PARTS.items():
        _keep(_part(page, first, last), f"counts-{name}{ending}.png")
    page.emulate_media(color_scheme="dark")
    _keep(_part(page, *PARTS["trends"]), f"counts-dark{ending}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    narrow = []
    for at in ("#quote", "#glance", "#answers", "#month"):
        page.evaluate("(at) => document.querySelector(at).scrollIntoView()", at)
        page.wait_for_timeout(AT_REST)
        narrow.append(page.screenshot())
    _side_by_side(page, narrow, f"counts-narrow{ending}.png", NARROW["width"])
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    page.wait_for_timeout(AT_REST)
    sheets = [(".report-head", "#glance"), ("#trends", "#trends"), ("#answers", "#answers")]
    paper = [_part(page, first, last, 0) for first, last in sheets]
    _side_by_side(page, paper, f"counts-paper{ending}.png", PAPER["width"], margin=40)


def _part(page: Page, first: str, last: str, around: int = ROUND) -> bytes:
    page.evaluate("scrollTo(0, 0)")
    start, end = page.locator(first).bounding_box(), page.locator(last).bounding_box()
    assert start is not None
    assert end is not None
    wide = page.viewport_size["width"] if page.viewport_size else 0
    left, top = max(0, start["x"] - around), max(0, start["y"] - around)
    area = {
        "x": left,
        "y": top,
        "width": min(wide, start["x"] + start["width"] + around) - left,
        "height": end["y"] + end["height"] + around - top,
    }
    return page.screenshot(full_page=True, clip=area)  # type: ignore[arg-type]


def _keep(shot: bytes, name: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / name).write_bytes(shot)


def _side_by_side(
    page: Page, shots: Sequence[bytes], name: str, width: int, margin: int = 0
) -> None:
    """On a page of its own: the desk's own policy forbids styles inside of one."""
    board = page.context.new_page()
    board.set_viewport_size({"width": len(shots) * (width + 2 * margin + 60), "height": 900})
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots
    )
    board.set_content(
        "<style>body{margin:0;padding:20px;display:inline-flex;gap:20px;align-items:start;"
        f"background:#e0e4e2}}img{{box-shadow:0 2px 10px #0003;background:#fff;padding:{margin}px}}"
        f"</style>{images}"
    )
    board.wait_for_timeout(200)
    _keep(board.locator("body").screenshot(), name)
    board.close()


if __name__ == "__main__":
    sys.exit(counts_pictures())
