"""What holds for the interview whatever is tapped and typed, on any form."""

from datetime import date, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from intake.answers import SKIPPED
from intake.draft import Draft, Place, mark_sent
from intake.events import (
    AskScreen,
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
    ReviewScreen,
    Send,
    SendNow,
    Skip,
    Toggle,
    Typed,
)
from intake.fitting import fits
from intake.form import Form, FormError, Kind, Question, load_form
from intake.interview import begin, screen_of, step
from intake.reading import deadlines, describe
from intake.routing import contact_rule, route
from intake.triage import triage
from tests.intake.made import NOW, default_form, many, one, small_bytes, text


def fitting(form: Form, draft: Draft, pick: st.DrawFn) -> Event:
    """An event that fits the present screen, or one of those that may stand on any card."""
    always: list[Event] = [Done(), Skip(), Back(), Finish()]
    if draft.place is Place.REVIEW:
        names = [question.id for question in form.questions]
        edits: list[Event] = [Edit(name) for name in names]
        return pick(st.sampled_from([*edits, Back(), Send()]))
    if draft.place is not Place.ASK:
        return pick(st.sampled_from([*always, SendNow()]))
    question = form.by_id[draft.question]
    names = list(question.choices)
    match question.kind:
        case Kind.ONE:
            own: list[Event] = [Choose(name) for name in names]
        case Kind.MANY:
            own = [Toggle(name) for name in names]
        case Kind.NUMBER | Kind.HOUR:
            own = [Number(number) for number in range(10)]
        case Kind.DATE:
            days = (date(2026, 11, 22) + timedelta(days=days) for days in (-3, 5, 25, 80, 300))
            own = [*(Choose(name) for name in names), *(PickDay(day) for day in days)]
        case Kind.TEXT:
            typed = pick(st.text(max_size=60))
            own = [Typed(typed, pick(st.integers(0, 30))), KeepText(), ClearText()]
    return pick(st.sampled_from(own * 3 + always))


def anything(form: Form, pick: st.DrawFn) -> Event:
    """Any event at all, from any card, of any form."""
    names = [q.id for q in form.questions] + [c for q in form.questions for c in q.choices] + ["x"]
    name = st.sampled_from(names)
    plain: st.SearchStrategy[Event] = st.sampled_from(
        [Done(), Skip(), Back(), Finish(), Send(), SendNow(), KeepText(), ClearText()]
    )
    events: st.SearchStrategy[Event] = st.one_of(
        plain,
        st.builds(Choose, name),
        st.builds(Toggle, name),
        st.builds(Edit, name),
        st.builds(Number, st.integers(-5, 30)),
        st.builds(PickDay, st.dates()),
        st.builds(Typed, st.text(st.characters(), max_size=30), st.integers(0, 30)),
    )
    return pick(events)


TESTS = {
    Kind.ONE: ["is a", "is not a", "in (a, b)", "not in (a, b)"],
    Kind.MANY: ["has a", "has (b, n)"],
    Kind.NUMBER: ["> 1", "= 0"],
    Kind.DATE: ["is a", "within 30 days"],
    Kind.TEXT: [],
    Kind.HOUR: [],
}
TABLE = "topic: all, label: l, ask: k"


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Small forms of every kind of question, with conditions on what went before."""
    lines = [one("q0", "a", "b", "c: {en: c, does: hide}")]
    kinds = [Kind.ONE]
    for place in range(1, draw(st.integers(2, 7))):
        more = draw(st.sampled_from(["skip: yes", "skip: no"]))
        if draw(st.booleans()):
            more = f"{more}, when: '{draw(conditions(kinds))}'"
        kinds.append(draw(st.sampled_from(Kind)))
        lines.append(draw(questions(f"q{place}", kinds[-1], more)))
    form = usable("\n".join(lines))
    assume(form is not None)
    assert form is not None
    return form


def usable(lines: str) -> Form | None:
    """The form, or None where chance made a question that nobody reaches."""
    try:
        return load_form(small_bytes(lines))
    except FormError as error:
        if all("nobody reaches" in fault.message for fault in error.faults):
            return None
        raise


@st.composite
def conditions(draw: st.DrawFn, kinds: list[Kind], deep: int = 3) -> str:
    place = draw(st.integers(0, len(kinds) - 1))
    single = f"q{place} {draw(st.sampled_from(['said', 'unsaid', *TESTS[kinds[place]]]))}"
    if deep == 0 or draw(st.booleans()):
        return single
    word = draw(st.sampled_from(["and", "or", "and not"]))
    return f"{single} {word} ({draw(conditions(kinds, deep - 1))})"


def questions(name: str, kind: Kind, more: str) -> st.SearchStrategy[str]:
    if kind is Kind.ONE:
        offer = one(name, "a: {en: a, does: offer, text: t, after: t}", "b", more=more)
        send = one(name, "a: {en: a, does: send, after: t}", "b", more=more)
        return st.sampled_from([one(name, "a", "b", "c", more=more), offer, send])
    if kind is Kind.MANY:
        return st.just(many(name, "a", "b", "c", "n: {en: n, alone: yes}", more=f"most: 2, {more}"))
    if kind is Kind.TEXT:
        return st.just(text(name, 20, more))
    choices = "choices: {a: a}, " if kind is Kind.DATE else ""
    return st.just(f"{{id: {name}, kind: {kind.value}, {TABLE}, {choices}{more}}}")


def check(form: Form, draft: Draft) -> None:
    """What is true of every draft that a step returns."""
    survey = form.survey(draft.answers, NOW.date())
    asked = [question.id for question in survey.asked]
    assert set(draft.answers) <= set(asked), "an answer to a question that is not asked"
    assert all(fits(form.by_id[name], answer) for name, answer in draft.answers.items())
    assert list(draft.answers) == [name for name in asked if name in draft.answers]
    assert Draft.from_bytes(draft.to_bytes()) == draft
    if draft.place is Place.REVIEW:
        assert all(q.skip or q.id in draft.answers for q in survey.asked)
    else:
        assert draft.question in asked
        before = survey.asked[: asked.index(draft.question)]
        assert all(q.skip or q.id in draft.answers for q in before)


def read(form: Form, draft: Draft) -> None:
    """Whatever was answered can be weighed, routed and read."""
    triage(form, draft.answers, NOW)
    route(form, draft.answers, "en", NOW)
    contact_rule(form, draft.answers, NOW)
    deadlines(form, draft.answers, NOW)
    describe(form, draft.answers, "ru", NOW)


def walk(form: Form, data: st.DataObject, length: int) -> None:
    pick: st.DrawFn = data.draw  # type: ignore[assignment]
    draft, early = begin(form, "en"), 0
    for _ in range(length):
        wild = data.draw(st.integers(0, 3)) == 0
        event = anything(form, pick) if wild else fitting(form, draft, pick)
        after = step(form, draft, event, NOW)
        check(form, after.draft)
        assert after == step(form, draft, event, NOW), "the same step gave two results"
        redrawn = screen_of(form, after.draft, NOW)
        assert type(redrawn) is type(after.screen)
        if not (isinstance(after.screen, AskScreen) and after.screen.refused):
            assert redrawn == after.screen, "the redrawn card is another one"
        if Effect.SUBMIT in after.effects:
            assert draft.place is Place.REVIEW
        if Effect.SUBMIT_EARLY in after.effects:
            early += 1
            assert draft.case is None, "a second early case"
            if data.draw(st.booleans()):
                after = step(form, mark_sent(after.draft, "00" * 16), Typed("", 99), NOW)
        draft = after.draft
    read(form, draft)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_nothing_that_is_tapped_or_typed_breaks_the_default_interview(data: st.DataObject) -> None:
    walk(default_form(), data, 40)


@settings(max_examples=70, deadline=None)
@given(forms(), st.data())
def test_nothing_that_is_tapped_or_typed_breaks_any_interview(
    form: Form, data: st.DataObject
) -> None:
    walk(form, data, 25)


@settings(max_examples=40, deadline=None)
@given(forms(), st.data())
def test_back_undoes_a_step_forward(form: Form, data: st.DataObject) -> None:
    """From a question to the next and back one stands where one stood, the answer kept."""
    pick: st.DrawFn = data.draw  # type: ignore[assignment]
    draft = begin(form, "en")
    for _ in range(15):
        after = step(form, draft, fitting(form, draft, pick), NOW).draft
        both_ask = draft.place is after.place is Place.ASK and not draft.editing
        order = [q.id for q in form.survey(after.answers, NOW.date()).asked]
        if both_ask and order.index(after.question) > order.index(draft.question):
            back = step(form, after, Back(), NOW).draft
            assert back.question == draft.question
            assert back.answers == after.answers
        draft = after


@settings(max_examples=40, deadline=None)
@given(forms())
def test_every_interview_can_be_brought_to_its_end(form: Form) -> None:
    draft = begin(form, "en")
    for _ in range(len(form.questions) + 1):
        if draft.place is not Place.REVIEW:
            for event in ending(form.by_id[draft.question]):
                draft = step(form, draft, event, NOW).draft
    assert isinstance(screen_of(form, draft, NOW), ReviewScreen)
    assert step(form, draft, Send(), NOW).effects == (Effect.SUBMIT,)


def ending(question: Question) -> list[Event]:
    """What leads past a question, the shortest way."""
    if question.skip:
        return [Skip()]
    answers: dict[Kind, list[Event]] = {
        Kind.ONE: [Choose("b")],
        Kind.MANY: [Toggle("b"), Done()],
        Kind.NUMBER: [Number(1)],
        Kind.HOUR: [Number(1)],
        Kind.DATE: [Choose("a")],
        Kind.TEXT: [Typed(question.id, int(question.id[1:])), Done()],
    }
    return answers[question.kind]


def test_skipped_is_one_value() -> None:
    assert SKIPPED is Draft.from_bytes(b'{"l":"en","q":"a","a":{"b":null}}').answers["b"]
