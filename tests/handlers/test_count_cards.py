"""What `/counts` is answered with in a linked chat, before a real chat."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.charts import Column
from handlers.count_cards import chart, legend, told
from handlers.handing import STAYS, TRIES
from handlers.layout import Pen
from intake.count_story import rounding, story
from intake.counts import Rules
from intake.errors import StorageUnavailable
from intake.figures import Reader
from intake.roster import Role
from sandbox.entities import parse, units
from sandbox.sending import MAX_CAPTION, MAX_TEXT
from tests.handlers.linked import Desk, running_desk
from tests.intake.test_count_story import YEAR, release, shown_of


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with running_desk() as made:
        yield made


async def test_the_counts_come_in_sentences_with_definitions_and_as_a_chart(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    assert await desk.say("/counts")
    card, picture = await desk.person.messages()
    reader = Reader(str, "en")
    for sentence in story(desk.counts.shown, reader):
        assert sentence.text in card.text
        assert sentence.definition in card.text
    assert rounding(Rules(), reader) in card.text
    assert "<blockquote>" in card.html
    assert card.message["has_protected_content"]
    assert "has_protected_content" not in picture.message
    assert (picture.message["photo"][0]["width"], picture.labels) == (1080, [])
    assert picture.text.startswith("Trail & Co, October 2025 – October 2026")
    assert "October 2026: 700; 36 %" in picture.text
    assert len(desk.counts.drawn) == 1


async def test_a_volunteer_whom_the_roster_lets_see_the_counts_has_both(desk: Desk) -> None:
    desk.link(counts=True)
    await desk.say("/counts")
    assert len(await desk.pictures()) == 1
    await desk.say("/queue")
    assert "The queue" in (await desk.person.card()).text


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.LEAD])
async def test_who_may_not_see_the_counts_is_told_so_and_nothing_else(
    desk: Desk, role: Role
) -> None:
    desk.link(role)
    assert await desk.say("/counts")
    (card,) = await desk.person.messages()
    assert card.text == "Your role does not open the counts: coordinators do."
    assert not desk.counts.drawn


async def test_before_anything_is_shown_the_day_of_the_first_month_is(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    desk.counts.shown = shown_of()
    await desk.say("/counts")
    (card,) = await desk.person.messages()
    assert "The first month, November 2026, is shown from 15.12.2026 on." in card.text


async def test_without_a_chart_the_sentences_come_alone(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    desk.counts.draws = False
    await desk.say("/counts")
    (card,) = await desk.person.messages()
    assert "The chart could not be sent. Again: /counts" in card.text
    assert "asked for help" in card.text


async def test_a_chart_that_telegram_does_not_take_is_told(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    await desk.sandbox.fault("502", count=TRIES, methods=("sendPhoto",))
    await desk.say("/counts")
    (card,) = await desk.person.messages()
    assert "The chart could not be sent." in card.text


async def test_a_chart_whose_answer_was_lost_stands_there_once(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    await desk.sandbox.fault("drop_after", count=1, methods=("sendPhoto",))
    await desk.say("/counts")
    assert len(await desk.pictures()) == 1
    assert len(await desk.person.messages()) == 2


async def test_the_chart_goes_with_its_card(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    await desk.say("/counts")
    await desk.say("/counts")
    assert len(await desk.pictures()) == 1
    await desk.say("/queue")
    assert await desk.pictures() == []
    assert len(await desk.person.messages()) == 1


async def test_a_chart_that_is_drawn_when_its_card_is_gone_comes_no_more(desk: Desk) -> None:
    """Drawing takes a while: nobody waits for it, and what she asked for since then stays."""
    desk.link(counts=True)
    desk.counts.until = asyncio.Event()
    asking = asyncio.create_task(desk.say("/counts", update=70))
    await asyncio.sleep(0.3)
    assert await asyncio.wait_for(desk.say("/queue", update=71), 60)
    desk.counts.until.set()
    await asking
    (card,) = await desk.person.messages()
    assert "The queue" in card.text


async def test_a_chart_that_is_on_its_way_when_its_card_goes_is_taken_back(desk: Desk) -> None:
    desk.link(counts=True)
    await desk.sandbox.fault("slow", count=1, seconds=1, methods=("sendPhoto",))
    asking = asyncio.create_task(desk.say("/counts", update=70))
    assert await desk.sandbox.events(kinds=("fault",), timeout=60)
    await desk.say("/queue", update=71)
    await asking
    (card,) = await desk.person.messages()
    assert "The queue" in card.text


async def test_the_chart_leaves_the_chat_after_a_while(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    await desk.say("/counts")
    desk.now += STAYS
    await desk.handing.clear()
    await desk.painter.settled(desk.person.chat)
    (card,) = await desk.person.messages()
    assert "asked for help" in card.text


async def test_the_counts_while_the_line_is_closed_or_the_database_away(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    desk.counts.down = True
    with pytest.raises(StorageUnavailable):
        await desk.say("/counts")
    desk.links.closed = True
    assert await desk.say("/counts")
    assert "The line is closed" in (await desk.person.card()).text


def test_the_largest_form_fits_into_telegrams_limits() -> None:
    """Sixty tables with long names are told: what does not fit is left out, the note stays."""
    table = YEAR[-1].tables[1]
    many = tuple(
        table.model_copy(update={"id": f"t{n}", "label": {"en": "Слово & " * 20}, "told": True})
        for n in range(60)
    )
    long = tuple(
        release.model_copy(
            update={
                "tables": (*release.tables, *many),
                "shares": tuple(
                    share.model_copy(update={"label": {"en": "🌿" * 500}})
                    for share in release.shares
                ),
            }
        )
        for release in YEAR
    )
    shown = shown_of(*long, organisation="🌿" * 300)
    reader, pen = Reader(str, "en"), Pen(str, "en")
    card, _ = parse(told(pen, shown, reader, charted=False).html, "HTML", None)
    caption, _ = parse(legend(shown, reader), "HTML", None)
    assert 3_000 < units(card) <= MAX_TEXT
    assert units(caption) <= MAX_CAPTION
    assert rounding(Rules(), reader) in card
    assert "…" in card


def test_hidden_months_stay_hidden_on_the_chart_and_under_it() -> None:
    hidden = release("2026-11", None, (None, None, None), None)
    few = release("2026-12", 400, (150, 100, 150), None, few=True)
    shown = shown_of(*YEAR, hidden, few)
    reader = Reader(str, "en")
    columns = chart(shown, reader).columns
    assert len(columns) == 13
    assert columns[-2] == Column("Nov", "", None)
    assert columns[-1] == Column("Dec", "", 400, None, 6)
    assert [(column.month, column.year) for column in columns[:2]] == [
        ("Dec", "2025"),
        ("Jan", "2026"),
    ]
    assert "November 2026: hidden; hidden" in legend(shown, reader)
    assert "December 2026: 400; &lt; 6 %" in legend(shown, reader)


def test_without_a_share_there_are_bars_alone() -> None:
    plain = tuple(one.model_copy(update={"shares": ()}) for one in YEAR)
    shown = shown_of(*plain)
    made = chart(shown, Reader(str, "en"))
    assert (made.share, made.columns[-1].count, made.columns[-1].percent) == ("", 700, None)
    assert "October 2026: 700\n" in legend(shown, Reader(str, "en"))
