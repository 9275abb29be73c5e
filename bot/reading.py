"""Reading a file that a setting names, and saying in plain words why it cannot be read.

A pipe without a writer would hold the server up for ever, a device has no end: neither is waited
for. Nor is more read than the file could rightly hold.
"""

import errno
import os
import stat
from pathlib import Path


class NoFile(OSError):
    """What stands there is a pipe, a socket or a device."""


class TooLarge(OSError):
    """It holds more than anything that could rightly stand there."""


def read_file(path: Path, most: int) -> bytes:
    """The content of a file of at most so many bytes. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(fd, "rb", closefd=True) as file:
        must_be_a_file(os.fstat(fd))
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(errno.EFBIG, os.strerror(errno.EFBIG))
    return data


def must_be_a_file(found: os.stat_result) -> None:
    """Raises OSError where it is none."""
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise NoFile(errno.ENODEV, os.strerror(errno.ENODEV))


def why(error: OSError) -> str:
    """The end of a sentence about a file; names no path, which may be somebody else's business."""
    match error:
        case NoFile():
            return "it is a pipe or a device, and no file"
        case TooLarge():
            return "it is far too large"
        case FileNotFoundError():
            return "it is not there"
        case IsADirectoryError():
            return "it is a folder"
        case NotADirectoryError():
            return "it is no folder"
        case PermissionError():
            return "the user who runs Tropa may not do that"
        case _ if error.errno == errno.ELOOP:
            return "its links lead in a circle"
        case _ if error.errno == errno.EBUSY:
            return "another server is just replacing it"
        case _:
            return os.strerror(error.errno) if error.errno else type(error).__name__
