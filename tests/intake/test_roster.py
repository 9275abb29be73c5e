"""The rules of the roster, as a table of what goes wrong and what is said about it."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from intake.roster import (
    Member,
    Organisation,
    Role,
    Roster,
    RosterContradicted,
    RosterError,
    RosterExpired,
    RosterInvalid,
    RosterRolledBack,
    check,
    days_left,
    fingerprint,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def key(number: int, length: int) -> str:
    return base64.b64encode(bytes([number]) * length).decode()


def member(number: int, name: str = "", role: Role = Role.VOLUNTEER) -> Member:
    return Member(
        name=name or f"member-{number}",
        sealing_public=key(number, 1216),
        signing_public=key(number, 32),
        role=role,
        skills=("legal", "asylum"),
        languages=("ru",),
    )


def roster(**changes: object) -> Roster:
    document: dict[str, object] = {
        "organisation": "Trail",
        "epoch": 3,
        "valid_until": NOW + timedelta(days=30),
        "forms": ["ab" * 32],
        "members": (member(1), member(2)),
    }
    return Roster.model_validate(document | changes)


def test_a_roster_survives_its_payload() -> None:
    assert Roster.from_payload(roster().to_payload()) == roster()


def test_the_payload_is_canonical() -> None:
    payload = roster(members=(member(1, "Тропа-1"),)).to_payload()
    document = json.loads(payload)
    assert (
        payload
        == json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )
    assert "Тропа-1".encode() in payload


def test_valid_until_is_kept_in_utc() -> None:
    local = (NOW + timedelta(days=1)).astimezone(timezone(timedelta(hours=4)))
    assert (
        roster(valid_until=local).to_payload()
        == roster(valid_until=NOW + timedelta(1)).to_payload()
    )


def test_a_valid_roster_passes() -> None:
    check(roster(), NOW, highest_epoch=3)


def test_it_expires_at_the_instant_it_names() -> None:
    until = NOW + timedelta(days=30)
    check(roster(), until - timedelta(microseconds=1), 0)
    with pytest.raises(RosterExpired, match="extend"):
        check(roster(), until, 0)


def test_an_older_epoch_is_refused_even_while_it_is_valid() -> None:
    with pytest.raises(RosterRolledBack, match=r"epoch 3.*epoch 4"):
        check(roster(), NOW, highest_epoch=4)


def test_another_roster_with_the_same_epoch_is_refused() -> None:
    seen = fingerprint(roster())
    check(roster(), NOW, 3, seen)
    for other in (roster(members=(member(1),)), roster(valid_until=NOW + timedelta(days=31))):
        with pytest.raises(RosterContradicted, match=r"same epoch \(3\)"):
            check(other, NOW, 3, seen)
    check(roster().with_member(member(9)), NOW, 3, None)


def test_a_fingerprint_fits_a_column_of_a_database() -> None:
    found = [fingerprint(roster(epoch=epoch)) for epoch in range(1, 40)]
    assert len(set(found)) == len(found)
    assert all(0 <= number < 2**60 for number in found)


def test_days_left_counts_down_and_below_zero() -> None:
    assert days_left(roster(), NOW) == 30
    assert days_left(roster(), NOW + timedelta(days=29, hours=1)) == 0
    assert days_left(roster(), NOW + timedelta(days=31)) == -1


def test_every_change_raises_the_epoch_by_one() -> None:
    assert roster().with_member(member(9)).epoch == 4
    assert roster().extended(NOW).epoch == 4
    assert roster().with_form("cd" * 32).epoch == 4


def test_a_new_form_comes_first_and_the_old_one_stays() -> None:
    changed = roster().with_form("cd" * 32)
    assert changed.form == "cd" * 32
    assert changed.forms == ("cd" * 32, "ab" * 32)
    assert changed.with_form("ab" * 32).forms == ("ab" * 32, "cd" * 32)


@pytest.mark.parametrize(
    ("twin", "what"),
    [
        (member(9, name="MEMBER-1"), "name"),
        (member(9).model_copy(update={"sealing_public": key(1, 1216)}), "sealing key"),
        (member(9).model_copy(update={"signing_public": key(1, 32)}), "signing key"),
    ],
)
def test_nobody_stands_on_the_roster_twice(twin: Member, what: str) -> None:
    with pytest.raises(RosterInvalid, match=f"same {what}"):
        roster().with_member(twin)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epoch", 0),
        ("epoch", 2**60),
        ("version", 2),
        ("valid_until", "2026-12-01T00:00:00"),
        ("valid_until", "9999-12-31T23:59:59-23:59"),
        ("valid_until", "0001-01-01T00:00:00+23:59"),
        ("forms", []),
        ("forms", ["AB" * 32]),
        ("forms", ["ab" * 32, "ab" * 32]),
        ("organisation", "\x1b[2J"),
        ("organisation", " Trail"),
        ("surprise", 1),
    ],
)
def test_a_roster_that_breaks_a_rule_is_invalid(field: str, value: object) -> None:
    document = json.loads(roster().to_payload()) | {field: value}
    with pytest.raises(RosterInvalid, match="fresh copy"):
        Roster.from_payload(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sealing_public", key(1, 1215)),
        ("signing_public", key(1, 33)),
        ("signing_public", "not base64!"),
        ("signing_public", key(1, 32)[:-2] + "F="),
        ("name", "two\nlines"),
        ("name", ""),
        ("role", "owner"),
        ("skills", ["LEGAL"]),
        ("capacity", -1),
    ],
)
def test_a_member_that_breaks_a_rule_is_invalid(field: str, value: object) -> None:
    document = json.loads(roster().to_payload())
    document["members"][0][field] = value
    with pytest.raises(RosterInvalid, match=f"members 0 .*{field}"):
        Roster.from_payload(json.dumps(document).encode())


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff", b"null"])
def test_what_is_no_roster_at_all_is_invalid(payload: bytes) -> None:
    with pytest.raises(RosterInvalid):
        Roster.from_payload(payload)


def test_the_error_does_not_repeat_what_was_in_the_file() -> None:
    document = json.loads(roster().to_payload()) | {"epoch": "planted-text"}
    with pytest.raises(RosterInvalid) as caught:
        Roster.from_payload(json.dumps(document).encode())
    assert "planted-text" not in str(caught.value)


def test_only_volunteers_and_leads_open_cases() -> None:
    assert [role for role in Role if member(1, role=role).opens_cases] == ["volunteer", "lead"]


def test_keys_come_back_as_bytes() -> None:
    assert member(7).sealing_key == b"\x07" * 1216
    assert member(7).signing_key == b"\x07" * 32


def organisation(**changes: object) -> Organisation:
    document: dict[str, object] = {
        "name": "Trail",
        "website": "https://trail.example",
        "threshold": 2,
        "keys": [key(1, 32), key(2, 32), key(3, 32)],
    }
    return Organisation.from_payload(json.dumps(document | changes).encode())


def test_an_organisation_survives_its_file() -> None:
    assert Organisation.from_payload(organisation().to_payload()) == organisation()
    assert organisation().public_keys[2] == b"\x03" * 32


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 0},
        {"threshold": 4},
        {"keys": []},
        {"keys": [key(1, 32), key(1, 32)]},
        {"website": "javascript:alert(1)"},
        {"website": "https://trail.example/ \x1b"},
    ],
)
def test_an_organisation_that_breaks_a_rule_is_invalid(changes: dict[str, object]) -> None:
    with pytest.raises(RosterError):
        organisation(**changes)


def test_a_roster_of_before_reads_and_is_written_as_it_was() -> None:
    """Its signatures cover these very bytes."""
    document = json.loads(roster().to_payload())
    assert set(document) == {
        "version", "organisation", "epoch", "valid_until", "forms", "members",
    }  # fmt: skip
    assert not {"counts", "until"} & set(document["members"][0])


def test_what_is_not_usual_is_written_and_read_again() -> None:
    ending = member(1).model_copy(update={"until": NOW + timedelta(days=3)})
    changed = roster(members=(ending,), approvals=2, revoked=(member(2),))
    assert Roster.from_payload(changed.to_payload()) == changed


def test_a_revoked_member_is_gone_and_her_keys_never_come_back() -> None:
    revoked = roster().revoking("Member-1")
    assert [one.name for one in revoked.members] == ["member-2"]
    assert [one.name for one in revoked.revoked] == ["member-1"]
    with pytest.raises(RosterInvalid, match="was revoked and never comes back"):
        revoked.with_member(member(1, "somebody"))
    revoked.with_member(member(3, "member-1"))  # a new key under the old name is another matter


def test_a_member_whose_time_is_over_is_not_current() -> None:
    ending = roster().with_end("member-1", NOW)
    assert [one.name for one in ending.current(NOW - timedelta(seconds=1))] == [
        "member-1",
        "member-2",
    ]
    assert [one.name for one in ending.current(NOW)] == ["member-2"]
    assert ending.with_end("member-1", None).current(NOW) == roster().members


@pytest.mark.parametrize("approvals", [0, 6])
def test_the_rule_for_many_cases_is_between_one_and_five(approvals: int) -> None:
    with pytest.raises(RosterInvalid):
        roster().with_approvals(approvals)
