"""A secret that cannot be shown, logged, pickled or copied by accident.

It does not wipe memory: Python gives no such promise. `crypto.process` keeps memory from disk.
"""

import base64
import hmac
import re
from typing import Final, NoReturn, Self, final

from crypto.errors import BadFormat
from crypto.kdf import Random, check_secret, draw

_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Hidden:
    """Base of whatever holds secrets: its repr is its type, and it refuses to be pickled."""

    __slots__ = ()

    @final
    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @final
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a secret and is never pickled or copied")


class Secret(Hidden):
    """32 secret bytes with a purpose, which is its type; compared in constant time."""

    __slots__ = ("_bytes",)

    def __init__(self, secret: bytes) -> None:
        self._bytes = check_secret(bytes(secret), f"a {type(self).__name__}")

    @classmethod
    def new(cls, random: Random) -> Self:
        """A fresh one."""
        return cls(draw(random))

    @final
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret) or type(other) is not type(self):
            return NotImplemented
        return hmac.compare_digest(self._bytes, other._bytes)

    @final
    def __hash__(self) -> int:
        return hash(self._bytes)


class ButtonSecret(Secret):
    """A secret that stands in the buttons of a card: 43 characters of base64url, no padding."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the 43 characters in a button; `BadFormat` unless they are the canonical ones.

        The last character carries two bits that stand for nothing. They must be zero: a secret
        has one spelling, so that nobody can make two buttons out of one.
        """
        if not _TEXT.fullmatch(text):
            raise BadFormat("a secret in a button has 43 characters of base64url")
        secret = cls(base64.urlsafe_b64decode(text + "="))
        if secret.text != text:
            raise BadFormat("the last character of this secret is not canonical")
        return secret

    @property
    def text(self) -> str:
        """As `parse` reads it."""
        return base64.urlsafe_b64encode(self._bytes)[:-1].decode("ascii")

    @property
    def key_material(self) -> bytes:
        """The 32 bytes, for what is derived from them or carries them."""
        return self._bytes
