"""A passphrase as people type and paste it, and an identity file that is not as it was."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from crypto.keyfile import decrypt_seed, to_words
from desk.card import Card
from desk.desk import CARD, IDENTITY
from desk.errors import DeskError
from desk.passphrases import new, spellings, tidy
from tests.desk.age_files import quick_age_file, quick_identity_file
from tests.desk.world import PASSPHRASE, DeskUser, Time, identity_of

Person = Callable[[str], DeskUser]
SEED = identity_of("anna").seed


@pytest.fixture
def anna(tmp_path: Path) -> DeskUser:
    """With a file that opens at once."""
    user = DeskUser(tmp_path / "anna", Time(), width=200)
    user.home.mkdir()
    (user.home / IDENTITY).write_bytes(quick_identity_file(SEED, PASSPHRASE))
    (user.home / CARD).write_text(Card.of("anna", identity_of("anna")).line())
    return user


def fault(user: DeskUser, data: bytes) -> str:
    """What she is told when the file holds this. It is there afterwards as it was."""
    (user.home / IDENTITY).write_bytes(data)
    before = {path.name: path.read_bytes() for path in user.home.iterdir()}
    with pytest.raises(DeskError) as caught:
        user.desk(open_seed=decrypt_seed).unlock()
    assert {path.name: path.read_bytes() for path in user.home.iterdir()} == before
    return str(caught.value)


def test_a_file_cut_at_any_length_is_told_and_left_as_it_is(anna: DeskUser) -> None:
    whole = (anna.home / IDENTITY).read_bytes()
    for length in range(len(whole)):
        assert "is damaged, or is no identity" in fault(anna, whole[:length])


def test_a_file_with_any_byte_altered_never_opens_and_the_way_back_is_named(anna: DeskUser) -> None:
    whole = (anna.home / IDENTITY).read_bytes()
    for place in range(len(whole)):
        for change in (0x01, 0x80):
            data = bytearray(whole)
            data[place] ^= change
            assert "tropa identity restore --replace" in fault(anna, bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 300,
        quick_age_file(PASSPHRASE, b"a letter\n"),
        quick_identity_file(SEED, PASSPHRASE).replace(b" 1\n", b" 81\n", 1),
        bytes(pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()])),
        b"-----BEGIN AGE ENCRYPTED FILE-----\n",
    ],
    ids=["empty", "zeros", "another content", "work for ages", "another recipient", "armored"],
)
def test_a_file_of_another_kind_is_told(anna: DeskUser, data: bytes) -> None:
    assert "is damaged, or is no identity of Tropa" in fault(anna, data)


def test_a_folder_in_its_place_is_told_and_kept(anna: DeskUser) -> None:
    (anna.home / IDENTITY).unlink()
    (anna.home / IDENTITY).mkdir()
    (anna.home / IDENTITY / "x").write_text("kept")
    with pytest.raises(DeskError, match="is a folder, not a file"):
        anna.desk().unlock()
    anna.typed = [to_words(SEED), PASSPHRASE, PASSPHRASE]
    ran = anna.run("identity", "restore", "--replace")
    assert ran.code == 0, ran.all
    assert (anna.home / "identity-2026-11-22.age" / "x").read_text() == "kept"
    assert anna.desk().unlock() == identity_of("anna")


COMPOSED, APART = "пароль с й и ё", unicodedata.normalize("NFD", "пароль с й и ё")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("four random words", "four random words"),
        ("  four random words\t\n", "four random words"),
        ("\u00a0four random words\u200b\ufeff", "four random words"),
        ("\u3000four  random words\u2029", "four  random words"),
        ("four\u00a0random\u202fwords \u200bof mi\u00adne", "four random words of mine"),
        (APART, COMPOSED),
        (COMPOSED, COMPOSED),
        ("смех и 👩\u200d🚀 смех", "смех и 👩\u200d🚀 смех"),
    ],
)
def test_a_passphrase_has_one_spelling(typed: str, kept: str) -> None:
    assert new(typed) == kept
    assert list(spellings(typed)) == list(dict.fromkeys([typed, kept]))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "is empty"),
        (" \t\u00a0\u200b", "is empty"),
        ("four\trandom words", "types no character"),
        ("four random\x1b[D words", "types no character"),
        ("four random \udcd0 words", "types no character"),
        ("four random\u2028words", "types no character"),
        ("   nine char   ", "at least 10 characters"),
        ("four words " * 92, "at most 1000 characters"),
    ],
)
def test_a_passphrase_that_nobody_could_type_again_is_refused(typed: str, says: str) -> None:
    with pytest.raises(DeskError, match=says):
        new(typed)


@pytest.mark.parametrize(
    ("locked", "typed"),
    [
        (PASSPHRASE, f"  {PASSPHRASE}\u00a0"),
        (f" {PASSPHRASE} ", f" {PASSPHRASE} "),
        (f"{PASSPHRASE}\tx", f"{PASSPHRASE}\tx"),
        (COMPOSED, APART),
        (APART, APART),
        ("short", "short"),
    ],
    ids=["pasted", "made with spaces", "made with a tab", "apart", "made apart", "made short"],
)
def test_what_was_typed_opens_files_of_today_and_of_before(
    anna: DeskUser, locked: str, typed: str
) -> None:
    (anna.home / IDENTITY).write_bytes(quick_identity_file(SEED, locked))
    anna.typed = [typed]
    assert anna.desk(open_seed=decrypt_seed).unlock() == identity_of("anna")


def test_scrypt_is_not_run_twice_for_nothing(anna: DeskUser) -> None:
    tried = list[str]()

    def opens(data: bytes, passphrase: str) -> bytes:
        tried.append(passphrase)
        return decrypt_seed(data, passphrase)

    for typed, tries in (("wrong words here", 1), (" wrong words here", 2), ("", 0)):
        anna.typed, tried[:] = [typed], []
        with pytest.raises(DeskError):
            anna.desk(open_seed=opens).unlock()
        assert len(tried) == tries


def test_a_wrong_passphrase_is_told_with_both_ways_back(anna: DeskUser) -> None:
    anna.typed = ["four random text words"]
    with pytest.raises(DeskError) as caught:
        anna.desk(open_seed=decrypt_seed).unlock()
    told = str(caught.value)
    for part in (
        "keyboard layout and Caps Lock",
        "tropa identity restore --replace",
        "make a new identity",
        "docs/guide-lost-laptop.md",
    ):
        assert part in told
    assert "four random text words" not in told


@pytest.mark.parametrize(
    "line", [f"\ufeff{PASSPHRASE}\r\n", f"{PASSPHRASE}\nanother\n", PASSPHRASE]
)
def test_the_file_of_a_passphrase_is_read_as_editors_write_it(anna: DeskUser, line: str) -> None:
    desk = anna.desk(open_seed=decrypt_seed)
    assert desk.settings.passphrase_file is not None
    desk.settings.passphrase_file.write_bytes(line.encode())
    assert desk.unlock() == identity_of("anna")
    desk.settings.passphrase_file.write_bytes("пароль".encode("cp1251"))
    with pytest.raises(DeskError, match="no text in UTF-8"):
        desk.unlock()


def test_tidying_twice_changes_nothing_more() -> None:
    assert tidy(tidy(f" {APART}\u200b ")) == tidy(f" {APART}\u200b ")


def test_the_passphrase_changes_and_the_key_stays(anna: DeskUser) -> None:
    anna.typed = [PASSPHRASE, " another four words\n", "another four words"]
    ran = anna.run("identity", "passphrase", open_seed=decrypt_seed)
    assert ran.code == 0, ran.all
    assert decrypt_seed((anna.home / IDENTITY).read_bytes(), "another four words") == SEED
    assert sorted(path.name for path in anna.home.iterdir()) == [IDENTITY, CARD]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["wrong words here", "x", "x"], "does not fit"),
        ([PASSPHRASE, "short", "short"], "too short"),
        ([PASSPHRASE, "another four words", "another for words"], "differ"),
    ],
)
def test_a_change_that_fails_leaves_the_old_file(
    anna: DeskUser, typed: list[str], says: str
) -> None:
    before = (anna.home / IDENTITY).read_bytes()
    anna.typed = typed
    ran = anna.run("identity", "passphrase", open_seed=decrypt_seed)
    assert ran.code == 1
    assert says in ran.all
    assert (anna.home / IDENTITY).read_bytes() == before


def test_a_script_names_the_file_of_the_new_passphrase(anna: DeskUser, tmp_path: Path) -> None:
    before = (anna.home / IDENTITY).read_bytes()
    ran = anna.run("identity", "passphrase", open_seed=decrypt_seed)
    assert "--new-passphrase-file" in ran.err
    assert (anna.home / IDENTITY).read_bytes() == before
    (tmp_path / "new").write_text("another four words\n")
    ran = anna.run(
        "identity", "passphrase", "--new-passphrase-file", str(tmp_path / "new"),
        open_seed=decrypt_seed,
    )  # fmt: skip
    assert ran.code == 0, ran.all
    assert decrypt_seed((anna.home / IDENTITY).read_bytes(), "another four words") == SEED


def test_a_card_that_is_gone_or_damaged_is_made_anew_from_the_key(anna: DeskUser) -> None:
    for damage in (None, b"tropa-member:anna:AAAA"):
        (anna.home / CARD).unlink()
        if damage is not None:
            (anna.home / CARD).write_bytes(damage)
        assert "tropa identity passphrase" in anna.run("identity", "show").err
        anna.typed = [PASSPHRASE, PASSPHRASE, PASSPHRASE]
        ran = anna.run("identity", "passphrase", "--name", "anna", open_seed=decrypt_seed)
        assert ran.code == 0, ran.all
        assert anna.desk().card() == Card.of("anna", identity_of("anna"))


def test_a_card_of_another_key_changes_nothing(anna: DeskUser) -> None:
    (anna.home / CARD).write_text(Card.of("eve", identity_of("eve")).line())
    before = (anna.home / IDENTITY).read_bytes()
    anna.typed = [PASSPHRASE, "another four words", "another four words"]
    ran = anna.run("identity", "passphrase", open_seed=decrypt_seed)
    assert "of different keys" in ran.err
    assert (anna.home / IDENTITY).read_bytes() == before


def test_a_forgotten_passphrase_is_replaced_with_the_words_of_this_very_key(anna: DeskUser) -> None:
    anna.typed = [to_words(SEED)]
    refused = anna.run("identity", "restore")
    assert "tropa identity restore --replace" in refused.err
    anna.typed = [to_words(identity_of("eve").seed), PASSPHRASE, PASSPHRASE]
    before = (anna.home / IDENTITY).read_bytes()
    others = anna.run("identity", "restore", "--replace")
    assert "words of another identity" in others.err
    assert (anna.home / IDENTITY).read_bytes() == before
    anna.typed = [to_words(SEED), "another four words", "another four words"]
    ran = anna.run("identity", "restore", "--replace", "--name", "somebody")
    assert ran.code == 0, ran.all
    assert decrypt_seed((anna.home / IDENTITY).read_bytes(), "another four words") == SEED
    assert anna.desk().card().name == "anna"
    assert sorted(path.name for path in anna.home.iterdir()) == [IDENTITY, CARD]


def test_a_file_that_is_gone_comes_back_under_the_name_of_its_card(anna: DeskUser) -> None:
    (anna.home / IDENTITY).unlink()
    before = (anna.home / CARD).read_bytes()
    anna.typed = [to_words(identity_of("eve").seed), PASSPHRASE, PASSPHRASE]
    others = anna.run("identity", "restore")
    assert "words of another identity" in others.err
    assert [path.name for path in anna.home.iterdir()] == [CARD]
    assert (anna.home / CARD).read_bytes() == before
    anna.typed = [to_words(SEED), PASSPHRASE, PASSPHRASE]
    ran = anna.run("identity", "restore")
    assert ran.code == 0, ran.all
    assert anna.desk().card() == Card.of("anna", identity_of("anna"))


def test_an_identity_whose_card_cannot_be_written_is_none(anna: DeskUser) -> None:
    (anna.home / IDENTITY).unlink()
    (anna.home / CARD).unlink()
    (anna.home / CARD).mkdir()
    anna.typed = [PASSPHRASE, PASSPHRASE]
    ran = anna.run("identity", "new")
    assert ran.code == 1
    assert "tropa identity restore makes the identity from them" in ran.all
    assert [path.name for path in anna.home.iterdir()] == [CARD]


def test_where_no_card_vouches_for_the_key_the_old_file_is_kept_aside(anna: DeskUser) -> None:
    (anna.home / CARD).unlink()
    before = (anna.home / IDENTITY).read_bytes()
    for _ in range(2):
        anna.typed = [to_words(identity_of("eve").seed), PASSPHRASE, PASSPHRASE]
        ran = anna.run("identity", "restore", "--replace", "--name", "eve")
        assert ran.code == 0, ran.all
        assert "is kept as" in ran.all
        assert anna.desk().card() == Card.of("eve", identity_of("eve"))
        (anna.home / CARD).unlink()
    assert (anna.home / "identity-2026-11-22.age").read_bytes() == before
    assert (anna.home / "identity-2026-11-22-2.age").exists()


def test_the_words_are_checked_against_the_card_without_a_passphrase(anna: DeskUser) -> None:
    anna.typed = [" ".join(f"{n}) {w}" for n, w in enumerate(to_words(SEED).split(), 1))]
    ran = anna.run("identity", "check")
    assert ran.code == 0, ran.all
    assert "These are the words of the identity here, anna" in ran.out
    anna.typed = [to_words(identity_of("eve").seed)]
    ran = anna.run("identity", "check")
    assert ran.code == 1
    assert "words of another identity" in ran.err
    assert anna.desk().card().fingerprint in ran.all


def test_a_mistyped_word_is_named_by_its_place_with_its_neighbours_and_never_repeated(
    anna: DeskUser,
) -> None:
    words = to_words(SEED).split()
    for place in (0, 11, 23):
        wrong = f"{words[place]}q"
        anna.typed = [" ".join([*words[:place], wrong, *words[place + 1 :]])]
        ran = anna.run("identity", "check")
        assert ran.code == 1
        assert f"word {place + 1} is not in the list" in ran.all
        assert words[place] in ran.all
        assert wrong not in ran.all
