"""Every method, argument and returned field is one of the published Bot API."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sandbox.catalogue import METHODS
from sandbox.client import Person, Sandbox
from tests.sandbox.specification import faults_of, specification
from tests.sandbox.talk import drained, keyboard, result, started

Json = dict[str, Any]
Scene = Callable[[Sandbox, Person], Awaitable[None]]

BY_FORM_ONLY = {"sendDocument", "sendPhoto"}


def test_every_served_method_is_published_under_this_very_name() -> None:
    published = specification()["methods"]
    assert {method.name for method in METHODS.values()} - published.keys() == set()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_argument_is_published_and_every_required_one_is_read(name: str) -> None:
    method = METHODS[name]
    fields = {f["name"]: f for f in specification()["methods"][method.name].get("fields", [])}
    required = {key for key, field in fields.items() if field["required"]}
    assert set(method.params) - fields.keys() == set()
    assert required - set(method.params) == set()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_what_is_returned_is_declared_as_published(name: str) -> None:
    method = METHODS[name]
    assert method.returns in specification()["methods"][method.name]["returns"]


def test_the_check_finds_what_is_wrong() -> None:
    user = {"id": 1, "is_bot": False, "first_name": "A"}
    assert faults_of(user, ["User"]) == []
    assert faults_of({**user, "shoe_size": 43}, ["User"]) == [
        "result: User has no field 'shoe_size'"
    ]
    assert faults_of({"id": 1, "is_bot": False}, ["User"]) == ["result: User lacks 'first_name'"]
    assert faults_of({**user, "id": "1"}, ["User"]) == ["result.id: '1' is no Integer"]
    deep = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private", "mood": 1}}
    assert faults_of([{"update_id": 1, "message": deep}], ["Array of Update"])


async def checked(sandbox: Sandbox, method: str, **arguments: Any) -> Any:
    """Call, and hold the result against the published type."""
    answer = await result(sandbox, method, **arguments)
    declared = specification()["methods"][method]["returns"]
    assert faults_of(answer, declared, method) == []
    return answer


async def test_results_of_every_method_have_the_published_shape(sandbox: Sandbox) -> None:
    specification()
    person = await started(sandbox)
    group = await sandbox.group("Group", [person], admin=True)
    sent = await checked(
        sandbox,
        "sendMessage",
        chat_id=person.id,
        text="<b>Hello</b> <a href='https://example.org'>link</a> /help",
        parse_mode="HTML",
        reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]},
        protect_content=True,
        link_preview_options={"is_disabled": True},
    )
    number = sent["message_id"]
    await checked(
        sandbox, "sendMessage", chat_id=person.id, text="x", reply_parameters={"message_id": number}
    )
    await checked(sandbox, "editMessageText", chat_id=person.id, message_id=number, text="new")
    await checked(
        sandbox,
        "editMessageReplyMarkup",
        chat_id=person.id,
        message_id=number,
        reply_markup=keyboard([("B", "b")]),
    )
    query = await person.tap_data("b", number, wait=None)
    await checked(sandbox, "answerCallbackQuery", callback_query_id=query, text="ok")
    await checked(sandbox, "deleteMessage", chat_id=person.id, message_id=number)
    await checked(sandbox, "deleteMessages", chat_id=person.id, message_ids=[number, number + 1])
    await checked(sandbox, "sendChatAction", chat_id=person.id, action="typing")
    await person.attach("document", wait=None)
    document = (await drained(sandbox))[-1]["message"]["document"]
    await checked(sandbox, "getFile", file_id=document["file_id"])
    await checked(sandbox, "sendDocument", chat_id=person.id, document=document["file_id"])
    await person.attach("photo", wait=None)
    photo = (await drained(sandbox))[-1]["message"]["photo"][-1]
    await checked(sandbox, "sendPhoto", chat_id=person.id, photo=photo["file_id"], caption="c")
    for method in ("getMe", "getWebhookInfo", "getUpdates", "getMyCommands"):
        await checked(sandbox, method)
    for field in ("Name", "Description", "ShortDescription"):
        await checked(sandbox, f"setMy{field}", language_code="ru")
        await checked(sandbox, f"getMy{field}", language_code="ru")
    commands = [{"command": "start", "description": "Begin"}]
    await checked(sandbox, "setMyCommands", commands=commands)
    await checked(sandbox, "getMyCommands")
    await checked(sandbox, "deleteMyCommands")
    await checked(sandbox, "getChat", chat_id=person.id)
    await checked(sandbox, "getChat", chat_id=group)
    await checked(sandbox, "leaveChat", chat_id=group)
    await checked(sandbox, "setWebhook", url="http://127.0.0.1:9/x", secret_token="s")
    await checked(sandbox, "getWebhookInfo")
    await checked(sandbox, "deleteWebhook")
    await checked(sandbox, "close")
    await checked(sandbox, "logOut")
    called = (await sandbox.state())["calls"]
    assert {method.name for method in METHODS.values()} == called.keys()


async def test_updates_of_every_act_have_the_published_shape(sandbox: Sandbox) -> None:
    specification()
    person = await sandbox.person("ru", username="somebody")
    first = await person.send(
        "/start now https://example.org @friend #tag +1 234 567 89 01", wait=None
    )
    await person.edit(first, "changed", wait=None)
    for medium in (
        "photo", "document", "voice", "video_note", "video", "sticker", "location", "contact",
    ):  # fmt: skip
        await person.attach(medium, wait=None)
    sent = await result(
        sandbox, "sendMessage", chat_id=person.id, text="q", reply_markup=keyboard([("A", "a")])
    )
    await person.tap("A", wait=None)
    await sandbox.call("deleteMessage", chat_id=person.id, message_id=sent["message_id"])
    await person.tap_data("a", sent["message_id"], wait=None)
    await person.block()
    await person.unblock()
    group = await sandbox.group("Group", [person], admin=True)
    await person.within(group).send("/start", wait=None)
    await person.within(group).act("throw_out")
    updates = (await sandbox.call("getUpdates"))["result"]
    assert faults_of(updates, ["Array of Update"]) == []
    kinds = {key for update in updates for key in update} - {"update_id"}
    assert kinds == {"message", "edited_message", "callback_query", "my_chat_member"}
    assert len(updates) == 18
