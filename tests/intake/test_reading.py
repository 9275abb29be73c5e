"""Answers as a volunteer reads them."""

from datetime import date

from intake.answers import SKIPPED, Answer, Skipped
from intake.reading import Deadline, deadlines, describe
from tests.intake.made import NOW, default_form

ANSWERS: dict[str, Answer | Skipped] = {
    "consent": "yes",
    "danger": SKIPPED,
    "who": "me",
    "situation": "abroad",
    "region": "kz",
    "stay_until": date(2026, 12, 2),
    "case": ("a337", "wanted"),
    "dependants": 2,
    "contact": "day",
    "hour": -5,
    "note": "Жду ответа",
}


def read(language: str, answers: dict[str, Answer | Skipped] = ANSWERS) -> dict[str, str]:
    lines = describe(default_form(), answers, language, NOW)
    return {line.label: line.text for line in lines}


def test_answers_are_read_in_the_language_of_the_reader() -> None:
    english, russian = read("en"), read("ru")
    assert english["Country"] == "Kazakhstan"
    assert russian["Страна"] == "Казахстан"
    assert english["Criminal case"] == "Art. 337 (absence), Wanted in Russia"
    assert russian["Уголовное дело"] == "Ст. 337 (СОЧ), Розыск в России"
    assert english["In their own words"] == russian["Своими словами"] == "Жду ответа"


def test_days_numbers_and_hours_are_written_out() -> None:
    english = read("en")
    assert english["Legal stay until"] == "2026-12-02"
    assert english["People coming along"] == "2"
    assert english["Your clock"] == "UTC-5"


def test_silence_is_shown_as_silence() -> None:
    lines = {line.question: line for line in describe(default_form(), ANSWERS, "ru", NOW)}
    assert (lines["danger"].text, lines["danger"].said) == ("не сказано", False)
    assert (lines["device"].text, lines["device"].said) == ("не сказано", False)
    assert lines["who"].said


def test_what_did_not_concern_the_person_is_left_out() -> None:
    assert "Knows of this request" not in read("en")


def test_what_follows_from_an_answer_is_shown_as_derived() -> None:
    lines = describe(default_form(), {"situation": "front"}, "en", NOW)
    region = next(line for line in lines if line.question == "region")
    assert (region.text, region.derived) == ("Combat zone", True)
    assert not next(line for line in lines if line.question == "situation").derived


def test_an_answer_the_form_does_not_know_is_shown_as_it_is() -> None:
    assert read("en", {"who": "martian", "case": ("a337", "a999")})["Who needs help"] == "martian"
    assert read("en", {"case": ("a337", "a999")})["Criminal case"] == "Art. 337 (absence), a999"


def test_an_answer_that_hangs_on_nothing_is_not_hidden() -> None:
    assert read("en", {"who": "me", "aware": "no"})["Knows of this request"] == "No"


def test_lines_are_in_the_order_of_the_form_with_their_topic() -> None:
    lines = describe(default_form(), ANSWERS, "en", NOW)
    order = list(default_form().by_id)
    assert [line.question for line in lines] == sorted(
        (line.question for line in lines), key=order.index
    )
    assert next(line.topic for line in lines if line.question == "case") == "Law and papers"


def test_deadlines_count_the_days_left() -> None:
    assert deadlines(default_form(), ANSWERS, NOW) == [
        Deadline("stay_until", date(2026, 12, 2), 10)
    ]
    past = {**ANSWERS, "stay_until": date(2026, 11, 20)}
    assert deadlines(default_form(), past, NOW)[0].days_left == -2
    assert deadlines(default_form(), {**ANSWERS, "stay_until": "expired"}, NOW) == []
