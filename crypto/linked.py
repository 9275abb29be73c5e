"""What the server keeps of a volunteer's linked chat: a name for its row, and the chat, sealed.

Everything comes from the return key, a credential outside the database: without it a row tells
neither the chat, nor that two rows belong to one, nor which update made her take which case.
"""

import hmac
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.errors import Altered, Truncated, UnknownVersion
from crypto.kdf import VERSION, Random, derive, draw
from crypto.secret import Hidden

ROW_BYTES: Final = 16

_FORMAT: Final = b"\x01"
_NONCE: Final = 12
_LAYOUT: Final = struct.Struct(">qq")
_BOUND_TO: Final = VERSION + b" linked chat"
_WHAT: Final = "this linked chat"

LINKED_BYTES: Final = len(_FORMAT) + _NONCE + _LAYOUT.size + 16
"""Every sealed chat has 45 bytes."""


@dataclass(frozen=True, slots=True, repr=False)
class LinkedChat(Hidden):
    """Where a volunteer is alerted, and the message that told her last (0: none)."""

    chat_id: int
    message_id: int = 0


class LinkedChats(Hidden):
    """The keys of this, derived once."""

    __slots__ = ("_cipher", "_marks", "_names")

    def __init__(self, return_key: bytes) -> None:
        self._names = derive(return_key, "link")
        self._marks = derive(return_key, "link act")
        self._cipher = ChaCha20Poly1305(derive(return_key, "link chat"))

    def row(self, chat_id: int) -> bytes:
        """The name of the chat's row: 16 bytes of HMAC-SHA256."""
        return hmac.digest(self._names, struct.pack(">q", chat_id), "sha256")[:ROW_BYTES]

    def mark(self, chat_id: int, update: int, case_id: bytes) -> bytes:
        """32 bytes that stand for *this update took this case*, to recognise one that came again.

        Keyed with a key of its own: whoever holds the disk cannot try out numbers of updates.
        """
        return hmac.digest(self._marks, struct.pack(">qq", chat_id, update) + case_id, "sha256")

    def seal(self, row: bytes, key_id: str, chat: LinkedChat, random: Random) -> bytes:
        """format (1) ‖ nonce (12) ‖ ChaCha20-Poly1305, bound to its row and its member."""
        nonce = draw(random, _NONCE)
        plain = _LAYOUT.pack(chat.chat_id, chat.message_id)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plain, _place(row, key_id))

    def open(self, row: bytes, key_id: str, data: bytes) -> LinkedChat:
        """The chat, or `NotOpened`: altered, moved to another row, or of another return key."""
        if len(data) != LINKED_BYTES:
            raise Truncated(_WHAT)
        if not data.startswith(_FORMAT):
            raise UnknownVersion(_WHAT)
        nonce, body = data[1 : 1 + _NONCE], data[1 + _NONCE :]
        try:
            plain = self._cipher.decrypt(nonce, body, _place(row, key_id))
        except InvalidTag:
            raise Altered(_WHAT) from None
        return LinkedChat(*_LAYOUT.unpack(plain))


def _place(row: bytes, key_id: str) -> bytes:
    return _BOUND_TO + row + key_id.encode("ascii")
