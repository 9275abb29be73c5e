"""What a form or card file may hold: texts that can be seen, whichever way they are written."""

import pytest

from intake.form import load_form
from intake.information import load_card
from intake.lined import CardError, FileError, FormError, read


@pytest.mark.parametrize(
    ("written", "named"),
    [
        (r'"\e]0;owned\a"', "U+001B"),
        (r'"\x9b31m"', "U+009B"),
        (r'"\N"', "U+0085"),
        (r'"a\rb"', "U+000D"),
        (r'"\0"', "U+0000"),
        (r'"\x7f"', "U+007F"),
        (r'"\u202egnirts"', "U+202E"),
        (r'"\u2066x\u2069"', "U+2066"),
        (r'"\L"', "U+2028"),
        ("'plain \u202e text'", "U+202E"),
        ("unquoted \u200f text", "U+200F"),
        (r'"\U000E0041"', "U+E0041"),
    ],
)
@pytest.mark.parametrize("place", ["first: fine\nlabel: {}\n", "first: fine\n{}: value\n"])
def test_a_hidden_character_is_refused_with_its_line(place: str, written: str, named: str) -> None:
    with pytest.raises(FileError) as error:
        read(place.format(written).encode())
    [fault] = error.value.faults
    assert fault.line == 2
    assert named in fault.message


@pytest.mark.parametrize("written", [r'"two\nlines\tand tab"', "'\u200dжоин\u200c'", "ґ қ 👨‍👩‍👧"])
def test_line_breaks_tabs_and_joiners_are_ordinary_text(written: str) -> None:
    assert read(f"label: {written}\n".encode()).tree


def test_forms_and_cards_are_both_read_so() -> None:
    hidden = b'version: "\\e[2J"\n'
    with pytest.raises(FormError, match=r"U\+001B"):
        load_form(hidden)
    with pytest.raises(CardError, match=r"U\+001B"):
        load_card(hidden, ("en",))
