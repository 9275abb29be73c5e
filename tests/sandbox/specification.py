"""The Bot API as published, and a check of real answers against it.

The data lie outside the repository (`../shared/data` beside it) and are not copied into it;
where they are absent, the tests that need them say so.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

NAME = "shared/data/telegram-bot-api-10.1.json"

_PLAIN: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "Float": (int, float),
    "String": (str,),
    "Boolean": (bool,),
    "True": (bool,),
}


@cache
def _read() -> dict[str, Any] | None:
    for folder in Path(__file__).resolve().parents:
        path = folder / NAME
        if path.is_file():
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return data
    return None


def specification() -> dict[str, Any]:
    """The published interface; skips the test in clear words where it is not at hand."""
    data = _read()
    if data is None:
        pytest.skip(f"the Bot API specification is not here ({NAME} above the repository)")
    return data


def faults_of(value: Any, declared: list[str], where: str = "result") -> list[str]:
    """What is wrong with a value of one of the declared types; empty when nothing is."""
    found: list[list[str]] = []
    for kind in declared:
        faults = _faults_of(value, kind, where)
        if not faults:
            return []
        found.append(faults)
    return min(found, key=len)


def _faults_of(value: Any, kind: str, where: str) -> list[str]:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no array"]
        inner = kind.removeprefix("Array of ")
        return [f for i, item in enumerate(value) for f in _faults_of(item, inner, f"{where}[{i}]")]
    if kind in _PLAIN:
        right = isinstance(value, _PLAIN[kind])
        bool_for_number = isinstance(value, bool) and kind in {"Integer", "Float"}
        return [] if right and not bool_for_number else [f"{where}: {value!r} is no {kind}"]
    return _faults_of_object(value, kind, where)


def _faults_of_object(value: Any, kind: str, where: str) -> list[str]:
    described = specification()["types"][kind]
    if described.get("subtypes"):
        return faults_of(value, described["subtypes"], where)
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind}"]
    fields = {field["name"]: field for field in described.get("fields", [])}
    faults = [f"{where}: {kind} has no field {name!r}" for name in value.keys() - fields.keys()]
    for name, field in fields.items():
        if name in value:
            faults += faults_of(value[name], field["types"], f"{where}.{name}")
        elif field["required"]:
            faults.append(f"{where}: {kind} lacks {name!r}")
    return faults
