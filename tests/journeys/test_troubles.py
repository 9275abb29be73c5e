"""Journeys on bad days: Telegram slow or strict, the disk full or locked, updates brought twice."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiohttp import web

from handlers.buttons import Verb
from sandbox.cards import Button, Card
from sandbox.client import Sandbox
from sandbox.running import running_sandbox
from storage import sqlite_thread
from tests.journeys.stage import Stage, Talk, asked, find, is_closing, is_review, running_stage
from tests.line import stored_cases
from tests.organisation import House, free_port

SECRET = "a-secret-for-tests"


async def _sent(talk: Talk) -> None:
    await talk.begin()
    await talk.go_through({"device": "mine", "note": "Прошу помочь"})
    await talk.press(Verb.SEND)
    assert is_closing(await talk.alone())


# Ways in.


async def test_by_webhook_the_journey_is_the_same(tmp_path: Path) -> None:
    async with running_sandbox(limits=False) as sandbox:
        house = House(tmp_path)
        listen = f"127.0.0.1:{free_port()}"
        settings = house.settings(
            sandbox.url,
            sandbox.token,
            webhook_listen=listen,
            webhook_secret=SECRET,
        )
        # Past the check of settings: the sandbox calls without the proxy that speaks TLS.
        settings = settings.model_copy(update={"webhook_url": f"http://{listen}/"})
        async with running_stage(tmp_path, sandbox, house, settings) as stage:
            talk = await stage.person("ru")
            await _sent(talk)
            assert len(await stored_cases(stage.settings, stage.house)) == 1
            state = await sandbox.state()
            assert "getUpdates" not in state["calls"]
            assert state["pending"] == state["unanswered"] == 0


async def test_the_line_runs_unchanged_against_another_bot_api_server(tmp_path: Path) -> None:
    """Another address, another path, another token; and not one request anywhere else."""
    async with (
        running_sandbox(limits=False, token="99:elsewhere") as sandbox,
        _behind_a_path(sandbox, "/telegram/api") as (url, seen),
    ):
        house = House(tmp_path)
        settings = house.settings(f"{url}/", sandbox.token)
        async with running_stage(tmp_path, sandbox, house, settings) as stage:
            await _sent(await stage.person("ru"))
            calls = (await sandbox.state())["calls"]
    assert sum(calls.values()) <= len(seen)  # none came to it past the way in
    assert all(path.startswith("/telegram/api/bot99:elsewhere/") for path in seen)


@asynccontextmanager
async def _behind_a_path(sandbox: Sandbox, prefix: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A server of its own that serves the Bot API below a path, and notes what it was asked."""
    import aiohttp

    seen: list[str] = []

    async def forward(request: web.Request) -> web.Response:
        seen.append(request.path)
        url = sandbox.url + request.path.removeprefix(prefix)
        kind = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        async with session.post(url, data=await request.read(), headers=kind) as answer:
            return web.Response(
                body=await answer.read(), status=answer.status, content_type="application/json"
            )

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", forward)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    port = free_port()
    async with aiohttp.ClientSession() as session:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield f"http://127.0.0.1:{port}{prefix}", seen
        finally:
            await runner.cleanup()


# People and groups.


async def test_in_a_group_the_line_only_hints_and_not_more_than_once_a_minute(
    stage: Stage,
) -> None:
    talk = await stage.person("ru")
    group = await stage.sandbox.group("Друзья", [talk.person], admin=True)
    there = talk.person.within(group)
    await there.send("/start")
    for _ in range(5):
        await there.send("помогите", wait=None)
        await there.act("send", photo=True)
    cards = [card for card in await there.settled() if card.by_bot]
    assert len(cards) == 1
    assert "личный чат" in cards[0].text
    assert cards[0].buttons == ()
    assert stage.rows("drafts") == []


async def test_a_person_who_blocks_and_comes_back_goes_on(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({}, until="danger")
    card = await talk.alone()
    await talk.person.block()
    await asyncio.sleep(0.1)
    await talk.person.unblock()
    await talk.person.tap_data(find(card, Verb.CHOOSE, "no").data or "", card.id)
    question = await talk.question()
    assert question is not None
    assert question.id == "who"


async def test_a_person_who_clears_the_chat_can_still_find_the_card(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({}, until="danger")
    await talk.person.clear(both=False)
    assert await talk.person.messages() == []
    await talk.person.send("/start")
    assert "Вам скоро грозит" in (await talk.alone()).text


# Telegram's bad days.


async def test_in_a_storm_of_429_every_interview_gets_through(stage: Stage) -> None:
    talks = [await stage.person("ru") for _ in range(3)]
    await stage.sandbox.fault("429", probability=0.3, retry_after=1)
    await asyncio.gather(*(_patiently(talk) for talk in talks))
    await stage.sandbox.clear_faults()
    assert len(await stored_cases(stage.settings, stage.house)) == 3


async def _patiently(talk: Talk) -> None:
    """Like somebody on a bad connection: looks, waits, taps again."""
    await talk.person.send("/start", wait=None)
    for _ in range(600):
        cards = [card for card in await talk.person.messages() if card.by_bot]
        if cards and is_closing(cards[-1]):
            return
        for verb in (Verb.LANGUAGE, Verb.BEGIN, Verb.SKIP, Verb.SEND, Verb.CHOOSE):
            key = [b for c in cards[-1:] for b in c.buttons if b.data and verb in b.data[46:47]]
            plain = [b for c in cards[-1:] for b in c.buttons if (b.data or "")[4:5] == verb]
            if key or plain:
                button = (key or plain)[-1 if verb is Verb.LANGUAGE else 0]
                await talk.person.tap_data(button.data or "", cards[-1].id, wait=None)
                break
        await asyncio.sleep(0.1)
    raise AssertionError("the interview does not end")


async def test_taps_and_texts_that_overtake_each_other_lose_nothing(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({}, until="note")
    await stage.sandbox.hold("texts")
    await talk.person.send("первое", wait=None)
    await talk.person.send("второе", wait=None)
    await stage.sandbox.release("texts")
    card = await talk.alone()
    assert "первое\nвторое" in card.text


# Updates brought twice.


async def test_everything_that_telegram_brings_again_counts_once(stage: Stage) -> None:
    """Each tap of an interview, brought a second time with its id and its data."""
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({}, until="codeword")
    await talk.person.send("рябина")
    card, rows = await talk.alone(), stage.rows("drafts")
    events = await talk.person.events(kinds=("wrote", "tapped"))
    taps = [_tap_again(talk, event) for event in events if event["kind"] == "tapped"]
    assert len(taps) > 15
    await stage.sandbox.inject(*taps)
    await _quiet(stage)
    assert stage.rows("drafts") == rows
    assert (await talk.alone()).text == card.text


def _tap_again(talk: Talk, event: dict[str, object]) -> dict[str, object]:
    chat = {"id": talk.person.id, "type": "private", "first_name": "x"}
    message = {"message_id": event["message_id"], "date": 0, "chat": chat}
    user = {"id": talk.person.id, "is_bot": False, "first_name": "x"}
    query = {"id": event["query"], "from": user, "message": message, "data": event["data"]}
    return {"callback_query": {**query, "chat_instance": "1"}}


async def test_a_confirmation_that_gets_lost_brings_updates_again_and_they_count_once(
    stage: Stage,
) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    await talk.go_through({}, until="codeword")
    for kind in ("drop_after", "drop_before", "502"):
        await stage.sandbox.fault(kind, count=3, methods=("getUpdates",))
        await talk.person.send(f"слово-{kind}", wait=None)
        await asyncio.sleep(0.3)
    card = await talk.alone()
    for kind in ("drop_after", "drop_before", "502"):
        assert card.text.count(f"слово-{kind}") == 1


async def _quiet(stage: Stage) -> None:
    for _ in range(1200):
        if (await stage.sandbox.state())["pending"] == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("updates wait")


# The disk.


@asynccontextmanager
async def _locked(stage: Stage) -> AsyncIterator[None]:
    """Somebody else holds the database's write lock."""
    with closing(sqlite3.connect(stage.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@pytest.fixture
async def hurried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A line that waits a tenth of a second for a locked database, not five."""
    pragmas = tuple(p.replace("= 5000", "= 100") for p in sqlite_thread.PRAGMAS)
    assert pragmas != sqlite_thread.PRAGMAS
    monkeypatch.setattr(sqlite_thread, "PRAGMAS", pragmas)
    async with running_stage(tmp_path) as made:
        yield made


async def test_while_nothing_can_be_stored_people_are_told_and_nothing_is_lost(
    hurried: Stage,
) -> None:
    """One taps an answer, one sends, one types: longer than the line waits for the disk."""
    stage = hurried
    taps, sends, types = [await stage.person("ru") for _ in range(3)]
    for talk, until in ((taps, "danger"), (sends, ""), (types, "note")):
        await talk.begin()
        await talk.go_through({"device": "mine"}, until)
    card, review = await taps.alone(), await sends.alone()
    assert is_review(review)
    rows = stage.rows("drafts")
    async with _locked(stage):
        for word in ("один", "два", "три", "четыре"):
            await types.person.send(word, wait=None)
        await asyncio.gather(
            _told(taps, card, find(card, Verb.CHOOSE, "no")),
            _told(sends, review, find(review, Verb.SEND)),
        )
        await asyncio.sleep(0.7)
        assert stage.rows("drafts") == rows
    await taps.press(Verb.CHOOSE, "no")
    assert asked(await taps.alone(), stage.house.form) == stage.house.form.by_id["who"]
    await sends.press(Verb.SEND)
    assert len(await stored_cases(stage.settings, stage.house)) == 1
    assert "один\nдва\nтри\nчетыре" in (await _typed(types, "четыре")).text


async def _told(talk: Talk, card: Card, button: Button) -> None:
    """The tap is answered in words, and the card stays as it is."""
    await talk.person.tap_data(button.data or "", card.id, wait=30, until="answer")
    assert any("не удалось" in toast.lower() for toast in await talk.person.toasts())
    assert (await talk.card()).text == card.text


async def _typed(talk: Talk, word: str) -> Card:
    for _ in range(600):
        if word in (await talk.card()).text:
            return await talk.alone()
        await asyncio.sleep(0.1)
    raise AssertionError(f"{word} did not arrive")


@pytest.mark.parametrize("verb", [Verb.HIDE, Verb.HELP])
async def test_what_needs_no_storing_works_meanwhile(stage: Stage, verb: Verb) -> None:
    talk = await stage.person("ru")
    await talk.begin()
    async with _locked(stage):
        if verb is Verb.HIDE:
            await talk.press(Verb.HIDE)
        else:
            await talk.person.send("/help")
        assert (await talk.alone()).buttons
