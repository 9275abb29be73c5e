"""Sealed drafts and the cases they become: `handlers.ports.Drafts` on cryptography and storage.

The key of a case lives inside `_new_case` and nowhere else: it is made, wrapped for the members
the routing selects, and let go. From then on this process can add to the case but not read it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from bot.cases import CaseMaker
from bot.locks import Locks
from crypto.draft import DraftSecret, open_draft, seal_draft
from crypto.errors import CryptoError
from crypto.inbox import InboxSecret
from crypto.kdf import Random
from crypto.receipt import ReceiptCode
from handlers.ports import Sent, Stored, Submission
from intake.clock import Clock
from intake.draft import BadDraft, Draft
from storage.cases import Cases
from storage.drafts import Drafts
from storage.errors import UnknownCase
from storage.inboxes import Inboxes
from storage.rows import DraftRow

LIFE: Final = timedelta(hours=24)
"""How long an unfinished interview is kept after the last tap."""

_SENT: Final = b"sent "
"""Opens the body of a tombstone. A draft's is JSON and opens with a brace."""


CameIn = Callable[[], None]
"""Called once something that came in is committed: somebody may be waiting to be told."""


def to_nobody() -> None:
    """Where nobody waits."""


class SealedDrafts:
    """Opens a draft for one step and seals the next; keeps nothing in the clear in between."""

    def __init__(
        self,
        drafts: Drafts,
        cases: Cases,
        inboxes: Inboxes,
        maker: CaseMaker,
        locks: Locks,
        clock: Clock,
        random: Random,
        came_in: CameIn = to_nobody,
    ) -> None:
        self._drafts = drafts
        self._cases = cases
        self._inboxes = inboxes
        self._maker = maker
        self._locks = locks
        self._clock = clock
        self._random = random
        self._came_in = came_in

    def new_secret(self) -> str:
        return DraftSecret.new(self._random).text

    async def open(self, secret: str) -> Stored | Sent | None:
        """See `handlers.ports.Drafts.open`."""
        key = _parsed(secret)
        if key is None:
            return None
        row = await self._drafts.get(key.id)
        if row is None or row.expires <= self._clock():
            return await self._long_ago(InboxSecret.of(key))
        try:
            body = open_draft(key, row.revision, row.sealed)
            if body.startswith(_SENT):
                return await self._sent(body.removeprefix(_SENT).decode(), InboxSecret.of(key))
            draft = Draft.from_bytes(body)
            inbox = InboxSecret.of(key).text if draft.case is not None else None
            return Stored(draft, row.revision, inbox)
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
        inbox = InboxSecret.of(key)
        code, lock = await self._locks.returning(inbox)
        case = self._maker.make(submission, inbox, [lock, self._locks.decoy(inbox)])
        early = submission.early
        goes_on = self._maker.goes_on(submission.draft, case.header.id) if early else None
        row = self._after(key, submission, goes_on)
        if not await self._cases.submit(row, submission.expected, case):
            return None
        self._came_in()
        if goes_on is not None:
            return Stored(goes_on, row.revision)
        return Sent(submission.draft.language, inbox.text, code.text)

    async def erase(self, secret: str) -> None:
        """See `handlers.ports.Drafts.erase`."""
        key = _parsed(secret)
        if key is not None:
            inbox = InboxSecret.of(key)
            day = self._clock().date()
            await self._cases.erase_draft_and_inbox(key.id, inbox.id, day)
            await self._drafts.delete(inbox.letter_secret.id)

    async def _add(self, submission: Submission) -> Sent | None:
        """The answers that followed an early send, as one more record of the same case.

        When the person may be written to is what stood on the review: it may have been answered
        since, or taken back.
        """
        key = DraftSecret.parse(submission.secret)
        row = self._after(key, submission, None)
        case_id = bytes.fromhex(submission.draft.case or "")
        try:
            kind, seal = self._maker.addition(case_id, submission.draft)
            contact = self._maker.contact(submission.draft)
            counted = self._maker.rest(submission.draft)
            done = await self._cases.append_with_draft(
                row, submission.expected, case_id, kind, seal, contact, counted
            )
        except UnknownCase:  # erased meanwhile: there is nothing to add to, and nothing is kept
            await self._drafts.delete(key.id)
            return Sent(submission.draft.language, InboxSecret.of(key).text)
        return await self._sent(submission.draft.language, InboxSecret.of(key)) if done else None

    async def _sent(self, language: str, inbox: InboxSecret) -> Sent:
        """With the code that came with the case, as long as it opens anything: a later one took
        its place, or the case is gone."""
        case = await self._inboxes.get(inbox.id)
        code = ReceiptCode.derive(inbox, "")
        opens = case is not None and code.locator in [lock.locator for lock in case.locks]
        return Sent(language, inbox.text, code.text if opens else None)

    async def _long_ago(self, inbox: InboxSecret) -> Sent | None:
        """Nothing is left of the draft, but a card of then still leads to the case it became."""
        case = await self._inboxes.get(inbox.id)
        return None if case is None else Sent(case.header.language, inbox.text)

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
