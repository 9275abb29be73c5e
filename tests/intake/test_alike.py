"""Names that can be taken for one another, and names that cannot."""

import pytest

from intake.alike import looks, taken_for


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("anna", "аnnа"),
        ("anna", "аппа"),
        ("anna", "ann a"),
        ("anna", "anna."),
        ("anna", "ánna"),
        ("lead", "Iead"),
        ("lead", "1еаd"),
        ("Вера", "Bepa"),
        ("ВЕРА", "Βερα"),
        ("roman", "rornan"),
        ("Семён", "Семен"),
        ("olga", "0lga"),
    ],
)
def test_what_the_eye_takes_for_one_another(name: str, other: str) -> None:
    assert taken_for(other, ["boris", name]) == name
    assert taken_for(name, ["boris", other]) == other


@pytest.mark.parametrize(
    ("name", "other"),
    [("anna", "hanna"), ("vera-1", "vera-2"), ("Вера", "Вена"), ("olga", "olya"), ("Ира", "Ида")],
)
def test_what_it_does_not(name: str, other: str) -> None:
    assert taken_for(name, [other]) is None


def test_nobody_is_taken_for_herself() -> None:
    assert taken_for("anna", ["anna"]) is None
    assert looks("anna") == looks("Anna")
