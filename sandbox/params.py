"""The arguments of one call, read as the Bot API reads them: everything may come as a string.

JSON bodies bring typed values, forms bring strings with JSON inside; both are accepted alike.
Arguments that a method does not know are ignored, as Telegram ignores them.
"""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.errors import bad_request

INT32 = 2**31


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the call."""

    name: str
    mime: str
    data: bytes


class Params:
    """Arguments by name, files by name."""

    __slots__ = ("files", "values")

    def __init__(self, values: dict[str, Any], files: dict[str, Upload] | None = None) -> None:
        self.values = values
        self.files = files or {}

    def text(self, name: str) -> str:
        """A string; empty where absent. Numbers and booleans arrive as their JSON text."""
        value = self.values.get(name)
        if value is None:
            return ""
        return _utf8(value) if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; anything unreadable counts as the default, as in the Bot API server."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if isinstance(value, str):
            return value.lower() in {"true", "yes", "1"}
        return bool(value)

    def json(self, name: str, refusal: str) -> Any:
        """A nested value, or `None` where absent or empty; a broken one is refused in words."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(refusal) from None

    def array(self, name: str, refusal: str) -> list[Any] | None:
        value: list[Any] | None = self._nested(name, list, refusal)
        return value

    def mapping(self, name: str, refusal: str) -> dict[str, Any] | None:
        value: dict[str, Any] | None = self._nested(name, dict, refusal)
        return value

    def _nested(self, name: str, kind: type, refusal: str) -> Any:
        value = self.json(name, refusal)
        if value is not None and not isinstance(value, kind):
            raise bad_request(refusal)
        return value

    def message_id(self, name: str = "message_id") -> int:
        number = self.integer(name)
        return number if 0 < number < INT32 else 0

    def has(self, name: str) -> bool:
        return name in self.values


def _utf8(value: str) -> str:
    """Half a surrogate pair is no text."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
    return value
