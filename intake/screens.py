"""From a draft to the screen that shows it. Decides nothing: `intake.interview` does."""

from datetime import datetime

from intake.answers import SKIPPED, Answer, Skipped
from intake.draft import Draft, Place
from intake.events import (
    AskScreen,
    OfferScreen,
    ReviewItem,
    ReviewScreen,
    Screen,
    ShowTextScreen,
    TextState,
)
from intake.fitting import calendar, over
from intake.questions import Form, Kind, Question, Survey
from intake.warnings import Suspicion, suspicious


def draw(
    form: Form, draft: Draft, survey: Survey, now: datetime, *, refused: bool = False
) -> Screen:
    """The screen of a draft that fits the form; `survey` is the form's for its answers."""
    if draft.place is Place.REVIEW:
        items = tuple(_item(question, draft) for question in survey.asked)
        return ReviewScreen(items, sent=draft.case is not None)
    question = form.by_id[draft.question]
    if draft.place is Place.ASK:
        return _ask(question, draft, survey, now, refused)
    choice = question.choices[str(draft.answers[question.id])]
    if draft.place is Place.OFFER:
        assert choice.text is not None, "the checker asks for a text with `does: offer`"
        return OfferScreen(question, choice, choice.text)
    assert choice.after is not None, "the checker asks for `after` with `does: send`"
    return ShowTextScreen(question, choice, choice.after, can_finish=draft.case is not None)


def _ask(
    question: Question, draft: Draft, survey: Survey, now: datetime, refused: bool
) -> AskScreen:
    answer = draft.answers.get(question.id)
    position = next(i for i, asked in enumerate(survey.asked, 1) if asked.id == question.id)
    days = calendar(question, now.date()) if question.kind is Kind.DATE else (None, None)
    return AskScreen(
        question=question,
        answer=answer,
        marks=draft.marks,
        position=position,
        total=len(survey.asked),
        text=_text(question, answer) if question.kind is Kind.TEXT else None,
        earliest=days[0],
        latest=days[1],
        can_skip=question.skip,
        can_go_back=draft.editing or position > 1,
        can_go_on=_can_go_on(question, answer, draft.marks),
        can_finish=draft.case is not None,
        editing=draft.editing,
        refused=refused,
    )


def _can_go_on(question: Question, answer: Answer | Skipped | None, marks: tuple[str, ...]) -> bool:
    if question.kind is Kind.MANY:
        return bool(marks) or answer is SKIPPED
    return answer is not None and not over(question, answer)


def _text(question: Question, answer: Answer | Skipped | None) -> TextState:
    text = answer if isinstance(answer, str) else ""
    return TextState(text, question.limit, over(question, answer), suspicious(text))


def _item(question: Question, draft: Draft) -> ReviewItem:
    answer = draft.answers.get(question.id)
    return ReviewItem(question, answer, _warnings(question, answer), over(question, answer))


def _warnings(question: Question, answer: Answer | Skipped | None) -> tuple[Suspicion, ...]:
    if question.kind is not Kind.TEXT or not isinstance(answer, str):
        return ()
    return suspicious(answer)
