"""An unfinished interview at rest: sealed under a secret that only the person's own chat holds.

The server finds the row by an id and opens it with a key, both derived from the secret in the
button that was tapped. Rules about revisions and expiry are the caller's; here a revision is
only bound, so that an older body put back into a newer row does not open.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.errors import Altered, Truncated
from crypto.kdf import VERSION, Random, derive, draw
from crypto.padding import is_padded_size, pad, unpad
from crypto.secret import ButtonSecret

ID_BYTES: Final = 16
_NONCE: Final = 12
_TAG: Final = 16
_WHAT: Final = "this draft"


class DraftSecret(ButtonSecret):
    """The 32 bytes in the buttons of the card. Its id and its cipher are derived once, on use."""

    __slots__ = ("_cipher", "_id")

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret)
        self._id: bytes | None = None
        self._cipher: ChaCha20Poly1305 | None = None

    @property
    def id(self) -> bytes:
        """16 bytes: what the row is found by. Says nothing about the secret."""
        if self._id is None:
            self._id = derive(self._bytes, "draft id", ID_BYTES)
        return self._id

    @property
    def cipher(self) -> ChaCha20Poly1305:
        """The AEAD under the draft key, for this module."""
        if self._cipher is None:
            self._cipher = ChaCha20Poly1305(derive(self._bytes, "draft"))
        return self._cipher


def seal_draft(secret: DraftSecret, revision: int, plaintext: bytes, random: Random) -> bytes:
    """nonce (12) ‖ ChaCha20-Poly1305 of the padded plaintext, bound to the draft and `revision`.

    A random nonce is safe: a draft key seals a few hundred bodies in its day, not 2^32.
    """
    nonce = draw(random, _NONCE)
    return nonce + secret.cipher.encrypt(nonce, pad(plaintext), _bound_to(secret, revision))


def open_draft(secret: DraftSecret, revision: int, sealed: bytes) -> bytes:
    """What `seal_draft` sealed. `NotOpened` for anything altered, or of another revision."""
    if not is_padded_size(len(sealed) - _NONCE - _TAG):
        raise Truncated(_WHAT)
    nonce, body = sealed[:_NONCE], sealed[_NONCE:]
    try:
        padded = secret.cipher.decrypt(nonce, body, _bound_to(secret, revision))
    except InvalidTag:
        raise Altered(_WHAT) from None
    return unpad(padded, _WHAT)


def _bound_to(secret: DraftSecret, revision: int) -> bytes:
    return VERSION + b" draft" + secret.id + revision.to_bytes(4, "big")
