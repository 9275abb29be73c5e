"""Putting a file in another's place, so that after any crash one of the two is there, whole."""

import os
from contextlib import suppress
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file at `path`; raises OSError, and then it is as it was.

    A link keeps leading where it does, and the file may be read by whoever could before.
    """
    path = path.resolve()
    fresh = path.with_name(f".{path.name}.new")
    mode = 0o644
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode & 0o777
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
