"""Starts a sandbox inside a test, or connects to one that runs elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.client import Sandbox
from sandbox.clock import Clock
from sandbox.server import Server
from sandbox.world import DEFAULT_TOKEN, World


@asynccontextmanager
async def running_sandbox(
    port: int = 0, token: str = DEFAULT_TOKEN, limits: bool = True, clock: Clock | None = None
) -> AsyncIterator[Sandbox]:
    """A sandbox on loopback in this event loop, and a client for it; gone at the end."""
    server = Server(World(token, clock, limits), port=port)
    await server.start()
    try:
        async with Sandbox(server.url, token) as client:
            yield client
    finally:
        await server.stop()
