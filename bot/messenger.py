"""Telegram, as the conversations need it: `handlers.ports.Messenger` over the Bot API.

It turns refusals into the four errors that a conversation can act on. It neither queues nor
retries: who knows what the chat should show by then decides that.

Calls are made as plain JSON rather than through the library's `Bot`: that builds an object for
every key, and reads every edited message back into objects that nobody looks at. It cost more CPU
a tap than opening, stepping, sealing and storing the draft together.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp
from telegram.error import TelegramError

from bot.http import AiohttpRequest
from handlers.ports import Busy, Card, Document, Lost, Picture, Unreachable

_JSON: Final = {"Content-Type": "application/json"}
_SECONDS: Final = 15.0
"""The longest that a call may take."""
_UPLOAD_SECONDS: Final = 60.0

# Telegram names its refusals in sentences; these are the ones a conversation must tell apart.
_NOTHING_TO_DO: Final = ("message is not modified", "query is too old", "query id is invalid",
                         "message to delete not found")  # fmt: skip
_LOST: Final = ("message to edit not found", "message can't be edited", "message_id_invalid")
_UNREACHABLE: Final = ("chat not found", "user is deactivated", "peer_id_invalid")
_TOO_OLD: Final = ("message can't be deleted",)


class TooOld(Exception):
    """Telegram does not let a bot delete this message any more."""


class TelegramMessenger:
    """Sends silently unless told otherwise, forbids forwarding and saving, shows no link previews.

    Documents and pictures alone may be saved, and are sent for that: a document holds what its
    reader alone opens, a picture what points at nobody.

    `url` is the Bot API's with the token in it.
    """

    def __init__(self, url: str, request: AiohttpRequest) -> None:
        self._url = url
        self._request = request

    async def send(self, chat: int, card: Card, *, silent: bool = True) -> int:
        """See `Messenger.send`."""
        given = {
            "chat_id": chat,
            **_content(card),
            "disable_notification": silent,
            "protect_content": True,
        }
        return _number(await self._call("sendMessage", given))

    async def send_document(self, chat: int, document: Document) -> int:
        """See `Messenger.send_document`."""
        form = _upload(chat, document.html)
        form.add_field(
            "document",
            document.data,
            filename=document.name,
            content_type="application/octet-stream",
        )
        return _number(await self._post("sendDocument", {"data": form}, _UPLOAD_SECONDS))

    async def send_picture(self, chat: int, picture: Picture) -> int:
        """See `Messenger.send_picture`."""
        form = _upload(chat, picture.html)
        form.add_field("photo", picture.data, filename="counts.png", content_type="image/png")
        return _number(await self._post("sendPhoto", {"data": form}, _UPLOAD_SECONDS))

    async def edit(self, chat: int, message: int, card: Card) -> None:
        """See `Messenger.edit`."""
        place = {"chat_id": chat, "message_id": message}
        await self._call("editMessageText", {**place, **_content(card)})

    async def delete(self, chat: int, messages: Sequence[int]) -> bool:
        """See `Messenger.delete`."""
        try:
            await self._call("deleteMessages", {"chat_id": chat, "message_ids": list(messages)})
        except TooOld:
            return False
        return True

    async def answer(self, query: str, text: str = "", alert: bool = False) -> None:
        """See `Messenger.answer`."""
        given: dict[str, Any] = {"callback_query_id": query}
        if text:
            given |= {"text": text[:200], "show_alert": alert}
        await self._call("answerCallbackQuery", given)

    async def _call(self, method: str, given: Mapping[str, Any]) -> bytes | None:
        """Telegram's answer as it came; None where it says that there is nothing to do."""
        return await self._post(method, {"data": json.dumps(given), "headers": _JSON}, _SECONDS)

    async def _post(self, method: str, body: dict[str, Any], seconds: float) -> bytes | None:
        try:
            status, answer = await self._request.send(
                f"{self._url}/{method}", "POST", body, seconds
            )
        except TelegramError:
            raise Busy from None
        if status == 200:
            return answer
        _refused(status, _table(answer))
        return None


def _upload(chat: int, caption: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("chat_id", str(chat))
    form.add_field("caption", caption)
    form.add_field("parse_mode", "HTML")
    form.add_field("disable_notification", "true")
    return form


def _content(card: Card) -> dict[str, Any]:
    content: dict[str, Any] = {
        "text": card.html,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if card.keyboard:
        rows = [[{"text": key.label, "callback_data": key.data} for key in row]
                for row in card.keyboard]  # fmt: skip
        content["reply_markup"] = {"inline_keyboard": rows}
    return content


def _number(answer: bytes | None) -> int:
    """The id of the message that was sent."""
    try:
        return int(json.loads(answer or b"")["result"]["message_id"])
    except (ValueError, KeyError, TypeError):
        raise Busy from None


def _table(answer: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refused(status: int, answer: Mapping[str, Any]) -> None:
    """Returns where nothing is left to do; otherwise raises what a conversation can act on."""
    parameters = answer.get("parameters")
    more: Mapping[str, Any] = parameters if isinstance(parameters, dict) else {}
    if status == 403 or "migrate_to_chat_id" in more:
        raise Unreachable
    if status != 400:
        wait = more.get("retry_after")
        raise Busy(float(wait) if isinstance(wait, int | float) else 0.0)
    _understood(str(answer.get("description", "")).lower())


def _understood(sentence: str) -> None:
    if any(known in sentence for known in _NOTHING_TO_DO):
        return
    if any(known in sentence for known in _LOST):
        raise Lost
    if any(known in sentence for known in _UNREACHABLE):
        raise Unreachable
    if any(known in sentence for known in _TOO_OLD):
        raise TooOld
    # Not repeated here: Telegram's sentence may quote what we sent.
    raise ValueError("Telegram refuses what was sent")
