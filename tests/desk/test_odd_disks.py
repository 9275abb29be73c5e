"""A desk on a stick: a disk whose files have one name, that keeps no permissions, and that cannot
be asked for a folder.

The faults are raised where the disk raises them, with the numbers of FAT (Linux), exFAT and FAT
through FUSE, and disks of a network.
"""

import errno
import os
import stat
from pathlib import Path

import pytest

from crypto.keyfile import to_words
from desk.desk import IDENTITY
from desk.errors import DeskError
from desk.home import Home
from tests.desk.world import PASSPHRASE, DeskUser, Time, World

REFUSALS = [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL]
OPEN = "keeps no permissions (FAT and exFAT do not)"


@pytest.fixture(params=REFUSALS, ids=errno.errorcode.get)
def stick(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies on this machine's disk lies on a stick, once `tmp_path` is there."""
    number, stat_, fsync = request.param, os.stat, os.fsync

    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    def open_to_all(*args: object, **options: object) -> os.stat_result:
        found = stat_(*args, **options)  # type: ignore[arg-type]
        return os.stat_result((found.st_mode | 0o077, *found[1:]))

    def of_files(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            refused()
        fsync(handle)

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "chmod", refused)
    monkeypatch.setattr(os, "fsync", of_files)
    monkeypatch.setattr(os, "stat", open_to_all)


two_disks = pytest.mark.parametrize("stick", REFUSALS[:2], indirect=True, ids=errno.errorcode.get)


@two_disks
@pytest.mark.usefixtures("stick")
def test_an_identity_on_a_stick_is_made_kept_and_brought_back(tmp_path: Path) -> None:
    """Everything that is done with its file."""
    user = DeskUser(tmp_path / "anna", Time(), width=300)
    words = ["another four words"] * 2
    made = user.run("identity", "new", "--name", "anna")
    assert made.code == 0, made.all
    assert OPEN in made.all
    first = user.desk().unlock()
    again = user.run("identity", "new")
    assert again.code == 1
    assert "There is an identity already" in again.all
    assert user.desk().unlock() == first
    user.typed = [PASSPHRASE, *words]
    changed = user.run("identity", "passphrase")
    assert changed.code == 0, changed.all
    assert OPEN in changed.all
    user.typed = [to_words(first.seed), PASSPHRASE, PASSPHRASE]
    restored = user.run("identity", "restore", "--replace")
    assert restored.code == 0, restored.all
    assert OPEN in restored.all
    user.typed = []
    assert user.desk().unlock() == first
    assert [path.name for path in user.home.iterdir() if path.name.startswith(".new-")] == []


@two_disks
def test_a_desk_works_on_a_stick(world: World, stick: None) -> None:
    user = world.desk("anna")
    case = world.submit({"need": ("legal",)})
    for command in (["queue"], ["take", case], ["open", case], ["log"], ["give-back", case]):
        ran = user.run(*command)
        assert ran.code == 0, ran.all


@pytest.mark.usefixtures("stick")
def test_no_file_is_written_over_where_names_cannot_be_doubled(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create(IDENTITY, b"first")
    with pytest.raises(DeskError, match="exists already; nothing was changed"):
        home.create(IDENTITY, b"second")
    assert home.read(IDENTITY) == b"first"
    assert home.names(".") == [IDENTITY]


@pytest.mark.usefixtures("stick")
def test_of_two_that_make_an_identity_at_once_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes when the first has looked, and has not written yet."""
    home, link = Home(tmp_path / "home"), os.link

    def late(*names: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        home.create(IDENTITY, b"the other's")
        link(*names)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(DeskError, match="exists already"):
        home.create(IDENTITY, b"hers")
    assert home.read(IDENTITY) == b"the other's"


@pytest.mark.usefixtures("stick")
def test_a_stick_that_is_full_keeps_no_empty_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        patch.setattr(os, "replace", full)
        with pytest.raises(DeskError, match="The disk is full"):
            home.create(IDENTITY, b"hers")
    assert home.names(".") == []
    home.create(IDENTITY, b"hers")


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not everything that goes wrong is a thing that the disk never could."""
    home = Home(tmp_path / "home")
    home.write("a", b"")

    def broken(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(DeskError, match="cannot be used: Input/output error"):
        home.write("a", b"x")


def test_an_identity_on_a_disk_that_keeps_permissions_is_told_of_nothing(tmp_path: Path) -> None:
    user = DeskUser(tmp_path / "anna", Time())
    ran = user.run("identity", "new", "--name", "anna")
    assert ran.code == 0
    assert OPEN not in ran.all
    assert (user.home / IDENTITY).stat().st_mode & 0o777 == 0o600


def test_a_folder_of_somebody_else_is_not_taken_for_a_stick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "theirs"
    home.mkdir()
    home.chmod(0o777)
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    with pytest.raises(DeskError, match="belongs to another user of this machine"):
        Home(home).write("a", b"")


def test_the_order_in_which_a_file_comes_to_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are on the disk before its name is, and its name before the command goes on."""
    home, fsync, done = Home(tmp_path / "home"), os.fsync, list[tuple[str, bool]]()
    target = home.path / "a"

    def synced(handle: int) -> None:
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        done.append(("folder" if folder else "bytes", target.exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", synced)
    home.write("a", b"x")
    assert done == [("bytes", False), ("folder", True)]
