"""`tropa counts` on the terminal, and who is shown it, at a real server."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import web

from desk.counts_rows import reader_of
from desk.counts_view import View
from desk.desk import SERVER
from intake.count_story import rounding, story
from intake.counts import Rules
from intake.figures import Block, Figure, Reader, months, standing
from intake.roster import Member, Roster
from tests.desk import counted
from tests.desk.counted import given
from tests.desk.world import URGENT, DeskUser, World
from tests.organisation import free_port

FOR_NOBODY_ELSE = "The counts are for coordinators"
NOT_HERS = "Your role opens no cases"


year = pytest.fixture(scope="module")(counted.year)


def coordinator(world: World, language: str = "en") -> DeskUser:
    user = world.desk("counts")
    user.language, user.width = language, 240
    return user


def english() -> Reader:
    return Reader(str, "en")


# What is shown


def test_every_sentence_stands_there_with_its_definition(year: World) -> None:
    ran = coordinator(year).run("counts")
    assert ran.code == 0, ran.all
    told = story(given(year), english())
    assert {"sum_soldiers", "share_leaving", "promise", "told_article"} <= {one.id for one in told}
    for one in told:
        assert one.text in ran.all
        after = ran.all.split(one.text, 1)[1].strip()
        assert after.startswith(one.definition)


def test_each_month_shows_the_figures_that_were_released(year: World) -> None:
    user = coordinator(year)
    seen: set[str] = set()
    for month in months(given(year), english()):
        ran = user.run("counts", "--month", month.month)
        assert ran.code == 0, ran.all
        for figure in (*month.totals, *month.shares, *month.sums):
            assert spelt(figure) in line_of(ran.out, figure.label)
        for block in month.blocks:
            seen |= compared(ran.out, block)
    assert seen == {"shown", "hidden", "all hidden"}


def spelt(figure: Figure) -> str:
    """The figure as a glance tells it."""
    if figure.count is None:
        return "hidden" if figure.below is None else f"< {figure.below} %"
    if figure.percent is None:
        return str(figure.count)
    least = "at least " if figure.least else ""
    return f"{least}{figure.percent} % ({figure.count} of {figure.whole})"


def line_of(out: str, label: str) -> str:
    """The first line that begins with this label."""
    return next(line for line in out.splitlines() if re.match(rf"{re.escape(label)}  ", line))


def compared(out: str, block: Block) -> set[str]:
    """Compare a table on the terminal with the block; returns what kinds of lines it has."""
    section = out.split(f"\n{block.label} (", 1)[1].split("\n", 1)[1].split("\n\n")[0]
    lines = section.splitlines()
    if all(figure.count is None for figure in block.figures):
        labels = ", ".join(figure.label for figure in block.figures)
        assert lines[0].split("  ")[0] == labels
        assert lines[0].rstrip().endswith("░░░ hidden")
        return {"all hidden"}
    kinds = set()
    for figure, line in zip(block.figures, lines, strict=False):
        hidden = figure.count is None
        percent = "" if figure.percent is None else f" +{figure.percent} %"
        number = "░░░ +hidden" if hidden else rf"█+ +{figure.count}{percent}"
        assert re.fullmatch(rf"{re.escape(figure.label)} +{number} *", line), line
        kinds.add("hidden" if hidden else "shown")
    return kinds


def test_the_trend_has_a_row_for_every_month(year: World) -> None:
    ran = coordinator(year).run("counts")
    trend = ran.out.split("Month by month\n")[1].split("in detail")[0]
    every = months(given(year), english())
    assert len(every) == 13
    for month in every:
        requests, (leaving,) = month.total("requests"), month.shares
        line = line_of(trend, english().month(month.month))
        if requests.count is None:
            assert re.fullmatch(r"\w+ 20\d\d +(░░░ +){6}", line)
            continue
        share = f"< {leaving.below} %" if leaving.percent is None else f"{leaving.percent} %"
        assert f"█ {requests.count} " in line
        assert f" {share} " in line
        assert "up to 6 hours" in line
    bars = [line.count("█") for line in trend.splitlines() if "█" in line]
    assert bars == sorted(bars), "more requests, and a larger share, are longer bars"


def test_the_trend_fits_a_terminal_of_eighty_columns(year: World) -> None:
    user = coordinator(year)
    for language in ("en", "ru"):
        user.language, user.width = language, 80
        out = user.run("counts").out
        reader = reader_of(user.desk())
        for month in months(given(year), reader):
            count = month.total("requests").count
            line = line_of(out, reader.month(month.month))
            assert f"{'░░░' if count is None else count}  " in line
            assert line.count("░░░") in (0, 6), "nothing is broken into the next line"


def test_today_shows_what_waits_beside_what_can_be_borne(year: World) -> None:
    ran = coordinator(year).run("counts")
    today = given(year).today
    assert today is not None
    section = ran.out.split("Today, 2026-11-22\n")[1]
    total, blocks = standing(today, english())
    assert total.count is not None
    assert str(total.count) in line_of(section, total.label)
    assert {"urgency", "age", "due", "skill"} == {block.id for block in blocks}
    for block in blocks:
        compared(section, block)
    load = section.split("Load against capacity\n")[1]
    for one in today.load:
        line = line_of(load, one.label["en"])
        assert line.split()[-2:] == [str(one.members), str(one.capacity)]
    assert "rounded to 10, hidden below 34" in " ".join(section.split())


def test_what_is_hidden_is_explained_once_and_never_drawn_as_nothing(year: World) -> None:
    out = coordinator(year).run("counts").out
    assert out.count("is not zero") == 1
    assert not re.search(r"(?m)(^| )0( %)?$", out)


def test_a_month_keeps_the_rules_of_its_day(year: World) -> None:
    """Stricter ones that were set later are told, and beside the month its own."""
    shown = given(year)
    stricter = shown.model_copy(update={"rules": Rules(smallest=25)})
    texts = []
    for one in (shown, stricter):
        desk = coordinator(year).desk()
        view = View(desk, one)
        view.print(view.everything)
        assert isinstance(desk.out.file, StringIO)
        texts.append(" ".join(desk.out.file.getvalue().split()))
    own, later = (rounding(rules, english()) for rules in (shown.rules, stricter.rules))
    assert [text.count(own) for text in texts] == [1, 1]
    assert [text.count(later) for text in texts] == [0, 1]


def test_colours_carry_nothing(year: World) -> None:
    assert "\x1b" not in coordinator(year).run("counts").out


def test_it_is_told_in_russian(year: World) -> None:
    ran = coordinator(year, "ru").run("counts")
    for one in story(given(year), counted.RUSSIAN):
        assert one.text in ran.all
    for words in ("Коротко: октябрь 2026", "По месяцам", "░░░ скрыто — не ноль", "Нагрузка"):
        assert words in ran.all
    assert "hidden" not in ran.all


def test_a_month_that_is_not_shown_names_those_that_are(year: World) -> None:
    ran = coordinator(year).run("counts", "--month", "2026-11")
    assert ran.code == 1
    assert ran.out == ""
    assert "2026-11 is not shown" in ran.all
    assert ", ".join(one.month for one in given(year).releases) in ran.all


@pytest.mark.parametrize("two", [("--csv", "--json"), ("--month", "2026-10", "--csv")])
def test_it_is_asked_for_in_one_way_at_a_time(year: World, two: tuple[str, ...]) -> None:
    ran = coordinator(year).run("counts", *two)
    assert (ran.code, ran.out) == (1, "")
    assert "only one of" in ran.all


# Who is shown it


@pytest.mark.parametrize("who", ["anna", "lead", "recovery"])
@pytest.mark.parametrize("how", [(), ("--csv",), ("--json",), ("--month", "2026-10")])
def test_nobody_else_is_shown_anything(year: World, who: str, how: tuple[str, ...]) -> None:
    ran = year.desk(who).run("counts", *how)
    assert (ran.code, ran.out) == (1, "")
    assert FOR_NOBODY_ELSE in ran.all
    year.desk(who).language = "en"
    assert "Сводка — для координаторов" in year.desk(who, language="ru").run("counts").all


def test_whom_the_roster_gives_them_besides_sees_them_and_her_queue(world: World) -> None:
    world.put(with_counts(world.roster, "anna"))
    user = world.desk("anna")
    assert user.run("counts").code == 0
    assert user.run("queue").code == 0
    assert FOR_NOBODY_ELSE in world.desk("boris").run("counts").all
    world.put(with_counts(world.roster, "anna", given=False))
    assert FOR_NOBODY_ELSE in user.run("counts").all, "what the roster takes is gone at once"


def with_counts(roster: Roster, name: str, *, given: bool = True) -> Roster:
    members = tuple(
        Member.model_validate(dict(one) | {"counts": given}) if one.name == name else one
        for one in roster.members
    )
    return Roster.model_validate(dict(roster) | {"members": members, "epoch": roster.epoch + 1})


def test_a_coordinator_joins_and_is_told_what_is_hers(world: World) -> None:
    user = world.bare_desk("counts")
    user.settle("counts")
    ran = user.run("join", world.url, str(world.organisation_file))
    assert ran.code == 0, ran.all
    assert "tropa counts" in ran.out
    other = world.bare_desk("vera")
    other.settle("vera")
    assert "counts" not in other.run("join", world.url, str(world.organisation_file)).all


ACTS = (
    ("queue",),
    ("queue", "--json"),
    ("take",),
    ("take", "CASE"),
    ("open", "CASE"),
    ("open", "CASE", "--fresh"),
    ("give-back", "CASE"),
    ("reply", "CASE", "--yes", "--file", "TEXT"),
    ("note", "CASE", "--file", "TEXT"),
    ("ask", "CASE", "boris", "--file", "TEXT"),
    ("hand-over", "CASE", "boris"),
    ("escalate", "CASE", "--file", "TEXT"),
    ("level", "CASE", "P0", "--file", "TEXT"),
    ("close", "CASE", "--outcome", "informed"),
    ("erase", "CASE", "--yes"),
)


def test_no_case_is_hers_to_open_list_or_change(world: World, tmp_path: Path) -> None:
    case = world.submit(URGENT)
    text = tmp_path / "text"
    text.write_text("Текст\n")
    user = world.desk("counts")
    for act in ACTS:
        said = [{"CASE": case, "TEXT": str(text)}.get(word, word) for word in act]
        ran = user.run(*said)
        assert (ran.code, ran.out) == (1, ""), act
        assert NOT_HERS in ran.all, act
        assert "tropa counts" in ran.all, act
        assert case[:8] not in ran.all, act
    assert not (user.home / "cases").exists()
    assert world.desk("anna").run("take", case).code == 0, "it waits as before"


def test_her_refusal_is_told_in_russian(world: World) -> None:
    assert "Ваша роль не открывает дел" in world.desk("counts", language="ru").run("queue").all


# When there is nothing to show


def test_a_month_before_the_line_was_there_is_not_promised(world: World) -> None:
    world.time.pass_(days=10)
    counted.release(world)
    said = world.desk("counts").run("counts").all
    assert "The first will be December 2026, from 2027-01-15" in said


def test_before_the_first_month_it_says_when(world: World) -> None:
    user = world.desk("counts")
    for how in ((), ("--month", "2026-11")):
        ran = user.run("counts", *how)
        assert ran.code == (1 if how else 0)
        assert "No month is shown yet. The first will be November 2026, from 2026-12-15" in ran.all
    assert user.run("counts", "--json").json["next_month"] == {
        "month": "2026-11",
        "shown_from": "2026-12-15",
    }
    counted.fill(world, {"2026-11": (counted.SOLDIER,) * 30})
    world.time.pass_(days=22)
    world.put(world.roster.extended(world.time() + counted.MONTH))
    counted.release(world)
    assert "The first will be November 2026, from 2026-12-15" in user.run("counts").all
    world.time.pass_(days=1)
    assert "November 2026 at a glance" in user.run("counts").out


def test_without_a_server_it_says_so(world: World) -> None:
    user = world.desk("counts")
    gone = {"url": f"http://127.0.0.1:{free_port()}"}
    (user.home / SERVER).write_text(json.dumps(gone))
    ran = user.run("counts")
    assert (ran.code, ran.out) == (1, "")
    assert "cannot be reached" in ran.all


def test_with_an_expired_roster_nothing_is_asked(world: World) -> None:
    user = world.desk("counts")
    world.time.pass_(days=31)
    ran = user.run("counts")
    assert (ran.code, ran.out) == (1, "")
    assert "The roster expired" in ran.all


@pytest.mark.parametrize("reason", ["http_404", ""])
def test_an_older_server_is_told_apart(world: World, reason: str) -> None:
    user = world.desk("counts")
    old = world.wait(older(world, reason))
    try:
        url = {"url": f"http://127.0.0.1:{old.addresses[0][1]}"}
        (user.home / SERVER).write_text(json.dumps(url))
        ran = user.run("counts")
        assert (ran.code, ran.out) == (1, "")
        assert "This server gives no counts" in ran.all
    finally:
        world.wait(old.cleanup())


async def older(world: World, reason: str) -> web.AppRunner:
    """A server from before the counts: it has the roster, and does not know the address."""

    async def roster(_: web.Request) -> web.Response:
        return web.Response(body=world.envelope, content_type="application/json")

    async def nothing(_: web.Request) -> web.Response:
        return web.json_response({"error": "There is nothing.", "reason": reason}, status=404)

    app = web.Application()
    app.router.add_get("/v1/roster", roster)
    app.router.add_get("/v1/counts", nothing)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner
