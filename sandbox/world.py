"""The whole state of the sandbox: one bot, its people and groups, its queue and its limits.

It holds and finds; what people do is in `acts`, what the bot does in the method modules.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any

from sandbox.chats import Chat, Entry, Person, group_chat, private_chat
from sandbox.clock import Clock
from sandbox.errors import bad_request, forbidden
from sandbox.faults import Faults
from sandbox.files import Files
from sandbox.limits import Limits
from sandbox.log import Log
from sandbox.profile import Profile
from sandbox.updates import LIFE_OF_A_QUERY, Lanes, UpdateQueue

Json = dict[str, Any]

DEFAULT_TOKEN = "42:sandbox"
FIRST_PERSON = 7_000_000_001
FIRST_GROUP = -1_000_000_000_001


@dataclass(slots=True)
class Query:
    """A tap that may still be answered."""

    id: str
    chat: int
    person: int
    message_id: int
    data: str
    created: float
    answered: bool = False


@dataclass(slots=True)
class Webhook:
    """Where updates are pushed to, and how the last attempts went."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    last_error_date: int = 0
    last_error_message: str = ""


class World:
    """Everything there is."""

    def __init__(
        self,
        token: str = DEFAULT_TOKEN,
        clock: Clock | None = None,
        limits: bool = True,
        username: str = "tropa_sandbox_bot",
        log_size: int = 100_000,
    ) -> None:
        self.token = token
        self.clock = clock or Clock()
        self.username = username
        self._limits_at_start = limits
        self._log_size = log_size
        head = token.partition(":")[0]
        self.bot_id = int(head) if head.isdigit() else 42
        self.reset()

    def reset(self) -> None:
        """Forget everybody and everything; the clock goes on."""
        self.log = Log(self._log_size)
        self.queue = UpdateQueue(self.clock)
        self.lanes = Lanes(self.queue)
        self.limits = Limits(self.clock, self._limits_at_start)
        self.faults = Faults()
        self.files = Files()
        self.profile = Profile("Sandbox")
        self.webhook = Webhook()
        self.chats: dict[int, Chat] = {}
        self.people: dict[int, Person] = {}
        self.queries: OrderedDict[str, Query] = OrderedDict()
        self.calls: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self.logged_out = False
        self._last_message = 0
        self._last_query = 0
        self._next_group = FIRST_GROUP

    def bot_user(self) -> Json:
        """The bot as a `User`."""
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.profile.text("name", ""),
            "username": self.username,
        }

    # People and chats

    def add_person(
        self,
        name: str = "",
        language: str | None = None,
        username: str | None = None,
        phone: str = "android",
        person_id: int | None = None,
    ) -> Person:
        number = person_id or FIRST_PERSON + len(self.people)
        person = Person(number, name or f"Person {len(self.people) + 1}", username, language, phone)
        self.people[number] = person
        self.chats[number] = private_chat(person)
        return person

    def add_group(self, title: str, kind: str, members: list[Person]) -> Chat:
        chat = group_chat(self._next_group, kind, title, members)
        self._next_group -= 1
        self.chats[chat.id] = chat
        return chat

    def person(self, person_id: int) -> Person:
        """Raises KeyError in words."""
        if person_id not in self.people:
            raise KeyError(f"no person {person_id} in the sandbox")
        return self.people[person_id]

    def chat(self, chat_id: Any) -> Chat:
        """The chat a call names; refuses as Telegram does when the bot cannot know it."""
        if chat_id in {None, ""}:
            raise bad_request("chat_id is empty")
        chat = self._find(chat_id)
        if chat is None or (chat.private and not chat.started):
            raise bad_request("chat not found")
        return chat

    def _find(self, chat_id: Any) -> Chat | None:
        try:
            return self.chats.get(int(chat_id))
        except (TypeError, ValueError):
            name = str(chat_id).removeprefix("@").lower()
            found = (c for c in self.chats.values() if str(c.api.get("username")).lower() == name)
            return next((chat for chat in found if not chat.private), None)

    def open_chat(self, chat_id: Any) -> Chat:
        """A chat the bot may write to."""
        chat = self.chat(chat_id)
        if chat.person is not None and chat.person.deactivated:
            raise forbidden("user is deactivated")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if not chat.bot_in:
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        return chat

    # Messages

    def next_message_id(self, chat: Chat) -> int:
        """One counter for all private chats and basic groups; a supergroup counts for itself."""
        if chat.kind == "supergroup":
            chat.last_id += 1
            return chat.last_id
        self._last_message += 1
        return self._last_message

    def compose(self, chat: Chat, sender: Json, content: Json) -> Json:
        """A new message with its number and date."""
        return {
            "message_id": self.next_message_id(chat),
            "from": sender,
            "chat": chat.api,
            "date": self.clock.unix(),
            **content,
        }

    def put(
        self, chat: Chat, message: Json, by_bot: bool, silent: bool = False, service: bool = False
    ) -> Entry:
        entry = Entry(message, by_bot, silent=silent, service=service)
        chat.entries[entry.id] = entry
        return entry

    # Taps

    def new_query(self, chat: Chat, person: Person, message_id: int, data: str) -> Query:
        self._last_query += 1
        number = f"{self.bot_id}{self._last_query:012d}"
        query = Query(number, chat.id, person.id, message_id, data, self.clock.now())
        self.queries[number] = query
        self._forget_old_queries()
        return query

    def live_query(self, query_id: str) -> Query:
        """A tap that still waits for its answer; one too old, unknown or answered is refused."""
        query = self.queries.get(query_id)
        age = self.clock.now() - query.created if query else 0
        if query is None or query.answered or age >= LIFE_OF_A_QUERY:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        return query

    def _forget_old_queries(self) -> None:
        edge = self.clock.now() - LIFE_OF_A_QUERY
        while self.queries and next(iter(self.queries.values())).created < edge:
            self.queries.popitem(last=False)
