"""What a person does with words at a real terminal, and what is left on it and on the disk."""

import re
import signal
from pathlib import Path

import pytest

from crypto.identity import Identity
from crypto.keyfile import decrypt_seed, from_words, to_words, word_list
from crypto.shares import Gathering, RecoveryList, book, split
from desk.card import Card
from desk.desk import CARD, IDENTITY
from tests.crypto.samples import stream
from tests.desk.pty_terminal import Terminal
from tests.desk.sentences import sentences
from tests.desk.world import PASSPHRASE, age_file, identity_of

SAID = {word for sentence in sentences() for word in re.findall("[a-z]+", sentence.lower())}
"""Words of the lists that the desk uses itself, such as "key", prove nothing."""


def shown(page: str) -> list[str]:
    """The numbered words of a page."""
    found = {int(n): word for n, word in re.findall(r"\b(\d{1,2}) ([a-z]{3,8})\b", page)}
    return [found[place] for place in range(1, len(found) + 1)]


def give_back(terminal: Terminal, words: list[str]) -> list[int]:
    """Answer the four questions; returns the places that were asked for."""
    places = []
    for _ in range(4):
        terminal.until("\r\nWord ")
        places.append(int(terminal.until(":")[:-1]))
        # As it stands on paper, with its number or without.
        number = f"{places[-1]}. " if len(places) % 2 else ""
        terminal.type(number + words[places[-1] - 1])
    return places


def nothing_stays(terminal: Terminal, words: list[str]) -> None:
    outside = set(re.findall("[a-z]+", terminal.outside.lower()))
    assert outside & (set(words) - SAID) == set()


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def nothing_is_written(folder: Path, seed: bytes, words: list[str]) -> None:
    data = files(folder)
    assert seed not in data
    assert seed.hex().encode() not in data
    assert " ".join(words[:2]).encode() not in data


def test_an_identity_is_made_once_its_words_are_on_paper(tmp_path: Path) -> None:
    with Terminal(tmp_path / "home", "identity", "new", "--name", "anna", folder=tmp_path) as at:
        at.answer("New passphrase:", f" {PASSPHRASE}")
        at.answer("The same again:", PASSPHRASE)
        words = shown(at.until("words are on paper.").split("shown only now.")[1])
        seed = from_words(" ".join(words))
        assert not (tmp_path / "home").exists()
        at.type("\x1a")  # Ctrl-Z does not leave the words standing behind a shell
        at.until("\r\nWord ")
        at.answer(":", "")
        # Enter alone: they are shown once more, and other ones are asked.
        assert shown(at.until("words are on paper.").split("shown only now.")[1]) == words
        at.type("")
        at.until("\r\nWord ")
        place = int(at.until(":")[:-1])
        at.type("wrong")
        at.until(f"That is not word {place}.")
        for _ in range(2):
            at.answer(f"\r\nWord {place}:", "wrong")
        assert shown(at.until("words are on paper.").split("shown only now.")[1]) == words
        at.type("")
        assert not (tmp_path / "home").exists()
        give_back(at, words)
        assert at.end() == 0
    nothing_stays(at, words)
    nothing_is_written(tmp_path, seed, words)
    assert Card.parse((tmp_path / "home" / CARD).read_text()) == Card.of("anna", Identity(seed))


@pytest.mark.parametrize(
    ("when", "how"),
    [
        ("shown", signal.SIGINT),
        ("asked", signal.SIGINT),
        ("shown", signal.SIGTERM),
        ("shown", signal.SIGQUIT),
    ],
)
def test_an_interruption_leaves_no_half_identity(
    tmp_path: Path, when: str, how: signal.Signals
) -> None:
    with Terminal(tmp_path / "home", "identity", "new", folder=tmp_path) as at:
        at.answer("New passphrase:", PASSPHRASE)
        at.answer("The same again:", PASSPHRASE)
        words = shown(at.until("words are on paper.").split("shown only now.")[1])
        if when == "asked":
            at.type("")
            at.until("\r\nWord ")
        at.interrupt(how)
        assert at.end() == 130
    assert "No identity was made" in at.outside
    nothing_stays(at, words)
    assert not (tmp_path / "home").exists()


def test_ctrl_c_while_the_key_opens_is_clean(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / IDENTITY).write_bytes(age_file(identity_of("anna")))
    (home / CARD).write_text(Card.of("anna", identity_of("anna")).line())
    before = files(tmp_path)
    with Terminal(home, "identity", "passphrase", folder=tmp_path) as at:
        at.answer("Passphrase:", PASSPHRASE)
        at.until("Opening your key: a second or two")
        at.interrupt()
        assert at.end() == 130
    assert "Traceback" not in at.said
    assert files(tmp_path) == before


def test_words_are_typed_over_several_lines_and_mended_where_they_are_wrong(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    identity = identity_of("anna")
    (home / CARD).write_text(Card.of("anna", identity).line())
    words = to_words(identity.seed).split()
    other = word_list()[(word_list().index(words[20]) + 1) % 2048]
    with Terminal(home, "identity", "check", folder=tmp_path) as at:
        at.answer("From word 1:", " ".join(f"{n}. {w}" for n, w in enumerate(words[:10], 1)))
        at.answer("From word 11:", f"{words[10]} {words[11]}qq {words[12]}")
        assert "Word 12 is not in the list" in at.until("Go on from this word.")
        at.answer("From word 12:", " ".join([*words[11:20], other, *words[21:]]))
        at.until("do not fit together")
        at.answer("type all again):", "21")
        at.answer("leaves it out):", words[20])
        assert at.end() == 0
    assert "These are the words of the identity here" in at.outside
    nothing_stays(at, [*words, other])


def test_words_are_pasted_with_an_empty_line_after_each(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    identity = identity_of("anna")
    (home / CARD).write_text(Card.of("anna", identity).line())
    words = to_words(identity.seed).split()
    with Terminal(home, "identity", "check", folder=tmp_path) as at:
        at.answer("From word 1:", "".join(f"{word}\r\n" for word in words))
        assert at.end() == 0
    assert "These are the words of the identity here" in at.outside


@pytest.mark.parametrize("prompt", ["New passphrase:", "The same again:", "From word 1:"])
def test_an_input_that_ends_is_told_in_her_language(tmp_path: Path, prompt: str) -> None:
    command = "restore" if "word" in prompt else "new"
    with Terminal(tmp_path / "home", "identity", command, folder=tmp_path) as at:
        if "same" in prompt:
            at.answer("New passphrase:", PASSPHRASE)
        at.until(prompt)
        at.end_input()
        assert at.end() == 1
    assert "The input ended; nothing was done." in at.outside
    assert "Aborted" not in at.said
    assert not (tmp_path / "home").exists()


def test_each_list_is_shown_to_its_keeper_alone_and_asked_back(tmp_path: Path) -> None:
    given = list[list[str]]()
    with Terminal(
        tmp_path / "home", "recovery", "new", "--lists", "3", "--needed", "2", folder=tmp_path
    ) as at:
        for number in (1, 2, 3):
            assert f"List {number} of 3" in at.until("Press Enter to see the list.")
            at.type("")
            page = at.until("words are on paper.")
            assert f"Recovery list {number} of 3" in page
            assert "Any 2 of the 3 lists" in page
            given.append(shown(page.split("one list.")[1].split("Of the key")[0]))
            assert len(given[-1]) == 33
            at.type("")
            assert not list(tmp_path.iterdir())
            # What all lists have in common is no proof that this one was written.
            assert min(give_back(at, given[-1])) > 3
        assert at.end() == 0
    gathering = Gathering()
    for words in given[1:]:
        nothing_stays(at, words)
        gathering.add(" ".join(words))
    seed = gathering.seed()
    card = Card.find(str(tmp_path / "recovery.card"))
    assert card == Card.of("recovery", Identity(seed))
    assert card.fingerprint in at.outside
    assert [path.name for path in tmp_path.iterdir()] == ["recovery.card"]
    for words in given:
        nothing_is_written(tmp_path, seed, words)


@pytest.mark.parametrize("size", [(24, 40), (20, 80), (24, 20), (40, 24)])
def test_no_list_is_shown_in_part(tmp_path: Path, size: tuple[int, int]) -> None:
    command = ("recovery", "new", "--lists", "3", "--needed", "2")
    with Terminal(tmp_path / "home", *command, folder=tmp_path, COLUMNS="", LINES="") as at:
        at.resize(*size)
        at.answer("Press Enter to see the list.", "")
        for _ in range(2):
            came = at.until("Press Enter when it is larger.")
            assert "too small" in " ".join(came.split())
            assert shown(came) == []
            at.type("")
        at.until("when it is larger.")
        at.resize(24, 80)
        at.type("")
        words = shown(at.until("words are on paper.").split("one list.")[1].split("Of the")[0])
        assert len(words) == 33
        at.interrupt()
        assert at.end() == 130
    nothing_stays(at, words)


def test_ctrl_c_between_two_lists_makes_no_key(tmp_path: Path) -> None:
    with Terminal(
        tmp_path / "home", "recovery", "new", "--lists", "3", "--needed", "2", folder=tmp_path
    ) as at:
        at.answer("Press Enter to see the list.", "")
        words = shown(at.until("words are on paper.").split("one list.")[1].split("Of the")[0])
        at.type("")
        give_back(at, words)
        at.until("List 2 of 3")
        at.interrupt()
        assert at.end() == 130
    assert "No recovery key was made" in at.outside
    nothing_stays(at, words)
    assert not list(tmp_path.iterdir())


def test_lists_never_stay_in_the_scroll_back(tmp_path: Path) -> None:
    command = ("recovery", "new", "--lists", "3", "--needed", "2")
    with Terminal(tmp_path / "home", *command, "--print", folder=tmp_path) as at:
        assert at.end() == 1
    assert "stay in the scroll-back" in at.outside
    with Terminal(tmp_path / "home", *command, folder=tmp_path, TERM="dumb") as at:
        assert at.end() == 1
    assert "none that could forget them" in " ".join(at.said.split())
    assert not list(tmp_path.iterdir())


def test_lists_are_joined_at_a_terminal_and_a_mistake_is_mended_there(tmp_path: Path) -> None:
    identity = identity_of("recovery")
    lists = split(identity.seed, 3, 2, stream("at a terminal"))
    (tmp_path / "recovery.card").write_text(Card.of("recovery", identity).line())
    other = book()[(book().index(lists[0].words[16]) + 1) % 1024]
    wrong = [*lists[0].words[:16], other, *lists[0].words[17:]]
    with Terminal(tmp_path / "home", "recovery", "check", folder=tmp_path) as at:
        at.until("The first recovery list: 33 words")
        at.answer("From word 1:", typed(lists[2]))
        at.until("List 3 is good. 1 more is needed.")
        at.until("not one of 3")
        at.answer("From word 1:", typed(lists[2]))
        # It is whole: no word of it is to be mended.
        assert "type all again" not in at.until("List 3 was given already.")
        at.answer("From word 1:", " ".join(wrong))
        at.until("word 17 is wrong")
        at.answer("type all again):", "17")
        at.answer("leaves it out):", lists[0].words[16])
        at.until("List 1 is good. That is enough.")
        assert at.end() == 0
    assert "The lists give the key of recovery" in at.outside
    for one in lists:
        nothing_stays(at, one.words)
    assert [path.name for path in tmp_path.iterdir()] == ["recovery.card"]


def test_a_slip_at_the_number_costs_no_words(tmp_path: Path) -> None:
    identity = identity_of("recovery")
    words = split(identity.seed, 3, 2, stream("at a terminal"))[0].words
    (tmp_path / "recovery.card").write_text(Card.of("recovery", identity).line())
    other = book()[(book().index(words[16]) + 1) % 1024]
    pasted = [*words[:16], other, *words[17:32]]
    with Terminal(tmp_path / "home", "recovery", "check", folder=tmp_path) as at:
        at.answer("From word 1:", "".join(f"{word}\r\n" for word in pasted))
        at.answer("From word 33:", "")
        assert "not 32" in at.until("type all again):")
        for slip in ("the last", "0", "35", "9" * 5000):
            at.type(slip)
            at.until("type all again):")
        at.type("33.")
        at.answer("leaves it out):", words[32])
        at.until("word 17 is wrong")
        at.answer("type all again):", f"17 {words[16]}")
        at.answer("leaves it out):", words[16])
        at.until("List 1 is good.")
        at.interrupt()
        assert at.end() == 130
    nothing_stays(at, [*words, other])


def typed(one: RecoveryList) -> str:
    return " ".join(f"{n}. {word}" for n, word in enumerate(one.words, 1))


def test_a_forgotten_passphrase_is_replaced_from_paper(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    identity = identity_of("anna")
    (home / IDENTITY).write_bytes(age_file(identity))
    (home / CARD).write_text(Card.of("anna", identity).line())
    words = to_words(identity.seed).split()
    with Terminal(home, "identity", "restore", "--replace", folder=tmp_path) as at:
        at.answer("From word 1:", " ".join(words[:12]))
        at.answer("From word 13:", " ".join(words[12:]))
        # A slip here does not cost the words.
        at.answer("New passphrase:", "too short")
        assert "at least 10 characters" in at.until("New passphrase:")
        at.type("another four words")
        at.answer("The same again:", "another for words")
        at.until("The two passphrases differ; nothing was written.")
        at.answer("New passphrase:", "another four words")
        at.answer("The same again:", "another four words")
        assert at.end() == 0
    nothing_stays(at, words)
    nothing_is_written(tmp_path, identity.seed, words)
    assert decrypt_seed((home / IDENTITY).read_bytes(), "another four words") == identity.seed
