"""The desk's folder: only ciphertext, public keys and lists, readable by their owner alone.

Nothing that was opened is ever written here or anywhere else. Files appear whole or not at all.
"""

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from desk.errors import DeskError

SMALL: Final = 1 << 20
"""Bytes that no key, card, organisation or passphrase has: its file is another one."""

LARGE: Final = 64 << 20
"""Bytes that nothing has which a server answers."""

_NEVER: Final = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
)
"""What a disk says of that which it can do with no file: FAT, exFAT, some disks of a network."""

_HANDED: Final = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""Names of what the command was given open: `<(pass show tropa)` in a shell."""


class Home:
    """Files by name, relative to the folder; the folder appears with the first one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, most: int = LARGE) -> bytes | None:
        """None when there is no such file. A link that leads nowhere is a file: what it stands for
        is on a disk that is not here now."""
        path = self.path / name
        return read_file(path, most) if os.path.lexists(path) else None

    def write(self, name: str, data: bytes) -> Path:
        """Replace the file, durably; returns where it is."""
        target = self.path / name
        try:
            _folder(self.path)
            _folder(target.parent)
        except OSError as error:
            raise explain(error, target) from None
        # Her file may lie elsewhere, on a stick: it is that one which is replaced, not the link. A
        # link that leads back to itself leads to no file, and goes.
        write_file(Path(os.path.realpath(target)) if target.is_symlink() else target, data)
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


def read_file(path: Path, most: int = LARGE) -> bytes:
    """The bytes of a file that somebody named; `DeskError` if it cannot be read.

    Never waits: a pipe to which nobody writes, or a device, would be waited for without a word,
    and some devices do something when they are opened. What is larger than `most` is not read.
    """
    try:
        _must_be_file(path, path.stat())
        # Not waiting, in case it was exchanged since.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            _must_be_file(path, os.fstat(handle))
            os.set_blocking(handle, True)  # for the command that writes into a pipe it was handed
            data = file.read(most + 1)
    except OSError as error:
        raise explain(error, path) from None
    if len(data) > most:
        raise DeskError(
            "{path} is larger than {n} kB: it is another file than the one that is meant, or it is "
            "damaged.",
            path=path,
            n=most // 1024,
        )
    return data


def _must_be_file(path: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "")
    handed = stat.S_ISFIFO(found.st_mode) and str(path).startswith(_HANDED)
    if not (stat.S_ISREG(found.st_mode) or handed):
        raise DeskError(
            "{path} is no file but a pipe, a device or the like. Name an ordinary file.", path=path
        )


def write_file(path: Path, data: bytes, settle: Callable[[str, Path], object] = os.replace) -> None:
    """Write beside it, flush, rename: a power cut leaves the old file or the new one; and the new
    one, once this has returned."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # made with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            settle(name, path)
            _settled(path.parent)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise explain(error, path) from None


def create_file(path: Path, data: bytes) -> None:
    """The same for a file that must not exist yet, whoever else writes one at the same time."""
    write_file(path, data, _take_place)


def _settled(folder: Path) -> None:
    """The names in it are on the disk, as far as the disk can be asked for that."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NEVER:
            raise


def _take_place(made: str, path: Path) -> None:
    """The name, where it is free."""
    try:
        try:
            os.link(made, path)
        except FileExistsError:
            raise
        except OSError:
            # A disk whose files have one name only. Whoever makes the empty file has the place,
            # and nobody else takes it.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            try:
                Path(made).replace(path)
            except BaseException:
                path.unlink()
                raise
            return
    except FileExistsError:
        raise DeskError("{path} exists already; nothing was changed.", path=path) from None
    Path(made).unlink()


def _folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_open_to_others(path):
        return
    if os.geteuid() not in (0, path.stat().st_uid):
        raise DeskError(
            "The folder {path} belongs to another user of this machine, who could read and "
            "exchange what lies there. Set TROPA_HOME to a folder of your own.",
            path=path,
        )
    try:
        path.chmod(0o700)
    except OSError as error:  # a disk that keeps none: told where it matters
        if error.errno not in _NEVER:
            raise


def is_open_to_others(path: Path) -> bool:
    """Whether others who use this machine may read it: always, on a disk that keeps no
    permissions."""
    return bool(path.stat().st_mode & 0o077)


def explain(error: OSError, path: Path) -> DeskError:
    """The sentence for a fault of the file system."""
    if error.errno == errno.ELOOP:
        return DeskError("{path} is a link that leads back to itself, and to no file.", path=path)
    if error.errno == errno.ENOENT and path.is_symlink():
        return DeskError(
            "{path} is a link to {target}, and nothing is there. If that is on a stick or another "
            "disk, plug it in.",
            path=path,
            target=os.path.realpath(path),
        )
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
