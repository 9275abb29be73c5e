"""Who signs a roster sees exactly what she signs: its keys, and what changed."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from crypto.envelope import sign_payload
from desk.card import Card
from desk.roster_view import Signed
from intake.roster import ROSTER_TYPE, Member, Role, Roster
from tests.desk.world import DeskUser, World, identity_of, open_seed


def unsigned(roster: Roster) -> bytes:
    return json.dumps(sign_payload(roster.to_payload(), ROSTER_TYPE, [])).encode()


def mallory() -> Member:
    card = Card.of("mallory", identity_of("mallory"))
    return card.member(Role.LEAD, ("legal", "psych"), ("ru", "en"))


def with_the_key_of(roster: Roster, name: str, other: str) -> Roster:
    """The next roster, where `name` has the keys of somebody else."""
    members = tuple(
        Card.of(name, identity_of(other)).member(one.role, one.skills, one.languages)
        if one.name == name
        else one
        for one in roster.members
    )
    return Roster.model_validate(dict(roster) | {"members": members, "epoch": roster.epoch + 1})


def names(file: Path) -> list[str]:
    payload = base64.b64decode(json.loads(file.read_bytes())["payload"])
    return [member["name"] for member in json.loads(payload)["members"]]


@pytest.fixture
def signer(world: World) -> DeskUser:
    """A signer whose desk has joined, and so knows the roster in force."""
    user = world.desk("signer-1")
    user.width = 160
    return user


def roster_file(world: World, roster: Roster) -> Path:
    file = world.folder / "roster.json"
    file.write_bytes(unsigned(roster))
    return file


def test_what_is_signed_is_what_was_shown_even_if_the_file_changes(
    world: World, signer: DeskUser
) -> None:
    file = world.folder / "roster.json"
    file.write_bytes(unsigned(world.roster))

    def meanwhile(data: bytes, passphrase: str) -> bytes:
        file.write_bytes(unsigned(world.roster.with_member(mallory())))
        return open_seed(data, passphrase)

    ran = signer.run("roster", "sign", "--yes", str(file), open_seed=meanwhile)
    assert ran.code == 0, ran.all
    assert ("mallory" in names(file)) == ("mallory" in ran.out)


@pytest.mark.parametrize("command", [["show"], ["sign", "--yes"]])
def test_each_members_fingerprint_is_shown(
    world: World, signer: DeskUser, command: list[str]
) -> None:
    file = roster_file(world, world.roster)
    ran = signer.run("roster", command[0], str(file), *command[1:])
    for member in world.roster.members:
        assert Card.of(member.name, identity_of(member.name)).fingerprint in ran.out


def test_programs_are_shown_the_fingerprints_too(world: World, signer: DeskUser) -> None:
    shown = signer.run("roster", "show", str(roster_file(world, world.roster)), "--json").json
    anna = Card.of("anna", identity_of("anna")).fingerprint
    assert shown["fingerprints"]["anna"] == anna


def test_a_changed_key_is_cried_out_before_signing(world: World, signer: DeskUser) -> None:
    file = roster_file(world, with_the_key_of(world.roster, "anna", "mallory"))
    ran = signer.run("roster", "sign", "--yes", str(file))
    assert "KEY CHANGED: anna" in ran.out
    told = ran.out[ran.out.index("KEY CHANGED") :]
    assert Card.of("anna", identity_of("anna")).fingerprint in told
    assert Card.of("anna", identity_of("mallory")).fingerprint in told
    assert "KEY CHANGED: boris" not in ran.out


def changed_duties(world: World) -> Roster:
    members = tuple(
        Member.model_validate(dict(one) | {"role": Role.LEAD, "skills": ("psych",)})
        if one.name == "anna"
        else one
        for one in world.roster.members
        if one.name != "vera"
    )
    roster = Roster.model_validate(dict(world.roster) | {"members": members})
    return roster.with_member(mallory())


def test_what_a_roster_changes_is_shown_before_signing(world: World, signer: DeskUser) -> None:
    ran = signer.run("roster", "sign", "--yes", str(roster_file(world, changed_duties(world))))
    assert "Against epoch 7" in ran.out
    assert "added: mallory, lead" in ran.out
    assert "removed: vera, volunteer" in ran.out
    assert "changed: anna: Role volunteer -> lead; Skills asylum,legal -> psych" in ran.out
    assert "boris:" not in ran.out


def test_who_sees_the_counts_is_shown_before_signing(world: World, signer: DeskUser) -> None:
    changes: dict[str, dict[str, object]] = {
        "anna": {"counts": True},
        "vera": {"role": Role.COORDINATOR, "skills": ()},
        "counts": {"role": Role.VOLUNTEER},
    }
    members = tuple(
        Member.model_validate(dict(one) | changes.get(one.name, {})) for one in world.roster.members
    )
    roster = Roster.model_validate(dict(world.roster) | {"members": members})
    added = Card.of("kira", identity_of("kira")).member(Role.COORDINATOR)
    file = roster_file(world, roster.with_member(added))
    ran = signer.run("roster", "sign", "--yes", str(file))
    assert "added: kira, coordinator; -; -; sees the counts" in ran.out
    assert "changed: anna: Counts - -> yes" in ran.out
    assert "changed: vera: Role volunteer -> coordinator; Skills medical -> -; Counts - -> yes" in (
        ran.out
    )
    assert "changed: counts: Role coordinator -> volunteer; Counts yes -> -" in ran.out
    assert "boris:" not in ran.out


def test_a_desk_that_knows_no_roster_says_so(world: World) -> None:
    user = world.bare_desk("signer-1", width=160)
    user.settle("signer-1")
    first, second = world.roster, world.roster.with_member(mallory())
    assert world.organisation_file.exists()
    ran = user.run("roster", "sign", "--yes", str(roster_file(world, first)))
    assert "knows no earlier roster" in ran.err
    again = user.run("roster", "sign", "--yes", str(roster_file(world, second)))
    assert "Against epoch 7" in again.out, "what it signed itself is known to it"
    assert "added: mallory" in again.out


@pytest.mark.parametrize(("answer", "code", "valid"), [(False, 1, 0), (True, 0, 1)])
def test_nothing_is_signed_without_a_yes(
    world: World, signer: DeskUser, answer: bool, code: int, valid: int
) -> None:
    file = roster_file(world, world.roster.with_member(mallory()))
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        return answer

    ran = signer.run("roster", "sign", str(file), confirm=confirm)
    assert (ran.code, asked) == (code, ["Sign this roster? [y/N]"])
    envelope: dict[str, Any] = json.loads(file.read_bytes())
    assert Signed(envelope, world.organisation).valid == valid


def test_without_a_terminal_only_a_spoken_yes_signs(world: World, signer: DeskUser) -> None:
    file = roster_file(world, world.roster.with_member(mallory()))
    before = file.read_bytes()
    ran = signer.run("roster", "sign", str(file))
    assert ran.code == 1
    assert "--yes" in ran.err
    assert file.read_bytes() == before
