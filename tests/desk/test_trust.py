"""What the desk refuses to believe: forged, old and expired rosters, and other forms."""

import errno
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto.envelope import sign_payload
from desk import home
from desk.card import Card
from desk.client import checked_url
from desk.errors import DeskError
from intake.roster import ROSTER_TYPE, Role
from tests.desk.world import URGENT, World, identity_of


def later(world: World, **changes: Any) -> None:
    world.put(world.roster.extended(world.time() + timedelta(days=20)), **changes)


def test_a_newer_roster_is_accepted(world: World) -> None:
    user = world.desk("anna")
    later(world)
    assert user.run("queue").code == 0


def test_an_older_roster_is_refused_even_after_a_restart(world: World) -> None:
    user = world.desk("anna")
    old = world.envelope
    later(world)
    user.run("queue")
    world.envelope = old
    for _ in range(2):
        ran = user.run("queue")
        assert ran.code == 1
        assert "old roster (epoch 7; this desk has seen 8)" in ran.all


def test_cut_off_while_it_notes_a_roster_it_takes_no_older_one_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, old = world.desk("anna"), world.envelope
    later(world)
    writes, left = home.write_file, [1]

    def once(path: Path, data: bytes) -> None:
        if not left:
            raise home.explain(OSError(errno.ENOSPC, "No space left on device"), path)
        left.pop()
        writes(path, data)

    monkeypatch.setattr(home, "write_file", once)
    assert "The disk is full" in user.run("queue").all
    monkeypatch.setattr(home, "write_file", writes)
    world.envelope = old
    assert "old roster (epoch 7; this desk has seen 8)" in user.run("queue").all


def test_on_a_full_disk_a_desk_that_knows_its_roster_works_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = world.desk("anna")

    def full(path: Path, _: bytes) -> None:
        raise home.explain(OSError(errno.ENOSPC, "No space left on device"), path)

    monkeypatch.setattr(home, "write_file", full)
    assert user.run("queue").code == 0


@pytest.mark.parametrize("noted", ["epoch and content", "epoch alone"])
def test_another_roster_of_the_same_epoch_is_refused(world: World, noted: str) -> None:
    user = world.desk("anna")
    card = Card.of("mallory", identity_of("mallory"))
    first = world.roster.extended(world.time() + timedelta(days=20))
    second = world.roster.with_member(card.member(Role.LEAD, ("legal",), ("ru",)))
    assert first.epoch == second.epoch
    world.put(first)
    assert user.run("queue").code == 0
    if noted == "epoch alone":
        (user.home / "highest-epoch").write_text(str(first.epoch))
    world.put(second)
    for _ in range(2):
        ran = user.run("queue")
        assert ran.code == 1
        assert "another roster than before with the same epoch (8)" in ran.all
    world.put(first)
    assert user.run("queue").code == 0, "the one it accepted stays good"
    world.put(second.extended(world.time() + timedelta(days=25)))
    assert user.run("queue").code == 0, "and the next epoch settles it"


def test_an_expired_roster_is_refused(world: World) -> None:
    user = world.desk("anna")
    world.time.pass_(days=31)
    ran = user.run("queue")
    assert ran.code == 1
    assert "expired on 2026-12-22" in ran.err


def too_few(world: World) -> bytes:
    return world.signed(world.roster, world.signers[:1])


def one_key_twice(world: World) -> bytes:
    envelope = sign_payload(world.roster.to_payload(), ROSTER_TYPE, [world.signers[0]])
    envelope["signatures"] = envelope["signatures"] * 2
    return json.dumps(envelope).encode()


def one_key_twice_under_two_names(world: World) -> bytes:
    envelope = json.loads(one_key_twice(world))
    other = sign_payload(b"{}", ROSTER_TYPE, [world.signers[1]])["signatures"][0]["keyid"]
    envelope["signatures"][1]["keyid"] = other
    return json.dumps(envelope).encode()


def strangers(world: World) -> bytes:
    return world.signed(world.roster, [identity_of("eve"), identity_of("mallory")])


def changed_after_signing(world: World) -> bytes:
    envelope = json.loads(world.signed(world.roster))
    other = sign_payload(world.roster.with_form("0" * 64).to_payload(), ROSTER_TYPE, [])
    envelope["payload"] = other["payload"]
    return json.dumps(envelope).encode()


def of_another_type(world: World) -> bytes:
    payload = world.roster.to_payload()
    return json.dumps(sign_payload(payload, "text/plain", world.signers[:2])).encode()


def relabelled(world: World) -> bytes:
    envelope = json.loads(of_another_type(world))
    envelope["payloadType"] = ROSTER_TYPE
    return json.dumps(envelope).encode()


@pytest.mark.parametrize(
    "forge",
    [
        too_few,
        one_key_twice,
        one_key_twice_under_two_names,
        strangers,
        changed_after_signing,
        of_another_type,
        relabelled,
    ],
)
def test_a_forged_roster_stops_every_command(world: World, forge: Callable[[World], bytes]) -> None:
    user = world.desk("anna")
    case = world.submit(URGENT)
    user.run("take", case)
    world.envelope = forge(world)
    for command in (["queue"], ["take", case], ["give-back", case], ["open", case, "--fresh"]):
        ran = user.run(*command)
        assert ran.code == 1
        assert ran.out == ""
        assert "forged or unfinished" in ran.err


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b"\xff"])
def test_what_is_no_roster_is_refused(world: World, body: bytes) -> None:
    user = world.desk("anna")
    world.envelope = body
    ran = user.run("queue")
    assert ran.code == 1
    assert "roster" in ran.err


def test_a_refused_roster_leaves_the_accepted_one_in_place(world: World) -> None:
    user = world.desk("anna")
    before = (user.home / "roster.json").read_bytes()
    later(world, signers=world.signers[:1])
    user.run("queue")
    assert (user.home / "roster.json").read_bytes() == before
    assert (user.home / "highest-epoch").read_bytes().split()[0] == b"7"


def test_another_organisations_roster_is_refused(world: World) -> None:
    user = world.desk("anna")
    world.put(world.roster.model_copy(update={"organisation": "Path", "epoch": 50}))
    assert "another organisation" in user.run("queue").err


def test_a_form_that_does_not_match_its_digest_is_refused(world: World) -> None:
    user = world.bare_desk("anna")
    world.form_bytes += b"\n# one more line\n"
    ran = user.run("join", world.url, str(world.organisation_file))
    assert ran.code == 1
    assert "another form" in ran.err


def test_a_form_damaged_in_the_cache_is_fetched_again(world: World) -> None:
    user = world.desk("anna")
    cached = user.home / "forms" / f"{world.form.digest}.yaml"
    cached.write_bytes(b"damaged")
    assert user.run("queue").code == 0
    assert cached.read_bytes() == world.form_bytes


def test_joining_before_having_an_identity_says_what_comes_first(world: World) -> None:
    ran = world.bare_desk("new").run("join", world.url, str(world.organisation_file))
    assert ran.code == 0, ran.all
    assert "Joined Trail" in ran.all
    assert "tropa identity new" in ran.all
    assert "With recovery lists none is needed" in ran.all


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("tropa.example.org", "https://tropa.example.org"),
        ("https://tropa.example.org/desk/", "https://tropa.example.org/desk"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://abcdef.onion", "http://abcdef.onion"),
    ],
)
def test_an_address_is_kept_as_it_is_used(given: str, kept: str) -> None:
    assert checked_url(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://tropa.example.org",
        "ftp://x",
        "https://",
        "https://me:secret@x.org",
        "https://x?y=1",
        "https://[::1",
    ],
)
def test_an_address_that_would_leak_is_refused(given: str) -> None:
    with pytest.raises(DeskError):
        checked_url(given)
