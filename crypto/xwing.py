"""The one key encapsulation of the protocol: X-Wing, and HPKE's suite around it.

Keys only: sealing is in `crypto.sealing`, opening in `crypto.opening`. A private key is its
32-byte seed (draft-connolly-cfrg-xwing-kem): SHAKE256 of it gives 96 bytes, of which 64 are the
ML-KEM-768 seed and 32 the X25519 key. A public key is ML-KEM-768 (1,184) ‖ X25519 (32).
"""

import hashlib
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from crypto.errors import BadKey
from crypto.kdf import check_secret

PUBLIC_BYTES: Final = 1216
ENC_BYTES: Final = 1120
"""What HPKE puts before the ciphertext: the encapsulated key."""

SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
"""RFC 9180 base mode: 0x647a, 0x0001, 0x0003. No other suite is offered or accepted."""

_MLKEM_PUBLIC: Final = 1184
_MLKEM_SEED: Final = 64


class KeyPair(NamedTuple):
    """The private key as the library takes it, and the public key both ways."""

    private: MLKEM768X25519PrivateKey
    public: bytes
    to: MLKEM768X25519PublicKey
    """The public key as the library takes it."""

    def __repr__(self) -> str:
        return "<KeyPair>"


def key_pair(seed: bytes) -> KeyPair:
    """The pair that a 32-byte seed stands for; `BadKey` when it cannot be one. 0.2 ms."""
    expanded = hashlib.shake_256(check_secret(seed, "a key's seed")).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED:])
    halves = mlkem.public_key(), x25519.public_key()
    public = b"".join(half.public_bytes_raw() for half in halves)
    private = MLKEM768X25519PrivateKey(mlkem, x25519)
    return KeyPair(private, public, MLKEM768X25519PublicKey(*halves))


def load_public(public: bytes) -> MLKEM768X25519PublicKey:
    """A public key from 1,216 bytes; `BadKey` for a wrong length, zeros, or an impossible value.

    A half of zeros passes the library's own checks but seals to nobody (ML-KEM) or to everybody
    (X25519, found out only when sealing).
    """
    if len(public) != PUBLIC_BYTES:
        raise BadKey(f"a sealing key must have {PUBLIC_BYTES} bytes, not {len(public)}")
    mlkem, x25519 = public[:_MLKEM_PUBLIC], public[_MLKEM_PUBLIC:]
    if not any(mlkem) or not any(x25519):
        raise BadKey("this sealing key is empty: a half of it is zero")
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(mlkem), X25519PublicKey.from_public_bytes(x25519)
        )
    except ValueError:
        raise BadKey("this sealing key is not one: its ML-KEM half is out of range") from None
