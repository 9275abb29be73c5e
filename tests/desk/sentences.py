"""Every sentence that the desk can say, read out of its source: what a catalogue must hold."""

import ast
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from crypto.errors import NotOpened
from desk.cli import _command
from desk.language import Language
from intake.bundle import BROKEN
from intake.records import NEWER
from intake.wire import CUT_SHORT
from tests.desk.page.sentences import in_templates

DESK = Path(__file__).resolve().parent.parent.parent / "desk"
CRYPTO = DESK.parent / "crypto"
_CALLS = frozenset(
    {"say", "tell", "notice", "warn", "count", "DeskError"}
    | {"Amiss", "Locked", "Offline", "Turned", "Untouched"}
)


def sentences() -> set[str]:
    """The msgids in the source, the table of refusals, and the help of every command."""
    found = {text for path in sorted(DESK.rglob("*.py")) for text in _in_file(path)}
    kinds: list[type[NotOpened]] = [NotOpened, *NotOpened.__subclasses__()]
    found |= {kind.reason for kind in kinds}
    found |= set(in_templates())
    found |= {
        text
        for path in sorted(CRYPTO.rglob("*.py"))
        for text in _in_file(path, frozenset({"BadWords"}))
    }
    return found | set(_help(_command(Language("en")))) | _OF_THE_DOMAIN


_OF_THE_DOMAIN = {NEWER, CUT_SHORT, BROKEN, "the key of this case", "the return token"}


def plurals() -> set[tuple[str, str]]:
    """Pairs of msgid and msgid_plural."""
    return {
        (first, second)
        for path in sorted(DESK.rglob("*.py"))
        for call in _calls(path)
        if _name(call) == "count" and len(call.args) >= 2
        for first, second in [(_text(call.args[0]), _text(call.args[1]))]
        if first is not None and second is not None
    }


def _in_file(path: Path, calls: Set[str] = _CALLS) -> Iterator[str]:
    for call in _calls(path):
        if _name(call) in calls and call.args and (text := _text(call.args[0])) is not None:
            yield text
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and _is_reasons(node):
            assert isinstance(node.value, ast.Dict)
            yield from (text for value in node.value.values if (text := _text(value)))


def _is_reasons(node: ast.Assign) -> bool:
    return isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_REASONS"


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _help(command: Any) -> Iterator[str]:
    for part in (command, *command.params):
        if getattr(part, "help", None) and part.name != "help":
            yield part.help
    for inner in getattr(command, "commands", {}).values():
        yield from _help(inner)
