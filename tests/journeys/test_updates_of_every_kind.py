"""Updates of every kind in the Bot API, valid, odd and hostile, do not stop the bot.

None stays unanswered, none leaves a traceback in a log, and afterwards the line serves people as
before. Ten thousand in the ordeal; a share of them in the short form.
"""

import asyncio
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handlers.buttons import Verb
from sandbox.client import Sandbox
from sandbox.running import running_sandbox
from tests.journeys.forge import NAME, Forge
from tests.journeys.stage import Stage, Talk, is_closing
from tests.organisation import House

BATCH = 250
pytestmark = pytest.mark.ordeal


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--seed"))


async def _people(sandbox: Sandbox, house: House) -> list[Talk]:
    """Two in the middle of an interview, one who sent, one who only pressed Start."""
    talks = [Talk(await sandbox.person("ru"), house.form) for _ in range(4)]
    for talk in talks[:3]:
        await talk.begin()
    await talks[0].go_through({}, until="documents")
    await talks[1].go_through({}, until="note")
    await talks[2].go_through({})
    await talks[2].press(Verb.SEND)
    await talks[3].person.send("/start")
    return talks


async def _flood(sandbox: Sandbox, talks: list[Talk], seed: int, count: int) -> Forge:
    """So many updates, in batches; each is confirmed before the next batch comes."""
    chats = [talk.person.id for talk in talks]
    forge = Forge(seed, [*chats, 1, 999, 2**40, -5])
    for _ in range(0, count, BATCH):
        taps = await _taps_on_their_way(sandbox, talks[0])
        await sandbox.inject(*(forge.update() for _ in range(BATCH - len(taps))))
        await sandbox.inject(*(forge.tap(query) for query in taps))
        await _confirmed(sandbox)
    return forge


async def _taps_on_their_way(sandbox: Sandbox, talk: Talk) -> list[str]:
    """Ids of real taps whose own updates never arrive: the forged ones take their place."""
    await sandbox.hold("taps")
    return [await talk.person.tap_data("x", 1, wait=None) for _ in range(40)]


async def _confirmed(sandbox: Sandbox) -> None:
    for _ in range(1200):
        if (await sandbox.state())["pending"] == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("some updates were never confirmed")


async def _all_answered(sandbox: Sandbox) -> None:
    for _ in range(1200):
        state = await sandbox.state()
        if state["unanswered"] == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{state['unanswered']} taps were never answered")


async def _serves_as_before(sandbox: Sandbox, house: House) -> None:
    await sandbox.release("taps")
    talk = Talk(await sandbox.person("ru"), house.form)
    await talk.begin()
    await talk.go_through({"device": "mine", "note": "Прошу помочь"})
    await talk.press(Verb.SEND)
    assert is_closing(await talk.alone())


async def test_the_line_outlives_updates_of_every_kind(
    stage: Stage, full: bool, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="tropa")
    talks = await _people(stage.sandbox, stage.house)
    forge = await _flood(stage.sandbox, talks, seed, 10_000 if full else 1_500)
    await _all_answered(stage.sandbox)
    await _serves_as_before(stage.sandbox, stage.house)
    _say_what_was_forged(forge)
    told = [f"{r.name}: {r.getMessage()}" for r in caplog.records if r.levelno >= logging.WARNING]
    assert told == []
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_process_of_its_own_outlives_them_and_logs_no_traceback(
    tmp_path: Path, full: bool, seed: int
) -> None:
    """The operator's command, its output kept: at the most verbose level no traceback, no words
    and no ids of anybody's."""
    async with running_sandbox(limits=False) as sandbox:
        house = House(tmp_path)
        log = tmp_path / "log"
        with _process(house, sandbox, log) as process:
            await _until_it_polls(sandbox, process)
            talks = await _people(sandbox, house)
            await _flood(sandbox, talks, seed + 1, 10_000 if full else 500)
            await _all_answered(sandbox)
            await _serves_as_before(sandbox, house)
            assert process.poll() is None
        written = log.read_text("utf-8")
    assert "Tropa is running" in written
    assert "Traceback" not in written
    assert not re.search(r"WARNING|ERROR|CRITICAL", written), written[-2000:]
    assert all(str(talk.person.id) not in written for talk in talks)
    assert sandbox.token not in written


@contextmanager
def _process(house: House, sandbox: Sandbox, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    settings = house.settings(sandbox.url, sandbox.token, log_level="DEBUG")
    command = [str(Path(sys.executable).parent / "tropa-server"), "run"]
    path = {"PATH": os.environ["PATH"], "HOME": str(house.folder)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=house.environment(settings) | path,
            stdout=out,
            stderr=out,
            cwd=house.folder,
        )
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(60) == 0


async def _until_it_polls(sandbox: Sandbox, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        assert process.poll() is None
        if (await sandbox.state())["calls"].get("getUpdates"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the process does not ask for updates")


def _say_what_was_forged(forge: Forge) -> None:
    if not forge.complete:
        print(f"{NAME} is not here: only the kinds of update that the project knows were forged")
    assert len(forge.kinds) >= 20


def test_the_forge_makes_every_kind_in_every_manner(seed: int) -> None:
    forge = Forge(seed, [1, 2])
    made = {next(iter(forge.update())) for _ in range(2000)}
    assert made >= set(forge.kinds)
