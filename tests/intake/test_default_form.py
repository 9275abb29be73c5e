"""The default questionnaire and the information cards as they are shipped."""

from datetime import date

from intake.check_words import CARD, units
from intake.events import (
    Choose,
    Done,
    Event,
    Number,
    PickDay,
    ReviewScreen,
    Skip,
    Toggle,
    Typed,
)
from intake.flow import show
from intake.information import load_cards, stale
from intake.warnings import suspicious
from tests.intake.made import FORMS, Talk, default_form

FULL: list[Event] = [
    Choose("yes"),
    Choose("mine"),
    Choose("days3"),
    Choose("me"),
    Choose("mobilised"),
    Choose("abroad"),
    Choose("kz"),
    PickDay(date(2027, 1, 1)),
    *(Toggle("internal"), Toggle("military"), Done()),
    *(Toggle("a337"), Toggle("wanted"), Done()),
    Choose("wound"),
    Choose("dark"),
    Choose("no"),
    *(Toggle("legal"), Toggle("relocation"), Toggle("asylum"), Done()),
    Number(2),
    *(Toggle("child"), Done()),
    *(Toggle("ru"), Done()),
    Choose("evening"),
    Number(17),
    *(Typed("берёза", 812_345_678), Done()),
    *(Typed("жду ответа", 812_345_699), Done()),
]


def test_the_whole_questionnaire_is_there_in_order() -> None:
    assert " ".join(question.id for question in default_form().questions) == (
        "consent device danger who aware status situation region stay_until documents case health "
        "mind mind_now need dependants dependants_kind languages contact hour codeword note"
    )


def test_only_consent_must_be_answered() -> None:
    assert [q.id for q in default_form().questions if not q.skip] == ["consent"]


def test_whoever_skips_everything_reaches_the_review() -> None:
    talk = Talk(default_form(), Choose("yes"))
    asked = []
    while talk.at:
        asked.append(talk.at)
        talk.do(Skip())
    assert isinstance(talk.screen, ReviewScreen)
    assert " ".join(asked) == (
        "device danger who status situation region documents case health need dependants "
        "languages contact codeword note"
    )


def test_a_full_interview_fits_the_smallest_draft() -> None:
    talk = Talk(default_form(), *FULL)
    assert isinstance(talk.screen, ReviewScreen)
    assert len(talk.draft.answers) == 21  # all but `aware`
    assert len(talk.draft.to_bytes()) <= 512 - 2


def test_no_text_of_ours_looks_suspicious_to_ourselves() -> None:
    for question in default_form().questions:
        for language in default_form().languages:
            assert not suspicious(question.ask.text(language))


def test_every_card_is_there_in_both_languages_and_fits() -> None:
    files = {path.name: path.read_bytes() for path in (FORMS / "information").glob("*.yaml")}
    cards = load_cards(files, default_form().languages)
    assert " ".join(sorted(cards)) == "am de fi fr ge kg kz no passports rs russia tr us"
    for card in cards.values():
        for language in ("en", "ru"):
            shown = card.title, card.text, card.source
            assert sum(units(words.text(language)) for words in shown) < CARD
        assert card.text.text("en") != card.text.text("ru")


def test_a_card_that_nobody_vetted_says_so_from_the_first_day() -> None:
    files = {path.name: path.read_bytes() for path in (FORMS / "information").glob("*.yaml")}
    for card in load_cards(files, default_form().languages).values():
        unvetted = card.source.text("en").startswith("Not vetted")
        assert stale(card, card.checked) is unvetted or "not vetted" in card.source.text("en")


def test_the_flow_names_every_question_choice_and_rule() -> None:
    form = default_form()
    for language in form.languages:
        flow = show(form, language)
        for question in form.questions:
            assert f"  {question.id}  ·" in flow
            for choice in question.choices.values():
                assert choice.label.text(language) in flow
        for rule in form.urgency.rules:
            assert rule.reason.text(language) in flow
    flow = show(form, "en")
    assert "days3   Within 3 days   days3 +40; → evacuation" in flow
    assert "    asked  when who is not me" in flow
    assert "    else   zone, when situation is front" in flow
    assert "  P1: from 50 points, first answer within 6 h" in flow
    assert "  night: at the hours 23-6 of the person's clock" in flow
    assert "relocation   Getting out       → evacuation; asks dependants" in flow
    assert max(len(line) for line in flow.splitlines()) <= 110
