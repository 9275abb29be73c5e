"""YAML as plain text values with the line of each: what form and card files are read with.

Every scalar stays a string, so `no` is a word and `01` keeps its zero. Aliases, tags, deep
nesting and large files are refused, so a hostile file can neither swell nor hang the reader.
Control and format characters are refused too, however they are written: texts end on terminals.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from intake.errors import TropaError

LARGEST_FILE: Final = 256 * 1024
_DEEPEST: Final = 12
_SPACING: Final = "\n\t"
_JOINERS: Final = "\u200c\u200d"  # part of ordinary spelling in several scripts, and of emoji
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Tree = str | list["Tree"] | dict[str, "Tree"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of a file; `line` counts from 1."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class FileError(TropaError):
    """The file cannot be used; `faults` says where and what to do, in the order of lines."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class FormError(FileError):
    """A form cannot be used."""


class CardError(FileError):
    """An information card cannot be used."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as read: its values, and the line of each by its path from the top."""

    tree: Tree
    lines: dict[Path, int]

    def line(self, *path: str | int) -> int:
        """The line of what stands at the path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(data: bytes) -> Source:
    """Raises FileError with one fault, the first that makes the rest unreadable."""
    if len(data) > LARGEST_FILE:
        raise _fault(1, f"the file is larger than {LARGEST_FILE // 1024} KiB; shorten it")
    text = _decoded(data)
    try:
        return _Reader(text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "cannot be read"
        raise _fault(mark.line + 1 if mark else 1, _advice(problem)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _fault(line, "a character here is not allowed in a text file; delete it") from None
    except yaml.YAMLError:
        raise _fault(1, "the file is not YAML") from None


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _fault(line, "the file is not UTF-8 text; save it as UTF-8") from None
    for place, character in enumerate(text):
        if character < " " and character not in "\n\r\t":
            line = text.count("\n", 0, place) + 1
            raise _fault(line, "a character here is not allowed in a text file; delete it")
    return text


def _fault(line: int, message: str) -> FileError:
    return FileError([Fault(line, message)])


def _advice(problem: str) -> str:
    if "\\t" in problem or "tab" in problem:
        return "a tab stands here; indent with spaces"
    if "mapping values" in problem:
        return "a colon stands inside a text here; put the text in quotes, or check the indentation"
    return f"this is not YAML ({problem}); check the indentation, the colons and the quotes"


class _Reader:
    """Builds the tree from parser events, so that limits hold before anything is built."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)
        self._lines: dict[Path, int] = {}

    def document(self) -> Source:
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _fault(1, "the file is empty")
        tree = self._value(event, ())
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _fault(_line(after), "a second document begins here; one file holds one")
        return Source(tree, self._lines)

    def _value(self, event: yaml.Event, path: Path) -> Tree:
        line = _line(event)
        self._lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _fault(line, "references (& and *) are not used here; write the text out")
        if getattr(event, "tag", None) not in (None, "!"):
            raise _fault(line, "tags (!) are not used here; put the text in quotes")
        if len(path) > _DEEPEST:
            raise _fault(line, "this is nested too deep; check the indentation and the brackets")
        if isinstance(event, yaml.ScalarEvent):
            return _seen(str(event.value), line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._mapping(path)

    def _sequence(self, path: Path) -> list[Tree]:
        items: list[Tree] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Tree]:
        table: dict[str, Tree] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            if key in table:
                raise _fault(_line(event), f"'{key}' stands here twice; delete or rename one")
            self._lines[(*path, key)] = _line(event)
            table[key] = self._value(next(self._events), (*path, key))
        return table

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _fault(_line(event), "a name is expected before the colon")
        return _seen(str(event.value), _line(event))


def _seen(text: str, line: int) -> str:
    """The text, if all of it can be seen. Looked at here, since \\e and \\u202e are escapes in YAML
    that become characters only when it is read.
    """
    for character in text:
        if character not in _SPACING + _JOINERS and unicodedata.category(character) in _UNSEEN:
            raise _fault(
                line,
                f"a hidden character stands in this text (U+{ord(character):04X}); delete it",
            )
    return text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
