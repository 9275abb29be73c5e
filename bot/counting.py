"""Counting as it happens.

A count is handed to storage together with what is counted, and written in the same transaction;
there a tally is opened for the instant of adding to it. Counting never stands in the way of a
person: a tally that cannot be opened is begun anew, and the operator is told.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from crypto.errors import CryptoError
from crypto.kdf import Random
from crypto.tally import TallyKey
from intake.answers import Answers
from intake.case import CaseHeader
from intake.counting import (
    BadTally,
    Cell,
    Tally,
    kept_for_later,
    month_of,
    of_answers,
    of_closing,
    of_first_answer,
    of_kept,
    of_request,
)
from intake.questions import Form
from intake.records import Outcome
from storage.rows import Count

log = logging.getLogger("tropa.counts")


@dataclass(frozen=True, slots=True)
class Counting:
    """Makes counts: what changes in the tally when something happens."""

    form: Form
    key: TallyKey
    random: Random = field(repr=False)

    def request(self, answers: Answers, header: CaseHeader, now: datetime) -> Count:
        """A request that is sent."""
        cells = of_request(self.form, answers, header, now.date())
        return self._count(month_of(now), cells)

    def early(self, answers: Answers, now: datetime) -> tuple[str, ...]:
        """What the draft of a request that is sent early keeps, for `rest`."""
        return kept_for_later(month_of(now), of_answers(self.form, answers, now.date()))

    def rest(self, kept: tuple[str, ...], answers: Answers, now: datetime) -> Count | None:
        """The other answers to a request sent early, in the place of what was counted then."""
        if not kept:
            return None
        month, before = of_kept(self.form, kept)
        return self._count(month, of_answers(self.form, answers, now.date()), before, only=True)

    def first_answer(self, now: datetime) -> Callable[[CaseHeader], Count]:
        """The first answer to the case whose header will be given."""
        return lambda header: self._count(month_of(now), of_first_answer(header, now))

    def closing(self, outcome: Outcome, now: datetime) -> Count:
        """A case that is closed for the first time."""
        return self._count(month_of(now), of_closing(outcome))

    def opened(self, month: str, sealed: bytes) -> Tally:
        """Raises `CryptoError`, `BadTally`."""
        return Tally.from_bytes(self.key.open(month, sealed))

    def _count(
        self, month: str, more: Iterable[Cell], less: Iterable[Cell] = (), *, only: bool = False
    ) -> Count:
        def change(really: str, sealed: bytes | None) -> bytes:
            tally = self._so_far(really, sealed).with_(more, less)
            return self.key.seal(really, tally.to_bytes(), self.random)

        return Count(month, self.key.name, change, only)

    def _so_far(self, month: str, sealed: bytes | None) -> Tally:
        if sealed is None:
            return Tally()
        try:
            return self.opened(month, sealed)
        except (CryptoError, BadTally):
            log.error("the counts of %s are damaged on the disk; they begin anew", month)
            return Tally()
