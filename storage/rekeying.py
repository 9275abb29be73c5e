"""Cases that somebody could open who left: fetched whole, and changed whole, to a fresh key.

A case changes in one transaction, and only if it is still what it was made from: its key, its
token, the number of its records, and who can open it. With it go the rows that said it waits for
that; so that what was interrupted is taken up again, and what is done twice is done once. Nothing
here can open what it stores, and nobody can be added to those who can.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from intake.ledger import Event, Kind
from intake.records import NOTE
from intake.wire import state_of
from storage.database import Database, at_once
from storage.errors import NotWhole
from storage.headers import from_row
from storage.ledger import record as record_event
from storage.rosters import in_force
from storage.rows import Answered, AnyRecord, Record, StoredCase
from storage.tables import cases, records, replies, slot_of, slot_within, withdrawn, wraps

PAGE = 100
"""Cases in one page, at most."""

LARGEST = 2 << 20
"""Bytes of a page as it travels, about; one case is given whatever it takes. Every page costs
several statements and a few flushes of the disk, whatever is in it; but a desk behind a slow line
has to send it within five minutes."""

_BASE64 = 4 / 3
_AROUND = 6_000
"""Bytes of a case beside its records: header, key, wrap, token."""

_RECORD = update(records).where(records.c.slot == bindparam("at")).values(sealed=bindparam("to"))
_NOTE = insert(records).values({column.name: bindparam(column.name) for column in records.c})
_WRAP = update(wraps).where(wraps.c.slot == bindparam("at")).values(sealed=bindparam("to"))
# What is asked about the cases of a page: constants, lest each be made and compiled anew for each
# of a hundred values.
_HERE: Any = bindparam("slots", expanding=True)
_KEPT_OF = (
    select(cases.c.slot, cases.c.id, cases.c.public_key, cases.c.token, cases.c.epoch)
    .where(cases.c.slot.in_(_HERE))
    .order_by(cases.c.slot)
    .with_for_update()
)
_WHOLE_OF = select(cases).where(cases.c.slot.in_(_HERE)).order_by(cases.c.slot)
_OPENERS_OF = (
    select(wraps.c.case_slot, wraps.c.key_id)
    .where(wraps.c.case_slot.in_(_HERE))
    .order_by(wraps.c.key_id)
)
_WRAPS_OF = select(wraps.c.case_slot, wraps.c.sealed).where(
    wraps.c.case_slot.in_(_HERE), wraps.c.key_id == bindparam("hers")
)
_SEALED_OF = (
    select(records.c.case_slot, records.c.number, records.c.kind, records.c.sealed)
    .where(records.c.case_slot.in_(_HERE))
    .order_by(records.c.number)
)
_LENGTHS_OF = select(
    records.c.case_slot, records.c.number, records.c.kind, func.length(records.c.sealed)
).where(records.c.case_slot.in_(_HERE))
_SIZES_OF = (
    select(records.c.case_slot, func.sum(func.length(records.c.sealed)))
    .where(records.c.case_slot.in_(_HERE))
    .group_by(records.c.case_slot)
)
_ANSWERED_OF = (
    select(replies.c.case_slot, replies.c.number, replies.c.state)
    .where(replies.c.case_slot.in_(_HERE))
    .order_by(replies.c.number)
)
_WAITING_OF = select(withdrawn.c.case_slot).where(withdrawn.c.case_slot.in_(_HERE))
_NO_LONGER_WAITING = delete(withdrawn).where(withdrawn.c.case_slot.in_(_HERE))
_STRANGERS = delete(wraps).where(wraps.c.slot.in_(_HERE))
_EPOCH_OF_THEN = (
    update(replies)
    .where(replies.c.case_slot.in_(_HERE), replies.c.epoch.is_(None))
    .values(epoch=bindparam("of_then"))
)

_CASE = (
    update(cases)
    .where(cases.c.slot == bindparam("at"))
    .values(epoch=bindparam("a"), public_key=bindparam("b"), token=bindparam("c"))
)


class Fresh(Protocol):
    """A case under a fresh key: see `intake.wire.Rekeyed`."""

    @property
    def id(self) -> bytes: ...
    @property
    def was(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def public_key(self) -> bytes: ...
    @property
    def records(self) -> Sequence[AnyRecord]: ...
    @property
    def wraps(self) -> Mapping[str, bytes]: ...
    @property
    def token(self) -> bytes | None: ...


class Waiting(NamedTuple):
    """A page: see `intake.wire.Rekeyable`."""

    cases: tuple[StoredCase, ...]
    left: int
    closed_to_her: int
    after: bytes | None


class Done(NamedTuple):
    """What became of each case: see `intake.wire.RekeyAnswer`. `over`: none waits any more."""

    done: tuple[bytes, ...]
    moved: tuple[bytes, ...]
    gone: tuple[bytes, ...]
    over: bool


class Rekeying:
    """Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: dict[str, tuple[bytes, tuple[int, int]]] = {}

    async def page(
        self, key_id: str, after: bytes | None, most: int = PAGE, largest: int = LARGEST
    ) -> Waiting:
        """Cases that wait to be re-keyed and are sealed to this member, from `after` on.

        How many there are is counted once for all pages that follow each other: of ten thousand
        cases it would cost as much as the cases themselves.
        """
        known = self._counted.pop(key_id, None)
        counted = known[1] if known is not None and known[0] == after else None

        def work(connection: Connection) -> Waiting:
            here = [] if after is None else [withdrawn.c.case_slot > slot_of(after)]
            hers = exists().where(
                wraps.c.case_slot == withdrawn.c.case_slot, wraps.c.key_id == key_id
            )
            page = select(withdrawn.c.case_slot).where(*here, hers).distinct()
            page = page.order_by(withdrawn.c.case_slot).limit(most + 1)
            found = list(connection.scalars(page))
            left, closed = counted or _count(connection, here, key_id)
            whole = _whole(connection, _fitting(connection, found[:most], largest), key_id)
            last = whole[-1].header.id if len(whole) < len(found) else None
            return Waiting(whole, max(left, len(found)) if last else len(found), closed, last)

        answer = await self._database.read(work)
        if answer.after is not None:
            rest = answer.left - len(answer.cases)
            self._counted[key_id] = (answer.after, (rest, answer.closed_to_her))
        return answer

    async def rekey(
        self,
        fresh: Sequence[Fresh],
        key_id: str,
        epoch: int,
        members: Collection[str],
        day: date,
    ) -> Done:
        """Change each of these cases (none named twice) that is still as it was fetched.

        `epoch` and `members` (key ids) are the roster's, as the one who calls sees it. Raises
        NotWhole, and changes nothing. Once nothing waits any more, nothing of before is on the
        disk.
        """

        def work(connection: Connection) -> Done:
            in_database = in_force(connection)
            if in_database not in (None, epoch):
                return Done((), tuple(one.id for one in fresh), (), over=False)
            there = _There.of(connection, [slot_of(one.id) for one in fresh])
            sorted_out: dict[str, list[Fresh]] = {"done": [], "moved": [], "gone": []}
            for one in fresh:
                sorted_out[there.verdict(one, key_id, epoch)].append(one)
            done, moved, gone = (tuple(one.id for one in some) for some in sorted_out.values())
            if done:
                there.check(sorted_out["done"], members)
                there.replace(connection, sorted_out["done"])
            told = [Event(kind=Kind.REKEYED, day=day, by=key_id, cases=len(done))] if done else []
            record_event(connection, told)
            return Done(done, moved, gone, over=False)

        answer = await self._database.write(work)
        if answer.done:
            self._database.replaced()
            # Asked afterwards: two that end in one instant would each still see the other's rows.
            answer = answer._replace(over=await self._database.read(_none_waits))
        if answer.done and answer.over:
            await self._database.compact()
            await self._database.lay_anew()
        return answer


def _none_waits(connection: Connection) -> bool:
    return connection.execute(select(withdrawn.c.slot).limit(1)).first() is None


def _count(connection: Connection, here: list[ColumnElement[bool]], key_id: str) -> tuple[int, int]:
    """How many wait that she can open, and how many besides."""
    waiting = select(withdrawn.c.case_slot).where(*here).distinct().subquery()
    counted = select(func.count()).select_from(waiting)
    total: int = connection.execute(counted).scalar_one()
    # One list of all that is hers, and not a question for each: see `storage.queue`.
    hers = (waiting.c.case_slot + 0).in_(select(wraps.c.case_slot).where(wraps.c.key_id == key_id))
    left: int = connection.execute(counted.where(hers)).scalar_one()
    return left, total - left


def _fitting(connection: Connection, slots: list[int], largest: int) -> list[int]:
    """As many of the first as a page holds; at least one."""
    size = {row[0]: row[1] for row in connection.execute(_SIZES_OF, {"slots": slots}).all()}
    chosen, room = list[int](), float(largest)
    for slot in slots:
        room -= size.get(slot, 0) * _BASE64 + _AROUND
        if chosen and room < 0:
            break
        chosen.append(slot)
    return chosen


def _whole(connection: Connection, slots: list[int], key_id: str) -> tuple[StoredCase, ...]:
    parts, openers, told = defaultdict(list), defaultdict(list), defaultdict(list)
    here = {"slots": slots}
    for slot, *part in connection.execute(_SEALED_OF, here).all():
        parts[slot].append(Record(*part))
    for slot, opener in connection.execute(_OPENERS_OF, here).all():
        openers[slot].append(opener)
    mine = {row[0]: row[1] for row in connection.execute(_WRAPS_OF, here | {"hers": key_id}).all()}
    for slot, *reply in connection.execute(_ANSWERED_OF, here).all():
        told[slot].append(Answered(*reply))
    return tuple(
        StoredCase(
            from_row(row),
            row.public_key,
            tuple(parts[row.slot]),
            mine[row.slot],
            row.token,
            tuple(openers[row.slot]),
            tuple(told[row.slot]),
        )
        for row in connection.execute(_WHOLE_OF, here).all()
    )


class _There(NamedTuple):
    """What is stored of the cases that were sent, their rows locked."""

    rows: Mapping[int, Any]
    openers: Mapping[int, list[str]]
    parts: Mapping[int, dict[int, tuple[str, int]]]
    waiting: frozenset[int]

    @classmethod
    def of(cls, connection: Connection, slots: list[int]) -> "_There":
        here = {"slots": slots}
        found = {row.slot: row for row in connection.execute(_KEPT_OF, here).all()}
        openers = defaultdict[int, list[str]](list)
        parts = defaultdict[int, dict[int, tuple[str, int]]](dict)
        for slot, key_id in connection.execute(_OPENERS_OF, here).all():
            openers[slot].append(key_id)
        for slot, number, kind, size in connection.execute(_LENGTHS_OF, here).all():
            parts[slot][number] = (kind, size)
        return cls(found, openers, parts, frozenset(connection.scalars(_WAITING_OF, here)))

    def verdict(self, one: Fresh, key_id: str, epoch: int) -> str:
        slot = slot_of(one.id)
        row, openers = self.rows.get(slot), self.openers.get(slot, [])
        if row is None or row.id != one.id or key_id not in openers or slot not in self.waiting:
            return "gone"
        now = state_of(row.public_key, row.token, len(self.parts[slot]), openers)
        return "done" if (now, epoch) == (one.was, one.epoch) else "moved"

    def check(self, fresh: Sequence[Fresh], members: Collection[str]) -> None:
        """That it is the same case, for those of its openers who are on the roster. What is sealed
        anew is as long as it was, since the same is in it."""
        for one in fresh:
            slot = slot_of(one.id)
            row, parts = self.rows[slot], self.parts[slot]
            *whole, (number, kind, _) = one.records
            sent = {part: (name, len(sealed)) for part, name, sealed in whole}
            if sent != parts or len(whole) != len(parts) or (number, kind) != (len(parts), NOTE):
                raise NotWhole("the records of a case are not those that are there")
            if one.wraps.keys() != {key for key in self.openers[slot] if key in members}:
                raise NotWhole("a case is not wrapped to those, and those alone, who can open it")
            if len(one.token or b"") != len(row.token or b""):
                raise NotWhole("the token of a case is not the one that is there")
            if one.public_key == row.public_key:
                raise NotWhole("the key of a case is the one of before")

    def replace(self, connection: Connection, fresh: Sequence[Fresh]) -> None:
        slots = [slot_of(one.id) for one in fresh]
        self._keep_epochs(connection, slots)
        at_once(
            connection,
            _RECORD,
            [
                (sealed, slot_within(one.id, str(number)))
                for one in fresh
                for number, _, sealed in one.records[:-1]
            ],
        )
        at_once(connection, _NOTE, [_row(one.id, one.records[-1]) for one in fresh])
        at_once(
            connection,
            _WRAP,
            [
                (sealed, slot_within(one.id, key_id))
                for one in fresh
                for key_id, sealed in one.wraps.items()
            ],
        )
        strangers = [
            slot_within(one.id, key_id)
            for one, slot in zip(fresh, slots, strict=True)
            for key_id in self.openers[slot]
            if key_id not in one.wraps
        ]
        if strangers:
            connection.execute(_STRANGERS, {"slots": strangers})
        at_once(
            connection,
            _CASE,
            [
                (one.epoch, one.public_key, one.token, slot)
                for one, slot in zip(fresh, slots, strict=True)
            ],
        )
        connection.execute(_NO_LONGER_WAITING, {"slots": slots})

    def _keep_epochs(self, connection: Connection, slots: list[int]) -> None:
        """Letters to the person are sealed to his inbox: they open under the epoch of then."""
        by_epoch = defaultdict(list)
        for slot in slots:
            by_epoch[self.rows[slot].epoch].append(slot)
        for epoch, some in sorted(by_epoch.items()):
            connection.execute(_EPOCH_OF_THEN, {"slots": some, "of_then": epoch})


def _row(case_id: bytes, part: AnyRecord) -> tuple[int, int, int, str, bytes]:
    """The columns of a record, in their order."""
    number, kind, sealed = part
    return slot_within(case_id, str(number)), slot_of(case_id), number, kind, sealed
