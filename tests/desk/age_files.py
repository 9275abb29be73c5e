"""An age file with a passphrase, made by the text of its specification with as little work as one
likes: so that a test may open one a thousand times.
"""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def _text(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _derived(key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(key)


def quick_age_file(passphrase: str, inside: bytes, work: int = 1) -> bytes:
    """`inside`, locked with 2^work rounds of scrypt."""
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    label = b"age-encryption.org/v1/scrypt"
    key = hashlib.scrypt(passphrase.encode(), salt=label + salt, n=2**work, r=8, p=1, dklen=32)
    wrapped = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt %s %d\n%s\n---" % (
        _text(salt),
        work,
        _text(wrapped),
    )
    mac = hmac.digest(_derived(file_key, None, b"header"), header, "sha256")
    payload = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    return (
        header
        + b" "
        + _text(mac)
        + b"\n"
        + nonce
        + payload.encrypt(bytes(11) + b"\1", inside, None)
    )


def quick_identity_file(seed: bytes, passphrase: str) -> bytes:
    return quick_age_file(passphrase, b"tropa-identity-1 " + base64.b64encode(seed) + b"\n")
