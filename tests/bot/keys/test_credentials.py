"""The folder of credentials on a real disk: what is made, kept, refused, and survives a kill."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import pytest

from bot.credentials import CredentialsRefused, make, pruning, rotate, rotate_webhook
from bot.keyring import ReturnKeys

TODAY = date(2026, 11, 27)
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    directory = tmp_path / "credentials"
    make(directory, os.urandom)
    return directory


def keys_in(folder: Path) -> ReturnKeys:
    return ReturnKeys.parse((folder / "return_key").read_text())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_made_with_two_secrets_for_nobody_else(folder: Path) -> None:
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        "return_key": 0o600,
        "webhook_secret": 0o600,
    }
    assert mode(folder) == 0o700
    assert keys_in(folder).older == ()
    assert re.fullmatch(r"[0-9a-f]{64}\n", (folder / "webhook_secret").read_text())


def test_every_key_is_another(folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", os.urandom)
    rotate(folder, os.urandom, TODAY)
    found = {*keys_in(folder).older, keys_in(folder).current, keys_in(tmp_path / "other").current}
    assert len(found) == 3


def test_a_folder_that_is_there_is_taken_and_what_else_is_in_it_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "telegram_token").write_text("1:token")
    make(tmp_path, os.urandom)
    assert (tmp_path / "telegram_token").read_text() == "1:token"


@pytest.mark.parametrize(
    "there", [("return_key",), ("webhook_secret",), ("return_key", "webhook_secret")]
)
def test_nothing_is_overwritten_and_nothing_made_beside_it(
    tmp_path: Path, there: tuple[str, ...]
) -> None:
    tmp_path.chmod(0o700)
    for name in there:
        (tmp_path / name).write_text("mine")
    with pytest.raises(CredentialsRefused, match="Nothing was overwritten") as refused:
        make(tmp_path, os.urandom)
    assert files(tmp_path) == dict.fromkeys(there, b"mine")
    assert all(str(tmp_path / name) in str(refused.value) for name in there)
    assert "mine" not in str(refused.value)


def test_a_link_that_leads_nowhere_is_not_overwritten_either(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "return_key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CredentialsRefused, match="there already"):
        make(tmp_path, os.urandom)
    assert not (tmp_path / "elsewhere").exists()


def test_no_secret_is_made_in_a_folder_that_others_may_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(CredentialsRefused, match=f"chmod 700 {tmp_path}"):
        make(tmp_path, os.urandom)
    assert files(tmp_path) == {}


def test_a_new_return_key_goes_first_and_says_when_the_other_ended(folder: Path) -> None:
    before = keys_in(folder)
    assert rotate(folder, os.urandom, TODAY) == 1
    assert rotate(folder, os.urandom, date(2027, 1, 1)) == 2
    after = keys_in(folder)
    assert after.older[-1] == before.current
    assert [key.until for key in after.row] == [None, date(2027, 1, 1), TODAY]
    assert mode(folder / "return_key") == 0o600
    assert sorted(files(folder)) == ["return_key", "webhook_secret"]


def test_the_other_secret_is_renewed_alone(folder: Path) -> None:
    before = files(folder)
    rotate_webhook(folder, os.urandom)
    after = files(folder)
    assert after["return_key"] == before["return_key"]
    assert after["webhook_secret"] != before["webhook_secret"]
    (folder / "webhook_secret").unlink()
    rotate_webhook(folder, os.urandom)
    assert mode(folder / "webhook_secret") == 0o600


@pytest.mark.parametrize("content", [b"x\n", b"\xff\xfe", b""])
def test_a_file_that_holds_no_keys_is_left_as_it_is(folder: Path, content: bytes) -> None:
    (folder / "return_key").write_bytes(content)
    with pytest.raises(CredentialsRefused, match="Nothing was changed"):
        rotate(folder, os.urandom, TODAY)
    assert (folder / "return_key").read_bytes() == content


def test_a_file_that_is_too_large_loses_nothing(folder: Path) -> None:
    """Of a file that was read in part, the part alone was written back."""
    with (folder / "return_key").open("a") as file:
        file.write("# of before\n" * 100_000)
    before = files(folder)
    with pytest.raises(CredentialsRefused, match="too large"):
        rotate(folder, os.urandom, TODAY)
    assert files(folder) == before


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_told_and_not_waited_for(
    folder: Path, put: Callable[[Path], None]
) -> None:
    (folder / "return_key").unlink()
    put(folder / "return_key")
    with pytest.raises(CredentialsRefused, match="a link, a folder or a device"):
        rotate(folder, os.urandom, TODAY)


def test_what_is_said_of_a_key_may_be_in_any_letters(folder: Path) -> None:
    file = folder / "return_key"
    file.write_text(f"\N{BYTE ORDER MARK}# сейф\n{file.read_text().strip()}  # ключ Анны\n")
    assert rotate(folder, os.urandom, TODAY) == 1
    _, safe, second = file.read_text().splitlines()
    assert safe == "# сейф"
    assert second.endswith(f"  # until {TODAY}; ключ Анны")
    with pruning(folder) as (keys, write):
        write(keys)
    assert len(keys_in(folder).row) == 2


FULL = """
import os, resource, signal, sys
from datetime import date
from pathlib import Path
from bot.credentials import CredentialsRefused, rotate

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))
try:
    rotate(Path(sys.argv[1]), os.urandom, date(2026, 11, 27))
except CredentialsRefused as error:
    print(error, end="")
"""
"""A disk on which one key has room, and two have not."""


def test_where_the_disk_is_full_no_copy_of_the_keys_is_left_beside(folder: Path) -> None:
    before = files(folder)
    command = [sys.executable, "-c", FULL, str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "cannot be written" in said
    assert files(folder) == before


def test_a_link_is_not_replaced_by_a_file(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    (folder / "return_key").rename(real)
    (folder / "return_key").symlink_to(real)
    before = real.read_bytes()
    with pytest.raises(CredentialsRefused, match="is a link"):
        rotate(folder, os.urandom, TODAY)
    assert (folder / "return_key").is_symlink()
    assert real.read_bytes() == before


@pytest.mark.parametrize("what", ["missing", "file", "empty"])
def test_a_folder_without_credentials_is_told(tmp_path: Path, what: str) -> None:
    directory = tmp_path / "directory"
    if what == "file":
        directory.write_text("")
    elif what == "empty":
        directory.mkdir(mode=0o700)
    with pytest.raises(CredentialsRefused, match=str(directory)):
        rotate(directory, os.urandom, TODAY)


def test_two_commands_do_not_work_in_one_folder_at_once(folder: Path) -> None:
    with pruning(folder), pytest.raises(CredentialsRefused, match="Another command"):
        rotate(folder, os.urandom, TODAY)
    assert rotate(folder, os.urandom, TODAY) == 1


def test_who_may_read_the_file_may_read_the_new_one_and_strangers_may_not(folder: Path) -> None:
    (folder / "return_key").chmod(0o644)
    if os.geteuid() == 0:  # the operator is root, and the server is not
        os.chown(folder, NOBODY, NOBODY)
        os.chown(folder / "return_key", NOBODY, NOBODY)
        (folder / "webhook_secret").unlink()
    owner = folder.stat().st_uid
    rotate(folder, os.urandom, TODAY)
    rotate_webhook(folder, os.urandom)
    assert mode(folder / "return_key") == 0o640
    assert {(folder / name).stat().st_uid for name in files(folder)} == {owner}


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root may read everything: as nobody, for a moment."""
    root = os.geteuid() == 0
    if root:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
            os.setegid(0)


def test_a_folder_that_may_not_be_entered_is_told_and_not_changed(folder: Path) -> None:
    before = files(folder)
    folder.chmod(0)
    with somebody_else(), pytest.raises(CredentialsRefused, match="may not be read or written"):
        rotate(folder, os.urandom, TODAY)
    folder.chmod(0o700)
    assert files(folder) == before


KILLED = """
import os, sys
from datetime import date
from pathlib import Path
from bot import credentials
from bot.keyring import ReturnKeys

left = int(sys.argv[3])

def counted(name):
    really = getattr(os, name)
    def step(*given, **more):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return really(*given, **more)
    setattr(os, name, step)

for name in ("open", "fchmod", "fsync", "link", "rename", "unlink", "close"):
    counted(name)

folder = Path(sys.argv[2])
match sys.argv[1]:
    case "new":
        credentials.make(folder, os.urandom)
    case "rotate":
        credentials.rotate(folder, os.urandom, date(2026, 11, 27))
    case "prune":
        with credentials.pruning(folder) as (keys, write):
            write(keys.without(keys.older))
print("done", end="")
"""
"""A process that dies before the n-th call that touches the disk."""


def killed(act: str, folder: Path, after: int) -> bool:
    """Whether it came to its end instead."""
    command = [sys.executable, "-c", KILLED, act, str(folder), str(after)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 9), done.stderr
    return done.stdout == "done"


@pytest.mark.parametrize("act", ["rotate", "prune"])
def test_killed_at_any_step_the_old_file_is_there_or_the_new_one(folder: Path, act: str) -> None:
    steps = 0
    while True:
        rotate(folder, os.urandom, TODAY)
        before = keys_in(folder)
        ended = killed(act, folder, steps)
        after = keys_in(folder)
        assert after == before or (
            after.older == (before.current, *before.older)
            if act == "rotate"
            else after == ReturnKeys.of(before.current)
        )
        assert mode(folder / "return_key") == 0o600
        if ended:
            break
        steps += 1
    assert steps > 5
    assert rotate(folder, os.urandom, TODAY) == len(keys_in(folder).row) - 1
    assert sorted(files(folder)) == ["return_key", "webhook_secret"]


def test_killed_while_it_is_made_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    for steps in range(100):
        folder = tmp_path / f"{steps}"
        ended = killed("new", folder, steps)
        there = set(files(folder)) if folder.exists() else set()
        assert not folder.exists() or mode(folder) == 0o700
        if "return_key" in there:
            assert keys_in(folder).older == ()
        if ended:
            return
        # Whoever tries again is told what to do, or it is done.
        with suppress(CredentialsRefused):
            make(folder, os.urandom)
        if not (folder / "webhook_secret").exists():
            rotate_webhook(folder, os.urandom)
        assert keys_in(folder).older == ()
        assert re.fullmatch(r"[0-9a-f]{64}\n", (folder / "webhook_secret").read_text())
    raise AssertionError("it does not come to its end")
