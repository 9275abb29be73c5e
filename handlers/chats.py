"""What the running process remembers of a chat: where the card is and which secret it stands for.

Memory only, bounded, and never written anywhere: a table that ties a chat to a draft is what
must not exist. After a restart it is empty; the buttons of the card carry all that is needed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from handlers.buttons import Press

HIDE_AFTER: Final = timedelta(minutes=15)
"""A card that nobody touches for this long hides itself."""

FORGET_AFTER: Final = timedelta(minutes=30)
"""How long a secret stays in memory after the last touch."""

MOST_CHATS: Final = 50_000


@dataclass(slots=True)
class Chat:
    """One private chat. `card` is the id of the one living message, `secret` opens what it shows.

    `revision` is that of the card's keys (see `handlers.layout.INBOX`). `showing` is the plain
    card that is drawn, None for the interview's own; `asleep` that the secret was forgotten while
    the card still holds it: nothing may be drawn over such a card unasked.
    `doubtful`: a card was sent and no answer came, so it may be there without being known.
    `drawing` counts the cards drawn, so that a late one never covers a newer one.
    """

    id: int
    touched: datetime
    card: int | None = None
    secret: str | None = None
    revision: int = 0
    showing: Press | None = None
    asleep: bool = False
    language: str = ""
    hidden: bool = False
    doubtful: bool = False
    drawing: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __repr__(self) -> str:  # neither the chat's id nor its secret belongs in a log
        return "Chat()"


class Chats:
    """The chats of this process, the least recently touched first."""

    def __init__(self, most: int = MOST_CHATS) -> None:
        self._most = most
        self._chats: OrderedDict[int, Chat] = OrderedDict()

    def __len__(self) -> int:
        return len(self._chats)

    def touch(self, chat_id: int, now: datetime) -> Chat:
        """The chat, made if need be; it counts as touched now."""
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = self._chats[chat_id] = Chat(chat_id, now)
            self._shed()
        chat.touched = now
        self._chats.move_to_end(chat_id)
        return chat

    def forget(self, chat_id: int) -> None:
        self._chats.pop(chat_id, None)

    def untouched(self, now: datetime) -> list[Chat]:
        """Chats whose card has stood open for too long."""
        return [
            chat
            for chat in self._until(now - HIDE_AFTER)
            if chat.card is not None and not chat.hidden
        ]

    def is_untouched(self, chat: Chat, now: datetime) -> bool:
        return chat.card is not None and chat.touched <= now - HIDE_AFTER

    def forget_secrets(self, now: datetime) -> None:
        """Drop the secrets of chats that have been still for long; where the card is stays known,
        so that a new card can replace it."""
        for chat in self._until(now - FORGET_AFTER):
            if chat.secret is not None:
                chat.secret, chat.asleep = None, True

    def _until(self, moment: datetime) -> Iterator[Chat]:
        for chat in list(self._chats.values()):
            if chat.touched > moment:
                return
            yield chat

    def _shed(self) -> None:
        while len(self._chats) > self._most:
            oldest = next(iter(self._chats.values()))
            if oldest.lock.locked():
                return
            del self._chats[oldest.id]
