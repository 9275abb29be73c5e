"""Padding: reversible, to a few sizes, and strict about what it takes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import BadPadding
from crypto.padding import is_padded_size, pad, padded_size, unpad

POWERS = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]


@given(st.binary(max_size=3000))
def test_what_was_padded_comes_back(data: bytes) -> None:
    assert unpad(pad(data)) == data


@given(st.integers(0, 65535))
def test_up_to_64_kib_there_are_eight_sizes(length: int) -> None:
    assert padded_size(length) == min(size for size in POWERS if size > length)


@given(st.integers(65536, 2**40))
def test_above_64_kib_it_wastes_less_than_an_eighth(length: int) -> None:
    size = padded_size(length)
    assert length < size <= (length + 1) * 1.12
    assert is_padded_size(size)


@pytest.mark.parametrize(
    ("length", "size"), [(65535, 65536), (65536, 67584), (67583, 67584), (67584, 69632)]
)
def test_padme_takes_over_where_the_powers_end(length: int, size: int) -> None:
    assert padded_size(length) == size


def test_sizes_grow_with_length_and_there_are_few_of_them() -> None:
    sizes = [padded_size(length) for length in range(131_072, 262_144, 7)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 32


@given(st.binary(max_size=1500))
def test_whatever_is_taken_back_is_what_pad_makes(data: bytes) -> None:
    for padded in (data, data.ljust(512, b"\0"), (data + b"\x80").ljust(1024, b"\0")):
        try:
            opened = unpad(padded)
        except BadPadding:
            continue
        assert pad(opened) == padded


@given(st.binary(max_size=600), st.integers(0, 2**16))
def test_a_byte_in_the_zeros_is_refused(data: bytes, where: int) -> None:
    padded = bytearray(pad(data))
    zeros = len(padded) - len(data) - 1
    if zeros:
        padded[len(data) + 1 + where % zeros] = 1
        with pytest.raises(BadPadding):
            unpad(bytes(padded))


def test_only_padded_sizes_pass_for_padded_sizes() -> None:
    assert [size for size in range(70_000) if is_padded_size(size)] == [*POWERS, 67584, 69632]
