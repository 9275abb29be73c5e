"""The desk's folder: only ciphertext, public keys and lists, readable by their owner alone.

Nothing that was opened is ever written here or anywhere else. Files appear whole or not at all.
"""

import errno
import os
import tempfile
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
        write_file(target, data)
        return target

    def create(self, name: str, data: bytes) -> Path:
        """Write a file that must not exist yet; the caller has looked, this closes the gap."""
        if (self.path / name).exists():
            raise DeskError("{path} exists already; nothing was changed.", path=self.path / name)
        return self.write(name, data)

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


def write_file(path: Path, data: bytes) -> None:
    """Write beside it, flush, rename: a power cut leaves the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # made with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise explain(error, path) from None


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
