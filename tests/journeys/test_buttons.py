"""Old, altered, foreign and replayed buttons change nothing (and lose nothing either)."""

import asyncio

import pytest

from handlers.buttons import Verb, decode
from sandbox.cards import Card
from tests.journeys.stage import Stage, Talk, find, is_closing, is_hidden, is_review
from tests.line import opened, stored_cases


async def _in_the_middle(stage: Stage) -> tuple[Talk, Card]:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({"device": "mine", "danger": "weeks2"}, until="status")
    return talk, await talk.alone()


async def _tapped(stage: Stage, talk: Talk, data: str, card: Card) -> Card:
    """Tap it and come to rest; every tap is answered."""
    await talk.person.tap_data(data, card.id, until="answer")
    after = await talk.alone()
    assert (await stage.sandbox.state())["unanswered"] == 0
    return after


async def test_the_buttons_of_every_earlier_question_change_nothing(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    old = list((await talk.card()).buttons)
    for value in ("yes", "mine", "weeks2", "me"):
        old += (await talk.card()).buttons
        await talk.answer(value)
    card, rows = await talk.alone(), stage.rows("drafts")
    for button in old:
        press = decode(button.data or "")
        assert press is not None
        after = await _tapped(stage, talk, button.data or "", card)
        assert stage.rows("drafts") == rows, press
        if press.verb is Verb.HIDE:
            assert is_hidden(after)
            after = await talk.press(Verb.SHOW)
        assert after.text == card.text, press


async def test_the_buttons_before_the_interview_do_not_begin_another(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.person.send("/start")
    await talk.press(Verb.LANGUAGE, "ru")
    first = await talk.card()
    begin = find(first, Verb.BEGIN).data or ""
    await talk.press(Verb.BEGIN)
    await talk.go_through({}, until="danger")
    card, rows = await talk.alone(), stage.rows("drafts")
    after = await _tapped(stage, talk, begin, card)
    assert stage.rows("drafts") == rows
    assert after.text == card.text


async def test_a_button_with_one_character_changed_changes_nothing(stage: Stage) -> None:
    """Wherever it is changed: the interview is where it was, on the same card."""
    talk, card = await _in_the_middle(stage)
    rows = stage.rows("drafts")
    data = find(card, Verb.CHOOSE, "contract").data or ""
    verbs = {press.verb for b in card.buttons if (press := decode(b.data or ""))}
    for place, character in enumerate(data):
        altered = data[:place] + chr(ord(character) ^ 1) + data[place + 1 :]
        press = decode(altered)
        if press is not None and place >= 46 and press.verb in verbs - {Verb.CHOOSE}:
            continue  # that is another button of this very card
        after = await _tapped(stage, talk, altered, card)
        assert stage.rows("drafts") == rows, place
        assert after.text == card.text, (place, after.text)
    await talk.answer("contract")
    assert stage.rows("drafts") != rows


async def test_a_drafts_secret_with_the_mark_of_a_case_shows_no_closing_card(
    stage: Stage,
) -> None:
    talk, card = await _in_the_middle(stage)
    data = find(card, Verb.HIDE).data or ""
    for verb in (Verb.CONTINUE, Verb.INBOX, Verb.ERASE_YES, Verb.FORGET_YES):
        after = await _tapped(stage, talk, f"{data[:43]}000{verb}", card)
        assert after.text == card.text


@pytest.mark.parametrize(
    "data", ["x", "0" * 64, "-000c", "-zzzlru", "я" * 32, "-000Q", "A" * 47, "{}", "-001Zru"]
)
async def test_data_of_another_form_changes_nothing(stage: Stage, data: str) -> None:
    talk, card = await _in_the_middle(stage)
    rows = stage.rows("drafts")
    after = await _tapped(stage, talk, data, card)
    assert stage.rows("drafts") == rows
    assert after.text == card.text


async def test_a_button_of_another_persons_card_opens_nothing_and_erases_nothing(
    stage: Stage,
) -> None:
    talk, card = await _in_the_middle(stage)
    other = await stage.person("ru")
    await other.begin()
    await other.go_through({}, until="device")
    theirs, rows = await other.alone(), stage.rows("drafts")
    await other.person.send("/forget")
    keys = [*theirs.buttons, *(await other.alone()).buttons]
    for button in keys:
        after = await _tapped(stage, talk, button.data or "", card)
        assert stage.rows("drafts") == rows
        assert is_hidden(after) or after.text == card.text
        if is_hidden(after):
            await talk.press(Verb.SHOW)


async def test_a_double_tap_counts_once(stage: Stage) -> None:
    talk, card = await _in_the_middle(stage)
    data = find(card, Verb.CHOOSE, "contract").data or ""
    await asyncio.gather(*(talk.person.tap_data(data, card.id, until="answer") for _ in range(5)))
    after = await talk.alone()
    question = await talk.question()
    assert question is not None
    assert question.id == "situation"
    assert "Что сейчас?" in after.text
    assert (await stage.sandbox.state())["unanswered"] == 0


async def test_sending_twice_makes_one_case(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    review = await talk.go_through({})
    assert is_review(review)
    data = find(review, Verb.SEND).data or ""
    await asyncio.gather(*(talk.person.tap_data(data, review.id, until="answer") for _ in range(4)))
    assert is_closing(await talk.alone())
    assert len(await stored_cases(stage.settings, stage.house)) == 1


async def test_an_old_confirmation_does_not_erase(stage: Stage) -> None:
    """Asked to erase, thought better of it, answered more: the old *yes* is old."""
    talk, _ = await _in_the_middle(stage)
    await talk.person.send("/forget")
    yes = find(await talk.card(), Verb.FORGET_YES).data or ""
    await talk.press(Verb.CONTINUE)
    await talk.answer("contract")
    card, rows = await talk.alone(), stage.rows("drafts")
    after = await _tapped(stage, talk, yes, card)
    assert stage.rows("drafts") == rows
    assert after.text == card.text


async def test_the_confirmation_on_the_card_erases_even_after_a_text_in_between(
    stage: Stage,
) -> None:
    talk, _ = await _in_the_middle(stage)
    await talk.person.send("/forget")
    await talk.person.send("ну же")
    await talk.press(Verb.FORGET_YES)
    assert stage.rows("drafts") == []


async def test_an_old_button_after_sending_shows_the_closing_card(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    old = find(await talk.card(), Verb.CHOOSE, "yes").data or ""
    await talk.go_through({})
    await talk.press(Verb.SEND)
    card, rows = await talk.alone(), stage.rows("drafts")
    after = await _tapped(stage, talk, old, card)
    assert after.text == card.text
    assert stage.rows("drafts") == rows
    assert len(await stored_cases(stage.settings, stage.house)) == 1


async def test_a_secret_taken_to_another_chat_neither_doubles_nor_loses_an_answer(
    stage: Stage,
) -> None:
    """Whoever holds a card's secret holds the interview: that is how it can be found again
    without any table. What the thief answers, the owner's next tap shows her."""
    talk, card = await _in_the_middle(stage)
    thief = await stage.person("ru")
    await thief.person.send("/start")
    theirs = await thief.card()
    data = find(card, Verb.CHOOSE, "contract").data or ""
    await thief.person.tap_data(data, theirs.id)
    assert len(stage.rows("drafts")) == 1
    rows = stage.rows("drafts")
    after = await _tapped(stage, talk, find(card, Verb.CHOOSE, "officer").data or "", card)
    assert stage.rows("drafts") == rows
    assert "Что сейчас?" in after.text
    await talk.go_through({})
    await talk.press(Verb.SEND)
    (case,) = await stored_cases(stage.settings, stage.house)
    assert opened(case, stage.house)[0].answers["status"] == "contract"


async def test_a_beginning_under_a_secret_that_is_none_begins_nothing(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.person.send("/start")
    card = await talk.press(Verb.LANGUAGE, "ru")
    before = len(stage.rows("drafts"))
    not_canonical = "A" * 42 + "B"
    await talk.person.tap_data(f"{not_canonical}001{Verb.BEGIN}ru", card.id)
    await talk.alone()
    assert len(stage.rows("drafts")) == before
