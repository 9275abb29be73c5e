"""Every sentence of the interface is there in every language, with the same placeholders."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CALLS = {"say", "mark"}


def _sentences(package: str) -> Iterator[str]:
    """Every literal that is handed to `say` or `mark`."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            words = node.args[0]
            if name in CALLS and isinstance(words, ast.Constant) and isinstance(words.value, str):
                yield words.value


def _translations(language: str) -> dict[str, str]:
    entries = polib.pofile(str(ROOT / "locales" / language / "bot.po"))
    return {entry.msgid: entry.msgstr for entry in entries if not entry.obsolete}


def test_every_sentence_of_the_bot_is_there_in_russian() -> None:
    translated = _translations("ru")
    assert [words for words in set(_sentences("handlers")) if not translated.get(words)] == []


def test_no_translation_is_left_over_from_a_sentence_that_is_gone() -> None:
    assert set(_translations("ru")) - set(_sentences("handlers")) == set()


@pytest.mark.parametrize("words", sorted(_translations("ru")))
def test_a_translation_has_the_placeholders_of_its_original(words: str) -> None:
    holes = re.compile(r"{\w+}")
    assert sorted(holes.findall(words)) == sorted(holes.findall(_translations("ru")[words]))
