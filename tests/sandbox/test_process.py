"""`python -m sandbox`: a process of its own, its options, and its encodings over plain HTTP."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.client import Sandbox
from tests.sandbox.talk import started


@pytest.fixture
async def address() -> AsyncIterator[str]:
    options = ["--port", "0", "--token", "7:t", "--no-limits", "--clock-offset", "86400"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    yield line.split()[-1].rstrip("/")
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


async def test_it_serves_with_its_options_and_ends_on_a_signal(address: str) -> None:
    async with Sandbox(address, "7:t") as sandbox:
        me = await sandbox.call("getMe")
        assert me["result"]["id"] == 7
        assert 86_300 < await sandbox.now() - time.time() < 86_500
        assert (await sandbox.state())["limits"] is False


async def test_a_port_that_is_taken_is_told_in_a_sentence(address: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--port", address.rpartition(":")[2]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode == 1
    assert said == b""
    assert len(complained.splitlines()) == 1
    assert b"choose another port with --port" in complained


async def test_arguments_come_in_every_encoding(sandbox: Sandbox) -> None:
    person = await started(sandbox)
    url = f"{sandbox.api_url}{sandbox.token}/sendMessage"
    markup = '{"inline_keyboard":[[{"text":"A","callback_data":"a"}]]}'
    given = {"chat_id": str(person.id), "text": "привет +1&2", "reply_markup": markup}
    form = aiohttp.FormData()
    for name, value in given.items():
        form.add_field(name, value, content_type="text/plain")
    async with aiohttp.ClientSession() as session:
        for arguments in ({"params": given}, {"data": given}, {"json": given}, {"data": form}):
            async with session.post(url, **arguments) as response:
                assert (await response.json())["ok"]
        async with session.get(url, params=given) as response:
            assert (await response.json())["ok"]
        async with session.post(url, data=b"{", headers={"Content-Type": "application/json"}) as r:
            assert r.status == 400
    cards = (await person.messages())[1:]
    assert {(card.text, tuple(card.labels)) for card in cards} == {("привет +1&2", ("A",))}
    assert len(cards) == 5


async def test_a_wrong_token_opens_nothing(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/bot1:wrong/getMe", "/file/bot1:wrong/photos/file_0.png"):
            async with session.get(f"{sandbox.url}{path}") as response:
                assert response.status == 401
                assert (await response.json())["description"] == "Unauthorized"
