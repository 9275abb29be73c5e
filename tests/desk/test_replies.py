"""Answering the person: what is shown is what he reads, and what must not go does not."""

import base64
import html
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desk.answering import preview
from desk.letters import Letters
from handlers.inbox import letter as letter_card
from handlers.layout import INBOX, Pen
from handlers.ports import Inbox, Standing
from handlers.texts import Texts
from intake.case import ContactRule
from intake.records import LONGEST, Letter
from tests.desk.test_acts import taken, told, written
from tests.desk.world import CHAT, START, DeskUser, World, identity_of

WORD: Mapping[str, Any] = {"codeword": "берёза", "contact": "any", "hour": 0, "device": "mine"}


def answer(world: World, case: str, text: str, *options: str, **changes: Any) -> Any:
    user: DeskUser = world.desk("anna")
    return user.run("reply", case, "--file", written(world, text), *options, **changes)


def test_the_person_reads_what_was_written_and_his_word_with_the_first_reply(world: World) -> None:
    case = taken(world, **WORD)
    told(answer(world, case, "Мы прочитали.\r\n", "--yes"))
    told(answer(world, case, "И ещё.", "--yes"))
    told(answer(world, case, "Это мы.", "--yes", "--codeword"))
    told(answer(world, case, "Без слова.", "--yes", "--no-codeword"))
    assert [(one.text, one.codeword) for one in world.letters(case)] == [
        ("Мы прочитали.", "берёза"),
        ("И ещё.", None),
        ("Это мы.", "берёза"),
        ("Без слова.", None),
    ]
    assert world.posted == 4


def test_the_preview_is_what_will_stand_on_the_card(world: World) -> None:
    case = taken(world, **WORD)
    ran = answer(world, case, "Первая строка.\n\nВторая.", "--yes")
    assert "The word that you gave us" not in ran.err  # his language, not the volunteer's
    sent = world.letters(case)[0]
    shown = preview(sent, "ru")
    inner = " ".join(re.sub(r"[│╭╮╰╯─]", " ", ran.err).split())
    assert " ".join(shown.split()) in inner
    assert " ".join(shown.split()) == " ".join(bot_card(sent).split())


def bot_card(sent: Letter) -> str:
    """The text of the bot's own card for this letter, without its markup."""
    pen = Pen(Texts.load("bot").say("ru"), "ru", "S" * 43, INBOX)
    inbox = Inbox("ru", Standing.ANSWERED, (1,), (), True, ContactRule.never(), False)
    return html.unescape(re.sub(r"<[^>]+>", "", letter_card(sent, 1, inbox, pen).html))


def test_it_is_asked_before_it_goes_and_what_was_refused_is_kept_sealed(world: World) -> None:
    case = taken(world, **WORD)
    anna = world.desk("anna")
    ran = answer(world, case, "Ещё подумаю над этим", confirm=lambda _: False)
    assert ran.code == 1
    assert "Not sent" in ran.err
    assert world.letters(case) == []
    for path in anna.home.rglob("*"):
        assert path.is_dir() or "подумаю" not in path.read_bytes().decode("utf-8", "replace")
    told(anna.run("reply", case, confirm=lambda _: True))
    assert [one.text for one in world.letters(case)] == ["Ещё подумаю над этим"]
    assert letters_of(anna).load(case) == ""


def letters_of(user: DeskUser) -> Letters:
    return Letters(user.desk().home, identity_of("anna"), user.desk().random)


def test_in_a_script_only_yes_is_consent(world: World) -> None:
    case = taken(world, **WORD)
    ran = answer(world, case, "x")
    assert ran.code == 1
    assert "say --yes" in ran.err
    assert world.letters(case) == []


def test_what_may_endanger_is_warned_of(world: World) -> None:
    case = taken(world)
    ran = answer(world, case, "Звоните +7 916 123-45-67", "--yes")
    assert "There may be a phone number in it: +7 916 123-45-67" in ran.all


def test_where_nobody_may_write_first_it_lies_in_the_inbox_without_a_way_back(
    world: World,
) -> None:
    case = taken(world, contact="never", device="mine")
    assert "lies in the inbox until the person looks" in told(answer(world, case, "x", "--yes"))
    assert world.wait(world.storage.outbox.due(world.time())) == []


def test_the_return_token_goes_back_as_it_was_sealed_and_opens_nowhere_here(world: World) -> None:
    case = taken(world, **WORD)
    assert "waits to be announced" in told(answer(world, case, "x", "--yes"))
    (due,) = world.wait(world.storage.outbox.due(world.time()))
    assert due.token == world.tokens[case]
    for path in world.desk("anna").home.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for secret in (world.tokens[case], CHAT.to_bytes(8, "big"), str(CHAT).encode()):
            assert secret not in data
            assert base64.b64encode(secret) not in data


def test_what_the_person_allows_now_counts(world: World) -> None:
    case = taken(world, **WORD)
    world.allow(case, ContactRule.never())
    anna = world.desk("anna")
    anna.run("open", case, "--fresh")
    assert "Only after the person wrote" in anna.run("open", case).all
    assert "lies in the inbox" in told(answer(world, case, "x", "--yes"))


def test_a_reply_that_cannot_be_announced_is_shown_as_such(world: World) -> None:
    case = taken(world, **WORD)
    answer(world, case, "x", "--yes")
    world.unreachable(case)
    out = told(world.desk("anna").run("open", case, "--fresh"))
    assert "the chat cannot be reached; lies in the inbox" in out


def test_a_reply_that_was_read_is_shown_as_such(world: World) -> None:
    case = taken(world, **WORD)
    answer(world, case, "x", "--yes")
    world.wait(world.storage.inboxes.mark_read(world.inboxes[case].id, 1))
    assert "anna replied [read]" in told(world.desk("anna").run("open", case, "--fresh"))


@pytest.mark.parametrize("length", [0, LONGEST + 1])
def test_what_does_not_fit_a_card_is_not_sent(world: World, length: int) -> None:
    case = taken(world)
    assert answer(world, case, "x" * length, "--yes").code == 1
    assert world.letters(case) == []


def test_the_longest_reply_goes(world: World) -> None:
    case = taken(world)
    told(answer(world, case, "\N{FAMILY}" * LONGEST, "--yes"))
    assert len(world.letters(case)[0].text) == LONGEST


# Templates


def test_a_template_is_filled_from_the_case_in_the_persons_language(world: World) -> None:
    case = taken(
        world, situation="abroad", region="kz", stay_until=date(2026, 12, 1), need=("asylum",)
    )
    anna = world.desk("anna")
    told(anna.run("reply", case, "--template", "asylum_deadline", "--yes"))
    text = world.letters(case)[0].text
    assert "до 2026-12-01; осталось дней: 9. Страна: Казахстан." in text


def test_a_gap_that_nothing_fills_stays_to_be_seen_and_is_not_sent(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    ran = anna.run("reply", case, "--template", "asylum_deadline", "--yes")
    assert ran.code == 1
    assert "This case does not tell: deadline, days_left." in ran.all
    assert "{deadline}" in ran.err
    assert "still to be filled in: {deadline}, {days_left}" in ran.all
    unknown = anna.run("reply", case, "--template", "more", "--yes")
    assert "No case tells, so write it yourself: question." in unknown.all
    assert world.letters(case) == []
    # What was shown is kept; from the beginning again, the gaps are asked for.
    (kept,) = (anna.home / "letters").iterdir()
    kept.unlink()
    lines = {"question": "Где паспорт?"}
    told(anna.run("reply", case, "--template", "more", "--yes", read_line=lines.get))
    assert "1. Где паспорт?" in world.letters(case)[0].text


def test_a_kept_answer_asks_for_its_gaps_again(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    assert anna.run("reply", case, "--template", "more", "--yes").code == 1
    told(anna.run("reply", case, "--yes", read_line=lambda gap: f"[{gap}]"))
    assert "1. [question]" in world.letters(case)[0].text


def test_a_name_nobody_knows_is_told(world: World) -> None:
    case = taken(world)
    ran = world.desk("anna").run("reply", case, "--template", "x")
    assert ran.code == 1
    assert "There is no template x. There are: asylum_deadline" in ran.all


def test_the_templates_are_listed_and_read_without_a_server(tmp_path: Path) -> None:
    user = DeskUser(tmp_path / "home", lambda: START, language="ru")  # type: ignore[arg-type]
    assert "closing_helped" in told(user.run("templates"))
    assert "Мы прочитали всё" in told(user.run("templates", "first"))
    assert "We have read everything" in told(user.run("templates", "first", "--language", "en"))
    assert {"id": "first", "topic": "first", "title": "Мы прочитали"} in (
        user.run("templates", "--json").json
    )


def test_a_file_of_the_desk_stands_in_for_a_shipped_one(tmp_path: Path) -> None:
    user = DeskUser(tmp_path / "home", lambda: START)  # type: ignore[arg-type]
    own = user.desk().home.path / "replies"
    own.mkdir(parents=True)
    (own / "first.yaml").write_text(
        "topic: {en: Hello}\nreplies:\n  - {id: hello, title: {en: Hi}, text: {en: Hi there.}}\n"
    )
    shown = told(user.run("templates"))
    assert "hello" in shown
    assert "first_relative" not in shown
    (own / "first.yaml").write_text("topic: {en: Hello}\nreplies:\n  - {id: hello}\n")
    ran = user.run("templates")
    assert ran.code == 1
    assert "first.yaml cannot be used: line 3: replies 0 title" in ran.all


def test_what_was_added_since_it_was_read_is_told_before_it_is_sent(world: World) -> None:
    case = taken(world)
    world.write(case, "Я уже уехал")
    ran = answer(world, case, "x", confirm=lambda _: False)
    assert "Something was added since you read this case" in ran.err


def test_an_unfinished_answer_outlives_another_one(world: World) -> None:
    case = taken(world, **WORD)
    anna = world.desk("anna")
    letters_of(anna).save(case, "Длинный ответ, ещё не готов")
    told(anna.run("reply", case, "--template", "first", "--yes"))
    assert letters_of(anna).load(case) == "Длинный ответ, ещё не готов"
    assert anna.run("reply", case, "--template", "legal_lawyer", confirm=lambda _: False).code == 1
    told(anna.run("reply", case, "--yes"))
    assert world.letters(case)[-1].text == "Длинный ответ, ещё не готов"


def test_a_text_that_is_none_is_told(world: World) -> None:
    case = taken(world)
    path = world.folder / "word.doc"
    path.write_bytes(b"\xd0\xcf\x11\xe0")
    ran = world.desk("anna").run("reply", case, "--file", str(path), "--yes")
    assert ran.code == 1
    assert "is not UTF-8 text" in ran.all
