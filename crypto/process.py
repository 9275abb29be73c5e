"""Keeps the memory of this process: from the disk and from its neighbours, and for its own use.

Swap is the operator's affair: see the guide. Nothing here survives an attacker who is root.
"""

import ctypes
import os
import sys
from contextlib import suppress
from typing import Final

_PR_SET_DUMPABLE: Final = 4

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
"""As `malloc.h` of glibc names them."""


def lock_down() -> None:
    """No core files, no ptrace or /proc/self/mem for other processes, no files others may read.

    Called once, first thing in the process. Raises `OSError` when the system refuses: better
    not to start than to leave memory in a file. Threads and children inherit all but dumpability,
    which an `exec` resets.
    """
    os.umask(0o077)
    if sys.platform == "win32":
        return
    import resource

    # Hard limit too: nothing in this process can raise it again.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _not_dumpable()


def _not_dumpable() -> None:
    """A core limit does not bind a core_pattern that pipes to a program; this flag does."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the system refused to make this process undumpable")


def keep_memory(most: int) -> None:
    """Up to `most` bytes that were let go of stay here for the next use.

    Handed back to the system and asked for again, zeroed each time, the megabytes of a page of
    cases would cost more than all that is done with them beside the cryptography. glibc alone can
    be told so; elsewhere it costs what it costs.
    """
    with suppress(OSError, AttributeError):
        tell = ctypes.CDLL(None).mallopt
        for what in (_MMAP_THRESHOLD, _TRIM_THRESHOLD):
            tell(what, most)
