"""A forge of updates: valid, odd and hostile ones of every kind in the Bot API, by seeded dice.

The shapes come from the published interface (`shared/data` beside the repository). Where that is
not at hand, the forge works from the kinds this project knows, and `Forge.complete` is False.
"""

import json
import random
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

NAME: Final = "shared/data/telegram-bot-api-10.1.json"
KNOWN: Final = (
    "message", "edited_message", "channel_post", "edited_channel_post", "business_connection",
    "business_message", "edited_business_message", "deleted_business_messages",
    "message_reaction", "message_reaction_count", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer",
    "my_chat_member", "chat_member", "chat_join_request", "chat_boost", "removed_chat_boost",
)  # fmt: skip

ODD: Final[tuple[Any, ...]] = (
    None, [], {}, "", "0", 0, -1, 1.5, True, False, 2**31, 2**52, 2**53, 2**63, -(2**63), 2**70,
    10**300, "\ud800", "\udfff\ud800", "\x00", "a\x00b", "\u202e\u2066evil", "\u200d" * 50,
    "я" * 4096, "🌿" * 4096, "<b>", "</b><script>", "&#0;", "' OR 1=1 --", "../../etc/passwd",
    [[[[[[[[]]]]]]]], {"a": {"b": {"c": {"d": {}}}}}, "private", "channel", "kicked", "$" * 65,
)  # fmt: skip

TEXTS: Final = (
    "/start", "/help", "/forget", "/hide", "/language", "/privacy", "/start@somebot x", "/\x00",
    "/s", "/Я", "//start", "/start\n/hide", "привет", "<b>жирный</b>", "<a href='tg://user'>x</a>",
    "&lt;&amp;", "\u202eтекст задом", "\x00\x01\x02", "a" * 4096, "я" * 4096, "👩‍👧" * 500,
    "\ud83d",
    " ", "\n" * 4000, "%s%n{0}{secret}", "{{7*7}}", "\u0000" * 64, "1", "-1", "1e309",
)  # fmt: skip

SECRET: Final = "A" * 43
VERBS: Final = "ctdsbenyokxfvSNFYCEZ"
DATA: Final = (
    "", "-", "-000", "-000l", "-000len", "-000lxx", "-000lru", "-000g", "-000gru", "-000i",
    "-000jru:kz", "-000jru:nowhere", "-000j:::::::", "-000p", "-000q", "-000h", "-000u", "-000F",
    "-000Y", "-000E", "-000Z", "-000C", "-000S", "-000N", "-000o2026-99", "-000o9999-12",
    "-000o0000-01", "-000y2026-02-30", "-000n99999999999999999", "-000n-1", "-zzzc",
    *(SECRET + revision + verb for revision in ("000", "001", "zzz") for verb in VERBS),
    f"{SECRET}001c" + "a" * 17, f"{SECRET}001c" + "a" * 18, "\ud800" * 3, "я" * 32, "\x00" * 64,
    "A" * 64, "A" * 65, "A" * 4096, '{"a":1}', "callback:1:2", "b'\\x00'",
)  # fmt: skip


@cache
def _types() -> dict[str, Any] | None:
    for folder in Path(__file__).resolve().parents:
        path = folder / NAME
        if path.is_file():
            types: dict[str, Any] = json.loads(path.read_text("utf-8"))["types"]
            return types
    return None


class Forge:
    """Updates about these chats. The same seed forges the same updates."""

    def __init__(self, seed: int, chats: Sequence[int]) -> None:
        self._dice = random.Random(seed)
        self._chats = chats
        self._made = 0
        self.complete = _types() is not None
        fields = (_types() or {}).get("Update", {}).get("fields", [])
        self.kinds = tuple(f["name"] for f in fields if f["name"] != "update_id") or KNOWN

    def update(self, queries: Sequence[str] = ()) -> Json:
        """The next one: of each kind in turn, and each time valid, odd or hostile.

        `queries` are ids of real taps that wait for an answer: a tap takes one of them if it can.
        """
        kind = self.kinds[self._made % len(self.kinds)]
        manner = (self._made // len(self.kinds)) % 3
        self._made += 1
        # What the bot asks for is worth more tries than what it never sees.
        if self._dice.random() < 0.5:
            kind = self._dice.choice(("message", "message", "edited_message", "callback_query"))
        update = {kind: self._body(kind)}
        if manner == 1:
            for _ in range(self._dice.randint(1, 4)):
                self._spoil(update)
        if manner == 2:
            self._sharpen(update[kind])
        if kind == "callback_query" and isinstance(update.get(kind), dict) and queries:
            update[kind]["id"] = self._dice.choice(queries)
        return update

    def tap(self, query: str) -> Json:
        """A tap that waits for its answer, everything about it but its id forged."""
        update = {"callback_query": self._body("callback_query")}
        if self._dice.random() < 0.6:
            for _ in range(self._dice.randint(1, 3)):
                self._spoil(update["callback_query"])
        body = update["callback_query"]
        body["id"] = query
        if self._dice.random() < 0.6:
            body["data"] = self._dice.choice(DATA)
        if self._dice.random() < 0.2:
            body.pop("message", None)
            body["inline_message_id"] = "AAAAA"
        return update

    def _body(self, kind: str) -> Any:
        types = _types()
        if types is None:
            return self._known(kind)
        field = next(f for f in types["Update"]["fields"] if f["name"] == kind)
        return self._value(types, field["types"], 0, kind)

    def _known(self, kind: str) -> Json:
        """Without the published interface: a message or a tap, or something of that name."""
        message = {
            "message_id": self._dice.randint(1, 10_000),
            "date": 1_700_000_000,
            "chat": self._chat(),
            "from": self._user(),
            "text": self._dice.choice(TEXTS),
        }
        if kind == "callback_query":
            data = self._dice.choice(DATA)
            return {"id": "0", "from": self._user(), "message": message, "data": data}
        return message

    def _value(self, types: Json, kinds: list[str], depth: int, name: str) -> Any:
        kind = self._dice.choice(kinds)
        if kind.startswith("Array of "):
            count = self._dice.randint(0, 2) if depth < 5 else 0
            inner = kind.removeprefix("Array of ")
            return [self._value(types, [inner], depth + 1, name) for _ in range(count)]
        match kind:
            case "Integer":
                return self._dice.choice((1, 5, 10_000, 1_700_000_000, self._made))
            case "Float":
                return self._dice.choice((0.0, 55.75, -180.0))
            case "Boolean" | "True":
                return True
            case "String":
                return self._word(name)
            case "Chat":
                return self._chat()
            case "User":
                return self._user()
        return self._object(types, kind, depth)

    def _object(self, types: Json, kind: str, depth: int) -> Any:
        described = types[kind]
        if described.get("subtypes"):
            return self._value(types, described["subtypes"], depth + 1, kind) if depth < 12 else {}
        likely = 0.15 if depth < 4 else 0.0
        made: Json = {}
        for field in described.get("fields", []):
            if depth < 7 and (field["required"] or self._dice.random() < likely):
                made[field["name"]] = self._value(types, field["types"], depth + 1, field["name"])
        if kind == "Message" and self._dice.random() < 0.4:
            made["text"] = self._dice.choice(TEXTS)
        return made

    def _word(self, name: str) -> str:
        if name == "data":
            return self._dice.choice(DATA)
        if name == "language_code":
            return self._dice.choice(("ru", "en", "xx", "pt-br", ""))
        if name == "status":
            return self._dice.choice(("member", "kicked", "left", "administrator"))
        return self._dice.choice(("слово", "word", name, "1"))

    def _chat(self) -> Json:
        kind = self._dice.choice(
            ("private", "private", "private", "group", "supergroup", "channel")
        )
        number = self._dice.choice(self._chats)
        if kind != "private":
            number = -self._dice.randint(1, 10**12)
        return {"id": number, "type": kind, "title": "T", "first_name": "<b>&"}

    def _user(self) -> Json:
        number = self._dice.choice((*self._chats, 1, 777000, 2**40))
        bot = self._dice.random() < 0.1
        return {"id": number, "is_bot": bot, "first_name": "F", "language_code": "ru"}

    def _spoil(self, update: Json) -> None:
        """One place somewhere inside: another value, none at all, or one too many."""
        holder: Any = update
        for _ in range(self._dice.randint(0, 5)):
            inner = holder[self._dice.choice(_places(holder))]
            if not isinstance(inner, dict | list) or not inner:
                break
            holder = inner
        place = self._dice.choice(_places(holder))
        match self._dice.randint(0, 3):
            case 0 if isinstance(holder, dict) and holder is not update:
                del holder[place]
            case 1 if isinstance(holder, dict):
                holder[self._dice.choice(("text", "chat", "new", "photo", "data"))] = self._odd()
            case 2:
                holder[place] = self._nested()
            case _:
                holder[place] = self._odd()

    def _odd(self) -> Any:
        return deepcopy(self._dice.choice(ODD))

    def _nested(self) -> Any:
        nested = self._odd()
        for _ in range(self._dice.choice((3, 60))):
            nested = [nested] if self._dice.random() < 0.5 else {"message": nested}
        return nested

    def _sharpen(self, body: Any) -> None:
        """Nothing wrong with its shape, everything with its content."""
        if not isinstance(body, dict):
            return
        for field in ("text", "caption"):
            if field in body or self._dice.random() < 0.3:
                body[field] = self._dice.choice(TEXTS)
        if "data" in body or self._dice.random() < 0.2:
            body["data"] = self._dice.choice(DATA)
        if isinstance(body.get("from"), dict):
            body["from"]["id"] = self._dice.choice(self._chats)


def _places(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))
