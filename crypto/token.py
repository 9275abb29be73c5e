"""The return token: which chat a case came from, sealed by the server for nobody but itself.

It travels inside record 0, so that the server keeps no table from case to chat, and a volunteer
who holds the token cannot read it. The return key is a credential outside the database.
"""

import struct
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.errors import Altered, BadFormat, Truncated, UnknownVersion
from crypto.kdf import VERSION, Random, check_secret, derive, draw
from crypto.secret import Hidden

_FORMAT: Final = b"\x01"
_NONCE: Final = 12
_LAYOUT: Final = struct.Struct(">qq32s16s")
_BOUND_TO: Final = VERSION + b" return token"
_WHAT: Final = "this return token"

TOKEN_BYTES: Final = len(_FORMAT) + _NONCE + _LAYOUT.size + 16
"""Every token has 93 bytes."""


@dataclass(frozen=True, slots=True, repr=False)
class ReturnToken(Hidden):
    """The way back to a person. `inbox_secret` has 32 bytes, `case_id` 16, the ids 64 bits."""

    chat_id: int
    message_id: int
    inbox_secret: bytes
    case_id: bytes

    def __post_init__(self) -> None:
        check_secret(self.inbox_secret, "an inbox secret")
        if len(self.case_id) != 16:
            raise BadFormat("a case id must have 16 bytes")
        if not all(-(2**63) <= number < 2**63 for number in (self.chat_id, self.message_id)):
            raise BadFormat("a chat's or message's id must fit 64 bits")


def seal_token(return_key: bytes, token: ReturnToken, random: Random) -> bytes:
    """format (1) ‖ nonce (12) ‖ ChaCha20-Poly1305: 93 bytes. `BadKey` if the key is not 32 bytes.

    A random nonce is safe up to some 2^32 tokens under one return key.
    """
    nonce = draw(random, _NONCE)
    plain = _LAYOUT.pack(token.chat_id, token.message_id, token.inbox_secret, token.case_id)
    return _FORMAT + nonce + _cipher(return_key).encrypt(nonce, plain, _BOUND_TO)


def open_token(return_key: bytes, data: bytes) -> ReturnToken:
    """The token, or `NotOpened`: altered, truncated, or sealed under another return key."""
    if len(data) != TOKEN_BYTES:
        raise Truncated(_WHAT)
    if not data.startswith(_FORMAT):
        raise UnknownVersion(_WHAT)
    nonce, body = data[1 : 1 + _NONCE], data[1 + _NONCE :]
    try:
        plain = _cipher(return_key).decrypt(nonce, body, _BOUND_TO)
    except InvalidTag:
        raise Altered(_WHAT) from None
    return ReturnToken(*_LAYOUT.unpack(plain))


def _cipher(return_key: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(derive(return_key, "return token"))
