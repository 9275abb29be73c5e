"""A draft as it fits a form: which questions its answers lead to, and where the person stands.

A draft outlives a change of the form. Here it is brought into line; `intake.interview` moves it.
"""

from dataclasses import replace
from datetime import date, datetime

from intake.answers import Answers
from intake.draft import Draft, Place
from intake.fitting import fits
from intake.questions import Does, Form, Kind, Question, Survey


class Surveys:
    """The surveys of one step: the same answers are not looked through twice."""

    def __init__(self, form: Form, today: date) -> None:
        self._form = form
        self._today = today
        self._taken: list[tuple[Answers, Survey]] = []

    def of(self, answers: Answers) -> Survey:
        for taken, survey in self._taken:
            if taken is answers:
                return survey
        return self.keep(answers, self._form.survey(answers, self._today))

    def keep(self, answers: Answers, survey: Survey) -> Survey:
        self._taken.append((answers, survey))
        return survey

    def pruned(self, answers: Answers) -> Answers:
        """Without answers to what is not asked, in the order of the form.

        The survey of what remains is the same: it never looked at the rest.
        """
        survey = self.of(answers)
        kept = {q.id: answers[q.id] for q in survey.asked if q.id in answers}
        self.keep(kept, survey)
        return kept


def mend(form: Form, draft: Draft, now: datetime) -> Draft:
    """The draft as far as it fits the form, the same object where all of it does.

    A draft outlives a change of the form: answers that no longer fit are dropped, and a place
    that is gone becomes the first open question. Cheap, and done by every step.
    """
    return mended(form, draft, Surveys(form, now.date()))


def mended(form: Form, draft: Draft, surveys: Surveys) -> Draft:
    answers = draft.answers
    if not all(fits(form.by_id.get(name), answer) for name, answer in answers.items()):
        answers = {n: answer for n, answer in answers.items() if fits(form.by_id.get(n), answer)}
    asked = surveys.of(answers).asked
    if sum(question.id in answers for question in asked) != len(answers):
        answers = surveys.pruned(answers)
    if answers is not draft.answers:
        draft = replace(draft, answers=answers)
    return _placed(draft, asked)


def _placed(draft: Draft, asked: tuple[Question, ...]) -> Draft:
    """The draft at a place that exists, and not past a question that must be answered."""
    present = len(asked)
    if draft.place is not Place.REVIEW:
        present = next((i for i, q in enumerate(asked) if q.id == draft.question), -1)
    required = (i for i, q in enumerate(asked) if not q.skip and q.id not in draft.answers)
    first = next(required, present)
    if first < present:
        return ask(draft, asked[first])
    if present == -1:
        rest = [question for question in asked if question.id not in draft.answers]
        return ask(draft, rest[0]) if rest else review(draft)
    return draft if present == len(asked) else _seated(draft, asked[present])


def _seated(draft: Draft, question: Question) -> Draft:
    """At a question that exists: ticks and texts must be those of the question."""
    if draft.place is Place.ASK:
        right = not draft.marks or (question.kind is Kind.MANY and fits(question, draft.marks))
        return draft if right else replace(draft, marks=())
    choice = question.choices.get(str(draft.answers.get(question.id)))
    wanted = choice is not None and (
        choice.does is Does.OFFER and choice.text
        if draft.place is Place.OFFER
        else choice.after is not None
    )
    return draft if wanted else ask(draft, question)


def ask(draft: Draft, question: Question) -> Draft:
    held = draft.answers.get(question.id)
    marks = held if isinstance(held, tuple) else ()
    return replace(draft, place=Place.ASK, question=question.id, marks=marks)


def review(draft: Draft) -> Draft:
    return replace(draft, place=Place.REVIEW, question="", marks=(), editing=False)
