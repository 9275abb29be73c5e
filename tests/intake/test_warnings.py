"""What in a typed text makes the card warn, and what does not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.warnings import Sign, suspicious

HELD: list[tuple[str, Sign]] = [
    ("+7 912 345-67-89", Sign.PHONE),
    ("8(912)3456789", Sign.PHONE),
    ("звоните 89123456789", Sign.PHONE),
    ("my number +374 91 234567", Sign.PHONE),
    ("тел. 23-45-67", Sign.PHONE),
    ("48.12345, 37.98765", Sign.COORDINATES),
    ("48,12345; 37,98765", Sign.COORDINATES),
    ("48.123 37.987", Sign.COORDINATES),
    ("N48° 12' 30''", Sign.COORDINATES),
    ("37U CQ 12345 67890", Sign.COORDINATES),
    ("х 54321 у 98765", Sign.COORDINATES),
    ("в/ч 12345", Sign.UNIT),
    ("в / ч №12345", Sign.UNIT),
    ("войсковая часть 54321", Sign.UNIT),
    ("ВЧ 12345", Sign.UNIT),
    ("служу в 123 мотострелковом полку", Sign.UNIT),
    ("из 15-й отдельной мотострелковой бригады", Sign.UNIT),
    ("2 рота", Sign.UNIT),
    ("military unit 12345", Sign.UNIT),
    ("the 155th brigade", Sign.UNIT),
    ("3rd company", Sign.UNIT),
    ("меня зовут Алексей", Sign.NAME),
    ("Меня зовут Алексей Петров", Sign.NAME),
    ("командир Сидоров", Sign.NAME),
    ("капитана Орлова", Sign.NAME),
    ("позывной Барс", Sign.NAME),
    ("Иванов Иван", Sign.NAME),
    ("с братом Петром Кузнецовым", Sign.NAME),
    ("Иван Петрович", Sign.NAME),
    ("Смирнов А.В.", Sign.NAME),
    ("А. В. Смирнов", Sign.NAME),
    ("My name is John", Sign.NAME),
    ("my commander, Major Orlov", Sign.NAME),
    ("Ivan Petrov", Sign.NAME),
    ("Я Иван Петров", Sign.NAME),
    ("Иван Петров из запаса", Sign.NAME),
    ("I am John Smith", Sign.NAME),
    ("John Smith, in hospital", Sign.NAME),
    ("служу в части 12345", Sign.UNIT),
    ("часть 12345", Sign.UNIT),
    ("40.7, 44.5", Sign.COORDINATES),
    ("живу: ул. Ленина 5", Sign.COORDINATES),
    ("я из г. Донецк", Sign.COORDINATES),
]

HARMLESS = [
    "",
    "жду ответа",
    "Мне 24 года, осталось 10 дней отпуска",
    "Жена и двое детей, загранпаспорта до 2031 года",
    "повестка на 25.11.2026, к 9:00",
    "ст. 337 ч. 5 УК РФ",
    "статья 338 часть 3, до 15 лет",
    "Ранение в ногу. Ходить тяжело.",
    "Можно ли выехать через Казахстан в Армению?",
    "I have 3 children and 90 days of stay left",
    "Summons for 25 November 2026",
    "The Military ID was taken from me",
    "С Новым годом",
    "У меня есть 150000 рублей",
    "Добрый день. Прошу помочь, Европа мне закрыта",
    "берёза",
    "Я русский и говорю по-английски",
    "Я сейчас в Армении, жена в Грузии",
    "до 2026 г. Потом не знаю",
    "с 01.12, 15.12 или позже",
    "отпуск 10.12, 15.12 суд",
    "I am Russian and I need help",
    "I am in Armenia",
    "часть документов изъята, часть 5 статьи 337",
    "болит часть спины",
    "It costs 10.5, 20.5 % more",
    "Мне нужна помощь",
    "Здравствуйте. Нужен юрист",
    "у 15000 человек",
]


@pytest.mark.parametrize(("text", "sign"), HELD, ids=[case[0] for case in HELD])
def test_what_points_at_somebody_is_noticed(text: str, sign: Sign) -> None:
    assert sign in [found.sign for found in suspicious(text)], suspicious(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_points_at_nobody_is_left_in_peace(text: str) -> None:
    assert suspicious(text) == ()


def test_the_passage_is_shown_and_each_sign_once() -> None:
    found = suspicious("Я из в/ч 12345, раньше в/ч 54321, тел. +7 912 345-67-89")
    assert [(f.sign, f.passage) for f in found] == [
        (Sign.PHONE, "+7 912 345-67-89"),
        (Sign.UNIT, "в/ч 12345"),
    ]


def test_coordinates_are_not_a_phone_number_as_well() -> None:
    assert [f.sign for f in suspicious("48.12345 37.98765")] == [Sign.COORDINATES]


@given(st.text(st.characters(), max_size=300))
def test_no_text_breaks_the_search(text: str) -> None:
    for found in suspicious(text):
        assert found.passage


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "1",
        "A. ",
        "Аа ",
        "в ч ",
        "1-",
        "отдельн ",
        "48.123 ",
        "командир ",
        " ",
        "-",
        "Ab",
        "12 отдельной ",
        "Я Аа ",
        "I am Ab ",
        "40.7, ",
        "ул. Аа ",
    ],
)
def test_the_longest_text_takes_no_noticeable_time(piece: str) -> None:
    text = (piece * 4096)[:4096]
    began = time.process_time()
    suspicious(text)
    assert time.process_time() - began < 0.05
