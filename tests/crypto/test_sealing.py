"""A record opens in its place and nowhere else, and where it does not, it says which and why."""

from dataclasses import replace
from typing import Any

import pytest

from crypto.errors import Altered, BadFormat, BadKey, Misplaced, NotOpened, Truncated
from crypto.opening import open_record, unwrap_case_key
from crypto.padding import is_padded_size, padded_size
from crypto.sealing import (
    OVERHEAD,
    WRAP_BYTES,
    CaseKey,
    Context,
    SealedRecord,
    Wrap,
    key_id,
    seal_record,
    wrap_case_key,
)
from tests.crypto.samples import (
    CASE_ID,
    CASE_KEY,
    OTHER_CASE_ID,
    OTHER_CASE_KEY,
    OTHER_FORM,
    PLACE,
    flipped,
    identity,
    stream,
)

TEXT = '{"v":1,"answers":{"note":"Рядом с рекой"}}'.encode()
RECORD = seal_record(CASE_KEY.public, PLACE, TEXT)
LAWYER = identity("lawyer")
WRAP = wrap_case_key(CASE_KEY, LAWYER.sealing_public, CASE_ID, 7)


def test_a_record_opens_for_whom_the_key_was_wrapped() -> None:
    key = unwrap_case_key(LAWYER, CASE_ID, 7, WRAP)
    assert key == CASE_KEY
    assert open_record(key, PLACE, RECORD) == TEXT


@pytest.mark.parametrize(
    "change",
    [
        {"case_id": OTHER_CASE_ID},
        {"number": 1},
        {"kind": "answers"},
        {"form": OTHER_FORM},
        {"epoch": 8},
    ],
    ids=["another case", "renumbered", "relabelled", "another form", "another roster"],
)
def test_a_record_in_another_place_does_not_open_and_says_so(change: dict[str, Any]) -> None:
    place = replace(PLACE, **change)
    with pytest.raises(Misplaced) as caught:
        open_record(CASE_KEY, place, RECORD)
    assert caught.value.record == place.number
    assert str(caught.value) == (
        f"record {place.number} does not belong here: it was sealed for another place"
    )


def test_two_records_exchanged_are_both_named() -> None:
    second = replace(PLACE, number=1, kind="answers")
    other = seal_record(CASE_KEY.public, second, TEXT)
    for place, record in ((PLACE, other), (second, RECORD)):
        with pytest.raises(Misplaced, match=rf"^record {place.number} "):
            open_record(CASE_KEY, place, record)


def test_at_every_shorter_length_a_record_says_that_it_is_truncated() -> None:
    for length in range(len(RECORD.data)):
        with pytest.raises(Truncated, match=r"^record 0 is truncated"):
            open_record(CASE_KEY, PLACE, SealedRecord(RECORD.data[:length]))


def test_a_long_record_cut_to_another_valid_size_does_not_open_either() -> None:
    record = seal_record(CASE_KEY.public, PLACE, b"a" * 2000)
    for length in range(OVERHEAD + 512, len(record.data)):
        expected = Altered if is_padded_size(length - OVERHEAD) else Truncated
        with pytest.raises(expected):
            open_record(CASE_KEY, PLACE, SealedRecord(record.data[:length]))


def test_one_bit_changed_in_any_byte_and_a_record_does_not_open() -> None:
    for byte in range(len(RECORD.data)):
        changed = SealedRecord(flipped(RECORD.data, byte * 8 + byte % 8))
        with pytest.raises(NotOpened) as caught:
            open_record(CASE_KEY, PLACE, changed)
        assert caught.value.record == 0
        assert type(caught.value).__name__ == ("UnknownVersion" if byte == 0 else "Altered")


def test_any_one_bit_changed_and_a_wrap_does_not_open() -> None:
    for bit in range(8, len(WRAP.data) * 8):
        with pytest.raises(Altered):
            unwrap_case_key(LAWYER, CASE_ID, 7, Wrap(flipped(WRAP.data, bit)))


def test_at_every_other_length_a_wrap_says_that_it_is_truncated() -> None:
    for data in [WRAP.data[:length] for length in range(WRAP_BYTES)] + [WRAP.data + b"\0"]:
        with pytest.raises(Truncated):
            unwrap_case_key(LAWYER, CASE_ID, 7, Wrap(data))


@pytest.mark.parametrize(
    ("who", "case_id", "epoch"),
    [("medic", CASE_ID, 7), ("lawyer", OTHER_CASE_ID, 7), ("lawyer", CASE_ID, 6)],
)
def test_a_wrap_is_for_one_member_one_case_one_roster(who: str, case_id: bytes, epoch: int) -> None:
    with pytest.raises(Misplaced):
        unwrap_case_key(identity(who), case_id, epoch, WRAP)


def test_another_cases_key_opens_nothing() -> None:
    with pytest.raises(Altered):
        open_record(OTHER_CASE_KEY, PLACE, RECORD)


def test_a_wrap_never_passes_for_a_record_nor_a_record_for_a_wrap() -> None:
    record = seal_record(LAWYER.sealing_public, PLACE, b"")
    with pytest.raises(NotOpened):
        unwrap_case_key(LAWYER, CASE_ID, 7, Wrap(record.data))
    with pytest.raises(NotOpened):
        open_record(CASE_KEY, PLACE, SealedRecord(WRAP.data))


@pytest.mark.parametrize("length", [0, 1, 511, 512, 1023, 5000, 65536, 200_000])
def test_a_sealed_record_is_its_padded_size_and_no_more(length: int) -> None:
    record = seal_record(CASE_KEY.public, PLACE, b"a" * length)
    assert len(record.data) == padded_size(length) + OVERHEAD
    assert open_record(CASE_KEY, PLACE, record) == b"a" * length


def test_every_wrap_has_the_same_length() -> None:
    keys = [CaseKey.new(stream(f"key {number}")) for number in range(5)]
    made = [wrap_case_key(key, LAWYER.sealing_public, CASE_ID, 7) for key in keys]
    assert {len(wrap.data) for wrap in made} == {WRAP_BYTES}


def test_the_same_text_never_looks_the_same_twice() -> None:
    assert seal_record(CASE_KEY.public, PLACE, TEXT) != RECORD
    assert wrap_case_key(CASE_KEY, LAWYER.sealing_public, CASE_ID, 7) != WRAP


LOW_ORDER = bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")


@pytest.mark.parametrize(
    "public",
    [
        b"",
        CASE_KEY.public[:-1],
        CASE_KEY.public + b"\0",
        bytes(1216),
        bytes(1184) + CASE_KEY.public[1184:],
        CASE_KEY.public[:1184] + bytes(32),
        b"\xff" * 1216,
        CASE_KEY.public[:1184] + LOW_ORDER,
    ],
    ids=["none", "short", "long", "zeros", "no ML-KEM", "no X25519", "out of range", "low order"],
)
def test_nothing_is_sealed_to_what_is_no_key(public: bytes) -> None:
    with pytest.raises(BadKey):
        seal_record(public, PLACE, TEXT)
    with pytest.raises(BadKey):
        wrap_case_key(CASE_KEY, public, CASE_ID, 7)


@pytest.mark.parametrize(
    "change",
    [
        {"case_id": b"short"},
        {"number": -1},
        {"number": 2**32},
        {"kind": ""},
        {"kind": "Intake"},
        {"kind": "intake\n"},
        {"form": OTHER_FORM.upper()},
        {"form": "v1"},
        {"epoch": -1},
        {"epoch": 2**63},
    ],
)
def test_a_place_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadFormat):
        replace(PLACE, **change)


def test_no_two_places_are_encoded_alike() -> None:
    places = [
        Context(case, number, kind, form, epoch)
        for case in (CASE_ID, OTHER_CASE_ID)
        for number in (0, 1, 256)
        for kind in ("a", "aa", "intake")
        for form in (PLACE.form, OTHER_FORM)
        for epoch in (0, 1, 256)
    ]
    assert len({place.encode() for place in places}) == len(places)


def test_a_key_has_one_short_name_and_two_keys_have_two() -> None:
    assert key_id(LAWYER.sealing_public) == LAWYER.key_id
    assert len(LAWYER.key_id) == 32
    assert LAWYER.key_id != identity("medic").key_id
