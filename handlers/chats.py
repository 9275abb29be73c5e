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

from handlers.buttons import Press, Verb
from handlers.ports import Card

HIDE_AFTER: Final = timedelta(minutes=15)
"""A card that nobody touches for this long hides itself."""

FORGET_AFTER: Final = timedelta(minutes=30)
"""How long a secret stays in memory after the last touch."""

MOST_CHATS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A card to be drawn; `asked`: the person did something just now that it answers."""

    card: Card
    asked: bool


@dataclass(frozen=True, slots=True)
class Slip:
    """A code as it stands on the card until the person wrote it down; `verb` is what it came of."""

    verb: Verb
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class News:
    """Replies that the card has told of, and since when it stood there with them."""

    replies: frozenset[int]
    since: datetime

    def covers(self, replies: frozenset[int]) -> bool:
        return replies <= self.replies


@dataclass(slots=True)
class Chat:
    """One private chat. `card` is the id of the one living message, `secret` opens what it shows.

    `revision` is that of the card's keys (see `handlers.layout.INBOX`). `showing` is the plain
    card that is drawn, None for the interview's own; `asleep` that the secret was forgotten while
    the card still holds it: nothing may be drawn over such a card unasked.
    `slip`: a code that is shown and not written down yet; `news`: replies that came while the inbox
    was open; `announced`: the message that stands for
    this chat in the case's return token, as far as this process knows.
    `doubtful`: a card was sent and no answer came, so it may be there without being known.

    The painter's share: `wanted` is the card that is still to be drawn, `anew` whether at the end
    of the chat, `unwanted` the messages still to be removed, `beside` those that are to go when
    another card takes the place of the one that is there, `expects` the update for which something
    is still to come below it, `sweep` the last id of a stretch in which
    something of ours may be left.
    """

    id: int
    touched: datetime
    card: int | None = None
    secret: str | None = None
    revision: int = 0
    showing: Press | None = None
    asleep: bool = False
    slip: Slip | None = None
    news: News | None = None
    announced: int | None = None
    language: str = ""
    hidden: bool = False
    doubtful: bool = False
    wanted: Wanted | None = None
    anew: bool = False
    unwanted: set[int] = field(default_factory=set)
    beside: set[int] = field(default_factory=set)
    expects: int | None = None
    sweep: int | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __repr__(self) -> str:  # neither the chat's id nor its secret belongs in a log
        return "Chat()"

    def reset(self) -> None:
        """The chat is gone for us, blocked or deleted; its lock stays, for whoever waits for it."""
        self.card = self.secret = self.showing = self.wanted = self.sweep = None
        self.slip = self.news = self.announced = self.expects = None
        self.revision, self.hidden, self.asleep, self.anew = 0, False, False, False
        self.unwanted.clear()
        self.beside.clear()


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

    def known(self, chat_id: int) -> Chat | None:
        """The chat, if this process remembers it; nothing counts as touched."""
        return self._chats.get(chat_id)

    def forget(self, chat_id: int) -> None:
        chat = self._chats.get(chat_id)
        if chat is not None:
            chat.reset()

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
            if chat.secret is not None and (chat.hidden or chat.card is None):
                chat.secret, chat.asleep = None, True
                chat.news = chat.announced = None

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
