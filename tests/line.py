"""A running line for tests: the real server against the sandbox, in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.service import serve
from bot.settings import Settings
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, Context, SealedRecord, Wrap
from intake.clock import Clock
from intake.records import ANSWERS, INTAKE, TOKEN, AnswersRecord
from sandbox.client import Sandbox
from storage.errors import UnknownCase
from storage.opening import Storage, open_storage
from storage.rows import StoredCase
from storage.tables import cases
from tests.organisation import House


class Hands:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Line:
    """A server that runs; `settings.database_url` leads to what it keeps."""

    house: House
    sandbox: Sandbox
    settings: Settings
    hands: Hands


@asynccontextmanager
async def running_line(
    house: House,
    sandbox: Sandbox,
    settings: Settings | None = None,
    clock: Clock | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Line]:
    """The line, from its first poll to its orderly end. `pause`: how its jobs rest."""
    hands = Hands()
    settings = settings or house.settings(sandbox.url, sandbox.token)
    stop = asyncio.Event()
    running = asyncio.create_task(serve(settings, stop, clock or hands, pause))
    try:
        await _answers(sandbox, running)
        yield Line(house, sandbox, settings, hands)
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)


async def _answers(sandbox: Sandbox, running: "asyncio.Task[None]") -> None:
    """Wait until the line polls; a line that ends instead raises what it ended with."""
    for _ in range(3000):  # a minute: the machine may be busy with other things
        if running.done():
            running.result()
        calls = (await sandbox.state())["calls"]
        if calls.get("getUpdates") and calls.get("setMyCommands"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the line does not ask for updates")


async def stored_cases(settings: Settings, house: House) -> list[StoredCase]:
    """Every case that Anna can open, as the queue would give it to her."""
    storage: Storage = await open_storage(settings.database_url)
    ids = select(cases.c.id).order_by(cases.c.level, cases.c.received, cases.c.slot)
    found = []
    try:
        for case_id in await storage.database.read(lambda db: db.execute(ids).scalars().all()):
            with suppress(UnknownCase):
                found.append(await storage.cases.fetch(case_id, house.anna.key_id))
        return found
    finally:
        await storage.close()


def case_key(case: StoredCase, house: House) -> CaseKey:
    """The private key of a case, as Anna's desk unwraps it."""
    header = case.header
    return unwrap_case_key(house.anna, header.id, header.epoch, Wrap(case.wrap))


def opened(case: StoredCase, house: House) -> list[AnswersRecord]:
    """What Anna reads of the person's answers: each such record, opened with her key."""
    header, key = case.header, case_key(case, house)
    found = []
    for record in case.records:
        if record.kind in (INTAKE, ANSWERS):
            context = Context(header.id, record.number, record.kind, header.form, header.epoch)
            plain = open_record(key, context, SealedRecord(record.sealed))
            found.append(AnswersRecord.from_bytes(plain, record.kind))
    return found


def token_of(case: StoredCase, house: House) -> bytes:
    """The return token beside the case, as Anna's desk takes it out of its seal."""
    assert case.token is not None
    header = case.header
    context = Context(header.id, 0, TOKEN, header.form, header.epoch)
    return open_record(case_key(case, house), context, SealedRecord(case.token))
