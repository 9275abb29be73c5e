"""A message as a test reads it: text, HTML, buttons by their labels."""

import html
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "expandable_blockquote": "blockquote",
    "spoiler": "tg-spoiler",
}


@dataclass(frozen=True)
class Button:
    """An inline button; `data` is what a tap carries, `url` what a tap opens."""

    text: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Card:
    """One message in the chat, as it is seen."""

    id: int
    text: str
    by_bot: bool
    rows: tuple[tuple[Button, ...], ...]
    message: Json

    @classmethod
    def read(cls, item: Json) -> "Card":
        message = item["message"]
        markup = message.get("reply_markup", {}).get("inline_keyboard", [])
        rows = tuple(
            tuple(Button(b["text"], b.get("callback_data"), b.get("url")) for b in row)
            for row in markup
        )
        text = message.get("text", message.get("caption", ""))
        return cls(message["message_id"], text, item["by_bot"], rows, message)

    @property
    def buttons(self) -> tuple[Button, ...]:
        return tuple(button for row in self.rows for button in row)

    @property
    def labels(self) -> list[str]:
        return [button.text for button in self.buttons]

    @property
    def edited(self) -> bool:
        return "edit_date" in self.message

    @property
    def html(self) -> str:
        """The text with its entities as tags again."""
        return to_html(self.text, self.message.get("entities", []))

    def find(self, button: str | int) -> Button | None:
        """By place, by exact text, by data, or by the only label that holds the text."""
        if isinstance(button, int):
            within = -len(self.buttons) <= button < len(self.buttons)
            return self.buttons[button] if within else None
        for match in self.buttons:
            if button in {match.text, match.data}:
                return match
        holding = [match for match in self.buttons if button in match.text]
        return holding[0] if len(holding) == 1 else None


def to_html(text: str, entities: list[Json]) -> str:
    """Nested entities as nested tags; offsets in UTF-16 units, as Telegram counts."""
    raw = text.encode("utf-16-le")
    starts: dict[int, list[str]] = {}
    ends: dict[int, list[str]] = {}
    for entity in entities:
        tag = "a" if entity["type"] == "text_link" else _TAGS.get(entity["type"])
        if tag:
            attribute = f' href="{html.escape(entity["url"])}"' if tag == "a" else ""
            starts.setdefault(entity["offset"], []).append(f"<{tag}{attribute}>")
            ends.setdefault(entity["offset"] + entity["length"], []).insert(0, f"</{tag}>")
    marks = sorted({0, len(raw) // 2, *starts, *ends})
    parts: list[str] = []
    for here, after in zip(marks, [*marks[1:], marks[-1]], strict=True):
        parts += ends.get(here, []) + starts.get(here, [])
        parts.append(html.escape(raw[here * 2 : after * 2].decode("utf-16-le"), quote=False))
    return "".join(parts)
