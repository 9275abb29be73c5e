"""A draft opens with its secret in its revision, and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.draft import DraftSecret, open_draft, seal_draft
from crypto.errors import Altered, BadFormat, BadKey, NotOpened, Truncated
from crypto.kdf import Random
from crypto.padding import padded_size
from tests.crypto.samples import flipped, secret, stream

DRAFT = DraftSecret(secret("draft"))
SECRETS = st.binary(min_size=32, max_size=32).filter(any)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(SECRETS)
def test_a_secret_survives_its_button(data: bytes) -> None:
    made = DraftSecret(data)
    assert len(made.text) == 43
    assert DraftSecret.parse(made.text) == made
    assert DraftSecret.parse(made.text).id == made.id


@given(SECRETS)
def test_a_secret_has_one_spelling(data: bytes) -> None:
    text = DraftSecret(data).text
    readable = []
    for last in ALPHABET:
        try:
            readable.append(DraftSecret.parse(text[:-1] + last).text)
        except BadFormat:
            continue
    assert text in readable
    assert len(readable) == len(set(readable)) <= 16


@given(st.text(max_size=60))
def test_what_is_no_secret_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        made = DraftSecret.parse(text)
    except BadFormat:
        return
    assert made.text == text


@pytest.mark.parametrize("text", ["", "-", "é" * 43, DRAFT.text + "\n", " " + DRAFT.text[1:]])
def test_stray_characters_are_refused(text: str) -> None:
    with pytest.raises(BadFormat):
        DraftSecret.parse(text)


@given(st.binary(max_size=3000), st.integers(0, 2**32 - 1))
def test_what_was_sealed_opens(text: bytes, revision: int) -> None:
    sealed = seal_draft(DRAFT, revision, text, stream("n"))
    assert len(sealed) == padded_size(len(text)) + 28
    assert open_draft(DRAFT, revision, sealed) == text


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_an_older_body_in_a_newer_row_does_not_open(one: int, other: int) -> None:
    sealed = seal_draft(DRAFT, one, b"{}", stream("n"))
    if one != other:
        with pytest.raises(Altered):
            open_draft(DRAFT, other, sealed)


def test_any_one_bit_changed_and_it_does_not_open() -> None:
    sealed = seal_draft(DRAFT, 1, b"{}", stream("n"))
    for bit in range(len(sealed) * 8):
        with pytest.raises(Altered):
            open_draft(DRAFT, 1, flipped(sealed, bit))


def test_at_every_shorter_length_it_says_that_it_is_truncated() -> None:
    sealed = seal_draft(DRAFT, 1, b"{}", stream("n"))
    for length in range(len(sealed)):
        with pytest.raises(Truncated):
            open_draft(DRAFT, 1, sealed[:length])


def test_the_same_answers_never_look_the_same_twice() -> None:
    random = stream("n")
    assert seal_draft(DRAFT, 1, b"{}", random) != seal_draft(DRAFT, 1, b"{}", random)


def test_the_id_opens_nothing_and_the_secret_of_another_neither() -> None:
    sealed = seal_draft(DRAFT, 1, b"{}", stream("n"))
    for other in (DraftSecret(DRAFT.id * 2), DraftSecret(secret("other draft"))):
        with pytest.raises(NotOpened):
            open_draft(other, 1, sealed)


@pytest.mark.parametrize("bad", [b"", b"\0" * 32, b"a" * 31, b"a" * 33])
def test_a_secret_of_the_wrong_length_or_of_zeros_is_none(bad: bytes) -> None:
    with pytest.raises(BadKey):
        DraftSecret(bad)


@pytest.mark.parametrize("broken", [lambda length: bytes(length), lambda _: b"\1"])
def test_a_broken_source_of_randomness_seals_nothing(broken: Random) -> None:
    with pytest.raises(BadKey, match="randomness"):
        DraftSecret.new(broken)
    with pytest.raises(BadKey, match="randomness"):
        seal_draft(DRAFT, 1, b"{}", broken)
