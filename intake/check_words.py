"""Whether a text is there in every language of its file, and fits where it will be shown."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from intake.lined import Fault, Source
from intake.schema import EVERY

CARD: Final = 4096 - 496
"""What a text may take of a Telegram message (4,096 UTF-16 units): the rest is for the header,
the progress line, warnings and the dates of an information card."""

BUTTON: Final = 40
"""Characters of a button that a narrow phone still shows in one line or two."""

REVIEW_LINE: Final = 12
"""What a line of the review needs besides label and answer: marks, dates, line ends."""


def units(text: str) -> int:
    """Length as Telegram counts it: characters outside the basic plane count twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def length(words: Mapping[str, str], language: str) -> int:
    return units(words.get(language, words.get(EVERY, "")))


class Wording:
    """Checks texts of one file against its languages."""

    def __init__(self, languages: tuple[str, ...], source: Source) -> None:
        self._languages = languages
        self._source = source

    def line(self, *path: str | int) -> int:
        return self._source.line(*path)

    def languages(self) -> Iterator[Fault]:
        """Faults of the list of languages itself."""
        for place, language in enumerate(self._languages):
            line = self._source.line("languages", place)
            if not re.fullmatch("[a-z]{2}", language):
                yield Fault(line, f"'{language}' is not a language; write two letters, such as ru")
            if language in self._languages[:place]:
                yield Fault(line, f"'{language}' stands here twice; delete one")

    def check(self, words: Mapping[str, str], *path: str | int, most: int) -> Iterator[Fault]:
        """Faults of one text: a language missing, unknown or empty, or more than `most` units."""
        where = str(path[-1])
        for language in self._languages:
            if language not in words and EVERY not in words:
                message = f"'{where}' has no text in '{language}'; translate it"
                yield Fault(self._source.line(*path), message)
        for language, text in words.items():
            line = self._source.line(*path, language)
            if language != EVERY and language not in self._languages:
                message = f"'{language}' is neither a key nor a language of this file"
                yield Fault(line, message + "; correct it, or add it to 'languages'")
            elif not text:
                yield Fault(line, f"'{where}' is empty in '{language}'; write the text")
            elif units(text) > most:
                message = f"'{where}' has {units(text)} characters and {most} fit; shorten it"
                yield Fault(line, message)
