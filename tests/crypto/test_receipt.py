"""A code catches every slip of the pen, and its lock opens for it and for nothing else."""

import string
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.draft import DraftSecret
from crypto.errors import Altered, BadFormat, BadKey, Mistyped, NotOpened, Truncated, UnknownVersion
from crypto.inbox import InboxSecret
from crypto.receipt import (
    LOCK_BYTES,
    Erasure,
    ReceiptCode,
    decoy_lock,
    lock_name,
    open_lock,
    seal_lock,
)
from tests.crypto.samples import flipped, secret, stream

DRAFT = DraftSecret(secret("draft"))
INBOX = InboxSecret.of(DRAFT)
OTHER = InboxSecret.of(DraftSecret(secret("other draft")))
CODE = ReceiptCode.derive(INBOX, "")
SALT, LOCK = seal_lock(CODE, INBOX, stream("lock"))
ERASE_CODE = ReceiptCode.derive(INBOX, "", erases=True)
ERASE_SALT, ERASE_LOCK = seal_lock(ERASE_CODE, Erasure.of(INBOX, DRAFT.id), stream("erase lock"))
CODES = st.builds(
    ReceiptCode.derive, st.builds(InboxSecret, st.binary(min_size=32, max_size=32).filter(any))
    , st.text("abc0123456789", max_size=8)
)  # fmt: skip


@given(CODES)
def test_a_code_survives_being_written_down(code: ReceiptCode) -> None:
    assert ReceiptCode.parse(code.text) == code
    assert [len(group) for group in code.text.split(" ")] == [4] * 7
    assert len(code.locator) == 8


@given(CODES)
def test_every_single_wrong_digit_is_caught(code: ReceiptCode) -> None:
    digits = code.text.replace(" ", "")
    for place, right in enumerate(digits):
        for wrong in string.digits.replace(right, ""):
            with pytest.raises(Mistyped):
                ReceiptCode.parse(digits[:place] + wrong + digits[place + 1 :])


@given(CODES)
def test_every_swap_of_neighbours_is_caught(code: ReceiptCode) -> None:
    digits = code.text.replace(" ", "")
    for place in range(len(digits) - 1):
        first, second = digits[place], digits[place + 1]
        if first != second:
            with pytest.raises(Mistyped):
                ReceiptCode.parse(digits[:place] + second + first + digits[place + 2 :])


@given(CODES, st.integers(0, 27))
def test_a_digit_left_out_or_typed_twice_is_caught(code: ReceiptCode, place: int) -> None:
    digits = code.text.replace(" ", "")
    for text in (
        digits[:place] + digits[place + 1 :],
        digits[:place] + digits[place] + digits[place:],
    ):
        with pytest.raises(Mistyped, match="28 digits"):
            ReceiptCode.parse(text)


@pytest.mark.parametrize(
    "between", ["", " ", "-", " \u2013 ", "\u2014", ".", "\u00a0", "\n", "\u200e", "\t", "\u2011"]
)
def test_it_is_read_however_it_was_grouped(between: str) -> None:
    assert ReceiptCode.parse(between + CODE.text.replace(" ", between) + between) == CODE


@pytest.mark.parametrize("zero", ["\u0660", "\u06f0", "\u0966", "\uff10"])
def test_it_is_read_in_the_digits_of_other_scripts(zero: str) -> None:
    typed = CODE.text.translate({ord("0") + digit: ord(zero) + digit for digit in range(10)})
    assert ReceiptCode.parse(typed) == CODE


@given(st.text(max_size=60))
def test_what_is_no_code_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        code = ReceiptCode.parse(text)
    except Mistyped:
        return
    assert code.text.count(" ") == 6


@pytest.mark.parametrize(
    "text", ["", "code", CODE.text + "x", "\u00b2" * 28, " " * 300, CODE.text + " " * 300]
)
def test_letters_and_what_is_too_long_are_refused(text: str) -> None:
    with pytest.raises(Mistyped):
        ReceiptCode.parse(text)


def test_the_code_is_the_same_whenever_it_is_asked_for_and_another_for_each_nonce() -> None:
    again = InboxSecret.parse(INBOX.text)
    assert ReceiptCode.derive(again, "") == CODE
    asked = [
        ReceiptCode.derive(INBOX, nonce, erases=e)
        for nonce in ("", "1", "2")
        for e in (False, True)
    ]
    assert len({code.locator for code in asked} | {code.digits for code in asked}) == 12


@pytest.mark.parametrize("nonce", ["A", "123456789", " ", "\u0663", "-"])
def test_a_nonce_is_short_and_plain(nonce: str) -> None:
    with pytest.raises(BadFormat):
        ReceiptCode.derive(INBOX, nonce)


def test_a_lock_opens_with_its_code_and_gives_the_inbox() -> None:
    unlocked = open_lock(ReceiptCode.parse(CODE.text), SALT, LOCK)
    assert unlocked.secret == INBOX
    assert unlocked.erases is None


def test_an_erase_lock_names_the_inbox_and_does_not_open_it() -> None:
    unlocked = open_lock(ERASE_CODE, ERASE_SALT, ERASE_LOCK)
    assert unlocked.secret is None
    assert unlocked.erases == Erasure(INBOX.id, INBOX.letter_secret.id, DRAFT.id)


def test_at_rest_nobody_can_tell_which_code_erases() -> None:
    assert len(LOCK) == len(ERASE_LOCK) == LOCK_BYTES
    assert len(SALT) == len(ERASE_SALT) == 16
    assert LOCK[:1] == ERASE_LOCK[:1]


def test_a_decoy_looks_like_a_lock_and_opens_for_nobody() -> None:
    locator, salt, decoy = decoy_lock(stream("decoy"))
    assert (len(locator), len(salt), len(decoy)) == (8, len(SALT), len(LOCK))
    assert locator.isdigit()
    assert decoy[:1] == LOCK[:1]
    with pytest.raises(Altered):
        open_lock(ReceiptCode(locator, CODE.digits), salt, decoy)
    assert decoy_lock(stream("another decoy"))[0] != locator


def test_the_same_code_sealed_twice_never_looks_the_same() -> None:
    assert seal_lock(CODE, INBOX, stream("another lock"))[1] != LOCK


def test_a_lock_of_another_code_does_not_open() -> None:
    by_another_locator = ReceiptCode("00000000", CODE.digits)
    by_other_digits = ReceiptCode(CODE.locator, "0" * 19)
    for code in (by_another_locator, by_other_digits, ERASE_CODE):
        with pytest.raises(Altered):
            open_lock(code, SALT, LOCK)


@settings(max_examples=25)
@given(st.integers(8, LOCK_BYTES * 8 - 1))
def test_any_one_bit_of_a_lock_changed_and_it_does_not_open(bit: int) -> None:
    with pytest.raises(Altered):
        open_lock(CODE, SALT, flipped(LOCK, bit))


def test_every_other_version_is_told_as_such() -> None:
    for bit in range(8):
        with pytest.raises(UnknownVersion):
            open_lock(CODE, SALT, flipped(LOCK, bit))


@settings(max_examples=8)
@given(st.integers(0, 127))
def test_with_another_salt_it_does_not_open(bit: int) -> None:
    with pytest.raises(NotOpened):
        open_lock(CODE, flipped(SALT, bit), LOCK)


def test_at_every_other_length_it_says_that_it_is_truncated() -> None:
    for length in range(len(LOCK)):
        with pytest.raises(Truncated):
            open_lock(CODE, SALT, LOCK[:length])
    for salt, lock in ((SALT, LOCK + b"\0"), (SALT[:-1], LOCK), (SALT + b"\0", LOCK), (b"", b"")):
        with pytest.raises(Truncated):
            open_lock(CODE, salt, lock)


def test_only_ids_can_be_put_behind_an_erase_code() -> None:
    with pytest.raises(BadFormat):
        Erasure(INBOX.id, INBOX.key_material, DRAFT.id)


def test_the_names_of_the_two_locks_are_known_to_the_person_alone() -> None:
    names = {lock_name(inbox, erases=e) for inbox in (INBOX, OTHER) for e in (False, True)}
    assert len(names) == 4
    assert all(len(name) == 32 for name in names)


def test_a_broken_source_of_randomness_seals_nothing() -> None:
    with pytest.raises(BadKey, match="randomness"):
        seal_lock(CODE, INBOX, bytes)


def test_neither_shows_itself() -> None:
    assert repr(CODE) == "<ReceiptCode>"
    assert repr(open_lock(CODE, SALT, LOCK)) == "<Unlocked>"


def test_locks_may_be_tried_from_several_threads_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        trials = [threads.submit(open_lock, CODE, SALT, LOCK) for _ in range(4)]
        assert {trial.result(20).secret for trial in trials} == {INBOX}
