"""Sealed drafts and the cases they become: `handlers.ports.Drafts` on cryptography and storage.

The key of a case lives inside `_new_case` and nowhere else: it is made, wrapped for the members
the routing selects, and let go. From then on this process can add to the case but not read it.
"""

from datetime import timedelta
from typing import Final

from bot.cases import CaseMaker
from crypto.draft import DraftSecret, open_draft, seal_draft
from crypto.errors import CryptoError
from crypto.inbox import InboxSecret
from crypto.kdf import Random
from handlers.ports import Sent, Stored, Submission
from intake.clock import Clock
from intake.draft import BadDraft, Draft, mark_sent
from storage.cases import Cases
from storage.drafts import Drafts
from storage.errors import UnknownCase
from storage.rows import DraftRow

LIFE: Final = timedelta(hours=24)
"""How long an unfinished interview is kept after the last tap."""

_SENT: Final = b"sent "
"""Opens the body of a tombstone. A draft's is JSON and opens with a brace."""


class SealedDrafts:
    """Opens a draft for one step and seals the next; keeps nothing in the clear in between."""

    def __init__(
        self, drafts: Drafts, cases: Cases, maker: CaseMaker, clock: Clock, random: Random
    ) -> None:
        self._drafts = drafts
        self._cases = cases
        self._maker = maker
        self._clock = clock
        self._random = random

    def new_secret(self) -> str:
        return DraftSecret.new(self._random).text

    async def open(self, secret: str) -> Stored | Sent | None:
        """See `handlers.ports.Drafts.open`."""
        key = _parsed(secret)
        row = await self._drafts.get(key.id) if key else None
        if key is None or row is None or row.expires <= self._clock():
            return None
        try:
            body = open_draft(key, row.revision, row.sealed)
            if body.startswith(_SENT):
                return Sent(body.removeprefix(_SENT).decode(), InboxSecret.of(key).text)
            return Stored(Draft.from_bytes(body), row.revision)
        except (CryptoError, BadDraft):
            return None  # damaged on the disk: the person begins again, nothing else is possible

    async def save(self, secret: str, draft: Draft, expected: int | None) -> Stored | None:
        """See `handlers.ports.Drafts.save`."""
        key = _parsed(secret)
        if key is None:
            return None  # nobody's secret: an altered key, under which nothing is kept
        row = self._row(key, (expected or 0) + 1, draft.to_bytes())
        return Stored(draft, row.revision) if await self._drafts.put(row, expected) else None

    async def submit(self, submission: Submission) -> Sent | Stored | None:
        """See `handlers.ports.Drafts.submit`."""
        if submission.draft.case is not None:
            return await self._add(submission)
        key = DraftSecret.parse(submission.secret)
        case = self._maker.make(submission, InboxSecret.of(key))
        goes_on = mark_sent(submission.draft, case.header.id.hex()) if submission.early else None
        row = self._after(key, submission, goes_on)
        if not await self._cases.submit(row, submission.expected, case):
            return None
        if goes_on is not None:
            return Stored(goes_on, row.revision)
        return Sent(submission.draft.language, InboxSecret.of(key).text)

    async def erase(self, secret: str) -> None:
        """See `handlers.ports.Drafts.erase`."""
        key = _parsed(secret)
        if key is not None:
            await self._cases.erase_draft_and_inbox(key.id, InboxSecret.of(key).id)

    async def erase_case(self, inbox: str) -> bool:
        """See `handlers.ports.Drafts.erase_case`."""
        try:
            return await self._cases.erase_inbox(InboxSecret.parse(inbox).id)
        except CryptoError:
            return False

    async def _add(self, submission: Submission) -> Sent | None:
        """The answers that followed an early send, as one more record of the same case."""
        key = DraftSecret.parse(submission.secret)
        row = self._after(key, submission, None)
        case_id = bytes.fromhex(submission.draft.case or "")
        sent = Sent(submission.draft.language, InboxSecret.of(key).text)
        try:
            sealing = await self._cases.sealing(case_id)
            kind, seal = self._maker.addition(case_id, sealing, submission.draft)
            done = await self._cases.append_with_draft(
                row, submission.expected, case_id, kind, seal
            )
        except UnknownCase:  # erased meanwhile: there is nothing to add to, and nothing is kept
            await self._drafts.delete(key.id)
            return sent
        return sent if done else None

    def _after(self, key: DraftSecret, submission: Submission, goes_on: Draft | None) -> DraftRow:
        """The row that takes the draft's place: the draft that goes on, or a tombstone."""
        body = goes_on.to_bytes() if goes_on else _SENT + submission.draft.language.encode()
        return self._row(key, submission.expected + 1, body)

    def _row(self, key: DraftSecret, revision: int, body: bytes) -> DraftRow:
        sealed = seal_draft(key, revision, body, self._random)
        return DraftRow(key.id, revision, self._clock() + LIFE, sealed)


def _parsed(secret: str) -> DraftSecret | None:
    try:
        return DraftSecret.parse(secret)
    except CryptoError:
        return None
