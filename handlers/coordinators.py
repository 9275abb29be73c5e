"""What `/counts` is answered with, in a chat of a member's."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from handlers import count_cards as cards
from handlers.charts import Draw
from handlers.handing import Handed
from handlers.layout import Pen
from handlers.ports import Card, Picture
from handlers.texts import Texts
from intake.counts import Shown
from intake.figures import Reader
from intake.roster import Member


class Coordinators:
    """`shown` gives what may be shown now; `texts` are those of the counts; `ends` when the roster
    does, where that is near."""

    def __init__(
        self,
        shown: Callable[[], Awaitable[Shown]],
        texts: Texts,
        draw: Draw,
        ends: Callable[[], datetime | None],
    ) -> None:
        self._shown = shown
        self._ends = ends
        self._texts = texts
        self._draw = draw

    async def answer(self, pen: Pen, member: Member) -> Card | Handed:
        """May raise `LineClosed` and `StorageUnavailable`."""
        if not member.opens_counts:
            return cards.not_hers(pen)
        shown, ends = await self._shown(), self._ends()
        reader = Reader(self._texts.say(pen.language), pen.language)
        if not shown.releases:
            return cards.nothing_yet(pen, shown, reader, ends)
        chart, legend = cards.chart(shown, reader), cards.legend(shown, reader)

        async def picture() -> Picture | None:
            made = await self._draw(chart)
            return None if made is None else Picture(made, legend)

        return Handed(
            cards.told(pen, shown, reader, ends, charted=True),
            picture,
            cards.told(pen, shown, reader, ends, charted=False),
        )
