"""The desk's own sentences in the reader's language: gettext catalogues, read at start.

Texts of the organisation (questions, choices) are not here; they come with the form.
"""

import gettext
from io import BytesIO
from pathlib import Path

import polib

from crypto.errors import BadWords, NotOpened
from desk.errors import DeskError

LOCALES = Path(__file__).resolve().parent.parent / "locales"


class Language:
    """`say` translates and fills the gaps; `count` also picks the form for a number."""

    def __init__(self, code: str, folder: Path = LOCALES, catalogue: str = "desk") -> None:
        self.code = code
        self._catalogue = _load(folder / code / f"{catalogue}.po")

    def say(self, msgid: str, **values: object) -> str:
        return self._catalogue.gettext(msgid).format(**values)

    def text(self, msgid: str) -> str:
        """The translation with its gaps open, for whoever fills them."""
        return self._catalogue.gettext(msgid)

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        return self._catalogue.ngettext(one, many, n).format(n=n, **values)

    def explain(self, error: Exception) -> str:
        """An error's sentence; the domain's own errors stay in English."""
        if isinstance(error, DeskError):
            inner = {
                name: self._inner(value) if isinstance(value, Exception) else value
                for name, value in error.values.items()
            }
            return self.say(error.msgid, **inner)
        if isinstance(error, BadWords):
            text = self._inner(error)
            return text[:1].upper() + text[1:]
        if isinstance(error, NotOpened):
            return f"{self._what(error)} {self.say(error.reason)}"
        text = self._catalogue.gettext(str(error)) if str(error) else type(error).__name__
        return text[:1].upper() + text[1:]

    def _inner(self, error: Exception) -> str:
        """Inside of another sentence."""
        if isinstance(error, BadWords):
            return self.say(error.msgid, **error.values)
        return self.explain(error)

    def _what(self, error: NotOpened) -> str:
        if error.record is None:
            return self.say(error.what)
        return self.say("record {n}", n=error.record)


def _load(path: Path) -> gettext.NullTranslations:
    if not path.is_file():
        return gettext.NullTranslations()
    return gettext.GNUTranslations(BytesIO(polib.pofile(str(path)).to_binary()))
