"""A process in which people ask and are answered, until it is killed, often by its own hand.

`python -m tests.promises.counted ORDERS`. Before each act it says what the act will count in, after
each that it was acknowledged. Every act is done twice in the same instant, as a desk or a phone
might. Where it ends itself is drawn by a die: within a count, before a commit, or just after one.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.engine import Dialect

from bot.cases import CaseMaker
from bot.counting import Counting
from bot.drafts import SealedDrafts
from bot.locks import Locks
from crypto.draft import DraftSecret
from crypto.identity import Identity
from crypto.inbox import InboxSecret
from crypto.receipt import LOCK_BYTES, SALT_BYTES, Erasure, ReceiptCode
from crypto.tally import TallyKey
from handlers.ports import Stored, Submission
from intake.answers import Answers
from intake.case import CaseHeader
from intake.counting import (
    Cell,
    Tally,
    month_of,
    of_answers,
    of_closing,
    of_first_answer,
    of_request,
)
from intake.draft import Draft
from intake.form import load_form
from intake.records import NOTE, REPLY, Outcome
from intake.roster import Roster
from intake.triage import triage
from storage import Record, StoredCase
from storage.cases import Cases
from storage.counts import Counts
from storage.database import Database, Prepared, Rows, Work
from storage.drafts import Drafts
from storage.inboxes import Inboxes
from storage.opening import open_database
from storage.rows import Lock
from storage.tables import cases as table
from tests.organisation import FORM, member
from tools.year import Request, a_year

T = TypeVar("T")

FORM_IN_USE = load_form(FORM.read_bytes())
RETURN_KEY = bytes(range(32))
ANNA = Identity(bytes(range(1, 33)))
BEGINNING = datetime(2026, 3, 14, 15, tzinfo=UTC)
TOGETHER = 12


@dataclass(frozen=True)
class Orders:
    """`deadly`: how likely a write is the last. `left`: ids of cases that processes which ended
    left behind, and with which this one goes on. `months`: seconds after `since` in which a month
    passes, or none ever does; whoever sees that one has ended releases it."""

    address: str
    seed: int
    deadly: float
    left: tuple[str, ...] = ()
    months: float = 0.0
    since: float = 0.0

    def text(self) -> str:
        return json.dumps(asdict(self))

    def now(self) -> datetime:
        gone = int((time.time() - self.since) / self.months) if self.months else 0
        return BEGINNING + gone * timedelta(days=30.4)


def counting(random: Callable[[int], bytes] = os.urandom) -> Counting:
    return Counting(FORM_IN_USE, TallyKey(RETURN_KEY), random)


def say(*words: object) -> None:
    os.write(1, (json.dumps(words) + "\n").encode())  # one write: a line is whole or absent


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly:
    """A database in whose writes the process may end."""

    def __init__(self, within: Database, orders: Orders) -> None:
        self._within = within
        self._dice = random.Random(orders.seed)
        self._deadly = orders.deadly

    @property
    def dialect(self) -> Dialect:
        return self._within.dialect

    def random(self, length: int) -> bytes:
        """What a tally is sealed with: asked for in the midst of the transaction that counts."""
        self._fate()
        return os.urandom(length)

    async def one(self, statement: Prepared, values: dict[str, Any]) -> Rows:
        return await self._within.one(statement, values)

    async def read(self, work: Work[T]) -> T:
        return await self._within.read(work)

    async def write(self, work: Work[T]) -> T:
        def before_the_commit(connection: Any) -> T:
            found = work(connection)
            self._fate()
            return found

        found = await self._within.write(before_the_commit)
        self._fate()
        return found

    async def settle(self, *, again: bool = False) -> bool:
        return await self._within.settle(again=again)

    def replaced(self) -> None:
        self._within.replaced()

    async def compact(self) -> bool:
        return await self._within.compact()

    async def lay_anew(self) -> bool:
        return await self._within.lay_anew()

    async def ends_log(self) -> bool:
        return await self._within.ends_log()

    async def close(self) -> None:
        await self._within.close()

    def _fate(self) -> None:
        if self._dice.random() < self._deadly / 3:
            die()


class Quick(Locks):
    """Locks that nobody will open: what they cost is measured elsewhere."""

    async def _made(self, code: ReceiptCode, name: str, opens: InboxSecret | Erasure) -> Lock:
        return Lock(name, code.locator, os.urandom(SALT_BYTES), os.urandom(LOCK_BYTES + 16))


class Life:
    """What becomes of one request, from asking to the end."""

    def __init__(self, database: Deadly, orders: Orders, dice: random.Random) -> None:
        self._orders = orders
        self._dice = dice
        self._drafts, self._inboxes = Drafts(database), Inboxes(database)
        self._cases = Cases(database)
        self._counting = counting(database.random)
        self._now = orders.now()  # as slow as it may be from here: this is when it came
        roster = Roster(
            organisation="Trail",
            epoch=1,
            valid_until=BEGINNING + timedelta(days=9000),
            forms=(FORM_IN_USE.digest,),
            members=(member("anna", ANNA),),
        )
        maker = CaseMaker(
            FORM_IN_USE, self._counting, lambda: roster, RETURN_KEY, self._clock, os.urandom
        )
        self._sealed = SealedDrafts(
            self._drafts, self._cases, self._inboxes, maker, LOCKS, self._clock, os.urandom
        )

    def _clock(self) -> datetime:
        return self._now

    async def whole(self, request: Request) -> None:
        secret = self._sealed.new_secret()
        who = InboxSecret.of(DraftSecret.parse(secret)).id
        await self._asks(secret, who, request)
        row = await self._inboxes.get(who)
        assert row is not None
        await self.is_answered(row.header.id, who)
        if self._dice.random() < 0.15:
            say("will", "erase", who.hex())
            await self._cases.erase(row.header.id, self._now.date())

    async def _asks(self, secret: str, who: bytes, request: Request) -> None:
        early = not self._orders.months and self._dice.random() < 0.25
        asked = list(request.answers.items())
        first = dict(asked[: len(asked) // 2] if early else asked)
        draft = Draft(request.header.language, "", answers=first)
        await self._sealed.save(secret, draft, None)
        self._will("submit", who, self._request(first, request.header))
        submission = Submission(secret, draft, 1, 7, 1, early)
        found = await twice(lambda: self._sealed.submit(submission))
        [one] = [done for done in found if done is not None]
        self._done("submit", who)
        if isinstance(one, Stored) and self._dice.random() < 0.8:
            await self._goes_on(secret, who, replace(one.draft, answers=request.answers), first)

    async def _goes_on(self, secret: str, who: bytes, draft: Draft, first: Answers) -> None:
        await self._sealed.save(secret, draft, 2)
        today = self._now.date()
        more = of_answers(FORM_IN_USE, draft.answers, today)
        self._will("rest", who, more, of_answers(FORM_IN_USE, first, today))
        submission = Submission(secret, draft, 3, 7, 1, early=False)
        await twice(lambda: self._sealed.submit(submission))
        self._done("rest", who)

    def _request(self, answers: Answers, header: CaseHeader) -> Iterable[Cell]:
        level = triage(FORM_IN_USE, answers, self._now).level
        return of_request(FORM_IN_USE, answers, replace(header, level=level), self._now.date())

    async def is_answered(self, case_id: bytes, who: bytes) -> None:
        """Taken, answered once or twice, closed once or twice: as far as it comes to that."""
        for act, chance in ((self._reply, 0.8), (self._reply, 0.3), (self._close, 0.7)):
            if self._dice.random() < chance:
                await act(case_id, who)
        if self._dice.random() < 0.3:
            await self._writes(who)
            await self._close(case_id, who)

    async def _taken(self, case_id: bytes) -> StoredCase | None:
        header = (await self._cases.fetch(case_id, ANNA.key_id)).header
        if header.state == "closed":
            return None
        await self._cases.take(case_id, ANNA.key_id, self._now, 10**6)
        return await self._cases.fetch(case_id, ANNA.key_id)

    async def _reply(self, case_id: bytes, who: bytes) -> None:
        case = await self._taken(case_id)
        if case is None:
            return
        first = not any(record.kind == REPLY for record in case.records)
        if first:
            self._will("answer", who, of_first_answer(case.header, self._now))
        record = Record(len(case.records), REPLY, os.urandom(200))
        counted = self._counting.first_answer(self._now)
        args = (case_id, ANNA.key_id, self._now, record, b"letter", None, counted)
        await twice(lambda: self._cases.reply(*args))
        if first:
            self._done("answer", who)

    async def _close(self, case_id: bytes, who: bytes) -> None:
        case = await self._taken(case_id)
        if case is None:
            return
        [concluded] = await self._concluded(table.c.id == case_id)
        outcome = self._dice.choice(list(Outcome))
        if not concluded[2]:
            self._will("close", who, of_closing(outcome))
        record = Record(len(case.records), NOTE, os.urandom(200))
        counted = self._counting.closing(outcome, self._now)
        await twice(lambda: self._cases.close(case_id, ANNA.key_id, record, self._now, counted))
        if not concluded[2]:
            self._done("close", who)

    async def _writes(self, who: bytes) -> None:
        secret = DraftSecret.new(os.urandom)
        await self._sealed.save(secret.text, Draft("ru", ""), None)
        await self._inboxes.write(who, secret.id, 1, lambda *_: b"", self._now, lambda _: self._now)

    async def _concluded(self, which: Any) -> list[tuple[bytes, bytes, int]]:
        clause = select(table.c.id, table.c.inbox, table.c.concluded).where(which)
        return await self._cases._database.read(
            lambda connection: [tuple(row) for row in connection.execute(clause)]
        )

    async def goes_on_with_others(self) -> None:
        for case_id in map(bytes.fromhex, self._orders.left):
            for _, inbox, _ in await self._concluded(table.c.id == case_id):
                await self.is_answered(case_id, inbox)

    def _will(self, act: str, who: bytes, more: Iterable[Cell], less: Iterable[Cell] = ()) -> None:
        say("will", act, who.hex(), month_of(self._now), tuple(more), tuple(less))

    def _done(self, act: str, who: bytes) -> None:
        say("done", act, who.hex())


LOCKS = Quick(os.urandom)


async def twice(act: Callable[[], Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(act(), act()))


async def lives(database: Deadly, orders: Orders, pool: list[Request], dice: random.Random) -> None:
    while True:
        await Life(database, orders, dice).whole(dice.choice(pool))


async def releases(counts: Counts, orders: Orders) -> None:
    """Every month that has ended; what stands in the tallies then is shown as it is."""
    while True:
        for month in await counts.due(month_of(orders.now())):
            await counts.release(month, partial(_as_it_is, month))
            await counts.forget()
        await asyncio.sleep(0.02)


def _as_it_is(month: str, rows: list[tuple[bytes, bytes]]) -> bytes:
    tally = Tally()
    for _, sealed in rows:
        tally = tally.plus(counting().opened(month, sealed))
    return tally.to_bytes()


async def main(orders: Orders) -> None:
    dice = random.Random(orders.seed)
    pool = list(a_year(FORM_IN_USE, BEGINNING, 0.01, orders.seed))
    database = Deadly(await open_database(orders.address), orders)
    say("ready")
    await Life(database, orders, dice).goes_on_with_others()
    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(lives(database, orders, pool, dice))
        if orders.months:
            group.create_task(releases(Counts(database), orders))


if __name__ == "__main__":
    asyncio.run(main(Orders(**json.loads(sys.argv[1]))))
