"""What the database does when a roster is taken up: whoever is not on it can open nothing more.

Her wraps go, and of each no more is left than that she had one: the case still has the key that
she may know, and waits to be re-keyed (`storage.rekeying`). What she held waits for others.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from intake.case import State, to_the_hour
from intake.ledger import Event
from storage.database import Database
from storage.dialects import in_turn
from storage.facts import fact, raise_to
from storage.ledger import record
from storage.parts import AT_ONCE
from storage.rows import to_seconds
from storage.tables import cases, withdrawn, wraps

TAKEN_UP = "roster taken up"
"""The fact that holds the epoch of the roster in force."""

ROSTER = "roster"
"""What those take turns by for whom the roster in force must not change meanwhile."""

_OTHER = wraps.alias("other")


class Withdrawn(NamedTuple):
    """How many wraps were withdrawn, and how many were kept because nobody on the roster could
    open their cases otherwise."""

    gone: int
    kept: int


class Outlook(NamedTuple):
    """How many cases wait to be re-keyed, and how many nobody of those on the roster can open."""

    to_rekey: int
    closed_to_all: int


class Rosters:
    """Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_up(
        self,
        event: Event,
        numbers: Mapping[str, int],
        members: Collection[str],
        revoked: Collection[str],
        now: datetime,
    ) -> Withdrawn:
        """The roster of `event` is in force: told in the record of key events once, `numbers` (the
        facts to be remembered) raised, and the wraps of all but `members` withdrawn, in one.

        To be called as often as one likes: where all that is done, or a newer one is in force,
        nothing is written. `members`
        and `revoked` are key ids. Afterwards the withdrawn wraps are nowhere on the disk.
        """
        epoch = event.epoch or 0
        numbers = {**numbers, TAKEN_UP: epoch}

        def work(connection: Connection) -> Withdrawn:
            in_turn(connection, ROSTER)
            before = fact(connection, TAKEN_UP)
            if _is_older(epoch, before):
                return _kept(connection, members)
            mine = _locked(connection, members)
            _give_back(connection, mine, members, now)
            done = _withdraw(connection, mine, members, revoked)
            if before is None or before < epoch:
                for key, value in sorted(numbers.items()):
                    raise_to(connection, key, value)
                record(connection, [event])
            return done

        if await self._database.read(lambda connection: _done(connection, epoch, members)):
            return await self._database.read(lambda connection: _kept(connection, members))
        done = await self._database.write(work)
        if done.gone:
            await self._database.compact()
        return done

    async def outlook(self, members: Collection[str]) -> Outlook:
        """How things stand, for an operator."""

        def work(connection: Connection) -> Outlook:
            to_rekey = select(func.count(withdrawn.c.case_slot.distinct()))
            opened = exists().where(wraps.c.case_slot == cases.c.slot, wraps.c.key_id.in_(members))
            nobody = select(func.count()).select_from(cases).where(~opened)
            return Outlook(
                connection.execute(to_rekey).scalar_one(), connection.execute(nobody).scalar_one()
            )

        return await self._database.read(work)


def in_force(connection: Connection) -> int | None:
    """The epoch of the roster in force, until this transaction ends; None before the first."""
    in_turn(connection, ROSTER, together=True)
    return fact(connection, TAKEN_UP)


def _done(connection: Connection, epoch: int, members: Collection[str]) -> bool:
    before = fact(connection, TAKEN_UP)
    if before is None or before < epoch:
        return False
    if _is_older(epoch, before):
        return True
    left = [_withdrawable(key) for key in _strangers(connection, members)]
    held = select(cases.c.slot).where(_held_by_strangers(members)).limit(1)
    return not any(
        connection.execute(clause).first()
        for clause in (held, *(select(wraps.c.slot).where(which).limit(1) for which in left))
    )


def _is_older(epoch: int, taken_up: int | None) -> bool:
    """Another server on this database has a newer one, which this one is yet to see: whoever is new
    on that must not lose what she was given by it."""
    return taken_up is not None and epoch < taken_up


def _strangers(connection: Connection, members: Collection[str]) -> list[str]:
    """Key ids that have a wrap and are not on the roster."""
    found = connection.scalars(select(wraps.c.key_id).distinct())
    return sorted(set(found) - set(members))


def _shared() -> ColumnElement[bool]:
    """Wraps of cases that somebody else can open."""
    return exists().where(
        _OTHER.c.case_slot == wraps.c.case_slot, _OTHER.c.key_id != wraps.c.key_id
    )


def _withdrawable(key_id: str) -> ColumnElement[bool]:
    """Her wraps of cases that somebody else can open."""
    return and_(wraps.c.key_id == key_id, _shared())


def _locked(connection: Connection, members: Collection[str]) -> list[int]:
    """The cases that this is about, locked: all at once and in the order in which everybody locks
    many, or two would wait for each other. What comes to be afterwards is left to the next look."""
    hers = select(wraps.c.case_slot).where(wraps.c.key_id.in_(_strangers(connection, members)))
    which = _held_by_strangers(members) | cases.c.slot.in_(hers)
    return list(
        connection.scalars(
            select(cases.c.slot).where(which).order_by(cases.c.slot).with_for_update()
        )
    )


def _withdraw(
    connection: Connection, mine: list[int], members: Collection[str], revoked: Collection[str]
) -> Withdrawn:
    """One key after the other, the revoked ones first: the last wrap of a case is left with whoever
    might come back. `mine`: the cases that are locked."""
    strangers = _strangers(connection, members)
    gone = 0
    for key_id in sorted(strangers, key=lambda key: (key not in revoked, key)):
        for start in range(0, len(mine), AT_ONCE):
            of_these = wraps.c.case_slot.in_(mine[start : start + AT_ONCE])
            which = _withdrawable(key_id) & of_these
            # Of before, where she was removed, came back, and is removed again.
            again = select(wraps.c.slot).where(which)
            connection.execute(delete(withdrawn).where(withdrawn.c.slot.in_(again)))
            moved = select(wraps.c.slot, wraps.c.case_slot, wraps.c.key_id).where(which)
            into = ["slot", "case_slot", "key_id"]
            connection.execute(insert(withdrawn).from_select(into, moved))
            gone += connection.execute(delete(wraps).where(which)).rowcount
    return Withdrawn(gone, _kept(connection, members).kept)


def _kept(connection: Connection, members: Collection[str]) -> Withdrawn:
    strangers = _strangers(connection, members)
    last = wraps.c.key_id.in_(strangers) & ~_shared()
    clause = select(func.count()).select_from(wraps).where(last)
    return Withdrawn(0, connection.execute(clause).scalar_one() if strangers else 0)


def _held_by_strangers(members: Collection[str]) -> ColumnElement[bool]:
    taken = cases.c.state == State.TAKEN.value
    return and_(taken, cases.c.holder.is_not(None), cases.c.holder.not_in(members))


def _give_back(
    connection: Connection, mine: list[int], members: Collection[str], now: datetime
) -> None:
    """From the hour on at which the lease ended, or else from now: see `Cases.erase_due`."""
    hour = to_seconds(to_the_hour(now))
    held = _held_by_strangers(members)
    since = case((cases.c.leased_until < hour, cases.c.leased_until), else_=hour)
    waiting = {"state": State.WAITING.value, "holder": None, "leased_until": since}
    for start in range(0, len(mine), AT_ONCE):
        some = cases.c.slot.in_(mine[start : start + AT_ONCE])
        connection.execute(update(cases).where(held, some).values(waiting))
