"""People, groups and the messages in their chats with the bot.

A chat holds two truths: what exists for the bot (`entries`) and what the person still sees
(`Entry.visible`). They part when a person clears the history for herself alone.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

KEPT_GONE = 500
KEPT_VERSIONS = 50


@dataclass(slots=True)
class Person:
    """Somebody with Telegram on a phone."""

    id: int
    first_name: str
    username: str | None = None
    language: str | None = None
    phone: str = "android"
    deactivated: bool = False

    def user(self) -> Json:
        """As the `User` of the Bot API."""
        user: Json = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        if self.username:
            user["username"] = self.username
        if self.language:
            user["language_code"] = self.language
        return user


@dataclass(slots=True)
class Entry:
    """One message with what Telegram does not put into the message itself."""

    message: Json
    by_bot: bool
    visible: bool = True
    silent: bool = False
    service: bool = False
    versions: list[Json] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.message["message_id"])

    def replace(self, message: Json) -> None:
        """Put a new version in its place; messages are never changed in place."""
        self.versions.append(self.message)
        if len(self.versions) > KEPT_VERSIONS:
            del self.versions[0]
        self.message = message


@dataclass(slots=True)
class Chat:
    """A private chat with a person, or a group with the bot in it."""

    id: int
    kind: str
    api: Json
    person: Person | None = None
    members: dict[int, Person] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    gone: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT_GONE))
    started: bool = False
    blocked: bool = False
    bot_in: bool = True
    bot_admin: bool = False
    last_id: int = 0

    @property
    def private(self) -> bool:
        return self.person is not None

    def seen(self) -> list[Entry]:
        """What a look at the chat shows, in order."""
        return [entry for entry in self.entries.values() if entry.visible]

    def remove(self, message_id: int) -> Entry:
        entry = self.entries.pop(message_id)
        self.gone.append(entry)
        return entry


def private_chat(person: Person) -> Chat:
    api: Json = {"id": person.id, "type": "private", "first_name": person.first_name}
    if person.username:
        api["username"] = person.username
    return Chat(person.id, "private", api, person=person)


def group_chat(chat_id: int, kind: str, title: str, members: list[Person]) -> Chat:
    api: Json = {"id": chat_id, "type": kind, "title": title}
    return Chat(chat_id, kind, api, members={person.id: person for person in members})
