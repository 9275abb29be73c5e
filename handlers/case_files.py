"""The file of a case for one member: what the queue answers with, and what a chat is sent."""

from dataclasses import replace
from datetime import datetime

from handlers.stored import Stored
from intake.case import CaseHeader, State
from intake.shapes import encoded
from intake.wire import CaseFile, Header, ReplyState, SealedPart


def case_file(stored: Stored, key_id: str, now: datetime, *, lead: bool) -> CaseFile:
    """The case as it is now for the member with this key id; a `lead` is told who holds it."""
    header = as_of(stored.header, now)
    return CaseFile(
        header=Header.of(header, key_id, lead=lead, records=len(stored.records)),
        public_key=encoded(stored.public_key),
        records=tuple(
            SealedPart(number=part.number, kind=part.kind, sealed=encoded(part.sealed))
            for part in stored.records
        ),
        wrap=encoded(stored.wrap),
        token=None if stored.token is None else encoded(stored.token),
        # Sorted: the order of rows says nothing, and need not be told.
        openers=tuple(sorted(stored.openers)),
        replies=tuple(
            ReplyState.model_validate({"number": reply.number, "state": str(reply.state)})
            for reply in stored.replies
        ),
    )


def as_of(header: CaseHeader, now: datetime) -> CaseHeader:
    """A lease that has ended is no lease, also for the one who had it."""
    until = header.leased_until
    if header.state is State.TAKEN and until is not None and until <= now:
        return replace(header, state=State.WAITING, holder=None, leased_until=None)
    return header
