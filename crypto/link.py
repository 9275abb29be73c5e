"""The text that links a volunteer's Telegram chat to her key: signed by it, good once, for minutes.

It is made at a desk, which need not be online, and is typed or pasted into the chat. Telegram
sees it, so it holds nothing secret: the name of a key, a time, a nonce, a signature. Whether its
nonce was used before is for the caller to remember until `Linked.expires`.
"""

import base64
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crypto.errors import BadFormat, Forged, Stale, UnknownKey
from crypto.identity import Identity
from crypto.kdf import VERSION, Random, draw

VALID: Final = timedelta(minutes=10)
"""How long after it was made a text links a chat."""

SKEW: Final = timedelta(minutes=2)
"""How far the clock of a machine that is never online may be ahead of the server's."""

_FORMAT: Final = 1
_LAYOUT: Final = struct.Struct(">B16sQ16s")
_NONCE: Final = 16
_SIGNATURE: Final = 64
_SIGNED_AS: Final = VERSION + b" link"

LINK_CHARACTERS: Final = 140
"""105 bytes in base64url: no padding, and no bits to spare, so that a text has one spelling."""

_TEXT: Final = re.compile(rf"[A-Za-z0-9_-]{{{LINK_CHARACTERS}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Linked:
    """Whose text it was. The nonce is to be remembered as used until `expires`."""

    key_id: str
    nonce: bytes
    expires: datetime


def make_link(identity: Identity, created: datetime, random: Random) -> str:
    """format (1) ‖ key id (16) ‖ created (8) ‖ nonce (16) ‖ Ed25519 signature (64), base64url.

    The signature covers everything before it, under a label of its own: nothing else that a
    member signs can be passed off as her wish to link a chat.
    """
    key = bytes.fromhex(identity.key_id)
    body = _LAYOUT.pack(_FORMAT, key, int(created.timestamp()), draw(random, _NONCE))
    return base64.urlsafe_b64encode(body + identity.sign(_SIGNED_AS + body)).decode("ascii")


def read_link(text: str, key: Callable[[str], bytes | None], now: datetime) -> Linked:
    """Who made this text: `BadFormat`, `UnknownKey`, `Forged`, or `Stale`, in that order.

    `key` gives the 32 bytes of a member's signing key by key id, None for a stranger. Its age is
    looked at last: only whoever has the key learns that a text came too late.
    """
    if not _TEXT.fullmatch(text):
        raise BadFormat(f"a text that links a chat has {LINK_CHARACTERS} characters of base64url")
    data = base64.urlsafe_b64decode(text)
    body, signature = data[:-_SIGNATURE], data[-_SIGNATURE:]
    version, key_id, created, nonce = _LAYOUT.unpack(body)
    if version != _FORMAT:
        raise BadFormat("this text is of a version that is not known here: update the program")
    public = key(key_id.hex())
    if public is None:
        raise UnknownKey("nobody on the roster has the key that signed this text")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _SIGNED_AS + body)
    except InvalidSignature:
        raise Forged("the signature of this text does not fit it") from None
    age = now.timestamp() - created  # numbers: eight bytes hold years that no date has
    if not -SKEW.total_seconds() <= age <= VALID.total_seconds():
        raise Stale("this text is too old, or a clock is wrong: make a new one")
    return Linked(key_id.hex(), nonce, datetime.fromtimestamp(created, UTC) + VALID)
