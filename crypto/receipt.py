"""The code on the receipt, and the lock that it opens.

A code leads back to an inbox from any account, with nothing but paper. It is no source of keys: it
opens a lock, which holds the inbox secret, or for an erase code only the name of what to erase. So
a code that was lost can be replaced, and of two locks nobody can tell which code erases.
"""

import unicodedata
from dataclasses import dataclass
from threading import Lock
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from stdnum import damm

from crypto.errors import Altered, BadFormat, Mistyped, Truncated, UnknownVersion
from crypto.inbox import ID_BYTES, InboxSecret
from crypto.kdf import SECRET_BYTES, VERSION, Random, derive, draw
from crypto.secret import Hidden

LOCATOR_DIGITS: Final = 8
"""Finds the lock. In the clear at the server: it protects nothing."""

SECRET_DIGITS: Final = 19
"""Opens it: 63.1 bits, each guess as dear as Argon2id makes it."""

CODE_DIGITS: Final = LOCATOR_DIGITS + SECRET_DIGITS + 1
_GROUP: Final = 4

SALT_BYTES: Final = 16
_FORMAT: Final = b"\x01"
_RETURNS: Final = b"\x01"
_ERASES: Final = b"\x02"
_ONCE: Final = bytes(12)
_HELD: Final = 3 * ID_BYTES
LOCK_BYTES: Final = len(_FORMAT) + 1 + _HELD + 16
"""Every lock has 66 bytes, whichever of the two it is."""

_ITERATIONS: Final = 3
_LANES: Final = 4
_MEMORY: Final = 64 * 1024
"""KiB. RFC 9106, the second recommended option: 64 MiB, 3 passes, 4 lanes."""

_ONE_AT_A_TIME: Final = Lock()
"""OpenSSL 4.0 lends the lanes of every Argon2 from one pool of threads, as large as the machine,
and takes them back when a derivation ends: two at once wait for each other's lanes for ever."""

_WHAT: Final = "this lock"
_BETWEEN: Final = ".,/|_·•"
"""May stand between digits, besides spaces, dashes and signs that nobody sees."""


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptCode(Hidden):
    """A code: 8 digits that find a lock and 19 that open it. A check digit follows in its text."""

    locator: str
    digits: str

    @classmethod
    def derive(cls, inbox: InboxSecret, nonce: str, *, erases: bool = False) -> Self:
        """The code of an inbox: the same whenever it is asked for, another for each nonce.

        So a receipt can be drawn again after a crash, though nothing of it was kept. `nonce`: up
        to 8 lowercase letters and digits.
        """
        if len(nonce) > 8 or not (nonce.isascii() and nonce == "".join(filter(_plain, nonce))):
            raise BadFormat("a code is asked for with at most 8 lowercase letters and digits")
        label = f"erase code {nonce}" if erases else f"receipt {nonce}"
        number = int.from_bytes(derive(inbox.key_material, label), "big")
        count = LOCATOR_DIGITS + SECRET_DIGITS
        return cls._of(str(number % 10**count).zfill(count))

    @classmethod
    def parse(cls, text: str) -> Self:
        """From what somebody typed: digits of any script, with anything usual between them.

        `Mistyped` where the count or the check digit is wrong; costs nothing.
        """
        digits = "".join(_digit(sign) for sign in text[:200])
        if len(text) > 200 or len(digits) != CODE_DIGITS:
            raise Mistyped(f"a code has {CODE_DIGITS} digits")
        if damm.checksum(digits) != 0:
            raise Mistyped("one digit of this code is wrong, or two have changed places")
        return cls._of(digits[:-1])

    @classmethod
    def _of(cls, digits: str) -> Self:
        return cls(digits[:LOCATOR_DIGITS], digits[LOCATOR_DIGITS:])

    @property
    def text(self) -> str:
        """Seven groups of four digits; the last digit is the check."""
        digits = self.locator + self.digits
        digits += damm.calc_check_digit(digits)
        return " ".join(digits[at : at + _GROUP] for at in range(0, CODE_DIGITS, _GROUP))


@dataclass(frozen=True, slots=True, repr=False)
class Erasure(Hidden):
    """All that an erase code gives away: the ids (16 bytes each) of the inbox whose case goes, of
    the row with the message that the person may be writing, and of the draft the case came of.
    """

    inbox: bytes
    letter: bytes
    draft: bytes

    def __post_init__(self) -> None:
        if not len(self.inbox) == len(self.letter) == len(self.draft) == ID_BYTES:
            raise BadFormat(f"an id must have {ID_BYTES} bytes")

    @classmethod
    def of(cls, inbox: InboxSecret, draft_id: bytes) -> Self:
        return cls(inbox.id, inbox.letter_secret.id, draft_id)


@dataclass(frozen=True, slots=True, repr=False)
class Unlocked(Hidden):
    """What a lock held: the inbox secret, or what is to be erased."""

    secret: InboxSecret | None
    erases: Erasure | None


def lock_name(inbox: InboxSecret, *, erases: bool = False) -> str:
    """What a lock is replaced under. Only the person can compute it: a name that anybody knows
    would tell which of two locks erases.
    """
    material = inbox.key_material
    name = derive(material, "erase lock", 16) if erases else derive(material, "return lock", 16)
    return name.hex()


def seal_lock(
    code: ReceiptCode, opens: InboxSecret | Erasure, random: Random
) -> tuple[bytes, bytes]:
    """A salt (16 bytes) and the lock (66) that `code` opens. Takes 0.2 s and 64 MiB."""
    salt = draw(random, SALT_BYTES)
    if isinstance(opens, InboxSecret):
        plain = _RETURNS + opens.key_material.ljust(_HELD, b"\0")
    else:
        plain = _ERASES + opens.inbox + opens.letter + opens.draft
    return salt, _FORMAT + _cipher(code, salt).encrypt(_ONCE, plain, _bound_to(code))


def decoy_lock(random: Random) -> tuple[str, bytes, bytes]:
    """A locator, a salt and a lock that no code opens. It lies where an erase code's lock would, so
    that the number of locks does not tell whether the person has one.
    """
    locator = int.from_bytes(draw(random), "big") % 10**LOCATOR_DIGITS
    noise = draw(random, LOCK_BYTES - len(_FORMAT))
    return str(locator).zfill(LOCATOR_DIGITS), draw(random, SALT_BYTES), _FORMAT + noise


def open_lock(code: ReceiptCode, salt: bytes, sealed: bytes) -> Unlocked:
    """What the lock holds; `NotOpened` where the code does not fit, or it was altered.

    As dear as `seal_lock`, also where it does not open.
    """
    if len(sealed) != LOCK_BYTES or len(salt) != SALT_BYTES:
        raise Truncated(_WHAT)
    if not sealed.startswith(_FORMAT):
        raise UnknownVersion(_WHAT)
    body = sealed[len(_FORMAT) :]
    try:
        plain = _cipher(code, salt).decrypt(_ONCE, body, _bound_to(code))
    except InvalidTag:
        raise Altered(_WHAT) from None
    kind, held = plain[:1], plain[1:]
    if kind == _RETURNS and any(held[:SECRET_BYTES]) and not any(held[SECRET_BYTES:]):
        return Unlocked(InboxSecret(held[:SECRET_BYTES]), None)
    if kind == _ERASES:
        first, second = held[:ID_BYTES], held[ID_BYTES : 2 * ID_BYTES]
        return Unlocked(None, Erasure(first, second, held[2 * ID_BYTES :]))
    raise UnknownVersion(_WHAT)


def _cipher(code: ReceiptCode, salt: bytes) -> ChaCha20Poly1305:
    """A key out of the code and a salt drawn for this lock alone: it seals once, so that its nonce
    may be zeros.
    """
    costly = Argon2id(
        salt=salt,
        length=SECRET_BYTES,
        iterations=_ITERATIONS,
        lanes=_LANES,
        memory_cost=_MEMORY,
    )
    with _ONE_AT_A_TIME:
        stretched = costly.derive(code.digits.encode("ascii"))
    return ChaCha20Poly1305(stretched)


def _bound_to(code: ReceiptCode) -> bytes:
    return VERSION + b" lock" + code.locator.encode("ascii")


def _plain(sign: str) -> bool:
    return "a" <= sign <= "z" or "0" <= sign <= "9"


def _digit(sign: str) -> str:
    """The ASCII digit that a sign stands for, nothing for what may stand between digits."""
    value = unicodedata.decimal(sign, None)
    if value is not None:
        return str(value)
    if sign.isspace() or sign in _BETWEEN or unicodedata.category(sign) in ("Pd", "Cf"):
        return ""
    raise Mistyped("a code has digits alone, with spaces or dashes between them")
