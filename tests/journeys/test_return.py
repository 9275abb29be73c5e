"""Coming back: the receipt, the inbox, replies, a message, the hours, and a code from elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.buttons import Verb, encode
from intake.records import About
from sandbox.cards import Card
from tests.exchange import (
    Exchange,
    Room,
    code_on,
    enters,
    inbox,
    leaves,
    reads,
    running_room,
    until,
    writes,
)
from tests.journeys.stage import (
    Stage,
    Talk,
    Value,
    find,
    is_hidden,
    is_inbox,
    is_receipt,
    offers,
    pressed,
)

ANY_TIME: dict[str, Value] = {"device": "mine", "contact": "any", "codeword": "рябина"}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with running_room(tmp_path) as made:
        yield made


async def _sent(stage: Stage) -> tuple[Talk, Card]:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({"device": "mine"})
    return talk, await talk.press(Verb.SEND)


async def _line_comes(talk: Talk, exchange: Exchange) -> Card:
    await exchange.until_state("sent")
    card = await talk.alone()
    assert [button.text for button in card.buttons] == ["···"]
    return card


def _locks(stage: Stage) -> int:
    return len(stage.rows("locks"))


# The receipt.


async def test_the_code_is_shown_until_it_is_written_down_and_then_never_again(
    stage: Stage,
) -> None:
    talk, receipt = await _sent(stage)
    code = code_on(receipt)
    assert code
    await talk.attach("photo")
    assert code_on(await talk.alone()) == code
    await talk.person.send("/start")
    assert code_on(await talk.alone()) == code
    await talk.person.send("/help")
    assert code_on(await talk.press(Verb.INBOX)) == code
    card = await talk.press(Verb.WROTE)
    assert is_inbox(card)
    await talk.person.send("/start")
    card = await talk.alone()
    assert is_inbox(card)
    assert not code_on(card)


@pytest.mark.parametrize("by_itself", [True, False])
async def test_a_hidden_receipt_leads_to_the_inbox_without_the_code(
    stage: Stage, by_itself: bool
) -> None:
    talk, receipt = await _sent(stage)
    assert is_receipt(receipt)
    if by_itself:
        await stage.pass_time(timedelta(minutes=16))
    else:
        await talk.press(Verb.HIDE)
    assert is_hidden(await talk.alone())
    card = await talk.press(Verb.SHOW)
    assert is_inbox(card)
    assert not code_on(card)


async def test_the_answers_keys_lead_to_the_inbox_and_not_to_the_code(stage: Stage) -> None:
    talk, receipt = await _sent(stage)
    before = (await talk.press(Verb.WROTE)).text
    old = find(receipt, Verb.WROTE).data or ""
    await talk.person.tap_data(old, (await talk.card()).id, until="answer")
    assert (await talk.alone()).text == before


async def test_an_erase_takes_the_code_with_it(stage: Stage) -> None:
    talk, receipt = await _sent(stage)
    code = code_on(receipt)
    await talk.press(Verb.WROTE)
    await talk.person.send("/forget")
    await talk.press(Verb.ERASE_YES)
    assert stage.rows("cases") == stage.rows("records") == stage.rows("locks") == []
    await talk.person.send(code)
    assert "никуда не ведёт" in (await talk.alone()).text


async def test_whoever_sends_early_and_stops_has_a_code_too(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({"device": "mine"}, until="danger")
    await talk.answer("day")
    after = await talk.press(Verb.SEND_NOW)
    code = code_on(await talk.press(Verb.CODES))
    assert code
    await talk.attach("photo")
    assert code_on(await talk.alone()) == code
    assert (await talk.press(Verb.WROTE)).text == after.text  # the interview goes on
    other = await stage.person("ru")
    await other.person.send(code)
    assert is_inbox(await other.alone())
    await talk.press(Verb.DONE)
    await talk.go_through({})
    assert code_on(await talk.press(Verb.SEND)) == code


# Replies.


async def test_a_reply_opens_on_a_tap_with_the_codeword_and_is_answered(room: Room) -> None:
    exchange = await room.begun(ANY_TIME)
    talk = exchange.talk
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    await _line_comes(talk, exchange)
    card = await talk.press(Verb.READ)
    assert "Мы можем помочь." in card.text
    assert "рябина" in card.text
    await exchange.until_state("read")

    await talk.person.send("Спасибо. Меня зовут Иван")  # typed right where the reply stands
    card = await talk.alone()
    assert "похоже на имя" in card.text.lower()
    await talk.press(Verb.REWRITE)
    await talk.person.send("Спасибо.")
    await talk.person.send("Когда созвонимся?")
    card = await talk.press(Verb.POST)
    assert "Отправлено" in card.text
    assert is_inbox(card)
    whole = await room.anna.case(exchange.case)
    written = room.anna.work.open(whole).exchange[-1]
    assert written.text == "Спасибо.\nКогда созвонимся?"

    await leaves(talk)
    await room.anna.replies(exchange.case, "Завтра.")
    await exchange.until_state("read", "sent")
    card = await talk.press(Verb.READ)
    assert "Завтра." in card.text
    assert "рябина" not in card.text  # with the first reply alone


async def test_several_replies_are_read_one_after_the_other_and_again(room: Room) -> None:
    exchange = await room.begun({"contact": "never"})
    talk = exchange.talk
    for text in ("Первый", "Второй", "Третий"):
        await room.anna.replies(exchange.case, text)
    card = await inbox(talk)
    assert "новых: 3" in card.labels[0]
    assert "Первый" in (await talk.press(Verb.READ)).text
    assert "Второй" in (await talk.press(Verb.READ)).text
    assert "Третий" in (await talk.press(Verb.READ)).text
    assert not offers(await talk.card(), Verb.READ)
    await talk.press(Verb.INBOX)
    card = await talk.press(Verb.REPLIES)
    assert card.labels[:3] == ["1", "2", "3"]
    second = find(card, Verb.READ, "ru:2").data or ""
    await talk.person.tap_data(second, card.id)
    assert "Второй" in (await talk.alone()).text
    assert exchange.states == ["read", "read", "read"]


async def test_a_reply_hides_like_every_card(room: Room) -> None:
    exchange = await room.begun({"contact": "never"})
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    card = await reads(exchange.talk)
    assert "Мы можем помочь." in card.text
    await room.stage.pass_time(timedelta(minutes=16))
    card = await exchange.talk.alone()
    assert is_hidden(card)
    assert "Мы" not in card.text


async def _news_is_shown(talk: Talk) -> None:
    """Wait until the card that stands open tells of it."""
    for _ in range(1200):
        if offers(await talk.card(), Verb.READ):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the open card does not tell of the reply")


async def test_a_card_that_hid_by_itself_has_told_nobody_so_the_line_comes(room: Room) -> None:
    exchange = await room.begun(ANY_TIME)
    talk = exchange.talk
    await inbox(talk)
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    await until(lambda: exchange.states == ["waiting"])
    await _news_is_shown(talk)
    assert offers(await talk.alone(), Verb.READ)  # where it stood open
    assert exchange.states == ["waiting"]
    await room.stage.pass_time(timedelta(minutes=16))
    await _line_comes(talk, exchange)


async def test_whoever_saw_the_news_on_the_open_card_gets_no_line(room: Room) -> None:
    exchange = await room.begun(ANY_TIME)
    talk = exchange.talk
    await inbox(talk)
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    await _news_is_shown(talk)
    await talk.press(Verb.HIDE)
    await exchange.until_state("sent")
    assert is_hidden(await talk.alone())


async def test_the_place_follows_the_card_so_the_line_takes_its_place(room: Room) -> None:
    exchange = await room.begun(ANY_TIME)
    talk = exchange.talk
    for _ in range(3):
        await talk.person.send("/start")
    await leaves(talk)
    await talk.alone()
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    await _line_comes(talk, exchange)


async def test_what_has_happened_is_told_without_names(room: Room) -> None:
    exchange = await room.begun({"contact": "never"})
    talk = exchange.talk
    assert "Ждёт волонтёра" in (await inbox(talk)).text
    await room.anna.takes(exchange.case)
    await leaves(talk)
    assert "читает" in (await inbox(talk)).text
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    await leaves(talk)
    card = await inbox(talk)
    assert "Вам ответили" in card.text
    assert "anna" not in card.text.lower()


# Writing.


async def test_a_message_is_sent_once_however_often_the_key_is_tapped(room: Room) -> None:
    exchange = await room.begun()
    talk = exchange.talk
    card = await writes(talk, "Ещё одно.", post=False)
    data = find(card, Verb.POST).data or ""
    await asyncio.gather(*(talk.person.tap_data(data, card.id, until="answer") for _ in range(4)))
    assert "Отправлено" in (await talk.alone()).text
    whole = await room.anna.case(exchange.case)
    texts = [e.text for e in room.anna.work.open(whole).exchange if e.about is not About.NOTE]
    assert texts.count("Ещё одно.") == 1


async def test_an_old_key_neither_sends_nor_clears_a_later_message(room: Room) -> None:
    exchange = await room.begun()
    talk = exchange.talk
    old = await writes(talk, "Первое.", post=False)
    await talk.person.send("Второе.")
    card = await talk.card()
    again = pressed(old, Verb.REWRITE)
    for verb in (Verb.REWRITE, Verb.CUT, Verb.POST):
        data = encode(replace(again, verb=verb))
        await talk.person.tap_data(data, card.id, until="answer")
        assert "Первое.\nВторое." in (await talk.alone()).text
    whole = await room.anna.case(exchange.case)
    assert len(whole.records) == 1


async def test_a_message_that_is_too_long_is_cut_and_never_sent_whole(room: Room) -> None:
    exchange = await room.begun()
    talk = exchange.talk
    card = await writes(talk, "я" * 3010, post=False)
    assert not offers(card, Verb.POST)
    card = await talk.press(Verb.CUT)
    assert "3000 из 3000" in card.text
    await talk.press(Verb.POST)
    whole = await room.anna.case(exchange.case)
    assert room.anna.work.open(whole).exchange[-1].text == "я" * 3000


async def test_a_message_that_does_not_fit_into_the_case_is_told_and_stays(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.inboxes.ROOM", 2)
    exchange = await room.begun()
    assert "Отправлено" in (await writes(exchange.talk, "Первое.")).text
    card = await writes(exchange.talk, "Второе.")
    assert "больше ничего не помещается" in card.text
    assert "Второе." in card.text
    assert len((await room.anna.case(exchange.case)).records) == 2


async def test_an_unfinished_message_waits_and_no_text_of_it_stays_in_the_chat(
    room: Room,
) -> None:
    exchange = await room.begun()
    talk = exchange.talk
    await writes(talk, "Не забыть", post=False)
    card = await talk.press(Verb.INBOX)
    assert "не отправили" in card.text
    await talk.alone()
    assert "Не забыть" in (await talk.press(Verb.WRITE)).text


async def test_the_language_changes_and_everything_is_kept(room: Room) -> None:
    exchange = await room.begun()
    talk = exchange.talk
    await writes(talk, "Не забыть", post=False)
    await talk.person.send("/language")
    card = await talk.press(Verb.LANGUAGE, "en")
    assert "did not send it" in card.text
    assert "Не забыть" in (await talk.press(Verb.WRITE)).text


# When the person may be written to.


async def test_the_hours_are_changed_with_the_clock_that_the_person_sees(room: Room) -> None:
    exchange = await room.begun({"contact": "never"})
    talk = exchange.talk
    assert exchange.allowed == frozenset()
    await inbox(talk)
    await talk.press(Verb.CONTACT)
    await talk.press(Verb.CONTACT, "ru:evening")
    hour = (room.stage.hands().hour + 3) % 24
    card = await talk.press(Verb.CLOCK, f"ru:evening.{hour}")
    assert is_inbox(card)
    assert {(utc + 3) % 24 for utc in exchange.allowed} == {19, 20, 21}
    await talk.press(Verb.CONTACT)
    await talk.press(Verb.CONTACT, "ru:any")
    assert len(exchange.allowed) == 24
    await talk.press(Verb.CONTACT)
    card = await talk.press(Verb.CONTACT, "ru:never")
    assert exchange.allowed == frozenset()
    assert "никогда не пишем первыми" in card.text


# With a code.


async def test_from_another_account_the_code_opens_the_inbox_and_moves_the_place(
    room: Room,
) -> None:
    exchange = await room.begun(ANY_TIME)
    other = await room.stage.person("ru")
    card = await enters(other, exchange.code)
    assert is_inbox(await other.alone())
    assert "в другом чате" in card.text
    card = await other.press(Verb.ANNOUNCE)
    assert "в этом чате" in card.text
    await leaves(other)
    before = (await exchange.talk.alone()).text
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    await _line_comes(other, exchange)
    assert (await exchange.talk.alone()).text == before
    assert "Мы можем помочь." in (await other.press(Verb.READ)).text


@pytest.mark.parametrize("between", ["", "-", " – ", "\n"])
async def test_a_code_is_read_however_its_digits_are_set_apart(room: Room, between: str) -> None:
    exchange = await room.begun()
    other = await room.stage.person("en")
    await other.person.send(exchange.code.replace(" ", between))  # without so much as /start
    assert is_inbox(await other.alone())


async def test_a_typing_slip_is_told_at_once_and_costs_nothing(room: Room) -> None:
    exchange = await room.begun()
    other = await room.stage.person("ru")
    last = exchange.code[-1]
    slip = exchange.code[:-1] + str((int(last) + 1) % 10)
    for _ in range(8):
        card = await enters(other, slip) if _ == 0 else await _types(other, slip)
        assert "неверна или пропущена" in card.text
        assert "Следующая попытка" not in card.text
    await other.person.send(exchange.code)
    assert is_inbox(await other.alone())


async def test_wrong_codes_wait_and_a_right_one_is_not_even_tried_meanwhile(room: Room) -> None:
    exchange, another = await room.begun(), await room.begun()
    await inbox(another.talk)
    await another.talk.press(Verb.ERASE)
    await another.talk.press(Verb.ERASE_YES)
    wrong = another.code
    other = await room.stage.person("ru")
    for _ in range(3):
        card = await _types(other, wrong)
        assert "никуда не ведёт" in card.text
    assert "через 30 с" in card.text
    card = await _types(other, exchange.code)
    assert "Следующая попытка" in card.text
    assert not is_inbox(card)
    await room.skip(timedelta(seconds=31))
    await other.person.send(exchange.code)
    assert is_inbox(await other.alone())


async def _types(talk: Talk, code: str) -> Card:
    await talk.person.send(code)
    return await talk.alone()


async def test_a_new_code_takes_the_place_of_the_lost_one(room: Room) -> None:
    exchange = await room.begun()
    talk, stage = exchange.talk, room.stage
    await inbox(talk)
    card = await talk.press(Verb.CODES)
    key = find(card, Verb.NEW_CODE).data or ""
    receipt = await talk.press(Verb.NEW_CODE)
    code = code_on(receipt)
    assert code
    assert code != exchange.code
    await talk.person.tap_data(key, receipt.id, until="answer")  # the same tap again
    assert code_on(await talk.alone()) == code
    assert _locks(stage) == 2  # as before: one of them may be for an erase code
    await talk.press(Verb.WROTE)
    other = await stage.person("ru")
    assert "никуда не ведёт" in (await enters(other, exchange.code)).text
    await other.person.send(code)
    assert is_inbox(await other.alone())


async def test_an_erase_code_shows_an_empty_card_and_leaves_nothing(room: Room) -> None:
    exchange = await room.begun()
    talk, stage = exchange.talk, room.stage
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    await inbox(talk)
    await talk.press(Verb.CODES)
    code = code_on(await talk.press(Verb.ERASE_CODE))
    await talk.press(Verb.WROTE)
    await writes(talk, "Ещё", post=False)
    assert _locks(stage) == 2
    other = await stage.person("ru")
    card = await enters(other, code)
    assert (await other.alone()).text == "Ничего нового."
    for table in ("cases", "records", "wraps", "replies", "locks", "drafts"):
        assert stage.rows(table) == [], table
    assert not offers(card, Verb.ERASE)
    await talk.press(Verb.INBOX)
    assert "стёрто" in (await talk.alone()).text


async def test_a_code_typed_into_an_interview_is_no_answer(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({"device": "mine"}, until="note")
    before = stage.rows("drafts")
    await talk.person.send("1234 5678 9012 3456 7890 1234 5678")
    card = await talk.alone()
    assert "Код удалён" in card.text
    assert "1234" not in card.text
    assert stage.rows("drafts") == before


async def test_a_closed_line_still_reads_writes_and_erases(room: Room) -> None:
    exchange = await room.begun({"contact": "never"})
    talk, stage = exchange.talk, room.stage
    await room.anna.replies(exchange.case, "Мы можем помочь.")
    stage.house.roster_path.unlink()
    await stage.rounds.all_round()
    stranger = await stage.person("ru")
    await stranger.person.send("/start")
    assert offers(await stranger.card(), Verb.CODE)
    assert not offers(await stranger.card(), Verb.LANGUAGE)
    await stranger.press(Verb.CODE)
    await stranger.person.send(exchange.code)
    assert is_inbox(await stranger.alone())
    assert "Мы можем помочь." in (await reads(talk)).text
    assert "Отправлено" in (await writes(talk, "Я ещё здесь")).text
    await talk.press(Verb.CONTACT)
    await talk.press(Verb.CONTACT, "ru:any")
    assert len(exchange.allowed) == 24
    await talk.press(Verb.ERASE)
    await talk.press(Verb.ERASE_YES)
    assert stage.rows("cases") == []
