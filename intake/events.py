"""What may happen to an interview, and what is to be shown after it: plain values.

Events come from buttons and texts, screens go to a card; neither knows Telegram.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from intake.answers import Answer, Skipped
from intake.questions import Choice, Question
from intake.warnings import Suspicion
from intake.words import Words


@dataclass(frozen=True, slots=True)
class Choose:
    """One choice of a ONE, or one of the choices beside the calendar of a DATE."""

    choice: str


@dataclass(frozen=True, slots=True)
class Toggle:
    """Tick or untick a choice of a MANY."""

    choice: str


@dataclass(frozen=True, slots=True)
class Number:
    """The answer to a NUMBER; to an HOUR, what the clock shows where the person is (0 to 23)."""

    number: int


@dataclass(frozen=True, slots=True)
class PickDay:
    """A day of the calendar."""

    day: date


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed text; `update_id` tells a text delivered again from the same text typed twice."""

    text: str
    update_id: int


@dataclass(frozen=True, slots=True)
class KeepText:
    """Of a text over the limit, keep the beginning."""


@dataclass(frozen=True, slots=True)
class ClearText:
    """Forget what was typed and write again."""


@dataclass(frozen=True, slots=True)
class Done:
    """Continue: confirms ticks or a text, passes an answered question, goes on after a text.

    On the offer to send now it declines.
    """


@dataclass(frozen=True, slots=True)
class Skip:
    """Not say."""


@dataclass(frozen=True, slots=True)
class Back:
    """The question before; while editing, the review."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Change an answer from the review."""

    question: str


@dataclass(frozen=True, slots=True)
class Finish:
    """After an early send: skip all that is still unanswered and go to the review."""


@dataclass(frozen=True, slots=True)
class SendNow:
    """Accept the offer to send at once."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send, from the review."""


Event = (
    Choose
    | Toggle
    | Number
    | PickDay
    | Typed
    | KeepText
    | ClearText
    | Done
    | Skip
    | Back
    | Edit
    | Finish
    | SendNow
    | Send
)


class Effect(Enum):
    """What the caller has to do after the draft is committed.

    SUBMIT: the case, or, where `draft.case` is set, a further record of it. SUBMIT_EARLY: the
    case now, and the draft goes on, `mark_sent`. HIDE: the card. OPEN_INFO: information cards.
    """

    HIDE = "hide"
    SUBMIT = "submit"
    SUBMIT_EARLY = "submit early"
    OPEN_INFO = "open information"


@dataclass(frozen=True, slots=True)
class TextState:
    """What was typed so far. `over`: characters beyond the limit, all of them kept as yet."""

    text: str
    limit: int
    over: int
    warnings: tuple[Suspicion, ...]


@dataclass(frozen=True, slots=True)
class AskScreen:
    """A question. `position` of about `total`; `can_go_on`: Done would lead further.

    `answer` None: not answered yet. `text` is set for a TEXT. `earliest` and `latest`: for a
    DATE. `refused`: what was just ticked or typed would not fit and was not taken.
    """

    question: Question
    answer: Answer | Skipped | None
    marks: tuple[str, ...]
    position: int
    total: int
    text: TextState | None
    earliest: date | None
    latest: date | None
    can_skip: bool
    can_go_back: bool
    can_go_on: bool
    can_finish: bool
    editing: bool
    refused: bool = False


@dataclass(frozen=True, slots=True)
class OfferScreen:
    """Send now? `SendNow`, or `Done` to go on with the questions, or `Back`."""

    question: Question
    choice: Choice
    text: Words


@dataclass(frozen=True, slots=True)
class ShowTextScreen:
    """The form's text after an early send; `Done` continues, `Finish` goes to the review."""

    question: Question
    choice: Choice
    text: Words
    can_finish: bool


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One question asked and what was said; `answer` None: not reached yet."""

    question: Question
    answer: Answer | Skipped | None
    warnings: tuple[Suspicion, ...]
    over: int


@dataclass(frozen=True, slots=True)
class ReviewScreen:
    """All answers. `sent`: a case went in early, and sending adds to it."""

    items: tuple[ReviewItem, ...]
    sent: bool


Screen = AskScreen | OfferScreen | ShowTextScreen | ReviewScreen
