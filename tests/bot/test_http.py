"""The HTTP client carries bytes; what goes wrong is told without the address and its token."""

import pytest
from telegram.error import NetworkError, TelegramError, TimedOut

from bot.http import AiohttpRequest
from sandbox.running import running_sandbox
from tests.organisation import free_port

TOKEN = "12345:a-token-for-tests"


async def _error(url: str, seconds: float = 2.0) -> TelegramError:
    request = AiohttpRequest()
    await request.initialize()
    try:
        with pytest.raises(TelegramError) as raised:
            await request.send(url, "POST", {}, seconds)
        return raised.value
    finally:
        await request.shutdown()


async def test_no_error_carries_the_address() -> None:
    port = free_port()
    for url in (
        f"http://127.0.0.1:{port}/bot{TOKEN}/getMe",
        f"http://no-such-host.invalid/bot{TOKEN}/getMe",
        f"nonsense://x/bot{TOKEN}/getMe",
        f"http:///bot{TOKEN}/getMe",
    ):
        error = await _error(url)
        shown = f"{error!r} {error} {error.__cause__!r}"
        assert TOKEN not in shown, shown
        assert str(port) not in shown
        assert error.__suppress_context__


async def test_no_answer_in_time_is_told_as_such() -> None:
    async with running_sandbox(limits=False) as sandbox:
        await sandbox.fault("slow", seconds=3)
        error = await _error(f"{sandbox.url}/bot{sandbox.token}/getMe", 0.2)
    assert isinstance(error, TimedOut)
    assert sandbox.token not in str(error)


async def test_a_cut_connection_is_a_network_error() -> None:
    async with running_sandbox(limits=False) as sandbox:
        await sandbox.fault("drop_before")
        error = await _error(f"{sandbox.url}/bot{sandbox.token}/getMe")
    assert isinstance(error, NetworkError)


async def test_before_it_is_started_and_after_it_is_stopped_it_carries_nothing() -> None:
    request = AiohttpRequest()
    with pytest.raises(NetworkError):
        await request.send("http://127.0.0.1:1/", "POST", {}, 1)
    await request.initialize()
    await request.shutdown()
    await request.shutdown()
    with pytest.raises(NetworkError):
        await request.send("http://127.0.0.1:1/", "POST", {}, 1)
