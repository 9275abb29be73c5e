"""Files that are none: a pipe, a device, a folder, a link that leads nowhere or to itself, and one
that is too large. Wherever the desk reads, it is told at once and in words, and nothing hangs."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from crypto.keyfile import to_words
from desk.desk import CARD, IDENTITY, SERVER
from desk.errors import DeskError
from desk.heads import FILE as HEADS
from desk.home import SMALL, Home, read_file
from desk.keys.keeping import refuse_second
from desk.trust import HIGHEST, NOTES, ORGANISATION, ROSTER
from tests.desk.world import PASSPHRASE, DeskUser, World, identity_of

Odd = Callable[[Path], None]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def terminal(path: Path) -> None:
    path.symlink_to("/dev/ptmx")


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(path.parent, os.O_RDONLY)
        try:  # a name of a socket may have no more than some hundred characters
            listening.bind(f"/proc/self/fd/{here}/{path.name}")
        finally:
            os.close(here)


def folder(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("/media/stick/identity.age")


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(64 << 30)


ODD: dict[Odd, str] = {
    pipe: "is no file but a pipe, a device or the like",
    device: "is no file but a pipe, a device or the like",
    terminal: "is no file but a pipe, a device or the like",
    listener: "is no file but a pipe, a device or the like",
    folder: "is a folder, not a file",
    loop: "is a link that leads back to itself",
    dangling: "is a link to /media/stick/identity.age, and nothing is there",
    large: "kB: it is another file than the one that is meant",
}
every_kind = pytest.mark.parametrize(("odd", "says"), ODD.items(), ids=[o.__name__ for o in ODD])

COMMANDS = {
    "organisation": ["join", "http://127.0.0.1:9", "ODD"],
    "organisation offline": ["join", "--offline", "ODD"],
    "roster": ["roster", "show", "ODD"],
    "organisation of a roster": ["roster", "show", "roster.json", "--organisation", "ODD"],
    "card": ["roster", "add", "roster.json", "ODD"],
    "form": ["roster", "form", "roster.json", "ODD"],
    "published": ["roster", "publish", "ODD"],
    "case": ["open", "./ODD"],
    "new passphrase": ["identity", "passphrase", "--new-passphrase-file", "ODD"],
}


@pytest.fixture
def anna(world: World, monkeypatch: pytest.MonkeyPatch) -> DeskUser:
    """At work in a folder in which a roster lies."""
    user = world.desk("anna", width=300)
    here = world.folder / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    Path("roster.json").write_bytes(world.envelope or b"")
    Path("organisation.json").write_bytes(world.organisation.to_payload())
    return user


@every_kind
def test_a_file_that_is_named_on_the_command_line(anna: DeskUser, odd: Odd, says: str) -> None:
    odd(Path("ODD"))
    for command in COMMANDS.values():
        ran = anna.run(*command)
        assert ran.code == 1
        assert says in ran.all, (command, ran.all)
        assert "Tropa failed in a way" not in ran.all


@every_kind
def test_a_file_of_the_desks_folder(world: World, anna: DeskUser, odd: Odd, says: str) -> None:
    case = world.submit({})
    assert anna.run("take", case).code == 0
    Path("x").write_text("A note.")
    for name in (IDENTITY, CARD, SERVER, ORGANISATION, ROSTER, HIGHEST, HEADS, NOTES):
        kept = (anna.home / name).rename(anna.home / "kept")
        odd(anna.home / name)
        ran = anna.run(*(["identity", "show"] if name == CARD else ["note", case, "--file", "x"]))
        assert ran.code == 1
        assert says in ran.all, (name, ran.all)
        assert "Tropa failed in a way" not in ran.all
        (anna.home / name).rename(anna.home / f"odd {name}")
        kept.rename(anna.home / name)
    assert anna.run("note", case, "--file", "x").code == 0


@every_kind
def test_the_file_of_the_passphrase(anna: DeskUser, odd: Odd, says: str) -> None:
    desk = anna.desk()
    assert desk.settings.passphrase_file is not None
    desk.settings.passphrase_file.unlink()
    odd(desk.settings.passphrase_file)
    with pytest.raises(DeskError, match=says.replace("/", ".")):
        desk.unlock()


@every_kind
def test_no_second_identity_beside_one_that_cannot_be_read(
    anna: DeskUser, odd: Odd, says: str
) -> None:
    """And the words bring it back, with what lay there kept."""
    (anna.home / IDENTITY).unlink()
    odd(anna.home / IDENTITY)
    with pytest.raises(DeskError, match="There is an identity already"):
        refuse_second(anna.desk())
    anna.typed = [to_words(identity_of("anna").seed), PASSPHRASE, PASSPHRASE]
    ran = anna.run("identity", "restore", "--replace")
    assert ran.code == 0, ran.all
    kept = anna.home / "identity-2026-11-22.age"
    assert os.path.lexists(kept) == (odd is not large), "the same key is not kept twice"
    assert anna.desk().unlock() == identity_of("anna")


@pytest.fixture
def handed() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


def test_what_a_shell_hands_over_is_read_to_its_end(
    anna: DeskUser, handed: tuple[int, int]
) -> None:
    """`tropa ... --new-passphrase-file <(pass show tropa)`: no file of it lies anywhere."""
    there, write = handed
    os.write(write, b"another four words\n")
    os.close(write)
    ran = anna.run("identity", "passphrase", "--new-passphrase-file", f"/dev/fd/{there}")
    assert ran.code == 0, ran.all
    anna.passphrase = "another four words"
    assert anna.desk().unlock() == identity_of("anna")


def test_what_is_just_large_enough_is_read_and_a_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(SMALL))
    assert len(read_file(path, SMALL)) == SMALL
    path.write_bytes(bytes(SMALL + 1))
    with pytest.raises(DeskError, match="larger than 1024 kB"):
        read_file(path, SMALL)


def test_a_file_is_written_where_a_link_led_nowhere_else(tmp_path: Path) -> None:
    """Through a link to where it leads; a link to itself goes, since it leads to nothing."""
    home, stick = Home(tmp_path / "home"), tmp_path / "stick"
    stick.mkdir()
    home.path.mkdir(0o700)
    (home.path / "a").symlink_to(stick / "a")
    loop(home.path / "b")
    for name in ("a", "b"):
        home.write(name, b"kept")
        assert home.read(name) == b"kept"
    assert (stick / "a").read_bytes() == b"kept"
    assert (home.path / "a").is_symlink()
