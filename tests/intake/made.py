"""Forms and interviews for tests: the default form as shipped, and small ones written here."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from intake.draft import Draft
from intake.events import Effect, Event, Screen
from intake.form import Form, load_form
from intake.interview import Step, begin, screen_of, step

FORMS = Path(__file__).parents[2] / "forms"
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)

_REST = """
languages: [en]
topics: {all: All}
texts: {safety: s, safety_more: s, privacy: s, help: s, closing: s, closed: s, unsaid: not said,
  hidden: [h]}
urgency:
  rules: []
  levels: {P1: 50, P2: 25}
  targets: {P0: 1, P1: 6, P2: 24, P3: 72}
  waiting: {points: 2, hours: 12, most: 10, reason: Waiting}
routing: {skills: {information: Information}, rules: [], otherwise: information}
"""


def default_bytes() -> bytes:
    return (FORMS / "default.yaml").read_bytes()


@cache
def default_form() -> Form:
    return load_form(default_bytes())


def small_form(questions: str, rest: str = _REST) -> Form:
    """A form of the questions given as YAML, one flow mapping a line."""
    return load_form(small_bytes(questions, rest))


def small_bytes(questions: str, rest: str = _REST) -> bytes:
    lines = [f"  - {line.strip()}" for line in questions.strip().splitlines()]
    return ("questions:\n" + "\n".join(lines) + rest).encode()


def one(name: str, *choices: str, more: str = "") -> str:
    """A question of kind one, as a line for `small_form`."""
    return _line(name, "one", choices, more)


def many(name: str, *choices: str, more: str = "") -> str:
    return _line(name, "many", choices, more)


def text(name: str, limit: int, more: str = "") -> str:
    return _line(name, "text", (), f"limit: {limit}, {more}")


def _line(name: str, kind: str, choices: tuple[str, ...], more: str) -> str:
    table = ", ".join(c if ":" in c else f"{c}: {c}" for c in choices)
    listed = f"choices: {{{table}}}, " if choices else ""
    return f"{{id: {name}, kind: {kind}, topic: all, label: {name}, ask: {name}, {listed}{more}}}"


class Talk:
    """An interview under way; every event goes through the draft's bytes, as in the bot."""

    def __init__(self, form: Form, *events: Event, now: datetime = NOW) -> None:
        self.form = form
        self.now = now
        self.draft = begin(form, "en")
        self.last: Step | None = None
        self.do(*events)

    def do(self, *events: Event) -> "Talk":
        for event in events:
            draft = Draft.from_bytes(self.draft.to_bytes())
            assert draft == self.draft
            self.last = step(self.form, draft, event, self.now)
            self.draft = self.last.draft
        return self

    @property
    def screen(self) -> Screen:
        return screen_of(self.form, self.draft, self.now)

    @property
    def at(self) -> str:
        """The question that is asked; empty in the review."""
        return self.draft.question

    @property
    def effects(self) -> list[Effect]:
        return list(self.last.effects) if self.last else []
