"""One text of the organisation's in each language of its form.

Interface texts (button captions, messages of the program) are not here but in `locales/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The same text in several languages; the first given stands in for one that is missing."""

    by_language: Mapping[str, str]

    def text(self, language: str) -> str:
        found = self.by_language.get(language)
        return next(iter(self.by_language.values())) if found is None else found
