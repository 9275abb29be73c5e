"""Putting a file in another's place, so that after any crash one of the two is there, whole.

Several servers may share one file. What is to take its place is written under one name beside it,
locked from before the file is looked at until it is replaced: so nobody writes into what another
writes, and nobody puts an older one over a newer one that he did not see. The lock goes with the
process; what a killed one left under that name, the next one writes over, or removes at its start.
"""

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from bot.reading import NoFile, must_be_a_file

HELD: Final = 10.0
"""Seconds that another may take for replacing the file."""

_LOOK: Final = 0.02
_FRESH: Final = 0o644


class Replacing:
    """The file at `path`, which nobody else who asks here replaces before `let_go`."""

    def __init__(self, path: Path, patience: float = HELD) -> None:
        """Waits for others. Raises OSError. A link keeps leading where it does."""
        self._path = Path(os.path.realpath(path))
        self._beside = _beside(self._path)
        self._mode = _FRESH
        with suppress(FileNotFoundError):
            # Of links that lead in a circle, this is what tells.
            found = self._path.stat()
            must_be_a_file(found)
            self._mode = stat.S_IMODE(found.st_mode) & 0o777  # read by whoever could before
        self._file = os.fdopen(_locked(self._beside, patience), "r+b", buffering=0)
        self._done = False

    def put(self, data: bytes) -> None:
        """Replace it. Raises OSError; then the file is as it was."""
        fd = self._file.fileno()
        self._file.truncate(0)  # of one that was killed
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) or 0 :]
        os.fchmod(fd, self._mode)
        os.fsync(fd)
        self._beside.replace(self._path)
        self._done = True
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def let_go(self) -> None:
        """The end; leaves nothing beside the file."""
        if not self._done:
            with suppress(OSError):
                self._beside.unlink()
        self._file.close()


def remove_left(path: Path) -> None:
    """Remove what a killed process left beside the file, unless somebody just writes there."""
    with suppress(OSError):
        if _beside(Path(os.path.realpath(path))).exists():
            Replacing(path, 0).let_go()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _locked(beside: Path, patience: float) -> int:
    """A descriptor of the file of this name, made if need be, and locked."""
    end = time.monotonic() + patience
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    while True:
        fd = os.open(beside, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise NoFile(errno.ENODEV, os.strerror(errno.ENODEV))
            with suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _stands(beside, fd):
                    return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # another has it, or put it in its place or took it away since it was opened
        if time.monotonic() >= end:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        time.sleep(_LOOK)


def _stands(beside: Path, fd: int) -> bool:
    """Whether the name still leads to what is locked."""
    try:
        return os.path.samestat(beside.stat(follow_symlinks=False), os.fstat(fd))
    except FileNotFoundError:
        return False
