"""Puts a year into a database, as a server that ran through it would have left it.

What happened is counted by the server's own code, by the clock of each event. The cases of the past
are not there: their days are over. Those that wait are, sealed to the members.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from bot.cases import CaseMaker
from bot.content import load_content
from bot.counting import Counting
from bot.line import read_roster
from bot.settings import Settings
from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret
from crypto.tally import TallyKey
from handlers.ports import Submission
from intake.draft import Draft
from storage import DraftRow, Storage, open_storage
from storage.counts import raise_count
from storage.migrations import upgrade
from storage.rows import Count
from tools.year import Request, a_year, waiting

AT_ONCE = 1000
"""Events of one transaction."""

WAITING = 150
"""Of so many, the day's figures show something: they are coarser than a month's."""

NOBODY = 7_000_000_000
"""Chats of nobody: those who wait do not want to be told."""


async def fill(settings: Settings, now: datetime, scale: float = 1.0) -> None:
    """A year of counts, and what waits; the server releases the months when it starts."""
    content = load_content(settings)
    roster, _ = read_roster(settings.roster, content.organisation)
    key = settings.return_keys().current
    counting = Counting(content.form, TallyKey(key), os.urandom)
    maker = CaseMaker(content.form, counting, lambda: roster, key, lambda: now, os.urandom)
    await upgrade(settings.database_url)
    storage = await open_storage(settings.database_url)
    try:
        await count(storage, counting, a_year(content.form, now, scale))
        some = waiting(content.form, now, round(WAITING * scale))
        for chat, request in enumerate(some, NOBODY):
            await _send(storage, maker, request, chat)
    finally:
        await storage.close()


async def count(storage: Storage, counting: Counting, requests: Iterable[Request]) -> None:
    """Everything that is counted of these, in the order in which it came about."""
    events = sorted(
        (event for request in requests for event in _events(request)), key=lambda event: event[0]
    )
    for start in range(0, len(events), AT_ONCE):
        some = events[start : start + AT_ONCE]
        await storage.database.write(partial(_raise, counting, some))


Event = tuple[datetime, Callable[[Counting], Count]]


def _events(request: Request) -> Iterator[Event]:
    at, answered, closed = request.at, request.answered, request.closed
    yield at, lambda counting: counting.request(request.answers, request.header, at)
    if answered is not None:
        yield answered, lambda counting: counting.first_answer(answered)(request.header)
    if closed is not None:
        yield closed, lambda counting: counting.closing(request.outcome, closed)


def _raise(counting: Counting, events: Iterable[Event], connection: Connection) -> None:
    for _, event in events:
        raise_count(connection, event(counting))


async def _send(storage: Storage, maker: CaseMaker, request: Request, chat: int) -> None:
    """As the bot would have, then; but nobody was given a code, which costs a fifth of a second."""
    secret, draft = (
        DraftSecret.new(os.urandom),
        Draft(request.header.language, "", answers=request.answers),
    )
    then = replace(maker, clock=lambda: request.at)
    case = then.make(
        Submission(secret.text, draft, 1, chat, 1, early=False), InboxSecret.of(secret)
    )
    row = DraftRow(secret.id, 1, request.at + timedelta(hours=24), b"")
    await storage.drafts.put(row, None)
    if not await storage.cases.submit(replace(row, revision=2), 1, case):
        raise AssertionError("a fresh secret names a draft that is there already")
    await storage.drafts.delete(secret.id)
