"""Promise 4: exactly once. The narrow instants, one by one.

Each test holds the server at one instant - committed and not yet shown, shown and not yet
confirmed - ends it there by SIGKILL, starts it again, and goes on from the card.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from handlers.buttons import Verb
from intake.answers import Answers
from intake.questions import Form
from sandbox.cards import Card
from sandbox.client import Person, Sandbox
from tests.line import opened, stored_cases
from tests.organisation import House
from tests.promises import steps
from tests.promises.belief import is_closing, verbs
from tests.promises.books import count_cases
from tests.promises.processes import PATIENCE, Tropa, sandbox_process, tropa

LONG = 60.0
"""Seconds that a call hangs which is to end with the server."""


@dataclass
class Scene:
    """A server and the person it talks to."""

    house: House
    sandbox: Sandbox
    server: Tropa
    person: Person
    since: int = 0

    @property
    def form(self) -> Form:
        return self.house.form

    async def at(self, question: str, **chosen: str) -> Card:
        await steps.begin(self.person)
        return await steps.reach(self.person, self.form, question, chosen)

    async def held(self, *methods: str, kind: str = "delay", count: int | None = None) -> None:
        """From here on calls of these methods hang: what follows a commit does not come."""
        self.since = int((await self.sandbox.state())["seq"])
        await self.sandbox.fault(kind, count, methods=methods, seconds=LONG)

    async def hangs(self, method: str = "") -> None:
        """Wait until a call (of this method) is held: what comes before it is committed."""
        since, ends = self.since, asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < ends:
            for event in await self.sandbox.events(since, kinds=("fault",), timeout=1):
                since = event["seq"]
                if method in ("", event["method"]):
                    return
        raise AssertionError(f"nothing calls {method or 'what is held'}")

    async def killed(self, within: str = "") -> None:
        """End the server once a call of `within` hangs, at once without one; start it again."""
        if within:
            await self.hangs(within)
        await self.server.end()
        await self.sandbox.clear_faults()
        await self.server.start()
        await self._through()

    async def _through(self) -> None:
        """Until what was brought again is handled."""
        for _ in range(400):
            if (await self.sandbox.state())["pending"] == 0:
                break
            await asyncio.sleep(0.05)
        await self.person.settled()

    async def press(self, card: Card, verb: Verb, argument: str = "") -> None:
        """Tap a key of a card, as it was when it was seen, and wait for nothing."""
        data = steps.key_of(card, verb, argument).data or ""
        await self.person.tap_data(data, card.id, wait=None)

    async def one_card(self) -> Card:
        [card] = await self.person.settled()
        assert card.by_bot
        return card

    async def sent(self) -> list[Answers]:
        """On to the end; the answers in the records of the one case."""
        await steps.reach(self.person, self.form, "")
        await steps.tap(self.person, Verb.SEND)
        assert is_closing(await self.one_card())
        return await self.recorded()

    async def recorded(self) -> list[Answers]:
        settings = self.house.settings(self.sandbox.url, self.sandbox.token)
        assert await count_cases(settings) == 1
        [case] = await stored_cases(settings, self.house)
        return [record.answers for record in opened(case, self.house)]


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    house = House(tmp_path)
    async with sandbox_process() as sandbox, tropa(house, sandbox) as server:
        await server.start()
        yield Scene(house, sandbox, server, await sandbox.person())


async def test_killed_between_the_commit_of_a_tap_and_its_card(scene: Scene) -> None:
    card = await scene.at("who")
    await scene.held("editMessageText")
    await scene.press(card, Verb.CHOOSE, "relative")
    await scene.killed("editMessageText")
    assert steps.question_on(scene.form, await scene.one_card()) == "aware"
    await scene.press(card, Verb.CHOOSE, "me")  # the key of the card that is gone
    await scene.person.settled()
    [answers] = await scene.sent()
    assert answers["who"] == "relative"


async def test_killed_there_and_down_until_telegram_forgets_the_tap(scene: Scene) -> None:
    card = await scene.at("status")
    await scene.held("editMessageText")
    await scene.press(card, Verb.CHOOSE, "reserve")
    await scene.hangs("editMessageText")
    await scene.server.end()
    await scene.sandbox.clear_faults()
    await scene.sandbox.advance(timedelta(hours=30))
    await scene.server.start()
    assert (await scene.one_card()).text == card.text
    await steps.tap(scene.person, Verb.CHOOSE, "officer")
    assert steps.question_on(scene.form, await scene.one_card()) == "situation"
    [answers] = await scene.sent()
    assert answers["status"] == "reserve"


async def test_killed_between_the_commit_of_a_text_and_its_removal(scene: Scene) -> None:
    await scene.at("codeword")
    await scene.held("deleteMessages", "editMessageText")
    await scene.person.send("тихий мост", wait=None)
    await scene.killed("deleteMessages")
    card = await scene.one_card()
    if "тихий мост" not in card.text:
        card = await steps.tap(scene.person, Verb.CONTINUE)
    assert card.text.count("тихий мост") == 1
    await steps.tap(scene.person, Verb.DONE)
    [answers] = await scene.sent()
    assert answers["codeword"] == "тихий мост"


async def test_a_text_that_comes_again_does_not_land_in_the_next_question(scene: Scene) -> None:
    """The removal hangs, so the text stays unconfirmed while the person goes on."""
    await scene.at("codeword")
    await scene.held("deleteMessages", kind="slow")
    await scene.person.send("фонарь", wait=None)
    await scene.killed("deleteMessages")
    card = await scene.person.card()
    if Verb.CONTINUE in verbs(card):
        await steps.tap(scene.person, Verb.CONTINUE)
    await steps.tap(scene.person, Verb.DONE)
    await scene.killed()
    [answers] = await scene.sent()
    assert (answers["codeword"], type(answers["note"]).__name__) == ("фонарь", "Skipped")


async def test_killed_between_the_commit_of_a_case_and_the_closing_card(scene: Scene) -> None:
    await scene.at("", danger="no")
    card = await scene.person.card()
    await scene.held("editMessageText", "answerCallbackQuery")
    await scene.press(card, Verb.SEND)
    await scene.killed("editMessageText")
    await scene.press(card, Verb.SEND)
    await scene.person.settled()
    assert is_closing(await scene.one_card())
    [answers] = await scene.recorded()
    assert answers["danger"] == "no"


async def test_killed_there_and_the_tap_forgotten_the_case_is_not_sent_twice(scene: Scene) -> None:
    card = await scene.at("")
    await scene.held("editMessageText", "answerCallbackQuery")
    await scene.press(card, Verb.SEND)
    await scene.hangs("editMessageText")
    await scene.server.end()
    await scene.sandbox.clear_faults()
    await scene.sandbox.advance(200)
    await scene.server.start()
    await steps.tap(scene.person, Verb.SEND)
    assert is_closing(await scene.one_card())
    assert len(await scene.recorded()) == 1


async def test_killed_between_an_early_send_and_its_card(scene: Scene) -> None:
    await scene.at("danger")
    offer = await steps.tap(scene.person, Verb.CHOOSE, "day")
    await scene.held("editMessageText")
    await scene.press(offer, Verb.SEND_NOW)
    await scene.killed("editMessageText")
    await scene.press(offer, Verb.SEND_NOW)
    await scene.person.settled()
    await steps.tap(scene.person, Verb.DONE)
    await steps.reach(scene.person, scene.form, "codeword", {"who": "other"})
    await scene.person.send("маяк")
    await steps.tap(scene.person, Verb.DONE)
    first, last = await scene.sent()
    assert "who" not in first
    assert (last["danger"], last["who"], last["codeword"]) == ("day", "other", "маяк")


async def test_killed_between_a_first_card_and_the_end_of_its_command(scene: Scene) -> None:
    """The card is in the chat and the command comes again: still there is one card."""
    await scene.held("sendMessage", kind="slow")
    await scene.person.send("/start", wait=None)
    await scene.killed("sendMessage")
    await scene.one_card()


async def test_killed_in_the_middle_of_bringing_the_card_to_the_end(scene: Scene) -> None:
    await scene.at("who")
    await scene.held("sendMessage", kind="slow")
    await scene.person.send("/start", wait=None)
    await scene.killed("sendMessage")
    await scene.one_card()


async def test_answers_outlive_a_beginning_that_comes_again(scene: Scene) -> None:
    """Somebody else's update hangs, so nothing after it is confirmed; then all of it comes again,
    the beginning of the interview included."""
    other = await scene.sandbox.person()
    await other.send("/start")
    await scene.person.send("/start")
    await steps.tap(scene.person, Verb.LANGUAGE, "ru")
    await scene.held("deleteMessages", count=1)
    await other.send("holds everybody up", wait=None)
    await scene.hangs("deleteMessages")
    await steps.tap(scene.person, Verb.BEGIN)
    await steps.reach(scene.person, scene.form, "who", {"device": "mine"})
    await scene.killed()
    assert steps.question_on(scene.form, await scene.one_card()) == "who"
    [answers] = await scene.sent()
    assert answers["device"] == "mine"


async def test_taps_in_quick_succession_count_once_each(scene: Scene) -> None:
    card = await scene.at("need")
    for _ in range(3):
        await scene.press(card, Verb.TOGGLE, "legal")
    await scene.person.settled()
    again = await scene.one_card()
    assert [label for label in again.labels if label.startswith("☑")] == ["☑ Юрист"]
    for _ in range(3):
        await scene.press(again, Verb.DONE)
    await scene.person.settled()
    assert steps.question_on(scene.form, await scene.one_card()) == "languages"
    [answers] = await scene.sent()
    assert answers["need"] == ("legal",)
