"""The queue of updates: offsets, long polling, conflicts, ages, lanes."""

import asyncio
import time
from typing import Any

import pytest

from sandbox.client import Sandbox
from sandbox.running import running_sandbox
from tests.sandbox.talk import drained, keyboard, refusal, result, started

Json = dict[str, Any]

DAY = 86_400


def texts(updates: list[Json]) -> list[str]:
    """What was written or tapped, in order of arrival."""
    return [
        update["message"]["text"] if "message" in update else update["callback_query"]["data"]
        for update in updates
    ]


async def long_poll(sandbox: Sandbox) -> "asyncio.Task[Json]":
    """A call that waits for updates, and has reached the sandbox."""

    async def calls() -> int:
        return int((await sandbox.state())["calls"].get("getUpdates", 0))

    before = await calls()
    poll = asyncio.create_task(sandbox.call("getUpdates", timeout=50))
    while await calls() == before:  # noqa: ASYNC110 - it is asked
        await asyncio.sleep(0.01)
    return poll


async def test_updates_are_numbered_in_order_and_come_again_until_confirmed(
    sandbox: Sandbox,
) -> None:
    person = await started(sandbox)
    for text in ("a", "b", "c"):
        await person.send(text, wait=None)
    first = await result(sandbox, "getUpdates")
    assert texts(first) == ["a", "b", "c"]
    assert [u["update_id"] - first[0]["update_id"] for u in first] == [0, 1, 2]
    assert await result(sandbox, "getUpdates") == first
    assert texts(await result(sandbox, "getUpdates", offset=first[1]["update_id"])) == ["b", "c"]
    assert texts(await result(sandbox, "getUpdates", limit=1)) == ["b"]
    assert await result(sandbox, "getUpdates", offset=first[2]["update_id"] + 1) == []
    assert (await sandbox.state())["pending"] == 0


async def test_a_negative_offset_forgets_all_but_the_last(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    for text in ("a", "b", "c"):
        await person.send(text, wait=None)
    assert texts(await result(sandbox, "getUpdates", offset=-2)) == ["b", "c"]
    assert texts(await result(sandbox, "getUpdates")) == ["b", "c"]


async def test_an_offset_from_the_future_confirms_nothing(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await person.send("a", wait=None)
    assert texts(await result(sandbox, "getUpdates", offset=2_000_000_000)) == ["a"]


async def test_a_long_poll_ends_with_the_first_update(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    poll = await long_poll(sandbox)
    assert not poll.done()
    await person.send("a", wait=None)
    async with asyncio.timeout(30):
        assert texts((await poll)["result"]) == ["a"]


async def test_a_long_poll_ends_empty_at_its_time(sandbox: Sandbox) -> None:
    before = time.monotonic()
    assert await result(sandbox, "getUpdates", timeout=1) == []
    assert time.monotonic() - before > 0.9


async def test_a_second_poller_ends_the_first_with_a_conflict(sandbox: Sandbox) -> None:
    first = await long_poll(sandbox)
    assert await result(sandbox, "getUpdates") == []
    answer = await first
    assert answer["error_code"] == 409
    assert answer["description"].startswith("Conflict: terminated by other getUpdates request")


async def test_polling_conflicts_with_a_webhook(sandbox: Sandbox) -> None:
    poll = await long_poll(sandbox)
    await result(sandbox, "setWebhook", url="http://127.0.0.1:9/")
    assert (await poll)["description"] == "Conflict: terminated by setWebhook request"
    assert "while webhook is active" in await refusal(sandbox, "getUpdates")
    await result(sandbox, "deleteWebhook")
    await result(sandbox, "getUpdates")


async def test_texts_live_a_day_in_the_queue_and_taps_150_seconds(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await person.send("text", wait=None)
    await person.tap_data("tap", 1, wait=None)
    await sandbox.advance(149)
    assert texts(await result(sandbox, "getUpdates")) == ["text", "tap"]
    await sandbox.advance(1)
    assert texts(await result(sandbox, "getUpdates")) == ["text"]
    await sandbox.advance(DAY - 151)
    assert texts(await result(sandbox, "getUpdates")) == ["text"]
    await sandbox.advance(2)
    assert await result(sandbox, "getUpdates") == []


async def test_allowed_updates_hold_until_they_are_named_again(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await result(sandbox, "getUpdates", allowed_updates=["callback_query"])
    await person.send("unheard", wait=None)
    await person.tap_data("heard", 1, wait=None)
    await result(sandbox, "getUpdates")
    assert texts(await drained(sandbox)) == ["heard"]
    await result(sandbox, "getUpdates", allowed_updates=[])
    await person.send("heard again", wait=None)
    assert texts(await drained(sandbox)) == ["heard again"]


@pytest.mark.parametrize("held", ["texts", "taps"])
async def test_a_held_lane_lets_the_other_overtake(sandbox: Sandbox, held: str) -> None:
    person = await started(sandbox)
    await sandbox.hold(held)
    await person.send("text", wait=None)
    await person.tap_data("tap", 1, wait=None)
    await person.send("text 2", wait=None)
    early = texts(await drained(sandbox))
    await sandbox.release(held)
    late = texts(await drained(sandbox))
    lanes = {"texts": ["text", "text 2"], "taps": ["tap"]}
    assert late == lanes.pop(held)
    assert [early] == list(lanes.values())


async def test_late_lanes_keep_their_own_order_and_mix_by_the_seed(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    orders = []
    for _ in range(2):
        await sandbox.jitter(0.15, seed=3)
        for number in range(6):
            await person.send(f"text {number}", wait=None)
            await person.tap_data(f"zap {number}", 1, wait=None)
        await asyncio.sleep(0.5)
        orders.append(texts(await drained(sandbox)))
    arrived = orders[0]
    assert sorted(arrived) == [t for t in arrived if "text" in t] + [
        t for t in arrived if "zap" in t
    ]
    assert arrived != [f"{k} {n}" for n in range(6) for k in ("text", "zap")]


async def test_anything_can_be_injected_as_an_update(sandbox: Sandbox) -> None:
    odd: Json = {"poll": {"id": "1"}, "strange": [1, None, "\u0000", "\ud800", "я"]}
    [number] = await sandbox.inject(odd)
    [update] = await result(sandbox, "getUpdates")
    assert update == {**odd, "update_id": number}


async def test_a_tap_on_a_message_that_is_gone_carries_its_number_only(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    sent = await result(
        sandbox, "sendMessage", chat_id=person.id, text="x", reply_markup=keyboard([("A", "a")])
    )
    number = sent["message_id"]
    await result(sandbox, "deleteMessage", chat_id=person.id, message_id=number)
    await person.tap_data("a", number, wait=None)
    [update] = await drained(sandbox)
    message = update["callback_query"]["message"]
    assert (message["message_id"], message["date"], "text" in message) == (number, 0, False)


async def test_with_limits_the_same_offset_asked_again_at_once_yields_one_update() -> None:
    async with running_sandbox() as sandbox:
        person = await started(sandbox)
        await asyncio.sleep(0.6)
        for text in ("a", "b"):
            await person.send(text, wait=None)
        [first, _] = await result(sandbox, "getUpdates")
        assert await result(sandbox, "getUpdates") == [first]
