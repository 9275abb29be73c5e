"""The methods that put a new message into a chat."""

from typing import Any

from sandbox.chats import Chat
from sandbox.entities import parse, units
from sandbox.errors import ApiError, bad_request
from sandbox.files import Stored, dimensions
from sandbox.markup import inline_keyboard
from sandbox.method import Method
from sandbox.params import Params
from sandbox.world import World

Json = dict[str, Any]

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_SIDES = 10_000
MAX_RATIO = 20
"""Width and height of a photo together, and the longer side by the shorter."""

COMMON = (
    "chat_id",
    "parse_mode",
    "disable_notification",
    "protect_content",
    "reply_parameters",
    "reply_markup",
)


def text_content(params: Params) -> Json:
    """Text, entities and preview options of a call."""
    given = params.array("entities", "can't parse entities JSON object")
    text, entities = parse(params.text("text"), params.text("parse_mode"), given)
    if not text:
        raise bad_request("message text is empty")
    if units(text) > MAX_TEXT:
        raise bad_request("message is too long")
    content: Json = {"text": text}
    if entities:
        content["entities"] = entities
    preview = params.mapping("link_preview_options", "can't parse link preview options JSON object")
    if preview:
        content["link_preview_options"] = preview
    return content


def send_message(world: World, params: Params) -> Json:
    return _send(world, params, text_content(params))


def send_document(world: World, params: Params) -> Json:
    stored = _file(world, params, "document")
    document = {**stored.api(), "file_name": stored.name, "mime_type": stored.mime}
    return _send(world, params, {"document": document, **_caption(params)})


def send_photo(world: World, params: Params) -> Json:
    stored = _file(world, params, "photo")
    size = dimensions(stored.data)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > MAX_SIDES or max(size) > MAX_RATIO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    photo = [{**stored.api(), "width": size[0], "height": size[1]}]
    return _send(world, params, {"photo": photo, **_caption(params)})


def send_chat_action(world: World, params: Params) -> bool:
    world.open_chat(params.values.get("chat_id"))
    if not params.text("action"):
        raise bad_request("wrong parameter action in request")
    return True


def _send(world: World, params: Params, content: Json) -> Json:
    markup = inline_keyboard(params)
    chat = world.open_chat(params.values.get("chat_id"))
    content = {**_reply(chat, params), **content}
    world.limits.send(chat.id)
    if params.flag("protect_content"):
        content["has_protected_content"] = True
    if markup:
        content["reply_markup"] = markup
    message = world.compose(chat, world.bot_user(), content)
    world.put(chat, message, by_bot=True, silent=params.flag("disable_notification"))
    world.log.add("sent", chat.id, message=message)
    return message


def _reply(chat: Chat, params: Params) -> Json:
    wanted = params.mapping("reply_parameters", "can't parse reply parameters JSON object")
    if not wanted:
        return {}
    entry = chat.entries.get(wanted.get("message_id", 0))
    if entry is not None:
        kept = {key: value for key, value in entry.message.items() if key != "reply_to_message"}
        return {"reply_to_message": kept}
    if wanted.get("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def _caption(params: Params) -> Json:
    given = params.array("caption_entities", "can't parse entities JSON object")
    caption, entities = parse(params.text("caption"), params.text("parse_mode"), given)
    if units(caption) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    content: Json = {"caption": caption} if caption else {}
    if entities:
        content["caption_entities"] = entities
    return content


def _file(world: World, params: Params, kind: str) -> Stored:
    """An uploaded file, one attached under another name, or one sent before."""
    value = params.text(kind)
    upload = params.files.get(value.removeprefix("attach://") if value else kind)
    if upload is not None:
        if not upload.data:
            raise bad_request("file must be non-empty")
        return world.files.put(kind, upload.name, upload.mime, upload.data)
    if not value:
        raise bad_request(f"there is no {kind} in the request")
    stored = world.files.get(value)
    if stored is None:
        raise _unknown_file(value)
    return stored


def _unknown_file(value: str) -> ApiError:
    if "://" in value:
        return bad_request("failed to get HTTP URL content")
    return bad_request("wrong file identifier/HTTP URL specified")


METHODS = (
    Method(
        "sendMessage",
        (*COMMON, "text", "entities", "link_preview_options"),
        "Message",
        send_message,
    ),
    Method(
        "sendDocument",
        (*COMMON, "document", "caption", "caption_entities"),
        "Message",
        send_document,
    ),
    Method("sendPhoto", (*COMMON, "photo", "caption", "caption_entities"), "Message", send_photo),
    Method("sendChatAction", ("chat_id", "action"), "Boolean", send_chat_action),
)
