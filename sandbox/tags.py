"""Reads Telegram's HTML: the tags it knows, the way it nests them, the errors it words.

Follows the reader in tdlib (`parse_html`): an error names the byte offset of the offending tag.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import ApiError, bad_request

Entity = dict[str, Any]

_PLAIN = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "blockquote": "blockquote",
    "code": "code",
    "pre": "pre",
}
_KNOWN = _PLAIN.keys() | {"a", "span", "tg-emoji"}
_NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#x[0-9a-fA-F]{1,6}|#[0-9]{1,7});")
_SPACE = " \t\r\n\v\f"


class _Open:
    """A tag that waits for its end."""

    __slots__ = ("attributes", "name", "offset", "start")

    def __init__(self, name: str, attributes: dict[str, str], offset: int, start: int) -> None:
        self.name = name
        self.attributes = attributes
        self.offset = offset
        self.start = start


class HtmlReader:
    """One reading of one text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._out: list[str] = []
        self._units = 0
        self._stack: list[_Open] = []
        self._entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        """Plain text and its entities; raises `ApiError` with Telegram's wording."""
        source = self._source
        while self._at < len(source):
            char = source[self._at]
            if char == "<":
                self._tag()
            elif char == "&":
                self._reference()
            else:
                stop = _next_mark(source, self._at)
                self._emit(source[self._at : stop])
                self._at = stop
        if self._stack:
            raise _refusal(
                f'Can\'t find end tag corresponding to start tag "{self._stack[-1].name}"'
            )
        return "".join(self._out), self._entities

    def _emit(self, text: str) -> None:
        self._out.append(text)
        self._units += len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2

    def _reference(self) -> None:
        match = _REFERENCE.match(self._source, self._at)
        if match is None:
            self._emit("&")
            self._at += 1
            return
        self._emit(_decode(match.group()))
        self._at = match.end()

    def _tag(self) -> None:
        if self._source.startswith("</", self._at):
            self._end_tag()
        else:
            self._start_tag()

    def _start_tag(self) -> None:
        begin = self._at
        self._at += 1
        name = self._word(">").lower()
        if self._at >= len(self._source):
            raise _refusal(f'Unclosed start tag "{name}" at byte offset {self._byte(begin)}')
        if name not in _KNOWN:
            raise _refusal(f'Unsupported start tag "{name}" at byte offset {self._byte(begin)}')
        attributes = self._attributes(name, begin)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _refusal(
                f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}'
            )
        self._stack.append(_Open(name, attributes, self._units, sum(map(len, self._out))))

    def _attributes(self, name: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        source = self._source
        while True:
            self._skip_space()
            if self._at >= len(source):
                raise _refusal(f'Unclosed start tag "{name}" at byte offset {self._byte(begin)}')
            if source[self._at] == ">":
                self._at += 1
                return attributes
            key = self._word("=>")
            if not key:
                raise _refusal(
                    f'Empty attribute name in the tag "{name}" at byte offset {self._byte(begin)}'
                )
            self._skip_space()
            attributes[key.lower()] = (
                self._value(begin) if source[self._at : self._at + 1] == "=" else ""
            )

    def _value(self, begin: int) -> str:
        self._at += 1
        self._skip_space()
        quote = self._source[self._at : self._at + 1]
        if quote in {"'", '"'}:
            stop = self._source.find(quote, self._at + 1)
            if stop < 0:
                raise _refusal(f"Unclosed start tag at byte offset {self._byte(begin)}")
            value = self._source[self._at + 1 : stop]
            self._at = stop + 1
            return _REFERENCE.sub(lambda match: _decode(match.group()), value)
        token = re.compile(r"[A-Za-z0-9.-]*").match(self._source, self._at)
        value = token.group() if token else ""
        start = self._at
        self._at += len(value)
        if self._source[self._at : self._at + 1] not in {">", *_SPACE}:
            raise _refusal(f"Unexpected end of name token at byte offset {self._byte(start)}")
        return value.lower()

    def _end_tag(self) -> None:
        begin = self._at
        if not self._stack:
            raise _refusal(f"Unexpected end tag at byte offset {self._byte(begin)}")
        self._at += 2
        found = self._word(">").lower()
        self._skip_space()
        if self._source[self._at : self._at + 1] != ">":
            raise _refusal(f"Unclosed end tag at byte offset {self._byte(begin)}")
        self._at += 1
        opened = self._stack.pop()
        if found and found != opened.name:
            raise _refusal(
                f"Unmatched end tag at byte offset {self._byte(begin)}, "
                f'expected "</{opened.name}>", found "</{found}>"'
            )
        self._close(opened)

    def _close(self, opened: _Open) -> None:
        length = self._units - opened.offset
        if length == 0:
            return
        extra = self._kind(opened)
        if extra is not None:
            self._entities.append({**extra, "offset": opened.offset, "length": length})

    def _kind(self, opened: _Open) -> Entity | None:
        if opened.name == "a":
            text = "".join(self._out)[opened.start :]
            return _link(opened.attributes.get("href") or text)
        if opened.name == "span":
            return {"type": "spoiler"}
        if opened.name == "tg-emoji":
            return {
                "type": "custom_emoji",
                "custom_emoji_id": opened.attributes.get("emoji-id", ""),
            }
        if opened.name == "blockquote" and "expandable" in opened.attributes:
            return {"type": "expandable_blockquote"}
        if opened.name == "code" and self._stack and self._stack[-1].name == "pre":
            return self._language(opened)
        if opened.name == "pre" and "language" in opened.attributes:
            return {"type": "pre", "language": opened.attributes["language"]}
        return {"type": _PLAIN[opened.name]}

    def _language(self, opened: _Open) -> Entity | None:
        """A `code` with a language right inside a `pre` only names the language of the `pre`."""
        named = opened.attributes.get("class", "")
        if named.startswith("language-"):
            self._stack[-1].attributes["language"] = named.removeprefix("language-")
        return None

    def _word(self, stops: str) -> str:
        begin = self._at
        source = self._source
        while self._at < len(source) and source[self._at] not in _SPACE + stops:
            self._at += 1
        return source[begin : self._at]

    def _skip_space(self) -> None:
        while self._at < len(self._source) and self._source[self._at] in _SPACE:
            self._at += 1

    def _byte(self, index: int) -> int:
        return len(self._source[:index].encode())


def _refusal(words: str) -> ApiError:
    return bad_request(f"can't parse entities: {words}")


def _next_mark(source: str, start: int) -> int:
    stops = [stop for stop in (source.find("<", start), source.find("&", start)) if stop >= 0]
    return min(stops, default=len(source))


def _decode(reference: str) -> str:
    if reference in _NAMED:
        return _NAMED[reference]
    digits = reference[2:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    unfit = code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000
    return reference if unfit else chr(code)


def _link(target: str) -> Entity | None:
    """A link entity, or nothing where Telegram sees no address."""
    url = target if "://" in target else f"http://{target}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https", "tg", "ton"} or not parts.netloc:
        return None
    if parts.scheme in {"http", "https"} and "." not in parts.netloc:
        return None
    if not parts.path and not parts.query:
        url += "/"
    return {"type": "text_link", "url": url}
