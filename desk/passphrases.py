"""Passphrases as people type and paste them: one spelling, and nothing in it that nobody sees."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from desk.errors import DeskError

SHORTEST = 10
"""Characters of a passphrase. scrypt makes each guess slow; four words are far above this."""

LONGEST = 1000
"""A terminal takes 4,095 bytes of a line and drops the rest without a word: what a file or another
terminal gives whole would never be typed again."""

_JOINERS = "\u200c\u200d"  # part of ordinary spelling in several scripts, and of emoji


def tidy(typed: str) -> str:
    """As it is kept: in one Unicode spelling (NFC; an é or a й has two), without white space at its
    ends, without signs that nobody sees, and with every blank an ordinary one: those of a page that
    it was pasted from are on no keyboard. `DeskError` where nothing is left or a key of no
    character is in it.
    """
    passphrase = _bare(typed)
    if not passphrase:
        raise DeskError("The passphrase is empty.")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in passphrase):
        raise DeskError(
            "The passphrase holds a key that types no character, such as Tab or an arrow. "
            "Type it again."
        )
    return passphrase


def new(typed: str) -> str:
    """A passphrase that a file may be locked with."""
    passphrase = tidy(typed)
    if len(passphrase) < SHORTEST:
        raise DeskError(
            "The passphrase is too short: at least {n} characters. Four random words are good.",
            n=SHORTEST,
        )
    if len(passphrase) > LONGEST:
        raise DeskError(
            "The passphrase is too long: at most {n} characters. Four random words are good.",
            n=LONGEST,
        )
    return passphrase


def spellings(typed: str) -> Iterator[str]:
    """What may open a file: first as it was typed, for files of before there was one spelling;
    then that one, if it is another. Each costs a second or two."""
    if not _bare(typed):
        raise DeskError("The passphrase is empty.")
    if typed == typed.encode(errors="ignore").decode():
        yield typed
    passphrase = tidy(typed)
    if passphrase != typed:
        yield passphrase


def first_line(data: bytes, source: Path) -> str:
    """The passphrase in a file; `DeskError` where it is no text, and a guess would be wrong."""
    try:
        return data.partition(b"\n")[0].removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        raise DeskError("{path} is no text in UTF-8.", path=source) from None


def _bare(typed: str) -> str:
    shown = "".join(map(_ordinary, typed))
    text = unicodedata.normalize("NFC", shown)
    seen = [place for place, character in enumerate(text) if not _blank(character)]
    return text[seen[0] : seen[-1] + 1] if seen else ""


def _ordinary(character: str) -> str:
    match unicodedata.category(character):
        case "Zs":
            return " "
        case "Cf" if character not in _JOINERS:
            return ""
        case _:
            return character


def _blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"
