"""Counting as it happens.

A count is handed to storage together with what is counted, and written in the same transaction;
there a tally is opened for the instant of adding to it. Counting never stands in the way of a
person: a tally that cannot be opened is begun anew, and the operator is told.

A month that a new return key cuts through is put together at the start of the server: what is
taken back later must be in the tally that it is taken from.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
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
from storage.rows import Count, Together

log = logging.getLogger("tropa.counts")


@dataclass(frozen=True, slots=True)
class Counting:
    """Makes counts: what changes in the tally when something happens."""

    form: Form
    key: TallyKey
    random: Random = field(repr=False)
    older: tuple[TallyKey, ...] = ()

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
        """A tally under whichever key it was sealed. Raises `CryptoError`, `BadTally`."""
        *others, last = self.key, *self.older
        for key in others:
            with suppress(CryptoError):
                return Tally.from_bytes(key.open(month, sealed))
        return Tally.from_bytes(last.open(month, sealed))

    def together(self, month: str, rows: list[tuple[bytes, bytes]]) -> Together | None:
        """What keys of before sealed of a month, and this one, as one tally under this one.

        None where there is nothing of theirs, or where something does not open: it stays as it is,
        to be told when the month is released.
        """
        mine = {self.key.name, *(key.name for key in self.older)}
        ours = [(name, sealed) for name, sealed in rows if name in mine]
        if not any(name != self.key.name for name, _ in ours):
            return None
        tally = Tally()
        try:
            for _, sealed in ours:
                tally = tally.plus(self.opened(month, sealed))
        except (CryptoError, BadTally):
            return None
        sealed = self.key.seal(month, tally.to_bytes(), self.random)
        return Together(self.key.name, sealed, tuple(name for name, _ in ours))

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
