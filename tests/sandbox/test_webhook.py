"""Updates pushed to a real web server, until it takes them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from sandbox.client import Sandbox
from tests.sandbox.talk import refusal, result, started

Json = dict[str, Any]


class Receiver:
    """A bot's web server: notes what comes, answers as told, and not before it may."""

    def __init__(self) -> None:
        self.updates: list[Json] = []
        self.secrets: list[str | None] = []
        self.statuses: list[int] = []
        self.answer: Json = {}
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.running = 0
        self.most = 0
        self.url = ""
        self.arrived = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        self.running += 1
        async with self.arrived:
            self.most = max(self.most, self.running)
            self.arrived.notify_all()
        body = await request.read()
        await self.may_answer.wait()
        self.running -= 1
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        async with self.arrived:
            self.updates.append(json.loads(body))
            self.arrived.notify_all()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.json_response(self.answer, status=status)

    async def got(self, count: int) -> list[Json]:
        await self._comes(lambda: len(self.updates) >= count)
        return self.updates

    async def side_by_side(self, count: int) -> None:
        """Wait until so many are being handled at once."""
        await self._comes(lambda: self.most >= count)

    async def _comes(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(holds)


async def waits(sandbox: Sandbox, words: str, count: int) -> None:
    """Until the sandbox says this error of the webhook and so many updates that wait."""
    async with asyncio.timeout(60):
        while True:
            info = await result(sandbox, "getWebhookInfo")
            if (info.get("last_error_message", ""), info["pending_update_count"]) == (words, count):
                return
            await asyncio.sleep(0.05)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_updates_are_pushed_with_the_secret(sandbox: Sandbox, receiver: Receiver) -> None:
    person = await started(sandbox)
    await result(sandbox, "setWebhook", url=receiver.url, secret_token="secret-1")
    await person.send("hello", wait=None)
    [update] = await receiver.got(1)
    assert update["message"]["text"] == "hello"
    assert receiver.secrets == ["secret-1"]
    await waits(sandbox, "", 0)


async def test_a_refused_update_comes_again_and_in_order(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    person = await started(sandbox)
    receiver.statuses = [500, 403]
    await result(sandbox, "setWebhook", url=receiver.url)
    await person.send("first", wait=None)
    await person.send("second", wait=None)
    got = await receiver.got(4)
    assert [u["message"]["text"] for u in got] == ["first"] * 3 + ["second"]
    info = await result(sandbox, "getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 403 Forbidden"


async def test_a_text_that_waits_does_not_hold_up_a_tap(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    person = await started(sandbox)
    receiver.may_answer.clear()
    await result(sandbox, "setWebhook", url=receiver.url)
    await person.send("text", wait=None)
    await person.tap_data("tap", 1, wait=None)
    await receiver.side_by_side(2)
    receiver.may_answer.set()
    await receiver.got(2)


async def test_max_connections_bounds_what_runs_side_by_side(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    people = [await started(sandbox) for _ in range(4)]
    receiver.may_answer.clear()
    await result(sandbox, "setWebhook", url=receiver.url, max_connections=2)
    for person in people:
        await person.send("x", wait=None)
    await receiver.side_by_side(2)
    await asyncio.sleep(0.3)  # a third could come
    receiver.may_answer.set()
    await receiver.got(4)
    assert receiver.most == 2


async def test_what_waited_is_pushed_or_dropped_as_asked(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    person = await started(sandbox)
    await person.send("before", wait=None)
    await result(sandbox, "setWebhook", url=receiver.url, drop_pending_updates=True)
    await person.send("after", wait=None)
    [update] = await receiver.got(1)
    assert update["message"]["text"] == "after"


async def test_a_webhook_may_answer_with_a_call(sandbox: Sandbox, receiver: Receiver) -> None:
    person = await started(sandbox)
    receiver.answer = {"method": "sendMessage", "chat_id": person.id, "text": "from the answer"}
    await result(sandbox, "setWebhook", url=receiver.url)
    await person.send("x")
    assert (await person.card()).text == "from the answer"


async def test_an_unreachable_webhook_is_told_in_the_info(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await result(sandbox, "setWebhook", url="http://127.0.0.1:9/hook")
    await person.send("x", wait=None)
    await waits(sandbox, "Connection refused", 1)


async def test_a_webhook_needs_https_or_loopback_and_a_plain_secret(sandbox: Sandbox) -> None:
    words = await refusal(sandbox, "setWebhook", url="http://example.org/")
    assert words == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    words = await refusal(sandbox, "setWebhook", url="https://example.org/", secret_token="a b")
    assert words == "Bad Request: secret token contains unallowed characters"
    answer = await sandbox.call("setWebhook", url="https://example.org/")
    assert answer["description"] == "Webhook was set"
    answer = await sandbox.call("deleteWebhook")
    assert answer["description"] == "Webhook was deleted"
