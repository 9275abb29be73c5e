"""What a person sees while the server is slow, and what Ctrl-C leaves behind then."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from desk import client as client_module
from desk.client import Client, Offline
from desk.desk import SERVER
from tests.desk.liar import lying
from tests.desk.pty_terminal import Terminal
from tests.desk.world import PASSPHRASE, URGENT, World, identity_of

WAITS = "Waiting for the server: "


@pytest.fixture
def home(world: World) -> Path:
    """The desk of anna, for whom a case waits, by the real clock."""
    world.time.live = True
    world.put(world.roster.extended(world.time() + timedelta(days=9)))
    world.submit(URGENT)
    return world.desk("anna").home


def at(home: Path, *arguments: str, **environment: str) -> Terminal:
    secret = {"TROPA_PASSPHRASE_FILE": str(home.parent / "anna.passphrase")}
    (home.parent / "anna.passphrase").write_text(PASSPHRASE)
    return Terminal(home, *arguments, folder=home.parent, **(secret | environment))


def test_a_slow_answer_is_told_and_the_line_is_wiped(world: World, home: Path) -> None:
    with lying(world) as liar:
        (home / SERVER).write_text(json.dumps({"url": liar.url}))
        liar.held = "/v1/queue"
        with at(home, "queue") as terminal:
            assert WAITS in terminal.until("(given up after 20 s of silence)")
            liar.free()
            assert terminal.end() == 0
    shown = terminal.said.split("of silence)")[-1]
    assert shown.startswith("\r\x1b[K")
    assert WAITS not in shown
    assert "URGENCY" in shown.upper()


def test_nothing_is_told_of_it_to_a_program(world: World, home: Path) -> None:
    with lying(world) as liar:
        (home / SERVER).write_text(json.dumps({"url": liar.url}))
        liar.held = "/v1/queue"
        with at(home, "queue", "--json") as terminal:
            while not any("/v1/queue" in one for one in liar.asked):
                world.wait(asyncio.sleep(0.05))
            world.wait(asyncio.sleep(1.5))  # at a terminal it is told after one
            liar.free()
            assert terminal.end() == 0
    assert WAITS not in terminal.said


@pytest.mark.parametrize(
    ("command", "held", "said"),
    [
        (("queue",), "/v1/queue", "The server was asked to change nothing."),
        (("take",), "/v1/cases", "it may have done or not"),
    ],
)
def test_ctrl_c_says_what_is_known(
    world: World, home: Path, command: tuple[str, ...], held: str, said: str
) -> None:
    with lying(world) as liar:
        (home / SERVER).write_text(json.dumps({"url": liar.url}))
        liar.held = held
        with at(home, *command, COLUMNS="200") as terminal:
            terminal.until(WAITS)
            terminal.interrupt()
            assert terminal.end() == 130
        liar.free()
    assert "Stopped." in terminal.text
    assert said in " ".join(terminal.text.split())
    assert "Traceback" not in terminal.said


def test_an_answer_that_comes_in_drops_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "LONGEST", 0.2)
    with (
        dripping(world) as url,
        Client(url, world.time, os.urandom, identity_of("anna"), None) as client,
        pytest.raises(Offline, match="does not answer in time"),
    ):
        client.rekeyable()


@contextmanager
def dripping(world: World) -> Iterator[str]:
    """A server whose answer never ends, and never pauses for long."""

    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(500):
            await answer.write(b" ")
            await asyncio.sleep(0.02)
        return answer

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", drip)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = world.wait(start())
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        world.wait(runner.cleanup())
