"""The inbox secret of a case: who holds it is the person, and may fetch, add and erase.

It stands in the buttons of the closing card and inside the return token, and nowhere else at the
server, which keeps only the id by which the case is found.
"""

from typing import Final, Self

from crypto.draft import DraftSecret
from crypto.kdf import derive
from crypto.secret import ButtonSecret

ID_BYTES: Final = 16


class InboxSecret(ButtonSecret):
    """32 bytes, derived from the draft secret of the interview that became the case.

    Derived, so that the closing card can be drawn again after a crash, from the button that was
    tapped and nothing stored.
    """

    __slots__ = ()

    @classmethod
    def of(cls, draft: DraftSecret) -> Self:
        return cls(derive(draft.key_material, "inbox"))

    @property
    def id(self) -> bytes:
        """16 bytes: what the case is found by. Says nothing about the secret."""
        return derive(self._bytes, "inbox id", ID_BYTES)
