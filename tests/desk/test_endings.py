"""What ends soon is told before it ends: to everybody at work, in time, and more loudly at last."""

from datetime import UTC, datetime, timedelta

import pytest

from intake.roster import Member, Role, Roster, endings
from tests.desk.test_roster_signing import roster_file
from tests.desk.world import START, URGENT, World
from tests.organisation import text

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def member(until: datetime | None) -> Member:
    sealing, signing = text(bytes(1216)), text(bytes(32))
    return Member(name="anna", sealing_public=sealing, signing_public=signing, until=until)


def roster(valid: timedelta) -> Roster:
    return Roster(organisation="Trail", epoch=1, valid_until=NOW + valid, forms=("0" * 64,))


@pytest.mark.parametrize(
    ("left", "told", "presses"),
    [
        (timedelta(days=14, seconds=1), False, False),
        (timedelta(days=14), True, False),
        (timedelta(days=7, seconds=1), True, False),
        (timedelta(days=7), True, True),
        (timedelta(0), True, True),
        (timedelta(days=-3), True, True),
    ],
)
def test_an_end_is_told_from_two_weeks_before_and_presses_in_the_last(
    left: timedelta, told: bool, presses: bool
) -> None:
    far = timedelta(days=300)
    for found in (
        endings(roster(left), (member(None),), NOW),
        endings(roster(far), (member(NOW + left),), NOW),
    ):
        assert len(found) == told
        assert [one.presses for one in found] == [presses] * told
        assert [one.days for one in found] == [left.days] * told


def test_both_ends_are_told() -> None:
    soon = timedelta(days=3)
    found = endings(roster(soon), (member(NOW + soon), member(None)), NOW)
    assert [None if one.member is None else one.member.name for one in found] == [None, "anna"]


COMMANDS = [("anna", ("queue",)), ("lead", ("log",)), ("counts", ("counts",))]


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_every_command_at_work_says_that_the_roster_ends(
    world: World, name: str, command: tuple[str, ...]
) -> None:
    user = world.desk(name)
    user.run(*command)
    assert "roster ends" not in user.run(*command).all
    world.time.pass_(days=17)
    assert "The roster ends on 2026-12-22 12:00 UTC: 13 days left." in user.run(*command).all
    world.time.pass_(days=7)
    assert "THE ROSTER ENDS: 6 days left" in user.run(*command).all
    world.time.pass_(days=5, hours=23)
    assert "THE ROSTER ENDS: less than a day left" in user.run(*command).all


def test_programs_read_json_all_the_same(world: World) -> None:
    user = world.desk("anna")
    world.time.pass_(days=20)
    assert user.run("queue", "--json").json["matching"] == 0


def test_joining_says_it_too(world: World) -> None:
    world.time.pass_(days=24)
    user = world.bare_desk("anna")
    user.settle("anna")
    assert "THE ROSTER ENDS" in user.run("join", world.url, str(world.organisation_file)).err


def test_a_member_whose_time_ends_is_told_and_nobody_hands_her_anything_after(
    world: World,
) -> None:
    ends = START + timedelta(days=10)
    world.put(world.roster.with_end("boris", ends).with_end("anna", ends))
    anna, lead = world.desk("anna"), world.desk("lead")
    assert "Your time on the roster ends on 2026-12-02 12:00 UTC: 10 days left" in (
        anna.run("queue").err
    )
    assert "Your time" not in lead.run("queue").err
    world.time.pass_(days=4)
    assert "YOUR TIME ON THE ROSTER ENDS: 6 days left" in anna.run("queue").err
    world.time.pass_(days=7)
    case = world.submit(URGENT, to=("lead",))
    assert lead.run("take", case).code == 0
    ran = lead.run("hand-over", case, "boris", "--file", str(world.organisation_file))
    assert ran.code == 1
    assert "No colleague of this name opens cases. There are: vera." in ran.all
    assert "YOUR TIME ON THE ROSTER IS OVER since 2026-12-02 12:00 UTC" in anna.run("queue").err


def test_whoever_looks_at_a_roster_sees_every_end(world: World) -> None:
    changed = world.roster.with_end("boris", START + timedelta(days=3))
    changed = changed.with_end("vera", START - timedelta(days=1))
    user = world.desk("signer-1")
    user.width = 200
    ran = user.run("roster", "show", str(roster_file(world, changed)))
    assert "The time of boris on the roster ends on 2026-11-25 12:00 UTC: 3 days left" in ran.all
    assert "The time of vera on the roster is over since 2026-11-21 12:00 UTC" in ran.all
    assert [one.role for one in changed.current(world.time()) if one.name == "vera"] == []
    assert changed.members[2].role is Role.VOLUNTEER
