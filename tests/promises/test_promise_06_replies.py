"""Promise 6 with replies: nothing comes to a chat but what the person allowed, whatever desks do.

Two desks do at random what desks can do, and what they should not: hand over the way back to a
person who said never, or that of somebody else. Weeks pass meanwhile.
"""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from desk.casework import Casework
from desk.client import Turned
from desk.errors import DeskError
from handlers.buttons import Verb
from intake.case import Level
from intake.records import Outcome
from intake.roster import Member
from intake.wire import CaseFile
from sandbox.cards import Card
from tests.exchange import (
    Exchange,
    Room,
    Volunteer,
    came,
    enters,
    inbox,
    leaves,
    lines,
    reads,
    running_room,
    until,
)
from tests.journeys.stage import BLANK, Talk, offers

LINE = {"ru": "Есть кое-что новое.", "en": "There is something new."}
KEY = "···"
WEEKS = 3
ROUND = 0.35
"""Seconds in which the line looks around for what is due, with the haste of tests."""


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """`--seed` gives a walk again."""
    return random.Random(int(request.config.getoption("--seed")))


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with running_room(tmp_path) as made:
        yield made


@dataclass
class Walk:
    """Two desks at one case, by seeded dice."""

    exchange: Exchange
    dice: random.Random
    done: dict[str, int] = field(default_factory=dict)

    async def act(self, *but: str) -> str:
        """One act of one desk; what it was, or "" where the server turned it away."""
        desk = self.dice.choice(self.exchange.desks)
        acts = {
            "reply": (self._reply, 6),
            "note": (self._note, 2),
            "ask": (self._ask, 1),
            "hand over": (self._hand_over, 2),
            "level": (self._level, 1),
            "give back": (self._give_back, 1),
            "close": (lambda work, _: self.close(work), 1),
        }
        offered = {name: one for name, one in acts.items() if name not in but}
        weights = [weight for _, weight in offered.values()]
        [name] = self.dice.choices(list(offered), weights)
        act = offered[name][0]
        try:
            await desk.does(lambda work: act(work, desk))
        except (Turned, DeskError):
            return ""
        self.done[name] = self.done.get(name, 0) + 1
        return name

    def _held(self, work: Casework) -> CaseFile:
        return work.take(self.exchange.case)

    def _reply(self, work: Casework, _: Volunteer) -> None:
        work.reply(self._held(work), f"Ответ номер {self.dice.randrange(10**6)}")

    def _note(self, work: Casework, _: Volunteer) -> None:
        work.note(work.fetch(self.exchange.case), f"Заметка {self.dice.randrange(10**6)}")

    def _ask(self, work: Casework, desk: Volunteer) -> None:
        work.ask(work.fetch(self.exchange.case), self._other(work, desk), "Что скажешь?")

    def _hand_over(self, work: Casework, desk: Volunteer) -> None:
        work.hand_over(self._held(work), self._other(work, desk), "Возьми")

    def _level(self, work: Casework, _: Volunteer) -> None:
        work.level(work.fetch(self.exchange.case), self.dice.choice(list(Level)), "Так вернее")

    def _give_back(self, work: Casework, _: Volunteer) -> None:
        self._held(work)
        work.give_back(self.exchange.case)

    def close(self, work: Casework) -> None:
        work.close(self._held(work), self.dice.choice(list(Outcome)), "Готово")

    def _other(self, work: Casework, desk: Volunteer) -> Member:
        return work.colleague("boris" if desk.name == "anna" else "anna")


def neutral(card: Card, silent: bool) -> None:
    """All that a lock screen can show: one line that is the same for everybody, and no sound."""
    assert silent
    assert card.text in LINE.values()
    assert (card.labels, offers(card, Verb.READ)) == ([KEY], True)


async def test_nothing_comes_to_somebody_who_said_never(
    room: Room, dice: random.Random, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From no desk, though both hand over the way back with every reply."""
    monkeypatch.setattr("desk.casework.way_back", lambda _, contents: contents.token)
    exchange = await room.begun({"contact": "never"})
    before, walk = len(await came(exchange.talk)), Walk(exchange, dice)
    shown = await exchange.talk.card()
    for _ in range(WEEKS * (7 if full else 4)):
        for _ in range(dice.randrange(4)):
            await walk.act("close")
        await room.skip(timedelta(hours=dice.randrange(24, 60)), ROUND / 5)
    assert walk.done["reply"] > 3
    assert set(exchange.states) == {"inbox"}
    await exchange.anna.replies(exchange.case, "Ответ номер последний")
    await exchange.anna.does(lambda work: walk.close(work))
    await room.skip(timedelta(weeks=1), ROUND)
    assert (await came(exchange.talk))[before:] == []
    # Nor was the hidden card touched; and what waited is there when the person looks.
    assert await exchange.talk.alone() == shown
    assert "Ответ номер" in (await reads(exchange.talk)).text


async def test_outside_the_window_nothing_comes_and_inside_it_one_line(
    room: Room, dice: random.Random, full: bool
) -> None:
    exchange = await room.begun({"contact": "evening", "hour": 12})
    walk, talk, lines_due = Walk(exchange, dice), exchange.talk, 0
    while room.stage.hands.ahead < timedelta(weeks=4 * WEEKS if full else WEEKS - 1):
        before = len(await came(talk))
        for _ in range(dice.randrange(5)):
            await walk.act("close")
        await _to_the_last_hour(room, exchange, allowed=False)
        assert len(await came(talk)) == before, "a message came outside the hours allowed"
        waiting = "waiting" in exchange.states
        await room.skip(timedelta(hours=1))
        await until(lambda: "waiting" not in exchange.states)
        if waiting:
            neutral(*(await lines(talk))[-1])
        if dice.random() < 0.3:  # within the hours a reply is told of at once
            lines_due += await walk.act("close", "give back", "hand over") == "reply"
            await until(lambda: "waiting" not in exchange.states)
        await room.skip(timedelta(0), ROUND)
        lines_due += waiting
        assert len(await came(talk)) == 1 + lines_due
        if "sent" in exchange.states and dice.random() < 0.5:
            await reads(talk)
            await leaves(talk)
        await _to_the_last_hour(room, exchange, allowed=True)
        await room.skip(timedelta(days=dice.randrange(1 if full else 5), hours=1))
    assert lines_due > 1
    *old, _last = [card.text for card, _ in await lines(talk)]
    assert set(old) <= {BLANK}


async def _to_the_last_hour(room: Room, exchange: Exchange, *, allowed: bool) -> None:
    """To the end of the hours in which the person may, or may not, be written to first."""
    hour = timedelta(hours=1)
    while ((room.stage.hands() + hour).hour in exchange.allowed) is allowed:
        await room.skip(hour)
    assert (room.stage.hands().hour in exchange.allowed) is allowed
    await room.skip(timedelta(0), ROUND)


async def test_who_says_never_while_a_reply_waits_is_not_written_to(room: Room) -> None:
    exchange = await room.begun({"contact": "day", "hour": 20})
    talk, case = exchange.talk, exchange.case
    await exchange.anna.replies(case, "Первый ответ")
    assert exchange.states == ["waiting"]
    await allows(talk, "never")
    before = len(await came(talk))
    for _ in range(WEEKS * 2):
        await room.skip(timedelta(days=3, hours=5), ROUND / 2)
    await exchange.anna.replies(case, "Второй ответ")
    await room.skip(timedelta(hours=13), ROUND)
    assert exchange.states == ["inbox", "inbox"]
    assert len(await came(talk)) == before
    # Who allows it again is told of what comes from then on, and not of what lay there.
    await allows(talk, "any")
    await leaves(talk)
    await room.skip(timedelta(hours=13), ROUND)
    assert len(await came(talk)) == before
    await exchange.anna.replies(case, "Третий ответ")
    await exchange.until_state("inbox", "inbox", "sent")
    assert len(await came(talk)) == before + 1
    neutral(*(await lines(talk))[-1])


async def allows(talk: Talk, choice: str) -> None:
    await inbox(talk)
    await talk.press(Verb.CONTACT)
    await talk.press(Verb.CONTACT, f"ru:{choice}")


async def test_a_way_back_to_somebody_else_is_not_taken(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desk answers one person with the return token of another, who said never."""
    one = await room.begun({"contact": "never"})
    two = await room.begun({"contact": "any"})
    token = (await one.anna.does(lambda work: work.open(work.take(one.case)))).token
    before = [len(await came(exchange.talk)) for exchange in (one, two)]
    monkeypatch.setattr("desk.casework.way_back", lambda _, contents: token)
    await two.anna.replies(two.case, "Не туда")
    await two.until_state("inbox")
    await room.skip(timedelta(hours=1), ROUND)
    assert [len(await came(exchange.talk)) for exchange in (one, two)] == before


async def test_a_chat_that_the_person_left_for_another_hears_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replies are announced where the person said last; an old way back leads nowhere."""
    exchange = await room.begun({"contact": "any"})
    old = await exchange.anna.takes(exchange.case)
    new = await room.stage.person("ru")
    await enters(new, exchange.code)
    await new.press(Verb.ANNOUNCE)
    await leaves(new)
    before = len(await came(exchange.talk))
    await exchange.anna.replies(exchange.case, "Сюда")
    await exchange.until_state("sent")
    neutral(*(await lines(new))[-1])
    stale = (await exchange.anna.does(lambda work: work.open(old))).token
    monkeypatch.setattr("desk.casework.way_back", lambda _, contents: stale)
    await exchange.anna.replies(exchange.case, "Не туда")
    await exchange.until_state("sent", "inbox")
    await room.skip(timedelta(hours=1), ROUND)
    assert len(await came(exchange.talk)) == before


@pytest.mark.parametrize(
    ("first", "question", "last", "state"),
    [
        ("any", "contact", "never", "inbox"),
        ("any", "device", "shared", "inbox"),
        (None, "contact", "any", "sent"),
    ],
)
async def test_after_an_early_send_what_is_answered_last_counts(
    room: Room, first: str | None, question: str, last: str, state: str
) -> None:
    """What was allowed when the case went in may be taken back, or said only then."""
    talk = await room.stage.person("ru")
    await talk.begin("ru")
    await talk.go_through({"contact": first})
    await talk.press(Verb.EDIT, "danger")
    await talk.answer("day")
    await talk.press(Verb.SEND_NOW)
    await talk.press(Verb.DONE)
    [case] = await room.anna.waiting()
    await _review(talk)
    await talk.press(Verb.EDIT, question)
    await talk.answer(last)
    await _review(talk)
    await talk.press(Verb.SEND)
    await talk.press(Verb.WROTE)
    await leaves(talk)
    before = len(await came(talk))
    await room.anna.replies(case, "Ответ")
    await room.skip(timedelta(minutes=5), 3 * ROUND)
    assert await room.anna.states(case) == [state]
    assert len(await came(talk)) == before + (state == "sent")


async def _review(talk: Talk) -> None:
    """Skip what is left of the questions."""
    while not offers(await talk.card(), Verb.SEND):
        await talk.press(Verb.SKIP if await talk.question() else Verb.DONE)


async def test_the_line_is_the_same_whoever_is_answered_and_whatever_was_said(room: Room) -> None:
    seen = set()
    for note, text in (("Короткая", "Да"), ("Срочно", "Длинный ответ. " * 90)):
        exchange = await room.begun({"contact": "any", "note": note})
        await exchange.anna.replies(exchange.case, text)
        await exchange.until_state("sent")
        card, silent = (await lines(exchange.talk))[-1]
        neutral(card, silent)
        seen.add((card.html, *card.labels))
    assert len(seen) == 1
    for word in ("Trail", "Тропа", "Tropa", "trail.example"):
        assert word not in str(seen)
