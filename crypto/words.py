"""Words that a person typed from paper: read out of whatever stands between them, and judged.

No text here repeats what was typed: a place says enough to whoever has the paper.
"""

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from crypto.errors import BadWords

_WORD: Final = re.compile(r"[^\W\d_]+")
_NEAR: Final = 3
_NAMING: Final = 4
_LONGEST: Final = 20
"""Letters that are compared: no word is nearly as long, and what was pasted may be."""


def read_words(text: str) -> list[str]:
    """The words in small letters: numbers, dots, dashes and signs that nobody sees are none."""
    seen = "".join(
        "" if unicodedata.category(character) == "Cf" else character
        for character in unicodedata.normalize("NFKC", text)
    )
    return _WORD.findall(seen.lower())


def check_words(words: Sequence[str], count: int, book: Sequence[str]) -> None:
    """`BadWords` unless there are `count` words, all of them in the book."""
    known = frozenset(book)
    strange = next((place for place, word in enumerate(words, 1) if word not in known), None)
    if len(words) == count and strange is None:
        return
    if strange is None:
        raise BadWords("there must be {count} words, not {found}", count=count, found=len(words))
    if len(words) != count:
        raise BadWords(
            "there must be {count} words, not {found}, and word {place} is not in the list",
            count=count,
            found=len(words),
            place=strange,
        )
    check_word(words[strange - 1], strange, book)


def check_word(word: str, place: int, book: Sequence[str]) -> None:
    """`BadWords` unless it is in the book, with the words of the book that are nearest to it."""
    if word in book:
        return
    if not word.isascii():
        raise BadWords(
            "word {place} is not in the list: the words are English, look at the keyboard layout",
            place=place,
        )
    near = nearest(word, book)
    if not near:
        raise BadWords("word {place} is not in the list: look at its spelling", place=place)
    raise BadWords(
        "word {place} is not in the list; near to it: {near}",
        place=place,
        near=", ".join(near),
    )


def nearest(word: str, book: Sequence[str]) -> list[str]:
    """Words of the book that a slip of the hand makes this of, the likeliest first. Some people
    write down the first four letters alone, which name a word: that one is the likeliest."""
    begun = [known for known in book if len(word) >= _NAMING and known.startswith(word)]
    close = get_close_matches(word[:_LONGEST], book, _NEAR, 0.7)
    return [*begun, *(known for known in close if known not in begun)][:_NEAR]
