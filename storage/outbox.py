"""Replies of which the person has not been told: one line for all that wait in a case.

What is sent, and how, is not known here. A line that was begun is doubtful until it is known to
have arrived; whoever sends asks again, with `begin`, in the instant before.

What became of a line is noted for the place where it was tried. Where replies are announced
elsewhere by then, nothing is: they wait, with a token that leads there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from storage.database import Database
from storage.headers import COLUMNS, from_row
from storage.parts import SealToken, change, is_case, locked, sealing_of
from storage.rows import Due, ReplyState
from storage.tables import cases, replies, slot_of

_WAITS = (replies.c.state == ReplyState.WAITING.value) & replies.c.token.is_not(None)


class Outbox:
    """All replies that wait to be announced. Whether a case is closed makes no difference."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: datetime) -> list[Due]:
        """The cases of which the person may be told at `now`, by his own rule."""
        found = await self._database.read(lambda connection: _due(connection, _WAITS))
        return [due for due in found if due.header.contact.allows(now)]

    async def begin(self, case_id: bytes) -> Due | None:
        """Note durably that a line may have been sent, before it is; what is due as of now.

        None: nothing is to be sent any more. It was read, withdrawn from, or erased meanwhile.
        `doubtful` is as it was before.
        """

        def work(connection: Connection) -> Due | None:
            if connection.execute(select(cases.c.slot).where(is_case(case_id))).first() is None:
                return None
            locked(connection, is_case(case_id))
            of_this = _WAITS & (replies.c.case_slot == slot_of(case_id))
            found = _due(connection, of_this)
            connection.execute(update(replies).where(of_this), {"doubtful": 1})
            return found[0] if found else None

        return await self._database.write(work)

    async def delivered(
        self, case_id: bytes, numbers: Sequence[int], token: SealToken, place: bytes | None
    ) -> None:
        """The line stands in the chat: `token`, once it is sealed to the case, leads to it.

        A reply that was read meanwhile stays read. Raises UnknownCase.
        """
        await self._end(case_id, numbers, place, ReplyState.SENT, token)

    async def undeliverable(
        self, case_id: bytes, numbers: Sequence[int], place: bytes | None
    ) -> None:
        """The chat cannot be reached: the replies lie in the inbox all the same.

        Raises UnknownCase.
        """
        await self._end(case_id, numbers, place, ReplyState.UNREACHABLE)

    async def left(self, case_id: bytes, numbers: Sequence[int], place: bytes | None) -> None:
        """They lie in the inbox until the person looks, and nobody is told. Raises UnknownCase."""
        await self._end(case_id, numbers, place, ReplyState.INBOX)

    async def _end(
        self,
        case_id: bytes,
        numbers: Sequence[int],
        place: bytes | None,
        state: ReplyState,
        token: SealToken | None = None,
    ) -> None:
        def work(connection: Connection) -> None:
            case = locked(connection, is_case(case_id))
            if case.place != place:
                return
            these = replies.c.number.in_(numbers) & (replies.c.case_slot == slot_of(case_id))
            waiting = replies.c.state == ReplyState.WAITING.value
            ended = {"state": state.value, "token": None, "doubtful": 0}
            connection.execute(update(replies).where(these, waiting), ended)
            if token is not None:
                change(connection, case_id, {"token": token(sealing_of(case))})

        await self._database.write(work)
        # The log still holds the tokens, which with the return key lead to the chat.
        await self._database.settle()


def _due(connection: Connection, which: ColumnElement[bool]) -> list[Due]:
    columns = (replies.c.number, replies.c.token.label("return_token"), replies.c.doubtful)
    clause = (
        select(*COLUMNS, cases.c.place, *columns)
        .join_from(replies, cases, replies.c.case_slot == cases.c.slot)
        .where(which)
        .order_by(replies.c.case_slot, replies.c.number)
    )
    by_case: dict[bytes, list[Any]] = {}
    for row in connection.execute(clause):
        by_case.setdefault(row.id, []).append(row)
    return [_one(rows) for rows in by_case.values()]


def _one(rows: list[Any]) -> Due:
    last = rows[-1]
    return Due(
        last.id,
        from_row(last),
        tuple(row.number for row in rows),
        last.return_token,
        last.place,
        any(row.doubtful for row in rows),
    )
