"""Building blocks of every card: escaped text, keys that carry the card's secret, rows that fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

from handlers.buttons import Press, Verb, encode
from handlers.ports import Button, Card
from handlers.texts import Say

Row = Sequence[Button]

SHORT: Final = 14
"""Characters of a label that still stand beside another on a narrow phone."""


INBOX: Final = 0
"""The revision on keys whose secret is the inbox's: a draft's revisions begin at 1."""


@dataclass(frozen=True, slots=True)
class Pen:
    """What a card is written with: its language, and the secret and revision its keys carry.

    No secret: the card stands for no interview. A secret with the revision `INBOX`: for a case.
    """

    say: Say
    language: str
    secret: str | None = None
    revision: int = 0

    def key(self, label: str, verb: Verb, argument: str = "") -> Button:
        return Button(label, encode(Press(self.secret, self.revision, verb, argument)))

    def way_back(self, label: str, first: Verb = Verb.SAFETY) -> Button:
        """A key to where the person stands: the interview, the closing card, or `first`."""
        if self.secret is None:
            return self.plain_key(label, first)
        return self.plain_key(label, Verb.INBOX if self.revision == INBOX else Verb.CONTINUE)

    def plain_key(self, label: str, verb: Verb, topic: str = "") -> Button:
        """A key that carries the language instead of a place in an interview."""
        argument = f"{self.language}:{topic}" if topic else self.language
        return self.key(label, verb, argument)


def text(words: str) -> str:
    """Anybody's words as they may stand in a card: escaped for Telegram's HTML."""
    return escape(words, quote=False)


def bold(words: str) -> str:
    return f"<b>{text(words)}</b>" if words else ""


def faint(words: str) -> str:
    return f"<i>{text(words)}</i>" if words else ""


def card(paragraphs: Iterable[str], rows: Iterable[Row]) -> Card:
    """Paragraphs, the empty ones left out, over a keyboard."""
    html = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return Card(html, tuple(tuple(row) for row in rows if row))


def with_notice(shown: Card, notice: str) -> Card:
    """The same card with one line more: why something was removed from the chat."""
    return replace(shown, html=f"{shown.html}\n\n✕ {text(notice)}") if notice else shown


def in_rows(buttons: Sequence[Button], width: int) -> list[Row]:
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]


def flowing(buttons: Sequence[Button]) -> list[Row]:
    """Two to a row where both labels are short, else one."""
    rows: list[list[Button]] = []
    for button in buttons:
        beside = rows and len(rows[-1]) == 1 and len(rows[-1][0].label) <= SHORT
        if beside and len(button.label) <= SHORT:
            rows[-1].append(button)
        else:
            rows.append([button])
    return [tuple(row) for row in rows]


def shortened(words: str, most: int) -> str:
    """At most `most` units, with a sign that something is left out.

    Units of UTF-16, as Telegram counts: a card of smileys is full twice as soon.
    """
    units = words.encode("utf-16-le", "replace")
    if len(units) <= 2 * most:
        return words
    return units[: 2 * (most - 1)].decode("utf-16-le", "ignore").rstrip() + "…"
