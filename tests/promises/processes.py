"""Tropa and the sandbox as processes of their own, to be killed, stopped and started again.

A process gets an environment of exactly what it is given, a private working directory and a
private TMPDIR, so that whatever it writes is found in one folder.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.client import Sandbox, SandboxError
from tests.organisation import House, free_port

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PATIENCE = 60.0
"""Seconds until a start counts as failed; the machine may be busy with other things."""

ULIMIT = ["sh", "-c", 'ulimit -c unlimited; exec "$0" "$@"']
"""Runs the rest of a command with core files allowed, as far as this user may allow them."""


def plain_environment(folder: Path) -> dict[str, str]:
    """Nothing of the tester's own, and every default place for files inside `folder`."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@dataclass
class Tropa:
    """`tropa-server run` in the folder of its house; started as often as one likes."""

    house: House
    sandbox: Sandbox
    environment: Mapping[str, str]
    prefix: list[str] = field(default_factory=list)
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0

    @property
    def log(self) -> Path:
        return self.house.folder / "server.log"

    @property
    def words(self) -> str:
        """Everything it has said so far, over all its starts."""
        return self.log.read_text("utf-8") if self.log.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def spawn(self) -> None:
        """Start it and do not wait until it is ready."""
        command = [*self.prefix, str(BIN / "tropa-server"), "run"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env={**plain_environment(self.house.folder), **self.environment},
                cwd=self.house.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.starts += 1

    async def start(self) -> None:
        """Start it and wait until it asks for updates."""
        asked = await self._polls()
        self.spawn()
        await self.ready(asked)

    async def ready(self, asked: int) -> None:
        """Wait until it has asked for updates more than `asked` times."""
        assert self.process is not None
        for _ in range(int(PATIENCE / 0.02)):
            if await self._polls() > asked:
                return
            code = self.process.poll()
            assert code is None, f"tropa-server ended with {code}:\n{self.words[-2000:]}"
            await asyncio.sleep(0.02)
        raise AssertionError(f"tropa-server does not ask for updates:\n{self.words[-2000:]}")

    async def _polls(self) -> int:
        return int((await self.sandbox.state())["calls"].get("getUpdates", 0))

    async def end(self, by: signal.Signals = signal.SIGKILL) -> int:
        """Send it a signal and wait for its end; the exit code."""
        assert self.process is not None
        self.process.send_signal(by)
        return await asyncio.to_thread(self.process.wait, PATIENCE)

    async def refused(self) -> tuple[int, str]:
        """Start it where it must not start: its exit code and what it said."""
        self.log.unlink(missing_ok=True)
        self.spawn()
        assert self.process is not None
        code = await asyncio.to_thread(self.process.wait, PATIENCE)
        return code, self.words

    def gone(self) -> None:
        """Whatever became of the test, nothing is left running."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@asynccontextmanager
async def sandbox_process(token: str = "42:sandbox") -> AsyncIterator[Sandbox]:
    """A sandbox in another process, without rate limits: it outlives every end of the server."""
    port = free_port()
    process = _spawn_sandbox(port, token)
    try:
        async with Sandbox(f"http://127.0.0.1:{port}", token) as client:
            await _answers(client)
            yield client
    finally:
        process.terminate()
        process.wait()


def _spawn_sandbox(port: int, token: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", str(port), "--token", token, "--no-limits"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # it complains of every connection that a killed bot leaves
    )


async def _answers(client: Sandbox) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        try:
            await client.state()
            return
        except (OSError, SandboxError):
            await asyncio.sleep(0.05)
    raise AssertionError("the sandbox does not answer")


@asynccontextmanager
async def tropa(
    house: House,
    sandbox: Sandbox,
    database: str = "",
    prefix: list[str] | None = None,
    **more: object,
) -> AsyncIterator[Tropa]:
    """A server that is not started yet; killed at the end if it still runs."""
    settings = house.settings(sandbox.url, sandbox.token, database, **more)
    server = Tropa(house, sandbox, house.environment(settings), prefix or [])
    try:
        yield server
    finally:
        server.gone()
