"""The interview, step by step, on the default form and on small ones."""

from datetime import UTC, date, datetime

import pytest

from intake.answers import SKIPPED
from intake.draft import Draft, Place
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
    OfferScreen,
    PickDay,
    ReviewScreen,
    Send,
    SendNow,
    ShowTextScreen,
    Skip,
    Toggle,
    Typed,
)
from intake.interview import mark_sent, mend, screen_of, step
from tests.intake.made import NOW, Talk, default_form, many, one, small_form, text

TO_WHO: list[Event] = [Choose("yes"), Choose("mine"), Choose("no")]
TO_SITUATION: list[Event] = [*TO_WHO, Choose("me"), Choose("mobilised")]


def test_a_choice_leads_to_the_next_question() -> None:
    talk = Talk(default_form(), Choose("yes"))
    assert isinstance(talk.screen, AskScreen)
    assert (talk.screen.question.id, talk.screen.position) == ("device", 2)
    assert talk.draft.answers == {"consent": "yes"}


def test_the_total_follows_the_answers() -> None:
    few = Talk(default_form(), *TO_SITUATION, Choose("front")).screen
    many_more = Talk(default_form(), *TO_SITUATION, Choose("abroad"), Choose("kz")).screen
    assert isinstance(few, AskScreen)
    assert isinstance(many_more, AskScreen)
    assert (few.position, few.total) == (7, 16)
    assert (many_more.position, many_more.total) == (8, 18)


def test_a_skipped_question_is_answered_with_silence() -> None:
    talk = Talk(default_form(), Choose("yes"), Skip())
    assert talk.draft.answers["device"] is SKIPPED
    assert talk.at == "danger"


def test_consent_cannot_be_skipped() -> None:
    talk = Talk(default_form(), Skip())
    assert (talk.at, talk.draft.answers) == ("consent", {})


def test_information_only_opens_the_cards_and_records_nothing() -> None:
    talk = Talk(default_form(), Choose("info"))
    assert talk.effects == [Effect.OPEN_INFO]
    assert (talk.at, talk.draft.answers) == ("consent", {})


def test_back_returns_and_continue_goes_forward_again() -> None:
    talk = Talk(default_form(), *TO_WHO, Back(), Back())
    assert talk.at == "device"
    assert isinstance(talk.screen, AskScreen)
    assert talk.screen.answer == "mine"
    assert talk.screen.can_go_on
    assert talk.do(Done(), Done()).at == "who"
    assert set(talk.draft.answers) == {"consent", "device", "danger"}


def test_before_the_first_question_there_is_nothing() -> None:
    talk = Talk(default_form())
    assert isinstance(talk.screen, AskScreen)
    assert not talk.screen.can_go_back
    assert talk.do(Back()).at == "consent"
    second = talk.do(Choose("yes")).screen
    assert isinstance(second, AskScreen)
    assert second.can_go_back


def test_a_question_without_an_answer_is_not_passed_by_continue() -> None:
    assert Talk(default_form(), *TO_WHO, Done()).at == "who"


def test_back_passes_over_questions_that_are_not_asked() -> None:
    assert Talk(default_form(), *TO_WHO, Choose("me"), Back()).at == "who"
    assert Talk(default_form(), *TO_WHO, Choose("other"), Skip(), Back()).at == "aware"


def test_a_new_answer_drops_all_that_hung_on_the_old_one() -> None:
    talk = Talk(default_form(), *TO_SITUATION, Choose("abroad"), Choose("kz"), Choose("expired"))
    assert {"region", "stay_until"} <= set(talk.draft.answers)
    talk.do(Back(), Back(), Back(), Choose("front"))
    assert set(talk.draft.answers) == {"consent", "device", "danger", "who", "status", "situation"}
    assert talk.at == "documents"


def test_a_chain_that_hangs_on_a_derived_answer_is_dropped_too() -> None:
    form = small_form(
        "\n".join(
            [
                one("a", "b", "c"),
                one("d", "e", "f", more="when: a is b, derive: [{when: a is c, value: f}]"),
                one("g", "h", "i", more="when: d is f"),
                one("j", "k", "l", more="when: g is h"),
            ]
        )
    )
    talk = Talk(form, Choose("c"), Choose("h"), Choose("k"))
    assert set(talk.draft.answers) == {"a", "g", "j"}
    talk.do(Edit("a"), Choose("b"), Choose("e"))
    assert set(talk.draft.answers) == {"a", "d"}


# Several choices.


def at_documents() -> Talk:
    return Talk(default_form(), *TO_SITUATION, Choose("front"))


def test_ticks_count_once_they_are_confirmed() -> None:
    talk = at_documents().do(Toggle("military"), Toggle("internal"))
    assert talk.draft.marks == ("internal", "military")
    assert "documents" not in talk.draft.answers
    talk.do(Done())
    assert (talk.at, talk.draft.answers["documents"]) == ("case", ("internal", "military"))


def test_a_tick_is_taken_back_by_a_second_tap() -> None:
    assert at_documents().do(Toggle("internal"), Toggle("internal")).draft.marks == ()


def test_nothing_ticked_cannot_be_confirmed() -> None:
    assert at_documents().do(Done()).at == "documents"


def test_none_excludes_the_others_and_the_others_exclude_it() -> None:
    talk = at_documents().do(Toggle("internal"), Toggle("taken"), Toggle("none"))
    assert talk.draft.marks == ("none",)
    assert talk.do(Toggle("military")).draft.marks == ("military",)


def test_ticks_are_kept_when_one_goes_back() -> None:
    talk = at_documents().do(Toggle("internal"), Back())
    assert talk.at == "situation"
    assert talk.do(Done()).draft.marks == ("internal",)


def test_unticking_all_and_going_back_leaves_no_answer() -> None:
    talk = at_documents().do(Toggle("internal"), Done(), Back(), Toggle("internal"), Back())
    assert "documents" not in talk.draft.answers


def test_more_than_three_needs_are_refused_and_said_to_be() -> None:
    form = small_form(many("need", "a", "b", "c", "d", more="most: 3"))
    talk = Talk(form, Toggle("a"), Toggle("b"), Toggle("c"), Toggle("d"))
    assert talk.last is not None
    assert isinstance(talk.last.screen, AskScreen)
    assert talk.last.screen.refused
    assert talk.draft.marks == ("a", "b", "c")
    assert talk.do(Toggle("a"), Toggle("d")).draft.marks == ("b", "c", "d")


def test_a_question_left_unsaid_can_be_answered_later() -> None:
    talk = at_documents().do(Skip(), Back())
    assert isinstance(talk.screen, AskScreen)
    assert talk.screen.can_go_on
    assert talk.do(Toggle("none"), Done()).draft.answers["documents"] == ("none",)


# Numbers, days, hours.


def test_a_number_outside_its_bounds_is_no_answer() -> None:
    form = small_form("{id: n, kind: number, topic: all, label: n, ask: n, low: 1, high: 5}")
    for number in (-1, 0, 6, 10):
        assert Talk(form, Number(number)).draft.answers == {}
    assert Talk(form, Number(5)).draft.answers == {"n": 5}


DAYS = "{id: d, kind: date, topic: all, label: d, ask: d, earliest: -1, latest: 2, choices: {x: x}}"


@pytest.mark.parametrize(("day", "taken"), [(20, False), (21, True), (24, True), (25, False)])
def test_only_days_of_the_calendar_can_be_picked(day: int, taken: bool) -> None:
    talk = Talk(small_form(DAYS), PickDay(date(2026, 11, day)))
    assert bool(talk.draft.answers) is taken


def test_the_calendar_says_where_it_begins_and_ends() -> None:
    screen = Talk(small_form(DAYS)).screen
    assert isinstance(screen, AskScreen)
    assert (screen.earliest, screen.latest) == (date(2026, 11, 21), date(2026, 11, 24))


def test_a_day_may_be_answered_with_a_choice() -> None:
    assert Talk(small_form(DAYS), Choose("x")).draft.answers == {"d": "x"}


@pytest.mark.parametrize(
    ("shown", "utc", "offset"),
    [(15, 12, 3), (12, 12, 0), (0, 23, 1), (1, 13, 12), (0, 13, 11), (23, 2, -3), (4, 15, -11)],
)
def test_the_hour_is_kept_as_an_offset(shown: int, utc: int, offset: int) -> None:
    form = small_form("{id: h, kind: hour, topic: all, label: h, ask: h}")
    talk = Talk(form, Number(shown), now=datetime(2026, 11, 22, utc, 59, tzinfo=UTC))
    assert talk.draft.answers == {"h": offset}


# What must not wait.


def test_somebody_watching_hides_the_card_and_the_interview_waits_at_the_next_question() -> None:
    talk = Talk(default_form(), Choose("yes"), Choose("watched"))
    assert talk.effects == [Effect.HIDE]
    assert (talk.at, talk.draft.answers["device"]) == ("danger", "watched")


def test_danger_within_a_day_offers_to_send_now() -> None:
    talk = Talk(default_form(), Choose("yes"), Skip(), Choose("day"))
    assert isinstance(talk.screen, OfferScreen)
    assert talk.effects == []
    assert "Send now?" in talk.screen.text.text("en")


def test_the_offer_can_be_declined_and_gone_back_from() -> None:
    offered: list[Event] = [Choose("yes"), Skip(), Choose("day")]
    assert Talk(default_form(), *offered, Done()).at == "who"
    back = Talk(default_form(), *offered, Back())
    assert (back.at, back.draft.place) == ("danger", Place.ASK)


def test_sending_now_sends_once_and_the_interview_goes_on() -> None:
    talk = Talk(default_form(), Choose("yes"), Skip(), Choose("day"), SendNow())
    assert talk.effects == [Effect.SUBMIT_EARLY]
    talk.draft = mark_sent(talk.draft, "ab" * 16)
    assert isinstance(talk.screen, ShowTextScreen)
    talk.do(SendNow())
    assert talk.effects == []
    talk.do(Done())
    assert (talk.at, talk.draft.case) == ("who", "ab" * 16)


def test_after_an_early_send_nothing_is_offered_again() -> None:
    talk = Talk(default_form(), Choose("yes"), Skip(), Choose("day"), SendNow())
    talk.draft = mark_sent(talk.draft, "ab" * 16)
    talk.do(Back(), Choose("day"))
    assert (talk.at, talk.effects) == ("who", [])


TO_MIND: list[Event] = [*TO_SITUATION, Choose("front"), Skip(), Skip(), Skip(), Choose("dark")]


def test_thoughts_of_suicide_send_at_once_and_show_the_text() -> None:
    talk = Talk(default_form(), *TO_MIND, Choose("yes"))
    assert talk.effects == [Effect.SUBMIT_EARLY]
    assert isinstance(talk.screen, ShowTextScreen)
    assert talk.screen.text.text("ru").startswith("Вы не один.")
    assert talk.do(Done()).at == "need"


def test_they_are_not_sent_a_second_time() -> None:
    talk = Talk(default_form(), *TO_MIND, Choose("yes"))
    talk.draft = mark_sent(talk.draft, "cd" * 16)
    talk.do(Back(), Choose("yes"))
    assert talk.effects == []
    assert isinstance(talk.screen, ShowTextScreen)


def test_after_an_early_send_the_rest_can_be_left_out_at_once() -> None:
    talk = Talk(default_form(), *TO_MIND, Choose("yes"))
    assert talk.do(Finish()).at == "mind_now"
    talk.draft = mark_sent(talk.draft, "cd" * 16)
    talk.do(Done(), Toggle("legal"), Finish())
    assert isinstance(talk.screen, ReviewScreen)
    assert talk.screen.sent
    assert talk.draft.answers["need"] == ("legal",)
    assert talk.draft.answers["contact"] is SKIPPED
    assert talk.do(Send()).effects == [Effect.SUBMIT]


# The review.


def reviewed(*first: Event) -> Talk:
    talk = Talk(default_form(), *first)
    while talk.at:
        talk.do(Skip())
    return talk


def test_the_review_shows_every_question_that_was_asked() -> None:
    screen = reviewed(*TO_WHO, Choose("me")).screen
    assert isinstance(screen, ReviewScreen)
    shown = {item.question.id: item.answer for item in screen.items}
    assert shown["who"] == "me"
    assert shown["status"] is SKIPPED
    assert "aware" not in shown


def test_an_edit_returns_to_the_review() -> None:
    talk = reviewed(*TO_WHO, Choose("me")).do(Edit("device"), Choose("shared"))
    assert isinstance(talk.screen, ReviewScreen)
    assert talk.draft.answers["device"] == "shared"


def test_an_edit_asks_what_it_newly_opens_and_then_returns() -> None:
    talk = reviewed(*TO_SITUATION, Choose("rear")).do(Edit("situation"), Choose("abroad"))
    assert (talk.at, talk.draft.editing) == ("region", True)
    talk.do(Choose("ge"))
    assert talk.at == "stay_until"
    talk.do(Choose("permit"))
    assert isinstance(talk.screen, ReviewScreen)


def test_an_edit_can_be_left_without_changing_anything() -> None:
    talk = reviewed(*TO_WHO, Choose("me"))
    before = talk.draft.answers
    talk.do(Edit("device"), Back())
    assert isinstance(talk.screen, ReviewScreen)
    assert talk.draft.answers == before


def test_an_edit_cannot_take_back_what_must_be_answered() -> None:
    form = small_form("\n".join([many("a", "b", "c", more="skip: no"), one("d", "e", "f")]))
    talk = Talk(form, Toggle("b"), Done(), Skip(), Edit("a"), Toggle("b"), Back())
    assert (talk.at, talk.draft.editing, talk.draft.answers) == ("a", True, {"d": SKIPPED})
    assert isinstance(talk.do(Toggle("c"), Done()).screen, ReviewScreen)


def test_an_edit_may_be_the_urgent_answer() -> None:
    talk = reviewed(*TO_WHO, Choose("me")).do(Edit("danger"), Choose("day"))
    assert isinstance(talk.screen, OfferScreen)
    assert isinstance(talk.do(Done()).screen, ReviewScreen)


def test_only_what_is_asked_can_be_edited() -> None:
    talk = reviewed(*TO_WHO, Choose("me"))
    for name in ("aware", "nothing", ""):
        assert isinstance(talk.do(Edit(name)).screen, ReviewScreen)


def test_back_from_the_review_is_the_last_question() -> None:
    assert reviewed(Choose("yes")).do(Back()).at == "note"


def test_sending_is_an_effect_and_leaves_the_draft_alone() -> None:
    talk = reviewed(Choose("yes"))
    before = talk.draft
    assert talk.do(Send()).effects == [Effect.SUBMIT]
    assert talk.draft == before


# Nothing fits everywhere.


@pytest.mark.parametrize(
    "event",
    [
        Choose("nobody"),
        Choose("day"),
        Toggle("me"),
        Number(1),
        PickDay(date(2026, 12, 1)),
        KeepText(),
        ClearText(),
        Done(),
        Edit("device"),
        Finish(),
        SendNow(),
        Send(),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_that_does_not_fit_changes_nothing(event: Event) -> None:
    talk = Talk(default_form(), *TO_WHO)
    after = step(talk.form, talk.draft, event, NOW)
    assert after.draft is talk.draft
    assert after.effects == ()
    assert after.screen == talk.screen


# Drafts and forms that do not match.


def test_a_draft_that_fits_is_left_as_it_is() -> None:
    talk = Talk(default_form(), *TO_SITUATION)
    assert mend(talk.form, talk.draft, NOW) is talk.draft


def test_a_draft_of_an_older_form_keeps_what_still_fits() -> None:
    old = Draft(
        "en",
        "gone",
        answers={"consent": "yes", "device": "loud", "gone": "x", "need": ("legal",), "who": "me"},
    )
    mended = mend(default_form(), old, NOW)
    assert mended.answers == {"consent": "yes", "who": "me", "need": ("legal",)}
    assert mended.question == "device"


@pytest.mark.parametrize(
    "draft",
    [
        Draft("en", "mind_now", answers={"consent": "yes"}),
        Draft("en", "danger", Place.OFFER, answers={"consent": "yes", "danger": "no"}),
        Draft("en", "danger", Place.TEXT, answers={"consent": "yes"}),
        Draft("en", "who", answers={"consent": "yes"}, marks=("legal",)),
        Draft("en", "need", answers={"consent": "yes"}, marks=("legal", "legal")),
        Draft(
            "en",
            "need",
            answers={"consent": "yes", "need": ("legal", "asylum", "medical", "psych")},
        ),
        Draft("en", "", Place.REVIEW),
        Draft("en", "note"),
        Draft("xx", "note", answers={"consent": SKIPPED, "documents": ("none", "internal")}),
        Draft("en", "hour", answers={"consent": "yes", "contact": "day", "hour": 13}),
        Draft("en", "note", answers={"consent": "yes", "note": "", "dependants": 10}),
    ],
)
def test_a_draft_that_cannot_be_is_brought_to_a_place_that_is(draft: Draft) -> None:
    mended = mend(default_form(), draft, NOW)
    screen_of(default_form(), draft, NOW)
    assert mended != draft
    assert mend(default_form(), mended, NOW) is mended


def test_a_review_without_consent_is_no_review() -> None:
    assert mend(default_form(), Draft("en", "", Place.REVIEW), NOW).question == "consent"


def test_a_form_changed_under_an_interview_does_not_stop_it() -> None:
    before = small_form("\n".join([one("a", "b", "c"), text("d", 9), one("e", "f", "g")]))
    after = small_form("\n".join([one("a", "b", "x"), one("e", "f", "g")]))
    talk = Talk(before, Choose("c"), Typed("word", 1))
    moved = step(after, talk.draft, Done(), NOW)
    assert isinstance(moved.screen, AskScreen)
    assert (moved.screen.question.id, moved.draft.answers) == ("a", {})
    assert moved.draft.seen == (1,)


def test_the_same_step_twice_gives_the_same() -> None:
    talk = Talk(default_form(), *TO_SITUATION)
    event = Choose("abroad")
    assert step(talk.form, talk.draft, event, NOW) == step(talk.form, talk.draft, event, NOW)
