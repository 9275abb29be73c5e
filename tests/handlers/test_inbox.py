"""The cards of somebody whose case is sent: what they say, what their keys do, how they fit."""

from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from handlers import inbox
from handlers.buttons import Press, Verb, decode
from handlers.chats import Slip
from handlers.layout import INBOX, Pen
from handlers.ports import Card, Composed, Inbox, Standing
from handlers.returning import like_a_code
from handlers.texts import Texts
from intake.case import ContactRule
from intake.check_words import units
from intake.form import load_form
from intake.records import LONGEST, Letter

FORM = load_form(
    (Path(__file__).resolve().parent.parent.parent / "forms" / "default.yaml").read_bytes()
)
TEXTS = Texts.load("bot")
SECRET = "S" * 43
CODE = "1234 5678 9012 3456 7890 1234 5670"
LANGUAGES = ["en", "ru"]
TELEGRAM = 4096


def _pen(language: str = "en") -> Pen:
    return Pen(TEXTS.say(language), language, SECRET, INBOX)


def _inbox(
    standing: Standing = Standing.RECEIVED,
    replies: tuple[int, ...] = (),
    unread: tuple[int, ...] = (),
    contact: ContactRule | None = None,
    *,
    here: bool = True,
    unfinished: bool = False,
) -> Inbox:
    rule = contact or ContactRule.any_time()
    return Inbox("en", standing, replies, unread, here, rule, unfinished)


def _presses(card: Card) -> list[Press]:
    found = [decode(button.data) for row in card.keyboard for button in row]
    assert all(press is not None for press in found)
    return [press for press in found if press is not None]


def _argument(card: Card, verb: Verb) -> str:
    (press,) = [press for press in _presses(card) if press.verb is verb]
    return press.argument


def _offers(card: Card, verb: Verb) -> bool:
    return any(press.verb is verb for press in _presses(card))


def _words(card: Card) -> str:
    return unescape(card.html)


# The receipt.


@pytest.mark.parametrize("verb", [Verb.SEND, Verb.NEW_CODE, Verb.ERASE_CODE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_shows_the_whole_code_and_how_to_come_back(verb: Verb, language: str) -> None:
    card = inbox.receipt(Slip(verb, CODE), _pen(language))
    shown = card.html.partition("<code>")[2].partition("</code>")[0]
    assert shown.split() == CODE.split()
    assert "/start" in card.html
    assert {press.verb for press in _presses(card)} == {Verb.WROTE, Verb.HIDE}


def test_a_slip_shows_its_code_in_no_log() -> None:
    assert "1234" not in repr(Slip(Verb.SEND, CODE))


# The inbox.


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_standing_is_told_in_words_of_its_own(language: str) -> None:
    cards = [inbox.inbox(FORM, _inbox(standing), _pen(language)) for standing in Standing]
    first = {card.html.partition("\n")[0] for card in cards}
    assert len(first) == len(Standing)


def test_all_keys_of_the_inbox_carry_its_secret_and_the_language() -> None:
    card = inbox.inbox(FORM, _inbox(replies=(2, 4), unread=(4,)), _pen("ru"))
    for press in _presses(card):
        assert press.secret == SECRET
        assert press.revision == INBOX
        assert press.argument.startswith("ru")


def test_new_replies_are_counted_on_the_key_that_opens_the_first_of_them() -> None:
    found = _inbox(Standing.ANSWERED, replies=(2, 4, 7), unread=(4, 7))
    card = inbox.inbox(FORM, found, _pen())
    assert _argument(card, Verb.READ) == "en:4"
    assert "2 new" in card.keyboard[0][0].label
    assert _offers(card, Verb.REPLIES)


def test_one_reply_that_was_read_is_a_tap_away() -> None:
    card = inbox.inbox(FORM, _inbox(Standing.ANSWERED, replies=(3,)), _pen())
    assert _argument(card, Verb.READ) == "en:3"
    assert not _offers(card, Verb.REPLIES)


def test_what_happens_next_is_told_until_there_is_a_reply() -> None:
    words = FORM.texts.closing.text("en").partition("\n")[0]
    assert words in _words(inbox.inbox(FORM, _inbox(), _pen()))
    answered = _inbox(Standing.ANSWERED, replies=(1,))
    assert words not in _words(inbox.inbox(FORM, answered, _pen()))


def test_where_replies_are_announced_is_told_and_can_be_changed_elsewhere() -> None:
    here = inbox.inbox(FORM, _inbox(), _pen())
    elsewhere = inbox.inbox(FORM, _inbox(here=False), _pen())
    silent = inbox.inbox(FORM, _inbox(here=False, contact=ContactRule.never()), _pen())
    assert "to this chat" in here.html
    assert "another chat" in elsewhere.html
    assert "do not write to you first" in silent.html
    assert [_offers(c, Verb.ANNOUNCE) for c in (here, elsewhere, silent)] == [False, True, False]


def test_a_message_that_was_begun_is_not_forgotten() -> None:
    card = inbox.inbox(FORM, _inbox(unfinished=True), _pen())
    assert "did not send it" in card.html
    assert "Go on with your message" in [b.label for row in card.keyboard for b in row]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fullest_inbox_fits_a_message(language: str) -> None:
    found = _inbox(replies=(), here=False, unfinished=True)
    card = inbox.inbox(FORM, found, _pen(language), inbox.NOT_SENT)
    assert units(_words(card)) <= TELEGRAM


def test_the_list_of_replies_has_a_key_for_each_by_its_place() -> None:
    card = inbox.replies(_inbox(replies=(2, 5, 9), unread=(9,)), _pen())
    keys = [button for row in card.keyboard for button in row][:3]
    assert [button.label for button in keys] == ["1", "2", "✉ 3"]
    assert [p.argument for p in _presses(card)[:3]] == ["en:2", "en:5", "en:9"]


def test_a_hundred_replies_do_not_break_the_keyboard() -> None:
    card = inbox.replies(_inbox(replies=tuple(range(200))), _pen())
    assert sum(len(row) for row in card.keyboard) <= 100
    assert _presses(card)[-3].argument == "en:199"


# Reading.


def _letter(text: str = "We can help.", word: str | None = None) -> Letter:
    return Letter(at=datetime(2026, 11, 22, 14, tzinfo=UTC), text=text, codeword=word)


def test_the_first_reply_shows_the_word_and_what_is_written() -> None:
    card = inbox.letter(_letter(word="<rowan>"), 2, _inbox(replies=(2,)), _pen())
    assert "<rowan>" in _words(card)
    assert "&lt;rowan&gt;" in card.html
    assert "We can help." in card.html
    assert "22.11.2026" in card.html


def test_a_reply_offers_to_answer_and_the_next_unread_one() -> None:
    card = inbox.letter(_letter(), 2, _inbox(replies=(2, 3), unread=(3,)), _pen())
    assert _offers(card, Verb.WRITE)
    assert _argument(card, Verb.READ) == "en:3"
    last = inbox.letter(_letter(), 3, _inbox(replies=(2, 3)), _pen())
    assert not _offers(last, Verb.READ)


@pytest.mark.parametrize("sign", ["x", "<", "🌿"])
def test_the_longest_reply_and_the_longest_message_fit_a_card(sign: str) -> None:
    text = sign * LONGEST
    opened = inbox.letter(_letter(text, "w" * 200), 2, _inbox(replies=(2,)), _pen("ru"))
    assert units(_words(opened)) <= TELEGRAM
    typed = inbox.message(Composed(sign * TELEGRAM, 3), _pen("ru"), refused=True)
    assert units(_words(typed)) <= TELEGRAM


# Writing.


def test_an_empty_message_can_be_typed_and_not_sent() -> None:
    card = inbox.message(Composed(), _pen())
    assert not _offers(card, Verb.POST)
    assert "Nothing is sent" in card.html


def test_the_key_that_sends_names_what_it_sends() -> None:
    card = inbox.message(Composed("More.", 7), _pen())
    assert _argument(card, Verb.POST) == "en:7"
    assert _argument(card, Verb.REWRITE) == "en:7"
    assert f"5 of {LONGEST}" in card.html


def test_what_could_point_at_somebody_is_marked_before_it_is_sent() -> None:
    card = inbox.message(Composed("Звоните +7 999 123-45-67, в/ч 12345", 2), _pen())
    assert "looks like a phone number" in card.html
    assert "looks like a military unit" in card.html
    assert _offers(card, Verb.POST)  # the person decides


def test_a_message_that_is_too_long_is_not_sent_but_can_be_cut() -> None:
    card = inbox.message(Composed("x" * (LONGEST + 5), 2), _pen())
    assert "5 characters too long" in card.html
    assert not _offers(card, Verb.POST)
    assert _offers(card, Verb.CUT)


def test_a_reply_that_comes_meanwhile_shows_on_the_way_back() -> None:
    card = inbox.message(Composed("More.", 7), _pen(), new=2)
    assert "← Back (2 new)" in [b.label for row in card.keyboard for b in row]


# When the person may be written to.


@pytest.mark.parametrize(
    ("rule", "marked"),
    [
        (ContactRule.never(), "● Only after I write"),
        (ContactRule.any_time(), "● Any time"),
        (ContactRule(frozenset({5, 6})), None),
    ],
)
def test_the_choice_that_holds_is_marked_where_it_is_known(
    rule: ContactRule, marked: str | None
) -> None:
    assert FORM.contact is not None
    card = inbox.when_to_write(FORM, FORM.contact, _inbox(contact=rule), _pen())
    labels = [button.label for row in card.keyboard for button in row]
    assert [label for label in labels if label.startswith("●")] == ([marked] if marked else [])


def test_every_choice_and_hour_fits_a_key() -> None:
    assert FORM.contact is not None
    assert FORM.contact.offset is not None
    inbox.when_to_write(FORM, FORM.contact, _inbox(), _pen())
    for choice in FORM.by_id[FORM.contact.question].choices:
        card = inbox.what_time(FORM.by_id[FORM.contact.offset], choice, _pen())
        hours = [p.argument for p in _presses(card) if p.verb is Verb.CLOCK]
        assert hours == [f"en:{choice}.{hour}" for hour in range(24)]


# Codes.


def test_a_key_for_a_code_carries_what_makes_it_this_code() -> None:
    card = inbox.codes("a1b2c3d4", _pen())
    assert _argument(card, Verb.NEW_CODE) == _argument(card, Verb.ERASE_CODE) == "en:a1b2c3d4"


@pytest.mark.parametrize(
    ("wait", "told"),
    [(timedelta(seconds=0.5), "in 1 s."), (timedelta(seconds=30), "in 30 s."),
     (timedelta(minutes=59, seconds=1), "in 60 min.")],
)  # fmt: skip
def test_a_wait_is_told(wait: timedelta, told: str) -> None:
    pen = Pen(TEXTS.say("en"), "en")
    assert told in inbox.enter_code(pen, inbox.NOWHERE, wait).html
    assert "next try" not in inbox.enter_code(pen, inbox.SLIP).html


def test_after_an_erase_code_the_card_says_nothing() -> None:
    card = inbox.empty(Pen(TEXTS.say("en"), "en"))
    assert card.html == "Nothing new."
    assert all(press.secret is None for press in _presses(card))


@pytest.mark.parametrize(
    "text", [CODE, CODE.replace(" ", ""), "1234-5678-9012-3456-7890-12", "٠" * 28, "1" * 27]
)
def test_digits_and_nothing_else_are_meant_as_a_code(text: str) -> None:
    assert like_a_code(text)


@pytest.mark.parametrize("text", ["+7 999 123-45-67", "I have 28 days", "", f"code {CODE}"])
def test_whatever_else_is_typed_is_no_code(text: str) -> None:
    assert not like_a_code(text)
