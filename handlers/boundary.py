"""The door: from an update of Telegram's to the few things we want to know of it.

An update shows names, usernames, phone numbers and whatever Telegram adds next. What is not taken
here does not exist for the rest of the program. Updates are read as plain data rather than through
the library's classes: one that does not parse would otherwise sink the whole batch it came in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")


@dataclass(frozen=True, slots=True)
class Tap:
    """A button was pressed. `message` is the card's id, None when Telegram does not tell."""

    update: int
    chat: int
    query: str
    message: int | None
    data: str
    language: str


@dataclass(frozen=True, slots=True)
class Text:
    """The person typed something that is no command."""

    update: int
    chat: int
    message: int
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Command:
    """`/name`, without its slash and in lower case; `argument` is what stands behind it."""

    update: int
    chat: int
    message: int
    name: str
    language: str
    argument: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Thing:
    """Anything that is not text: a photo, a voice message, a pinned-message notice.

    `kind` is Telegram's name of the field; "edited" for a message that was changed afterwards.
    """

    update: int
    chat: int
    message: int
    kind: str
    language: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The person blocked the bot or deleted the chat for good."""

    update: int
    chat: int


@dataclass(frozen=True, slots=True)
class InGroup:
    """Somebody wrote where others read along."""

    update: int
    chat: int
    message: int
    language: str


@dataclass(frozen=True, slots=True)
class StrayTap:
    """A tap that belongs to no private chat; it is answered and forgotten."""

    update: int
    query: str


Event = Tap | Text | Command | Thing | Blocked | InGroup | StrayTap

PERSONAL: Final = (Tap, Text, Command, Thing, Blocked)

# The first of these fields that a message has names it. What is not listed is "other": it is
# removed like the rest, so a kind that Telegram adds next year needs no change here.
_KINDS: Final = (
    "photo", "video", "animation", "document", "audio", "voice", "video_note", "sticker",
    "location", "venue", "contact", "poll", "dice", "story", "game",
)  # fmt: skip


def read(update: Mapping[str, Any]) -> Event | None:
    """The event an update stands for; None for kinds that ask nothing of us or make no sense."""
    number = _integer(update.get("update_id"))
    if number is None:
        return None
    if (query := _mapping(update.get("callback_query"))) is not None:
        return _tap(number, query)
    if (message := _mapping(update.get("message"))) is not None:
        return _message(number, message, edited=False)
    if (message := _mapping(update.get("edited_message"))) is not None:
        return _message(number, message, edited=True)
    if (change := _mapping(update.get("my_chat_member"))) is not None:
        return _membership(number, change)
    return None


def _tap(update: int, query: Mapping[str, Any]) -> Event | None:
    query_id = query.get("id")
    if not isinstance(query_id, str) or not query_id.isascii():
        return None  # no query of Telegram's: there is nothing that an answer could name
    message = _mapping(query.get("message")) or {}
    chat = _private_chat(message)
    if chat is None:
        return StrayTap(update, query_id)
    data = query.get("data")
    return Tap(
        update,
        chat,
        query_id,
        _integer(message.get("message_id")),
        data if isinstance(data, str) else "",
        _language(query),
    )


def _message(update: int, message: Mapping[str, Any], *, edited: bool) -> Event | None:
    number = _integer(message.get("message_id"))
    chat = _private_chat(message)
    language = _language(message)
    if number is None:
        return None
    if chat is None:
        return None if edited else _in_group(update, number, message, language)
    text = message.get("text")
    if edited:
        return Thing(update, chat, number, "edited", language)
    if not isinstance(text, str):
        kind = next((kind for kind in _KINDS if kind in message), "other")
        return Thing(update, chat, number, kind, language)
    if text.startswith("/") and len(text) > 1 and text[1].isalpha():
        first, *rest = text[1:].split(maxsplit=1)
        name = first.split("@")[0].lower()
        return Command(update, chat, number, name, language, rest[0] if rest else "")
    return Text(update, chat, number, text, language)


def _in_group(
    update: int, number: int, message: Mapping[str, Any], language: str
) -> InGroup | None:
    chat = _mapping(message.get("chat")) or {}
    identifier = _integer(chat.get("id"))
    sender = _mapping(message.get("from")) or {}
    if identifier is None or chat.get("type") not in ("group", "supergroup"):
        return None
    if sender.get("is_bot") is True or not any(k in message for k in ("text", "caption", *_KINDS)):
        return None  # another bot, or a notice that somebody joined: nobody wrote to us
    return InGroup(update, identifier, number, language)


def _membership(update: int, change: Mapping[str, Any]) -> Event | None:
    chat = _private_chat(change)
    status = (_mapping(change.get("new_chat_member")) or {}).get("status")
    return Blocked(update, chat) if chat is not None and status == "kicked" else None


def _private_chat(message: Mapping[str, Any]) -> int | None:
    chat = _mapping(message.get("chat")) or {}
    return _integer(chat.get("id")) if chat.get("type") == "private" else None


def _language(sent: Mapping[str, Any]) -> str:
    """The two-letter language of the sender's app; empty when it is not told."""
    code = (_mapping(sent.get("from")) or {}).get("language_code")
    return code[:2].lower() if isinstance(code, str) else ""


def _mapping(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def _integer(value: object) -> int | None:
    """Telegram's identifiers have at most 52 significant bits; anything larger is not one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(2**52) < value < 2**52 else None
