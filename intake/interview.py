"""The interview as a pure function: (form, draft, event, now) to (draft, screen, effects).

Knows no Telegram, no database, no clock. An event that does not fit the screen changes nothing,
so an old or invented button is harmless. Effects are only named here; the caller performs them
after the draft is committed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from intake.answers import SKIPPED, Answer, Skipped
from intake.draft import Draft, Place, mark_sent
from intake.events import (
    Back,
    Choose,
    ClearText,
    Done,
    Edit,
    Effect,
    Event,
    Finish,
    KeepText,
    Number,
    PickDay,
    Screen,
    Send,
    SendNow,
    Skip,
    Toggle,
    Typed,
)
from intake.fitting import clean, hour_offset, joined, over, toggled, within_calendar
from intake.mending import Surveys, ask, mend, mended, review
from intake.questions import Choice, Does, Form, Kind, Question
from intake.screens import draw

__all__ = ["Step", "begin", "mark_sent", "mend", "screen_of", "step"]


@dataclass(frozen=True, slots=True)
class Step:
    """The draft after an event (the same object where nothing changed) and what to show."""

    draft: Draft
    screen: Screen
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class _Turn:
    draft: Draft
    effects: tuple[Effect, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Scene:
    """Where an event finds the interview."""

    form: Form
    draft: Draft
    now: datetime
    surveys: Surveys

    def asked(self, draft: Draft) -> tuple[Question, ...]:
        return self.surveys.of(draft.answers).asked

    @property
    def question(self) -> Question:
        return self.form.by_id[self.draft.question]

    @property
    def choice(self) -> Choice:
        return self.question.choices[str(self.draft.answers[self.draft.question])]


def begin(form: Form, language: str) -> Draft:
    """A fresh draft at the first question."""
    return Draft(language, form.questions[0].id)


def screen_of(form: Form, draft: Draft, now: datetime) -> Screen:
    """What to show for a draft, without an event: redraws the card."""
    surveys = Surveys(form, now.date())
    draft = mended(form, draft, surveys)
    return draw(form, draft, surveys.of(draft.answers), now)


def step(form: Form, draft: Draft, event: Event, now: datetime) -> Step:
    """One event. `now` is an aware instant in UTC."""
    surveys = Surveys(form, now.date())
    draft = mended(form, draft, surveys)
    turn = _turn(_Scene(form, draft, now, surveys), event) or _Turn(draft)
    survey = surveys.of(turn.draft.answers)
    screen = draw(form, turn.draft, survey, now, refused=turn.refused)
    return Step(turn.draft, screen, turn.effects)


def _turn(scene: _Scene, event: Event) -> _Turn | None:
    if isinstance(event, Typed):
        return _typed(scene, event)
    match scene.draft.place:
        case Place.ASK:
            return _navigate(scene, event) or _reply(scene, event)
        case Place.OFFER:
            return _at_offer(scene, event)
        case Place.TEXT:
            return _at_text(scene, event)
        case Place.REVIEW:
            return _at_review(scene, event)


# At a question: leaving it.


def _navigate(scene: _Scene, event: Event) -> _Turn | None:
    match event:
        case Back():
            return _back(scene)
        case Skip() if scene.question.skip:
            return _Turn(_forward(scene, _record(scene, SKIPPED)))
        case Done():
            return _done(scene)
        case Finish():
            return _finish(scene)
    return None


def _back(scene: _Scene) -> _Turn | None:
    draft = _keep_marks(scene)
    asked = scene.asked(draft)
    if scene.draft.editing:
        # What must be answered and was unticked or cleared keeps the person here.
        left = next((q for q in asked if not q.skip and q.id not in draft.answers), None)
        return _Turn(_edit(draft, left) if left else review(draft))
    place = _index(asked, draft.question)
    return _Turn(ask(draft, asked[place - 1])) if place > 0 else None


def _keep_marks(scene: _Scene) -> Draft:
    """Ticks were acknowledged on the card: going back keeps them."""
    draft = scene.draft
    held = draft.answers.get(draft.question)
    if scene.question.kind is not Kind.MANY or draft.marks == (held or ()):
        return draft
    if draft.marks:
        return _record(scene, draft.marks)
    return draft if held is SKIPPED else _record(scene, None)


def _done(scene: _Scene) -> _Turn | None:
    draft, question = scene.draft, scene.question
    answer = draft.answers.get(question.id)
    if question.kind is Kind.MANY and draft.marks:
        return _Turn(_forward(scene, _record(scene, draft.marks)))
    if answer is None or over(question, answer):
        return None
    if question.kind is Kind.MANY and answer is not SKIPPED:
        return None
    return _Turn(_forward(scene, draft))


def _finish(scene: _Scene) -> _Turn | None:
    """Only once a case is there: what is still unanswered is skipped, a question at a time.

    Skipping may open another question, so the survey is taken again until nothing is left.
    """
    if scene.draft.case is None:
        return None
    draft = _keep_marks(scene) if scene.draft.place is Place.ASK else scene.draft
    answers = dict(draft.answers)
    while True:
        asked = scene.form.survey(answers, scene.now.date()).asked
        left = next((question for question in asked if question.id not in answers), None)
        if left is None or not left.skip:
            draft = replace(draft, answers=scene.surveys.pruned(answers))
            return _Turn(ask(draft, left) if left else review(draft))
        answers[left.id] = SKIPPED


# At a question: answering it.


def _reply(scene: _Scene, event: Event) -> _Turn | None:
    match event, scene.question.kind:
        case Choose(choice), Kind.ONE | Kind.DATE:
            return _choose(scene, scene.question.choices.get(choice))
        case Toggle(choice), Kind.MANY:
            return _toggle(scene, choice)
        case Number(number), Kind.NUMBER if scene.question.low <= number <= scene.question.high:
            return _Turn(_forward(scene, _record(scene, number)))
        case Number(number), Kind.HOUR if 0 <= number < 24:
            return _Turn(_forward(scene, _record(scene, hour_offset(number, scene.now))))
        case PickDay(day), Kind.DATE if within_calendar(scene.question, day, scene.now.date()):
            return _Turn(_forward(scene, _record(scene, day)))
        case KeepText() | ClearText(), Kind.TEXT:
            return _rework(scene, keep=isinstance(event, KeepText))
    return None


def _choose(scene: _Scene, choice: Choice | None) -> _Turn | None:
    if choice is None:
        return None
    if choice.does is Does.INFORMATION:
        # Nothing is recorded: who only reads has answered nothing.
        return _Turn(scene.draft, (Effect.OPEN_INFO,))
    draft = _record(scene, choice.id)
    early = draft.case is None
    if choice.does is Does.OFFER and early:
        return _Turn(replace(draft, place=Place.OFFER))
    if choice.does is Does.SEND:
        effects = (Effect.SUBMIT_EARLY,) if early else ()
        return _Turn(replace(draft, place=Place.TEXT), effects)
    effects = (Effect.HIDE,) if choice.does is Does.HIDE else ()
    return _Turn(_forward(scene, draft), effects)


def _toggle(scene: _Scene, choice: str) -> _Turn | None:
    if choice not in scene.question.choices:
        return None
    marks = toggled(scene.question, scene.draft.marks, choice)
    if scene.question.most and len(marks) > scene.question.most:
        return _Turn(scene.draft, refused=True)
    return _Turn(replace(scene.draft, marks=marks))


def _typed(scene: _Scene, event: Typed) -> _Turn | None:
    """A text counts once. Its id is remembered even where no text is asked for.

    Otherwise a text that was passed over could, delivered again after a crash, land in a later
    question.
    """
    if event.update_id in scene.draft.seen:
        return None
    draft = scene.draft.saw(event.update_id)
    if draft.place is not Place.ASK or scene.question.kind is not Kind.TEXT:
        return _Turn(draft)
    addition = clean(event.text)
    text = joined(draft.answers.get(draft.question), addition)
    if not addition or text is None:
        return _Turn(draft, refused=text is None)
    return _Turn(_record(replace(scene, draft=draft), text))


def _rework(scene: _Scene, keep: bool) -> _Turn | None:
    answer = scene.draft.answers.get(scene.draft.question)
    if not isinstance(answer, str):
        return None
    if not keep:
        return _Turn(_record(scene, None))
    if not over(scene.question, answer):
        return None
    return _Turn(_record(scene, answer[: scene.question.limit].rstrip()))


# At the other screens.


def _at_offer(scene: _Scene, event: Event) -> _Turn | None:
    match event:
        case SendNow():
            shown = replace(scene.draft, place=Place.TEXT)
            after = shown if scene.choice.after else _forward(scene, scene.draft)
            return _Turn(after, (Effect.SUBMIT_EARLY,) if scene.draft.case is None else ())
        case Done():
            return _Turn(_forward(scene, scene.draft))
        case Back():
            return _Turn(ask(scene.draft, scene.question))
    return None


def _at_text(scene: _Scene, event: Event) -> _Turn | None:
    match event:
        case Done():
            return _Turn(_forward(scene, scene.draft))
        case Back():
            return _Turn(ask(scene.draft, scene.question))
        case Finish():
            return _finish(scene)
    return None


def _at_review(scene: _Scene, event: Event) -> _Turn | None:
    asked = scene.asked(scene.draft)
    match event:
        case Edit(name):
            chosen = next((question for question in asked if question.id == name), None)
            return _Turn(_edit(scene.draft, chosen)) if chosen else None
        case Back():
            return _Turn(ask(scene.draft, asked[-1]))
        case Send():
            long = next((q for q in asked if over(q, scene.draft.answers.get(q.id))), None)
            if long is not None:
                return _Turn(_edit(scene.draft, long))
            return _Turn(scene.draft, (Effect.SUBMIT,))
    return None


# Moving about.


def _record(scene: _Scene, answer: Answer | Skipped | None) -> Draft:
    """The draft with the present question answered (None: unanswered again).

    Answers to questions that are thereby no longer asked are dropped, theirs included.
    """
    answers = {key: value for key, value in scene.draft.answers.items() if key != scene.question.id}
    if answer is not None:
        answers[scene.question.id] = answer
    return replace(scene.draft, answers=scene.surveys.pruned(answers))


def _forward(scene: _Scene, draft: Draft) -> Draft:
    """On from the present question: the next one, or, while editing, the first that is open."""
    asked = scene.asked(draft)
    if draft.editing:
        rest = tuple(question for question in asked if question.id not in draft.answers)
    else:
        rest = asked[_index(asked, draft.question) + 1 :]
    return ask(draft, rest[0]) if rest else review(draft)


def _index(asked: tuple[Question, ...], name: str) -> int:
    return next(place for place, question in enumerate(asked) if question.id == name)


def _edit(draft: Draft, question: Question) -> Draft:
    return replace(ask(draft, question), editing=True)
