"""A secret that cannot be shown, logged, pickled or copied by accident.

It does not wipe memory: Python gives no such promise. `crypto.process` keeps memory from disk.
"""

import hmac
from typing import NoReturn, Self, final

from crypto.kdf import Random, check_secret, draw


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
