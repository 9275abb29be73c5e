"""How the counts look: on a narrow screen, on paper, to the keyboard and to whoever only hears."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.desk.counted import fill
from tests.desk.page.conftest import Enter
from tests.desk.page.desks import Served
from tests.desk.page.test_counts import FOUR_MONTHS, shown_at
from tests.desk.world import World

Serve = Callable[..., Served]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all, since nothing here changes it."""
    made = World(tmp_path_factory.mktemp("counts"))
    fill(made, FOUR_MONTHS)
    yield made
    made.close()


@pytest.mark.parametrize("code", ["en", "ru"])
def test_a_narrow_screen_needs_no_scrolling_sideways(serve: Serve, enter: Enter, code: str) -> None:
    page = enter(
        serve("counts", language=code), viewport={"width": 390, "height": 844}, is_mobile=True
    )
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    outside = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((one) => !one.closest('.in-words') && "
        "one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML)"
    )
    assert outside == []


def test_nothing_is_styled_or_scripted_inside_the_page(serve: Serve, enter: Enter) -> None:
    """Violations of the policy would be errors of the console too, which fail every test here."""
    page = enter(serve("counts"))
    assert page.locator("[style], style, script:not([src])").count() == 0
    ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))
    hatched = page.locator("#over-requests .hatch").first
    assert "hatching" in hatched.evaluate("one => getComputedStyle(one).fill")


def test_it_needs_no_script(serve: Serve, enter: Enter) -> None:
    page = enter(serve("counts"), java_script_enabled=False)
    expect(page.locator("#quote .sentence").first).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_label("Month", exact=True).select_option(label="July 2026")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#month h2")).to_contain_text("July 2026")


def test_on_paper_it_is_black_on_white_and_nothing_is_folded(serve: Serve, enter: Enter) -> None:
    page = enter(serve("counts"), color_scheme="dark")
    table = page.locator("#over-requests .data table")
    expect(page.locator("nav").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert table.evaluate("one => one.checkVisibility({contentVisibilityAuto: true})") is False
    page.emulate_media(media="print", color_scheme="light")
    for table in page.locator(".data table").all():
        assert table.evaluate("one => one.getBoundingClientRect().height") > 40
        assert table.evaluate("one => one.checkVisibility()")
    for gone in (".top", ".sections", ".choose", ".sentences button"):
        expect(page.locator(gone).first).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def grey(colour: str) -> float:
    """How light a colour is on a printer without colours, 0 to 255."""
    red, green, blue = (float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_the_parts_of_a_column_differ_in_grey(serve: Serve, enter: Enter) -> None:
    page = enter(serve("counts"))
    for media, scheme in (("screen", "light"), ("screen", "dark"), ("print", "light")):
        page.emulate_media(media=media, color_scheme=scheme)  # type: ignore[arg-type]
        steps = page.locator("#over-waited .legend .step").evaluate_all(
            "all => all.map(one => getComputedStyle(one).fill)"
        )
        light = [grey(colour) for colour in steps]
        assert len(light) == 5
        for place, (one, two) in enumerate(pairwise(light)):
            # What takes long is drawn faintly, whatever the ground.
            assert abs(one - two) > 12, (media, scheme, place)


def test_every_chart_says_what_it_shows(serve: Serve, enter: Enter) -> None:
    desk = serve("counts")
    page = enter(desk)
    last = shown_at(desk).releases[-1].totals["requests"]
    charts = page.locator("main").get_by_role("img").all()
    assert len(charts) == 6
    for chart in charts:
        name = chart.get_attribute("aria-label") or ""
        assert "October 2026: " in name
        figure = chart.locator("xpath=..")
        # What is heard is also seen, and stands there as a table.
        assert (figure.locator(".finding").inner_text()) in name
        assert figure.locator("table caption").count() == 1
        assert figure.locator("tbody tr").count() == 4
    expect(page.locator("#over-requests .finding")).to_contain_text(f"October 2026: {last}")
    expect(page.locator("#over-requests .finding")).to_contain_text("Hidden: August 2026.")
    for table in page.locator("main table").all():
        assert (table.locator("caption").text_content() or "").strip()
        assert table.locator("tbody th[scope=row]").count() == table.locator("tbody tr").count()
    headings = page.locator("main").get_by_role("heading").all_text_contents()
    assert len(headings) == len([one for one in headings if one.strip()])
    for button in page.get_by_role("button").all():
        assert (button.text_content() or "").strip()


def test_the_keyboard_reaches_everything(serve: Serve, enter: Enter) -> None:
    page = enter(serve("counts"))
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(focused(page))
    assert {"A", "SELECT", "SUMMARY", "BUTTON"} <= reached
    page.locator("#over-requests summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#over-requests .data table")).to_be_visible()


def focused(page: Page) -> str:
    name: str = page.evaluate("document.activeElement.tagName")
    return name


def test_in_russian_nothing_of_ours_is_left_in_english(serve: Serve, enter: Enter) -> None:
    page = enter(serve("counts", language="ru"))
    expect(page.locator("h1")).to_contain_text("Сводка")
    expect(page.locator("#glance h2")).to_have_text("Коротко: октябрь 2026")
    expect(page.locator("#over-requests .finding")).to_contain_text(
        "Июль 2026: 70; октябрь 2026: 225."
    )
    text = page.locator("main").inner_text() + page.locator("main").inner_html()
    for word in ("hidden.", "October", "Requests", "Copy", "waiting<", "The most"):
        assert word not in text
