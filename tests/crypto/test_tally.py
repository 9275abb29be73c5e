"""A month's tally: opened by the server's key alone, in its month, and never the same twice."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import Altered, BadKey, NotOpened
from crypto.tally import TallyKey
from tests.crypto.samples import flipped, secret, stream

KEY = TallyKey(secret("return key"))
COUNTS = b'[["requests","all",3]]'
SEALED = KEY.seal("2026-11", COUNTS, stream("n"))


@given(st.binary(max_size=3000))
def test_what_was_sealed_opens(counts: bytes) -> None:
    assert KEY.open("2026-11", KEY.seal("2026-11", counts, os.urandom)) == counts


def test_the_disk_does_not_tell_which_number_grew() -> None:
    more = KEY.seal("2026-11", COUNTS.replace(b"3", b"4"), os.urandom)
    same = KEY.seal("2026-11", COUNTS, os.urandom)
    assert len(more) == len(same) == len(SEALED)
    assert sum(a == b for a, b in zip(same[13:], SEALED[13:], strict=True)) < len(SEALED) // 8


def test_another_key_or_month_does_not_open_it() -> None:
    with pytest.raises(Altered):
        TallyKey(secret("another key")).open("2026-11", SEALED)
    with pytest.raises(Altered):
        KEY.open("2026-10", SEALED)


def test_any_one_bit_changed_or_cut_and_it_does_not_open() -> None:
    broken = [flipped(SEALED, bit) for bit in range(len(SEALED) * 8)]
    for data in [*broken, *(SEALED[:length] for length in range(len(SEALED)))]:
        with pytest.raises(NotOpened):
            KEY.open("2026-11", data)


def test_return_keys_have_names_that_do_not_tell_them() -> None:
    assert KEY.name != TallyKey(secret("another key")).name
    assert KEY.name not in secret("return key")
    assert "name" not in repr(KEY)


@pytest.mark.parametrize("key", [b"", bytes(32), secret("return key")[:31]])
def test_a_weak_return_key_is_refused(key: bytes) -> None:
    with pytest.raises(BadKey):
        TallyKey(key)
