"""The people of a benchmark: each with a card in the chat and, for our bot, a sealed draft.

They are put in place before the bot runs: the drafts are written by the same code that the bot
seals and stores them with, in the middle of an interview, at a question with many choices. What
a person taps next follows from what was tapped before, so that nobody need read the cards.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crypto.draft import DraftSecret, seal_draft
from handlers.buttons import Press, Verb, encode
from intake.questions import Form
from sandbox.client import Json, Sandbox
from storage.migrations import upgrade
from storage.opening import Storage, open_storage
from storage.rows import DraftRow
from tests.benchmarks.script import TICK, mid_interview

AT_ONCE = 50


@dataclass
class Tapper:
    """A person and the data of her next tap."""

    id: int
    message: int
    data: Callable[[int], str]
    taps: int = 0

    def tap(self) -> Json:
        """The next act, as the sandbox's control API takes it."""
        data = self.data(self.taps)
        self.taps += 1
        return {"person": self.id, "do": "tap", "message_id": self.message, "data": data}


async def seed(storage: Storage, form: Form, count: int) -> list[DraftSecret]:
    """`count` drafts in mid-interview, sealed and stored; returns what opens them."""
    body = mid_interview(form).to_bytes()
    fresh = [DraftSecret.new(os.urandom) for _ in range(count)]
    await asyncio.gather(*(_put(storage, secret, body) for secret in fresh))
    return fresh


async def _put(storage: Storage, secret: DraftSecret, body: bytes) -> None:
    sealed = seal_draft(secret, 1, body, os.urandom)
    expires = datetime.now(UTC) + timedelta(hours=24)
    if not await storage.drafts.put(DraftRow(secret.id, 1, expires, sealed), None):
        raise AssertionError("a fresh secret names a draft that is there already")


@asynccontextmanager
async def storage_at(url: str) -> AsyncIterator[Storage]:
    await upgrade(url)
    storage = await open_storage(url)
    try:
        yield storage
    finally:
        await storage.close()


async def with_cards(sandbox: Sandbox, count: int) -> list[Json]:
    """`count` people who have started the bot, each with a message of the bot's to tap on."""
    made: list[Json] = []
    for start in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - start)
        people = await asyncio.gather(*(sandbox.person() for _ in range(size)))
        await sandbox.batch([{"person": p.id, "do": "send", "text": "/start"} for p in people])
        sent = [sandbox.call("sendMessage", chat_id=p.id, text="·") for p in people]
        made += [answer["result"] for answer in await asyncio.gather(*sent)]
    await _drain(sandbox)
    return made


async def _drain(sandbox: Sandbox) -> None:
    """Take the commands out of the queue: the bot is to find people who are long there."""
    offset = 0
    while True:
        found = (await sandbox.call("getUpdates", offset=offset, timeout=0))["result"]
        if not found:
            return
        offset = found[-1]["update_id"] + 1


def bare(cards: Sequence[Json]) -> list[Tapper]:
    return [Tapper(card["chat"]["id"], card["message_id"], lambda _: "tap") for card in cards]


def ours(cards: Sequence[Json], secrets: Sequence[DraftSecret]) -> list[Tapper]:
    return list(_with_drafts(cards, secrets))


def _with_drafts(cards: Sequence[Json], secrets: Sequence[DraftSecret]) -> Iterator[Tapper]:
    for card, secret in zip(cards, secrets, strict=True):
        yield Tapper(card["chat"]["id"], card["message_id"], _ticking(secret.text))


def _ticking(secret: str) -> Callable[[int], str]:
    """Every tap ticks or unticks the same choice, and raises the draft's revision by one."""
    return lambda taps: encode(Press(secret, taps + 1, Verb.TOGGLE, TICK))
