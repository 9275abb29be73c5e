"""Return keys in a row: how they are written down, and what is said of what is wrong."""

import base64
from datetime import date

import pytest

from bot.keyring import BadKeys, ReturnKeys

ONE, TWO, THREE, FOUR = (bytes([number]) * 32 for number in (1, 2, 3, 4))
DAY = date(2026, 11, 27)


def b64(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{b64(ONE)}\n{b64(TWO)}\n{b64(THREE)}\n",
        f"{b64(ONE)},{b64(TWO)}, {b64(THREE)}",
        f"  {b64(ONE)} {b64(TWO)}\t{b64(THREE)},",
        f"# keys\r\n\r\n{b64(ONE)} # first\r\n{b64(TWO)}#\r\n   {b64(THREE)}",
    ],
)
def test_keys_stand_one_a_line_or_between_commas_and_spaces(text: str) -> None:
    keys = ReturnKeys.parse(text)
    assert keys == ReturnKeys.of(ONE, TWO, THREE)
    assert (keys.current, keys.older) == (ONE, (TWO, THREE))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("not-base64!", "line 1 must"),
        (f"{b64(ONE)}\n{b64(TWO)[:-5]}\n", "line 2 must"),
        (f"\n\n{b64(ONE)}\n\n{b64(TWO + TWO)}", "line 5 must"),
        (f"{b64(ONE)}, ключ", "key 2 of line 1 must"),
        (b64(ONE).replace("=", ""), "line 1 must"),
        (b64(bytes(32)), "line 1 must"),
        (f"{b64(ONE)}\n{b64(TWO)}\n{b64(ONE)} # again", "line 3 holds the same key as line 1"),
        (f"{b64(ONE)} {b64(ONE)}", "key 2 of line 1 holds the same key"),
        ("", "there is no key"),
        ("# only words\n", "there is no key"),
    ],
)
def test_what_is_wrong_is_told_by_its_line_and_never_quoted(text: str, place: str) -> None:
    with pytest.raises(BadKeys) as refused:
        ReturnKeys.parse(text)
    words = str(refused.value)
    assert words.startswith(place)
    for word in text.replace(",", " ").replace("#", " ").split():
        assert word in ("again", "only", "words") or word not in words


def test_a_comment_says_until_when_a_key_was_the_first() -> None:
    text = f"{b64(ONE)}\n{b64(TWO)} # until 2026-11-27\n{b64(THREE)} # of Anna; until  2025-02-01"
    assert [key.until for key in ReturnKeys.parse(text).row] == [None, DAY, date(2025, 2, 1)]


@pytest.mark.parametrize("said", ["until 2026-13-01", "until then", "until 2026-11-271", ""])
def test_a_day_that_is_none_keeps_no_key_from_opening(said: str) -> None:
    keys = ReturnKeys.parse(f"{b64(ONE)}\n{b64(TWO)} # {said}")
    assert keys.row[1].until is None
    assert keys.older == (TWO,)


def test_a_fresh_key_goes_before_the_others_and_what_was_said_of_them_stays() -> None:
    before = ReturnKeys.parse(f"{b64(TWO)} # in the safe\n{b64(THREE)} # until 2025-02-01; old")
    after = before.after(ONE, DAY).to_text()
    assert after.splitlines() == [
        b64(ONE),
        f"{b64(TWO)}  # until 2026-11-27; in the safe",
        f"{b64(THREE)}  # until 2025-02-01; old",
    ]
    assert ReturnKeys.parse(after).to_text() == after


def test_lines_of_comment_stay_with_the_key_below_them_and_go_with_it() -> None:
    text = (
        f"# ключ Анны\r\n\r\n{b64(TWO)}\r\n # in the safe\n#of Ivan\n{b64(THREE)},"
        f"{b64(FOUR)}\n# the end"
    )
    keys = ReturnKeys.parse(text).after(ONE, DAY)
    assert keys.to_text().splitlines() == [
        b64(ONE),
        "# ключ Анны",
        f"{b64(TWO)}  # until 2026-11-27",
        "# in the safe",
        "#of Ivan",
        b64(THREE),
        b64(FOUR),
        "# the end",
    ]
    assert ReturnKeys.parse(keys.to_text()).to_text() == keys.to_text()
    left = keys.without({THREE}).to_text()
    assert "Ivan" not in left
    assert left.endswith("# the end\n")


def test_a_key_that_is_put_back_and_replaced_again_has_its_last_day() -> None:
    keys = ReturnKeys.parse(f"{b64(ONE)} # until 2025-02-01")
    assert keys.after(TWO, DAY).row[1].comment == "until 2026-11-27"


def test_the_first_is_never_taken_out() -> None:
    keys = ReturnKeys.of(ONE, TWO, THREE)
    assert keys.without({ONE, TWO}) == ReturnKeys.of(ONE, THREE)


def test_a_key_is_shown_nowhere() -> None:
    keys = ReturnKeys.parse(b64(ONE))
    for shown in (repr(keys), str(keys), f"{keys.row[0]!r}"):
        assert b64(ONE) not in shown
        assert repr(ONE) not in shown
