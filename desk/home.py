"""The desk's folder: only ciphertext, public keys and lists, readable by their owner alone.

Nothing that was opened is ever written here or anywhere else. Files appear whole or not at all.
"""

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from desk.errors import DeskError


class Home:
    """Files by name, relative to the folder; the folder appears with the first one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes | None:
        """None when there is no such file."""
        return read_file(self.path / name) if (self.path / name).exists() else None

    def write(self, name: str, data: bytes) -> Path:
        """Replace the file, durably; returns where it is."""
        target = self.path / name
        try:
            _folder(self.path)
            _folder(target.parent)
        except OSError as error:
            raise explain(error, target) from None
        # Her file may lie elsewhere, on a stick: it is that one which is replaced, not the link.
        write_file(target.resolve() if target.is_symlink() else target, data)
        return target

    def create(self, name: str, data: bytes) -> Path:
        """Write a file that must not exist yet, whoever else writes one at the same time. A link
        that leads nowhere is one too: what it stands for is on a disk that is not here now."""
        target = self.path / name
        try:
            _folder(self.path)
        except OSError as error:
            raise explain(error, target) from None
        create_file(target, data)
        return target

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, sorted."""
        inside = self.path / folder
        return sorted(entry.name for entry in inside.iterdir()) if inside.is_dir() else []

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


def read_file(path: Path) -> bytes:
    """The bytes of a file that somebody named; `DeskError` if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise explain(error, path) from None


def write_file(path: Path, data: bytes, settle: Callable[[str, Path], object] = os.replace) -> None:
    """Write beside it, flush, rename: a power cut leaves the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # made with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            settle(name, path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise explain(error, path) from None


def create_file(path: Path, data: bytes) -> None:
    """The same for a file that must not exist yet, whoever else writes one at the same time."""
    write_file(path, data, _take_place)


def _take_place(made: str, path: Path) -> None:
    """The name, where it is free."""
    try:
        try:
            os.link(made, path)
        except FileExistsError:
            raise
        except OSError:  # a stick whose file system has no second names
            if os.path.lexists(path):
                raise FileExistsError from None
            Path(made).replace(path)
            return
    except FileExistsError:
        raise DeskError("{path} exists already; nothing was changed.", path=path) from None
    Path(made).unlink()


def _folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)


def explain(error: OSError, path: Path) -> DeskError:
    """The sentence for a fault of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DeskError("The disk is full: {path} was not written. Free some space.", path=path)
    if error.errno == errno.ENOENT and not path.absolute().parent.is_dir():
        return DeskError("There is no folder {path}.", path=path.parent)
    if error.errno == errno.ENOENT:
        return DeskError("There is no file {path}.", path=path)
    if error.errno == errno.EISDIR:
        return DeskError("{path} is a folder, not a file.", path=path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DeskError("{path} may not be read or written by this user.", path=path)
    return DeskError("{path} cannot be used: {why}.", path=path, why=error.strerror or "?")
