"""A case for somebody outside: nobody but the named keys opens it, and it holds what it should."""

import resource
from pathlib import Path

import pyrage
import pytest

from tests.desk.test_acts import taken, told, written
from tests.desk.world import URGENT, World


@pytest.fixture(name="lawyer")
def _lawyer() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


def test_the_lawyer_reads_the_case_with_age_alone(
    world: World, lawyer: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    case = taken(world)
    anna = world.desk("anna")
    told(anna.run("reply", case, "--yes", "--file", written(world, "Мы читаем")))
    told(anna.run("note", case, "--file", written(world, "Только для своих")))
    target = tmp_path / "out.age"
    told(anna.run("export", case, "--to", str(lawyer.to_public()), "--output", str(target)))
    assert target.stat().st_mode & 0o777 == 0o600
    text = pyrage.decrypt(target.read_bytes(), [lawyer]).decode()
    for words in ("Планка-7", "Mobilised", "Мы читаем"):
        assert words in text
    for words in ("Только для своих", "Can open it", "\x1b", "\f"):
        assert words not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "Планка-7".encode() not in target.read_bytes()


def test_notes_go_out_only_when_asked_for(
    world: World, lawyer: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    case = taken(world)
    anna = world.desk("anna")
    told(anna.run("note", case, "--file", written(world, "Только для своих")))
    target, key = tmp_path / "out.age", str(lawyer.to_public())
    told(anna.run("export", case, "--to", key, "--notes", "--output", str(target)))
    assert "Только для своих" in pyrage.decrypt(target.read_bytes(), [lawyer]).decode()


def test_the_codeword_stays_with_us(
    world: World, lawyer: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    case = world.submit({**URGENT, "codeword": "сосна"})
    anna = world.desk("anna")
    told(anna.run("take", case))
    told(anna.run("reply", case, "--yes", "--file", written(world, "Мы читаем")))
    assert "сосна" in anna.run("open", case).out
    target, key = tmp_path / "out.age", str(lawyer.to_public())
    told(anna.run("export", case, "--to", key, "--notes", "--output", str(target)))
    text = pyrage.decrypt(target.read_bytes(), [lawyer]).decode()
    assert "Мы читаем" in text
    assert "сосна" not in text


def test_several_keys_open_it_and_no_other(
    world: World, lawyer: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    case = taken(world)
    second, stranger = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    keys = [option for one in (lawyer, second) for option in ("--to", str(one.to_public()))]
    target = tmp_path / "out.age"
    told(world.desk("anna").run("export", case, *keys, "--output", str(target)))
    for one in (lawyer, second):
        assert b"Mobilised" in pyrage.decrypt(target.read_bytes(), [one])
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(target.read_bytes(), [stranger])


def test_a_file_that_is_there_is_not_touched(
    world: World, lawyer: pyrage.x25519.Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    case = taken(world)
    command = ("export", case, "--to", str(lawyer.to_public()))
    told(world.desk("anna").run(*command))
    target = tmp_path / f"{case[:8]}.txt.age"
    before = target.read_bytes()
    ran = world.desk("anna").run(*command)
    assert ran.code == 1
    assert "exists already" in ran.all
    assert target.read_bytes() == before
    nowhere = world.desk("anna").run(*command, "--output", str(tmp_path / "none" / "x.age"))
    assert f"There is no folder {tmp_path / 'none'}." in nowhere.all.replace("\n", "")


def test_where_it_does_not_fit_nothing_is_left_of_it(
    world: World, lawyer: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    case, target = taken(world), tmp_path / "out.age"
    command = ("export", case, "--to", str(lawyer.to_public()), "--output", str(target))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        ran = world.desk("anna").run(*command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ran.code == 1
    assert not target.exists()
    told(world.desk("anna").run(*command))


@pytest.mark.parametrize("key", ["age1", "AGE-SECRET-KEY-1", "ssh-ed25519 AAAA", "tropa-member:x"])
def test_what_is_no_age_key_is_told_before_anything_is_opened(world: World, key: str) -> None:
    case = taken(world)
    ran = world.desk("anna").run("export", case, "--to", key, open_seed=lambda *_: 1 / 0)
    assert ran.code == 1
    assert "This is no age key" in ran.all
