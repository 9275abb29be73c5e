"""Alerts, on the real line: who is told of an urgent case, how, how often, and who is not."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts import URGENT as LEVELS
from bot.drafts import SealedDrafts
from bot.inboxes import SealedInboxes
from bot.tokens import Tokens
from crypto.draft import DraftSecret
from crypto.identity import Identity
from crypto.link import make_link
from handlers.buttons import Verb
from handlers.ports import Sent, Submission
from intake.draft import Draft
from intake.roster import Role, Roster
from sandbox.client import Person
from sandbox.running import running_sandbox
from storage import Storage, open_storage
from tests.bot.answering import LOCKS
from tests.journeys.stage import Rounds, Stage, is_hidden, running_stage
from tests.line import Hands, running_line
from tests.organisation import House, member

URGENT: dict[str, Any] = {
    "consent": "yes",
    "who": "me",
    "status": "contract",
    "danger": "weeks2",
    "situation": "left",
    "mind": "hard",
    "need": ("legal", "relocation"),
    "case": ("a337",),
}
CALM: dict[str, Any] = {"consent": "yes", "status": "reserve"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with running_stage(tmp_path) as made:
        yield made


@asynccontextmanager
async def kept(stage: Stage) -> AsyncIterator[Storage]:
    """The line's database, from beside it."""
    storage = await open_storage(stage.settings.database_url)
    try:
        yield storage
    finally:
        await storage.close()


async def linked(stage: Stage, identity: Identity, language: str = "en") -> Person:
    """A chat that this member linked."""
    person = await stage.sandbox.person(language)
    text = make_link(identity, stage.hands(), os.urandom)
    await person.send(f"/link {text}")
    (card,) = await person.settled()
    assert card.by_bot
    return person


async def submit(stage: Stage, roster: Roster | None = None, **answers: Any) -> str:
    """A case straight into the database, past the line; the inbox secret."""
    house, clock = stage.house, stage.hands
    in_force = roster or house.roster()
    maker = house.maker(lambda: in_force, clock)
    async with kept(stage) as storage:
        drafts = SealedDrafts(
            storage.drafts, storage.cases, storage.inboxes, maker, LOCKS, clock, os.urandom
        )
        secret = DraftSecret.new(os.urandom).text
        await drafts.save(secret, Draft("ru", "", answers=answers or URGENT), None)
        draft = Draft("ru", "", answers=answers or URGENT)
        done = await drafts.submit(Submission(secret, draft, 1, 5, 6, early=False))
    assert isinstance(done, Sent)
    return done.inbox


async def write_again(stage: Stage, inbox: str) -> None:
    """The person adds something."""
    house = stage.house
    async with kept(stage) as storage:
        inboxes = SealedInboxes(
            storage.inboxes,
            storage.drafts,
            house.form,
            Tokens(house.return_key, os.urandom),
            LOCKS,
            stage.hands,
            os.urandom,
        )
        revision = (await inboxes.compose(inbox)).revision
        composed = await inboxes.save_text(inbox, "ещё одно", 77, revision)
        assert composed is not None
        assert await inboxes.send_text(inbox, composed.revision)


async def take(stage: Stage, identity: Identity) -> bytes:
    async with kept(stage) as storage:
        now = stage.hands()
        listing = await storage.cases.queue(identity.key_id, now, lead=False)
        case = listing.cases[0].header.id
        await storage.cases.take(case, identity.key_id, now, 5)
    return bytes(case)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1200):
        if await true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("this does not come about")


async def told(person: Person, word: str = "P1") -> None:
    """Wait until she is told."""

    async def shows() -> bool:
        return any(word in card.text for card in await person.messages())

    await until(shows)
    await person.settled()


async def rings(person: Person) -> int:
    """How many messages came to this chat so far that were not silent."""
    events = await person.events(kinds=("sent",))
    return sum("·" in event["message"].get("text", "") for event in events)


async def all_marked(stage: Stage) -> None:
    """Wait until no case is left of which somebody is to be told."""

    async def none_left() -> bool:
        async with kept(stage) as storage:
            return not await storage.cases.unalerted(LEVELS)

    await until(none_left)


async def test_a_member_whom_it_fits_is_told_level_language_and_skills_alone(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await submit(stage)
    await told(anna)
    (card,) = await anna.settled()
    assert card.text.splitlines()[0] == "New in the queue"
    assert "P1 · Русский · " in card.text
    seen = await stage.sandbox.ask("chat", chat=anna.chat)
    assert seen["messages"][-1]["silent"] is False
    async with kept(stage) as storage:
        listing = await storage.cases.queue(stage.house.anna.key_id, stage.hands(), lead=False)
    case = listing.cases[0].header.id.hex()
    assert not any(case[at : at + 6] in card.text for at in range(26))


async def test_a_case_that_comes_in_does_not_wait_for_the_next_round(tmp_path: Path) -> None:
    """On a line on which no round follows the first."""

    async def for_ever(_: float) -> None:
        await asyncio.Event().wait()

    house = House(tmp_path)
    async with (
        running_sandbox(limits=False) as sandbox,
        running_line(house, sandbox, pause=for_ever) as line,
    ):
        stage = Stage(line.house, line.sandbox, line.settings, line.hands, Rounds())
        anna = await linked(stage, house.anna)
        talk = await stage.person("ru")
        await talk.begin("ru")
        await talk.go_through(URGENT)
        await talk.press(Verb.SEND)
        await told(anna)


async def test_nobody_is_told_twice(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await submit(stage)
    await told(anna)
    await all_marked(stage)
    await stage.rounds.all_round()
    assert await rings(anna) == 1


async def test_a_calm_case_wakes_nobody(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await submit(stage, **CALM)
    await stage.rounds.all_round()
    assert await rings(anna) == 0


async def test_whom_it_does_not_fit_is_not_told(tmp_path: Path) -> None:
    vera, finn = Identity.new(os.urandom), Identity.new(os.urandom)
    house = House(tmp_path)
    roster = house.roster(
        timedelta(days=9),
        member("vera", vera, skills=("medical",)),
        member("finn", finn, languages=("fi",)),
    )
    house.sign(roster)
    async with (
        running_sandbox(limits=False) as sandbox,
        running_stage(tmp_path, sandbox, house) as stage,
    ):
        anna = await linked(stage, house.anna)
        others = [await linked(stage, vera), await linked(stage, finn)]
        await submit(stage, roster)
        await told(anna)
        await all_marked(stage)
        assert [await rings(other) for other in others] == [0, 0]


async def test_where_nobody_fits_those_who_can_open_it_are_told(tmp_path: Path) -> None:
    vera = Identity.new(os.urandom)
    house = House(tmp_path)
    plain = house.roster()
    roster = plain.model_copy(
        update={"members": (member("vera", vera, skills=("medical",), languages=("en",)),)}
    )
    house.sign(roster)
    async with (
        running_sandbox(limits=False) as sandbox,
        running_stage(tmp_path, sandbox, house) as stage,
    ):
        chat = await linked(stage, vera)
        await submit(stage, roster)
        await told(chat)


async def test_a_coordinator_is_told_of_nothing(tmp_path: Path) -> None:
    counts = Identity.new(os.urandom)
    house = House(tmp_path)
    roster = house.roster(timedelta(days=9), member("counts", counts, Role.COORDINATOR))
    house.sign(roster)
    async with (
        running_sandbox(limits=False) as sandbox,
        running_stage(tmp_path, sandbox, house) as stage,
    ):
        chat = await linked(stage, counts)
        await submit(stage, roster)
        await stage.rounds.all_round()
        assert await rings(chat) == 0


async def test_who_became_a_coordinator_is_told_of_no_case_not_even_of_one_she_holds(
    tmp_path: Path,
) -> None:
    """Keys to cases of before stay hers; the roster says what she is for."""
    vera = Identity.new(os.urandom)
    house = House(tmp_path)
    before = house.roster(timedelta(days=9), member("vera", vera))
    house.sign(before)
    async with (
        running_sandbox(limits=False) as sandbox,
        running_stage(tmp_path, sandbox, house) as stage,
    ):
        chat = await linked(stage, vera)
        inbox = await submit(stage, before)
        await told(chat)
        await all_marked(stage)
        await take(stage, vera)
        house.epoch += 1
        house.sign(house.roster(timedelta(days=9), member("vera", vera, Role.COORDINATOR)))
        await stage.rounds.all_round()
        anna = await linked(stage, house.anna)
        await write_again(stage, inbox)
        await told(anna)
        await submit(stage, before)
        await all_marked(stage)
        assert await rings(chat) == 1
        await chat.send("/queue")
        assert "opens no cases" in (await chat.card()).text


async def test_one_whose_time_is_over_is_told_of_nothing(tmp_path: Path) -> None:
    vera, house = Identity.new(os.urandom), House(tmp_path)
    before = house.roster(timedelta(days=9), member("vera", vera))
    roster = before.with_end("vera", Hands()() + timedelta(hours=1))
    house.sign(roster)
    async with (
        running_sandbox(limits=False) as sandbox,
        running_stage(tmp_path, sandbox, house) as stage,
    ):
        chat, anna = await linked(stage, vera), await linked(stage, house.anna)
        await submit(stage, roster)
        await told(chat)
        await told(anna)
        await all_marked(stage)
        await stage.pass_time(timedelta(hours=1))
        await submit(stage, before)  # sealed to her as well: she could open it
        await all_marked(stage)
        assert (await rings(chat), await rings(anna)) == (1, 2)
        await chat.send("/queue")
        assert "Your time on the roster is over" in (await chat.card()).text


async def test_the_next_alert_takes_the_place_of_the_last(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await submit(stage)
    await told(anna)
    first = (await anna.card()).id
    await submit(stage)

    async def another() -> bool:
        return (await anna.card()).id != first

    await until(another)
    assert len(await anna.settled()) == 1
    assert await rings(anna) == 2


async def test_also_after_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with running_sandbox(limits=False) as sandbox:
        async with running_stage(tmp_path, sandbox, house) as stage:
            anna = await linked(stage, house.anna)
            await submit(stage)
            await told(anna)
            await all_marked(stage)
            first = (await anna.card()).id
        await submit(stage)
        async with running_stage(tmp_path, sandbox, house, stage.settings):

            async def another() -> bool:
                return (await anna.card()).id != first

            await until(another)
            assert len(await anna.settled()) == 1


async def test_an_alert_hides_itself_like_every_card(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await submit(stage)
    await told(anna)
    await stage.pass_time(timedelta(minutes=16))
    (card,) = await anna.settled()
    assert is_hidden(card)
    assert "P1" not in card.text


async def test_of_a_case_that_is_held_its_holder_alone_is_told(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    lead = await linked(stage, stage.house.lead)
    inbox = await submit(stage)
    await told(anna)
    await told(lead)
    await take(stage, stage.house.anna)
    await write_again(stage, inbox)
    await told(anna, "News in a case of yours")
    await all_marked(stage)
    assert (await rings(anna), await rings(lead)) == (2, 1)


async def test_who_blocked_the_bot_keeps_her_link_and_holds_up_nobody(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tropa")
    anna = await linked(stage, stage.house.anna)
    lead = await linked(stage, stage.house.lead)
    await anna.block()
    await submit(stage)
    await told(lead)
    await all_marked(stage)
    await submit(stage)
    await all_marked(stage)
    logged = [line for line in caplog.messages if "cannot be reached" in line]
    assert logged == ["a linked volunteer's chat cannot be reached"]
    assert len(stage.rows("links")) == 2
    await anna.unblock()
    await submit(stage)
    await told(anna)


async def test_what_telegram_does_not_take_now_is_told_later_and_once(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    lead = await linked(stage, stage.house.lead)
    await stage.sandbox.fault("429", count=1, retry_after=1, methods=("sendMessage",))
    await submit(stage)
    await told(anna)
    await told(lead)
    await all_marked(stage)
    assert (await rings(anna), await rings(lead)) == (1, 1)


async def test_an_alert_whose_answer_was_lost_stands_there_once(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await stage.sandbox.fault("drop_after", count=1, methods=("sendMessage",))
    await submit(stage)
    await told(anna)
    await all_marked(stage)
    assert len(await anna.settled()) == 1


async def test_an_interview_of_her_own_stays_where_it_is(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await anna.send("/start")
    talk = await stage.person()
    talk = type(talk)(anna, stage.house.form)
    card = await talk.begin("en")
    await submit(stage)
    await told(anna)
    shown = await anna.settled()
    assert [one.text for one in shown if one.id == card.id] == [card.text]
    await submit(stage)

    async def twice() -> bool:
        return await rings(anna) == 2

    await until(twice)
    assert len(await anna.settled()) == 2


async def test_an_alert_does_not_keep_a_card_of_her_own_from_hiding(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await anna.send("/start")
    talk = await stage.person()
    talk = type(talk)(anna, stage.house.form)
    card = await talk.begin("en")
    await stage.pass_time(timedelta(minutes=10))
    await submit(stage)
    await told(anna)
    await stage.pass_time(timedelta(minutes=6))
    (own,) = [one for one in await anna.settled() if one.id == card.id]
    assert is_hidden(own)


async def test_a_chat_that_is_unlinked_while_alerts_wait_stays_forgotten(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    await stage.sandbox.fault("429", retry_after=1, methods=("sendMessage",))
    await submit(stage)
    assert await stage.sandbox.events(kinds=("fault",), timeout=60)
    await anna.send("/unlink", wait=None)
    await until(lambda: _no_links(stage))
    await stage.sandbox.clear_faults()
    await stage.rounds.all_round()
    await anna.settled()
    assert stage.rows("links") == []
    assert await rings(anna) == 0


async def _no_links(stage: Stage) -> bool:
    return not stage.rows("links")


async def test_whoever_left_the_roster_is_told_no_more(stage: Stage) -> None:
    lead = await linked(stage, stage.house.lead)
    anna = await linked(stage, stage.house.anna)
    left = stage.house.roster().without_member("anna")
    stage.house.sign(left)

    async def gone() -> bool:
        return len(stage.rows("links")) == 1

    await until(gone)
    await submit(stage, left)
    await told(lead)
    await all_marked(stage)
    assert await rings(anna) == 0


async def test_while_the_line_is_closed_alerts_wait(stage: Stage) -> None:
    anna = await linked(stage, stage.house.anna)
    envelope = stage.house.roster_path.read_bytes()
    stage.house.roster_path.write_text("{}")
    await stage.rounds.all_round()
    await submit(stage)
    await stage.rounds.all_round()
    assert await rings(anna) == 0
    stage.house.roster_path.write_bytes(envelope)
    await told(anna)


async def test_where_nobody_is_linked_the_operator_hears_of_it_and_whoever_links_later(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await submit(stage)
    for _ in range(2):
        await stage.rounds.all_round()
    assert [r.name for r in caplog.records if "somebody has to look" in r.message] == [
        "tropa.alerts"
    ]
    anna = await linked(stage, stage.house.anna)
    await told(anna)
    await all_marked(stage)
    assert await rings(anna) == 1


async def test_the_operator_hears_of_what_nobody_takes(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await submit(stage, **CALM)
    await stage.pass_time(timedelta(days=6))
    assert "have waited" not in caplog.text
    await stage.pass_time(timedelta(days=2))
    assert "1 cases have waited for 7 days and nobody holds them" in caplog.text
