"""A reply before it is sent: whether it may go, and exactly how the person will see it.

Pure. The sentences around the text are the bot's own, in the person's language, so that what is
shown here is what is shown there.
"""

import re

from desk.errors import DeskError
from desk.language import Language
from intake.records import LONGEST, Letter

_DAY = "Reply of {day}"
_WORD = "The word that you gave us: {word}"

PLACEHOLDER = re.compile(r"\{([a-z][a-z_]*)\}")


def ready(text: str) -> str:
    """The text as it goes to the person; `DeskError` says what keeps it here."""
    text = said(text)
    gaps = unfilled(text)
    if gaps:
        raise DeskError(
            "Something is still to be filled in: {gaps}. Write it, or take it out.",
            gaps=", ".join(f"{{{gap}}}" for gap in gaps),
        )
    return text


def unfilled(text: str) -> list[str]:
    """The placeholders that a text still has, each once, in order."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def said(text: str) -> str:
    """A text that must say something, without what stands around it."""
    text = short(text)
    if not text:
        raise DeskError("There is no text; nothing was written.")
    return text


def short(text: str) -> str:
    """A text that fits a record."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST:
        raise DeskError(
            "The text is too long: {n} characters, and {most} fit one card. Shorten it, or send "
            "it in two parts.",
            n=len(text),
            most=LONGEST,
        )
    return text


def preview(letter: Letter, language: str) -> str:
    """The reply as it stands on the person's card, above the keys."""
    bot = Language(language, catalogue="bot")
    parts = [bot.say(_DAY, day=f"{letter.at:%d.%m.%Y}")]
    if letter.codeword:
        parts.append(bot.say(_WORD, word=letter.codeword))
    return "\n\n".join([*parts, letter.text])
