"""Whole interviews, from the first message to a case that a volunteer opens."""

import asyncio
from datetime import timedelta

from handlers.buttons import Verb
from intake.answers import SKIPPED
from intake.case import Level
from tests.journeys.reading import read_as_anna
from tests.journeys.stage import (
    Stage,
    Value,
    asked,
    find,
    is_closing,
    is_hidden,
    is_review,
    offers,
)
from tests.line import opened, stored_cases

SOLDIER: dict[str, Value] = {
    "device": "mine",
    "danger": "weeks2",
    "who": "me",
    "status": "contract",
    "situation": "left",
    "documents": ("internal", "military"),
    "case": ("a337",),
    "health": "no",
    "mind": "hard",
    "need": ("legal", "relocation"),
    "dependants": 2,
    "dependants_kind": ("child",),
    "languages": ("ru",),
    "contact": "evening",
    "hour": 20,
    "codeword": "рябина",
    "note": "Связь бывает раз в неделю",
}


async def test_a_soldier_answers_in_russian_changes_an_answer_and_a_volunteer_reads_it(
    stage: Stage,
) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    card = await talk.go_through(SOLDIER)
    assert is_review(card)
    assert "Контракт" in card.text
    await talk.press(Verb.EDIT, "status")
    card = await talk.answer("mobilised")
    assert is_review(card)
    assert "Мобилизован" in card.text
    card = await talk.press(Verb.SEND)
    assert is_closing(await talk.alone())

    case, file = await asyncio.to_thread(read_as_anna, stage)
    assert case.language == "ru"
    assert case.answers["status"] == "mobilised"
    assert case.answers["dependants_kind"] == ("child",)
    assert case.answers["note"] == SOLDIER["note"]
    assert file.header.level is Level.P1
    assert file.header.skills == ("evacuation", "legal")


async def test_skipping_everything_still_makes_a_case(stage: Stage) -> None:
    talk = await stage.person("en")
    await talk.begin("en")
    await talk.go_through({})
    await talk.press(Verb.SEND)
    (case,) = await stored_cases(stage.settings, stage.house)
    (record,) = opened(case, stage.house)
    said = {key: answer for key, answer in record.answers.items() if answer is not SKIPPED}
    assert said == {"consent": "yes"}
    assert case.header.level is Level.P3


async def test_a_changed_answer_drops_what_was_asked_because_of_it(stage: Stage) -> None:
    talk = await stage.person("en")
    await talk.begin("en")
    await talk.go_through(SOLDIER)
    await talk.press(Verb.EDIT, "need")
    await talk.press(Verb.TOGGLE, "relocation")
    await talk.press(Verb.DONE)
    await talk.press(Verb.SEND)
    (case,) = await stored_cases(stage.settings, stage.house)
    (record,) = opened(case, stage.house)
    assert record.answers["need"] == ("legal",)
    assert not {"dependants", "dependants_kind"} & record.answers.keys()


async def test_danger_within_a_day_sends_at_once_and_the_rest_follows(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    await talk.go_through({"device": "mine"}, until="danger")
    await talk.answer("day")
    await talk.press(Verb.SEND_NOW)
    (early,) = await stored_cases(stage.settings, stage.house)
    assert early.header.level is Level.P0
    assert [record.kind for record in early.records] == ["intake"]

    await talk.press(Verb.DONE)
    await talk.go_through(SOLDIER)
    await talk.press(Verb.SEND)
    assert is_closing(await talk.alone())
    (case,) = await stored_cases(stage.settings, stage.house)
    assert case.header.id == early.header.id
    assert [(record.number, record.kind) for record in case.records] == [
        (0, "intake"),
        (1, "answers"),
    ]
    first, last = opened(case, stage.house)
    assert first.answers["danger"] == "day"
    assert "note" not in first.answers
    assert last.answers["note"] == SOLDIER["note"]


async def test_an_early_case_may_end_with_enough_said(stage: Stage) -> None:
    talk = await stage.person("en")
    await talk.begin("en")
    await talk.go_through({"device": "mine"}, until="danger")
    await talk.answer("day")
    await talk.press(Verb.SEND_NOW)
    while not is_review(await talk.card()):
        verb = Verb.FINISH if offers(await talk.card(), Verb.FINISH) else Verb.DONE
        await talk.press(verb)
    await talk.press(Verb.SEND)
    assert is_closing(await talk.alone())
    (case,) = await stored_cases(stage.settings, stage.house)
    assert len(case.records) == 2


async def test_thoughts_of_suicide_now_send_the_case_without_being_asked(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    await talk.go_through({"who": "me", "mind": "dark"}, until="mind_now")
    card = await talk.answer("yes")
    assert "Вы не один" in card.text
    (case,) = await stored_cases(stage.settings, stage.house)
    assert case.header.level is Level.P0
    assert "psych" in case.header.skills


async def test_somebody_watching_hides_the_card_at_once_and_nothing_is_lost(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    await talk.go_through({}, until="device")
    card = await talk.answer("watched")
    assert is_hidden(card)
    card = await talk.press(Verb.SHOW)
    assert asked(card, stage.house.form) == stage.house.form.by_id["danger"]
    await talk.press(Verb.BACK)
    assert "● " in find(await talk.card(), Verb.CHOOSE, "watched").text


async def test_who_only_reads_leaves_nothing_behind(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    assert len(stage.rows("drafts")) == 1
    card = await talk.answer("info")
    assert stage.rows("drafts") == []
    await talk.press(Verb.TOPIC, "ru:kz")
    card = await talk.alone()
    assert "Казахстан" in card.text
    assert stage.rows("drafts") == stage.rows("cases") == []


async def test_every_information_card_can_be_read(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.person.send("/help")
    card = await talk.press(Verb.TOPICS)
    keys = [b for b in card.buttons if b.data and f"{Verb.TOPIC}ru:" in b.data]
    assert len(keys) >= 13
    for key in keys:
        shown = await talk.press(Verb.TOPIC, "ru:" + (key.data or "").split(":")[1])
        assert "Источник" in shown.text
        assert "Состояние на" in shown.text
        await talk.press(Verb.TOPICS)


async def test_the_language_can_change_in_the_middle(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    before = await talk.go_through({"device": "sometimes"}, until="who")
    await talk.person.send("/language")
    card = await talk.press(Verb.LANGUAGE, "en")
    assert asked(card, stage.house.form) == asked(before, stage.house.form)
    assert "Who needs help?" in card.text
    await talk.press(Verb.BACK)
    await talk.press(Verb.BACK)
    assert "● Others, sometimes" in (await talk.card()).labels
    await talk.go_through({"device": "sometimes"})
    await talk.press(Verb.SEND)
    (case,) = await stored_cases(stage.settings, stage.house)
    assert case.header.language == "en"


async def test_the_last_legal_day_is_picked_from_the_calendar(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    day = stage.hands().date() + timedelta(days=40)
    answers: dict[str, Value] = {"situation": "abroad", "region": "kz", "stay_until": day}
    await talk.go_through(answers)
    assert f"{day:%d.%m.%Y}" in (await talk.card()).text
    await talk.press(Verb.SEND)
    (case,) = await stored_cases(stage.settings, stage.house)
    assert opened(case, stage.house)[0].answers["stay_until"] == day


async def test_the_hours_of_contact_reach_the_header_in_utc(stage: Stage) -> None:
    """In the evening, said by somebody whose clock is three hours ahead of UTC."""
    talk = await stage.person("ru")
    await talk.begin("ru")
    hour = (stage.hands().hour + 3) % 24
    await talk.go_through({**SOLDIER, "hour": hour})
    await talk.press(Verb.SEND)
    (case,) = await stored_cases(stage.settings, stage.house)
    there = {(utc + 3) % 24 for utc in case.header.contact.hours or ()}
    windows = stage.house.form.contact.windows  # type: ignore[union-attr]
    assert there == set(windows["evening"])


async def test_a_shared_phone_is_never_written_to_first(stage: Stage) -> None:
    talk = await stage.person("ru")
    await talk.begin("ru")
    await talk.go_through({**SOLDIER, "device": "shared", "contact": "any"})
    await talk.press(Verb.SEND)
    (case,) = await stored_cases(stage.settings, stage.house)
    assert str(case.header.contact) == "never"
