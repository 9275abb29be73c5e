"""Text as Telegram keeps it: HTML markup parsed into entities, and entities it finds by itself.

Offsets and lengths count UTF-16 code units. The refusals are worded as the Bot API words them.
Markdown is not served: Tropa does not use it.
"""

import re
from typing import Any

from sandbox.errors import bad_request
from sandbox.tags import HtmlReader

Entity = dict[str, Any]

_CONTROL = {code: " " for code in range(32) if code != 10} | {13: None}
_FOUND = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+\.[\w.-]*\w)"
    r"|(?P<url>(?:https?://|tg://)[^\s<>\"]*[\w/#=]|\b(?:[a-z0-9-]+\.)+(?:com|org|net|info|me|ru|de|io)\b(?:/\S*\w)?)"
    r"|(?P<mention>(?<![\w@])@\w{3,32}\b)"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
    r"|(?P<phone_number>(?<!\w)\+\d[\d ()-]{7,17}\d)",
    re.IGNORECASE,
)
_OPAQUE = frozenset({"code", "pre", "text_link", "text_mention"})


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse(
    text: str, parse_mode: str | None, given: list[Entity] | None
) -> tuple[str, list[Entity]]:
    """The text a message will hold, trimmed as Telegram trims, and all its entities in order."""
    mode = (parse_mode or "").lower()
    if mode == "html":
        text, marked = HtmlReader(text).read()
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        marked = [_given(entity) for entity in given or []]
    text = text.translate(_CONTROL)
    text, marked = _trim(text, marked)
    found = _found(text, marked) if _might_hold(text) else []
    return text, _ordered(marked + found)


def _given(entity: Any) -> Entity:
    whole = isinstance(entity, dict) and isinstance(entity.get("type"), str)
    if not whole or not all(isinstance(entity.get(key), int) for key in ("offset", "length")):
        raise bad_request("can't parse MessageEntity")
    return dict(entity)


def _might_hold(text: str) -> bool:
    return "/" in text or "@" in text or "#" in text or "+" in text or "." in text


def _trim(text: str, marked: list[Entity]) -> tuple[str, list[Entity]]:
    bare = text.strip()
    if len(bare) == len(text):
        return text, marked
    lead = units(text[: len(text) - len(text.lstrip())])
    end = units(bare)
    kept = []
    for entity in marked:
        start = max(entity["offset"] - lead, 0)
        stop = min(entity["offset"] + entity["length"] - lead, end)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return bare, kept


def _found(text: str, marked: list[Entity]) -> list[Entity]:
    shut = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in marked
        if entity["type"] in _OPAQUE
    ]
    found = []
    for match in _FOUND.finditer(text):
        start = units(text[: match.start()])
        stop = start + units(match.group())
        if not any(start < end and begin < stop for begin, end in shut):
            found.append({"type": match.lastgroup, "offset": start, "length": stop - start})
    return found


def _ordered(entities: list[Entity]) -> list[Entity]:
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    merged: list[Entity] = []
    for entity in entities:
        last = merged[-1] if merged else None
        if last and _continues(last, entity):
            last["length"] += entity["length"]
        else:
            merged.append(entity)
    return merged


def _continues(last: Entity, entity: Entity) -> bool:
    return (
        entity["type"] in {"bold", "italic", "underline", "strikethrough", "spoiler"}
        and last["type"] == entity["type"]
        and last["offset"] + last["length"] == entity["offset"]
    )
