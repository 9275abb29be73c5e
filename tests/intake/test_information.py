"""Information cards: what is loaded, what is refused, and when one may be out of date."""

from datetime import date

import pytest

from intake.information import load_card, load_cards, stale
from intake.lined import CardError

GOOD = """id: kz
country: kz
title: {en: Kazakhstan, ru: Казахстан}
text:
  en: One may stay 90 days.
  ru: Можно находиться 90 дней.
source: A law
checked: 2026-11-01
stale_after: 2027-01-31
"""
BOTH = ("en", "ru")


def test_a_card_is_read_from_its_file() -> None:
    card = load_card(GOOD.encode(), BOTH)
    assert (card.topic, card.country) == ("kz", "kz")
    assert card.title.text("ru") == "Казахстан"
    assert card.source.text("ru") == "A law"
    assert (card.checked, card.stale_after) == (date(2026, 11, 1), date(2027, 1, 31))


def test_a_card_without_a_country_is_about_none() -> None:
    assert load_card(GOOD.replace("country: kz\n", "").encode(), BOTH).country is None


@pytest.mark.parametrize(("day", "old"), [(30, False), (31, True)])
def test_a_card_may_be_out_of_date_from_its_day_on(day: int, old: bool) -> None:
    assert stale(load_card(GOOD.encode(), BOTH), date(2027, 1, day)) is old


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("id: kz", "id: kazakhstan_and_more", 1, "is not an id; use 1 to 12"),
        ("id: kz\n", "", 1, "'id' is missing here; add it"),
        ("source: A law\n", "", 1, "'source' is missing here"),
        ("source: A law", "sources: A law", 7, "did you mean 'source'?"),
        ("checked: 2026-11-01", "checked: 1 November", 8, "written like 2026-11-22"),
        ("checked: 2026-11-01", "checked: 2027-11-01", 9, "'stale_after' is before 'checked'"),
        ("  ru: Можно находиться 90 дней.\n", "", 4, "'text' has no text in 'ru'"),
        ("One may stay 90 days.", "x" * 4000, 5, "has 4000 characters and 3600 fit"),
        ("en: Kazakhstan", "en: " + "K" * 41, 3, "and 40 fit; shorten it"),
        ("  en: One", "  en: One: two", 5, "put the text in quotes"),
        ("  en: One", "  fr: Un\n  en: One", 5, "'fr' is neither a key nor a language"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    with pytest.raises(CardError) as error:
        load_card(GOOD.replace(old, new).encode(), BOTH)
    assert [fault.line for fault in error.value.faults if said in fault.message] == [line], error


def test_faults_of_several_cards_are_told_with_their_file() -> None:
    files = {
        "a.yaml": GOOD.encode(),
        "b.yaml": GOOD.encode(),
        "c.yaml": b"",
    }
    with pytest.raises(CardError) as error:
        load_cards(files, BOTH)
    assert "b.yaml: 'kz' is the id of another card" in str(error.value)
    assert "c.yaml: the file is empty" in str(error.value)


def test_cards_come_in_the_order_of_their_files() -> None:
    files = {"2.yaml": GOOD.encode(), "1.yaml": GOOD.replace("id: kz", "id: am").encode()}
    assert list(load_cards(files, BOTH)) == ["am", "kz"]
