"""Return tokens: the way from a case back to a chat, made for the case and read with a reply.

Beside the case a token lies sealed to the case: of itself the server cannot find the chat.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from crypto.errors import CryptoError
from crypto.inbox import InboxSecret
from crypto.kdf import Random
from crypto.sealing import Context, seal_record
from crypto.token import ReturnToken, open_token, seal_token
from intake.case import CaseHeader
from intake.records import TOKEN


@dataclass(frozen=True, slots=True)
class Tokens:
    """Made and read with the return key, which no desk and no database has.

    What a key of before made is read as well: a case keeps its token until a line is sent.
    """

    return_key: bytes = field(repr=False)
    random: Random
    older: tuple[bytes, ...] = field(default=(), repr=False)

    def seal(
        self, header: CaseHeader, public_key: bytes, inbox: InboxSecret, chat: int, message: int
    ) -> bytes:
        """A token for the card `message`, sealed to its case, as the row of the case takes it."""
        token = self.make(header, inbox, chat, message)
        context = Context(header.id, 0, TOKEN, header.form, header.epoch)
        return seal_record(public_key, context, token).data

    def make(self, header: CaseHeader, inbox: InboxSecret, chat: int, message: int) -> bytes:
        """The same as a desk opens it, and as it lies beside a reply that waits."""
        token = ReturnToken(chat, message, inbox.key_material, header.id)
        return seal_token(self.return_key, token, self.random)

    def open(self, token: bytes) -> ReturnToken | None:
        """What a desk handed over; None for anything that was not made here."""
        for key in (self.return_key, *self.older):
            with suppress(CryptoError):
                return open_token(key, token)
        return None
