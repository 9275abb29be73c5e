"""The inbox secret of a case: who holds it is the person, and may fetch, add and erase.

It stands in the buttons of the closing card and inside the return token, and nowhere else at the
server, which keeps only the id by which the case is found.
"""

import base64
import re
from typing import Final, Self

from crypto.draft import DraftSecret
from crypto.errors import BadFormat
from crypto.kdf import derive
from crypto.secret import Secret

ID_BYTES: Final = 16
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class InboxSecret(Secret):
    """32 bytes, derived from the draft secret of the interview that became the case.

    Derived, so that the closing card can be drawn again after a crash, from the button that was
    tapped and nothing stored.
    """

    __slots__ = ()

    @classmethod
    def of(cls, draft: DraftSecret) -> Self:
        return cls(derive(draft.key_material, "inbox"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the 43 characters in a button; `BadFormat` unless they are the canonical ones."""
        if not _TEXT.fullmatch(text):
            raise BadFormat("an inbox secret has 43 characters of base64url")
        secret = cls(base64.urlsafe_b64decode(text + "="))
        if secret.text != text:
            raise BadFormat("the last character of this inbox secret is not canonical")
        return secret

    @property
    def text(self) -> str:
        """43 characters of base64url without padding."""
        return base64.urlsafe_b64encode(self._bytes)[:-1].decode("ascii")

    @property
    def key_material(self) -> bytes:
        """The 32 bytes, for the return token."""
        return self._bytes

    @property
    def id(self) -> bytes:
        """16 bytes: what the case is found by. Says nothing about the secret."""
        return derive(self._bytes, "inbox id", ID_BYTES)
