"""Secrets do not show themselves: not in a repr, a log line, a pickle, a copy or an error."""

import copy
import json
import logging
import pickle
import traceback

import pytest

from crypto.draft import DraftSecret
from crypto.errors import CryptoError
from crypto.identity import Identity
from crypto.inbox import InboxSecret
from crypto.opening import open_record
from crypto.sealing import CaseKey, seal_record, wrap_case_key
from crypto.secret import Hidden
from crypto.token import ReturnToken, open_token, seal_token
from tests.crypto.samples import CASE_ID, CASE_KEY, OTHER_CASE_KEY, PLACE, identity, secret, stream

LAWYER = identity("lawyer")
ALL: list[Hidden] = [
    DraftSecret(secret("shown")),
    InboxSecret(secret("shown")),
    CaseKey(secret("shown")),
    Identity(secret("shown")),
    ReturnToken(7700000000001, 4321, secret("shown"), CASE_ID),
]


@pytest.mark.parametrize("hidden", ALL, ids=repr)
def test_a_secret_is_shown_as_its_type_alone(
    hidden: Hidden, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"<{type(hidden).__name__}>"
    assert [repr(hidden), str(hidden), f"{hidden}", f"{[hidden]}"] == [name] * 3 + [f"[{name}]"]
    logging.getLogger("test").warning("%s %r", hidden, hidden)
    assert caplog.messages == [f"{name} {name}"]


@pytest.mark.parametrize("hidden", ALL, ids=repr)
def test_a_secret_is_never_pickled_copied_or_put_into_json(hidden: Hidden) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(hidden, protocol)
    with pytest.raises(TypeError, match="never pickled"):
        copy.copy(hidden)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(hidden)
    assert not hasattr(hidden, "__dict__")


def test_sealed_things_are_not_bytes_and_show_only_their_size() -> None:
    record = seal_record(CASE_KEY.public, PLACE, b"text")
    wrap = wrap_case_key(CASE_KEY, LAWYER.sealing_public, CASE_ID, 7)
    assert not isinstance(record, bytes)
    assert not isinstance(wrap, bytes)
    assert repr(record) == f"<SealedRecord of {len(record.data)} bytes>"
    assert repr(wrap) == "<Wrap>"
    assert repr(LAWYER.sealing) == "<KeyPair>"


def test_two_kinds_of_secret_with_the_same_bytes_are_not_equal() -> None:
    assert DraftSecret(secret("a")) == DraftSecret(secret("a"))
    assert DraftSecret(secret("a")) != DraftSecret(secret("b"))
    assert DraftSecret(secret("a")) != CaseKey(secret("a"))
    assert DraftSecret(secret("a")) != secret("a")
    assert len({DraftSecret(secret("a")), DraftSecret(secret("a")), CaseKey(secret("a"))}) == 2


def test_an_error_shows_neither_key_nor_chat_even_in_its_traceback() -> None:
    token = seal_token(
        secret("key"), ReturnToken(7700000000001, 4321, secret("i"), CASE_ID), stream("n")
    )
    record = seal_record(CASE_KEY.public, PLACE, b"the answers")
    texts = []
    for attempt in (
        lambda: open_token(secret("another"), token),
        lambda: open_record(OTHER_CASE_KEY, PLACE, record),
        lambda: DraftSecret.parse("A" * 42 + "B"),
    ):
        with pytest.raises(CryptoError) as caught:
            attempt()
        texts.append("".join(traceback.format_exception(caught.value)))
        assert caught.value.__cause__ is None
    for told in (secret("another").hex(), CASE_ID.hex(), "7700000000001", "the answers"):
        assert not any(told in text for text in texts)
