"""An identity file of which a guess at the passphrase costs little, so that fifty commands can be
followed in a minute. Nothing else is changed: the same passphrase, the same key, the same format.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

WORK = 10
"""Two to this are the rounds of scrypt; the program itself never asks for fewer than 2^16."""

_MEMORY = 2**31 - 2


def make_hasty(file: Path, passphrase: str) -> None:
    """Wrap the file's key anew (age-encryption.org/v1), where that was not done yet."""
    header, payload = file.read_bytes().split(b"\n--- ", 1)
    intro, recipient, body = header.split(b"\n")
    *_, salt, work = recipient.split()
    if int(work) == WORK:
        return
    old = ChaCha20Poly1305(_key(passphrase, salt, int(work)))
    key = old.decrypt(bytes(12), _read(body), None)
    fresh = ChaCha20Poly1305(_key(passphrase, salt, WORK)).encrypt(bytes(12), key, None)
    made = b"\n".join([intro, b"-> scrypt %s %d" % (salt, WORK), _written(fresh), b"---"])
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"header").derive(key)
    mac = hmac.digest(derived, made, "sha256")
    file.write_bytes(made + b" " + _written(mac) + b"\n" + payload.split(b"\n", 1)[1])


def _key(passphrase: str, salt: bytes, work: int) -> bytes:
    label = b"age-encryption.org/v1/scrypt" + _read(salt)
    return hashlib.scrypt(
        passphrase.encode(), salt=label, n=2**work, r=8, p=1, maxmem=_MEMORY, dklen=32
    )


def _read(text: bytes) -> bytes:
    return b64decode(text + b"=" * (-len(text) % 4))


def _written(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")
