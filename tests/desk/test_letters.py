"""Unfinished answers: sealed at rest, opened by their writer alone, gone with the case."""

import os
from pathlib import Path

import pytest

from desk.answering import unfilled
from desk.errors import DeskError
from desk.home import Home
from desk.letters import Letters
from desk.templates import fill, load_topics
from intake.warnings import suspicious
from tests.desk.test_acts import taken
from tests.desk.world import World, identity_of

CASE, OTHER = "a" * 32, "b" * 32


@pytest.fixture(name="letters")
def _letters(tmp_path: Path) -> Letters:
    return Letters(Home(tmp_path), identity_of("anna"), os.urandom)


def test_what_was_written_is_there_again_and_unreadable_on_the_disk(
    letters: Letters, tmp_path: Path
) -> None:
    assert letters.load(CASE) == ""
    letters.save(CASE, "Мы читаем")
    assert letters.load(CASE) == "Мы читаем"
    (path,) = (tmp_path / "letters").iterdir()
    assert "читаем".encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    letters.save(CASE, " ")
    assert not path.exists()


def test_only_its_writer_opens_it_and_only_for_its_case(letters: Letters, tmp_path: Path) -> None:
    letters.save(CASE, "x")
    with pytest.raises(DeskError, match="damaged"):
        Letters(Home(tmp_path), identity_of("boris"), os.urandom).load(CASE)
    folder = tmp_path / "letters"
    (folder / f"{CASE}.sealed").rename(folder / f"{OTHER}.sealed")
    with pytest.raises(DeskError, match="damaged"):
        letters.load(OTHER)


def test_it_leaves_with_the_case(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    letters = Letters(anna.desk().home, identity_of("anna"), os.urandom)
    letters.save(case, "x")
    anna.run("give-back", case)
    assert letters.load(case) == ""


# Templates


def test_every_shipped_template_is_whole_in_both_languages(tmp_path: Path) -> None:
    topics = load_topics(Home(tmp_path))
    templates = [one for topic in topics for one in topic.templates]
    assert {"first", "more", "legal", "asylum", "psych", "evacuation", "closing"} <= {
        topic.id for topic in topics
    }
    assert len({one.id for one in templates}) == len(templates)
    for one in templates:
        assert set(one.title.by_language) == set(one.text.by_language) == {"en", "ru"}
        assert unfilled(one.text.text("en")) == unfilled(one.text.text("ru"))
        for text in one.text.by_language.values():
            assert not suspicious(text), one.id


def test_what_fills_a_gap_is_not_filled_again() -> None:
    filled = fill("{country} {nonsense} {days_left}", {"country": "{days_left}"})
    assert filled.text == "{days_left} {nonsense} {days_left}"
    assert (filled.missing, filled.unknown) == (("days_left",), ("nonsense",))
