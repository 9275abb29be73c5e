"""Linking a volunteer's chat: a text that her key alone makes, and a row that tells no chat."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import (
    Altered,
    BadFormat,
    BadKey,
    CryptoError,
    Forged,
    NotOpened,
    Stale,
    Truncated,
    UnknownKey,
)
from crypto.link import LINK_CHARACTERS, SKEW, VALID, Linked, make_link, read_link
from crypto.linked import LINKED_BYTES, LinkedChat, LinkedChats
from tests.crypto.samples import flipped, identity, secret, stream

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANNA, BORIS = identity("anna"), identity("boris")
TEXT = make_link(ANNA, NOW, stream("n"))
KEYS = {ANNA.key_id: ANNA.signing_public, BORIS.key_id: BORIS.signing_public}
CHATS = LinkedChats(secret("return key"))
NUMBERS = st.integers(-(2**63), 2**63 - 1)


def read(text: str = TEXT, now: datetime = NOW) -> Linked:
    return read_link(text, KEYS.get, now)


def test_the_text_names_its_key_and_may_be_pasted_as_it_is() -> None:
    assert len(TEXT) == LINK_CHARACTERS
    assert TEXT.isascii()
    assert not set(TEXT) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert read().key_id == ANNA.key_id
    assert read().expires == NOW + VALID


def test_no_two_texts_have_one_nonce() -> None:
    random = stream("n")
    nonces = {read(make_link(ANNA, NOW, random)).nonce for _ in range(20)}
    assert len(nonces) == 20


@pytest.mark.parametrize("moment", [NOW - SKEW, NOW, NOW + VALID])
def test_it_counts_for_ten_minutes(moment: datetime) -> None:
    assert read(now=moment).key_id == ANNA.key_id


@pytest.mark.parametrize(
    "moment", [NOW - SKEW - timedelta(seconds=1), NOW + VALID + timedelta(seconds=1)]
)
def test_outside_of_them_it_is_stale(moment: datetime) -> None:
    with pytest.raises(Stale):
        read(now=moment)


def test_a_stranger_is_told_nothing_about_its_age() -> None:
    with pytest.raises(UnknownKey):
        read_link(TEXT, lambda _: None, NOW + timedelta(days=1))


def test_boris_cannot_make_a_text_of_annas() -> None:
    with pytest.raises(Forged):
        read_link(TEXT, {ANNA.key_id: BORIS.signing_public}.get, NOW)


def test_any_one_character_changed_and_it_links_nothing() -> None:
    for at in range(len(TEXT)):
        other = "A" if TEXT[at] != "A" else "B"
        with pytest.raises(CryptoError):
            read(TEXT[:at] + other + TEXT[at + 1 :])


def test_another_signature_of_hers_is_no_wish_to_link() -> None:
    body = TEXT[:52]
    with pytest.raises(BadFormat):
        read(body)
    with pytest.raises(BadFormat):
        read(TEXT + "AAAA")


@given(st.text(max_size=200))
def test_whatever_is_typed_is_no_text_of_ours(text: str) -> None:
    with pytest.raises(BadFormat):
        read(text)


@given(st.binary(min_size=105, max_size=105))
def test_nor_are_any_bytes_of_the_right_length(data: bytes) -> None:
    with pytest.raises(CryptoError):
        read(base64.urlsafe_b64encode(data).decode())


@given(NUMBERS, NUMBERS)
def test_a_linked_chat_opens_in_its_row_and_has_one_size(chat: int, message: int) -> None:
    row = CHATS.row(chat)
    sealed = CHATS.seal(row, ANNA.key_id, LinkedChat(chat, message), stream("n"))
    assert len(sealed) == LINKED_BYTES
    assert CHATS.open(row, ANNA.key_id, sealed) == LinkedChat(chat, message)


def test_a_row_tells_no_chat_without_the_return_key() -> None:
    row = CHATS.row(7700000000001)
    sealed = CHATS.seal(row, ANNA.key_id, LinkedChat(7700000000001), stream("n"))
    assert (7700000000001).to_bytes(8, "big") not in row + sealed
    other = LinkedChats(secret("another key"))
    assert other.row(7700000000001) != row
    assert other.mark(7700000000001, 1, b"c") != CHATS.mark(7700000000001, 1, b"c")
    with pytest.raises(Altered):
        other.open(row, ANNA.key_id, sealed)


def test_it_opens_in_no_other_row_and_for_no_other_member() -> None:
    row, other = CHATS.row(1), CHATS.row(2)
    sealed = CHATS.seal(row, ANNA.key_id, LinkedChat(1), stream("n"))
    with pytest.raises(Altered):
        CHATS.open(other, ANNA.key_id, sealed)
    with pytest.raises(Altered):
        CHATS.open(row, BORIS.key_id, sealed)


def test_any_one_bit_changed_or_a_byte_missing_and_it_does_not_open() -> None:
    row = CHATS.row(1)
    sealed = CHATS.seal(row, ANNA.key_id, LinkedChat(1, 2), stream("n"))
    for bit in range(len(sealed) * 8):
        with pytest.raises(NotOpened):
            CHATS.open(row, ANNA.key_id, flipped(sealed, bit))
    with pytest.raises(Truncated):
        CHATS.open(row, ANNA.key_id, sealed[:-1])


def test_a_mark_is_of_one_update_one_chat_and_one_case() -> None:
    marks = {
        CHATS.mark(chat, update, case)
        for chat in (1, 2)
        for update in (1, 2)
        for case in (b"a", b"b")
    }
    assert len(marks) == 8


def test_a_weak_return_key_is_refused() -> None:
    with pytest.raises(BadKey):
        LinkedChats(bytes(32))
