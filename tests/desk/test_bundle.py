"""A case as a file, on a machine that is never online: opened, and nothing else believed."""

import json
from pathlib import Path

import pytest

from intake.bundle import Bundle
from intake.wire import CaseFile
from tests.desk.world import URGENT, DeskUser, World, held_file, identity_of


def bundle(world: World) -> Bundle:
    """As the bot makes it: the case that Anna took, the signed roster, the form."""
    case = world.submit(URGENT)
    anna = world.desk("anna")
    assert anna.run("take", case).code == 0
    whole = CaseFile.from_bytes(held_file(anna, case).read_bytes())
    assert world.envelope is not None
    return Bundle.of(whole, world.envelope, world.form_bytes)


def put(world: World, made: Bundle) -> str:
    path = world.folder / "case-3f9a1b2c.tropa"
    path.write_bytes(made.to_bytes())
    return str(path)


def apart(world: World, name: str = "anna") -> DeskUser:
    """The machine of this member that never sees a network."""
    user = DeskUser(world.folder / f"apart-{name}", world.time)
    user.settle(name)
    assert user.run("join", "--offline", str(world.organisation_file)).code == 0
    return user


@pytest.fixture(name="file")
def _file(world: World) -> str:
    return put(world, bundle(world))


def test_it_opens_on_a_machine_that_never_saw_a_server(world: World, file: str) -> None:
    world.wait(world.runner.cleanup())
    ran = apart(world).run("open", file)
    assert ran.code == 0, ran.all
    assert "Планка-7 не открывается" in ran.all


def test_it_opens_again_after_the_roster_is_over(world: World, file: str) -> None:
    user = apart(world)
    assert user.run("open", file).code == 0
    world.time.pass_(days=60)
    assert user.run("open", file).code == 0


def test_an_expired_roster_is_no_beginning(world: World, file: str) -> None:
    world.time.pass_(days=60)
    ran = apart(world).run("open", file)
    assert ran.code == 1
    assert "expired" in ran.all
    assert "Планка" not in ran.all


def test_a_file_with_an_older_roster_opens_beside_a_newer_one(world: World, file: str) -> None:
    user = apart(world)
    world.put(world.roster.extended(world.roster.valid_until))
    newer = Bundle.from_bytes(Path(file).read_bytes())
    assert world.envelope is not None
    other = world.folder / "newer.tropa"
    other.write_bytes(Bundle.of(newer.case, world.envelope, world.form_bytes).to_bytes())
    assert user.run("open", str(other)).code == 0
    assert user.run("open", file).code == 0


def test_a_roster_of_somebody_else_is_refused(world: World) -> None:
    made = bundle(world)
    stranger = identity_of("stranger")
    forged = world.signed(world.roster, [stranger, identity_of("another")])
    user = apart(world)
    ran = user.run("open", put(world, Bundle.of(made.case, forged, world.form_bytes)))
    assert ran.code == 1
    assert "signatures of your organisation" in ran.all
    assert "Планка" not in ran.all


def test_another_form_is_refused(world: World) -> None:
    made = bundle(world)
    assert world.envelope is not None
    other = Bundle.of(made.case, world.envelope, world.form_bytes + b"\n# one line more\n")
    ran = apart(world).run("open", put(world, other))
    assert ran.code == 1
    assert "another form" in ran.all


def test_it_opens_for_its_member_alone(world: World, file: str) -> None:
    ran = apart(world, "vera").run("open", file)
    assert ran.code == 1
    assert "Your identity does not open this case" in ran.all


def test_without_having_joined_it_says_how(world: World, file: str) -> None:
    user = DeskUser(world.folder / "new", world.time)
    user.settle("anna")
    ran = user.run("open", file)
    assert ran.code == 1
    assert "tropa join" in ran.all


@pytest.mark.parametrize("cut", [0, 1, 200, -2])
def test_a_file_that_was_cut_short_says_so(world: World, file: str, cut: int) -> None:
    path = Path(file)
    path.write_bytes(path.read_bytes()[:cut])
    ran = apart(world).run("open", file)
    assert ran.code == 1
    assert "not a whole file of a case" in ran.all


def test_a_field_too_many_is_no_file_of_ours(world: World, file: str) -> None:
    path = Path(file)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chat": 5}))
    assert "not a whole file" in apart(world).run("open", file).all


def test_joining_with_a_server_still_wants_both(world: World) -> None:
    ran = world.bare_desk("anna").run("join", world.url)
    assert ran.code == 1
    assert "tropa join URL organisation.json" in ran.all


def test_what_needs_a_server_says_that_there_is_none(world: World) -> None:
    ran = apart(world).run("queue")
    assert (ran.code, "it was joined without one" in ran.all) == (1, True)
