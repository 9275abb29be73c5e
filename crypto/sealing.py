"""The server's half of a case: seal records to its public key, wrap its private key to members.

Nothing here opens anything. After the wraps are made the server drops the `CaseKey`, and from
then on can add to the case but not read it. Layouts stand in docs/wire-format.md.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

from crypto.errors import BadFormat, BadKey
from crypto.kdf import VERSION
from crypto.kdf import key_id as key_id
from crypto.padding import pad
from crypto.secret import Secret
from crypto.xwing import ENC_BYTES, SUITE, KeyPair, key_pair, load_public

CASE_ID_BYTES: Final = 16
FORMAT: Final = b"\x01"
HINT_BYTES: Final = 8
OVERHEAD: Final = len(FORMAT) + HINT_BYTES + ENC_BYTES + 16
"""Bytes a seal adds to the padded plaintext."""

WRAP_BYTES: Final = OVERHEAD + 32
_KIND: Final = re.compile(r"[a-z]{1,16}", re.ASCII)
_FORM: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a record belongs. A record opens in exactly the context it was sealed for.

    `case_id` 16 bytes; `number` from 0 within the case; `kind` a lowercase word; `form` the
    SHA-256 of the form file in hex; `epoch` of the roster that the case was sealed under.
    """

    case_id: bytes
    number: int
    kind: str
    form: str
    epoch: int

    def __post_init__(self) -> None:
        _check_case_and_epoch(self.case_id, self.epoch)
        if not 0 <= self.number < 2**32:
            raise BadFormat("a record's number must be between 0 and 2^32 - 1")
        if not _KIND.fullmatch(self.kind):
            raise BadFormat("a record's kind must be 1 to 16 lowercase letters")
        if not _FORM.fullmatch(self.form):
            raise BadFormat("a form is named by its SHA-256: 64 lowercase hex digits")

    def encode(self) -> bytes:
        """What HPKE takes as `info`."""
        return encode_fields(
            VERSION + b" record",
            self.case_id,
            self.number.to_bytes(4, "big"),
            self.kind.encode("ascii"),
            bytes.fromhex(self.form),
            self.epoch.to_bytes(8, "big"),
        )


@dataclass(frozen=True, slots=True, repr=False)
class SealedRecord:
    """A record as it is stored. Not bytes: nothing else passes for it, nor it for anything."""

    data: bytes

    def __repr__(self) -> str:
        return f"<SealedRecord of {len(self.data)} bytes>"


@dataclass(frozen=True, slots=True, repr=False)
class Wrap:
    """A case's private key, sealed to one member."""

    data: bytes

    def __repr__(self) -> str:
        return "<Wrap>"


class CaseKey(Secret):
    """A case's private key. On the server it lives from `new` until the wraps are made."""

    __slots__ = ("_pair",)

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self._pair: KeyPair | None = None

    @property
    def seed(self) -> bytes:
        """The 32 bytes that a wrap carries."""
        return self._bytes

    @property
    def pair(self) -> KeyPair:
        """Both halves, expanded on first use."""
        if self._pair is None:
            self._pair = key_pair(self._bytes)
        return self._pair

    @property
    def public(self) -> bytes:
        """1,216 bytes; stored with the case, so that more can be sealed into it."""
        return self.pair.public


def seal_record(public: bytes, context: Context, plaintext: bytes) -> SealedRecord:
    """`plaintext`, padded, sealed to a case's public key for one place. `BadKey` if it is none.

    The randomness of the encapsulation is the library's own (OpenSSL).
    """
    return SealedRecord(_seal(_loaded(public), context.encode(), pad(plaintext)))


def seal_with(key: CaseKey, context: Context, plaintext: bytes) -> SealedRecord:
    """The same for whoever has the case's key in hand: its public half need not be parsed."""
    return SealedRecord(_seal(key.pair.to, context.encode(), pad(plaintext)))


def wrap_case_key(key: CaseKey, member_public: bytes, case_id: bytes, epoch: int) -> Wrap:
    """A case's private key for one member: 1,177 bytes, always."""
    info = wrap_context(case_id, epoch, member_public)
    return Wrap(_seal(_loaded(member_public), info, key.seed))


def wrap_context(case_id: bytes, epoch: int, member_public: bytes) -> bytes:
    """What HPKE takes as `info` for a wrap: the case, the roster's epoch, the member's key."""
    _check_case_and_epoch(case_id, epoch)
    return encode_fields(
        VERSION + b" wrap", case_id, epoch.to_bytes(8, "big"), _name(member_public)
    )


def encode_fields(*fields: bytes) -> bytes:
    """Each field after its length (16 bits, big-endian): no two lists of fields encode alike."""
    return b"".join([len(field).to_bytes(2, "big") + field for field in fields])


def hint(info: bytes) -> bytes:
    """8 bytes in the clear that name the place, so that a misplaced record can be told from an
    altered one. They protect nothing (HPKE does) and say nothing the stored row does not.
    """
    return hashlib.sha256(VERSION + b" hint" + info).digest()[:HINT_BYTES]


def _seal(public: MLKEM768X25519PublicKey, info: bytes, plaintext: bytes) -> bytes:
    try:
        return FORMAT + hint(info) + SUITE.encrypt(plaintext, public, info=info)
    except ValueError:  # an X25519 half of low order: everybody would know the shared key
        raise BadKey("this sealing key is not one: nothing can be sealed to it safely") from None


@lru_cache(maxsize=256)
def _loaded(public: bytes) -> MLKEM768X25519PublicKey:
    """Public keys come again, a member's with each case and a case's with each record; parsing
    one costs a sixth of a seal."""
    return load_public(public)


@lru_cache(maxsize=256)
def _name(public: bytes) -> bytes:
    """A member's key id, as it stands in a wrap's context."""
    return bytes.fromhex(key_id(public))


def _check_case_and_epoch(case_id: bytes, epoch: int) -> None:
    if len(case_id) != CASE_ID_BYTES:
        raise BadFormat(f"a case id must have {CASE_ID_BYTES} bytes, not {len(case_id)}")
    if not 0 <= epoch < 2**63:
        raise BadFormat("a roster's epoch must be between 0 and 2^63 - 1")
