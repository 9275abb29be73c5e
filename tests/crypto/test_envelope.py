"""A signed document counts when enough different keys of the organisation signed it."""

import copy
import json
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.envelope import add_signature, read_unverified, sign_payload, verify
from crypto.errors import BadFormat, BadKey, CryptoError, Forged
from crypto.kdf import key_id
from tests.crypto.samples import identity

TYPE = "application/vnd.tropa.roster+json"
SIGNERS = [identity(f"signer {number}") for number in range(4)]
KEYS = [signer.signing_public for signer in SIGNERS]
PAYLOAD = b'{"version":1,"epoch":7}'


@given(st.sets(st.integers(0, 3), min_size=1), st.integers(1, 4))
def test_exactly_as_many_different_signers_as_asked_are_enough(
    who: set[int], threshold: int
) -> None:
    envelope = sign_payload(PAYLOAD, TYPE, [SIGNERS[number] for number in sorted(who)])
    if len(who) >= threshold:
        assert verify(envelope, TYPE, KEYS, threshold) == PAYLOAD
    else:
        with pytest.raises(Forged):
            verify(envelope, TYPE, KEYS, threshold)


def test_a_second_signature_is_added_elsewhere_without_touching_the_first() -> None:
    first = sign_payload(PAYLOAD, TYPE, SIGNERS[:1])
    before = copy.deepcopy(first)
    both = add_signature(json.loads(json.dumps(first)), TYPE, SIGNERS[1])
    assert first == before
    assert both["signatures"][0] == first["signatures"][0]
    assert verify(both, TYPE, KEYS, 2) == PAYLOAD


def test_signing_twice_counts_once() -> None:
    once = sign_payload(PAYLOAD, TYPE, SIGNERS[:1])
    twice = add_signature(once, TYPE, SIGNERS[0])
    assert len(twice["signatures"]) == 1
    with pytest.raises(Forged):
        verify(twice, TYPE, KEYS, 2)


def test_a_key_pinned_twice_counts_once() -> None:
    envelope = sign_payload(PAYLOAD, TYPE, SIGNERS[:1])
    assert verify(envelope, TYPE, [KEYS[0], KEYS[0]], 1) == PAYLOAD
    with pytest.raises(BadFormat):
        verify(envelope, TYPE, [KEYS[0], KEYS[0]], 2)
    with pytest.raises(Forged):
        verify(envelope, TYPE, [KEYS[0], KEYS[0], KEYS[1]], 2)


def test_a_signature_under_another_type_counts_for_nothing() -> None:
    envelope = sign_payload(PAYLOAD, "text/plain", SIGNERS)
    with pytest.raises(Forged, match="another kind"):
        verify(envelope, TYPE, KEYS, 1)
    with pytest.raises(Forged, match="signatures of 1"):
        verify(envelope | {"payloadType": TYPE}, TYPE, KEYS, 1)


def test_a_signature_that_names_another_key_counts_for_nothing() -> None:
    envelope = sign_payload(PAYLOAD, TYPE, SIGNERS[:1])
    envelope["signatures"][0]["keyid"] = key_id(KEYS[1])
    with pytest.raises(Forged):
        verify(envelope, TYPE, KEYS, 1)


@pytest.mark.parametrize("sig", ["", "AAAA", "!", "A" * 88])
def test_a_malformed_signature_beside_good_ones_does_no_harm_and_no_good(sig: str) -> None:
    envelope = sign_payload(PAYLOAD, TYPE, SIGNERS[:2])
    envelope["signatures"][0]["sig"] = sig
    with pytest.raises(Forged):
        verify(envelope, TYPE, KEYS, 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["payload", "payloadType", "signatures", "x"]), JSON))
def test_whatever_is_no_envelope_is_refused_in_our_words(envelope: dict[str, Any]) -> None:
    with pytest.raises(CryptoError):
        verify(envelope, TYPE, KEYS, 1)


@given(JSON)
def test_whatever_stands_for_signatures_is_refused_in_our_words(signatures: Any) -> None:
    envelope = sign_payload(PAYLOAD, TYPE, []) | {"signatures": signatures}
    with pytest.raises(Forged):
        verify(envelope, TYPE, KEYS, 1)


def test_what_it_is_read_from_stays_as_it_was_and_what_else_is_in_it_is_not_looked_at() -> None:
    class Untouchable:
        def __deepcopy__(self, _: object) -> Self:
            raise AssertionError("copied")

    envelope = sign_payload(PAYLOAD, TYPE, SIGNERS[:2]) | {"more": Untouchable()}
    before = json.dumps(envelope["signatures"])
    assert verify(envelope, TYPE, KEYS, 2) == PAYLOAD
    assert json.dumps(envelope["signatures"]) == before


def test_who_signs_can_look_first() -> None:
    envelope = sign_payload(PAYLOAD, TYPE, [])
    assert read_unverified(envelope, TYPE) == PAYLOAD
    with pytest.raises(Forged):
        verify(envelope, TYPE, KEYS, 1)


@pytest.mark.parametrize("key", [b"", bytes(32), b"a" * 31])
def test_what_is_no_key_is_not_trusted(key: bytes) -> None:
    with pytest.raises(BadKey):
        verify(sign_payload(PAYLOAD, TYPE, SIGNERS), TYPE, [*KEYS, key], 1)


@pytest.mark.parametrize("threshold", [-1, 0, 5])
def test_a_threshold_that_cannot_be_met_or_asks_nothing_is_refused(threshold: int) -> None:
    with pytest.raises(BadFormat):
        verify(sign_payload(PAYLOAD, TYPE, SIGNERS), TYPE, KEYS, threshold)
