"""A whole line, its return key rotated: who came before is answered, and the old key can go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.compose import utc_now
from bot.credentials import make, rotate
from bot.keyring import ReturnKeys
from bot.pruning import prune
from bot.settings import Settings
from crypto.errors import CryptoError
from crypto.link import make_link
from crypto.linked import LinkedChats
from crypto.tally import TallyKey
from crypto.token import ReturnToken, open_token
from sandbox.client import Sandbox
from sandbox.running import running_sandbox
from storage.opening import open_storage
from tests.exchange import Exchange, Volunteer, leaves, reads, sends, until, volunteer
from tests.journeys.stage import Stage, running_stage
from tests.line import stored_cases, token_of
from tests.organisation import House


class World:
    """One line that is stopped and started again, with whatever keys are in the folder then."""

    def __init__(self, house: House, sandbox: Sandbox) -> None:
        self.house = house
        self.sandbox = sandbox
        self.folder = house.folder / "credentials"
        make(self.folder, lambda count: (b"new key " * 4)[:count])
        self.listen = house.settings(sandbox.url, sandbox.token).queue_listen

    @property
    def keys(self) -> ReturnKeys:
        return ReturnKeys.parse((self.folder / "return_key").read_text())

    @property
    def settings(self) -> Settings:
        return self.house.settings(
            self.sandbox.url,
            self.sandbox.token,
            return_key=(self.folder / "return_key").read_text(),
            queue_listen=self.listen,
        )

    @asynccontextmanager
    async def line(self) -> AsyncIterator[tuple[Stage, Volunteer]]:
        house, listen = self.house, self.listen
        async with running_stage(house.folder, self.sandbox, house, self.settings) as stage:
            await _listens(
                listen
            )  # the sandbox was asked for updates before, by the line of before
            home = house.folder / "anna"
            async with volunteer("anna", house.anna, house, listen, home, stage.hands) as anna:
                yield stage, anna

    def rotated(self, byte: int) -> None:
        rotate(self.folder, lambda count: bytes([byte]) * count, utc_now().date())

    async def token(self) -> bytes:
        (case,) = await stored_cases(self.settings, self.house)
        return token_of(case, self.house)


async def _listens(listen: str) -> None:
    for _ in range(500):
        with suppress(OSError):
            _, writer = await asyncio.open_connection(*listen.split(":"))
            writer.close()
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the queue does not listen")


def later(stage: Stage) -> date:
    """When nobody seals with an older key any more."""
    return (stage.hands() + timedelta(days=40)).date()


def opens(key: bytes, token: bytes) -> ReturnToken | None:
    try:
        return open_token(key, token)
    except CryptoError:
        return None


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "server").mkdir()
    async with running_sandbox(limits=False) as sandbox:
        yield World(House(tmp_path / "server"), sandbox)


async def test_a_case_of_before_is_answered_after_two_rotations_and_needs_no_old_key_then(
    world: World,
) -> None:
    first = world.keys.current
    async with world.line() as (stage, anna):
        talk = await stage.person("ru")
        code = await sends(talk, {"contact": "any"})
        await leaves(talk)
        [case] = await anna.waiting()
    assert opens(first, await world.token())
    world.rotated(2)
    world.rotated(3)
    async with world.line() as (stage, anna):
        await anna.replies(case, "Мы нашли юриста.")
        await Exchange(stage, talk, case, code, anna, anna).until_state("sent")
        assert "Мы нашли юриста." in (await reads(talk)).text
    assert opens(world.keys.current, await world.token())
    assert not opens(first, await world.token())
    # Nobody but a desk can see that: the case still counts, and both keys stay.
    done = await prune(world.folder, world.settings.database_url, later(stage))
    assert (done.gone, len(done.kept)) == (0, 2)
    assert all("1 case came on" in need.words for need in done.kept)


async def test_a_reply_that_waits_for_its_hour_over_a_rotation_goes_out(world: World) -> None:
    async with world.line() as (stage, anna):
        talk = await stage.person("ru")
        code = await sends(talk, {"contact": "evening", "hour": 12})
        await leaves(talk)
        [case] = await anna.waiting()
        exchange = Exchange(stage, talk, case, code, anna, anna)
        await exchange.until_hour(allowed=False)
        await anna.replies(case, "Мы нашли юриста.")
        assert exchange.states == ["waiting"]
        ahead = stage.hands.ahead
    world.rotated(2)
    async with world.line() as (stage, anna):
        stage.hands.ahead = ahead
        exchange = Exchange(stage, talk, case, code, anna, anna)
        await exchange.until_hour(allowed=True)
        await exchange.until_state("sent")
        assert "Мы нашли юриста." in (await reads(talk)).text


async def test_a_volunteer_is_still_linked_and_the_month_goes_on(world: World) -> None:
    async with world.line() as (stage, anna):
        talk = await stage.person("ru")
        await sends(talk)
        hers = await stage.person("ru")
        text = make_link(world.house.anna, stage.hands(), lambda count: b"n" * count)
        await hers.person.send(f"/link {text}")
        await until(lambda: bool(stage.rows("links")))
    world.rotated(2)
    async with world.line() as (stage, anna):
        [(row, *_)] = stage.rows("links")
        assert row == LinkedChats(world.keys.current).row(hers.person.id)
        other = await stage.person("ru")
        await sends(other)
        names = set(stage.column("tallies", "key_name"))
        assert names == {TallyKey(world.keys.current).name}
        await hers.person.send("/queue")
        assert "P3: 2" in (await hers.card()).text
        assert len(await anna.waiting()) == 2
    storage = await open_storage(world.settings.database_url)
    try:
        await storage.cases.erase_due(stage.hands() + timedelta(days=40))
    finally:
        await storage.close()
    assert (await prune(world.folder, world.settings.database_url, later(stage))).gone == 1
    async with world.line() as (stage, _):
        [(row, *_)] = stage.rows("links")
        assert row == LinkedChats(world.keys.current).row(hers.person.id)
