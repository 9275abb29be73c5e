"""How often a code may be tried: a few times in one chat, then slower; and so often by everybody.

Memory only, and bounded. What a code opens is not known here, and a typing slip is never counted:
it costs nothing. See docs/threat-model.md for what guessing costs with the database in hand.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FREE: Final = 3
"""Wrong codes of one chat before it has to wait."""

FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)

FORGIVEN_AFTER: Final = timedelta(days=1)
"""A chat without a wrong code for so long begins anew."""

FOR_ALL: Final = 20
MINUTE: Final = timedelta(minutes=1)
"""No more than so many tries a minute, whoever makes them: each costs a fifth of a second of a
processor and 64 MiB for that long."""

AT_ONCE: Final = 2
MOMENT: Final = timedelta(seconds=3)
"""Whoever finds so many tries under way is told to come again in a moment: no queue of them may
stand before whoever sends a case, which costs as much."""

CODES: Final = 5
HOUR: Final = timedelta(hours=1)
"""New codes that one chat may ask for in so long: each costs what a try does."""

MOST_CHATS: Final = 50_000

_NONE: Final = timedelta(0)


@dataclass(slots=True)
class _Record:
    wrong: int
    last: datetime

    @property
    def until(self) -> datetime:
        if self.wrong < FREE:
            return self.last
        doublings: int = min(self.wrong - FREE, 20)
        return self.last + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


class Guessing:
    """Wrong codes of this process, those tried longest ago first."""

    def __init__(self, most: int = MOST_CHATS) -> None:
        self._most = most
        self._records: OrderedDict[int, _Record] = OrderedDict()
        self._tries: deque[datetime] = deque()
        self._under_way: set[int] = set()
        self._made: OrderedDict[int, deque[datetime]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def wait(self, chat: int, now: datetime) -> timedelta:
        """How long until this chat may try a code; zero for now."""
        record = self._records.get(chat)
        own = record.until - now if record is not None else _NONE
        while self._tries and self._tries[0] <= now - MINUTE:
            self._tries.popleft()
        crowd = self._tries[0] + MINUTE - now if len(self._tries) >= FOR_ALL else _NONE
        busy = MOMENT if chat in self._under_way or len(self._under_way) >= AT_ONCE else _NONE
        return max(own, crowd, busy, _NONE)

    def trying(self, chat: int, now: datetime) -> None:
        """A code is tried from now on, and nobody knows yet whether it is right."""
        self._tries.append(now)
        self._under_way.add(chat)

    def tried(self, chat: int) -> None:
        self._under_way.discard(chat)

    def making(self, chat: int, now: datetime) -> timedelta:
        """How long until this chat may ask for a new code; zero: now, and it counts as made."""
        made = self._made.setdefault(chat, deque())
        self._made.move_to_end(chat)
        while len(self._made) > self._most:
            self._made.popitem(last=False)
        while made and made[0] <= now - HOUR:
            made.popleft()
        if len(made) >= CODES:
            return made[0] + HOUR - now
        made.append(now)
        return _NONE

    def wrong(self, chat: int, now: datetime) -> None:
        """It led nowhere. A right code takes nothing of that back: whoever has one of his own could
        begin anew with it as often as he likes."""
        self._forgive(now)
        record = self._records.pop(chat, None) or _Record(0, now)
        record.wrong, record.last = record.wrong + 1, now
        self._records[chat] = record
        while len(self._records) > self._most:
            self._records.popitem(last=False)

    def _forgive(self, now: datetime) -> None:
        while self._records:
            chat, record = next(iter(self._records.items()))
            if record.last > now - FORGIVEN_AFTER:
                return
            del self._records[chat]
