"""The record of key events: what an event may hold, and how it is chained."""

import hashlib
import json
from datetime import date

import pytest
from pydantic import ValidationError

from intake.ledger import GENESIS, NO_EVENT, Event, Kind, chained, mark, past
from intake.shapes import Unreadable

DAY = date(2026, 11, 27)
ANNA, VERA = "a" * 32, "b" * 32

EVENTS = [
    Event(kind=Kind.EPOCH, day=DAY, epoch=3, roster="c" * 64),
    Event(kind=Kind.HAND_OVER, day=DAY, by=ANNA, to=VERA, case=mark(bytes(16))),
    Event(kind=Kind.ADVICE, day=DAY, by=ANNA, to=VERA, case=mark(bytes(16))),
    Event(kind=Kind.MANDATE, day=DAY, by=ANNA, signed="e30="),
    Event(kind=Kind.WRAPPED, day=DAY, by=ANNA, to=VERA, mandate="d" * 64, cases=12),
    Event(kind=Kind.REKEYED, day=DAY, by=ANNA, cases=1),
    Event(kind=Kind.ERASED, day=DAY, case=mark(bytes(16))),
    Event(kind=Kind.ERASED, day=DAY, by=ANNA, case=mark(bytes(16))),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_survives_its_bytes(event: Event) -> None:
    assert Event.from_bytes(event.to_bytes()) == event


def test_every_kind_has_an_example_here() -> None:
    assert {event.kind for event in EVENTS} == set(Kind)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_that_lacks_a_field_of_its_kind_is_none(event: Event) -> None:
    document = json.loads(event.to_bytes())
    for name in set(document) - {"v", "kind", "day"}:
        if (event.kind, name) == (Kind.ERASED, "by"):
            continue
        less = {key: value for key, value in document.items() if key != name}
        with pytest.raises(ValidationError):
            Event.model_validate(less)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_that_says_more_than_its_kind_may_is_none(event: Event) -> None:
    """Where nothing more can be said, nothing can be said about a person either."""
    document = json.loads(event.to_bytes())
    more = {"to": VERA, "cases": 2, "epoch": 1, "roster": "c" * 64, "mandate": "d" * 64}
    for name in set(more) - set(document):
        with pytest.raises(ValidationError):
            Event.model_validate(document | {name: more[name]})


@pytest.mark.parametrize(
    "changed",
    [
        b" %s",
        b"%s\n",
        b'{"day":"2026-11-27","epoch":3,"kind":"epoch","roster":"' + b"c" * 64 + b'","v":1.0}',
        b"[]",
        b"",
        b'{"day":"2026-11-27T10:00:00","epoch":3,"kind":"epoch","roster":"'
        + b"c" * 64
        + b'","v":1}',
    ],
)
def test_another_spelling_of_an_event_is_refused(changed: bytes) -> None:
    data = changed.replace(b"%s", EVENTS[0].to_bytes())
    with pytest.raises(Unreadable, match=NO_EVENT[:20]):
        Event.from_bytes(data)


def test_the_head_depends_on_every_event_and_their_order() -> None:
    one, other = EVENTS[0].to_bytes(), EVENTS[1].to_bytes()
    heads = {
        GENESIS,
        chained(GENESIS, one),
        chained(GENESIS, other),
        chained(chained(GENESIS, one), other),
        chained(chained(GENESIS, other), one),
    }
    assert len(heads) == 5


def test_the_chain_is_plain_sha256() -> None:
    body = EVENTS[0].to_bytes()
    assert chained(GENESIS, body) == hashlib.sha256(b"tropa/1 key event" + GENESIS + body).digest()


def test_the_mark_of_a_case_does_not_lead_to_it() -> None:
    case_id = bytes(range(16))
    assert mark(case_id) != mark(bytes(16))
    assert case_id.hex()[:8] not in mark(case_id)


def test_how_far_somebody_has_seen() -> None:
    assert past(41, bytes(range(32))) == "41:000102030405060708090a0b0c0d0e0f"
