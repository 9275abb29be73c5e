"""The person's side of the cases: `handlers.ports.Inboxes` on cryptography and storage.

Everything opens with the inbox secret that a key or a code brings, for one step, and is let go. No
part of this can open a record of the case: what the person adds is sealed to it and is then gone
from here.
"""

import json
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from bot.drafts import LIFE, CameIn, to_nobody
from bot.locks import Locks
from bot.tokens import Tokens
from crypto.draft import open_draft, seal_draft
from crypto.errors import BadFormat, CryptoError
from crypto.inbox import ID_BYTES, InboxSecret, open_letter
from crypto.kdf import Random
from crypto.receipt import ReceiptCode
from crypto.sealing import Context, SealedRecord, seal_record
from handlers.ports import ERASED, Composed, Erased, Inbox, Standing
from intake.case import CaseHeader, ContactRule, Level, State, Turn, to_the_hour
from intake.clock import Clock
from intake.draft import SEEN
from intake.questions import Form
from intake.records import LETTER, LONGEST, MESSAGE, Letter, Message
from intake.shapes import Unreadable
from storage.drafts import Drafts
from storage.errors import UnknownCase
from storage.inboxes import Inboxes
from storage.rows import DraftRow, InboxRow, ReplyRow, ReplyState, Sealing

MOST_LOCKS: Final = 4
"""How many cases may share a locator and all be tried: of ten thousand, two do by chance."""


@dataclass(frozen=True, slots=True)
class SealedInboxes:
    """The inboxes of all cases; remembers nothing of any."""

    inboxes: Inboxes
    drafts: Drafts
    form: Form
    tokens: Tokens
    locks: Locks
    clock: Clock
    random: Random
    came_in: CameIn = to_nobody

    async def look(self, secret: str, chat: int) -> Inbox | None:
        """See `handlers.ports.Inboxes.look`."""
        inbox, case = await self._case(secret)
        if inbox is None or case is None:
            return None
        return Inbox(
            language=case.header.language,
            standing=_standing(case.header, self.clock()),
            replies=tuple(reply.number for reply in case.replies),
            unread=tuple(r.number for r in case.replies if r.state is not ReplyState.READ),
            here=case.place == inbox.place(chat),
            contact=case.header.contact,
            unfinished=bool((await self._composed(inbox)).text),
        )

    async def letter(self, secret: str, number: int) -> Letter | None:
        """See `handlers.ports.Inboxes.letter`."""
        inbox, case = await self._case(secret)
        if inbox is None or case is None:
            return None
        reply = next((reply for reply in case.replies if reply.number == number), None)
        letter = None if reply is None else _opened(inbox, case.header, reply)
        if reply is None or letter is None:
            return None
        if reply.state is not ReplyState.READ:
            await _found(self.inboxes.mark_read(inbox.id, number))
        return letter

    def reads(self, text: str) -> bool:
        """See `handlers.ports.Inboxes.reads`."""
        try:
            ReceiptCode.parse(text)
        except BadFormat:
            return False
        return True

    async def enter(self, code: str) -> str | Erased | None:
        """See `handlers.ports.Inboxes.enter`."""
        try:
            read = ReceiptCode.parse(code)
        except BadFormat:
            return None
        found = await self.inboxes.find_locks(read.locator)
        if not found:
            await self.locks.tried_in_vain(read)
        for inbox_id, lock in found[:MOST_LOCKS]:
            held = await self.locks.tried(read, lock)
            if held is None:
                continue
            # A lock that lies beside another case than its own opens nothing there.
            if held.secret is not None and held.secret.id == inbox_id:
                return held.secret.text
            if held.erases is not None and held.erases.inbox == inbox_id:
                drafts = (held.erases.letter, held.erases.draft)
                await self.inboxes.erase(inbox_id, *drafts, day=self.clock().date())
                return ERASED
        return None

    async def issue(self, secret: str, nonce: str, *, erase: bool) -> str | None:
        """See `handlers.ports.Inboxes.issue`."""
        inbox, case = await self._case(secret)
        code = _code(inbox, nonce, erase)
        if inbox is None or case is None or code is None:
            return None
        if _stands(code, case):
            return code.text  # the same tap again
        if erase:
            _, lock = await self.locks.erasing(inbox, nonce, _origin(inbox, case))
        else:
            _, lock = await self.locks.returning(inbox, nonce)
        return code.text if await _found(self.inboxes.put_lock(inbox.id, lock)) else None

    async def standing_code(self, secret: str, nonce: str, *, erase: bool) -> str | None:
        """See `handlers.ports.Inboxes.standing_code`."""
        inbox, case = await self._case(secret)
        code = _code(inbox, nonce, erase)
        return code.text if case is not None and code is not None and _stands(code, case) else None

    async def compose(self, secret: str) -> Composed:
        """See `handlers.ports.Inboxes.compose`."""
        inbox = _parsed(secret)
        return Composed() if inbox is None else await self._composed(inbox)

    async def save_text(
        self, secret: str, text: str, update: int | None, expected: int
    ) -> Composed | None:
        """See `handlers.ports.Inboxes.save_text`."""
        inbox, case = await self._case(secret)
        if inbox is None or case is None:
            return None
        before = await self._composed(inbox)
        if before.revision != expected:
            return None
        seen = before.seen if update is None else (*before.seen, update)[-SEEN:]
        after = replace(before, text=text, revision=expected + 1, seen=seen)
        row = self._row(inbox, after)
        try:
            done = await self.inboxes.keep_text(inbox.id, row, expected or None)
        except UnknownCase:  # erased meanwhile, from another chat
            return None
        return after if done else None

    async def send_text(self, secret: str, expected: int) -> bool:
        """See `handlers.ports.Inboxes.send_text`."""
        inbox, case = await self._case(secret)
        if inbox is None or case is None:
            return False
        before, now = await self._composed(inbox), self.clock()
        if before.revision != expected or not 0 < len(before.text) <= LONGEST:
            return False
        header, targets = case.header, self.form.urgency.targets
        message = Message(language=header.language, at=to_the_hour(now), text=before.text)

        def seal(sealing: Sealing, number: int) -> bytes:
            context = Context(header.id, number, MESSAGE, sealing.form, sealing.epoch)
            return seal_record(sealing.public_key, context, message.to_bytes()).data

        def promised_by(level: Level) -> datetime:
            return to_the_hour(now) + targets[level]

        row = self._row(inbox, replace(before, text="", revision=expected + 1, sent=expected))
        try:
            sent = await self.inboxes.write(inbox.id, row.id, expected, seal, now, promised_by, row)
        except UnknownCase:
            return False
        if sent:
            self.came_in()
        return sent

    async def set_contact(self, secret: str, rule: ContactRule) -> bool:
        """See `handlers.ports.Inboxes.set_contact`."""
        inbox = _parsed(secret)
        return inbox is not None and await _found(self.inboxes.set_contact(inbox.id, rule))

    async def announce(self, secret: str, chat: int, message: int, *, stays: bool = False) -> bool:
        """See `handlers.ports.Inboxes.announce`."""
        inbox, case = await self._case(secret)
        if inbox is None or case is None:
            return False
        token = partial(token_for, self.tokens, case.header, inbox, chat, message)
        opened, place = self.tokens.make(case.header, inbox, chat, message), inbox.place(chat)
        return await _found(self.inboxes.set_place(inbox.id, token, place, opened, stays=stays))

    async def erase(self, secret: str) -> bool:
        """See `handlers.ports.Inboxes.erase`."""
        inbox, case = await self._case(secret)
        if inbox is None:
            return False
        drafts = [inbox.letter_secret.id, *([_origin(inbox, case)] if case is not None else [])]
        return await self.inboxes.erase(inbox.id, *drafts, day=self.clock().date())

    async def _case(self, secret: str) -> tuple[InboxSecret | None, InboxRow | None]:
        inbox = _parsed(secret)
        return inbox, None if inbox is None else await self.inboxes.get(inbox.id)

    async def _composed(self, inbox: InboxSecret) -> Composed:
        """A damaged one counts as empty, at its revision: the next text takes its place."""
        secret = inbox.letter_secret
        row = await self.drafts.get(secret.id)
        if row is None:
            return Composed()
        try:
            return _read(open_draft(secret, row.revision, row.sealed), row.revision)
        except CryptoError:
            return Composed(revision=row.revision)

    def _row(self, inbox: InboxSecret, composed: Composed) -> DraftRow:
        table = {"t": composed.text, "s": composed.seen, "p": composed.sent}
        body = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
        secret, revision = inbox.letter_secret, composed.revision
        sealed = seal_draft(secret, revision, body, self.random)
        return DraftRow(secret.id, revision, self.clock() + LIFE, sealed)


def token_for(
    tokens: Tokens, header: CaseHeader, inbox: InboxSecret, chat: int, message: int, now: Sealing
) -> bytes:
    """A token for the card `message`, sealed to its case as it is `now`."""
    as_it_is = replace(header, form=now.form, epoch=now.epoch)
    return tokens.seal(as_it_is, now.public_key, inbox, chat, message)


def _read(body: bytes, revision: int) -> Composed:
    """What `_row` wrote. It opened, so it was written here."""
    table = json.loads(body)
    return Composed(table["t"], revision, tuple(table["s"]), table["p"])


def _standing(header: CaseHeader, now: datetime) -> Standing:
    if header.state is State.CLOSED:
        return Standing.CLOSED
    if header.turn is Turn.THEIRS:
        return Standing.ANSWERED
    leased = header.leased_until is not None and header.leased_until > now
    return Standing.READING if header.state is State.TAKEN and leased else Standing.RECEIVED


def _opened(inbox: InboxSecret, header: CaseHeader, reply: ReplyRow) -> Letter | None:
    context = Context(header.id, reply.number, LETTER, header.form, reply.epoch)
    try:
        return Letter.from_bytes(open_letter(inbox, context, SealedRecord(reply.sealed)))
    except (CryptoError, Unreadable):
        return None


def _code(inbox: InboxSecret | None, nonce: str, erase: bool) -> ReceiptCode | None:
    try:
        return None if inbox is None else ReceiptCode.derive(inbox, nonce, erases=erase)
    except BadFormat:
        return None


def _stands(code: ReceiptCode, case: InboxRow) -> bool:
    """Whether the code's lock is there: a newer one would have taken its place."""
    return code.locator in [lock.locator for lock in case.locks]


def _origin(inbox: InboxSecret, case: InboxRow) -> bytes:
    """The id of the draft that the case came of: after an early send it still holds answers.

    Where it was damaged on the disk, an id that no draft has: the rest is erased all the same.
    """
    try:
        return inbox.open_origin(case.origin or b"")
    except CryptoError:
        return bytes(ID_BYTES)


def _parsed(secret: str) -> InboxSecret | None:
    try:
        return InboxSecret.parse(secret)
    except CryptoError:
        return None


async def _found(act: Awaitable[None]) -> bool:
    """Whether the case was still there for what was done to it."""
    try:
        await act
    except UnknownCase:
        return False
    return True
