"""What strangers wrote, made fit for a terminal: no escape sequence, no hidden direction.

A person's text, a server's sentence and a member's name all come from outside; a terminal obeys
control characters, and some Unicode makes a line read otherwise than it is.
"""

import json
import re
import unicodedata
from textwrap import wrap
from typing import Any

_KEPT = "\n"
_VISIBLE = "\N{REPLACEMENT CHARACTER}"
_JOINERS = "\u200c\u200d"  # part of ordinary spelling in several scripts, and of emoji
_SPOKEN = re.compile(r"(?:\d{5} ){7}\d{5}")
_HELD = "\0"  # `plain` lets none through


def plain(text: str) -> str:
    """`text` with tabs as spaces and every other control or format character made visible."""
    return "".join(_safe(character) for character in text.replace("\r\n", "\n"))


def lines(text: str, width: int) -> list[str]:
    """`plain`, and broken between words alone: a path or a number in it can be copied whole, and
    the digits that are read aloud stand on one line."""
    held = _SPOKEN.sub(lambda found: found[0].replace(" ", _HELD), plain(text))
    return [
        line.replace(_HELD, " ")
        for part in held.splitlines() or [""]
        for line in wrap(part, width, break_long_words=False, break_on_hyphens=False) or [""]
    ]


def plain_json(data: Any, encoding: str = "utf-8") -> str:
    """JSON whose every control or format character is a \\u escape: whole for programs, and
    harmless on a terminal. Letters stay readable, where the output has them all.
    """
    text = json.dumps(data, ensure_ascii=not encoding.lower().startswith("utf"), indent=2)
    return "".join(
        character if character == "\n" or _safe(character) == character else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def _safe(character: str) -> str:
    if character == "\t":
        return " "
    if character in _KEPT or character in _JOINERS:
        return character
    return (
        _VISIBLE if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character
    )
