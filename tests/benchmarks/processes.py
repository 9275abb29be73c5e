"""The processes that are measured: the sandbox, our bot, the bare bots; and what they spend."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.world import DEFAULT_TOKEN
from tests.organisation import House

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(sys.executable).parent / "tropa-server"
MIB = 1024 * 1024


@dataclass
class Running:
    """A process that runs, since `started` (seconds of the monotonic clock)."""

    process: "subprocess.Popen[bytes]"
    started: float
    log: Path

    def cpu(self) -> float:
        """Seconds of CPU spent so far, by all threads, in user and system mode."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def rss(self) -> float:
        """Resident memory, in MiB."""
        return float(psutil.Process(self.process.pid).memory_info().rss / MIB)

    def check(self) -> None:
        """Raises with the end of its log when the process is no longer there."""
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended too early:\n{self.log.read_text()[-2000:]}")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def started(
    command: Sequence[str], folder: Path, name: str, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run `command` in `folder` until the block ends; it is then asked to stop in good order."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(environment or {}), stdout=output, stderr=output
        )
    try:
        yield Running(process, begun, log)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def sandbox_process(folder: Path, port: int) -> Iterator[Running]:
    command = [sys.executable, "-m", "sandbox", "--no-limits", "--port", str(port)]
    with started([*command, "--log-size", "60000"], folder, "sandbox") as running:
        yield running


@contextmanager
def our_bot(house: House, url: str) -> Iterator[Running]:
    """`tropa-server run` on the organisation's files; SQLite, polling: the defaults."""
    settings = house.settings(url, DEFAULT_TOKEN)
    environment = house.environment(settings)
    with started([str(SERVER), "run"], house.folder, "bot", environment) as running:
        yield running


@contextmanager
def bare_bot(kind: str, folder: Path, url: str) -> Iterator[Running]:
    database = folder / "bare.db"
    for old in folder.glob("bare.db*"):
        old.unlink()
    command = [sys.executable, "-m", "tests.benchmarks.bare_bot", kind, "--url", url]
    given = ["--token", DEFAULT_TOKEN, "--database", str(database)]
    with started([*command, *given], folder, "bot") as running:
        yield running
