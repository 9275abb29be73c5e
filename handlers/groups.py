"""Groups: whoever writes to the line where others read along is told to write privately.

Nothing else ever happens in a group, and not more than one hint a minute.
"""

from datetime import datetime, timedelta
from typing import Final

from handlers.boundary import InGroup
from handlers.layout import card, text
from handlers.ports import Busy, Messenger, Unreachable
from handlers.texts import Texts, mark
from intake.clock import Clock

EVERY: Final = timedelta(minutes=1)
MOST_GROUPS: Final = 1000

_HINT: Final = mark("Please write to me privately: here everybody can read along.")


class Groups:
    """Remembers, in memory, when it last spoke in a group."""

    def __init__(self, messenger: Messenger, texts: Texts, clock: Clock) -> None:
        self._messenger = messenger
        self._texts = texts
        self._clock = clock
        self._spoke: dict[int, datetime] = {}

    async def hint(self, event: InGroup) -> None:
        now = self._clock()
        last = self._spoke.get(event.chat)
        if last is not None and now - last < EVERY:
            return
        if len(self._spoke) >= MOST_GROUPS:
            self._spoke.clear()
        self._spoke[event.chat] = now
        say = self._texts.say(event.language)
        try:
            await self._messenger.send(event.chat, card([text(say(_HINT))], []))
        except (Busy, Unreachable):
            return
