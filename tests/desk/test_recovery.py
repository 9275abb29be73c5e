"""`tropa recovery` where there is no terminal: pages for a printer, and lists from a pipe."""

import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from crypto.identity import Identity
from crypto.keyfile import to_words
from crypto.shares import Gathering, RecoveryList, book, split
from desk.card import Card
from desk.errors import DeskError
from desk.keys.lists import ask_lists
from tests.crypto.samples import stream
from tests.desk.test_program import tropa
from tests.desk.world import DeskUser, Time, identity_of

KEY = identity_of("recovery")
LISTS = split(KEY.seed, 5, 3, stream("a set"))
CARD = Card.of("recovery", KEY)


def line(one: RecoveryList) -> str:
    return " ".join(one.words)


@pytest.fixture
def user(tmp_path: Path) -> DeskUser:
    return DeskUser(tmp_path / "olga", Time(), width=200)


def joined(user: DeskUser, *typed: str) -> Identity:
    user.typed = [*typed]
    return ask_lists(user.desk(), CARD)


@pytest.mark.parametrize("numbers", list(combinations(range(5), 3)))
def test_any_three_of_five_give_the_key(user: DeskUser, numbers: tuple[int, ...]) -> None:
    assert joined(user, *(line(LISTS[number]) for number in numbers)) == KEY


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ([line(LISTS[0]).rsplit(" ", 3)[0]], "there must be 33 words, not 30"),
        ([line(LISTS[0]), line(LISTS[0])], "list 1 was given already"),
        ([line(LISTS[0]), line(split(KEY.seed, 5, 3, stream("b"))[1])], "of another set"),
        ([line(split(KEY.seed, 5, 3, stream("b"))[1]), line(LISTS[0])], "of another set"),
        ([to_words(KEY.seed)], "there must be 33 words, not 24"),
    ],
)
def test_a_list_is_judged_at_once(user: DeskUser, typed: list[str], says: str) -> None:
    with pytest.raises(DeskError) as caught:
        joined(user, *typed)
    assert says in str(caught.value)
    assert user.typed == []


def test_lists_of_another_key_are_not_taken_for_those_of_the_card(user: DeskUser) -> None:
    others = split(identity_of("eve").seed, 5, 3, stream("others"))
    with pytest.raises(DeskError, match="the key of another card"):
        joined(user, *map(line, others[:3]))


def test_it_is_told_how_many_are_needed_still(user: DeskUser, tmp_path: Path) -> None:
    (tmp_path / "x.card").write_text(CARD.line())
    user.typed = [line(LISTS[4]), line(LISTS[1]), line(LISTS[2])]
    ran = user.run("recovery", "check", "--card", str(tmp_path / "x.card"))
    assert ran.code == 0, ran.all
    assert re.findall(r"List \d is good\. [^.]+\.", ran.err) == [
        "List 5 is good. 2 more are needed.",
        "List 2 is good. 1 more is needed.",
        "List 3 is good. That is enough.",
    ]
    assert f"The lists give the key of recovery, {CARD.fingerprint}" in ran.out
    assert not {*LISTS[1].words[4:]} & {*re.findall("[a-z]+", ran.all)}


def check_by_pipe(folder: Path, piped: str, language: str = "en") -> tuple[int, str]:
    (folder / "recovery.card").write_text(CARD.line())
    card = ("--card", str(folder / "recovery.card"))
    ran = tropa(folder / "home", "recovery", "check", *card, piped=piped, TROPA_LANGUAGE=language)
    return ran.returncode, ran.stdout + ran.stderr


def test_lists_come_by_a_pipe_one_on_a_line(tmp_path: Path) -> None:
    lines = "".join(f"{line(one)}\n" for one in LISTS)
    code, said = check_by_pipe(tmp_path, lines)
    assert code == 0, said
    for few in ("", line(LISTS[0]) + "\n", line(LISTS[0]) + "\n" + line(LISTS[3])):
        code, said = check_by_pipe(tmp_path, few)
        assert code == 1
        assert "nothing was done" in said
    assert "Lists given: 1, 4; still needed: 1." in " ".join(said.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["passphrase", "recovery.card"]


@pytest.mark.parametrize("place", [0, 1, 2, 3, 16, 32])
def test_a_wrong_word_is_named_in_the_language_of_the_reader(tmp_path: Path, place: int) -> None:
    words = LISTS[0].words
    words[place] = book()[(book().index(words[place]) + 1) % 1024]
    code, said = check_by_pipe(tmp_path, f"{line(LISTS[4])}\n{' '.join(words)}", "ru")
    assert code == 1
    assert "не принят 2-й" in " ".join(said.split())
    assert f"слово {place + 1} неверно; подошло бы «{LISTS[0].words[place]}»" in " ".join(
        said.split()
    )


def pages_of(text: str) -> list[str]:
    return text.split("\f")


def test_lists_for_a_printer_come_a_page_each_and_nothing_stays_on_the_disk(tmp_path: Path) -> None:
    command = ("recovery", "new", "--lists", "4", "--needed", "3", "--name", "safe", "--print")
    ran = tropa(tmp_path / "home", *command, "--card", str(tmp_path / "safe.card"))
    assert ran.returncode == 0, ran.stderr
    card = Card.find(str(tmp_path / "safe.card"))
    assert card.name == "safe"
    lists = list[list[str]]()
    for number, page in enumerate(pages_of(ran.stdout), 1):
        assert f"Recovery list {number} of 4" in page
        assert "Any 3 of the 4 lists" in page
        assert card.fingerprint in page
        assert len(page.splitlines()) < 60
        assert all(len(row) <= 80 for row in page.splitlines())
        found = dict(re.findall(r"(\d{1,2}) ([a-z]{3,8})\b", page.split("one list.")[1]))
        lists.append([found[str(place)] for place in range(1, 34)])
    assert len(lists) == 4
    for some in combinations(lists, 3):
        gathering = Gathering()
        for words in some:
            gathering.add(" ".join(words))
        assert Card.of("safe", Identity(gathering.seed())) == card
    assert str(tmp_path / "safe.card") in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["passphrase", "safe.card"]
    kept = (tmp_path / "safe.card").read_bytes()
    assert gathering.seed() not in kept
    again = tropa(tmp_path / "home", *command, "--card", str(tmp_path / "safe.card"))
    assert again.returncode == 1
    assert "exists already" in " ".join(again.stderr.split())
    assert again.stdout == ""
    assert (tmp_path / "safe.card").read_bytes() == kept


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--lists", "5", "--needed", "1"), "each list would be the whole key"),
        (("--lists", "5", "--needed", "6"), "6 lists cannot be needed where there are 5"),
        (("--lists", "17", "--needed", "2"), "at most 16 lists"),
        (("--lists", "5", "--needed", "0"), "At least 2 lists"),
        (("--lists", "5", "--needed", "-3"), "At least 2 lists"),
        (("--lists", "0", "--needed", "0"), "At least 2 lists"),
        (("--lists", "3", "--needed", "2", "--name", ""), "cannot stand on a roster"),
        (("--lists", "3", "--needed", "2"), "none that could forget them"),
        (
            ("--lists", "3", "--needed", "2", "--print", "--card", "/nowhere/x"),
            "no folder /nowhere",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_shown(
    user: DeskUser, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    more = () if "--card" in arguments else ("--card", str(tmp_path / "x.card"))
    shown = () if says.startswith("none") else ("--print",)
    ran = user.run("recovery", "new", *arguments, *more, *shown)
    assert ran.code == 1
    assert says in ran.all
    assert ran.out == ""
    assert not (tmp_path / "x.card").exists()


def test_lists_are_not_put_into_a_file(tmp_path: Path) -> None:
    with (tmp_path / "lists.txt").open("wb") as file:
        ran = subprocess.run(
            [
                *(sys.executable, "-c", "from desk.start import main; main()"),
                *("recovery", "new", "--lists", "3", "--needed", "2", "--print"),
            ],
            cwd=tmp_path,
            env={"TROPA_HOME": str(tmp_path / "home"), "TROPA_LANGUAGE": "en"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert "The lists belong on paper" in ran.stderr
    assert (tmp_path / "lists.txt").read_bytes() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["lists.txt"]


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("> /dev/full", "The disk is full"),
        ("| true", "No recovery key was made and no card was written"),
        ("> /dev/null", "have nowhere to go"),
        (">&-", "have nowhere to go"),
    ],
)
def test_where_the_printer_is_gone_no_card_is_left(tmp_path: Path, where: str, says: str) -> None:
    command = (
        f"'{sys.executable}' -c 'from desk.start import main; main()' recovery new --lists 3 "
        "--needed 2 --print"
    )
    ran = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", f"{command} {where}"],
        cwd=tmp_path,
        env={"TROPA_HOME": str(tmp_path / "home"), "TROPA_LANGUAGE": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert says in " ".join(ran.stderr.split())
    assert not list(tmp_path.iterdir())


def test_a_card_that_came_meanwhile_is_not_written_over(user: DeskUser, tmp_path: Path) -> None:
    """Two ceremonies in one folder: the lists of the first would open nothing, unnoticed."""
    card = tmp_path / "recovery.card"

    def random(size: int) -> bytes:
        card.write_text(CARD.line())
        return os.urandom(size)

    ran = user.run(
        *("recovery", "new", "--lists", "3", "--needed", "2", "--print", "--card", str(card)),
        random=random,
    )
    assert ran.code == 1
    assert "exists already; nothing was changed" in ran.err
    assert "This line is the card" in ran.err
    assert card.read_text() == CARD.line()


def test_a_folder_that_takes_no_card_is_told_before_anything_is_shown(
    user: DeskUser,
) -> None:
    # Root may write everywhere but where the file system itself is read-only.
    ran = user.run(
        *("recovery", "new", "--lists", "3", "--needed", "2", "--print"),
        *("--card", "/proc/self/recovery.card"),
    )
    assert ran.code == 1
    assert "/proc/self may not be read or written by this user" in ran.all
    assert ran.out == ""
