"""From answers to a sealed case: triage, routing, and the one moment in which a case key exists.

Pure but for the randomness passed in; storing what comes out is the caller's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.counting import Counting
from bot.tokens import Tokens
from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret
from crypto.kdf import Random
from crypto.sealing import CaseKey, Context, key_id, seal_record, wrap_case_key
from handlers.ports import Submission
from intake.case import CaseHeader, ContactRule, to_the_hour
from intake.clock import Clock
from intake.draft import Draft, mark_sent
from intake.errors import LineClosed
from intake.questions import Form
from intake.records import ANSWERS, INTAKE, AnswersRecord
from intake.roster import Roster
from intake.routing import contact_rule, recipients, route
from intake.triage import triage
from storage.cases import Seal
from storage.rows import Count, Lock, NewCase, Record, Sealing

CASE_ID_BYTES: Final = 16

NOBODY: Final = (
    "Nobody on the roster takes cases. Add a volunteer or a lead to it and have it signed."
)


@dataclass(frozen=True, slots=True)
class CaseMaker:
    """Makes cases for the roster that is in force when it is asked.

    `roster` raises `intake.errors.LineClosed` when there is none.
    """

    form: Form
    counting: Counting
    roster: Callable[[], Roster]
    return_key: bytes = field(repr=False)
    clock: Clock
    random: Random

    def make(
        self, submission: Submission, inbox: InboxSecret, locks: Sequence[Lock] = ()
    ) -> NewCase:
        """The case, sealed and wrapped; its private key is gone when this returns."""
        roster, draft = self.roster(), submission.draft
        header = self._header(draft, roster)
        key = CaseKey.new(self.random)
        record = AnswersRecord(self.form.digest, draft.language, draft.answers, inbox.public)
        context = Context(header.id, 0, INTAKE, header.form, header.epoch)
        tokens = Tokens(self.return_key, self.random)
        return NewCase(
            header=header,
            public_key=key.public,
            inbox=inbox.id,
            records=[Record(0, INTAKE, seal_record(key.public, context, record.to_bytes()).data)],
            wraps=self._wraps(key, header, roster, submission),
            token=tokens.seal(header, key.public, inbox, submission.chat, submission.card),
            place=inbox.place(submission.chat),
            origin=inbox.seal_origin(DraftSecret.parse(submission.secret).id),
            locks=locks,
            counted=self.counting.request(draft.answers, header, self.clock()),
        )

    def goes_on(self, draft: Draft, case_id: bytes) -> Draft:
        """The draft of a request that was sent early, with what its rest will be counted by."""
        counted = self.counting.early(draft.answers, self.clock())
        return mark_sent(draft, case_id.hex(), counted)

    def rest(self, draft: Draft) -> Count | None:
        """What the rest of the answers after an early send counts in."""
        return self.counting.rest(draft.counted, draft.answers, self.clock())

    def contact(self, draft: Draft) -> ContactRule:
        """When the person may be written to first, by these answers."""
        return contact_rule(self.form, draft.answers, self.clock())

    def addition(self, case_id: bytes, draft: Draft) -> tuple[str, Seal]:
        """The kind of a further record of answers, and how to seal it into the case."""
        plaintext = AnswersRecord(self.form.digest, draft.language, draft.answers).to_bytes()

        def seal(sealing: Sealing, number: int) -> bytes:
            context = Context(case_id, number, ANSWERS, sealing.form, sealing.epoch)
            return seal_record(sealing.public_key, context, plaintext).data

        return ANSWERS, seal

    def _header(self, draft: Draft, roster: Roster) -> CaseHeader:
        now = self.clock()
        urgency = triage(self.form, draft.answers, now)
        needs = route(self.form, draft.answers, draft.language, now)
        received = to_the_hour(now)
        return CaseHeader(
            id=self.random(CASE_ID_BYTES),
            language=draft.language,
            level=urgency.level,
            skills=needs.skills,
            country=needs.country,
            contact=self.contact(draft),
            received=received,
            promised_by=received + urgency.promised,
            form=self.form.digest,
            epoch=roster.epoch,
        )

    def _wraps(
        self, key: CaseKey, header: CaseHeader, roster: Roster, submission: Submission
    ) -> dict[str, bytes]:
        draft = submission.draft
        now = self.clock()
        needs = route(self.form, draft.answers, draft.language, now)
        chosen = recipients(roster.current(now), needs, early=submission.early)
        if not any(member.opens_cases for member in chosen):
            raise LineClosed(NOBODY)  # rather than seal what nobody would ever take
        publics = [member.sealing_key for member in chosen]
        return {
            key_id(public): wrap_case_key(key, public, header.id, header.epoch).data
            for public in publics
        }
