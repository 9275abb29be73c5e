"""Real processes of the operator's: what they print and log shows no secret, and a
server killed while it takes over what an older key sealed loses nothing."""

import asyncio
import base64
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.compose import utc_now
from bot.counting import Counting
from bot.keyring import BadKeys, ReturnKeys
from crypto.linked import LinkedChat, LinkedChats
from crypto.tally import TallyKey
from intake.records import Outcome
from sandbox.client import Sandbox
from storage.migrations import upgrade
from storage.opening import Storage, open_storage
from tests.organisation import House
from tests.promises.processes import BIN, Tropa, plain_environment, sandbox_process

CHATS = range(7_700_000_000_001, 7_700_000_000_101)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with sandbox_process() as made:
        yield made


def spelt(secret: bytes) -> set[str]:
    """A key as it might be written; the last as its bytes."""
    urlsafe = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    words = {base64.b64encode(secret).decode().rstrip("="), urlsafe, secret.hex()}
    return words | {secret.hex().upper(), repr(secret)[2:-1], secret.decode("latin-1")}


def days_go_by(database: Path) -> None:
    """As if what the servers noted of their keys had been noted some days ago."""
    with closing(sqlite3.connect(database)) as connection, connection:
        moved = connection.execute(
            "UPDATE facts SET value = value - 3 WHERE key LIKE 'return key%'"
        )
        assert moved.rowcount == 2


class Operator:
    """Somebody at a shell of the server, with nothing but the folder of credentials set."""

    def __init__(self, house: House, sandbox: Sandbox) -> None:
        self.folder = house.folder / "credentials"
        settings = house.settings(sandbox.url, sandbox.token, log_level="DEBUG")
        plain = house.environment(settings)
        for name in ("TELEGRAM_TOKEN", "RETURN_KEY", "WEBHOOK_SECRET"):
            del plain[name]
        self.given = plain | {"CREDENTIALS_DIRECTORY": str(self.folder)}
        self.server = Tropa(house, sandbox, self.given)
        self.token = sandbox.token
        self.house = house
        self.said = b""
        self.seen: set[str] = set()

    def types(self, *words: str, good: bool = True) -> str:
        done = subprocess.run(
            [str(BIN / "tropa-server"), *words],
            env={**plain_environment(self.house.folder), **self.given},
            cwd=self.house.folder,
            capture_output=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode == 0) is good, said.decode()
        self.said += said
        self.look()
        return said.decode()

    async def runs(self, by: signal.Signals = signal.SIGTERM) -> None:
        await self.server.start()
        await self.server.end(by)
        self.look()

    def look(self) -> None:
        """Remember every secret that there is now."""
        for path in self.folder.iterdir():
            text = path.read_text()
            if path.name != "return_key":
                self.seen.add(text.strip())
                continue
            with suppress(BadKeys):
                for key in ReturnKeys.parse(text).row:
                    self.seen |= spelt(key.secret)

    def shown(self) -> list[str]:
        said = self.said + self.server.words.encode()
        return [one for one in self.seen if one.encode() in said or one.encode("latin-1") in said]


@pytest.fixture
def operator(house: House, sandbox: Sandbox) -> Operator:
    return Operator(house, sandbox)


async def test_from_the_first_key_to_the_last_nothing_shows_a_secret(operator: Operator) -> None:
    assert str(operator.folder / "return_key") in operator.types(
        "credentials", "new", "credentials"
    )
    (operator.folder / "telegram_token").write_text(operator.token)
    (operator.folder / "telegram_token").chmod(0o600)
    operator.types("credentials", "new", "credentials", good=False)
    await operator.runs()
    assert "one return key is there" in operator.types("doctor")
    assert "Restart the server" in operator.types("credentials", "rotate", "credentials")
    assert "2 return keys are there" in operator.types("doctor")
    assert "was not started" in operator.types("credentials", "prune", "credentials", good=False)
    operator.types("credentials", "rotate", "credentials", "--webhook-secret")
    await operator.runs()
    said = operator.types("credentials", "prune", "credentials", good=False)
    assert "a server that was not restarted may seal with it still" in said
    days_go_by(Path(operator.given["DATABASE_URL"].removeprefix("sqlite:///")))
    assert "1 can go: tropa-server credentials prune" in operator.types("doctor")
    assert "Dropped" in operator.types("credentials", "prune", "credentials")
    assert "it is in use" in operator.types("credentials", "prune", "credentials")
    await operator.runs(signal.SIGKILL)
    spoilt = base64.b64encode(os.urandom(31)).decode()
    with (operator.folder / "return_key").open("a") as file:
        file.write(spoilt)
    operator.seen.add(spoilt)
    for words in (["doctor"], ["run"], ["credentials", "rotate", "credentials"]):
        said = operator.types(*words, good=False)
        assert "line 2 must be 32 random bytes" in said
        assert "Traceback" not in said
    assert len(operator.seen) > 10
    assert operator.shown() == []


async def test_a_server_killed_while_it_takes_over_loses_no_link_and_no_figure(
    operator: Operator,
) -> None:
    operator.types("credentials", "new", "credentials")
    (operator.folder / "telegram_token").write_text(operator.token)
    address = operator.given["DATABASE_URL"]
    await upgrade(address)
    storage = await open_storage(address)
    old = ReturnKeys.parse((operator.folder / "return_key").read_text()).current
    await _filled(storage, operator.house, old)
    operator.types("credentials", "rotate", "credentials")
    keys = ReturnKeys.parse((operator.folder / "return_key").read_text())
    for rest in range(0, 2000, 150):
        operator.server.spawn()
        await asyncio.sleep(rest / 1000)
        await operator.server.end(signal.SIGKILL)
        await _all_there(storage, operator.house, keys)
    await operator.runs()
    assert await _all_there(storage, operator.house, keys) == {keys.current}
    await storage.close()


async def _filled(storage: Storage, house: House, key: bytes) -> None:
    chats, member = LinkedChats(key), house.anna.key_id
    for chat in CHATS:
        row = chats.row(chat)
        sealed = chats.seal(row, member, LinkedChat(chat), os.urandom)
        await storage.links.put(row, member, sealed)
    counting = Counting(house.form, TallyKey(key), os.urandom)
    for days in (0, 32):
        for _ in range(5):
            count = counting.closing(Outcome.SAFE, utc_now() + timedelta(days=days))
            await storage.counts.add(count)


async def _all_there(storage: Storage, house: House, keys: ReturnKeys) -> set[bytes]:
    """Every chat is linked once and every closing counted once; under which keys."""
    found: list[int] = []
    under: set[bytes] = set()
    for key in (keys.current, *keys.older):
        rows = {LinkedChats(key).row(chat): chat for chat in CHATS}
        for row, member, sealed in await storage.links.all():
            if row in rows:
                found.append(LinkedChats(key).open(row, member, sealed).chat_id)
                under.add(key)
    assert sorted(found) == list(CHATS)
    current, *older = (TallyKey(key) for key in (keys.current, *keys.older))
    names = {TallyKey(key).name: key for key in (keys.current, *keys.older)}
    counting = Counting(house.form, current, os.urandom, tuple(older))
    for month in await storage.counts.months(list(names)):
        rows_of = await storage.counts.tallies(month)
        under |= {names[name] for name, _ in rows_of}
        counted = [counting.opened(month, sealed).count("closings", "all") for _, sealed in rows_of]
        assert sum(counted) == 5
    return under
