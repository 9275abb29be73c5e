"""What strangers wrote, made fit for a terminal: no escape sequence, no hidden direction.

A person's text, a server's sentence and a member's name all come from outside; a terminal obeys
control characters, and some Unicode makes a line read otherwise than it is.
"""

import unicodedata

_KEPT = "\n"
_VISIBLE = "\N{REPLACEMENT CHARACTER}"
_JOINERS = "\u200c\u200d"  # part of ordinary spelling in several scripts, and of emoji


def plain(text: str) -> str:
    """`text` with tabs as spaces and every other control or format character made visible."""
    return "".join(_safe(character) for character in text.replace("\r\n", "\n"))


def _safe(character: str) -> str:
    if character == "\t":
        return " "
    if character in _KEPT or character in _JOINERS:
        return character
    return (
        _VISIBLE if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character
    )
