"""What the bot says about itself: name, descriptions and command lists, by language and scope."""

import json
import re
from typing import Any

from sandbox.errors import bad_request

Json = dict[str, Any]

TEXTS = {"name": 64, "description": 512, "short_description": 120}
_COMMAND = re.compile(r"/?[a-z0-9_]{1,32}")
_SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)


class Profile:
    """Set and read, with Telegram's fallbacks."""

    def __init__(self, name: str) -> None:
        self._default_name = name
        self.texts: dict[tuple[str, str], str] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}

    def set_text(self, field: str, language: str, value: str) -> None:
        if len(value) > TEXTS[field]:
            raise bad_request(f"bot {field.replace('_', ' ')} is too long")
        if value:
            self.texts[field, language] = value
        else:
            self.texts.pop((field, language), None)

    def text(self, field: str, language: str) -> str:
        """What somebody with this language reads."""
        default = self._default_name if field == "name" else ""
        return self.texts.get((field, language)) or self.texts.get((field, "")) or default

    def set_commands(self, scope: str, language: str, commands: Any) -> None:
        if not isinstance(commands, list):
            raise bad_request("can't parse commands JSON object")
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        kept = [_command(item) for item in commands]
        if kept:
            self.commands[scope, language] = kept
        else:
            self.commands.pop((scope, language), None)

    def get_commands(self, scope: str, language: str) -> list[Json]:
        return self.commands.get((scope, language), [])

    def menu(self, chat_id: int, language: str) -> list[Json]:
        """The menu in a private chat: narrower scopes first, in each the language, then any."""
        chat = scope_key({"type": "chat", "chat_id": chat_id})
        for scope in (chat, scope_key({"type": "all_private_chats"}), scope_key(None)):
            for tongue in (language, ""):
                if found := self.commands.get((scope, tongue)):
                    return found
        return []


def language_code(value: str) -> str:
    """Two letters or nothing."""
    if value and not re.fullmatch("[a-z]{2}", value):
        raise bad_request("invalid language code specified")
    return value


def scope_key(scope: Any) -> str:
    """A command scope as a key; absent means default."""
    if scope is None:
        scope = {"type": "default"}
    if not isinstance(scope, dict):
        raise bad_request("can't parse BotCommandScope JSON object")
    kind = scope.get("type")
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    if kind in {"chat", "chat_administrators", "chat_member"} and not scope.get("chat_id"):
        raise bad_request("chat_id is empty")
    kept = {key: str(scope[key]) for key in ("type", "chat_id", "user_id") if key in scope}
    return json.dumps(kept, sort_keys=True)


def _command(item: Any) -> Json:
    if not isinstance(item, dict) or not isinstance(item.get("command"), str):
        raise bad_request("can't parse BotCommand: Can't find field \"command\"")
    description = item.get("description")
    if not isinstance(description, str):
        raise bad_request("can't parse BotCommand: Can't find field \"description\"")
    if not _COMMAND.fullmatch(item["command"]):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": item["command"].lstrip("/"), "description": description}
