"""An identity comes back from its seed, from its file and from its words, and from nothing else."""

import hashlib

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import BadFormat, BadKey, BadWords, TooMuchWork
from crypto.identity import Identity
from crypto.keyfile import decrypt_seed, encrypt_seed, from_words, to_words
from crypto.xwing import key_pair
from tests.crypto.samples import identity, secret, stream

SEEDS = st.binary(min_size=32, max_size=32).filter(any)
WORDS = to_words(secret("kept identity"))


def test_a_seed_gives_the_same_keys_every_time_and_another_seed_others() -> None:
    again, other = identity("lawyer"), identity("medic")
    assert again.sealing_public == identity("lawyer").sealing_public
    assert again.signing_public == identity("lawyer").signing_public
    assert again.sealing_public != other.sealing_public
    assert again.signing_public != other.signing_public


def test_the_two_keys_of_an_identity_have_nothing_in_common_with_its_seed_or_each_other() -> None:
    who = identity("lawyer")
    assert key_pair(who.seed).public != who.sealing_public
    signing = who.signing_private.private_bytes_raw()
    assert signing != who.seed
    assert key_pair(signing).public != who.sealing_public


def test_a_new_identity_takes_its_seed_from_the_source_it_is_given() -> None:
    assert Identity.new(stream("x")).seed == stream("x")(32)


def test_a_public_key_is_mlkem_then_x25519_from_one_shake() -> None:
    expanded = hashlib.shake_256(secret("seed")).digest(96)
    pair = key_pair(secret("seed"))
    assert len(pair.public) == 1216
    x25519 = curve25519(expanded[64:])
    assert pair.public[1184:] == x25519


def curve25519(private: bytes) -> bytes:
    """Curve25519 by the textbook (RFC 7748, section 5), to check the order of the halves."""
    prime, a24 = 2**255 - 19, 121665
    k = int.from_bytes(private, "little") & ~7 & ~(128 << 248) | (64 << 248)
    x1, x2, z2, x3, z3, swap = 9, 1, 0, 9, 1, 0
    for t in reversed(range(255)):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % prime, x1 * (da - cb) ** 2 % prime
        x2, z2 = aa * bb % prime, (aa - bb) * (aa + a24 * (aa - bb)) % prime
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, prime - 2, prime) % prime).to_bytes(32, "little")


@settings(max_examples=30)
@given(SEEDS)
def test_a_seed_survives_its_words(seed: bytes) -> None:
    words = to_words(seed)
    assert len(words.split()) == 24
    assert from_words(words) == seed
    assert from_words("\n ".join(words.upper().split())) == seed


def test_the_words_are_those_of_bip_39() -> None:
    line = "legal winner thank year wave sausage worth useful"
    assert to_words(b"\x7f" * 32) == f"{line} {line} {line.replace('useful', 'title')}"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "24 words, not 0"),
        (WORDS.rsplit(" ", 1)[0], "24 words, not 23"),
        (WORDS + " zoo", "24 words, not 25"),
        ("zoo " * 24, "do not fit together"),
        (" ".join(reversed(WORDS.split())), "do not fit together"),
        ("слово " + WORDS.split(" ", 1)[1], "word 1 is not in the list"),
    ],
)
def test_mistakes_in_the_words_are_told(words: str, says: str) -> None:
    with pytest.raises(BadWords, match=says):
        from_words(words)


def test_two_neighbouring_words_exchanged_are_nearly_always_noticed() -> None:
    seeds = [secret(f"seed {number}") for number in range(200)]
    noticed = 0
    for seed in seeds:
        words = to_words(seed).split()
        words[3], words[4] = words[4], words[3]
        try:
            from_words(" ".join(words))
        except BadWords:
            noticed += 1
    assert noticed >= 190


def test_zeros_are_no_identity_however_they_come() -> None:
    with pytest.raises(BadKey):
        Identity(bytes(32))
    with pytest.raises(BadKey):
        from_words("abandon " * 23 + "art")
    with pytest.raises(BadKey):
        encrypt_seed(bytes(32), "a passphrase")


def test_an_identity_file_needs_a_passphrase() -> None:
    with pytest.raises(BadFormat, match="passphrase"):
        encrypt_seed(secret("kept identity"), "")


def test_an_age_file_that_holds_something_else_is_no_identity() -> None:
    file = pyrage.passphrase.encrypt(b"a letter\n", "p")
    with pytest.raises(BadFormat, match="not an identity"):
        decrypt_seed(file, "p")


def test_a_file_that_would_take_hours_to_open_is_refused_at_once() -> None:
    header = b"age-encryption.org/v1\n-> scrypt C4WnG+LAq06vpL+bRgXMhw 30\n"
    body = b"Ri9UiX2X73TaGK5YYszwQ+Ri9UiX2X73TaGK5YYszwQ\n--- " + b"A" * 43 + b"\n" + bytes(80)
    with pytest.raises(BadFormat, match="more work than this machine"):
        decrypt_seed(header + body, "p")


def test_a_file_made_in_a_busy_instant_is_no_weaker(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = [b"-> scrypt C4WnG+LAq06vpL+bRgXMhw 10\n", b"-> scrypt C4WnG+LAq06vpL+bRgXMhw 15\n"]
    files = iter([b"age-encryption.org/v1\n" + line for line in weak])
    makes = pyrage.passphrase.encrypt

    def encrypt(data: bytes, passphrase: str) -> bytes:
        """The real library, on a machine that seemed slow to it twice."""
        return next(files, b"") or bytes(makes(data, passphrase))

    monkeypatch.setattr(pyrage.passphrase, "encrypt", encrypt)
    assert decrypt_seed(encrypt_seed(secret("kept identity"), "p"), "p") == secret("kept identity")
    assert next(files, None) is None


def test_a_machine_that_is_always_too_slow_makes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = b"age-encryption.org/v1\n-> scrypt C4WnG+LAq06vpL+bRgXMhw 12\n"
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda _, __: weak)
    with pytest.raises(TooMuchWork):
        encrypt_seed(secret("kept identity"), "p")


def test_a_machine_that_is_busy_for_a_moment_opens_it_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, opens = encrypt_seed(secret("kept identity"), "p"), pyrage.passphrase.decrypt
    busy = iter(["Excessive work parameter for passphrase.", "Excessive work parameter."])

    def decrypt(data: bytes, passphrase: str) -> bytes:
        """The real library, on a machine that seemed slow to it twice."""
        for text in busy:
            raise pyrage.DecryptError(text)
        return bytes(opens(data, passphrase))

    monkeypatch.setattr(pyrage.passphrase, "decrypt", decrypt)
    assert decrypt_seed(file, "p") == secret("kept identity")
