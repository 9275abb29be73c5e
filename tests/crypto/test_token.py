"""The return token: constant size, opened by the server's key alone, and only whole."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import Altered, BadFormat, BadKey, NotOpened, Truncated
from crypto.token import TOKEN_BYTES, ReturnToken, open_token, seal_token
from tests.crypto.samples import CASE_ID, flipped, secret, stream

KEY = secret("return key")
TOKEN = ReturnToken(7700000000001, 4321, secret("inbox"), CASE_ID)
SEALED = seal_token(KEY, TOKEN, stream("n"))
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@given(NUMBERS, NUMBERS, st.binary(min_size=32, max_size=32).filter(any))
def test_what_was_sealed_opens_and_has_one_size(chat: int, message: int, inbox: bytes) -> None:
    token = ReturnToken(chat, message, inbox, CASE_ID)
    sealed = seal_token(KEY, token, stream("n"))
    assert len(sealed) == TOKEN_BYTES
    assert open_token(KEY, sealed) == token


def test_a_volunteer_without_the_servers_key_learns_nothing_from_it() -> None:
    with pytest.raises(Altered):
        open_token(secret("another key"), SEALED)
    assert TOKEN.chat_id.to_bytes(8, "big") not in SEALED


def test_any_one_bit_changed_and_it_does_not_open() -> None:
    for bit in range(len(SEALED) * 8):
        with pytest.raises(NotOpened):
            open_token(KEY, flipped(SEALED, bit))


def test_at_every_other_length_it_says_that_it_is_truncated() -> None:
    for data in [SEALED[:length] for length in range(TOKEN_BYTES)] + [SEALED + b"\0"]:
        with pytest.raises(Truncated):
            open_token(KEY, data)


@pytest.mark.parametrize("key", [b"", bytes(32), KEY[:31], KEY + b"\0"])
def test_a_weak_return_key_is_refused_both_ways(key: bytes) -> None:
    with pytest.raises(BadKey):
        seal_token(key, TOKEN, stream("n"))
    with pytest.raises(BadKey):
        open_token(key, SEALED)


def test_a_token_that_cannot_be_is_not_made() -> None:
    with pytest.raises(BadKey):
        replace(TOKEN, inbox_secret=bytes(32))
    with pytest.raises(BadFormat):
        replace(TOKEN, case_id=b"short")
    with pytest.raises(BadFormat):
        replace(TOKEN, chat_id=2**63)
