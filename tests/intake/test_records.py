"""What is written into a record comes back as it was; anything else is told, not guessed."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from intake.answers import SKIPPED, Answers
from intake.case import CaseHeader, ContactRule, Level
from intake.records import ANSWERS, INTAKE, AnswersRecord
from intake.shapes import Unreadable
from intake.wire import CaseFile, Header, SealedPart

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FORM = "ab" * 32
GIVEN: Answers = {
    "who": "me",
    "need": ("legal", "asylum"),
    "dependants": 2,
    "stay_until": date(2026, 12, 1),
    "note": "Нужна помощь",
    "mind": SKIPPED,
}
HEADER = CaseHeader(
    id=bytes(range(16)),
    language="ru",
    level=Level.P1,
    skills=frozenset({"legal"}),
    country=None,
    contact=ContactRule(frozenset({18, 19})),
    received=NOW,
    promised_by=NOW + timedelta(hours=6),
    form=FORM,
    epoch=3,
)


def case_file(**changes: object) -> CaseFile:
    document: dict[str, object] = {
        "header": Header.of(HEADER, "anna"),
        "public_key": "AAAA",
        "records": (SealedPart(number=0, kind="intake", sealed="AQID"),),
        "wrap": "AAAA",
    }
    return CaseFile.model_validate(document | changes)


@pytest.mark.parametrize(("token", "kind"), [(b"\x01\x02", INTAKE), (None, ANSWERS)])
def test_answers_come_back_as_they_were_given(token: bytes | None, kind: str) -> None:
    record = AnswersRecord(FORM, "ru", GIVEN, token)
    assert record.kind == kind
    assert AnswersRecord.from_bytes(record.to_bytes(), kind) == record


def test_answers_and_token_never_show_in_a_repr() -> None:
    text = repr(AnswersRecord(FORM, "ru", GIVEN, b"\x01\x02"))
    assert "помощь" not in text
    assert "token" not in text


def test_a_record_is_refused_under_the_other_label() -> None:
    with pytest.raises(Unreadable):
        AnswersRecord.from_bytes(AnswersRecord(FORM, "ru", GIVEN, b"\x01").to_bytes(), ANSWERS)
    with pytest.raises(Unreadable):
        AnswersRecord.from_bytes(AnswersRecord(FORM, "ru", GIVEN).to_bytes(), INTAKE)
    with pytest.raises(Unreadable):
        AnswersRecord.from_bytes(AnswersRecord(FORM, "ru", GIVEN).to_bytes(), "note")


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"form": "x"},
        {"answers": []},
        {"answers": {"a": 1.5}},
        {"more": 1},
        {"token": "?"},
    ],
)
def test_what_this_version_does_not_write_is_unreadable(change: dict[str, object]) -> None:
    document = json.loads(AnswersRecord(FORM, "ru", GIVEN).to_bytes()) | change
    with pytest.raises(Unreadable, match="another version"):
        AnswersRecord.from_bytes(json.dumps(document).encode(), ANSWERS)


def test_a_case_file_survives_the_disk() -> None:
    assert CaseFile.from_bytes(case_file().to_bytes()) == case_file()
    assert case_file().records[0].data == b"\x01\x02\x03"


def test_a_truncated_case_file_is_named_as_such_wherever_it_was_cut() -> None:
    data = case_file().to_bytes().rstrip()
    for length in range(len(data)):
        with pytest.raises(Unreadable, match="cut short"):
            CaseFile.from_bytes(data[:length])


def test_the_holder_is_you_or_other_and_never_a_name() -> None:
    assert Header.of(HEADER, "anna").held_by is None
    taken = HEADER.taken("anna", NOW)
    assert Header.of(taken, "anna").held_by == "you"
    shown = Header.of(taken, "boris")
    assert shown.held_by == "other"
    assert "anna" not in shown.model_dump_json()


@pytest.mark.parametrize("contact", ["24", "x", "", "1,-2"])
def test_an_impossible_contact_rule_is_refused(contact: str) -> None:
    document = json.loads(Header.of(HEADER, "anna").model_dump_json()) | {"contact": contact}
    with pytest.raises(ValueError, match="contact"):
        Header.model_validate(document)
