"""From nothing to a roster in force, as an organisation does it with the commands."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.envelope import read_unverified, sign_payload
from desk.card import Card
from intake.roster import ROSTER_TYPE, Member, Roster
from tests.desk.world import FORM_FILE, PASSPHRASE, DeskUser, Ran, Time, identity_of

Person = Callable[[str], DeskUser]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    time = Time()
    return lambda name: DeskUser(tmp_path / name, time, width=120)


def card_of(user: DeskUser) -> str:
    return user.run("identity", "show").out.strip()


def founded(person: Person, tmp_path: Path, threshold: int = 2) -> tuple[list[DeskUser], str]:
    """Two signers with identities, an organisation, and its roster file."""
    signers = [person("one"), person("two")]
    for signer in signers:
        signer.settle()
    file = str(tmp_path / "roster.json")
    keys = [part for signer in signers for part in ("--key", card_of(signer))]
    ran = signers[0].run(
        *("roster", "new", "--organisation", "Trail", "--website", "https://trail.example"),
        *keys,
        *("--threshold", str(threshold), "--form", str(FORM_FILE), "--file", file),
    )
    assert ran.code == 0, ran.all
    return signers, file


def test_an_identity_shows_its_words_once_and_opens_with_its_passphrase(person: Person) -> None:
    user = person("anna")
    ran = user.run("identity", "new", "--name", "anna")
    assert len(re.findall(r"\d+ [a-z]{3,8}\b", ran.out.split("Whoever")[0])) >= 24
    assert (user.home / "identity.age").read_bytes().startswith(b"age-encryption.org/v1\n")
    assert (user.home / "identity.age").stat().st_mode & 0o777 == 0o600
    assert user.home.stat().st_mode & 0o777 == 0o700
    assert user.run("identity", "show", "--json").json["name"] == "anna"


def test_a_second_identity_never_replaces_the_first(person: Person) -> None:
    user = person("anna")
    user.run("identity", "new")
    before = (user.home / "identity.age").read_bytes()
    ran = user.run("identity", "new")
    assert ran.code == 1
    assert "nothing was changed" in ran.all
    assert (user.home / "identity.age").read_bytes() == before


def test_the_words_bring_the_identity_back(person: Person) -> None:
    user, again = person("anna"), person("again")
    ran = user.run("identity", "new", "--name", "anna")
    numbered = dict(
        re.findall(r"(\d+) ([a-z]{3,8})\b", ran.out.split("Whoever")[0].split("now.")[1])
    )
    words = " ".join(numbered[str(place)] for place in range(1, 25))
    again.typed = [words, PASSPHRASE, PASSPHRASE]
    restored = again.run("identity", "restore", "--name", "anna")
    assert restored.code == 0, restored.all
    assert "Next: tropa join" in restored.all
    assert "send your card" not in restored.all  # the roster has this key
    assert card_of(again) == card_of(user)
    wrong = person("wrong")
    wrong.typed = [words.replace(numbered["3"], "xylophone")]
    assert "word 3 is not in the list" in wrong.run("identity", "restore").all


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["", ""], "is empty"),
        (["short", "short"], "too short"),
        ([PASSPHRASE, PASSPHRASE + "x"], "differ"),
    ],
)
def test_a_new_passphrase_must_serve(person: Person, typed: list[str], why: str) -> None:
    user = person("anna")
    user.typed = typed
    ran = user.run("identity", "new")
    assert ran.code == 1
    assert why in ran.err
    assert not (user.home / "identity.age").exists()


def test_the_fingerprint_is_the_same_at_both_ends(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    anna = person("anna")
    anna.settle()
    fingerprint = anna.run("identity", "show", "--json").json["fingerprint"]
    assert re.fullmatch(r"(\d{5} ){7}\d{5}", fingerprint)
    assert fingerprint in person("one").run("roster", "add", file, card_of(anna)).all


def test_a_roster_is_in_force_when_enough_have_signed(person: Person, tmp_path: Path) -> None:
    (one, two), file = founded(person, tmp_path)
    assert "0 valid, 2 of 2 keys needed - NOT IN FORCE" in one.run("roster", "show", file).all
    assert "1 of the 2" in one.run("roster", "sign", "--yes", file).all
    assert "NOT IN FORCE" in one.run("roster", "show", file).all
    assert "2 of the 2" in two.run("roster", "sign", "--yes", file).all
    shown = one.run("roster", "show", file)
    assert "NOT IN FORCE" not in shown.all
    assert "31 days left" in shown.all or "30 days left" in shown.all


def test_signing_twice_does_not_count_twice(person: Person, tmp_path: Path) -> None:
    (one, _), file = founded(person, tmp_path)
    one.run("roster", "sign", "--yes", file)
    ran = one.run("roster", "sign", "--yes", file)
    assert ran.code == 1
    assert "already" in ran.err
    assert one.run("roster", "show", file, "--json").json["signatures"] == {"valid": 1, "needed": 2}


def test_a_key_that_is_not_pinned_may_not_sign(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    eve = person("eve")
    eve.settle()
    ran = eve.run("roster", "sign", "--yes", file)
    assert ran.code == 1
    assert "not among the 2 keys" in ran.all


@pytest.mark.parametrize("change", ["add", "form", "extend"])
def test_every_change_raises_the_epoch_and_drops_the_signatures(
    person: Person, tmp_path: Path, change: str
) -> None:
    (one, two), file = founded(person, tmp_path)
    one.run("roster", "sign", "--yes", file)
    two.run("roster", "sign", "--yes", file)
    other = tmp_path / "other.yaml"
    other.write_bytes(FORM_FILE.read_bytes() + b"\n# another\n")
    card = Card.of("anna", identity_of("anna")).line()
    arguments = {"add": [card], "form": [str(other)], "extend": ["--valid-days", "60"]}[change]
    assert one.run("roster", change, file, *arguments).code == 0
    after = one.run("roster", "show", file, "--json").json
    assert after["epoch"] == 2
    assert after["signatures"]["valid"] == 0
    assert len(after["forms"]) == (2 if change == "form" else 1)


def add(person: Person, file: str, *arguments: str) -> Ran:
    return person("one").run("roster", "add", file, *arguments)


def test_a_member_stands_with_role_skills_and_languages(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    card = tmp_path / "anna.card"
    card.write_text(Card.of("anna", identity_of("anna")).line() + "\n")
    add(
        person,
        file,
        str(card),
        "--role",
        "lead",
        "--skills",
        "Legal, asylum",
        "--languages",
        "ru,en",
    )
    member = Member.model_validate(
        person("one").run("roster", "show", file, "--json").json["members"][0]
    )
    assert (member.role, member.skills, member.languages) == (
        "lead",
        ("asylum", "legal"),
        ("en", "ru"),
    )


def members(person: Person, file: str) -> dict[str, Member]:
    shown = person("one").run("roster", "show", file, "--json").json["members"]
    return {one["name"]: Member.model_validate(one) for one in shown}


def test_a_coordinator_needs_neither_skills_nor_languages(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    ran = add(person, file, Card.of("kira", identity_of("kira")).line(), "--role", "coordinator")
    assert ran.code == 0, ran.all
    kira = members(person, file)["kira"]
    assert kira.opens_counts
    assert not kira.opens_cases
    line = next(line for line in shown_lines(person, file) if line.startswith("kira "))
    assert line.split() == ["kira", "coordinator", "-", "-", "-", "yes"]


def shown_lines(person: Person, file: str) -> list[str]:
    return person("one").run("roster", "show", file).out.splitlines()


@pytest.mark.parametrize("role", ["volunteer", "lead"])
def test_the_counts_are_given_to_whoever_opens_cases(
    person: Person, tmp_path: Path, role: str
) -> None:
    _, file = founded(person, tmp_path)
    given, other = (Card.of(name, identity_of(name)).line() for name in ("anna", "boris"))
    assert add(person, file, given, "--role", role, "--skills", "legal", "--counts").code == 0
    assert add(person, file, other, "--role", role).code == 0
    assert [members(person, file)[name].opens_counts for name in ("anna", "boris")] == [True, False]
    ends = {line.split()[0]: line.split()[-1] for line in shown_lines(person, file) if role in line}
    assert ends == {"anna": "yes", "boris": "-"}


def test_a_coordinator_sees_them_by_her_role_alone(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    card = Card.of("kira", identity_of("kira")).line()
    assert add(person, file, card, "--role", "coordinator", "--counts").code == 0
    assert members(person, file)["kira"].counts is False
    assert members(person, file)["kira"].opens_counts


def test_the_key_for_recovery_is_used_for_nothing_else(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    before = Path(file).read_bytes()
    card = Card.of("safe", identity_of("safe")).line()
    ran = add(person, file, card, "--role", "recovery", "--counts")
    assert ran.code == 1
    assert "for emergencies alone" in ran.err
    assert Path(file).read_bytes() == before


def test_a_removed_member_is_gone_and_the_signatures_too(person: Person, tmp_path: Path) -> None:
    (one, two), file = founded(person, tmp_path)
    for name in ("anna", "boris"):
        add(person, file, Card.of(name, identity_of(name)).line())
    for signer in (one, two):
        signer.run("roster", "sign", "--yes", file)
    ran = one.run("roster", "remove", file, "Anna")
    assert ran.code == 0, ran.all
    after = one.run("roster", "show", file, "--json").json
    assert [member["name"] for member in after["members"]] == ["boris"]
    assert (after["epoch"], after["signatures"]["valid"]) == (4, 0)


def test_removing_whom_the_roster_does_not_hold_changes_nothing(
    person: Person, tmp_path: Path
) -> None:
    (one, _), file = founded(person, tmp_path)
    before = Path(file).read_bytes()
    ran = one.run("roster", "remove", file, "anna")
    assert ran.code == 1
    assert "Nobody of this name" in ran.err
    assert Path(file).read_bytes() == before


def bad_sealing_keys() -> list[bytes]:
    """An X25519 half that everybody knows, one of low order, and each half empty or impossible."""
    good = identity_of("mallory").sealing_public
    return [
        good[:1184] + bytes(32),
        good[:1184] + b"\x01" + bytes(31),
        bytes(1184) + good[1184:],
        b"\xff" * 1184 + good[1184:],
    ]


@pytest.mark.parametrize("key", bad_sealing_keys(), ids=["zero", "low order", "empty", "range"])
def test_a_card_to_which_nothing_can_be_sealed_is_refused(
    person: Person, tmp_path: Path, key: bytes
) -> None:
    (one, _), file = founded(person, tmp_path)
    before = Path(file).read_bytes()
    card = Card("mallory", identity_of("mallory").signing_public, key)
    ran = add(person, file, card.line())
    assert ran.code == 1
    assert "The sealing key of mallory is none" in ran.all
    # Put there without the desk, it is found by whoever signs.
    roster = Roster.from_payload(read_unverified(json.loads(before), ROSTER_TYPE))
    worse = sign_payload(roster.with_member(card.member()).to_payload(), ROSTER_TYPE, [])
    Path(file).write_text(json.dumps(worse))
    ran = one.run("roster", "sign", "--yes", file)
    assert ran.code == 1
    assert "The sealing key of mallory is none" in ran.all
    assert one.run("roster", "show", file, "--json").json["signatures"]["valid"] == 0


def test_nobody_is_added_twice(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    card = Card.of("anna", identity_of("anna")).line()
    add(person, file, card)
    ran = add(person, file, card)
    assert ran.code == 1
    assert "twice" in ran.err


@pytest.mark.parametrize("cut", [5, 13, 20, 100, -1])
def test_a_card_that_was_cut_is_refused(person: Person, tmp_path: Path, cut: int) -> None:
    _, file = founded(person, tmp_path)
    ran = add(person, file, Card.of("anna", identity_of("anna")).line()[:cut])
    assert ran.code == 1
    assert ran.err


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"payload": 1}', b"[" * 100_000])
def test_a_damaged_roster_file_is_told(person: Person, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "roster.json"
    file.write_bytes(data)
    ran = person("one").run("roster", "extend", str(file))
    assert ran.code == 1
    assert "no roster" in ran.err


def test_a_form_that_cannot_work_is_not_put_in_use(person: Person, tmp_path: Path) -> None:
    _, file = founded(person, tmp_path)
    form = tmp_path / "broken.yaml"
    form.write_text("questions: []\n")
    ran = person("one").run("roster", "form", file, str(form))
    assert ran.code == 1
    assert "form check" in ran.all


def test_founding_again_changes_nothing(person: Person, tmp_path: Path) -> None:
    (one, _), file = founded(person, tmp_path)
    before = Path(file).read_bytes()
    ran = one.run(
        *("roster", "new", "--organisation", "X", "--website", "https://x.example"),
        *("--key", card_of(one), "--form", str(FORM_FILE), "--file", file),
    )
    assert ran.code == 1
    assert Path(file).read_bytes() == before


def test_more_signatures_than_keys_cannot_be_asked(person: Person, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="more signatures than there are keys"):
        founded(person, tmp_path, threshold=3)
