"""Whether files with secrets can be read by other users of the machine."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_ACL: Final = "system.posix_acl_access"


def exposed(places: Iterable[Path]) -> list[str]:
    """A sentence for each file or folder that is open to others; what is not there is left out."""
    return [words for place in places if (words := _exposed(place))]


def _exposed(place: Path) -> str:
    try:
        found = place.stat()
    except OSError:
        return ""  # it could not be read, which was told before
    others = bool(found.st_mode & stat.S_IRWXO)
    group = bool(found.st_mode & stat.S_IRWXG) and not _meant(place, found)
    if not others and not group:
        return ""
    mode = "700" if stat.S_ISDIR(found.st_mode) else "600"
    whom = "every user" if others else "a group"
    return f"{place} is open to {whom} of this machine. Close it: chmod {mode} {place}"


def _meant(place: Path, found: os.stat_result) -> bool:
    """Whether the group is this server's way to a file of somebody else's; or the bits are no
    group's at all, but the bounds of an access list, as systemd makes one for the server's user."""
    if found.st_uid != os.geteuid() and found.st_gid == os.getegid():
        return True
    try:
        return bool(os.getxattr(place, _ACL))
    except (OSError, AttributeError):
        return False
