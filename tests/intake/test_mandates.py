"""The two-person rule: whose signature counts, and what a mandate reaches."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intake.case import CaseHeader, ContactRule, Level, State
from intake.mandates import (
    LASTS,
    Mandate,
    MandateError,
    Purpose,
    check,
    made,
    may_sign,
    reaches,
)
from intake.roster import Role
from tests.intake.test_roster import member

NOW = datetime(2026, 11, 27, 12, 0, 30, 5, tzinfo=UTC)
TARGET, LEAD, OTHER = "a" * 32, "b" * 32, "c" * 32
VERA = member(1, "vera")
MANDATE = made(Purpose.ONBOARD, TARGET, NOW, bytes(range(16)), every=False)
RECOVERY = made(Purpose.RECOVER, TARGET, NOW, bytes(range(16)), every=True)


def header(**changes: object) -> CaseHeader:
    case = CaseHeader(
        id=bytes(16),
        language="ru",
        level=Level.P1,
        skills=frozenset({"legal"}),
        country=None,
        contact=ContactRule.never(),
        received=NOW,
        promised_by=NOW,
        form="0" * 64,
        epoch=1,
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def test_a_mandate_survives_its_payload_and_has_one_name() -> None:
    assert Mandate.from_payload(MANDATE.to_payload()) == MANDATE
    assert MANDATE.digest != made(Purpose.ONBOARD, TARGET, NOW, bytes(16), every=False).digest


@pytest.mark.parametrize("change", [{"v": 2}, {"to": "x"}, {"more": 1}, {"until": "2026-11-27"}])
def test_what_is_no_mandate_is_refused(change: dict[str, object]) -> None:
    document = json.loads(MANDATE.to_payload()) | change
    with pytest.raises(MandateError):
        Mandate.from_payload(json.dumps(document, sort_keys=True).encode())
    with pytest.raises(MandateError):
        Mandate.from_payload(MANDATE.to_payload() + b" ")


@pytest.mark.parametrize(
    ("mandate", "key_id", "role", "counts"),
    [
        (MANDATE, LEAD, Role.LEAD, True),
        (MANDATE, LEAD, Role.VOLUNTEER, False),
        (MANDATE, LEAD, Role.COORDINATOR, False),
        (MANDATE, LEAD, Role.RECOVERY, False),
        (MANDATE, TARGET, Role.LEAD, False),
        (RECOVERY, LEAD, Role.RECOVERY, True),
        (RECOVERY, LEAD, Role.LEAD, True),
        (RECOVERY, TARGET, Role.LEAD, False),
    ],
)
def test_whose_signature_counts(mandate: Mandate, key_id: str, role: Role, counts: bool) -> None:
    assert may_sign(mandate, key_id, member(2, "lena", role)) is counts


def test_one_signature_is_enough_where_the_roster_asks_for_one() -> None:
    check(MANDATE, {LEAD}, 1, VERA, NOW)


def test_two_persons_must_have_signed_where_the_roster_asks_for_two() -> None:
    with pytest.raises(MandateError, match="1 of the 2 signatures"):
        check(MANDATE, {LEAD}, 2, VERA, NOW)
    check(MANDATE, {LEAD, OTHER}, 2, VERA, NOW)


def test_nobody_is_given_cases_who_opens_none() -> None:
    for target in (None, member(3, "kira", Role.COORDINATOR)):
        with pytest.raises(MandateError, match="not on the roster"):
            check(MANDATE, {LEAD}, 1, target, NOW)


def test_a_new_recovery_key_is_given_every_case_by_leads_and_not_by_the_old_one() -> None:
    safe = member(3, "safe", Role.RECOVERY)
    check(MANDATE, {LEAD}, 1, safe, NOW)
    assert reaches(MANDATE, header(state=State.CLOSED, language="en"), safe)
    with pytest.raises(MandateError, match="not on the roster"):
        check(RECOVERY, {LEAD}, 1, safe, NOW)


def test_a_mandate_ends_and_none_lasts_longer_than_it_may() -> None:
    check(MANDATE, {LEAD}, 1, VERA, NOW + LASTS - timedelta(seconds=31))
    with pytest.raises(MandateError, match="over"):
        check(MANDATE, {LEAD}, 1, VERA, NOW + LASTS)
    with pytest.raises(MandateError, match="over"):
        check(MANDATE, {LEAD}, 1, VERA, NOW - timedelta(days=1))


@pytest.mark.parametrize(
    ("case", "fits"),
    [
        (header(), True),
        (header(skills=frozenset({"medical"})), False),
        (header(language="en"), False),
        (header(state=State.TAKEN), True),
        (header(state=State.CLOSED), False),
    ],
)
def test_a_new_member_is_given_open_cases_of_her_skills(case: CaseHeader, fits: bool) -> None:
    assert reaches(MANDATE, case, VERA) is fits


def test_all_open_cases_or_with_the_recovery_key_every_one() -> None:
    every = made(Purpose.ONBOARD, TARGET, NOW, bytes(16), every=True)
    strange = header(skills=frozenset({"medical"}), language="en")
    assert reaches(every, strange, VERA)
    assert not reaches(every, header(state=State.CLOSED), VERA)
    assert reaches(RECOVERY, header(state=State.CLOSED, language="en"), VERA)
