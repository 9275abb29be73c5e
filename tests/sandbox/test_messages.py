"""Sending, editing, deleting, answering: what is done, and what is refused in which words."""

from typing import Any

import pytest

from sandbox.client import Sandbox
from tests.sandbox.talk import keyboard, refusal, result, started

HOUR = 3600


async def test_a_sent_message_is_seen_with_its_keyboard(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await result(
        sandbox,
        "sendMessage",
        chat_id=person.id,
        text="Choose",
        reply_markup=keyboard([("A", "a"), ("B", "b")], [("C", "c")]),
    )
    card = await person.card()
    assert (card.text, card.labels) == ("Choose", ["A", "B", "C"])
    assert [len(row) for row in card.rows] == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": "  \n "}, "message text is empty"),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "x", "parse_mode": "Markup"}, "unsupported parse_mode"),
        ({"text": "x", "chat_id": 999}, "chat not found"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "reply_markup": keyboard([("A", "й" * 33)])}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard([("A", "a")] * 101)}, "reply markup is too long"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A"}]]}},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "x", "reply_markup": "{"},
            "can't parse reply keyboard markup JSON object",
        ),
        ({"text": "half \ud83d a pair"}, "strings must be encoded in UTF-8"),
        ({"text": "x", "entities": [{"type": 1}]}, "can't parse MessageEntity"),
        ({"text": "x", "reply_parameters": "[1]"}, "can't parse reply parameters JSON object"),
        (
            {"text": "x", "reply_parameters": {"message_id": 77}},
            "message to be replied not found",
        ),
    ],
)
async def test_what_telegram_refuses_is_refused_in_its_words(
    sandbox: Sandbox, arguments: dict[str, Any], words: str
) -> None:
    person = await started(sandbox)
    description = await refusal(sandbox, "sendMessage", **{"chat_id": person.id, **arguments})
    assert description == f"Bad Request: {words}"


async def test_limits_count_utf16_units_after_parsing_and_bytes_of_data(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    long = "<b>" + "x" * 4096 + "</b>"
    await result(
        sandbox,
        "sendMessage",
        chat_id=person.id,
        text=long,
        parse_mode="HTML",
        reply_markup=keyboard([("A", "й" * 32)] * 100),
    )
    assert len((await person.card()).buttons) == 100


async def test_nobody_is_written_to_before_she_has_started(sandbox: Sandbox) -> None:
    person = await sandbox.person()
    assert await refusal(sandbox, "sendMessage", chat_id=person.id, text="x") == (
        "Bad Request: chat not found"
    )


async def test_a_blocked_bot_and_a_deleted_account_are_forbidden(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    await person.block()
    words = await refusal(sandbox, "sendMessage", chat_id=person.id, text="x")
    assert words == "Forbidden: bot was blocked by the user"
    await person.unblock()
    await result(sandbox, "sendMessage", chat_id=person.id, text="x")
    await person.deactivate()
    words = await refusal(sandbox, "sendMessage", chat_id=person.id, text="x")
    assert words == "Forbidden: user is deactivated"


async def test_an_edit_replaces_text_and_keyboard(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    sent = await result(
        sandbox, "sendMessage", chat_id=person.id, text="1", reply_markup=keyboard([("A", "a")])
    )
    place = {"chat_id": person.id, "message_id": sent["message_id"]}
    await result(sandbox, "editMessageText", **place, text="2")
    card = await person.card()
    assert (card.text, card.labels, card.edited) == ("2", [], True)


async def test_an_edit_that_changes_nothing_is_not_modified(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    keys = keyboard([("A", "a")])
    sent = await result(
        sandbox,
        "sendMessage",
        chat_id=person.id,
        text="<b>1</b>",
        parse_mode="HTML",
        reply_markup=keys,
    )
    place = {"chat_id": person.id, "message_id": sent["message_id"]}
    same = {"text": "<strong>1</strong>", "parse_mode": "HTML", "reply_markup": keys}
    words = await refusal(sandbox, "editMessageText", **place, **same)
    assert words.startswith("Bad Request: message is not modified")
    words = await refusal(sandbox, "editMessageReplyMarkup", **place, reply_markup=keys)
    assert words.startswith("Bad Request: message is not modified")
    await result(sandbox, "editMessageText", **place, text="1", reply_markup=keys)


async def test_edits_of_what_is_gone_or_foreign_are_refused(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    hers = await person.send("mine", wait=None)
    edit = {"chat_id": person.id, "text": "x"}
    assert await refusal(sandbox, "editMessageText", **edit, message_id=999) == (
        "Bad Request: message to edit not found"
    )
    assert await refusal(sandbox, "editMessageText", **edit, message_id=hers) == (
        "Bad Request: message can't be edited"
    )
    assert await refusal(sandbox, "editMessageText", **edit) == (
        "Bad Request: message identifier is not specified"
    )


async def test_edits_have_no_age_and_deletions_have_48_hours(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    hers = await person.send("hers", wait=None)
    sent = await result(sandbox, "sendMessage", chat_id=person.id, text="old")
    await sandbox.advance(48 * HOUR + 1)
    await result(
        sandbox, "editMessageText", chat_id=person.id, message_id=sent["message_id"], text="new"
    )
    for number in (sent["message_id"], hers):
        words = await refusal(sandbox, "deleteMessage", chat_id=person.id, message_id=number)
        assert words.startswith("Bad Request: message can't be deleted")


async def test_within_48_hours_both_sides_messages_can_be_deleted(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    hers = await person.send("hers", wait=None)
    sent = await result(sandbox, "sendMessage", chat_id=person.id, text="bot's")
    await sandbox.advance(48 * HOUR - 10)
    for number in (sent["message_id"], hers):
        await result(sandbox, "deleteMessage", chat_id=person.id, message_id=number)
    assert [card.text for card in await person.messages()] == ["/start"]
    words = await refusal(sandbox, "deleteMessage", chat_id=person.id, message_id=hers)
    assert words == "Bad Request: message to delete not found"


async def test_delete_messages_skips_the_unknown_and_stops_at_the_too_old(sandbox: Sandbox) -> None:
    person, other = await started(sandbox), await started(sandbox)
    foreign = await other.send("of another chat", wait=None)
    old = await person.send("old", wait=None)
    await sandbox.advance(49 * HOUR)
    new = await person.send("new", wait=None)
    ask = {"chat_id": person.id}
    assert (await refusal(sandbox, "deleteMessages", **ask, message_ids=[new, old])).startswith(
        "Bad Request: message can't be deleted"
    )
    assert len(await person.messages()) == 3
    await result(sandbox, "deleteMessages", **ask, message_ids=[new, 12345, foreign])
    assert len(await person.messages()) == 2
    assert len(await other.messages()) == 2
    assert (
        await refusal(sandbox, "deleteMessages", **ask, message_ids=list(range(1, 102)))
        == "Bad Request: too many message identifiers specified"
    )


async def test_message_ids_come_from_one_counter_for_all_private_chats(sandbox: Sandbox) -> None:
    one, two = await started(sandbox), await started(sandbox)
    numbers = [
        (await result(sandbox, "sendMessage", chat_id=person.id, text="x"))["message_id"]
        for person in (one, two, one)
    ]
    assert numbers == [3, 4, 5]


async def test_a_tap_can_be_answered_once_within_150_seconds(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    sent = await result(sandbox, "sendMessage", chat_id=person.id, text="x")
    old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    first = await person.tap_data("a", sent["message_id"], wait=None)
    second = await person.tap_data("a", sent["message_id"], wait=None)
    await sandbox.advance(149)
    await result(sandbox, "answerCallbackQuery", callback_query_id=first, text="Noted")
    assert await refusal(sandbox, "answerCallbackQuery", callback_query_id=first) == old
    await sandbox.advance(2)
    assert await refusal(sandbox, "answerCallbackQuery", callback_query_id=second) == old
    assert await refusal(sandbox, "answerCallbackQuery", callback_query_id="nonsense") == old
    assert await person.toasts() == ["Noted"]


async def test_an_answer_holds_200_characters(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    query = await person.tap_data("a", 1, wait=None)
    ask = {"callback_query_id": query}
    words = await refusal(sandbox, "answerCallbackQuery", **ask, text="x" * 201)
    assert words == "Bad Request: MESSAGE_TOO_LONG"
    await result(sandbox, "answerCallbackQuery", **ask, text="x" * 200)


async def test_a_cleared_history_hides_what_the_bot_may_still_edit(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    sent = await result(sandbox, "sendMessage", chat_id=person.id, text="1")
    edit = {"chat_id": person.id, "message_id": sent["message_id"]}
    await person.clear()
    await result(sandbox, "editMessageText", **edit, text="2")
    assert await person.messages() == []
    await person.clear(both=True)
    assert await person.messages() == []


async def test_history_cleared_for_both_is_gone_for_the_bot(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    sent = await result(sandbox, "sendMessage", chat_id=person.id, text="1")
    await person.clear(both=True)
    words = await refusal(
        sandbox, "editMessageText", chat_id=person.id, message_id=sent["message_id"], text="2"
    )
    assert words == "Bad Request: message to edit not found"
