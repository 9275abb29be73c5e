"""The shape of form and card files, and the wording of faults in that shape.

Only the shape: which keys, which kinds of values. Whether they make sense together is for
`intake.check`; pydantic is used here and nowhere else.
"""

from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from intake.case import Level
from intake.lined import Fault, FileError, Source
from intake.questions import Does, Kind

EVERY = "*"
"""The key under which a text stands that is the same in every language."""

_Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,16}$")]
_ShortId = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,12}$")]
_Count = Annotated[int, Field(ge=0, le=100_000)]
_CHOICE_KEYS = frozenset({"alone", "does", "text", "after"})


def _same_everywhere(value: Any) -> Any:
    return {EVERY: value} if isinstance(value, str) else value


def _split_choice(value: Any) -> Any:
    """In the file the languages of a choice stand beside its keys, which is shorter to write."""
    if not isinstance(value, dict):
        return {"label": value}
    keys = {key: value[key] for key in value if key in _CHOICE_KEYS}
    return {"label": {k: v for k, v in value.items() if k not in _CHOICE_KEYS}, **keys}


WordsIn = Annotated[dict[str, str], BeforeValidator(_same_everywhere)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ChoiceIn(_Part):
    label: WordsIn
    alone: bool = False
    does: Does | None = None
    text: WordsIn | None = None
    after: WordsIn | None = None


class DeriveIn(_Part):
    when: str
    value: str


class QuestionIn(_Part):
    id: _Id
    kind: Kind
    topic: str
    ask: WordsIn
    label: WordsIn
    choices: dict[_Id, Annotated[ChoiceIn, BeforeValidator(_split_choice)]] = {}
    when: str | None = None
    derive: list[DeriveIn] = []
    skip: bool = True
    most: _Count | None = None
    low: _Count | None = None
    high: _Count | None = None
    earliest: Annotated[int, Field(ge=-36_500, le=36_500)] | None = None
    latest: Annotated[int, Field(ge=-36_500, le=36_500)] | None = None
    limit: _Count | None = None


class TextsIn(_Part):
    safety: WordsIn
    safety_more: WordsIn
    privacy: WordsIn
    help: WordsIn
    closing: WordsIn
    closed: WordsIn
    unsaid: WordsIn
    hidden: Annotated[list[WordsIn], Field(min_length=1)]


class RuleIn(_Part):
    id: _Id
    when: str
    reason: WordsIn
    points: Annotated[int, Field(ge=1, le=1000)] | None = None
    straight: Level | None = None


class WaitingIn(_Part):
    points: _Count
    hours: Annotated[int, Field(ge=1, le=10_000)]
    most: _Count
    reason: WordsIn


class UrgencyIn(_Part):
    rules: list[RuleIn]
    levels: dict[Level, _Count]
    targets: dict[Level, Annotated[int, Field(ge=1, le=10_000)]]
    waiting: WaitingIn


class RouteIn(_Part):
    when: str
    skill: str
    country: str | None = None


class RoutingIn(_Part):
    skills: dict[_Id, WordsIn]
    rules: list[RouteIn]
    otherwise: str
    languages: str | None = None


class ContactIn(_Part):
    question: str
    offset: str | None = None
    windows: dict[str, Annotated[str, Field(pattern=r"^\d{1,2}-\d{1,2}$")]]
    never_when: str | None = None
    codeword: str | None = None


class GroupIn(_Part):
    label: WordsIn
    of: Annotated[list[_Id], Field(min_length=1)]


class CountedIn(_Part):
    of: _Id
    id: _Id | None = None
    label: WordsIn | None = None
    groups: dict[_Id, GroupIn] = {}
    told: bool = False


class ShareIn(_Part):
    id: _Id
    when: str
    label: WordsIn
    meaning: WordsIn


class SumIn(_Part):
    id: _Id
    of: _Id
    cells: Annotated[list[_Id], Field(min_length=2)]
    label: WordsIn


class CountsIn(_Part):
    questions: Annotated[list[CountedIn], Field(min_length=1, max_length=20)]
    shares: list[ShareIn] = []
    sums: list[SumIn] = []


class FormIn(_Part):
    languages: Annotated[list[str], Field(min_length=1, max_length=20)]
    topics: dict[_Id, WordsIn]
    texts: TextsIn
    terms: dict[_Id, str] = {}
    questions: Annotated[list[QuestionIn], Field(min_length=1, max_length=60)]
    urgency: UrgencyIn
    routing: RoutingIn
    contact: ContactIn | None = None
    counts: CountsIn | None = None


class CardIn(_Part):
    id: _ShortId
    country: str | None = None
    title: WordsIn
    text: WordsIn
    source: WordsIn
    checked: date
    stale_after: date


_Model = TypeVar("_Model", bound=_Part)


def shaped(model: type[_Model], source: Source) -> _Model:
    """The file's values as a model; raises FileError with every fault of its shape."""
    if not isinstance(source.tree, dict):
        raise FileError([Fault(1, "the file must begin with names and colons, such as 'id: …'")])
    try:
        return model.model_validate(source.tree)
    except ValidationError as error:
        known = _keys(model)
        raise FileError([_fault(source, part, known) for part in error.errors()]) from None


def _fault(source: Source, error: Any, known: list[str]) -> Fault:
    path = tuple(step for step in error["loc"] if step != "[key]")
    return Fault(source.line(*path), _message(error, str(path[-1]), known))


def _message(error: Any, name: str, known: list[str]) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"'{name}' is missing here; add it"
        case "extra_forbidden":
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else "; delete it"
            return f"'{name}' is not a key that stands here{hint}"
        case "enum":
            return f"'{error['input']}' is not possible for '{name}'; use {limits['expected']}"
        case "string_pattern_mismatch":
            return _pattern(error["input"], limits["pattern"])
        case "string_type":
            return f"'{name}' must be a text"
        case _:
            return _number_or_table(error["type"], name, limits)


def _pattern(value: str, pattern: str) -> str:
    if pattern.startswith("^\\d"):
        return f"'{value}' is not a window of hours; write it like 10-18"
    most = pattern.rstrip("}$").rsplit(",", 1)[-1]
    return f"'{value}' is not an id; use 1 to {most} of the characters a-z, 0-9 and _"


def _number_or_table(kind: str, name: str, limits: dict[str, Any]) -> str:
    if kind.startswith(("int", "greater", "less")):
        bounds = [f"{word} {limits[k]}" for k, word in (("ge", "at least"), ("le", "at most"))
                  if k in limits]  # fmt: skip
        return " ".join([f"'{name}' must be a whole number", *bounds])
    if kind.startswith("date"):
        return f"'{name}' must be a date, written like 2026-11-22"
    if kind.startswith("bool"):
        return f"'{name}' must be yes or no"
    if kind.startswith(("too_short", "list", "too_long")):
        return f"'{name}' must be a list (lines that begin with '- '), not empty and not too long"
    return f"'{name}' must hold names and values, indented below it"


def _keys(model: type[BaseModel]) -> list[str]:
    """Every key that stands anywhere in such a file, to guess what a wrong one was meant to be."""
    if model is not FormIn:
        return list(model.model_fields)
    parts = (FormIn, TextsIn, QuestionIn, ChoiceIn, DeriveIn, UrgencyIn, RuleIn, WaitingIn)
    rest = (RoutingIn, RouteIn, ContactIn, CountsIn, CountedIn, GroupIn, ShareIn, SumIn)
    return sorted({key for part in (*parts, *rest) for key in part.model_fields})
