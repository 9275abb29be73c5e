"""The way in: at least once, tried thrice, set aside, and nobody held up by another."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot import updates as intake
from bot.updates import TRIES, Updates, poll, webhook
from intake.errors import StorageUnavailable

Update = Mapping[str, Any]
SECRET = "a-secret-for-tests"


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


class Recorder:
    """A handler that notes what it gets, and does as it is told for each number."""

    def __init__(self) -> None:
        self.handled: list[int] = []
        self.given_up: list[int] = []
        self.troubles: dict[int, list[Exception]] = {}
        self.gates: dict[int, asyncio.Event] = {}

    async def handle(self, update: Update) -> None:
        number = update["update_id"]
        if number in self.gates:
            await self.gates[number].wait()
        if self.troubles.get(number):
            raise self.troubles[number].pop(0)
        self.handled.append(number)

    async def finish(self, update: Update) -> None:
        return

    async def give_up(self, update: Update) -> None:
        self.given_up.append(update["update_id"])


class Queue:
    """A source as Telegram is one: it forgets what lies below the offset that is asked for."""

    def __init__(self, *waiting: Update) -> None:
        self.waiting = list(waiting)
        self.offsets: list[int | None] = []

    async def fetch(self, offset: int | None, seconds: int) -> Sequence[Update]:
        self.offsets.append(offset)
        self._forget(offset)
        if not self.waiting:
            await asyncio.sleep(0.01)
        return self.waiting[:100]

    async def confirm(self, offset: int) -> None:
        self._forget(offset)

    def _forget(self, offset: int | None) -> None:
        self.waiting = [u for u in self.waiting if offset is None or u["update_id"] >= offset]


def text(number: int, chat: int = 5, words: str = "x") -> dict[str, Any]:
    message = {"chat": {"id": chat, "type": "private"}, "text": words, "message_id": number}
    return {"update_id": number, "message": message}


@asynccontextmanager
async def polling(
    handler: Recorder, source: Queue, pause: Callable[[float], Any] = at_once
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(poll(source, Updates(handler, pause), stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


async def test_what_is_handled_is_confirmed_and_comes_once() -> None:
    handler, source = Recorder(), Queue(*(text(n) for n in range(1, 251)))
    async with polling(handler, source):
        await until(lambda: not source.waiting)
    assert handler.handled == list(range(1, 251))


async def test_an_update_that_is_not_handled_is_not_confirmed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "PATIENCE", 0.01)
    handler, source = Recorder(), Queue(text(1, 5), text(2, 6), text(3, 7))
    handler.gates[2] = asyncio.Event()
    async with polling(handler, source):
        await until(lambda: handler.handled == [1, 3])
        await until(lambda: source.offsets[-1] == 2)
        assert [u["update_id"] for u in source.waiting] == [2, 3]
        handler.gates[2].set()
        await until(lambda: not source.waiting)
    assert handler.handled == [1, 3, 2]


async def test_one_that_fails_is_tried_thrice_and_set_aside_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handler, source = Recorder(), Queue(text(1, words="тайна"), text(2))
    handler.troubles[1] = [ValueError("тайна") for _ in range(TRIES)]
    with caplog.at_level(logging.DEBUG):
        async with polling(handler, source):
            await until(lambda: not source.waiting)
    assert handler.given_up == [1]
    assert handler.handled == [2]
    assert "set aside" in caplog.text
    assert "тайна" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_one_that_fails_twice_is_handled_the_third_time() -> None:
    handler, source = Recorder(), Queue(text(1))
    handler.troubles[1] = [ValueError(), ValueError()]
    async with polling(handler, source):
        await until(lambda: not source.waiting)
    assert handler.handled == [1]
    assert handler.given_up == []


async def test_without_a_database_an_update_waits_as_long_as_it_takes() -> None:
    handler, source = Recorder(), Queue(text(1))
    handler.troubles[1] = [StorageUnavailable("away") for _ in range(20)]
    async with polling(handler, source):
        await until(lambda: handler.handled == [1])
    assert handler.given_up == []


async def test_texts_of_one_chat_keep_their_order_and_others_do_not_wait() -> None:
    handler = Recorder()
    handler.troubles[1] = [StorageUnavailable("away")] * 3
    handler.gates[1] = asyncio.Event()
    updates = Updates(handler, at_once)
    first, second, other, command = (
        updates.accept(u) for u in (text(1), text(2), text(3, chat=6), text(4, words="/hide"))
    )
    assert first is not None
    assert second is not None
    assert other is not None
    assert command is not None
    await asyncio.gather(other.task, command.task)
    assert handler.handled == [3, 4]
    handler.gates[1].set()
    await asyncio.gather(first.task, second.task)
    assert handler.handled == [3, 4, 1, 2]


async def test_an_update_brought_again_while_it_is_handled_is_not_begun_anew() -> None:
    handler = Recorder()
    updates = Updates(handler, at_once)
    task = updates.accept(text(1))
    assert updates.accept(text(1)) is task


@pytest.mark.parametrize("number", [None, "1", True, 1.0, [1]])
async def test_what_has_no_number_is_no_update(number: object) -> None:
    assert Updates(Recorder(), at_once).accept({"update_id": number}) is None


@asynccontextmanager
async def hook(handler: Recorder) -> AsyncIterator[Callable[..., Any]]:
    """The webhook over real HTTP; calling gives the status."""
    runner = web.AppRunner(webhook(Updates(handler, at_once), SECRET), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as session:

        async def call(secret: str | None = SECRET, **body: Any) -> int:
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
            async with session.post(url, headers=headers, **body) as answer:
                assert "a-secret" not in await answer.text()
                return answer.status

        try:
            yield call
        finally:
            await runner.cleanup()


async def test_a_webhook_call_is_answered_with_200_once_it_is_handled() -> None:
    handler = Recorder()
    handler.gates[1] = asyncio.Event()
    async with hook(handler) as call:
        calling = asyncio.create_task(call(json=text(1)))
        await asyncio.sleep(0.1)
        assert not calling.done()
        handler.gates[1].set()
        assert await calling == 200
    assert handler.handled == [1]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "\u00ff"])
async def test_a_webhook_call_without_the_secret_is_refused(secret: str | None) -> None:
    handler = Recorder()
    async with hook(handler) as call:
        assert await call(secret, json=text(1)) == 403
    assert handler.handled == []


async def test_a_secret_that_is_no_text_is_refused_as_well() -> None:
    runner = web.AppRunner(webhook(Updates(Recorder(), at_once), SECRET), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
    writer.write(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n"
        b"X-Telegram-Bot-Api-Secret-Token: \xff\xfe\r\n\r\n{}"
    )
    assert b" 403 " in await reader.readline()
    writer.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"", b"{", b"[]", b"1", b"\xff\xff", b'{"update_id": "1"}']
)
async def test_a_webhook_call_that_is_no_update_is_refused(body: bytes) -> None:
    async with hook(Recorder()) as call:
        assert await call(data=body) == 400


async def test_a_webhook_call_that_takes_too_long_is_to_be_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "WEBHOOK_SECONDS", 0.05)
    handler = Recorder()
    handler.gates[1] = asyncio.Event()
    async with hook(handler) as call:
        assert await call(json=text(1)) == 503
        handler.gates[1].set()
        assert await call(json=text(1)) == 200
    assert handler.handled == [1]


class Unfinished(Recorder):
    """A handler whose first chat is never done with what must be done in it."""

    def __init__(self) -> None:
        super().__init__()
        self.done = asyncio.Event()

    async def finish(self, update: Update) -> None:
        if update["message"]["chat"]["id"] == 5:
            await self.done.wait()


async def test_what_is_left_to_do_keeps_the_update_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "BREATH", 0.01)
    monkeypatch.setattr(intake, "PATIENCE", 0.01)
    handler, source = Unfinished(), Queue(text(1, 5), text(2, 5), text(3, 6))
    async with polling(handler, source):
        await until(lambda: sorted(handler.handled) == [1, 2, 3])
        await until(lambda: source.offsets[-1] == 1)
        handler.done.set()
        await until(lambda: not source.waiting)
    assert sorted(handler.handled) == [1, 2, 3]


async def test_a_flood_that_is_left_to_do_does_not_crowd_out_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "BREATH", 0.01)
    monkeypatch.setattr(intake, "PATIENCE", 0.01)
    handler, source = Unfinished(), Queue(*(text(n, 5) for n in range(1, 200)), text(500, 6))
    async with polling(handler, source):
        await until(lambda: 500 in handler.handled)
        handler.done.set()
        await until(lambda: not source.waiting)
