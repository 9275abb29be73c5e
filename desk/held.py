"""The sealed case files that this desk holds: found by the beginning of their id, or by path."""

from collections.abc import Iterable
from pathlib import Path

from desk.errors import DeskError
from desk.home import Home, read_file
from intake.shapes import Unreadable
from intake.wire import CaseFile

FOLDER = "cases"
_SUFFIX = ".json"


class Held:
    """Sealed files by case id, 32 hex digits."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def ids(self) -> list[str]:
        names = self._home.names(FOLDER)
        return [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]

    def keep(self, case: CaseFile) -> Path:
        name, data = f"{FOLDER}/{case.header.id}{_SUFFIX}", case.to_bytes()
        if self._home.read(name) == data:
            # An open page looks every minute: nothing new is not worth waiting for the disk.
            return self._home.path / name
        return self._home.write(name, data)

    def drop(self, case: str) -> None:
        self._home.remove(f"{FOLDER}/{case}{_SUFFIX}")

    def find(self, argument: str) -> CaseFile:
        """The case that begins with `argument`, or the case file of that name."""
        path = Path(argument)
        if path.suffix == _SUFFIX or "/" in argument:
            return CaseFile.from_bytes(read_file(path))
        return self.load(pick(argument, self.ids(), here=True))

    def look(self, case: str) -> CaseFile | None:
        """The file of this case, where there is one that can be read."""
        try:
            return self.load(case) if case in self.ids() else None
        except (DeskError, Unreadable):
            return None

    def load(self, case: str) -> CaseFile:
        return CaseFile.from_bytes(read_file(self._home.path / FOLDER / f"{case}{_SUFFIX}"))


def pick(beginning: str, ids: Iterable[str], *, here: bool) -> str:
    """The one id that begins so; `here` says where it was looked for."""
    found = [one for one in ids if one.startswith(beginning.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise DeskError(
            "{n} cases begin with {beginning}: write a digit more.",
            n=len(found),
            beginning=beginning,
        )
    if here:
        raise DeskError(
            "This desk holds no case {beginning}. What it holds: tropa cases. "
            "What waits: tropa queue.",
            beginning=beginning,
        )
    raise DeskError(
        "The queue has no case {beginning} for you. See: tropa queue", beginning=beginning
    )
