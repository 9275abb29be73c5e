"""The desk's client against a real server, and against lines that break."""

import asyncio
import json
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from crypto.sealing import WRAP_BYTES
from crypto.token import TOKEN_BYTES
from desk import client as client_module
from desk.client import Client, Offline, Turned
from desk.errors import DeskError
from desk.language import Language
from desk.refusals import refusal
from intake.case import Level
from intake.records import Outcome
from intake.shapes import decoded
from intake.wire import SealedPart
from tests.desk.world import CALM, URGENT, World, identity_of
from tests.handlers.desks import key, letter, part, wrap
from tests.organisation import free_port

PAGE = (Path(__file__).parents[2] / "docs" / "wire-format.md").read_text("utf-8")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def client(world: World, who: str = "anna", url: str = "") -> Client:
    return Client(url or world.url, world.time, os.urandom, identity_of(who), None)


def record(world: World, case: str, number: int, kind: str = "note") -> SealedPart:
    return SealedPart.model_validate(part(world, case, number, kind))


def reason_of(turned: pytest.ExceptionInfo[Turned]) -> str:
    return turned.value.reason


@dataclass
class Line:
    """What stands between desk and server; `breaks` after the server has answered."""

    url: str
    breaks: bool = False


@pytest.fixture
def line(world: World) -> Iterator[Line]:
    made = Line("")

    async def pass_on(request: web.Request) -> web.Response:
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method,
                world.url + request.raw_path,
                headers=request.headers,
                data=await request.read() or None,
            ) as answer,
        ):
            body, status = await answer.read(), answer.status
        if made.breaks:
            assert request.transport is not None
            request.transport.close()
        return web.Response(body=body, status=status, content_type="application/json")

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = world.wait(start())
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    world.wait(runner.cleanup())


# What a member does


def test_a_case_from_taking_to_closing(world: World) -> None:
    case = world.submit({**URGENT, "contact": "any"}, ["anna", "boris"])
    with client(world) as anna, client(world, "boris") as boris, client(world, "vera") as vera:
        assert [header.id for header in anna.queue(level=Level.P1, skill="legal").cases] == [case]
        assert anna.queue(level=Level.P0, language="ru", start=3).cases == ()
        assert anna.take(case).header.held_by == "you"
        assert anna.note(case, record(world, case, 1)).records[1].kind == "note"
        sealed, token = decoded(letter(world, case)), os.urandom(TOKEN_BYTES)
        answered = anna.reply(case, record(world, case, 2, "reply"), sealed, token)
        assert [reply.state for reply in answered.replies] == ["waiting"]
        vera_wrap = decoded(wrap(world, case, "vera"))
        anna.ask(case, key("vera"), vera_wrap, record(world, case, 3))
        assert [header.id for header in vera.queue().asked] == [case]
        judged = anna.level(case, Level.P0, record(world, case, 4))
        assert judged.header.level is Level.P0
        assert anna.hand_over(case, key("boris")).header.held_by == "other"
        assert boris.queue().mine[0].records == 5
        assert boris.release(case, record(world, case, 5)).header.held_by is None
        boris.take(case)
        assert boris.close(case, Outcome.SAFE, record(world, case, 6)).header.state == "closed"


def test_an_erased_case_is_unknown(world: World) -> None:
    case = world.submit(CALM)
    with client(world) as anna:
        anna.take(case)
        anna.erase(case)
        with pytest.raises(Turned) as turned:
            anna.erase(case)
        assert reason_of(turned) == "unknown_case"


def test_each_refusal_has_its_own_words(world: World) -> None:
    case = world.submit(URGENT)
    with client(world) as anna, client(world, "boris") as boris:
        boris.take(case)
        with pytest.raises(Turned, match=r"2026-11-23 00:00 UTC") as turned:
            anna.take(case)
        assert reason_of(turned) == "held"
        assert "2026-11-23 00:00 UTC" in Language("ru").explain(turned.value)
        with pytest.raises(Turned, match="take it again") as turned:
            anna.release(case)
        assert reason_of(turned) == "not_held"
        with pytest.raises(Turned, match="added to this case") as turned:
            boris.note(case, record(world, case, 5))
        assert reason_of(turned) == "moved"
        with pytest.raises(Turned, match="not sealed to this colleague") as turned:
            boris.ask(case, key("vera"))
        assert reason_of(turned) == "no_wrap"
        with pytest.raises(Turned, match="can be given no cases") as turned:
            boris.hand_over(case, key("stranger"), os.urandom(WRAP_BYTES))
        assert reason_of(turned) == "target"
        for _ in range(5):
            anna.take(world.submit(CALM))
        with pytest.raises(Turned, match="You hold as many") as turned:
            anna.take(world.submit(CALM))
        with pytest.raises(Turned, match="This colleague holds as many") as turned:
            boris.hand_over(case, key("anna"))
        assert reason_of(turned) == "capacity"


def test_every_word_of_the_server_has_a_sentence_here() -> None:
    table = PAGE.split("| status | `reason` | when |")[1].split("\n\n")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    words = {word for row in rows for word in re.findall(r"`(\w+)`", row[2])}
    assert len(words) > 15
    for word in words - {"form", "capacity"}:
        assert isinstance(refusal("u", 409, json.dumps({"reason": word}).encode()), Turned), word
    for whose in ("you", "other"):
        answer = {"reason": "capacity", "whose": whose}
        assert isinstance(refusal("u", 409, json.dumps(answer).encode()), Turned)


# A broken line


def test_an_act_whose_answer_was_lost_is_repeated_safely(world: World, line: Line) -> None:
    case = world.submit(URGENT)
    with client(world, url=line.url) as anna:
        anna.take(case)
        kept, sealed = record(world, case, 1, "reply"), decoded(letter(world, case))
        line.breaks = True
        with pytest.raises(Offline):
            anna.reply(case, kept, sealed)
        with pytest.raises(Offline):
            anna.reply(case, kept, sealed)
        line.breaks = False
        whole = anna.reply(case, kept, sealed)
        assert [one.number for one in whole.records] == [0, 1]
        assert [one.number for one in whole.replies] == [1]


def test_a_server_that_is_down_is_told_apart(world: World) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with client(world, url=nobody) as anna, pytest.raises(Offline, match="cannot be reached"):
        anna.queue()


def test_a_server_that_hangs_is_told_apart(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with client(world, url=url) as anna, pytest.raises(Offline, match="in time"):
            anna.take("0" * 32)


def test_a_large_body_is_given_the_time_that_a_slow_line_needs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was written here long before the server has it: what is between takes it in at once."""
    monkeypatch.setattr(client_module, "TIMEOUT", 0.2)

    async def slow(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(0.6)
        return web.json_response({"done": [], "moved": [], "gone": []})

    async def serve() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_post("/v1/rekey", slow)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = world.wait(serve())
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with client(world, url=url) as lead:
        assert lead.rekey(b" " * 200_000).done == ()
        with pytest.raises(Offline, match="in time"):
            lead.rekey(b" ")
    world.wait(runner.cleanup())


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_without_its_server_is_a_broken_line(status: int) -> None:
    assert isinstance(refusal("u", status, b"<html>Bad Gateway</html>"), Offline)


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"<html>"), (404, b""), (418, b"[" * 100_000), (400, b"\xff")]
)
def test_what_is_no_answer_of_tropas_is_neither(status: int, body: bytes) -> None:
    found = refusal("u", status, body)
    assert type(found) is DeskError
    assert str(status) in str(found)


@pytest.mark.parametrize(
    "answer", [{"reason": "held until"}, {"reason": "held", "whose": "until"}, {"reason": "held "}]
)
def test_a_refusal_that_leaves_out_what_its_sentence_needs_is_still_told(
    answer: dict[str, str],
) -> None:
    found = refusal("u", 409, json.dumps(answer).encode())
    assert "{" not in str(found)
    assert "{" not in Language("ru").explain(found)


def test_a_case_that_is_taken_and_not_given_is_not_believed(world: World) -> None:
    case = world.submit(URGENT)
    with client(world) as anna:
        body = anna.fetch(case).to_bytes()
    free = world.wait(_answering(case, body))
    try:
        url = f"http://127.0.0.1:{free.addresses[0][1]}"
        with client(world, url=url) as anna, pytest.raises(DeskError, match="not one of Tropa's"):
            anna.take(case)
    finally:
        world.wait(free.cleanup())


def test_a_case_file_of_another_case_is_not_believed(world: World) -> None:
    case, other = world.submit(URGENT), world.submit(URGENT)
    with client(world) as anna:
        body = anna.fetch(other).to_bytes()
    swapped = world.wait(_answering(case, body))
    try:
        url = f"http://127.0.0.1:{swapped.addresses[0][1]}"
        with client(world, url=url) as anna, pytest.raises(DeskError, match="not one of Tropa's"):
            anna.fetch(case)
    finally:
        world.wait(swapped.cleanup())


async def _answering(case: str, body: bytes) -> web.AppRunner:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get(f"/v1/cases/{case}", answer)
    app.router.add_post(f"/v1/cases/{case}/take", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


# Many threads


def test_where_no_authority_was_read_no_certificate_holds() -> None:
    assert client_module._authorities("https://tropa.example.org") is True
    plain = client_module._authorities("http://127.0.0.1:8440")
    assert isinstance(plain, ssl.SSLContext)
    assert plain.verify_mode is ssl.CERT_REQUIRED
    assert plain.check_hostname
    assert plain.get_ca_certs() == []


def test_one_client_serves_many_threads(world: World) -> None:
    case = world.submit(URGENT)
    numbers, taking = iter(range(1, 25)), threading.Lock()
    with client(world) as anna, ThreadPoolExecutor(8) as threads:

        def note(_: int) -> None:
            with taking:
                number = next(numbers)
                anna.note(case, record(world, case, number))
            assert anna.fetch(case).records[number].number == number
            assert anna.queue().matching == 1

        list(threads.map(note, range(24)))
        assert len(anna.fetch(case).records) == 25
