"""The return keys in a row: the first one seals, all of them open.

They stand in a credential file, one a line, newest first; in a variable they may share a line.
What follows a `#` is a comment, and `until 2026-11-27` in it says on which day an older key was
replaced. Lines of comment alone stay above the key that they stand above. What is wrong is told by
its line, and never quoted.
"""

import base64
import binascii
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from intake.errors import TropaError

KEY_BYTES: Final = 32

MAKE_ONE: Final = "Make one with: openssl rand -base64 32"

_BETWEEN: Final = re.compile(r"[\s,]+")
_UNTIL: Final = re.compile(r"\buntil\s+(\d{4}-\d{2}-\d{2})(?!\d)", re.ASCII)


class BadKeys(TropaError):
    """These are not return keys; the text says what is wrong in which line, and shows nothing."""


@dataclass(frozen=True, slots=True)
class ReturnKey:
    """One of them. `until`: the day on which it was replaced, where the comment says so."""

    secret: bytes = field(repr=False)
    comment: str = field(default="", compare=False, repr=False)
    line: int = field(default=0, compare=False)
    above: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def until(self) -> date | None:
        found = _UNTIL.search(self.comment)
        try:
            return date.fromisoformat(found[1]) if found else None
        except ValueError:
            return None

    def replaced(self, day: date) -> "ReturnKey":
        """The same from this day on: older than the first."""
        said, rest = f"until {day}", _UNTIL.sub("", self.comment).strip(" ;")
        return replace(self, comment=f"{said}; {rest}" if rest else said)


@dataclass(frozen=True, slots=True)
class ReturnKeys:
    """All of them, newest first; there is at least one."""

    row: tuple[ReturnKey, ...]
    below: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Lines of comment after the last key."""

    @property
    def current(self) -> bytes:
        """The one that seals."""
        return self.row[0].secret

    @property
    def older(self) -> tuple[bytes, ...]:
        """Those that open what was sealed before."""
        return tuple(key.secret for key in self.row[1:])

    @classmethod
    def of(cls, current: bytes, *older: bytes) -> "ReturnKeys":
        return cls(tuple(ReturnKey(secret) for secret in (current, *older)))

    @classmethod
    def parse(cls, text: str) -> "ReturnKeys":
        """What a file or a variable holds. Raises `BadKeys`."""
        found: dict[bytes, ReturnKey] = {}
        remarks: list[str] = []
        for place, key in _read(text, remarks):
            before = found.get(key.secret)
            if before is not None:
                raise BadKeys(
                    f"{place} holds the same key as line {before.line}. Take one of the two out."
                )
            found[key.secret] = key
        if not found:
            raise BadKeys(f"there is no key in it. {MAKE_ONE}")
        return cls(tuple(found.values()), tuple(remarks))

    def after(self, fresh: bytes, day: date) -> "ReturnKeys":
        """A fresh key before all of these, which opens nothing yet and seals from now on."""
        first, *others = self.row
        return replace(self, row=(ReturnKey(fresh), first.replaced(day), *others))

    def without(self, gone: Container[bytes]) -> "ReturnKeys":
        """The same without some of the older ones."""
        first, *others = self.row
        return replace(self, row=(first, *(key for key in others if key.secret not in gone)))

    def to_text(self) -> str:
        """The file: what `parse` reads."""
        return "".join(map(_line, self.row)) + "".join(f"{line}\n" for line in self.below)


def _read(text: str, remarks: list[str]) -> Iterator[tuple[str, ReturnKey]]:
    """Each key with its place; at the end `remarks` are the lines of comment after the last."""
    for number, line in enumerate(text.splitlines(), 1):
        words, _, comment = line.partition("#")
        keys = [word for word in _BETWEEN.split(words) if word]
        if comment and not keys:
            remarks.append(line.strip())
        for which, word in enumerate(keys, 1):
            place = f"line {number}" if len(keys) == 1 else f"key {which} of line {number}"
            yield place, ReturnKey(_secret(word, place), comment.strip(), number, tuple(remarks))
            remarks.clear()


def _secret(word: str, place: str) -> bytes:
    try:
        secret = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES or not any(secret):
        raise BadKeys(f"{place} must be 32 random bytes in base64. {MAKE_ONE}")
    return secret


def _line(key: ReturnKey) -> str:
    text = base64.b64encode(key.secret).decode()
    above = "".join(f"{line}\n" for line in key.above)
    return f"{above}{text}  # {key.comment}\n" if key.comment else f"{above}{text}\n"
