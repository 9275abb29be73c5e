"""What people do on their phones: write, attach, edit, tap, clear, block.

Each act changes the world at once and sends the bot the update that Telegram would send. Acts
that Telegram's apps make impossible raise `ActError` with a sentence.
"""

from typing import Any

from sandbox.chats import Chat, Entry, Person
from sandbox.entities import parse
from sandbox.media import content_of
from sandbox.updates import LIFE_OF_A_MESSAGE, LIFE_OF_A_QUERY
from sandbox.world import World

Json = dict[str, Any]

EDITABLE_FOR = 48 * 3600


class ActError(Exception):
    """The phone does not offer this; the message says why."""


class Acts:
    """The hands of all people."""

    def __init__(self, world: World) -> None:
        self._world = world

    def write(self, person: Person, chat: Chat, given: Json) -> Entry:
        """Send a message: `text`, or one of the media of `sandbox.media`; `reply_to` an id."""
        world = self._world
        if chat.blocked:
            self.unblock(person, chat)
        content = self._content(given)
        if reply := chat.entries.get(given.get("reply_to", 0)):
            kept = {k: v for k, v in reply.message.items() if k != "reply_to_message"}
            content["reply_to_message"] = kept
        message = world.compose(chat, person.user(), content)
        entry = world.put(chat, message, by_bot=False)
        if chat.private:
            chat.started = True
        world.log.add("wrote", chat.id, message=message, message_id=entry.id, person=person.id)
        if self._reaches_bot(chat, message):
            self._tell(chat, "message", message)
        return entry

    def edit(self, person: Person, chat: Chat, message_id: int, text: str) -> Entry:
        """Edit an own message."""
        entry = self._own(person, chat, message_id)
        if self._world.clock.now() - entry.message["date"] > EDITABLE_FOR:
            raise ActError("A message older than 48 hours cannot be edited.")
        field = "text" if "text" in entry.message else "caption"
        marks = "entities" if field == "text" else "caption_entities"
        plain, entities = parse(text, None, None)
        kept = {k: v for k, v in entry.message.items() if k not in {field, marks}}
        message = {**kept, field: plain, "edit_date": self._world.clock.unix()}
        if entities:
            message[marks] = entities
        entry.replace(message)
        self._world.log.add(
            "rewrote", chat.id, message=message, message_id=entry.id, person=person.id
        )
        if self._reaches_bot(chat, message):
            self._tell(chat, "edited_message", message)
        return entry

    def tap(self, person: Person, chat: Chat, message_id: int, data: str) -> str:
        """Tap a button that carries `data`, shown or not; returns the id of the callback query."""
        world = self._world
        query = world.new_query(chat, person, message_id, data)
        entry = chat.entries.get(message_id)
        message: Json
        if entry is not None:
            message = entry.message
        else:
            message = {"chat": chat.api, "message_id": message_id, "date": 0}
        body = {
            "id": query.id,
            "from": person.user(),
            "message": message,
            "chat_instance": str(-(chat.id * 31 + 7)),
            "data": data,
        }
        world.log.add(
            "tapped", chat.id, message_id=message_id, person=person.id, data=data, query=query.id
        )
        world.lanes.send(("taps", person.id), "callback_query", body, LIFE_OF_A_QUERY)
        return query.id

    def clear(self, person: Person, chat: Chat, both: bool) -> int:
        """Clear the history, for herself or for both; how many messages went."""
        seen = chat.seen()
        for entry in seen:
            entry.visible = False
            if both:
                chat.remove(entry.id)
            else:
                chat.gone.append(entry)
        self._world.log.add("cleared", chat.id, person=person.id, both=both, count=len(seen))
        return len(seen)

    def delete(self, person: Person, chat: Chat, message_id: int, both: bool) -> None:
        """Delete one message she sees, for herself or for both."""
        entry = chat.entries.get(message_id)
        if entry is None or not entry.visible:
            raise ActError("There is no such message in the chat.")
        entry.visible = False
        if both:
            chat.remove(message_id)
        else:
            chat.gone.append(entry)
        self._world.log.add(
            "removed", chat.id, message_id=message_id, person=person.id, message=entry.message
        )

    def block(self, person: Person, chat: Chat) -> None:
        if not chat.blocked:
            chat.blocked = True
            self._membership(person, chat, "member", "kicked")
            self._world.log.add("blocked", chat.id, person=person.id)

    def unblock(self, person: Person, chat: Chat) -> None:
        if chat.blocked:
            chat.blocked = False
            self._membership(person, chat, "kicked", "member")
            self._world.log.add("unblocked", chat.id, person=person.id)

    def invite_bot(self, person: Person, chat: Chat, admin: bool = False) -> None:
        """Put the bot into a group."""
        chat.bot_in, chat.bot_admin = True, admin
        self._membership(person, chat, "left", "administrator" if admin else "member")
        message = self._world.compose(
            chat, person.user(), {"new_chat_members": [self._world.bot_user()]}
        )
        self._world.put(chat, message, by_bot=False, service=True)
        self._world.log.add("wrote", chat.id, message=message, person=person.id)
        self._tell(chat, "message", message)

    def remove_bot(self, person: Person, chat: Chat) -> None:
        """Throw the bot out of a group."""
        chat.bot_in = False
        self._membership(person, chat, "member", "kicked")
        self._world.log.add("thrown_out", chat.id, person=person.id)

    def _content(self, given: Json) -> Json:
        if "text" not in given:
            return content_of(self._world.files, given)
        text, entities = parse(str(given["text"]), None, None)
        if not text:
            raise ActError("An empty message cannot be sent.")
        return {"text": text, "entities": entities} if entities else {"text": text}

    def _own(self, person: Person, chat: Chat, message_id: int) -> Entry:
        entry = chat.entries.get(message_id)
        if entry is None or entry.by_bot or entry.message["from"]["id"] != person.id:
            raise ActError("Only an own message that is still there can be edited.")
        if not ({"text", "caption"} & entry.message.keys()):
            raise ActError("There is no text in this message to edit.")
        return entry

    def _tell(self, chat: Chat, kind: str, message: Json) -> None:
        self._world.lanes.send(("texts", chat.id), kind, message, LIFE_OF_A_MESSAGE)

    def _reaches_bot(self, chat: Chat, message: Json) -> bool:
        """In a group, with privacy mode on: commands, mentions and replies to the bot."""
        if chat.private:
            return True
        if not chat.bot_in:
            return False
        text = str(message.get("text", message.get("caption", "")))
        answered = message.get("reply_to_message", {}).get("from", {})
        return (
            chat.bot_admin
            or text.startswith("/")
            or f"@{self._world.username}".lower() in text.lower()
            or answered.get("id") == self._world.bot_id
        )

    def _membership(self, person: Person, chat: Chat, old: str, new: str) -> None:
        body = {
            "chat": chat.api,
            "from": person.user(),
            "date": self._world.clock.unix(),
            "old_chat_member": self._member(old),
            "new_chat_member": self._member(new),
        }
        self._world.lanes.send(("members", chat.id), "my_chat_member", body, LIFE_OF_A_MESSAGE)

    def _member(self, status: str) -> Json:
        member: Json = {"user": self._world.bot_user(), "status": status}
        if status == "kicked":
            member["until_date"] = 0
        if status == "administrator":
            member |= dict.fromkeys(ADMINISTRATOR_RIGHTS, False)
            member |= {"can_be_edited": False, "can_manage_chat": True}
            member["can_delete_messages"] = True
        return member


ADMINISTRATOR_RIGHTS = (
    "is_anonymous",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
