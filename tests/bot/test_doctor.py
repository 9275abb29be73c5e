"""The doctor: a good house is told so; each fault is named with what to do about it."""

import base64
import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import doctor
from bot.compose import utc_now
from bot.counting import Counting
from bot.credentials import make
from bot.doctor import Finding
from bot.key_uses import KeyUses
from bot.keyring import ReturnKeys
from crypto.identity import Identity
from crypto.tally import TallyKey
from intake.counting import month_of
from intake.records import Outcome
from sandbox.client import Sandbox
from sandbox.running import running_sandbox
from storage.migrations import upgrade
from storage.opening import open_storage
from tests.databases import shared_postgres
from tests.organisation import House, free_port, member, text
from tests.storage.keys import take_up
from tests.storage.samples import a_case
from tests.storage.test_cases import submitted

ALL = ["settings", "credentials", "database", "form and information", "roster", "Telegram"]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(limits=False) as made:
        yield made


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


class Patient:
    """The environment that the doctor looks at; `examine` with some settings changed."""

    def __init__(self, house: House, sandbox: Sandbox, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        settings = house.settings(sandbox.url, sandbox.token)
        for name, value in house.environment(settings).items():
            patch.setenv(name, value)

    async def examine(self, **changes: object) -> dict[str, Finding]:
        for name, value in changes.items():
            self._patch.setenv(name.upper(), str(value))
        return {finding.what: finding for finding in await doctor.examine()}


@pytest.fixture
def patient(house: House, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Patient:
    monkeypatch.chdir(house.folder)
    return Patient(house, sandbox, monkeypatch)


def complaint(findings: dict[str, Finding], what: str) -> str:
    """The words of the one fault there is."""
    assert [name for name, finding in findings.items() if not finding.good] == [what]
    return findings[what].words


async def test_a_good_house_is_found_good(patient: Patient) -> None:
    findings = await patient.examine()
    assert list(findings) == ALL
    assert all(finding.good for finding in findings.values())
    assert "will be made at the first start" in findings["database"].words
    assert "valid for 89 days" in findings["roster"].words
    assert "@tropa_sandbox_bot" in findings["Telegram"].words


async def test_it_makes_nothing(patient: Patient, house: House) -> None:
    before = {file.name for file in house.folder.iterdir()}
    first = await patient.examine()
    assert {file.name for file in house.folder.iterdir()} == before
    assert (await patient.examine())["database"] == first["database"]


async def test_it_prepares_nothing_and_says_so(patient: Patient, house: House) -> None:
    (house.folder / "tropa.db").touch()
    for _ in range(2):
        words = (await patient.examine())["database"].words
        assert "migrations are done at the next start" in words


async def test_a_folder_that_cannot_be_written_is_told(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.doctor.os.access", lambda *_: False)  # root may write everywhere
    assert "cannot be written" in complaint(await patient.examine(), "database")


async def test_a_prepared_database_is_up_to_date(patient: Patient, house: House) -> None:
    await upgrade(f"sqlite:///{house.folder / 'tropa.db'}")
    assert (await patient.examine())["database"].words == "reachable and up to date"


async def test_what_postgresql_keeps_is_told_with_where_the_remedy_stands(patient: Patient) -> None:
    address = await shared_postgres().prepared()
    database = (await patient.examine(database_url=address))["database"]
    assert database.good
    assert "log keeps what was re-keyed or erased: see *Moving to PostgreSQL*" in database.words


async def test_counts_of_another_return_key_are_named_with_their_month(
    patient: Patient, house: House
) -> None:
    address = f"sqlite:///{house.folder / 'tropa.db'}"
    await upgrade(address)
    storage = await open_storage(address)
    now = utc_now()
    counting = Counting(house.form, TallyKey(house.return_key), os.urandom)
    await storage.counts.add(counting.closing(Outcome.SAFE, now))
    await storage.close()
    assert all(finding.good for finding in (await patient.examine()).values())
    other = base64.b64encode(os.urandom(32)).decode()
    words = complaint(await patient.examine(return_key=other), "counts")
    assert month_of(now) in words
    assert "RETURN_KEY" in words


async def test_how_many_return_keys_there_are_is_told(patient: Patient, house: House) -> None:
    assert "one return key is there" in (await patient.examine())["credentials"].words
    keys = [base64.b64encode(key).decode() for key in (os.urandom(32), house.return_key)]
    found = await patient.examine(return_key=" ".join(keys))
    assert "2 return keys are there" in found["credentials"].words
    assert all(finding.good for finding in found.values())


async def test_whether_an_older_return_key_can_go_is_told(patient: Patient, house: House) -> None:
    address = f"sqlite:///{house.folder / 'tropa.db'}"
    await upgrade(address)
    storage = await open_storage(address)
    new = os.urandom(32)
    keys, now = ReturnKeys.of(new, house.return_key), utc_now()
    row = " ".join(base64.b64encode(key).decode() for key in (new, house.return_key))
    counting = Counting(house.form, TallyKey(house.return_key), os.urandom)
    await storage.counts.add(counting.closing(Outcome.SAFE, now))
    found = await patient.examine(return_key=row)
    assert "was not started on this database since" in found["older return keys"].words
    assert "counts" not in found  # its key is here
    await KeyUses(storage.facts, keys, lambda: now - timedelta(days=2)).begin()
    words = (await patient.examine(return_key=row))["older return keys"].words
    assert f"the counts of {month_of(now)} are sealed with it" in words
    counting = Counting(house.form, TallyKey(new), os.urandom, (TallyKey(house.return_key),))
    await storage.counts.gather(counting.together)
    found = await patient.examine(return_key=row)
    assert found["older return keys"].words == "1 can go: tropa-server credentials prune DIR"
    assert all(finding.good for finding in found.values())
    await storage.close()


@pytest.mark.parametrize("what", ["folder", "return_key", ".env"])
async def test_secrets_that_others_may_read_are_told_with_what_to_do(
    patient: Patient, house: House, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    folder = house.folder / "credentials"
    make(folder, os.urandom)
    monkeypatch.delenv("WEBHOOK_SECRET")
    (house.folder / ".env").write_text("WEBHOOK_SECRET=a-secret")
    (house.folder / ".env").chmod(0o600)
    found = await patient.examine(credentials_directory=folder)
    assert all(finding.good for finding in found.values())
    path, mode = {
        "folder": (folder, "700"),
        "return_key": (folder / "return_key", "600"),
        ".env": (house.folder / ".env", "600"),
    }[what]
    for open_to in (0o040, 0o004, 0o001):
        path.chmod(int(mode, 8) | open_to)
        words = complaint(await patient.examine(), "credentials")
        assert f"chmod {mode} " in words
        assert path.name in words
    path.chmod(int(mode, 8))
    assert (await patient.examine())["credentials"].good


FAULTS: list[tuple[str, dict[str, object], str, str]] = [
    ("settings", {"queue_listen": "nowhere"}, "settings", "QUEUE_LISTEN"),
    ("no secret", {"webhook_url": "https://x.example/"}, "settings", "openssl rand -hex 32"),
    ("return key", {"return_key": "x"}, "credentials", "openssl rand -base64 32"),
    ("database", {"database_url": "sqlite:////nowhere/at/all.db"}, "database", ""),
    ("database kind", {"database_url": "mysql://x/y"}, "database", ""),
    ("roster", {"roster": "missing.json"}, "roster", "ROSTER"),
    ("token", {"telegram_token": "1:unknown"}, "Telegram", "BotFather"),
    ("address", {"telegram_api_url": f"http://127.0.0.1:{free_port()}"}, "Telegram",
     "TELEGRAM_API_URL"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "what", "advice"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS]
)
async def test_a_fault_is_named_with_what_to_do(
    patient: Patient, changes: dict[str, object], what: str, advice: str
) -> None:
    words = complaint(await patient.examine(**changes), what)
    assert advice in words
    assert len(words) > 20


@pytest.mark.parametrize("name", ["form", "organisation", "information"])
async def test_a_file_of_the_organisation_that_is_missing_is_named(
    patient: Patient, name: str
) -> None:
    findings = await patient.examine(**{name: "missing"})
    assert name.upper() in complaint(findings, "form and information")
    assert "roster" not in findings  # not guessed without them


@pytest.mark.parametrize(("name", "what"), [("form", "form and information"), ("roster", "roster")])
async def test_a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for(
    patient: Patient, tmp_path: Path, name: str, what: str
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    findings = await patient.examine(**{name: str(pipe)})
    assert "it is a pipe or a device" in complaint(findings, what)


async def test_missing_settings_are_all_there_is_to_say(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TELEGRAM_TOKEN")
    (finding,) = (await patient.examine()).values()
    assert not finding.good
    assert finding.words.startswith("TELEGRAM_TOKEN")


async def test_a_forged_roster_is_told(patient: Patient, house: House) -> None:
    house.sign(house.roster(), Identity.new(lambda count: b"f" * count))
    assert complaint(await patient.examine(), "roster")


async def test_a_roster_that_is_no_json_is_told(patient: Patient, house: House) -> None:
    house.roster_path.write_text("{")
    assert "fresh copy" in complaint(await patient.examine(), "roster")


async def test_an_expired_roster_is_told(patient: Patient, house: House) -> None:
    house.sign(house.roster(valid=timedelta(days=-1)))
    assert complaint(await patient.examine(), "roster")


async def test_a_roster_older_than_one_seen_is_told(patient: Patient, house: House) -> None:
    address = f"sqlite:///{house.folder / 'tropa.db'}"
    await upgrade(address)
    storage = await open_storage(address)
    await storage.facts.raise_to("roster epoch", 5)
    await storage.close()
    assert complaint(await patient.examine(), "roster")


async def test_a_key_to_which_nothing_can_be_sealed_is_told(patient: Patient, house: House) -> None:
    key = house.signer.sealing_public[:1184] + bytes(32)
    bad = member("mallory", house.signer).model_copy(update={"sealing_public": text(key)})
    house.sign(house.roster(timedelta(days=90), bad))
    assert "sealed to mallory" in complaint(await patient.examine(), "roster")


async def test_what_nobody_covers_is_said_where_there_is_no_lead(
    patient: Patient, house: House
) -> None:
    assert "no lead" not in (await patient.examine())["roster"].words
    only = member("anna", house.anna, languages=("ru",))
    house.sign(house.roster().model_copy(update={"members": (only,)}))
    finding = (await patient.examine())["roster"]
    assert finding.good
    assert "there is no lead, and nobody fits for: asylum in en, " in finding.words
    assert "in ru" not in finding.words


async def test_a_form_that_is_not_the_signed_one_is_told(
    patient: Patient, house: House, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_bytes(house.form_path.read_bytes() + b"\n# changed\n")
    assert "FORM" in complaint(await patient.examine(form=other), "roster")


async def test_no_finding_shows_a_secret(patient: Patient, house: House) -> None:
    import base64

    key = base64.b64encode(house.return_key).decode()
    shown = json.dumps([f.words for f in (await patient.examine()).values()])
    assert key not in shown
    assert "42:sandbox" not in shown


async def test_how_many_cases_wait_for_fresh_keys_and_which_nobody_can_open(
    patient: Patient, house: House
) -> None:
    address, gone = f"sqlite:///{house.folder / 'tropa.db'}", "99" * 16
    await upgrade(address)
    storage = await open_storage(address)
    assert (await patient.examine())["keys"].words == "0 cases wait to be re-keyed"
    await submitted(storage, a_case(members=(gone, house.anna.key_id)))
    await submitted(storage, a_case(members=(house.anna.key_id,)))
    await take_up(storage, 1, house.anna.key_id)
    words = (await patient.examine())["keys"].words
    assert words.startswith("1 cases wait to be re-keyed: somebody could open them")
    await submitted(storage, a_case(members=(gone,)))
    await storage.close()
    words = complaint(await patient.examine(), "keys")
    assert words.startswith("1 cases can be opened by nobody on the roster")
    assert "tropa roster add" in words


async def test_what_ends_soon_is_told(patient: Patient, house: House) -> None:
    now, roster = utc_now(), house.roster(timedelta(days=13))
    people = [
        member(name, Identity.new(os.urandom)).model_copy(update={"until": now + timedelta(days)})
        for name, days in (("vera", 13), ("olga", -1), ("eva", 15))
    ]
    house.sign(roster.model_copy(update={"members": (*roster.members, *people)}))
    finding = (await patient.examine())["roster"]
    assert finding.good
    assert "4 members, valid for 12 days; have it extended and signed" in finding.words
    assert "the time of 1 of them ends within 14 days; that of 1 more is over" in finding.words
    assert not any(one.name in finding.words for one in people)


async def test_a_roster_on_which_nobodys_time_runs_is_as_an_empty_one(
    patient: Patient, house: House
) -> None:
    over = member("anna", house.anna).model_copy(update={"until": utc_now()})
    house.sign(house.roster().model_copy(update={"members": (over,)}))
    assert "no volunteer and no lead" in complaint(await patient.examine(), "roster")
