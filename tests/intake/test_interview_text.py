"""Typed answers: several messages, too much of them, twice delivered, and what they may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.draft import SEEN, Draft
from intake.events import (
    AskScreen,
    Back,
    ClearText,
    Done,
    Edit,
    Effect,
    KeepText,
    ReviewScreen,
    Send,
    Skip,
    TextState,
    Typed,
)
from intake.warnings import Sign
from tests.intake.made import Talk, one, small_form, text

FORM = small_form("\n".join([text("word", 10), text("note", 20), one("a", "b", "c")]))


def state(talk: Talk) -> TextState:
    assert isinstance(talk.screen, AskScreen)
    assert talk.screen.text is not None
    return talk.screen.text


def test_what_is_typed_is_the_answer() -> None:
    talk = Talk(FORM, Typed("  birch ", 1))
    assert (talk.at, talk.draft.answers) == ("word", {"word": "birch"})
    assert talk.do(Done()).at == "note"


def test_several_messages_are_one_answer() -> None:
    assert Talk(FORM, Typed("one", 1), Typed("two", 2)).draft.answers == {"word": "one\ntwo"}


def test_a_message_delivered_twice_counts_once() -> None:
    talk = Talk(FORM, Typed("one", 1))
    before = talk.draft
    assert talk.do(Typed("one", 1)).draft is not None
    assert talk.draft == before
    assert talk.do(Typed("one", 2)).draft.answers == {"word": "one\none"}


def test_a_text_where_none_is_asked_is_not_an_answer_later_either() -> None:
    talk = Talk(FORM, Typed("x", 1), Done(), Skip())
    answers = talk.draft.answers
    talk.do(Typed("stray", 2))
    assert (talk.at, talk.draft.answers) == ("a", answers)
    talk.do(Back(), Typed("stray", 2))
    assert (talk.at, talk.draft.answers) == ("note", answers)


def test_only_so_many_updates_are_remembered() -> None:
    talk = Talk(FORM, *(Typed("", update) for update in range(40)))
    assert talk.draft.seen == tuple(range(40 - SEEN, 40))


def test_over_the_limit_nothing_is_lost() -> None:
    talk = Talk(FORM, Typed("abcdefghijklm", 1))
    assert state(talk).over == 3
    assert state(talk).text == "abcdefghijklm"
    assert talk.do(Done()).at == "word"
    assert state(talk.do(KeepText())) == TextState("abcdefghij", 10, 0, ())
    assert talk.do(Done()).at == "note"


def test_what_is_too_long_can_be_written_again() -> None:
    talk = Talk(FORM, Typed("abcdefghijklm", 1), ClearText())
    assert talk.draft.answers == {}
    assert talk.do(Typed("short", 2), Done()).at == "note"


def test_what_fits_is_not_cut() -> None:
    assert Talk(FORM, Typed("abcdefghij", 1), KeepText()).draft.answers == {"word": "abcdefghij"}


def test_the_limit_can_be_passed_by_going_back_and_nothing_is_lost() -> None:
    talk = Talk(FORM, Skip(), Typed("x" * 30, 1), Back(), Done())
    assert (talk.at, state(talk).over) == ("note", 10)


def test_what_is_too_long_is_not_sent_but_shown() -> None:
    talk = Talk(FORM, Skip(), Skip(), Skip(), Edit("note"), Typed("x" * 30, 1), Back())
    assert isinstance(talk.screen, ReviewScreen)
    assert [item.over for item in talk.screen.items] == [0, 10, 0]
    talk.do(Send())
    assert (talk.effects, talk.at, talk.draft.editing) == ([], "note", True)
    assert talk.do(KeepText(), Done(), Send()).effects == [Effect.SUBMIT]


def test_more_than_can_be_held_is_refused_and_said_to_be() -> None:
    talk = Talk(FORM, Typed("x" * 4000, 1), Typed("y" * 96, 2))
    assert talk.last is not None
    assert isinstance(talk.last.screen, AskScreen)
    assert talk.last.screen.refused
    assert state(talk).text == "x" * 4000
    assert not talk.do(Typed("y" * 95, 3)).last.screen.refused  # type: ignore[union-attr]
    assert len(state(talk).text) == 4096


def test_nothing_typed_is_no_answer() -> None:
    talk = Talk(FORM, Typed(" \n\x00\u202e", 1))
    assert talk.draft.answers == {}
    assert talk.do(Done()).at == "word"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\tb", "a b"),
        ("a\r\nb", "a\nb"),
        ("a\x00\x1bb", "ab"),
        ("a\u202eb\u2066c", "abc"),
        ("a\ud800b", "a\ufffdb"),
        ("👩‍👧 é", "👩‍👧 é"),
    ],
)
def test_characters_that_mislead_a_reader_are_left_out(typed: str, kept: str) -> None:
    assert Talk(FORM, Typed(typed, 1)).draft.answers == {"word": kept}


@given(st.lists(st.text(st.characters(), max_size=50), max_size=6))
def test_whatever_is_typed_the_draft_survives_its_bytes(texts: list[str]) -> None:
    talk = Talk(FORM, *(Typed(typed, update) for update, typed in enumerate(texts)))
    assert Draft.from_bytes(talk.draft.to_bytes()) == talk.draft


def test_a_suspicious_text_is_pointed_at_on_its_card_and_in_the_review() -> None:
    talk = Talk(FORM, Skip(), Typed("+7 912 345-67-89", 1))
    assert [found.sign for found in state(talk).warnings] == [Sign.PHONE]
    talk.do(Done(), Skip())
    assert isinstance(talk.screen, ReviewScreen)
    assert [bool(item.warnings) for item in talk.screen.items] == [False, True, False]
    assert talk.do(Send()).effects == [Effect.SUBMIT]
