"""The folder of the server's credentials: made, rotated, pruned.

Every file is whole at every instant and on the disk when it is told of: it is written beside, then
takes its place in one step. Nothing that is there is lost but by a step that is asked for. Secrets
go from the random source to the file, and nowhere else.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NoReturn

from bot.keyring import BadKeys, ReturnKeys
from crypto.kdf import Random, draw
from intake.errors import TropaError

RETURN_KEY: Final = "return_key"
WEBHOOK_SECRET: Final = "webhook_secret"

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LONGEST: Final = 1 << 20


class CredentialsRefused(TropaError):
    """Nothing was changed; the text says why and what to do."""


def make(directory: Path, random: Random) -> None:
    """A folder with a return key and a webhook secret in it. Raises `CredentialsRefused`."""
    with _faults_of(directory):
        if not directory.exists():
            directory.mkdir(mode=0o700, parents=True)
            _settle_folder(directory.parent)
    with _opened(directory) as folder:
        folder.must_be_private()
        there = [name for name in (RETURN_KEY, WEBHOOK_SECRET) if folder.has(name)]
        if there:
            raise CredentialsRefused(_there_already(directory, there))
        # In this order: whoever has no webhook secret is told how to make it alone.
        folder.create(RETURN_KEY, ReturnKeys.of(draw(random)).to_text())
        folder.create(WEBHOOK_SECRET, _webhook_secret(random))


def rotate(directory: Path, random: Random, today: date) -> int:
    """A fresh return key before the ones that are there. Returns how many these are."""
    with _opened(directory) as folder:
        keys = folder.return_keys()
        folder.replace(RETURN_KEY, keys.after(draw(random), today).to_text())
        return len(keys.row)


def rotate_webhook(directory: Path, random: Random) -> None:
    """A fresh webhook secret in the place of the one that is there, if there is one."""
    with _opened(directory) as folder:
        fresh = _webhook_secret(random)
        if folder.has(WEBHOOK_SECRET):
            folder.replace(WEBHOOK_SECRET, fresh)
        else:
            folder.create(WEBHOOK_SECRET, fresh)


@contextmanager
def pruning(directory: Path) -> Iterator[tuple[ReturnKeys, Callable[[ReturnKeys], None]]]:
    """The return keys, and how to write fewer of them; nobody rotates them meanwhile."""
    with _opened(directory) as folder:
        yield (
            folder.return_keys(),
            lambda fewer: folder.replace(RETURN_KEY, fewer.to_text()),
        )


@dataclass(frozen=True, slots=True)
class _Folder:
    """The folder, open and locked."""

    path: Path
    fd: int

    def must_be_private(self) -> None:
        if os.fstat(self.fd).st_mode & _OTHERS:
            raise CredentialsRefused(
                f"{self.path} is open to other users of this machine. Close it first: "
                f"chmod 700 {self.path}"
            )

    def has(self, name: str) -> bool:
        try:
            os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def return_keys(self) -> ReturnKeys:
        path = self.path / RETURN_KEY
        try:
            return ReturnKeys.parse(self._read(RETURN_KEY))
        except FileNotFoundError:
            raise CredentialsRefused(
                f"{path} is not there. Make a new folder with: tropa-server credentials new DIR. "
                "If RETURN_KEY is set in another way, put that key into this file first."
            ) from None
        except (BadKeys, UnicodeDecodeError) as error:
            words = str(error) if isinstance(error, BadKeys) else "it is not a text file."
            raise CredentialsRefused(f"{path}: {words} Nothing was changed.") from None

    def create(self, name: str, text: str) -> None:
        """A file that was not there. Owned by whoever owns the folder: the server reads it."""
        owner = os.fstat(self.fd)
        beside = self._beside(name, text, owner.st_uid, owner.st_gid, 0o600)
        try:
            os.link(beside, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        except FileExistsError:
            raise CredentialsRefused(_there_already(self.path, [name])) from None
        finally:
            os.unlink(beside, dir_fd=self.fd)
        os.fsync(self.fd)

    def replace(self, name: str, text: str) -> None:
        """Another content for the same owner and readers, but for those who should be none."""
        before = os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        if not stat.S_ISREG(before.st_mode):
            self._refuse_strange(name)
        mode = 0o600 | stat.S_IMODE(before.st_mode) & 0o640
        beside = self._beside(name, text, before.st_uid, before.st_gid, mode)
        os.rename(beside, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        os.fsync(self.fd)

    def _beside(self, name: str, text: str, owner: int, group: int, mode: int) -> str:
        beside = f".{name}.new"
        with suppress(FileNotFoundError):  # of one that was killed
            os.unlink(beside, dir_fd=self.fd)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(beside, flags, 0o600, dir_fd=self.fd)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                if (owner, group) != (os.geteuid(), os.getegid()):
                    os.fchown(fd, owner, group)
                os.fchmod(fd, mode)
                file.write(text)
                file.flush()
                os.fsync(fd)
        except BaseException:
            # A full disk leaves no second copy of the keys that nobody knows of.
            os.unlink(beside, dir_fd=self.fd)
            raise
        return beside

    def _read(self, name: str) -> str:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(name, flags, dir_fd=self.fd)
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._refuse_strange(name)
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            self._refuse_strange(name)
        with os.fdopen(fd, "rb") as file:
            data = file.read(_LONGEST + 1)
        if len(data) > _LONGEST:  # what is not read would be lost with the file that is replaced
            raise CredentialsRefused(
                f"{self.path / name} is too large to hold keys. Nothing was changed."
            )
        return data.decode("utf-8-sig")

    def _refuse_strange(self, name: str) -> NoReturn:
        raise CredentialsRefused(
            f"{self.path / name} is a link, a folder or a device. Name the folder in which the "
            "file itself is. Nothing was changed."
        )


@contextmanager
def _opened(directory: Path) -> Iterator[_Folder]:
    with _faults_of(directory):
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CredentialsRefused(
                    f"Another command works in {directory} just now. Wait for its end."
                ) from None
            yield _Folder(directory, fd)
        finally:
            os.close(fd)


@contextmanager
def _faults_of(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CredentialsRefused(f"{directory}: {_words(error)}") from None


def _words(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such folder. Make one with: tropa-server credentials new DIR"
        case NotADirectoryError() | FileExistsError():
            return "is not a folder."
        case PermissionError():
            return "may not be read or written. Run this as the user who owns the folder."
        case _:
            return f"cannot be written ({os.strerror(error.errno or 0)}). Nothing was lost."


def _there_already(directory: Path, names: list[str]) -> str:
    files = " and ".join(str(directory / name) for name in names)
    missing = [name for name in (RETURN_KEY, WEBHOOK_SECRET) if name not in names]
    more = ""
    if missing == [WEBHOOK_SECRET]:
        command = f"tropa-server credentials rotate --webhook-secret {directory}"
        more = f" What is missing comes with: {command}"
    elif not missing:
        more = f" For a new return key: tropa-server credentials rotate {directory}"
    verb = "is" if len(names) == 1 else "are"
    return f"{files} {verb} there already. Nothing was overwritten and nothing was made.{more}"


def _webhook_secret(random: Random) -> str:
    return draw(random).hex() + "\n"


def _settle_folder(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
