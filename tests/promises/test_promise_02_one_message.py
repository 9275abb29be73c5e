"""Promise 2: the chat never holds more than the card.

Whatever is sent into it, at any point of the interview and after it, with Telegram in order or
not: at rest the chat holds one message, and it is the bot's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from handlers.buttons import Verb
from sandbox.cards import Card
from tests.journeys.stage import BLANK, Stage, Talk, find, is_closing, is_hidden, running_stage
from tests.journeys.wandering import COMMANDS, FAULTS, MEDIA, RAW, TEXTS, Wanderer

WHY = "\n\n✕ "


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One line for all these tests, and somebody new in each of them."""
    async with running_stage(tmp_path_factory.mktemp("stage")) as made:
        yield made


async def _language(talk: Talk) -> None:
    await talk.person.send("/start")


async def _safety(talk: Talk) -> None:
    await _language(talk)
    await talk.press(Verb.LANGUAGE, "ru")


async def _one(talk: Talk) -> None:
    await talk.begin()
    await talk.go_through({}, until="danger")


async def _many(talk: Talk) -> None:
    await talk.begin()
    await talk.go_through({}, until="documents")


async def _calendar(talk: Talk) -> None:
    await talk.begin()
    await talk.go_through({"situation": "abroad", "region": "kz"}, until="stay_until")


async def _text(talk: Talk) -> None:
    await talk.begin()
    await talk.go_through({}, until="codeword")


async def _offer(talk: Talk) -> None:
    await _one(talk)
    await talk.answer("day")


async def _after_sending_early(talk: Talk) -> None:
    await _offer(talk)
    await talk.press(Verb.SEND_NOW)


async def _review(talk: Talk) -> None:
    await talk.begin()
    await talk.go_through({})


async def _closing(talk: Talk) -> None:
    await _review(talk)
    await talk.press(Verb.SEND)


async def _topic(talk: Talk) -> None:
    await talk.begin()
    await talk.answer("info")
    await talk.press(Verb.TOPIC, "ru:kz")


async def _erased(talk: Talk) -> None:
    await _many(talk)
    await talk.person.send("/forget")
    await talk.press(Verb.FORGET_YES)


async def _hidden(talk: Talk) -> None:
    await _many(talk)
    await talk.press(Verb.HIDE)


PLACES: dict[str, Callable[[Talk], Any]] = {
    place.__name__.strip("_").replace("_", " "): place
    for place in (
        *(_language, _safety, _one, _many, _calendar, _text, _offer, _after_sending_early),
        *(_review, _closing, _topic, _erased, _hidden),
    )
}


@pytest.mark.parametrize("place", PLACES)
async def test_everything_that_can_be_sent_leaves_one_message(
    stage: Stage, place: str, full: bool
) -> None:
    """In the short form each place gets a third of it all, and not the same third."""
    talk = await stage.person("ru")
    await PLACES[place](talk)
    third = None if full else list(PLACES).index(place) % 3
    for text in [*_part(TEXTS, third), *_part(COMMANDS, third)]:
        await talk.person.send(text, wait=None)
        await _rests(talk, f"{place}: {text[:20]!r}")
    for medium in _part(MEDIA, third):
        await talk.attach(medium)
        card = await _rests(talk, f"{place}: {medium}")
        assert is_hidden(card) or WHY in card.text, (medium, card.text)
    for kind in _part(tuple(RAW), third):
        await talk.person.act("send", content=RAW[kind])
        card = await _rests(talk, f"{place}: {kind}")
        assert is_hidden(card) or WHY in card.text, (kind, card.text)


def _part(things: tuple[str, ...], third: int | None) -> tuple[str, ...]:
    return things if third is None else things[third::3]


async def _rests(talk: Talk, after: str) -> Card:
    cards = await talk.person.settled(quiet=0.04)
    shown = [(card.by_bot, card.text[:60]) for card in cards]
    assert len(cards) == 1, (after, shown)
    assert cards[0].by_bot, (after, shown)
    return cards[0]


async def test_the_line_that_tells_why_goes_with_the_next_tap(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.person.attach("photo")
    card = await talk.alone()
    assert card.text.count(WHY) == 1
    assert "Фото удалено" in card.text
    card = await talk.answer("yes")
    assert WHY not in card.text


async def test_an_answer_of_smileys_fits_the_card(stage: Stage) -> None:
    """Telegram counts a smiley twice: the card must, too, or it could never be drawn again."""
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({}, until="note")
    for words in ("🌿" * 2000, "<&>" * 1300, "ж" * 4000, "\u202e\u200b" * 2000):
        await talk.person.send(words)
        assert "✕" not in (await talk.alone()).text
    await talk.press(Verb.CLEAR)
    await talk.person.send("рябина")
    assert "рябина" in (await talk.alone()).text


async def test_ten_things_at_once_leave_one_message_and_one_line(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    acts: list[dict[str, Any]] = [{"text": f"текст {n}"} for n in range(5)]
    acts += [{"photo": True}, {"location": True}, {"voice": True}, {"text": "/help"}]
    base = {"person": talk.person.id, "chat": talk.person.id, "do": "send"}
    await stage.sandbox.batch([{**base, **act} for act in acts])
    card = await talk.alone()
    assert card.text.count(WHY) <= 1


async def test_a_hidden_card_explains_nothing(stage: Stage) -> None:
    talk = await stage.person("ru")
    await _hidden(talk)
    before = await talk.alone()
    await talk.person.attach("photo", wait=None)
    await talk.person.send("текст", wait=None)
    assert (await talk.alone()).message == before.message


async def test_a_card_that_nobody_touches_hides_and_comes_back_where_it_was(
    stage: Stage,
) -> None:
    talk = await stage.person("ru")
    await _many(talk)
    await talk.press(Verb.TOGGLE, "military")
    before = await talk.alone()
    await stage.pass_time(timedelta(minutes=14))
    assert not is_hidden(await talk.alone())
    await stage.pass_time(timedelta(minutes=2))
    assert is_hidden(await talk.alone())
    assert (await talk.press(Verb.SHOW)).text == before.text


async def test_after_half_an_hour_a_text_vanishes_and_a_tap_brings_all_back(stage: Stage) -> None:
    talk = await stage.person("ru")
    await _text(talk)
    await talk.person.send("рябина")
    await stage.pass_time(timedelta(minutes=40))
    hidden = await talk.alone()
    await talk.person.send("слово сказано в никуда", wait=None)
    assert (await talk.alone()).message == hidden.message
    card = await talk.press(Verb.SHOW)
    assert "рябина" in card.text
    assert "в никуда" not in card.text


async def test_an_old_card_that_cannot_be_deleted_is_blanked(stage: Stage) -> None:
    """Telegram lets nobody delete for both sides after 48 hours; what it said is gone at least."""
    talk = await stage.person("ru")
    await _many(talk)
    old = await talk.alone()
    await stage.pass_time(timedelta(hours=49))
    await talk.person.send("/start")
    cards = await talk.person.settled()
    assert all(card.by_bot for card in cards)
    assert [card.text for card in cards if card.id == old.id] in ([], [BLANK])
    assert len([card for card in cards if card.text != BLANK]) == 1


async def test_a_closing_card_of_two_days_ago_still_erases(stage: Stage) -> None:
    talk = await stage.person("ru")
    await _closing(talk)
    await stage.pass_time(timedelta(hours=50))
    await talk.press(Verb.SHOW)
    assert is_closing(await talk.alone())
    cases = len(stage.rows("cases"))
    await talk.press(Verb.ERASE)
    await talk.press(Verb.ERASE_YES)
    await talk.alone()
    assert len(stage.rows("cases")) == cases - 1


@pytest.mark.parametrize("method", ["sendMessage", "editMessageText", "deleteMessages"])
async def test_a_call_that_fails_on_its_way_changes_nothing_in_the_end(
    stage: Stage, method: str
) -> None:
    talk = await stage.person("ru")
    await _many(talk)
    for kind in FAULTS:
        await stage.sandbox.fault(kind, count=2, methods=(method,))
        await talk.person.send("/start", wait=None)
        await talk.person.attach("photo", wait=None)
        await asyncio.sleep(0.3)
        await _rests(talk, kind)
    card = await talk.press(Verb.TOGGLE, "military")
    assert "☑ Военный билет" in card.labels


async def test_an_old_card_that_is_tapped_before_it_goes_stays_and_is_the_card(
    stage: Stage,
) -> None:
    """Both its removal and its successor were put off; then it must not vanish after all."""
    talk = await stage.person("ru")
    await _many(talk)
    card = await talk.alone()
    for method in ("deleteMessages", "sendMessage"):
        await stage.sandbox.fault("429", count=4, methods=(method,), retry_after=60)
    await talk.person.send("/start", wait=None)
    await asyncio.sleep(0.2)
    await talk.person.tap_data(find(card, Verb.TOGGLE, "military").data or "", card.id)
    await asyncio.sleep(3)
    assert "☑ Военный билет" in (await talk.alone()).labels


async def test_the_first_card_of_all_is_one_even_if_its_sending_fails(stage: Stage) -> None:
    for kind in FAULTS:
        talk = await stage.person("ru")
        await stage.sandbox.fault(kind, count=2, methods=("sendMessage",))
        await talk.person.send("/start", wait=None)
        await asyncio.sleep(0.3)
        await _rests(talk, kind)


@pytest.mark.parametrize("faults", [False, True], ids=["in order", "with faults"])
@pytest.mark.ordeal
async def test_whatever_wanderers_do_one_message_remains(
    stage: Stage, faults: bool, full: bool, pytestconfig: pytest.Config
) -> None:
    """One after the other, for the clock and the faults are everybody's."""
    seed = int(pytestconfig.getoption("--seed"))
    for number in range(12 if full else 1):
        talk = await stage.person("ru")
        await talk.begin()
        wanderer = Wanderer(stage, talk, seed + number, faults)
        for _ in range(400 if full else 30):
            await wanderer.step()
        await stage.sandbox.clear_faults()
