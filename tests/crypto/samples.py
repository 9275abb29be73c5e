"""Stable material for tests: keys and ids that come out of their names, never random."""

import hashlib

from crypto.identity import Identity
from crypto.kdf import Random
from crypto.sealing import CaseKey, Context

FORM = hashlib.sha256(b"a form").hexdigest()
OTHER_FORM = hashlib.sha256(b"another form").hexdigest()
CASE_ID = hashlib.sha256(b"a case").digest()[:16]
OTHER_CASE_ID = hashlib.sha256(b"another case").digest()[:16]
PLACE = Context(CASE_ID, 0, "intake", FORM, 7)


def stream(name: str) -> Random:
    """A source of bytes that are the same on every run and differ at every call."""
    calls = iter(range(2**32))

    def read(length: int) -> bytes:
        return hashlib.shake_256(f"{name} {next(calls)}".encode()).digest(length)

    return read


def secret(name: str) -> bytes:
    return hashlib.sha256(f"a test's {name}".encode()).digest()


def identity(name: str) -> Identity:
    return Identity(secret(name))


CASE_KEY = CaseKey(secret("case key"))
OTHER_CASE_KEY = CaseKey(secret("other case key"))


def flipped(data: bytes, bit: int) -> bytes:
    """`data` with one bit changed; bit 0 is the highest of the first byte."""
    changed = bytearray(data)
    changed[bit // 8] ^= 0x80 >> (bit % 8)
    return bytes(changed)
