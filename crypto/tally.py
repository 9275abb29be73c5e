"""A month's tally, sealed by the server for nobody but itself.

Sealed, though it names nobody: of a month with a single request its numbers would be that one's
answers, and two copies of a disk would tell what came in between. Every change seals the whole
anew, so that a row tells neither which number grew nor, but for a few sizes, how many there are.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.errors import Altered, Truncated, UnknownVersion
from crypto.kdf import VERSION, Random, derive, draw
from crypto.padding import pad, unpad
from crypto.secret import Hidden

NAME_BYTES: Final = 8

_FORMAT: Final = b"\x01"
_NONCE: Final = 12
_TAG: Final = 16
_BOUND_TO: Final = VERSION + b" tally"
_WHAT: Final = "this tally"


class TallyKey(Hidden):
    """Derived from the return key once. `name`: 8 bytes that tell one return key from the next."""

    __slots__ = ("_cipher", "name")

    def __init__(self, return_key: bytes) -> None:
        self.name = derive(return_key, "tally name", NAME_BYTES)
        self._cipher = ChaCha20Poly1305(derive(return_key, "tally"))

    def seal(self, month: str, tally: bytes, random: Random) -> bytes:
        """format (1) ‖ nonce (12) ‖ ChaCha20-Poly1305 of the padded tally, bound to its month.

        A random nonce is safe up to some 2^32 changes under one return key.
        """
        nonce = draw(random, _NONCE)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, pad(tally), _place(month))

    def open(self, month: str, data: bytes) -> bytes:
        """The tally, or `NotOpened`: altered, of another month, or of another return key."""
        if len(data) < len(_FORMAT) + _NONCE + _TAG:
            raise Truncated(_WHAT)
        if not data.startswith(_FORMAT):
            raise UnknownVersion(_WHAT)
        nonce, body = data[1 : 1 + _NONCE], data[1 + _NONCE :]
        try:
            return unpad(self._cipher.decrypt(nonce, body, _place(month)), _WHAT)
        except InvalidTag:
            raise Altered(_WHAT) from None


def _place(month: str) -> bytes:
    return _BOUND_TO + month.encode("ascii")
