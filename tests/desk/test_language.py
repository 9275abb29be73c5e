"""The Russian catalogue holds every sentence of the desk, with the same gaps, and no others."""

import string
from datetime import UTC, datetime, timedelta

import polib
import pytest

from desk.errors import DeskError
from desk.language import LOCALES, Language
from desk.safe import plain
from desk.settings import read_settings
from desk.words import contact, days, promise, span
from intake.case import ContactRule
from tests.desk.sentences import plurals, sentences

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CATALOGUE = polib.pofile(str(LOCALES / "ru" / "desk.po"))


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_sentence_is_in_the_catalogue_and_nothing_else() -> None:
    assert {entry.msgid for entry in CATALOGUE} == sentences()
    assert len({entry.msgid for entry in CATALOGUE}) == len(CATALOGUE)
    assert {(entry.msgid, entry.msgid_plural) for entry in CATALOGUE if entry.msgid_plural} == (
        plurals()
    )
    assert not CATALOGUE.fuzzy_entries()
    assert CATALOGUE.percent_translated() == 100


def test_every_translation_has_the_same_gaps() -> None:
    for entry in CATALOGUE:
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            assert gaps(text) == gaps(entry.msgid), entry.msgid


def test_every_question_says_which_keys_answer_it() -> None:
    """On either keyboard: the command before it was typed in Latin letters."""
    for entry in CATALOGUE:
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            assert text.endswith("[y/N, д/н]") is entry.msgid.endswith("[y/N]"), entry.msgid


def test_errors_are_told_in_the_readers_language_with_what_they_hold() -> None:
    error = DeskError("There is no file {path}.", path="a.json")
    assert Language("ru").explain(error) == "Нет файла a.json."
    assert Language("en").explain(error) == str(error) == "There is no file a.json."
    assert Language("kk").explain(error) == str(error)


@pytest.mark.parametrize(
    ("length", "english", "russian"),
    [
        (timedelta(0), "0 min", "0 мин"),
        (timedelta(minutes=59, seconds=59), "59 min", "59 мин"),
        (timedelta(hours=1), "1 h", "1 ч"),
        (timedelta(hours=47, minutes=59), "47 h", "47 ч"),
        (timedelta(days=2), "2 days", "2 дня"),
        (timedelta(days=5), "5 days", "5 дней"),
        (timedelta(days=21), "21 days", "21 день"),
    ],
)
def test_lengths_of_time_read_at_a_glance(length: timedelta, english: str, russian: str) -> None:
    assert span(Language("en"), length) == english
    assert span(Language("ru"), length) == russian


@pytest.mark.parametrize(
    ("by", "words"),
    [(90, "1 h left"), (1, "1 min left"), (0, "late by 0 min"), (-61, "late by 1 h")],
)
def test_a_promise_is_kept_or_late(by: int, words: str) -> None:
    assert promise(Language("en"), NOW + timedelta(minutes=by), NOW) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (1, "1 day left"),
        (2, "2 days left"),
        (0, "today is the last day"),
        (-1, "over for 1 day"),
        (-5, "over for 5 days"),
    ],
)
def test_days_count_down_and_past(left: int, words: str) -> None:
    assert days(Language("en"), left) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (None, "Only after the person wrote. Never first."),
        (range(24), "At any time."),
        ([9, 10, 11], "Between 09:00-12:00 UTC."),
        ([22, 23, 0, 1], "Between 22:00-02:00 UTC."),
        ([23], "Between 23:00-00:00 UTC."),
        ([6, 18, 19], "Between 06:00-07:00, 18:00-20:00 UTC."),
    ],
)
def test_the_contact_rule_in_words(hours: list[int] | None, words: str) -> None:
    rule = ContactRule(None if hours is None else frozenset(hours))
    assert contact(Language("en"), rule) == words


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("two\r\nlines\tand tab", "two\nlines and tab"),
        ("\u202egnirts\u2066", "\ufffdgnirts\ufffd"),
        ("\x9b31m\x00\x7f", "\ufffd31m\ufffd\ufffd"),
        ("ё й ґ қ \N{FAMILY} \u200d", "ё й ґ қ \N{FAMILY} \u200d"),
    ],
)
def test_what_a_terminal_would_obey_is_made_visible(typed: str, shown: str) -> None:
    assert plain(typed) == shown


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "de_DE"}, "de"),
        ({"LANG": "de_DE", "TROPA_LANGUAGE": "ru"}, "ru"),
    ],
)
def test_the_language_is_chosen_or_the_locales(environ: dict[str, str], language: str) -> None:
    assert read_settings(environ).language == language
