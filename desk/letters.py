"""Answers that are still being written, kept sealed in the desk's folder, one for each case.

The key comes from the identity's seed and the case, so that nothing but the identity opens them:
neither the server nor a colleague who can open the case. They are gone with the case's file.
Beside one may stand the number under which it was being sent when the line broke: with it the
desk finds out whether it arrived.
"""

from contextlib import suppress

from crypto.draft import DraftSecret, open_draft, seal_draft
from crypto.errors import NotOpened
from crypto.identity import Identity
from crypto.kdf import Random, derive
from desk.errors import DeskError
from desk.home import Home

FOLDER = "letters"
_SUFFIX = ".sealed"
_TRIED = ".tried"
_REVISION = 0
"""There is one file, replaced whole; nothing counts what it was before."""


class Letters:
    """Texts by case id, 32 hex digits."""

    def __init__(self, home: Home, identity: Identity, random: Random) -> None:
        self._home = home
        self._seed = identity.seed
        self._random = random

    def load(self, case: str) -> str:
        """What was written so far, or nothing; `DeskError` if it does not open."""
        data = self._home.read(_name(case))
        if data is None:
            return ""
        try:
            return open_draft(self._secret(case), _REVISION, data).decode()
        except (NotOpened, UnicodeDecodeError):
            raise DeskError(
                "The unfinished answer to case {case} was damaged and cannot be read.",
                case=case[:8],
            ) from None

    def save(self, case: str, text: str) -> None:
        """Keep the text; an empty one leaves nothing behind."""
        if not text.strip():
            self._home.remove(_name(case))
            return
        sealed = seal_draft(self._secret(case), _REVISION, text.encode(), self._random)
        self._home.write(_name(case), sealed)

    def sent(self, case: str, text: str) -> None:
        """It arrived; an answer that is another one, and not finished, stays."""
        self.gave_up(case)
        with suppress(DeskError):
            if self.load(case).replace("\r\n", "\n").strip() == text:
                self._home.remove(_name(case))

    def trying(self, case: str, number: int) -> None:
        """It is being sent as the record of this number, and nobody knows yet whether it arrives.

        A number that stands there stays: what was tried before may be under that one.
        """
        if self.tried(case) is None:
            self._home.write(f"{FOLDER}/{case}{_TRIED}", str(number).encode())

    def tried(self, case: str) -> int | None:
        """The number under which something was sent that may or may not have arrived."""
        data = self._home.read(f"{FOLDER}/{case}{_TRIED}") or b""
        return int(data) if data.isdigit() else None

    def gave_up(self, case: str) -> None:
        """The server said no, or yes: nothing is in doubt."""
        self._home.remove(f"{FOLDER}/{case}{_TRIED}")

    def _secret(self, case: str) -> DraftSecret:
        return DraftSecret(derive(self._seed, f"unfinished answer {case}"))


def drop(home: Home, case: str) -> None:
    """Forget what was written on a case; needs no key."""
    home.remove(_name(case))
    home.remove(f"{FOLDER}/{case}{_TRIED}")


def _name(case: str) -> str:
    return f"{FOLDER}/{case}{_SUFFIX}"
