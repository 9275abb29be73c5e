"""The methods that change or remove messages, and the answer to a tap."""

from typing import Any

from sandbox.chats import Chat, Entry
from sandbox.entities import units
from sandbox.errors import bad_request
from sandbox.markup import Markup, inline_keyboard
from sandbox.method import Method
from sandbox.params import Params
from sandbox.sending import text_content
from sandbox.world import World

Json = dict[str, Any]

DELETABLE_FOR = 48 * 3600
MAX_ANSWER = 200
MAX_DELETED = 100
_BODY = ("text", "entities", "link_preview_options")
_UNCHANGED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def edit_message_text(world: World, params: Params) -> Json:
    markup = inline_keyboard(params)
    content = text_content(params)
    chat, entry = _editable(world, params)
    if "text" not in entry.message:
        raise bad_request("there is no text in the message to edit")
    kept = {k: v for k, v in entry.message.items() if k not in _BODY and k != "reply_markup"}
    return _edit(world, chat, entry, {**kept, **content}, markup)


def edit_message_reply_markup(world: World, params: Params) -> Json:
    markup = inline_keyboard(params)
    chat, entry = _editable(world, params)
    kept = {k: v for k, v in entry.message.items() if k != "reply_markup"}
    return _edit(world, chat, entry, kept, markup)


def _editable(world: World, params: Params) -> tuple[Chat, Entry]:
    if not params.has("chat_id") and params.text("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = world.open_chat(params.values.get("chat_id"))
    number = params.message_id()
    if not number:
        raise bad_request("message identifier is not specified")
    entry = chat.entries.get(number)
    if entry is None:
        raise bad_request("message to edit not found")
    if not entry.by_bot or entry.service:
        raise bad_request("message can't be edited")
    return chat, entry


def _edit(world: World, chat: Chat, entry: Entry, body: Json, markup: Markup | None) -> Json:
    if _same(entry.message, body, markup):
        world.log.add("unchanged", chat.id, message_id=entry.id)
        raise bad_request(_UNCHANGED)
    world.limits.edit(chat.id)
    message = {**body, "edit_date": world.clock.unix()}
    if markup:
        message["reply_markup"] = markup
    entry.replace(message)
    world.log.add("edited", chat.id, message=message, message_id=entry.id)
    return message


def _same(old: Json, body: Json, markup: Markup | None) -> bool:
    return old.get("reply_markup") == markup and all(old.get(k) == body.get(k) for k in _BODY)


def delete_message(world: World, params: Params) -> bool:
    chat = world.chat(params.values.get("chat_id"))
    number = params.message_id()
    if not number:
        raise bad_request("message identifier is not specified")
    entry = chat.entries.get(number)
    if entry is None:
        raise bad_request("message to delete not found")
    _check_deletable(world, chat, entry)
    _delete(world, chat, [number])
    return True


def delete_messages(world: World, params: Params) -> bool:
    """Unknown ids are skipped; one that may not be deleted refuses the whole call."""
    chat = world.chat(params.values.get("chat_id"))
    numbers = _message_ids(params)
    known = [number for number in dict.fromkeys(numbers) if number in chat.entries]
    for number in known:
        _check_deletable(world, chat, chat.entries[number])
    _delete(world, chat, known)
    return True


def _message_ids(params: Params) -> list[int]:
    given = params.json("message_ids", "can't parse message identifiers JSON object")
    if given is None or given == []:
        raise bad_request("message identifiers are not specified")
    if not isinstance(given, list):
        raise bad_request("expected an Array of message identifiers")
    if len(given) > MAX_DELETED:
        raise bad_request("too many message identifiers specified")
    try:
        numbers = [int(item) for item in given]
    except (TypeError, ValueError):
        raise bad_request("message identifier must be a Number") from None
    if any(number <= 0 for number in numbers):
        raise bad_request("invalid message identifier specified")
    return numbers


def _check_deletable(world: World, chat: Chat, entry: Entry) -> None:
    mine = entry.by_bot or chat.private
    if not mine and not chat.bot_admin:
        raise bad_request("message can't be deleted")
    old = world.clock.now() - entry.message["date"] > DELETABLE_FOR
    if old and not chat.bot_admin:
        raise bad_request("message can't be deleted for everyone")


def _delete(world: World, chat: Chat, numbers: list[int]) -> None:
    for number in numbers:
        entry = chat.remove(number)
        world.log.add("deleted", chat.id, message_id=number, message=entry.message)


def answer_callback_query(world: World, params: Params) -> bool:
    text = params.text("text")
    query = world.live_query(params.text("callback_query_id"))
    if units(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    query.answered = True
    world.log.add(
        "answered",
        query.chat,
        message_id=query.message_id,
        person=query.person,
        query=query.id,
        text=text,
        alert=params.flag("show_alert"),
    )
    return True


METHODS = (
    Method(
        "editMessageText",
        ("chat_id", "message_id", "inline_message_id", "parse_mode", "reply_markup", *_BODY),
        "Message",
        edit_message_text,
    ),
    Method(
        "editMessageReplyMarkup",
        ("chat_id", "message_id", "inline_message_id", "reply_markup"),
        "Message",
        edit_message_reply_markup,
    ),
    Method("deleteMessage", ("chat_id", "message_id"), "Boolean", delete_message),
    Method("deleteMessages", ("chat_id", "message_ids"), "Boolean", delete_messages),
    Method(
        "answerCallbackQuery",
        ("callback_query_id", "text", "show_alert"),
        "Boolean",
        answer_callback_query,
    ),
)
