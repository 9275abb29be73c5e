"""A guide as a list of steps: what is typed at whose computer, and what goes from hand to hand.

The marks by which a step is known are for readers too; docs/guide-ceremony.md explains them in
its first lines. They are the same in both languages, the names apart.
"""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"

PEOPLE = {
    "olga": ("Olga", "Ольга"),
    "lena": ("Lena", "Лена"),
    "kira": ("Kira", "Кира"),
    "anna": ("Anna", "Анна"),
    "vera": ("Vera", "Вера"),
    "operator": ("The operator", "Оператор"),
}
MARKS = {
    "new": ("new computer", "новый компьютер"),
    "old": ("lost computer", "пропавший компьютер"),
    "stays": ("a terminal that stays open", "терминал остаётся открытым"),
    "refused": ("refused", "отказ"),
    "waits": ("waits for a second lead", "ждёт второго ведущего"),
}
SENDS = ("A phone sends a request", "Телефон, новое обращение")
READS = ("A phone reads the answer", "Телефон, ответ")
HAND_OVER = ("Hand over", "Передать")

_BOLD = re.compile(r"\*\*([^*\n]+):\*\*(.*)")


@dataclass(frozen=True)
class Typed:
    """What is typed at each one's own computer. `marks`: of `MARKS`.

    `at_once`: nothing is said between the block before and this one, so that nobody waits.
    """

    who: tuple[str, ...]
    marks: frozenset[str]
    commands: tuple[str, ...]
    at_once: bool = False


@dataclass(frozen=True)
class HandedOver:
    """Files that are carried from one person's folder into others'."""

    files: tuple[str, ...]
    giver: str
    takers: tuple[str, ...]


@dataclass(frozen=True)
class Phone:
    """Somebody with a telephone: whether he sends a request, or reads the answer."""

    sends: bool


Step = Typed | HandedOver | Phone


class Unreadable(AssertionError):
    """A part of a guide of which no reader could know what to do with it."""


def steps(name: str) -> list[Step]:
    """The steps of docs/NAME, in order; no block of commands is left out."""
    found: list[Step] = []
    mark, said = "", True
    lines = iter((DOCS / name).read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith("```"):
            block = list(takewhile(lambda inner: inner != "```", lines))
            found.append(_typed(mark, block, name, at_once=not said))
            mark, said = "", False
        elif bold := _BOLD.fullmatch(line):
            told = _told(bold[1], bold[2])
            found += told
            mark, said = "" if told else bold[1], said or bool(told)
        elif line.startswith("    "):
            raise Unreadable(f"{name}: commands stand between fences: {line}")
        elif line:
            mark, said = "", True
    return found


def _told(bold: str, rest: str) -> list[Step]:
    """Steps without commands; none where commands are to follow."""
    if bold in SENDS or bold in READS:
        return [Phone(bold in SENDS)]
    return [_handed(part) for part in rest.strip(" .").split(";")] if bold in HAND_OVER else []


def _handed(part: str) -> HandedOver:
    giver, _, takers = part.rpartition("`")[2].strip(" ,").partition(" → ")
    files = tuple(re.findall(r"`([^`]+)`", part))
    if not files:
        raise Unreadable(f"nothing is handed over in {part!r}")
    return HandedOver(files, person(giver), tuple(person(one) for one in takers.split(", ")))


def _typed(mark: str, block: list[str], name: str, *, at_once: bool) -> Typed:
    parts = mark.split(", ")
    marks = {key for key, words in MARKS.items() if set(words) & set(parts)}
    who = parts[: len(parts) - len(marks)]
    if not mark or not who:
        raise Unreadable(f"{name}: at whose computer? {block[:1]} follows {mark!r}")
    return Typed(tuple(person(one) for one in who), frozenset(marks), _commands(block), at_once)


def _commands(block: list[str]) -> tuple[str, ...]:
    """One for each line, or for several where a line ends in a backslash."""
    lines = re.split(r"(?<!\\)\n", "\n".join(block))
    return tuple(line for line in lines if line.strip())


def person(name: str) -> str:
    for key, words in PEOPLE.items():
        if name.casefold() in {word.casefold() for word in words}:
            return key
    raise Unreadable(f"nobody is called {name!r}")
