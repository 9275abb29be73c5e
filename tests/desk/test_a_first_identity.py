"""A first identity on a machine: never over another one, and never with words that nobody saw."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crypto.keyfile import decrypt_seed
from desk.desk import CARD, IDENTITY
from desk.errors import DeskError
from desk.home import Home
from tests.desk.age_files import quick_identity_file
from tests.desk.program import PASSPHRASE, TROPA
from tests.desk.world import identity_of


def tropa(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A line for the shell, with a file for the passphrase."""
    (folder / "passphrase").write_text(f"{PASSPHRASE}\n")
    (folder / "other").write_text("four other random words\n")
    environment = {
        "PATH": f"{TROPA.parent}:{os.environ['PATH']}",
        "TROPA_HOME": str(folder / "home"),
        "TROPA_PASSPHRASE_FILE": str(folder / "passphrase"),
        "TROPA_LANGUAGE": "en",
    }
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (">/dev/full", "The disk is full"),
        (">&-", "the output is closed"),
        ("| true", "the output is closed"),
    ],
)
def test_words_that_nobody_could_see_are_of_no_identity(
    tmp_path: Path, where: str, says: str
) -> None:
    done = tropa(tmp_path, f"tropa identity new {where}")
    assert done.returncode == 1
    assert says in done.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("identity restore", "The input ended; nothing was done."),
        ("identity passphrase", "There is no identity on this machine yet"),
        ("recovery new --lists 3 --needed 2", "shown at a terminal alone"),
    ],
)
def test_where_the_input_is_closed_it_is_told(tmp_path: Path, command: str, says: str) -> None:
    done = tropa(tmp_path, f"tropa {command} <&-")
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["other", "passphrase"]


def test_a_file_on_a_stick_that_is_not_here_is_an_identity_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / IDENTITY).symlink_to(tmp_path / "stick" / IDENTITY)
    done = tropa(tmp_path, "tropa identity new")
    assert done.returncode == 1
    assert "There is an identity already" in done.stderr
    assert (home / IDENTITY).is_symlink()
    with pytest.raises(DeskError, match="exists already"):
        Home(home).create(IDENTITY, b"another")
    assert names(home) == [IDENTITY]


def test_the_passphrase_changes_where_the_file_lies(tmp_path: Path) -> None:
    home, stick = tmp_path / "home", tmp_path / "stick"
    home.mkdir()
    stick.mkdir()
    seed = identity_of("anna").seed
    (stick / IDENTITY).write_bytes(quick_identity_file(seed, PASSPHRASE))
    (home / IDENTITY).symlink_to(stick / IDENTITY)
    done = tropa(tmp_path, "tropa identity passphrase --new-passphrase-file other --name anna")
    assert done.returncode == 0, done.stderr
    assert (home / IDENTITY).is_symlink()
    # The old passphrase opens nothing any more, and no second file does.
    assert decrypt_seed((stick / IDENTITY).read_bytes(), "four other random words") == seed
    assert names(stick) == [IDENTITY]
    assert names(home) == [IDENTITY, CARD]


def test_of_many_at_once_one_is_made_and_the_others_are_told(tmp_path: Path) -> None:
    home = Home(tmp_path)

    def makes(number: int) -> int | None:
        try:
            home.create(IDENTITY, b"%d" % number)
        except DeskError:
            return None
        return number

    for _ in range(20):
        with ThreadPoolExecutor(8) as pool:
            made = [number for number in pool.map(makes, range(8)) if number is not None]
        assert made == [int((tmp_path / IDENTITY).read_bytes())]
        assert names(tmp_path) == [IDENTITY]
        (tmp_path / IDENTITY).unlink()


def test_where_a_file_can_have_no_second_name_the_first_identity_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # as FAT on a stick answers

    monkeypatch.setattr(os, "link", refused)
    home = Home(tmp_path)
    home.create(IDENTITY, b"mine")
    with pytest.raises(DeskError, match="exists already"):
        home.create(IDENTITY, b"another")
    assert (tmp_path / IDENTITY).read_bytes() == b"mine"
    assert names(tmp_path) == [IDENTITY]
