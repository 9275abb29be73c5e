"""The interface's own sentences in several languages; the form's texts are data of the form.

gettext, with the English sentence as the key. The `.po` files are read as they are: an
organisation edits one and restarts, nothing is compiled.
"""

import gettext
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Final

import polib

LOCALES: Final = Path(__file__).resolve().parent.parent / "locales"
SOURCE: Final = "en"

Say = Callable[[str], str]
"""From an English sentence to the same in the person's language."""


def mark(sentence: str) -> str:
    """Marks a sentence for translation where it is written, not where it is said."""
    return sentence


class Texts:
    """The translations of one domain ("bot"), by two-letter language."""

    def __init__(self, translations: dict[str, gettext.NullTranslations]) -> None:
        self._translations = {SOURCE: gettext.NullTranslations(), **translations}

    @classmethod
    def load(cls, domain: str, directory: Path = LOCALES) -> "Texts":
        found: dict[str, gettext.NullTranslations] = {}
        for path in sorted(directory.glob(f"*/{domain}.po")):
            compiled = polib.pofile(str(path)).to_binary()
            found[path.parent.name] = gettext.GNUTranslations(BytesIO(compiled))
        return cls(found)

    def say(self, language: str) -> Say:
        """The sentences in `language`, in English where it is not there."""
        return self._translations.get(language, self._translations[SOURCE]).gettext

    def closest(self, language: str, offered: Iterable[str]) -> str:
        """`language` if it is offered, else the first that is."""
        languages = list(offered)
        return language if language in languages else languages[0]
