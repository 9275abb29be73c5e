"""What can go wrong, in the terms of the people who will read it.

Three roots: what was given has not the form it must have (`BadFormat`), what was sealed does not
open (`NotOpened`), what should be signed cannot be trusted (`NotTrusted`). Each text is a whole
sentence for a person; none of them holds a secret, a chat or the content of anything.
"""

from typing import ClassVar


class CryptoError(Exception):
    """Root of everything this package raises on purpose."""


class BadFormat(CryptoError):
    """Not of the form it must have: wrong length, stray bytes, not canonical."""


class BadKey(BadFormat):
    """Not a key: wrong length, all zeros, or a value that no key can have."""


class BadWords(BadFormat):
    """Not the words of an identity or of a recovery list: mistyped, missing or out of order.

    `msgid` has gaps that `values` fill, so that it can be told in another language. They never
    hold what was typed. `mendable`: False for a list that is whole and still not the one that is
    wanted, so that no word of it is to be mended.
    """

    def __init__(self, msgid: str, *, mendable: bool = True, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid = msgid
        self.mendable = mendable
        self.values = values


class TooMuchWork(BadFormat):
    """An identity file asks for more work than this machine can do, or can do just now."""


class Mistyped(BadFormat):
    """Not a code of a receipt: a digit wrong, missing or in another's place."""


class NotOpened(CryptoError):
    """Something sealed does not open. `record` is its number in the case, where it is a record."""

    reason: ClassVar[str] = "does not open"

    def __init__(self, what: str, record: int | None = None) -> None:
        super().__init__(f"{what} {self.reason}")
        self.what = what
        self.record = record


class Truncated(NotOpened):
    """Its length is one that nothing sealed has."""

    reason = "is truncated, or has bytes added to it"


class Misplaced(NotOpened):
    """Sealed for another place: another case, number, kind, form, roster or member."""

    reason = "does not belong here: it was sealed for another place"


class Altered(NotOpened):
    """In its place, but changed since it was sealed; or this key never opened it."""

    reason = "was altered after it was sealed, or was sealed to another key"


class BadPadding(NotOpened):
    """Opens, but what is inside was not padded as the protocol says."""

    reason = "was not made by Tropa: the padding inside is malformed"


class UnknownVersion(NotOpened):
    """Made by a version of the protocol that this program does not know."""

    reason = "has a format this version does not know: update the program"


class WrongPassphrase(NotOpened):
    """The passphrase does not fit the identity file."""

    reason = "does not open with this passphrase: check the keyboard layout and try again"


class NotTrusted(CryptoError):
    """A signature that is missing, too old, by a stranger, or false."""


class Unsigned(NotTrusted):
    """Carries no signature at all."""


class Stale(NotTrusted):
    """Signed too long ago, or in the future: a replay, or a clock that is wrong."""


class UnknownKey(NotTrusted):
    """Signed with a key that nobody on the roster has."""


class Forged(NotTrusted):
    """A signature does not fit what it is said to sign, or too few of the required keys signed."""
