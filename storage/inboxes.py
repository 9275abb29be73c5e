"""The person's side of the cases, each found by the id of its inbox.

Who knows the secret behind that id was shown by others before; here it is only a name. After
what takes a token, a code or an unfinished message away, the database's log is emptied: it would
keep them, and show what was written together, until somebody else happened to empty it.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from intake.case import ContactRule, Level, State, Turn
from intake.errors import NoRoom
from intake.records import MESSAGE, ROOM
from storage.database import Database
from storage.dialects import in_turn
from storage.drafts import drop_draft, put_draft, remove_draft, replace_draft
from storage.errors import UnknownCase
from storage.headers import from_row
from storage.parts import (
    GONE,
    Seal,
    SealToken,
    allow,
    append,
    change,
    erase,
    locked,
    put_lock,
    sealing_of,
    waits_from,
)
from storage.rows import DraftRow, InboxRow, Lock, ReplyRow, ReplyState, to_seconds
from storage.tables import cases, locks, replies

_LOCK = (locks.c.locator, locks.c.salt, locks.c.sealed)


class Inboxes:
    """All inboxes. Every method but `get`, `find_locks` and `erase` raises UnknownCase."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, inbox: bytes) -> InboxRow | None:
        """How things stand, with every reply. None: it was erased, or never was."""

        def work(connection: Connection) -> InboxRow | None:
            case = connection.execute(select(cases).where(_is(inbox))).first()
            return None if case is None else _inbox(connection, case)

        return await self._database.read(work)

    async def keep_text(self, inbox: bytes, draft: DraftRow, expected: int | None) -> bool:
        """`Drafts.put` for the message that the person writes: none without its case.

        The row of the case is not locked for it: PostgreSQL would note the same number in both.
        """

        def work(connection: Connection) -> bool:
            in_turn(connection, inbox.hex())
            if connection.execute(select(cases.c.slot).where(_is(inbox))).first() is None:
                raise UnknownCase(GONE)
            return put_draft(connection, draft, expected)

        return await self._database.write(work)

    async def write(
        self,
        inbox: bytes,
        draft_id: bytes,
        expected: int,
        seal: Seal,
        now: datetime,
        promised_by_of: Callable[[Level], datetime],
        tombstone: DraftRow | None = None,
    ) -> bool:
        """The person's message becomes a record, and its draft ends: both or neither.

        It is our turn then, by a new promise; a closed case waits again. In the draft's place
        stands `tombstone`, or nothing. False: the draft is not at revision `expected` any more,
        and nothing was written. Raises `NoRoom`.
        """

        def work(connection: Connection) -> bool:
            if not _end_draft(connection, draft_id, expected, tombstone):
                return False
            case = locked(connection, _is(inbox))
            if append(connection, case, MESSAGE, seal) >= ROOM:
                raise NoRoom
            change(connection, case.id, _renewed(case, now, promised_by_of))
            return True

        done = await self._database.write(work)
        await self._database.settle()
        return done

    async def set_contact(self, inbox: bytes, rule: ContactRule) -> None:
        """When the person may be written to from now on; *never* ends all that waits to be sent."""

        def work(connection: Connection) -> None:
            allow(connection, locked(connection, _is(inbox)), rule)

        await self._database.write(work)
        await self._database.settle()

    async def set_place(
        self, inbox: bytes, token: SealToken, place: bytes, opened: bytes, *, stays: bool = False
    ) -> None:
        """The card moved: the return token, sealed to the case, and where replies are announced.

        With `stays` only if that is this place already: a card that was drawn anew takes nothing
        back from the chat that the person chose meanwhile.

        Of former ones nothing is left, so that nobody can count how often the person came back.
        Replies that wait to be announced follow with the token as a desk would open it (`opened`).
        """

        def work(connection: Connection) -> None:
            case = locked(connection, _is(inbox))
            if stays and case.place != place:
                return
            change(connection, case.id, {"token": token(sealing_of(case)), "place": place})
            waiting = (replies.c.case_slot == case.slot) & _waiting()
            follow = update(replies).where(waiting, replies.c.token.is_not(None))
            connection.execute(follow.values(token=opened))

        await self._database.write(work)
        await self._database.settle()

    async def put_lock(self, inbox: bytes, lock: Lock) -> None:
        """A code opens the inbox from now on, and the former one of the same name does not."""

        def work(connection: Connection) -> None:
            put_lock(connection, locked(connection, _is(inbox)).id, lock)

        await self._database.write(work)
        await self._database.settle()

    async def find_locks(self, locator: str) -> list[tuple[bytes, Lock]]:
        """What a code of this locator might open, each with the id of its inbox."""
        found = (
            select(cases.c.inbox, *_LOCK)
            .join_from(locks, cases, locks.c.case_slot == cases.c.slot)
            .where(locks.c.locator == locator)
            .order_by(locks.c.slot)
        )
        rows = await self._database.read(lambda connection: connection.execute(found).all())
        return [(inbox, Lock("", *lock)) for inbox, *lock in rows]

    async def mark_read(self, inbox: bytes, number: int) -> None:
        """The person has read a reply: of that one he is not to be told any more."""

        def work(connection: Connection) -> int:
            case = locked(connection, _is(inbox))
            this = (replies.c.case_slot == case.slot) & (replies.c.number == number)
            unread = replies.c.state != ReplyState.READ.value
            read = {"state": ReplyState.READ.value, "token": None, "doubtful": 0}
            return connection.execute(update(replies).where(this, unread), read).rowcount

        if await self._database.write(work):
            await self._database.settle()

    async def erase(self, inbox: bytes, *drafts: bytes, day: date) -> bool:
        """Erase the case, and the drafts (by id) that belong to it; whether there was a case.

        The drafts go first: see `Cases.erase_draft_and_inbox`. A message that is begun meanwhile
        was there before, or finds no case.
        """

        def work(connection: Connection) -> int:
            in_turn(connection, inbox.hex())
            for draft in drafts:
                remove_draft(connection, draft)
            return erase(connection, _is(inbox), day)

        gone = await self._database.write(work)
        if gone or drafts:
            await self._database.compact()
        return bool(gone)


def _is(inbox: bytes) -> ColumnElement[bool]:
    return cases.c.inbox == inbox


def _waiting() -> ColumnElement[bool]:
    return replies.c.state == ReplyState.WAITING.value


def _inbox(connection: Connection, case: Row[Any]) -> InboxRow:
    answered = (
        select(replies.c.number, replies.c.state, replies.c.sealed, replies.c.epoch)
        .where(replies.c.case_slot == case.slot)
        .order_by(replies.c.number)
    )
    keys = select(*_LOCK).where(locks.c.case_slot == case.slot).order_by(locks.c.slot)
    return InboxRow(
        from_row(case),
        case.place,
        case.origin,
        tuple(
            ReplyRow(number, ReplyState(state), sealed, case.epoch if epoch is None else epoch)
            for number, state, sealed, epoch in connection.execute(answered)
        ),
        tuple(Lock("", *lock) for lock in connection.execute(keys)),
    )


def _end_draft(
    connection: Connection, draft_id: bytes, expected: int, tombstone: DraftRow | None
) -> bool:
    if tombstone is None:
        return drop_draft(connection, draft_id, expected)
    assert tombstone.id == draft_id
    return replace_draft(connection, tombstone, expected)


def _renewed(
    case: Row[Any], now: datetime, promised_by_of: Callable[[Level], datetime]
) -> dict[str, Any]:
    """What the person's word changes in the header. Who holds the case goes on holding it."""
    promised = to_seconds(promised_by_of(Level(case.level)))
    ours: dict[str, Any] = {"turn": Turn.OURS.value, "promised_by": promised, "alerted": 0}
    held = case.state == State.TAKEN.value and case.leased_until > to_seconds(now)
    return ours if held else ours | waits_from(now)
