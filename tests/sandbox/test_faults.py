"""Rate limits and faults: 429, 5xx, lost connections before and after, delays."""

import time

import aiohttp
import pytest

from sandbox.client import Sandbox, SandboxError
from sandbox.running import running_sandbox
from tests.sandbox.talk import result, started


async def test_a_chat_takes_a_burst_and_then_one_a_second() -> None:
    async with running_sandbox() as sandbox:
        person = await started(sandbox)
        for _ in range(3):
            await result(sandbox, "sendMessage", chat_id=person.id, text="x")
        answer = await sandbox.call("sendMessage", chat_id=person.id, text="x")
        assert answer == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        }
        await sandbox.advance(1)
        await result(sandbox, "sendMessage", chat_id=person.id, text="x")


async def test_another_chat_is_not_held_up() -> None:
    async with running_sandbox() as sandbox:
        one, two = await started(sandbox), await started(sandbox)
        for _ in range(4):
            await sandbox.call("sendMessage", chat_id=one.id, text="x")
        await result(sandbox, "sendMessage", chat_id=two.id, text="x")


async def test_all_chats_together_take_thirty_a_second() -> None:
    async with running_sandbox() as sandbox:
        people = [await started(sandbox) for _ in range(34)]
        answers = [await sandbox.call("sendMessage", chat_id=p.id, text="x") for p in people]
        refused = [answer for answer in answers if not answer["ok"]]
        assert 1 <= len(refused) <= 4


async def test_edits_are_given_more() -> None:
    async with running_sandbox() as sandbox:
        person = await started(sandbox)
        sent = await result(sandbox, "sendMessage", chat_id=person.id, text="0")
        place = {"chat_id": person.id, "message_id": sent["message_id"]}
        codes = [
            (await sandbox.call("editMessageText", **place, text=str(n))).get("error_code")
            for n in range(1, 26)
        ]
        assert codes[:20] == [None] * 20
        assert 429 in codes


async def test_limits_can_be_switched_off_and_changed() -> None:
    async with running_sandbox() as sandbox:
        person = await started(sandbox)
        await sandbox.limits(enabled=False)
        for _ in range(10):
            await result(sandbox, "sendMessage", chat_id=person.id, text="x")
        await sandbox.limits(enabled=True, chat=(1, 0.1))
        await result(sandbox, "sendMessage", chat_id=person.id, text="x")
        answer = await sandbox.call("sendMessage", chat_id=person.id, text="x")
        assert answer["parameters"] == {"retry_after": 10}


async def test_a_429_comes_as_often_as_asked_and_does_nothing(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await sandbox.fault("429", count=2, methods=("sendMessage",), retry_after=7)
    codes = []
    for _ in range(3):
        answer = await sandbox.call("sendMessage", chat_id=person.id, text="x")
        codes.append(answer.get("parameters"))
    assert codes == [{"retry_after": 7}, {"retry_after": 7}, None]
    assert len(await person.messages()) == 2


async def test_a_fault_can_skip_the_first_calls(sandbox: Sandbox) -> None:
    await sandbox.fault("500", count=1, skip=2)
    codes = [(await sandbox.call("getMe")).get("error_code") for _ in range(4)]
    assert codes == [None, None, 500, None]


async def test_a_gateway_answers_with_a_page(sandbox: Sandbox) -> None:
    await sandbox.fault("502", count=1)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.api_url}{sandbox.token}/getMe") as response,
    ):
        assert response.status == 502
        assert response.content_type == "text/html"


@pytest.mark.parametrize(("kind", "seen"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_cut_connection_loses_the_call_or_only_its_answer(
    sandbox: Sandbox, kind: str, seen: int
) -> None:
    person = await started(sandbox)
    await sandbox.fault(kind, count=1, methods=("sendMessage",))
    with pytest.raises(aiohttp.ClientConnectionError):
        await sandbox.call("sendMessage", chat_id=person.id, text="x")
    assert len(await person.messages()) == 1 + seen


async def test_a_slow_answer_comes_late_and_the_call_was_done(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await sandbox.fault("slow", count=1, methods=("sendMessage",), seconds=0.3)
    before = time.monotonic()
    await result(sandbox, "sendMessage", chat_id=person.id, text="x")
    assert time.monotonic() - before > 0.25


async def test_faults_by_chance_follow_the_seed_until_cleared(sandbox: Sandbox) -> None:
    runs = []
    for _ in range(2):
        await sandbox.ask("fault", clear=True, seed=5, kind="500", probability=0.5)
        runs.append([(await sandbox.call("getMe"))["ok"] for _ in range(20)])
    assert runs[0] == runs[1]
    assert {True, False} == set(runs[0])
    await sandbox.clear_faults()
    assert all([(await sandbox.call("getMe"))["ok"] for _ in range(20)])


async def test_an_unknown_fault_is_refused_in_words(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="unknown fault 'flood'"):
        await sandbox.fault("flood")
