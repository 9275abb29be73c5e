"""A loaded form: its questions, rules and texts, ready for use and not to be changed.

Built only by `intake.form.load_form`, which has checked everything that is promised here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from intake.answers import SKIPPED, Answer, Answers
from intake.case import Level
from intake.condition import Condition
from intake.words import Words


class Kind(StrEnum):
    """What an answer is: a choice, several, a number, a day (or a choice), text, hour of the day.

    The answer to HOUR is not the hour but the offset from UTC that follows from it, -11 to 12:
    it stays true when the hour has passed.
    """

    ONE = "one"
    MANY = "many"
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"
    HOUR = "hour"


class Does(StrEnum):
    """What a choice does besides being an answer."""

    OFFER = "offer"
    SEND = "send"
    HIDE = "hide"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Choice:
    """`alone`: excludes the others. `text`: on the offer to send now. `after`: once it was sent."""

    id: str
    label: Words
    alone: bool = False
    does: Does | None = None
    text: Words | None = None
    after: Words | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`label` is the short name in the review and at the desk.

    `when` None: asked always. `derive`: where it is not asked, the first value whose condition
    holds. `most`: choices of a MANY. `low`, `high`: a NUMBER, inclusive; of a DATE, days from
    today. `limit`: characters of a TEXT.
    """

    id: str
    kind: Kind
    topic: str
    ask: Words
    label: Words
    choices: Mapping[str, Choice]
    when: Condition | None = None
    derive: tuple[tuple[Condition, str], ...] = ()
    skip: bool = True
    most: int = 0
    low: int = 0
    high: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """An urgency rule: points, or with `level` straight to a level."""

    id: str
    when: Condition
    reason: Words
    points: int = 0
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Urgency:
    """`thresholds`: least points of a level, most urgent first. `waiting_*`: see `triage`."""

    rules: tuple[Rule, ...]
    thresholds: tuple[tuple[Level, int], ...]
    targets: Mapping[Level, timedelta]
    waiting_points: int
    waiting_every: timedelta
    waiting_most: int
    waiting_reason: Words


@dataclass(frozen=True, slots=True)
class Route:
    """Who is needed where `when` holds; `country`: the question whose answer goes in clear."""

    when: Condition
    skill: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """`otherwise`: the skill where no route holds. `languages`: the question that lists them."""

    skills: Mapping[str, Words]
    routes: tuple[Route, ...]
    otherwise: str
    languages: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """`windows`: per choice of `question`, allowed local hours; `offset`: the HOUR question.

    `never_when`: nobody writes first where it holds, whatever was chosen. `codeword`: the TEXT
    question whose answer is repeated with the first reply.
    """

    question: str
    offset: str | None
    windows: Mapping[str, frozenset[int]]
    never_when: Condition | None
    codeword: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A table of the counts: how the answers to one question are counted.

    `cell_of`: from a choice to the cell it counts in, of the same name where nothing is grouped.
    `alone`: cells in which whoever stands there stands in no other. `told`: its figures stand
    among the sentences too.
    """

    id: str
    question: str
    label: Words
    many: bool
    cells: Mapping[str, Words]
    cell_of: Mapping[str, str]
    alone: tuple[str, ...]
    told: bool


@dataclass(frozen=True, slots=True)
class Share:
    """Of all requests, those where `when` holds; `meaning` is the definition shown beside it."""

    id: str
    when: Condition
    label: Words
    meaning: Words


@dataclass(frozen=True, slots=True)
class Sum:
    """Cells of one table that are also told together."""

    id: str
    of: str
    cells: tuple[str, ...]
    label: Words


@dataclass(frozen=True, slots=True)
class Counts:
    """What of the answers is counted, a month at a time."""

    questions: tuple[Counted, ...]
    shares: tuple[Share, ...]
    sums: tuple[Sum, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of the organisation's that are not questions; none contains markup."""

    safety: Words
    safety_more: Words
    privacy: Words
    help: Words
    closing: Words
    closed: Words
    unsaid: Words
    hidden: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """The form as it stands for some answers: what is asked, and what is known (said, derived)."""

    asked: tuple[Question, ...]
    known: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Form:
    """A form; `digest` is the SHA-256 of its file in hex and is its name everywhere."""

    digest: str
    languages: tuple[str, ...]
    topics: Mapping[str, Words]
    questions: tuple[Question, ...]
    by_id: Mapping[str, Question]
    texts: Texts
    urgency: Urgency
    routing: Routing
    contact: Contact | None
    counts: Counts | None

    def survey(self, answers: Answers, today: date) -> Survey:
        """One pass suffices, chains included: a condition looks only at earlier questions."""
        known: dict[str, Answer] = {}
        asked = []
        for question in self.questions:
            if question.when is None or question.when.test(known, today):
                asked.append(question)
                answer = answers.get(question.id)
                if answer is not None and answer is not SKIPPED:
                    known[question.id] = answer
            elif question.derive:
                _derive(question, known, today)
        return Survey(tuple(asked), known)


def _derive(question: Question, known: dict[str, Answer], today: date) -> None:
    for condition, value in question.derive:
        if condition.test(known, today):
            known[question.id] = value
            return
