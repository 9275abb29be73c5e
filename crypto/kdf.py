"""Derivation of keys, names of keys, and drawing of fresh ones. One label for each use.

No passwords here: everything derived from has at least 256 bits of randomness already.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.errors import BadKey

Random = Callable[[int], bytes]
"""A source of random bytes: the argument is how many. `os.urandom` in production."""

VERSION: Final = b"tropa/1"
"""Opens every label and context, so that nothing made for one version serves another."""

SECRET_BYTES: Final = 32


def check_secret(secret: bytes, what: str = "this key") -> bytes:
    """`secret` itself, if it has 32 bytes that are not all zero; `BadKey` otherwise."""
    if len(secret) != SECRET_BYTES:
        raise BadKey(f"{what} must have {SECRET_BYTES} bytes, not {len(secret)}")
    if not any(secret):
        raise BadKey(f"{what} is empty: all its bytes are zero")
    return secret


def draw(random: Random, length: int = SECRET_BYTES) -> bytes:
    """`length` bytes (at least 12) from `random`; a source that gives less or zeros is refused."""
    drawn = random(length)
    if len(drawn) != length or not any(drawn):
        raise BadKey("the source of randomness is broken; nothing was sealed")
    return drawn


def derive(secret: bytes, label: str, length: int = SECRET_BYTES) -> bytes:
    """HKDF-SHA256 (RFC 5869) without salt; `info` is "tropa/1 " and the label in ASCII.

    Without salt is sound here because `secret` is uniformly random (RFC 5869, section 3.1).
    """
    info = VERSION + b" " + label.encode("ascii")
    return HKDF(hashes.SHA256(), length, None, info).derive(check_secret(secret))


def key_id(public: bytes) -> str:
    """The name of a public key: the first 16 bytes of its SHA-256 under a label, 32 hex digits.

    Long enough that nobody finds two keys with one name for use against us.
    """
    return hashlib.sha256(VERSION + b" key id" + public).digest()[:16].hex()
