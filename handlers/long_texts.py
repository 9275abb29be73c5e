"""A large body taken apart in pieces: what is long in it is taken out before the rest is parsed.

The parser lets nobody else run until it is done: sixty megabytes would hold the whole line up for
a second. What is long in a body of cases is sealed, one text after the other, each of some
kilobytes; without them it is small. Each stands there as a word that no base64 could be, and is
read by itself.
"""

from typing import Final

from pydantic import ConfigDict, TypeAdapter

LONG: Final = 1000
"""Characters of a text that is taken out: whatever is sealed is longer."""

LONGEST: Final = 1 << 20
"""Characters of one text: no record comes near."""

REST: Final = 2 << 20
"""Bytes of what is left: five hundred cases, or two thousand records, with room to spare."""

_BYTES: Final = TypeAdapter(bytes, config=ConfigDict(val_json_bytes="base64"))


class LongTexts:
    """The long texts of a body, and `rest`: the body without them."""

    def __init__(self, body: bytes) -> None:
        """Raises ValueError where something is larger than it could be, or there is too much."""
        self._taken: dict[str, bytes] = {}
        self.rest = b"".join(self._pieces(body))
        if crowded(self.rest, len(body)):
            raise ValueError("too many parts")

    def bytes_of(self, text: str) -> bytes:
        """What a text of `rest` stands for, which has to be base64. Raises ValueError."""
        if not text.startswith("@"):
            return _BYTES.validate_json(b'"%b"' % text.encode("ascii"))
        taken = self._taken.pop(text, None)
        if taken is None:
            raise ValueError("no such text, or used before")
        return _BYTES.validate_json(taken)

    def all_used(self) -> bool:
        """Whether nothing was taken out that is not asked for by `bytes_of`."""
        return not self._taken

    def _pieces(self, body: bytes) -> list[bytes]:
        # A quote within a text is found as its end. It has a backslash before it: what was taken
        # out then does not parse, and what was not is no base64 either.
        pieces, at, place, room = list[bytes](), 0, 0, REST
        while (start := body.find(b'"', place)) >= 0 and (end := body.find(b'"', start + 1)) >= 0:
            if end - start > LONG:
                if end - start > LONGEST:
                    raise ValueError("too long a text")
                name = f"@{len(self._taken)}"
                self._taken[name] = body[start : end + 1]
                pieces += (body[at : start + 1], name.encode())
                room -= start - at
                at = end
            if room - (start - at) < 0:
                raise ValueError("too long without a sealed text")
            place = end + 1
        if room < len(body) - at:
            raise ValueError("too long without a sealed text")
        return [*pieces, body[at:]]


def crowded(rest: bytes, whole: int | None = None) -> bool:
    """Whether a body of `whole` bytes has more parts than anything sealed could have: what is
    sealed is long. Taken apart, each costs a hundred times its room, and sixty megabytes of
    brackets end a server. `rest`: what of it is counted."""
    parts = sum(rest.count(mark) for mark in (b",", b"[", b"{"))
    return parts > 1000 + (len(rest) if whole is None else whole) // 128
