"""One whole interview with the default form, as acts: what is tapped and typed, in order.

The same script is tapped through the bot and stepped through the domain without one, so that the
drafts and cases of all benchmarks are those of one person.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from intake import events, interview
from intake.draft import Draft, Place
from intake.questions import Form

TICK: Final = "internal"
UP_TO_THE_DOCUMENTS: Final = ("cyes", "cmine", "cno", "cme", "cmobilised", "crear")
"""Verb and argument of each button (see `handlers.buttons`), up to a question with many choices."""

FROM_THE_DOCUMENTS: Final = (
    f"t{TICK}", "tmilitary", "d", "tunknown", "d", "cregular", "chard", "tlegal", "trelocation",
    "d", "n1", "tnone", "d", "tru", "d", "cany",
)  # fmt: skip
TAPS: Final = UP_TO_THE_DOCUMENTS + FROM_THE_DOCUMENTS
TEXTS: Final = ("Lantern", "In the evening is best. Nobody here knows that I do not want to go.")
"""What is typed after the taps; each is kept with Done."""

UPDATES: Final = 3 + len(TAPS) + 2 * len(TEXTS) + 1
"""/start, the language, the button that begins, the taps, each text with its Done, and Send."""

_EVENTS: Final[Mapping[str, Callable[[str], events.Event]]] = {
    "c": events.Choose,
    "t": events.Toggle,
    "d": lambda _: events.Done(),
    "n": lambda argument: events.Number(int(argument)),
}


def mid_interview(form: Form) -> Draft:
    """A draft that stands at the question of the documents."""
    draft = _walk(form, interview.begin(form, "en"), UP_TO_THE_DOCUMENTS)
    if TICK not in form.by_id[draft.question].choices:
        raise ValueError(f"the interview stands at {draft.question!r}: mend the script")
    return draft


def finished(form: Form) -> Draft:
    """A draft that stands at the review, all answered."""
    draft = _walk(form, mid_interview(form), FROM_THE_DOCUMENTS)
    for number, text in enumerate(TEXTS):
        step = interview.step(form, draft, events.Typed(text, number), datetime.now(UTC))
        draft = _walk(form, step.draft, ["d"])
    if draft.place is not Place.REVIEW:
        raise ValueError(f"the interview stands at {draft.question!r}: mend the script")
    return draft


def _walk(form: Form, draft: Draft, acts: Sequence[str]) -> Draft:
    for act in acts:
        event = _EVENTS[act[0]](act[1:])
        draft = interview.step(form, draft, event, datetime.now(UTC)).draft
    return draft
