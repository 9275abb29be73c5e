"""The counts' page, for those to whom the roster opens them; and who sees which page at all."""

from dataclasses import dataclass

from starlette.responses import Response

from desk.counts_export import as_csv
from desk.errors import DeskError
from desk.page.conversation import Asked, Work
from desk.page.count_report import Report, report
from desk.page.listing import MOMENT
from desk.page.pages import Pages
from desk.page.queue_page import QueuePage
from desk.page.session import Session
from desk.refusals import Offline
from intake.counts import Shown


@dataclass(frozen=True, slots=True)
class CountsPage:
    """The last counts stay with what is unlocked, for when the server cannot be reached."""

    session: Session
    pages: Pages

    def show(self, asked: Asked) -> Response:
        shown, stale, at = self._shown()
        return self.pages.page(
            "counts.html",
            {
                "here": "counts",
                "report": self._report(shown, asked),
                "stale": stale,
                "at": at,
            },
        )

    def file(self, _: Asked) -> Response:
        """The same as `tropa counts --csv`."""
        shown, _stale, _at = self._shown()
        headers = {"Content-Disposition": 'attachment; filename="tropa-counts.csv"'}
        text = as_csv(self.session.room.desk, shown)
        return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=headers)

    def _report(self, shown: Shown, asked: Asked) -> Report:
        room, chosen = self.session.room, asked.query.get("month", "")
        return report(shown, chosen, room.desk.language, room.form_in_use())

    def _shown(self) -> tuple[Shown, str, str]:
        """The counts; and why they are not the server's of now, and of when they are."""
        room = self.session.room
        try:
            room.casework  # noqa: B018 - raises where no roster is in force, and renews who she is
            shown = room.client.counts()
        except Offline as error:
            if room.counts is None:
                raise
            shown, at = room.counts
            return shown, room.desk.language.explain(error), at
        at = f"{room.desk.clock():{MOMENT}} UTC"
        room.counts = (shown, at)
        return shown, "", at


@dataclass(frozen=True, slots=True)
class Doors:
    """Whoever has no queue is shown none, and for her the server is not even asked for one."""

    session: Session
    queue: QueuePage
    counts: CountsPage

    @property
    def opens_queue(self) -> bool:
        me = self.session.room.me
        return me is None or me.opens_cases

    def first(self, asked: Asked) -> Response:
        """What the desk opens with."""
        me = self.session.room.me
        if not self.opens_queue and me is not None and me.opens_counts:
            return self.counts.show(asked)
        return self.of_queue(self.queue.show)(asked)

    def of_queue(self, work: Work) -> Work:
        def guarded(asked: Asked) -> Response:
            if not self.opens_queue:
                raise DeskError("Your role opens no cases: the queue is for volunteers and leads.")
            return work(asked)

        return guarded
