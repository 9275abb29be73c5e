"""The counts at the desk's page, in a real browser: who sees them, and which figures they are."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from playwright.sync_api import Page, expect

from desk.client import Client
from desk.language import Language
from intake.answers import Answers
from intake.count_story import rounding, story
from intake.counts import Shown
from intake.figures import Reader, months, standing
from intake.roster import Roster
from tests.desk.counted import MOBILISED, RELATIVE, SOLDIER, fill, release
from tests.desk.page.asking import asks
from tests.desk.page.conftest import Enter, unlocks
from tests.desk.page.desks import Served
from tests.desk.page.test_troubles import start, stop
from tests.desk.world import World

Serve = Callable[..., Served]

OTHERS: tuple[Answers, ...] = tuple(
    {**SOLDIER, "status": status}
    for status in ("officer", "conscript", "prison")
    for _ in range(26)
)
DISCHARGED: Answers = {**RELATIVE, "status": "discharged"}
SILENT: Answers = {"who": "me", "need": ("information",)}
FORMER = (DISCHARGED, SILENT) * 14
FOUR_MONTHS: dict[str, tuple[Answers, ...]] = {
    "2026-07": (RELATIVE,) * 66 + (SOLDIER,) * 3,
    # Nobody in August: it is hidden as a month of a few would be.
    "2026-09": (RELATIVE,) * 40 + (SOLDIER,) * 40 + (MOBILISED,) * 26 + OTHERS + FORMER,
    "2026-10": (RELATIVE,) * 30 + (SOLDIER,) * 60 + (MOBILISED,) * 28 + OTHERS + FORMER,
}


@pytest.fixture
def year(world: World) -> World:
    fill(world, FOUR_MONTHS)
    return world


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every path that a desk asks its server for."""
    paths: list[str] = []
    really = Client._ask

    def ask(client: Client, method: str, path: str, *body: object, **more: object) -> bytes:
        paths.append(path)
        return really(client, method, path, *body, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Client, "_ask", ask)
    return paths


def shown_at(desk: Served) -> Shown:
    """What the server gives to whoever is at this desk."""
    return desk.session.room.client.counts()


def reader_in(code: str) -> Reader:
    return Reader(Language(code, catalogue="counts").text, code)


def squeezed(texts: list[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]


def rows_of(page: Page, figure: str) -> list[list[str]]:
    """The table of a figure, as a screen reader reads it."""
    rows = page.locator(f"#{figure} tbody tr").all()
    return [squeezed(row.locator("th, td:not([aria-hidden])").all_text_contents()) for row in rows]


def allow_counts(world: World, name: str) -> None:
    """The next roster opens the counts to her besides."""
    member = next(one for one in world.roster.members if one.name == name)
    without: Roster = world.roster.without_member(name)
    world.put(without.with_member(member.model_copy(update={"counts": True})))


# Who sees what


def test_a_coordinators_desk_opens_the_counts_and_never_asks_for_a_case(
    year: World, serve: Serve, enter: Enter, asked: list[str]
) -> None:
    asker = asks(year)
    desk = serve("counts")
    page = enter(desk)
    expect(page.locator("h1")).to_contain_text("Counts")
    links = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
    expect(links).to_have_text(["Counts", "Keys"])
    for path in (f"cases/{asker.case}", "quiet/queue", f"quiet/cases/{asker.case}/changes"):
        answer = page.goto(f"{desk.home}{path}")
        assert answer is not None
        assert answer.status == 409
        assert "Your role opens no cases" in answer.text()
        assert asker.case[:8] not in answer.text().replace(path, "")
    page.goto(desk.case(asker.case))
    expect(page.locator(".gate a")).to_have_text(["To the counts"])
    page.get_by_role("link", name="To the counts").click()
    expect(page.locator("#quote")).to_be_visible()
    page.get_by_role("link", name="Keys").click()
    expect(page.locator("main")).not_to_contain_text("queue")
    assert "/v1/counts" in asked
    assert [path for path in asked if "queue" in path or "case" in path] == []


def test_a_volunteer_is_refused_until_the_roster_opens_the_counts_to_her(
    year: World, serve: Serve, enter: Enter
) -> None:
    desk = serve("anna")
    page = enter(desk)
    links = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
    expect(links).to_have_text(["Queue", "Keys"])
    for path in ("counts", "counts.csv"):
        page.goto(f"{desk.home}{path}")
        expect(page.locator(".told.bad")).to_contain_text("The counts are for coordinators")
        expect(page.locator(".gate a")).to_have_text(["To the queue"])
    allow_counts(year, "anna")
    year.time.pass_(minutes=2)
    page.goto(desk.home)
    expect(links).to_have_text(["Queue", "Counts", "Keys"])
    page.get_by_role("link", name="Counts").click()
    expect(page.locator("#quote")).to_be_visible()
    page.get_by_role("link", name="Queue").click()
    expect(page.locator("h1")).to_have_text("Queue")


def test_recovery_sees_neither(year: World, serve: Serve, enter: Enter) -> None:
    desk = serve("recovery")
    page = enter(desk)
    expect(page.locator(".told.bad")).to_contain_text("Your role opens no cases")
    links = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
    expect(links).to_have_text(["Keys"])
    page.goto(f"{desk.home}counts")
    expect(page.locator(".told.bad")).to_contain_text("The counts are for coordinators")


def test_a_locked_desk_shows_no_counts_and_comes_back_to_them(
    year: World, serve: Serve, enter: Enter
) -> None:
    allow_counts(year, "anna")
    desk = serve("anna")
    page = enter(desk, unlock=False)
    answer = page.goto(f"{desk.home}counts")
    assert answer is not None
    assert answer.status == 423
    assert "asked for help" not in answer.text()
    unlocks(page)
    expect(page.locator("#quote")).to_be_visible()


# The figures


@pytest.mark.parametrize("code", ["en", "ru"])
def test_every_figure_is_the_one_of_every_view(
    year: World, serve: Serve, enter: Enter, code: str
) -> None:
    for _ in range(45):
        asks(year)
    desk = serve("counts", language=code)
    page = enter(desk)
    shown, reader = shown_at(desk), reader_in(code)
    every = months(shown, reader)
    hidden = reader.say("hidden")
    sentences = story(shown, reader)
    assert {"sum_soldiers", "share_leaving", "part_soldiers", "waited", "told_article"} <= {
        one.id for one in sentences
    }
    assert squeezed(page.locator(".sentence").all_text_contents()) == [
        one.text for one in sentences
    ]
    assert squeezed(page.locator(".sentences .definition").all_text_contents()) == [
        " ".join(one.definition.split()) for one in sentences
    ]

    requests = {row[0]: row[1] for row in rows_of(page, "over-requests")}
    assert requests == {
        reader.month(one.month): str(one.total("requests").count or hidden) for one in every
    }
    assert hidden in requests.values()
    shares = {row[0]: row[1:] for row in rows_of(page, "over-share-leaving")}
    for month in every:
        share = month.shares[0]
        percent = f"{share.percent} %" if share.percent is not None else hidden
        if share.below is not None:
            percent = f"< {share.below} %"
        told = [str(share.count or hidden), str(share.whole or hidden), percent]
        assert shares[reader.month(month.month)] == told
    assert any(value[2].startswith("< ") for value in shares.values())

    total, blocks = standing(shown.today, reader) if shown.today else (None, ())
    assert total is not None
    expect(page.locator("#today .glance b")).to_have_text(str(total.count or hidden))
    for block in every[-1].blocks:
        found = {row[0]: row[1:] for row in rows_of(page, f"of-{block.id}")}
        assert len(found) == len(block.figures)
        for figure in block.figures:
            if block.id != "language":
                percent = f"{figure.percent} %" if figure.percent is not None else ""
                told = [hidden] if figure.count is None else [str(figure.count), percent]
                assert found[figure.label] == told
    standing_rows = {row[0]: row[1] for row in rows_of(page, "now-due")}
    due = next(block for block in blocks if block.id == "due")
    assert standing_rows == {one.label: str(one.count or hidden) for one in due.figures}
    skills = next(block for block in blocks if block.id == "skill")
    load = {row[0]: row[1:] for row in rows_of(page, "now-load")}
    waiting = {one.cell: str(one.count or hidden) for one in skills.figures}
    assert shown.today is not None
    for one in shown.today.load:
        told = [waiting[one.skill], str(one.capacity), str(one.members)]
        assert load[reader.label(one.label)] == told
    expect(page.locator("#how")).to_contain_text(rounding(shown.rules, reader))


def test_a_month_can_be_chosen_and_nonsense_chooses_the_last(
    year: World, serve: Serve, enter: Enter
) -> None:
    page = enter(serve("counts"))
    expect(page.locator("#month h2")).to_contain_text("October 2026")
    page.get_by_label("Month", exact=True).select_option(label="September 2026")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#month h2")).to_contain_text("September 2026")
    reserve = page.locator("#of-status tbody tr", has_text="Reserve")
    expect(reserve.locator(".n")).to_have_text("40")
    for nonsense in ("2031-01", "x", "2026-09'"):
        page.goto(f"{page.url.split('?')[0]}?month={nonsense}")
        expect(page.locator("#month h2")).to_contain_text("October 2026")


def test_hidden_cells_look_the_same_whether_empty_or_small(
    year: World, serve: Serve, enter: Enter
) -> None:
    page = enter(serve("counts"))
    rows = page.locator("#month tr.hidden-line")
    assert rows.count() > 5
    marks = {
        row.locator("td").evaluate_all("all => all.map(one => one.outerHTML).join()")
        for row in rows.all()
    }
    assert len(marks) == 1
    expect(page.locator("#quote .explained")).to_contain_text("not even that there is anybody")
    # Of a month in which nobody came, a hatched gap with the word in it.
    expect(page.locator("#over-requests svg.plot .gap")).to_have_text(["hidden"])
    assert page.locator("#over-requests svg.plot .bar").count() == 3


def test_the_file_is_the_one_of_the_command_line(year: World, serve: Serve, enter: Enter) -> None:
    desk = serve("counts")
    page = enter(desk)
    with page.expect_download() as download:
        page.get_by_role("link", name="As a file for a spreadsheet").click()
    assert download.value.suggested_filename == "tropa-counts.csv"
    path = download.value.path()
    rows = list(csv.reader(StringIO(path.read_bytes().decode())))
    printed = year.desk("counts").run("counts", "--csv")
    assert rows == list(csv.reader(StringIO(printed.out)))
    assert len(rows) > 100


def test_a_sentence_is_copied_with_its_definition(year: World, serve: Serve, enter: Enter) -> None:
    desk = serve("counts")
    page = enter(desk, permissions=["clipboard-read", "clipboard-write"])
    first = story(shown_at(desk), reader_in("en"))[0]
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{first.text}\n{first.definition}"


# What goes wrong


def test_before_the_first_release_the_page_says_when_there_will_be_one(
    world: World, serve: Serve, enter: Enter
) -> None:
    release(world)
    page = enter(serve("counts"))
    expect(page.locator(".empty h2")).to_have_text("No month is shown yet.")
    expect(page.locator(".empty")).to_contain_text("November 2026: shown from 2026-12-15.")
    expect(page.locator("#today")).to_contain_text("As of 2026-11-22")
    expect(page.locator("#today")).to_contain_text("rounded to 10, hidden below 34")
    expect(page.locator("#today tr.hidden-line").first).to_be_visible()


def test_counts_that_cannot_be_reached_are_shown_as_they_were_and_say_so(
    year: World, serve: Serve, enter: Enter
) -> None:
    desk = serve("counts")
    page = enter(desk)
    expect(page.locator("#quote")).to_be_visible()
    port = stop(year)
    page.goto(desk.home)
    expect(page.locator(".told.bad")).to_contain_text("cannot be reached")
    expect(page.locator(".told.bad")).to_contain_text("What is shown is from 2026-11-22 12:00 UTC")
    expect(page.locator("#quote")).to_be_visible()
    desk.session.lock()
    page.goto(desk.home)
    unlocks(page)
    # Nothing of what was shown outlives the lock.
    expect(page.locator("h1")).to_have_text("Not done")
    expect(page.locator(".told.bad")).to_contain_text("cannot be reached")
    expect(page.get_by_role("link", name="Queue")).to_have_count(0)
    start(year, port)
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("#quote")).to_be_visible()


def test_an_expired_roster_shows_no_counts(year: World, serve: Serve, enter: Enter) -> None:
    year.put(year.roster.extended(year.time() + timedelta(hours=1)))
    desk = serve("counts")
    page = enter(desk)
    expect(page.locator("#quote")).to_be_visible()
    year.time.pass_(hours=2)
    page.goto(desk.home)
    expect(page.locator(".told.bad")).to_contain_text("The roster expired")
    assert page.locator("#quote").count() == 0
