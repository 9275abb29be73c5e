"""Form files: what is loaded from them, and how each fault is told to who edits them."""

import re
from hashlib import sha256

import pytest

from intake.form import Fault, FormError, Kind, load_form
from tests.intake.made import default_bytes, default_form, many, one, small_bytes, small_form, text


def faults_of(data: bytes) -> list[Fault]:
    with pytest.raises(FormError) as error:
        load_form(data)
    return error.value.faults


def changed(old: str, new: str, count: int = 1) -> tuple[bytes, int]:
    """The default form with one passage replaced, and the line on which it stands."""
    whole = default_bytes().decode()
    assert old in whole, old
    line = whole[: whole.index(old)].count("\n") + 1
    return whole.replace(old, new, count).encode(), line


def test_a_form_is_known_by_the_digest_of_its_file() -> None:
    assert default_form().digest == sha256(default_bytes()).hexdigest()


def test_words_of_yaml_stay_words() -> None:
    form = small_form(one("a", "yes", "no", "on", "null"))
    assert list(form.by_id["a"].choices) == ["yes", "no", "on", "null"]


def test_a_label_may_be_the_same_in_every_language() -> None:
    label = default_form().by_id["languages"].choices["kk"].label
    assert label.text("en") == label.text("ru") == "Қазақша"


def test_a_language_the_form_does_not_have_falls_back_to_its_first() -> None:
    assert default_form().by_id["who"].ask.text("de") == "Who needs help?"


ONCE = [
    # what is replaced, by what, what is said, and how many lines below the passage
    ("  - id: aware", "  - id: who", "'who' is used twice", 0),
    ("    kind: hour", "    kind: clock", "'clock' is not possible for 'kind'", 0),
    ("    skip: no", "    skipp: no", "did you mean 'skip'?", 0),
    ("    skip: no", "    skip: perhaps", "'skip' must be yes or no", 0),
    ("  - id: device", "  - id: Device!", "'Device!' is not an id", 0),
    ("      mine: {en", "      a_choice_with_a_long_id: {en", "1 to 16 of the characters", 0),
    ("    limit: 500", "    limit: many", "'limit' must be a whole number", 0),
    ("    limit: 500", "    limit: 5000", "'limit' must be between 1 and 2000", 0),
    ("    limit: 500", "    most: 3", "'most' is only for a question of kind 'many'", 0),
    ("    most: 3", "    most: 9", "'most' must be between 1 and", 0),
    ("    high: 9", "    high: 99", "'high' must be more than 'low' and at most 9", 0),
    ("    latest: 1095", "    latest: -400", "'latest' must be after 'earliest'", 0),
    ("    topic: people", "    topic: family", "'family' is not a topic; use one of", 0),
    ("{en: Who needs help?, ru", "{en: Who needs help?, rus", "'ask' has no text in 'ru'", 0),
    ("{en: Who needs help?, ru", "{en: Who needs help?, fr: Qui, ru", "'fr' is neither a key", 0),
    ("{en: Who needs help?, ru", "{en: '', ru", "'ask' is empty in 'en'", 0),
    ("{en: Phone, ru", "{en: " + "Phone" * 9 + ", ru", "has 45 characters and 40 fit", 0),
    ("{en: Only I, ru", "{en: " + "Only I " * 7 + ", ru", "and 40 fit; shorten it", 0),
    ("when: who is not me", "when: whom is not me", "did you mean 'who'?", 0),
    ("when: who is not me", "when: who is not mee", "did you mean 'me'?", 0),
    ("when: who is not me", "when: need has legal", "'need' is not asked before 'aware'", 0),
    ("when: who is not me", "when: aware is yes", "'aware' is not asked before 'aware'", 0),
    ("when: who is not me", "when: abroad", "is not asked before 'aware'", 0),
    ("when: who is me\n", "when: who is me and who is other\n", "nobody reaches 'mind'", 0),
    ("when: danger is day\n", "when: danger is days3 and danger is no\n", "never applies", 0),
    ("when: mind_now is yes", "when: mind_now is yes and who is other", "never applies", 0),
    ("when: abroad and need has asylum", "when: consent is info", "never taken", 0),
    ("value: zone}", "value: moon}", "'moon' is not a choice of 'region'", 0),
    ("  in_danger:", "  danger:", "'danger' means something else; rename it", 0),
    ("  in_danger:", "  not:", "'not' means something else; rename it", 0),
    ("    - id: weeks2\n", "    - id: days3\n", "'days3' is used twice", 0),
    ("      points: 20\n", "", "needs either 'points' or 'straight'", -2),
    ("      straight: P0\n", "      straight: P9\n", "'P9' is not possible for 'straight'", 0),
    ("levels: {P1: 50, P2: 25}", "levels: {P1: 25, P2: 50}", "P1 must need more points", 0),
    ("levels: {P1: 50, P2: 25}", "levels: {P1: 50, P3: 0}", "P3 is what remains", 0),
    ("P2: 24, P3: 72}", "P2: 24}", "the target for P3 is missing", 0),
    ("P2: 24, P3: 72}", "P2: 96, P3: 72}", "P2 must not wait longer than P3", 0),
    ("skill: psych}", "skill: psyche}", "'psyche' is not a skill; use one of", 0),
    ("  otherwise: information", "  otherwise: nobody", "'nobody' is not a skill", 0),
    ("  languages: languages", "  languages: who", "'who' is not a question of kind 'many'", 0),
    ("  question: contact", "  question: need", "'need' is not a question of kind 'one'", 0),
    ("  offset: hour", "  offset: dependants", "is not a question of kind 'hour'", 0),
    ("    day: 10-18", "    noon: 10-18", "'noon' is not a choice of the question", 0),
    ("    day: 10-18", "    day: 10-25", "'10-25' is not a window of hours", 0),
    ("    day: 10-18", "    day: morning", "'morning' is not a window of hours", 0),
    ("  codeword: codeword", "  codeword: contact", "is not a question of kind 'text'", 0),
    ("      evening: {en", "      in_the_evening: {en", "need a shorter id", 0),
    ("  offset: hour\n", "", "hours need to know the person's clock", 3),
    ("    - {of: status}\n", "    - {of: state}\n", "'state' is not a question of kind 'one'", 0),
    ("    - {of: status}\n", "    - {of: note}\n", "'note' is not a question of kind 'one'", 0),
    ("    - {of: status}\n", "    - {of: need}\n", "a table 'need' is there already", 15),
    ("      id: article\n", "      id: urgency\n", "a table 'urgency' is there already", -1),
    ("          of: [ge, rs, tr]", "          of: [ge, rs, moon]", "'moon' is not a choice", -2),
    ("          of: [ge, rs, tr]", "          of: [ge, rs, tr, kz]", "stands in two groups", -2),
    ("        others:\n", "        unsaid:\n", "'unsaid' means something else here", 0),
    ("        others:\n", "        eu:\n", "'eu' means something else here", 0),
    ("      when: status in (", "      when: statue in (", "did you mean 'status'?", 0),
    ("      of: status\n", "      of: need\n", "'need' is not a table of a question of kind", 0),
    ("cells: [contract, ", "cells: [contact, ", "'contact' is not a cell of 'status'", 0),
    ("    - id: leaving\n", "    - id: status\n", "'status' is used twice", 0),
    ("does: hide}", "does: vanish}", "'vanish' is not possible for 'does'", 0),
    ("does: hide}", "alone: yes}", "'alone' is only for a choice among several", 0),
    ("does: hide}", "does: send}", "'does: send' needs 'after'", 0),
    ("does: hide}", "does: hide, after: x}", "'after' is only for", 0),
    ("ru: Никаких, alone: yes}", "ru: Никаких, does: hide}", "'does' is only for a question", 0),
    ("  closed:\n", "  close:\n", "'close' is not a key that stands here; did you mean", 0),
    ("languages: [en, ru]", "languages: [en, rus]", "'rus' is not a language", 0),
    ("languages: [en, ru]", "languages: [en, ru, en]", "'en' stands here twice", 0),
    ("languages: [en, ru]", "languages: en", "'languages' must be a list", 0),
    ("languages: [en, ru]", "languages: [en, ru", "is not YAML", None),
    ("languages: [en, ru]", "languages: &a [en, ru]", "references (& and *)", 0),
    ("languages: [en, ru]", "languages: !!set [en, ru]", "tags (!) are not used", 0),
    ("  - id: who\n", "  - id: who\n    id: whom\n", "'id' stands here twice", 1),
    ("  - id: who\n", "  - id: who\n\tkind: one\n", "indent with spaces", 1),
    ("  - id: who\n", "  - id: who\x07\n", "a character here is not allowed", 0),
]


@pytest.mark.parametrize(("old", "new", "said", "below"), ONCE, ids=[case[2] for case in ONCE])
def test_a_fault_is_told_with_its_line(old: str, new: str, said: str, below: int | None) -> None:
    data, line = changed(old, new)
    faults = faults_of(data)
    told = [fault for fault in faults if said in fault.message]
    assert told, [str(fault) for fault in faults]
    if below is not None:
        assert line + below in [fault.line for fault in told]


def test_several_faults_are_told_at_once_in_the_order_of_lines() -> None:
    data, first = changed("does: hide}", "does: send}")
    data = data.replace(b"  otherwise: information", b"  otherwise: nobody")
    faults = faults_of(data)
    assert faults[0].line == first
    assert len(faults) == 2
    assert faults == sorted(faults)


def test_a_missing_part_is_named() -> None:
    whole = default_bytes().decode()
    without = re.sub(r"\ncontact:.*|\nrouting:(.|\n)*", "\n", whole, flags=re.DOTALL)
    assert [f.message for f in faults_of(without.encode())] == ["'routing' is missing here; add it"]


def test_a_question_too_long_for_a_card_is_refused() -> None:
    data, line = changed("{en: Who needs help?, ru", "{en: " + "Who needs help? " * 300 + ", ru")
    fault = faults_of(data)[0]
    assert (fault.line, "3600 fit; shorten it" in fault.message) == (line, True)


def test_a_text_question_leaves_room_for_what_is_typed() -> None:
    data = small_bytes(text("a", 2000).replace("ask: a", "ask: " + "a" * 1601))
    assert "1600 fit" in faults_of(data)[0].message


def test_characters_count_as_telegram_counts_them() -> None:
    question = one("a", "b", "c").replace("label: a", "label: " + "🙂" * 21)
    assert "has 42 characters and 40 fit" in faults_of(small_bytes(question))[0].message


def test_a_review_too_long_for_a_card_is_refused() -> None:
    questions = "\n".join(text(f"a{place}", 900) for place in range(4))
    assert "the review of all answers in 'en'" in faults_of(small_bytes(questions))[0].message


def test_the_first_question_is_asked_always() -> None:
    data = small_bytes(one("a", "b", "c", more="when: always"))
    assert "the first question must be asked always" in faults_of(data)[0].message


def test_a_choice_that_cannot_be_combined_makes_a_condition_impossible() -> None:
    questions = "\n".join(
        [
            many("a", "b", "n: {en: n, alone: yes}"),
            one("c", "d", "e", more="when: a has b and a has n"),
        ]
    )
    assert "nobody reaches 'c'" in faults_of(small_bytes(questions))[0].message


def test_a_question_behind_one_that_nobody_reaches_is_not_reached_either() -> None:
    questions = "\n".join(
        [
            one("a", "b", "c"),
            one("d", "e", "f", more="when: a is b"),
            one("g", "h", "i", more="when: a is c and d is e"),
        ]
    )
    assert [f.message[:18] for f in faults_of(small_bytes(questions))] == ["nobody reaches 'g'"]


def test_a_derived_answer_can_open_a_question() -> None:
    derive = "when: a is b, derive: [{when: a is c, value: f}]"
    questions = "\n".join(
        [
            one("a", "b", "c"),
            one("d", "e", "f", more=derive),
            one("g", "h", "i", more="when: a is c and d is f"),
        ]
    )
    assert small_form(questions).by_id["g"].kind is Kind.ONE


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", 1, "the file is empty"),
        (b"# nothing\n", 1, "the file is empty"),
        (b"just words", 1, "must begin with names and colons"),
        (b"a: 1\nb: \xff\n", 2, "is not UTF-8"),
        (b"a: 1\n---\nb: 2\n", 2, "a second document"),
        (b"a: [1, 2\nb: 3", 2, "is not YAML"),
        (b"a: 'open\n", 2, "is not YAML"),
        (b"? [a]\n: b\n", 1, "a name is expected"),
        (b"x" * (256 * 1024 + 1), 1, "larger than 256 KiB"),
        (b"a: " + b"[" * 200_000, 1, "nested too deep"),
        (b"a: " + b"{a: " * 50_000, 1, "nested too deep"),
        (b"a: &x [1,2]\nb: [*x,*x]", 1, "references"),
    ],
)
@pytest.mark.timeout(5)
def test_a_file_that_is_no_form_is_refused_at_once(data: bytes, line: int, said: str) -> None:
    faults = faults_of(data)
    assert (faults[0].line, said in faults[0].message) == (line, True), faults
