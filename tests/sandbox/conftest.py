"""A sandbox for each test, and a real python-telegram-bot that talks to it."""

from collections.abc import AsyncIterator

import pytest
import telegram

from sandbox.client import Sandbox
from sandbox.running import running_sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(limits=False) as client:
        yield client


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[telegram.Bot]:
    made = telegram.Bot(sandbox.token, base_url=sandbox.api_url, base_file_url=sandbox.file_url)
    async with made:
        yield made
