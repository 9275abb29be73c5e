"""What people can do, what a group lets the bot hear, and what the client makes of it."""

import asyncio

import pytest

from sandbox.client import NoReaction, NoSuchButton, Sandbox, SandboxError
from tests.sandbox.talk import drained, keyboard, refusal, result, started


async def test_an_own_message_can_be_edited_for_48_hours(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    number = await person.send("first", wait=None)
    await drained(sandbox)
    await person.edit(number, "second", wait=None)
    [update] = await drained(sandbox)
    assert update["edited_message"]["text"] == "second"
    assert "edit_date" in update["edited_message"]
    await sandbox.advance(48 * 3600 + 1)
    with pytest.raises(SandboxError, match="older than 48 hours"):
        await person.edit(number, "third", wait=None)


async def test_nobody_edits_what_is_not_hers(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    sent = await result(sandbox, "sendMessage", chat_id=person.id, text="x")
    with pytest.raises(SandboxError, match="own message"):
        await person.edit(sent["message_id"], "y", wait=None)


async def test_blocking_is_told_to_the_bot_and_writing_unblocks(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await person.block()
    await person.send("again", wait=None)
    updates = await drained(sandbox)
    changes = [u["my_chat_member"]["new_chat_member"]["status"] for u in updates[:2]]
    assert changes == ["kicked", "member"]
    assert updates[2]["message"]["text"] == "again"


async def test_a_user_carries_what_telegram_tells_of_her(sandbox: Sandbox) -> None:
    person = await sandbox.person("ru", name="Маша", username="masha")
    await person.send("/start", wait=None)
    [update] = await drained(sandbox)
    assert update["message"]["from"] == {
        "id": person.id,
        "is_bot": False,
        "first_name": "Маша",
        "username": "masha",
        "language_code": "ru",
    }


async def test_in_a_group_the_bot_hears_what_is_meant_for_it(sandbox: Sandbox) -> None:
    one, two = await started(sandbox), await started(sandbox)
    group = await sandbox.group("Friends", [one, two])
    joined = await drained(sandbox)
    assert joined[0]["my_chat_member"]["new_chat_member"]["status"] == "member"
    sent = await result(sandbox, "sendMessage", chat_id=group, text="Write to me privately.")
    room = two.within(group)
    await room.send("not for the bot", wait=None)
    await room.send("/start", wait=None)
    await room.send("hey @tropa_sandbox_bot", wait=None)
    await room.act("send", text="a reply", reply_to=sent["message_id"])
    heard = [u["message"]["text"] for u in await drained(sandbox)]
    assert heard == ["/start", "hey @tropa_sandbox_bot", "a reply"]


async def test_in_a_group_the_bot_deletes_only_its_own(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    group = await sandbox.group("Friends", [person])
    hers = await person.within(group).send("/start", wait=None)
    words = await refusal(sandbox, "deleteMessage", chat_id=group, message_id=hers)
    assert words == "Bad Request: message can't be deleted"


async def test_a_bot_thrown_out_of_a_group_may_not_write(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    group = await sandbox.group("Friends", [person], kind="group")
    await person.within(group).act("throw_out")
    words = await refusal(sandbox, "sendMessage", chat_id=group, text="x")
    assert words == "Forbidden: bot was kicked from the group chat"


async def test_a_supergroup_counts_its_messages_for_itself(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    for _ in range(3):
        await person.send("x", wait=None)
    group = await sandbox.group("Friends", [person])
    sent = await result(sandbox, "sendMessage", chat_id=group, text="x")
    assert sent["message_id"] == 2


async def test_an_act_waits_for_the_bots_reaction(sandbox: Sandbox) -> None:
    person = await started(sandbox)

    async def answer_later() -> None:
        await asyncio.sleep(0.2)
        await result(sandbox, "sendMessage", chat_id=person.id, text="late")

    answering = asyncio.create_task(answer_later())
    await person.send("hello")
    assert (await person.card()).text == "late"
    await answering


async def test_a_reaction_that_does_not_come_is_told(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    with pytest.raises(NoReaction, match=r"within 0\.2 s"):
        await person.send("hello", wait=0.2)


async def test_a_reaction_in_another_chat_is_none(sandbox: Sandbox) -> None:
    one, two = await started(sandbox), await started(sandbox)

    async def answer_other() -> None:
        await asyncio.sleep(0.05)
        await result(sandbox, "sendMessage", chat_id=two.id, text="x")

    answering = asyncio.create_task(answer_other())
    with pytest.raises(NoReaction):
        await one.send("hello", wait=0.3)
    await answering


async def test_a_chat_settles_when_its_updates_are_confirmed(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await person.send("x", wait=None)
    with pytest.raises(NoReaction, match="come to rest"):
        await person.settled(quiet=0.05, within=0.3)
    await drained(sandbox)
    assert len(await person.settled(quiet=0.05)) == 2


async def test_buttons_are_found_by_text_place_data_or_part(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    keys = keyboard([("✅ Yes", "y"), ("No", "n")], [("No idea", "i")])
    await result(sandbox, "sendMessage", chat_id=person.id, text="?", reply_markup=keys)
    for button in ("✅ Yes", "Yes", "y", 0, "No", 1, -1, "idea"):
        await person.tap(button, wait=None)
    tapped = [update["callback_query"]["data"] for update in await drained(sandbox)]
    assert tapped == ["y", "y", "y", "y", "n", "n", "i", "i"]
    with pytest.raises(NoSuchButton, match="Perhaps"):
        await person.tap("Perhaps", wait=None)


async def test_a_reset_forgets_everything(sandbox: Sandbox) -> None:
    await started(sandbox)
    await sandbox.reset()
    state = await sandbox.state()
    assert (state["people"], state["pending"], state["calls"]) == (0, 0, {})


async def test_many_acts_go_in_one_request(sandbox: Sandbox) -> None:
    people = [await started(sandbox) for _ in range(3)]
    acts = [{"person": p.id, "do": "tap", "message_id": 1, "data": "x"} for p in people]
    results = await sandbox.batch(acts)
    assert len({item["query"] for item in results}) == 3
    assert len(await drained(sandbox)) == 3


async def test_the_log_tells_what_happened_in_order(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    sent = await result(sandbox, "sendMessage", chat_id=person.id, text="1")
    place = {"chat_id": person.id, "message_id": sent["message_id"]}
    await result(sandbox, "editMessageText", **place, text="2")
    await result(sandbox, "deleteMessage", **place)
    events = await person.events()
    assert [event["kind"] for event in events] == ["person", "wrote", "sent", "edited", "deleted"]
    gone = (await sandbox.ask("gone", chat=person.id))["gone"]
    assert [(item["why"], item["message"]["text"]) for item in gone] == [
        ("deleted", "2"),
        ("edited", "1"),
    ]


async def test_an_unknown_person_and_an_unknown_act_are_refused_in_words(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="no person 5"):
        await sandbox.ask("act", person=5, do="send", text="x")
    person = await started(sandbox)
    with pytest.raises(SandboxError, match="no act 'dance'"):
        await person.act("dance")
