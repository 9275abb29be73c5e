"""The inbox secret of a case: who holds it is the person, and may read, add and erase.

It stands in the buttons of the person's card, inside the return token and behind the codes, and
nowhere else at the server, which keeps only the id by which the case is found. Replies are sealed
to the public key that derives from it.
"""

import hashlib
import hmac
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.draft import DraftSecret
from crypto.errors import Altered
from crypto.kdf import VERSION, derive
from crypto.sealing import Context, SealedRecord
from crypto.secret import ButtonSecret
from crypto.unsealing import unseal_padded
from crypto.xwing import KeyPair, key_pair

ID_BYTES: Final = 16
PLACE_BYTES: Final = 16
ORIGIN_BYTES: Final = 16 + 16
_ONCE: Final = bytes(12)


class InboxSecret(ButtonSecret):
    """32 bytes, derived from the draft secret of the interview that became the case.

    Derived, so that the closing card can be drawn again after a crash, from the button that was
    tapped and nothing stored.
    """

    __slots__ = ("_pair",)

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret)
        self._pair: KeyPair | None = None

    @classmethod
    def of(cls, draft: DraftSecret) -> Self:
        return cls(derive(draft.key_material, "inbox"))

    @property
    def id(self) -> bytes:
        """16 bytes: what the case is found by. Says nothing about the secret."""
        return derive(self._bytes, "inbox id", ID_BYTES)

    @property
    def pair(self) -> KeyPair:
        """Both halves of the key that replies are sealed to, expanded on first use."""
        if self._pair is None:
            self._pair = key_pair(derive(self._bytes, "inbox sealing"))
        return self._pair

    @property
    def public(self) -> bytes:
        """1,216 bytes: goes to the desk in record 0."""
        return self.pair.public

    @property
    def letter_secret(self) -> DraftSecret:
        """Under it the person's unfinished message lies sealed among the drafts."""
        return DraftSecret(derive(self._bytes, "letter"))

    def place(self, chat_id: int) -> bytes:
        """16 bytes that say which chat replies are announced in, to nobody but this inbox: without
        the secret they cannot be compared with any chat.
        """
        key = derive(self._bytes, "place")
        chat = chat_id.to_bytes(8, "big", signed=True)
        return hmac.digest(key, chat, hashlib.sha256)[:PLACE_BYTES]

    def seal_origin(self, draft_id: bytes) -> bytes:
        """32 bytes that lead from the case back to the draft it came of, for this inbox alone: what
        is left of that draft is erased with the case. The nonce may be zeros, since each inbox
        comes of one draft and this key seals nothing else.
        """
        return self._origin_cipher().encrypt(_ONCE, draft_id, self._bound_to())

    def open_origin(self, sealed: bytes) -> bytes:
        """The id of that draft, 16 bytes; `NotOpened` if it is another inbox's, or altered."""
        try:
            return self._origin_cipher().decrypt(_ONCE, sealed, self._bound_to())
        except InvalidTag:
            raise Altered("what leads to the draft of this case") from None

    def _origin_cipher(self) -> ChaCha20Poly1305:
        return ChaCha20Poly1305(derive(self._bytes, "origin"))

    def _bound_to(self) -> bytes:
        return VERSION + b" origin" + self.id


def open_letter(inbox: InboxSecret, context: Context, sealed: SealedRecord) -> bytes:
    """A reply that was sealed to this inbox for `context`; `NotOpened` as for a record."""
    what = f"reply {context.number}"
    return unseal_padded(inbox.pair, context.encode(), sealed.data, what, context.number)
