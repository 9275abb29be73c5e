"""What a button carries: at most 64 bytes, enough to find and open the draft without any table.

    secret (43 characters, or "-")  revision (3, base 36)  verb (1)  argument (up to 17)

The secret is the draft's, or the inbox's once a case is sent; revision 0 then. Anything that does
not parse is no button of ours and changes nothing. See docs/wire-format.md.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NO_SECRET: Final = "-"

REVISIONS: Final = 36**3 - 1
"""The highest revision that three digits hold."""


def on_keys(revision: int) -> int:
    """A draft's revision as its keys show it, from 1: 0 stands on the keys of a closing card."""
    return (revision - 1) % REVISIONS + 1


_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LAYOUT: Final = re.compile(r"(-|[A-Za-z0-9_-]{43})([0-9a-z]{3})([A-Za-z])([a-z0-9_.:-]{0,17})")


class Verb(StrEnum):
    """What a tap asks for. One letter each; a letter is never given a second meaning."""

    # before and beside the interview
    LANGUAGES = "L"
    LANGUAGE = "l"  # argument: language
    SAFETY = "a"  # the short safety text
    MORE = "m"  # the safety text in full
    BEGIN = "g"
    TOPICS = "i"  # the information cards
    TOPIC = "j"  # argument: topic
    PRIVACY = "p"
    HELP = "q"
    HIDE = "h"
    SHOW = "u"  # bring a hidden card back; argument: what to show, where there is no draft
    # the interview
    CHOOSE = "c"  # argument: choice
    TOGGLE = "t"  # argument: choice
    DONE = "d"
    SKIP = "s"
    BACK = "b"
    EDIT = "e"  # argument: question
    NUMBER = "n"  # argument: number
    MONTH = "o"  # argument: year-month; turns the calendar's page, answers nothing
    DAY = "y"  # argument: year-month-day
    KEEP = "k"  # keep the text in spite of the warning, or its beginning when it is too long
    CLEAR = "x"  # write the text again
    FINISH = "f"  # after an early send: leave the rest unsaid
    CONTINUE = "v"  # redraw; also where a typed text vanished without showing up
    SEND = "S"
    SEND_NOW = "N"
    # erasing
    FORGET = "F"  # asks first
    FORGET_YES = "Y"
    # coming back
    CODE = "I"  # I have a code
    # with the inbox's secret; every argument begins with the language
    INBOX = "C"  # how the case stands
    WROTE = "w"  # the code is written down: it is not shown again
    READ = "r"  # a reply, opened; argument: language:number
    REPLIES = "R"  # those read before
    WRITE = "W"  # the unfinished message
    REWRITE = "X"  # write it again
    CUT = "K"  # keep its beginning
    POST = "P"  # send it; argument: language:revision
    CONTACT = "T"  # when the person may be written to; argument: language, or language:choice
    CLOCK = "H"  # argument: language:choice.hour
    CODES = "D"
    NEW_CODE = "G"  # argument: language:nonce
    ERASE_CODE = "B"  # argument: language:nonce
    ANNOUNCE = "A"  # replies are announced in this chat
    ERASE = "E"  # asks first
    ERASE_YES = "Z"


@dataclass(frozen=True, slots=True)
class Press:
    """A parsed button. `secret` is None where the card stands for no draft."""

    secret: str | None
    revision: int
    verb: Verb
    argument: str = ""

    def __repr__(self) -> str:  # the secret opens an interview: it is shown nowhere
        return f"Press({self.verb.name})"


def encode(press: Press) -> str:
    """The button's data. Raises `ValueError` when it would not fit: a fault of the form."""
    number, digits = press.revision, ""
    for _ in range(3):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    data = f"{press.secret or NO_SECRET}{digits}{press.verb}{press.argument}"
    if not _LAYOUT.fullmatch(data):
        raise ValueError(f"the argument {press.argument!r} does not fit a button")
    return data


def decode(data: str) -> Press | None:
    """The press a button stands for, or None when it is not one of ours."""
    found = _LAYOUT.fullmatch(data)
    if found is None or found[3] not in Verb._value2member_map_:
        return None
    secret = None if found[1] == NO_SECRET else found[1]
    return Press(secret, int(found[2], 36), Verb(found[3]), found[4])
