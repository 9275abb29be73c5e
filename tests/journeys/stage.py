"""A stage for whole conversations: the sandbox, the real line, and people who talk to it.

The line runs in this process with a clock that tests move and waits that pass fifty times as
fast; everything else is as in production.
"""

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot.alerts import EVERY as ALERTS_EVERY
from bot.outbox import EVERY
from bot.service import serve
from bot.settings import Settings
from handlers.buttons import Press, Verb, decode
from intake.questions import Form, Kind, Question
from sandbox.cards import Button, Card
from sandbox.client import Person, Sandbox
from sandbox.running import running_sandbox
from tests.line import Hands, Line
from tests.organisation import House

Value = str | tuple[str, ...] | int | date | None
"""A choice or a text, ticks, a number or an hour, a day, or None for Skip."""

HASTE = 50
PATIENCE = 60.0

BLANK = "\u00b7"
"""What a message says that was too old to be deleted."""


JOB = "again_and_again"
"""The coroutine in which a line does one of its jobs (`bot.service`)."""
AWOKEN = (EVERY.total_seconds(), ALERTS_EVERY.total_seconds())
"""Rests of jobs that can be woken: such a rest is a task of its own."""


class Rounds:
    """The rests of a line's jobs, made short: what comes once an hour comes twice a second. It
    knows when each job has come round, however long that takes on a busy machine."""

    def __init__(self) -> None:
        self._rests: Counter[object] = Counter()
        self._resting: set[object] = set()

    async def __call__(self, seconds: float) -> None:
        job = self._job(seconds)
        self._rests[job] += 1
        self._resting.add(job)
        try:
            await asyncio.sleep(min(seconds / HASTE, 0.5))
        finally:
            self._resting.discard(job)

    def _job(self, seconds: float) -> object:
        task = asyncio.current_task()
        name = getattr(task.get_coro(), "__name__", "") if task else ""
        return task if name == JOB else seconds

    async def all_round(self) -> None:
        """Until each job was done once more, from its beginning to its end."""
        jobs = [one for one in self._rests if isinstance(one, asyncio.Task) or one in AWOKEN]
        wanted = {one: self._rests[one] + (1 if one in self._resting else 2) for one in jobs}
        ends = asyncio.get_running_loop().time() + PATIENCE
        while any(self._rests[one] < count for one, count in wanted.items()):
            assert asyncio.get_running_loop().time() < ends, "a job of the line does not come round"
            await asyncio.sleep(0.02)


@dataclass
class Stage(Line):
    """A line that runs, and its clock."""

    rounds: Rounds

    async def person(self, language: str | None = "ru", **more: Any) -> "Talk":
        return Talk(await self.sandbox.person(language, **more), self.house.form)

    async def pass_time(self, time: timedelta) -> None:
        """Let time pass for the line and for Telegram alike, and let the line look around."""
        self.hands.ahead += time
        await self.sandbox.advance(time)
        await asyncio.sleep(25 / HASTE)
        await self.rounds.all_round()

    @property
    def database(self) -> Path:
        return Path(self.settings.database_url.removeprefix("sqlite:///"))

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """What is committed, read past the line."""
        with closing(sqlite3.connect(self.database)) as connection:
            return list(connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"))

    def column(self, table: str, name: str) -> list[Any]:
        """One column of the same."""
        with closing(sqlite3.connect(self.database)) as connection:
            return [row[0] for row in connection.execute(f"SELECT {name} FROM {table}")]


@asynccontextmanager
async def running_stage(
    folder: Path,
    sandbox: Sandbox | None = None,
    house: House | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Stage]:
    """A stage in `folder`, from the line's first poll to its orderly end."""
    if sandbox is None:
        async with (
            running_sandbox(limits=False) as made,
            running_stage(folder, made, house, settings) as stage,
        ):
            yield stage
        return
    house = house or House(folder)
    settings = settings or house.settings(sandbox.url, sandbox.token)
    hands, stop, rounds = Hands(), asyncio.Event(), Rounds()
    running = asyncio.create_task(serve(settings, stop, hands, rounds))
    try:
        await _running(sandbox, running)
        yield Stage(house, sandbox, settings, hands, rounds)
    finally:
        stop.set()
        await asyncio.wait_for(running, PATIENCE)
        logging.captureWarnings(capture=False)


async def _running(sandbox: Sandbox, running: "asyncio.Task[None]") -> None:
    for _ in range(int(PATIENCE / 0.02)):
        if running.done():
            running.result()
        state = await sandbox.state()
        listens = state["calls"].get("getUpdates") or state["webhook"]
        if listens and state["calls"].get("setMyCommands"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the line does not listen")


class Talk:
    """A person and what she sees; she finds buttons by what they do, in any language."""

    def __init__(self, person: Person, form: Form) -> None:
        self.person = person
        self.form = form

    async def card(self) -> Card:
        return await self.person.card()

    async def alone(self) -> Card:
        """At rest, the chat's one message, which is the bot's; fails where there is another."""
        cards = await self.person.settled(quiet=0.1)
        shown = [(card.by_bot, card.text[:60]) for card in cards]
        assert len(cards) == 1, shown
        assert cards[0].by_bot, shown
        return cards[0]

    async def attach(self, medium: str) -> None:
        """Send something with a caption that must not stay, and wait for nothing."""
        given: dict[str, Any] = {medium: {"caption": "+7 999 123-45-67"}}
        await self.person.act("send", **given)

    async def press(self, verb: Verb, argument: str | None = None) -> Card:
        """Tap the button that does this on the last card; the card after that."""
        card = await self.card()
        button = find(card, verb, argument)
        assert button.data is not None
        await self.person.tap_data(button.data, card.id)
        return await self.card()

    async def begin(self, language: str = "ru") -> Card:
        """From /start to the first question."""
        await self.person.send("/start")
        await self.press(Verb.LANGUAGE, language)
        return await self.press(Verb.BEGIN)

    async def question(self) -> Question | None:
        """The question that the card asks; None on any other card."""
        return asked(await self.card(), self.form)

    async def answer(self, value: Value) -> Card:
        """Answer the question on the card."""
        question = await self.question()
        assert question is not None, (await self.card()).text
        if value is None:
            return await self.press(Verb.SKIP)
        match question.kind:
            case Kind.MANY:
                for choice in value if isinstance(value, tuple) else (str(value),):
                    await self.press(Verb.TOGGLE, choice)
                return await self.press(Verb.DONE)
            case Kind.NUMBER | Kind.HOUR:
                return await self.press(Verb.NUMBER, str(value))
            case Kind.TEXT:
                await self.person.send(str(value))
                return await self.press(Verb.DONE)
            case _ if isinstance(value, date):
                return await self.pick(value)
        return await self.press(Verb.CHOOSE, str(value))

    async def pick(self, day: date) -> Card:
        """Turn the calendar's pages to the day, and tap it."""
        for _ in range(60):
            card = await self.card()
            if any(has(button, Verb.DAY, day.isoformat()) for button in card.buttons):
                return await self.press(Verb.DAY, day.isoformat())
            await self.press(Verb.MONTH, max(_months(card)))
        raise AssertionError("the calendar does not reach this day")

    async def go_through(self, answers: Mapping[str, Value], until: str = "") -> Card:
        """Answer question after question, skipping what `answers` does not name, up to the
        question `until` or to the review."""
        for _ in range(60):
            question = await self.question()
            if question is None or question.id == until:
                return await self.card()
            default = "yes" if question.id == "consent" else None
            await self.answer(answers.get(question.id, default))
        raise AssertionError("the interview does not end")


def asked(card: Card, form: Form) -> Question | None:
    """The question whose words are on the card."""
    paragraphs = card.text.split("\n\n")
    for question in form.questions:
        if any(question.ask.text(language).strip() in paragraphs for language in form.languages):
            return question
    return None


def has(button: Button, verb: Verb, argument: str | None = None) -> bool:
    press = decode(button.data or "")
    return press is not None and press.verb is verb and argument in (None, press.argument)


def find(card: Card, verb: Verb, argument: str | None = None) -> Button:
    for button in card.buttons:
        if has(button, verb, argument):
            return button
    raise AssertionError(
        f"no key {verb.name} {argument or ''} on: {card.text[:80]!r} {card.labels}"
    )


def pressed(card: Card, verb: Verb, argument: str | None = None) -> Press:
    """What the key carries."""
    press = decode(find(card, verb, argument).data or "")
    assert press is not None
    return press


def offers(card: Card, verb: Verb, argument: str | None = None) -> bool:
    return any(has(button, verb, argument) for button in card.buttons)


def is_hidden(card: Card) -> bool:
    """A bland line with one button."""
    return len(card.buttons) == 1 and has(card.buttons[0], Verb.SHOW)


def is_review(card: Card) -> bool:
    return offers(card, Verb.SEND)


def is_receipt(card: Card) -> bool:
    """A code, to be written down."""
    return offers(card, Verb.WROTE)


def is_inbox(card: Card) -> bool:
    return offers(card, Verb.WRITE) and offers(card, Verb.ERASE)


def is_closing(card: Card) -> bool:
    """What stands there once a case is sent: the receipt, and later the inbox."""
    return is_receipt(card) or is_inbox(card)


def _months(card: Card) -> list[str]:
    presses = [decode(button.data or "") for button in card.buttons]
    return [press.argument for press in presses if press and press.verb is Verb.MONTH]
