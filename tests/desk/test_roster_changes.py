"""Members who leave, and rules that change: what the commands do, say, and refuse."""

import json
from pathlib import Path

import pytest

from desk.card import Card
from intake.roster import Role, Roster
from tests.desk.liar import lying
from tests.desk.test_roster_signing import roster_file
from tests.desk.world import DeskUser, Ran, World, identity_of


@pytest.fixture
def signer(world: World) -> DeskUser:
    user = world.desk("signer-1")
    user.width = 160
    return user


@pytest.fixture
def second(world: World) -> DeskUser:
    user = world.desk("signer-2")
    user.width = 160
    return user


def written(file: Path, user: DeskUser) -> Roster:
    document = user.run("roster", "show", str(file), "--json").json
    known = set(Roster.model_fields)
    return Roster.model_validate_json(json.dumps({k: v for k, v in document.items() if k in known}))


def changes(user: DeskUser, file: Path, *command: str) -> Ran:
    ran = user.run("roster", command[0], str(file), *command[1:])
    assert ran.code == 0, ran.all
    return ran


def test_a_revoked_member_is_gone_for_good_and_it_is_said_what_that_means(
    world: World, signer: DeskUser
) -> None:
    file = roster_file(world, world.roster)
    ran = changes(signer, file, "revoke", "anna")
    after = written(file, signer)
    assert [one.name for one in after.revoked] == ["anna"]
    assert "anna" not in [one.name for one in after.members]
    for said in ("never come back", "withdrawn", "tropa reassign anna", "tropa rekey", "copied"):
        assert said in ran.all
    for name in ("anna", "anna2"):
        card = Card.of(name, identity_of("anna")).line()
        again = signer.run("roster", "add", str(file), card, "--skills", "legal")
        assert again.code == 1
        assert "This key was revoked (it was that of anna)" in again.all
    assert written(file, signer) == after, "nothing was changed"
    fresh = Card.of("anna", identity_of("anna's new laptop")).line()
    changes(signer, file, "add", fresh, "--skills", "legal", "--languages", "ru")


def test_removing_says_the_same_of_cases_but_keeps_the_way_back(
    world: World, signer: DeskUser
) -> None:
    file = roster_file(world, world.roster)
    ran = changes(signer, file, "remove", "anna")
    for said in ("withdrawn", "tropa reassign anna", "tropa rekey", "tropa roster revoke"):
        assert said in ran.all
    changes(signer, file, "add", Card.of("anna", identity_of("anna")).line())


@pytest.mark.parametrize("command", ["remove", "revoke"])
def test_nobody_of_that_name_is_said(world: World, signer: DeskUser, command: str) -> None:
    file = roster_file(world, world.roster)
    ran = signer.run("roster", command, str(file), "nobody")
    assert ran.code == 1
    assert "Nobody of this name" in ran.all


def test_a_members_time_is_given_changed_and_taken_off(world: World, signer: DeskUser) -> None:
    file = roster_file(world, world.roster)
    card = Card.of("guest", identity_of("guest")).line()
    changes(signer, file, "add", card, "--skills", "legal", "--until-days", "10")
    assert "2026-12-03 00:00" in changes(signer, file, "show").out
    ran = changes(signer, file, "extend", "--member", "guest", "--valid-days", "20")
    assert "2026-12-13 00:00" in ran.out
    assert written(file, signer).valid_until == world.roster.valid_until
    changes(signer, file, "extend", "--member", "guest", "--no-end")
    assert next(one for one in written(file, signer).members if one.name == "guest").until is None
    refused = signer.run("roster", "extend", str(file), "--no-end")
    assert refused.code == 1
    assert "always has an end" in refused.all


@pytest.mark.parametrize(
    ("leads", "number", "said"),
    [
        (1, "1", "One lead alone can then open every case"),
        (1, "2", "asks for 2 leads and the roster has 1"),
        (2, "2", "asks for 2 leads and the roster has no more"),
        (3, "2", ""),
    ],
)
def test_the_two_person_rule_is_set_and_what_it_lacks_is_said(
    world: World, signer: DeskUser, leads: int, number: str, said: str
) -> None:
    roster = world.roster
    for more in range(leads - 1):
        card = Card.of(f"lead{more}", identity_of(f"lead{more}"))
        roster = roster.with_member(card.member(Role.LEAD, ("legal",), ("ru",)))
    file = roster_file(world, roster)
    ran = changes(signer, file, "approvals", number)
    assert said in ran.all
    assert (said == "") == (ran.err == "")
    assert written(file, signer).approvals == int(number)


def test_who_signs_sees_revocations_ends_and_the_rule_plainly(
    world: World, signer: DeskUser
) -> None:
    two = world.roster.with_approvals(2)
    world.put(two)
    signer.run("queue")
    assert signer.run("join", world.url, str(world.organisation_file)).code == 0
    changed = two.with_approvals(1).revoking("anna").with_end("boris", two.valid_until)
    ran = changes(signer, roster_file(world, changed), "sign", "--yes")
    told = " ".join(ran.out.split())
    assert "REVOKED: anna" in told
    assert "removed: anna" not in told
    assert "TWO-PERSON RULE: 2 -> 1 !" in told
    assert "Fewer leads could then open every case" in told
    assert "changed: boris: Until - -> 2026-12-22" in told
    assert "Revoked, never to come back: anna" in told


def test_a_revocation_that_is_undone_is_cried_out(world: World, signer: DeskUser) -> None:
    world.put(world.roster.revoking("anna"))
    assert signer.run("join", world.url, str(world.organisation_file)).code == 0
    undone = world.roster.model_copy(update={"revoked": (), "epoch": world.roster.epoch + 1})
    ran = changes(signer, roster_file(world, undone), "sign", "--yes")
    assert "REVOKED NO MORE: anna" in ran.out
    assert "Do not sign." in ran.out


@pytest.mark.parametrize("name", ["аnnа", "ann a", "Ieаd"])
def test_a_name_that_reads_as_a_colleagues_is_not_put_on_the_list(
    world: World, signer: DeskUser, name: str
) -> None:
    file = roster_file(world, world.roster)
    card = Card.of(name, identity_of("mallory"))
    ran = signer.run("roster", "add", str(file), card.line(), "--skills", "legal")
    assert ran.code == 1
    assert f"The name {name} can be taken for {'lead' if 'I' in name else 'anna'}" in ran.all
    assert written(file, signer) == world.roster, "nothing was changed"


@pytest.mark.parametrize("stays", [True, False])
def test_who_signs_is_shown_a_name_that_reads_as_a_colleagues(
    world: World, signer: DeskUser, stays: bool
) -> None:
    """Made by other means than this program, beside her or in her place."""
    card = Card.of("аnnа", identity_of("mallory"))
    roster = world.roster if stays else world.roster.without_member("anna")
    roster = roster.with_member(card.member(Role.VOLUNTEER, ("legal",), ("ru",)))
    ran = changes(signer, roster_file(world, roster), "sign", "--yes")
    assert "NAMES THAT LOOK ALIKE: аnnа, anna" in ran.out
    assert "Ask whose card this is." in ran.out


def with_signers(world: World, threshold: int = 2) -> Path:
    """A roster on which two of those who sign stand as leads, and how many of them must."""
    roster = world.roster
    for name in ("signer-1", "signer-2"):
        card = Card.of(name, identity_of(name))
        roster = roster.with_member(card.member(Role.LEAD, ("legal",), ("ru",)))
    file = roster_file(world, roster)
    world.organisation = world.organisation.model_copy(update={"threshold": threshold})
    assert world.organisation_file.parent == file.parent
    return file


@pytest.mark.parametrize("how", ["remove", "revoke"])
@pytest.mark.parametrize(
    ("threshold", "said", "short"),
    [
        (1, "one signature is enough", ""),
        (2, "her key still gives one of the 2 signatures", ""),
        (3, "her key still gives one of the 3 signatures", "2 of those who sign are left"),
    ],
)
def test_of_one_who_signs_is_said_that_her_key_signs_on(
    world: World, signer: DeskUser, how: str, threshold: int, said: str, short: str
) -> None:
    file = with_signers(world, threshold)
    ran = changes(signer, file, how, "Signer-2")
    assert said in ran.all
    assert short in ran.all
    assert ("are left" in ran.all) == bool(short)
    assert "one who signs" not in changes(signer, file, how, "anna").all
    still = signer.run("roster", "show", str(file), "--json").json["still_to_sign"]
    assert len(still) == (3 if how == "remove" else 2), "nobody is sent to a revoked key"


def test_what_a_revoked_key_has_signed_is_told_to_who_signs_and_publishes(
    world: World, signer: DeskUser, second: DeskUser
) -> None:
    file = with_signers(world)
    changes(signer, file, "revoke", "signer-2")
    assert "a key that was revoked" not in changes(signer, file, "show").all
    changes(second, file, "sign", "--yes")
    told = changes(signer, file, "sign", "--yes")
    for ran in (told, signer.run("roster", "publish", str(file))):
        assert ran.code == 0
        assert "It bears the signature of a key that was revoked (signer-2)." in ran.all


def test_a_list_that_takes_a_revocation_back_is_not_published(
    world: World, signer: DeskUser
) -> None:
    """Made twice from a list of before: its epoch is higher than that of the one in force."""
    older = world.roster
    world.put(older.revoking("anna"))
    assert signer.run("queue").code == 1, "she has no part in cases"
    file, shown = world.folder / "roster.json", world.envelope
    again = older.extended(older.valid_until.replace(day=28)).with_approvals(2)
    file.write_bytes(world.signed(again))
    world.organisation_file.touch()
    ran = signer.run("roster", "publish", str(file))
    assert ran.code == 1
    assert "on the list in force these keys are revoked, and on this one they are not: anna" in (
        ran.all
    )
    assert world.envelope == shown, "it was not sent"


# Signing and publishing


def test_signing_shows_progress_and_who_is_still_to_sign(
    world: World, signer: DeskUser, second: DeskUser
) -> None:
    card = Card.of("signer-2", identity_of("signer-2"))
    roster = world.roster.with_member(card.member(Role.LEAD, ("legal",), ("ru",)))
    file = roster_file(world, roster)
    ran = changes(signer, file, "sign", "--yes")
    assert "It has 1 of the 2 signatures it needs." in ran.out
    told = " ".join(ran.out.split("Signed.")[1].split())
    assert "Still to sign, any of: signer-2; the key " in told, "a member by her name"
    assert "signer-1" not in told
    ran = changes(second, file, "sign", "--yes")
    assert "It has 2 of the 2 signatures it needs." in ran.out
    assert f"Next: tropa roster publish {file}" in " ".join(ran.out.split())


def test_publishing_needs_no_identity_and_desks_take_it_up(
    world: World, signer: DeskUser, second: DeskUser
) -> None:
    anna = world.desk("anna")
    file = roster_file(world, world.roster.extended(world.roster.valid_until.replace(day=28)))
    for one in (signer, second):
        changes(one, file, "sign", "--yes")
    carrier = world.bare_desk("carrier")
    assert carrier.run("join", world.url, str(world.organisation_file)).code == 0
    ran = carrier.run("roster", "publish", str(file))
    assert ran.code == 0, ran.all
    assert "Published: epoch 8 is in force." in ran.out
    assert anna.run("queue").code == 0
    assert "the roster of epoch 8 came into force" in anna.run("log").out
    assert (anna.home / "highest-epoch").read_bytes().split()[0] == b"8"
    assert carrier.run("roster", "publish", str(file)).code == 0, "and again"


def test_what_the_server_would_refuse_is_found_before_it_is_sent(
    world: World, signer: DeskUser, second: DeskUser
) -> None:
    file, shown = world.folder / "roster.json", world.envelope

    def publishes(roster: Roster, signers: int = 2) -> str:
        file.write_bytes(world.signed(roster, world.signers[:signers]))
        ran = signer.run("roster", "publish", str(file))
        assert ran.code == 1
        assert world.envelope == shown, "it was not sent"
        return ran.all

    roster = world.roster
    later = roster.extended(roster.valid_until.replace(day=28))
    told = publishes(later, signers=1)
    assert "Not published: it has 1 of the 2 signatures it needs. Still to sign, any of:" in told
    assert "it is of epoch 6, and this desk has seen epoch 7" in publishes(
        roster.model_copy(update={"epoch": 6})
    )
    assert "another roster of the same epoch (7)" in publishes(
        later.model_copy(update={"epoch": 7})
    )
    assert "it expired on 2026-11-21" in publishes(
        later.extended(roster.valid_until.replace(month=11, day=21))
    )


def test_a_server_that_takes_it_and_shows_another_is_found_out(
    world: World, signer: DeskUser, second: DeskUser
) -> None:
    file = roster_file(world, world.roster.extended(world.roster.valid_until.replace(day=28)))
    for one in (signer, second):
        changes(one, file, "sign", "--yes")
    with lying(world) as liar:
        liar.envelope = world.envelope
        ran = liar.shown_to(signer).run("roster", "publish", str(file))
    assert ran.code == 1
    assert "took the roster (epoch 8) but shows another (epoch 7)" in ran.all


@pytest.mark.parametrize("how", ["remove", "revoke"])
def test_of_a_recovery_key_that_leaves_is_said_what_becomes_of_its_lists(
    world: World, signer: DeskUser, how: str
) -> None:
    ran = changes(signer, roster_file(world, world.roster), how, "Recovery")
    assert "the server gives its lists no case" in ran.all
    assert "tropa onboard NAME" in ran.all
    assert "tropa reassign" not in ran.all
    assert "laptop" not in ran.all
