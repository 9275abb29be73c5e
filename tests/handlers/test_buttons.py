"""Buttons: whatever encodes decodes to itself, in 64 bytes; whatever else arrives is no button."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.buttons import REVISIONS, Press, Verb, decode, encode

_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_presses = st.builds(
    Press,
    st.none() | st.text(_BASE64URL, min_size=43, max_size=43),
    st.integers(0, REVISIONS),
    st.sampled_from(Verb),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789_.:-", max_size=17),
)


@given(_presses)
def test_a_press_survives_the_button(press: Press) -> None:
    data = encode(press)
    assert len(data.encode()) <= 64
    assert decode(data) == press


@given(st.text(max_size=70))
def test_no_text_is_misread(data: str) -> None:
    press = decode(data)
    assert press is None or encode(press) == data


@given(_presses, st.integers(0, 63), st.characters())
def test_a_changed_button_is_another_button_or_none(press: Press, place: int, other: str) -> None:
    data = encode(press)
    if place < len(data) and other != data[place]:
        changed = data[:place] + other + data[place + 1 :]
        assert decode(changed) != press


@pytest.mark.parametrize("argument", ["x" * 18, "UPPER", "я", "a b", "a\n", "\x00"])
def test_an_argument_that_does_not_fit_is_a_fault_of_the_form(argument: str) -> None:
    with pytest.raises(ValueError, match="does not fit a button"):
        encode(Press(None, 0, Verb.CHOOSE, argument))


def test_the_letters_of_the_verbs_are_all_different() -> None:
    assert len({verb.value for verb in Verb}) == len(Verb)
    assert all(len(verb.value) == 1 for verb in Verb)


def test_a_press_shows_its_secret_nowhere() -> None:
    press = Press("S" * 43, 7, Verb.CHOOSE, "private")
    assert "SSS" not in repr(press)
    assert "private" not in repr(press)
