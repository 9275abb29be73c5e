"""Answers and drafts as bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.answers import SKIPPED, Answer, BadAnswers, Skipped, decode, encode
from intake.draft import SEEN, BadDraft, Draft, Place, mark_sent

IDS = st.from_regex(r"[a-z0-9_]{1,16}", fullmatch=True)
ANSWERS: st.SearchStrategy[Answer | Skipped] = st.one_of(
    st.just(SKIPPED),
    IDS,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=600),
    st.lists(IDS, min_size=1, max_size=5, unique=True).map(tuple),
    st.integers(-12, 12),
    st.dates(),
)
DRAFTS = st.builds(
    Draft,
    language=st.sampled_from(["en", "ru"]),
    question=IDS,
    place=st.sampled_from(Place),
    answers=st.dictionaries(IDS, ANSWERS, max_size=20),
    marks=st.lists(IDS, max_size=4, unique=True).map(tuple),
    editing=st.booleans(),
    seen=st.lists(st.integers(0, 2**53), max_size=SEEN).map(tuple),
    case=st.none() | st.binary(min_size=16, max_size=16).map(bytes.hex),
)


@given(st.dictionaries(IDS, ANSWERS, max_size=20))
def test_answers_survive_json(answers: dict[str, Answer | Skipped]) -> None:
    assert decode(json.loads(json.dumps(encode(answers)))) == answers


@given(DRAFTS)
def test_a_draft_survives_its_bytes(draft: Draft) -> None:
    assert Draft.from_bytes(draft.to_bytes()) == draft


@given(DRAFTS, st.data())
def test_a_damaged_draft_is_another_draft_or_an_error(draft: Draft, data: st.DataObject) -> None:
    raw = bytearray(draft.to_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        Draft.from_bytes(bytes(raw)).to_bytes()
    except BadDraft:
        return


@given(st.binary(max_size=200))
def test_bytes_of_anything_else_are_no_draft(raw: bytes) -> None:
    with pytest.raises(BadDraft):
        Draft.from_bytes(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"{}",
        b'{"l":"en"}',
        b'{"l":"en","q":7}',
        b'{"l":"en","q":"a","p":"x"}',
        b'{"l":"en","q":"a","a":[]}',
        b'{"l":"en","q":"a","a":{"b":true}}',
        b'{"l":"en","q":"a","a":{"b":1.5}}',
        b'{"l":"en","q":"a","a":{"b":{"day":"2026-13-01"}}}',
        b'{"l":"en","q":"a","a":{"b":{"day":"2026-11-01","x":1}}}',
        b'{"l":"en","q":"a","a":{"b":"\\ud800"}}',
        b'{"l":"en","q":"a","a":{"b":"' + b"x" * 4097 + b'"}}',
        b'{"l":"en","q":"a","m":["\xd0\xb0"]}',
        b'{"l":"en","q":"a","s":[true]}',
        b'{"l":"en","q":"a","s":3}',
        b'{"l":"en","q":"a","c":1}',
        b'{"l":"en","q":"a","a":' + b"[" * 2000 + b"]" * 2000 + b"}",
    ],
)
def test_what_a_draft_never_holds_is_refused(raw: bytes) -> None:
    with pytest.raises(BadDraft):
        Draft.from_bytes(raw)


@pytest.mark.parametrize("value", [None, [], {"": "a"}, {"x" * 17: "a"}, {"é": "a"}, {"a": {}}])
def test_what_answers_never_hold_is_refused(value: object) -> None:
    with pytest.raises(BadAnswers):
        decode(value)


def test_only_the_last_update_ids_are_remembered() -> None:
    draft = Draft("en", "a")
    for update in range(100):
        draft = draft.saw(update)
    assert draft.seen == tuple(range(100 - SEEN, 100))


def test_a_draft_does_not_print_what_was_said() -> None:
    draft = mark_sent(Draft("en", "note", answers={"note": "hidden"}, marks=("legal",)), "ab12")
    assert draft.case == "ab12"
    for secret in ("hidden", "legal", "ab12"):
        assert secret not in repr(draft)
