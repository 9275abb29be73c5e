"""Large bodies taken apart in pieces: the same comes out, and nothing else comes in."""

import json
import os
from typing import Any

import pytest
from pydantic import TypeAdapter

from handlers.key_bodies import rekeying
from handlers.long_texts import LONG, LONGEST, REST, LongTexts
from intake.shapes import encoded


def a_case(*sizes: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": "0" * 32,
        "was": "1" * 64,
        "epoch": 2,
        "public_key": encoded(os.urandom(1216)),
        "records": [
            {"number": number, "kind": "note", "sealed": encoded(os.urandom(size))}
            for number, size in enumerate(sizes)
        ],
        "wraps": {"2" * 32: encoded(os.urandom(1177))},
        "token": encoded(os.urandom(1657)),
    } | changed


def body(*cases: Any) -> bytes:
    return json.dumps({"cases": cases}).encode()


def test_what_comes_out_is_what_was_sent() -> None:
    """Short and long, at the border, with and without a token."""
    for one in (
        a_case(0, 1, 2, 735, 747, 748, 749, 750, 751, 1657, 35_000, 700_000),
        a_case(5, 5, token=None),
        a_case(2000, 2000, token=encoded(b"")),
    ):
        [read] = rekeying(body(one))
        assert read.id.hex() == one["id"]
        assert encoded(read.public_key) == one["public_key"]
        parts = [(part["number"], part["kind"], part["sealed"]) for part in one["records"]]
        assert [(number, kind, encoded(data)) for number, kind, data in read.records] == parts
        assert {key: encoded(wrap) for key, wrap in read.wraps.items()} == one["wraps"]
        assert (None if read.token is None else encoded(read.token)) == one["token"]


def test_a_token_that_is_null_may_be_left_out() -> None:
    one = a_case(2000, 2000)
    del one["token"]
    [read] = rekeying(body(one))
    assert read.token is None


def test_what_json_allows_is_read_as_it_is() -> None:
    one = a_case(2000, 2000)
    spaced = json.dumps({"cases": [one]}, indent=3).replace("/", "\\/").encode()
    assert rekeying(spaced) == rekeying(body(one))
    first = one["public_key"][0]
    escaped = body(one).replace(f'"{first}'.encode(), f'"\\u{ord(first):04x}'.encode(), 1)
    assert rekeying(escaped) == rekeying(body(one))


LONG_TEXT = "A" * (LONG * 4)

FORGED = {
    "a word of our own": body(a_case(5, 5, public_key="@0")),
    "one that is used twice": body(a_case(2000, 2000, token="@0")),
    "a word that stands for nothing": body(a_case(5, 5, token="@99")),
    "something that is nowhere asked for": body(a_case(2000, 2000)).replace(
        b'"epoch"', f'"{LONG_TEXT}": 1, "epoch"'.encode()
    ),
    "a quote within a text": body(a_case(5, 5, public_key=f'{LONG_TEXT}"{LONG_TEXT}')),
    "a quote at its beginning": body(a_case(5, 5, public_key=f'"{LONG_TEXT}')),
    "a quote at its end": body(a_case(5, 5, public_key=f'{LONG_TEXT}"')),
    "an end that is none": body(a_case(5, 5, public_key="x")).replace(
        b'"x"', f'"{LONG_TEXT}\\", "epoch": 3, "was": "{"1" * 64}"'.encode()
    ),
    "no base64": body(a_case(5, 5, public_key=LONG_TEXT[:-1] + "é")),
    "another length than base64 has": body(a_case(5, 5, public_key=LONG_TEXT + "A")),
    "a line break in it": body(a_case(5, 5, public_key=LONG_TEXT + "\n")),
    "a zero byte": body(a_case(5, 5)).replace(b'"epoch"', b'"\0epoch"'),
    "another kind of digit": body(a_case(5, 5, id="٣" * 32)),
    "capitals": body(a_case(5, 5, id="A" * 32)),
    "a number below the first": body(a_case(5, 5, epoch=0)),
    "a number with a point": body(a_case(5, 5, epoch=2.5)),
    "no number at all": body(a_case(5, 5)).replace(b'"epoch": 2', b'"epoch": NaN'),
    "too long a number": body(a_case(5, 5)).replace(b'"epoch": 2', b'"epoch": ' + b"2" * 9000),
    "another kind of thing": body(a_case(5, 5, records={})),
    "deep": b'{"cases":' + b"[" * 900,
    "two of them": body(a_case(5, 5)) * 2,
    "cut short": body(a_case(2000, 2000))[:-3],
    "cut short within a text": body(a_case(2000, 2000))[:-2000],
    "nothing": b"",
    "too long a text": body(a_case(5, LONGEST)),
    "blanks": b" " * (REST + 1) + body(a_case(5, 5)),
    "blanks behind it": body(a_case(5, 5)) + b" " * (REST + 1),
    "one text without an end": b'"' + b"A" * (8 << 20),
}


@pytest.mark.parametrize("what", FORGED)
def test_nothing_else_passes_for_cases(what: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it is, the answer is the same
        rekeying(FORGED[what])


def test_the_parser_is_never_given_much_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it works nobody else does."""
    given, parse = list[int](), TypeAdapter.validate_json

    def noted(self: Any, data: bytes, **more: Any) -> Any:
        given.append(len(data))
        return parse(self, data, **more)

    monkeypatch.setattr(TypeAdapter, "validate_json", noted)
    rekeying(body(*(a_case(35_000, 35_000, id=f"{number:032x}") for number in range(100))))
    assert max(given) < 50_000
    given.clear()
    for what in (b" " * (8 << 20), b"x" * (8 << 20), b'["' + b'","' * (2 << 20) + b'"]'):
        with pytest.raises(ValueError):  # noqa: PT011
            rekeying(what)
    assert given == []


def test_what_is_left_is_small() -> None:
    whole = body(a_case(*[2000] * 500))
    texts = LongTexts(whole)
    assert len(texts.rest) < len(whole) / 30
