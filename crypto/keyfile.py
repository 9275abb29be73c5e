"""An identity at rest on a volunteer's machine: an age passphrase file, and 24 words on paper.

Bytes in, bytes out: where the file lies is the desk's affair. The server never imports this.
age files (age-encryption.org/v1, scrypt recipient) open with the `age` program too.
"""

import base64
import re
from functools import cache
from typing import Final

import pyrage
from mnemonic import Mnemonic

from crypto.errors import BadFormat, BadWords, CryptoError, TooMuchWork, WrongPassphrase
from crypto.kdf import check_secret
from crypto.words import check_words, read_words

_INTRO: Final = b"age-encryption.org/v1\n-> scrypt "
_LINE: Final = re.compile(rb"tropa-identity-1 ([A-Za-z0-9+/]{43}=)\n")
_WHAT: Final = "this identity file"
WORDS: Final = 24

_TRIES: Final = 20
"""The library times one short run to see what this machine can do. Where something else runs in
that millisecond, a file like any other seems to ask for too much; trying again takes no time."""

_LEAST_WORK: Final = 16
"""A new file asks for at least 2^16 rounds of scrypt (64 MiB of memory, a fifth of a second). The
library chooses by the same short run: made in a busy instant, a file would stay weak for good."""

_MOST_WORK: Final = 24
"""2^24 rounds take 16 GiB of memory: no machine makes a file that asks for more."""

_WORK: Final = re.compile(rb"[A-Za-z0-9+/]+ (\d+)\n")


def encrypt_seed(seed: bytes, passphrase: str) -> bytes:
    """An age file that holds the seed. Takes about a second, on purpose. `BadFormat` without
    a passphrase (how strong it must be is the desk's rule); `TooMuchWork` where this machine is
    too slow for a file that is hard to guess at.
    """
    if not passphrase:
        raise BadFormat("an identity file needs a passphrase")
    line = b"tropa-identity-1 " + base64.b64encode(check_secret(seed, "an identity's seed")) + b"\n"
    for _ in range(_TRIES):
        file = bytes(pyrage.passphrase.encrypt(line, passphrase))
        work = _WORK.match(file, len(_INTRO))
        if work is not None and int(work[1]) >= _LEAST_WORK:
            return file
    raise TooMuchWork("a new identity file asks for more work than this machine can do now")


def decrypt_seed(data: bytes, passphrase: str) -> bytes:
    """The seed. `WrongPassphrase`, or `BadFormat` when it is no identity file or is damaged."""
    if not data.startswith(_INTRO):
        raise BadFormat(f"{_WHAT} is none: it must be an age file locked with a passphrase")
    for left in reversed(range(_TRIES)):
        try:
            line = bytes(pyrage.passphrase.decrypt(data, passphrase))
            break
        except pyrage.DecryptError as error:
            told = _explained(error)
            if not (left and isinstance(told, TooMuchWork)):
                raise told from None
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadFormat(f"{_WHAT} holds something that is not an identity of Tropa")
    return check_secret(base64.b64decode(found[1]), "the seed in this file")


def asks_for_hours(data: bytes) -> bool:
    """Whether a file asks for work that no busy instant explains: it was altered, or is a trap."""
    work = _WORK.match(data, len(_INTRO))
    return work is not None and int(work[1]) > _MOST_WORK


def to_words(seed: bytes) -> str:
    """The seed as 24 English words (BIP-39), for paper. The last word checks the others."""
    return str(Mnemonic("english").to_mnemonic(check_secret(seed, "an identity's seed")))


def from_words(text: str) -> bytes:
    """The seed back from 24 words, numbered or not, however spaced or capitalised; `BadWords`
    says what is wrong.
    """
    words = read_words(text)
    check_words(words, WORDS, word_list())
    try:
        seed = bytes(Mnemonic("english").to_entropy(words))
    except ValueError:
        raise BadWords("the words do not fit together: one is wrong or out of order") from None
    return check_secret(seed, "the seed in these words")


@cache
def word_list() -> tuple[str, ...]:
    """The 2,048 words that an identity's words come of."""
    return tuple(Mnemonic("english").wordlist)


def _explained(error: Exception) -> CryptoError:
    """The library has one error for everything; its texts are pinned by a test."""
    text = str(error)
    if text == "Decryption failed":
        return WrongPassphrase(_WHAT)
    if text.startswith("Excessive work"):
        return TooMuchWork(
            f"{_WHAT} asks for more work than this machine can do now: end what else runs on it "
            "and try again"
        )
    return BadFormat(f"{_WHAT} is damaged: take another copy, or your 24 words")
