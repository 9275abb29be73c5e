"""Promise 1: neither a crash nor a neighbour brings the memory of a process to light.

Tried on the real programs: the server while it runs, and the desk while it holds an opened case.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crypto.keyfile import encrypt_seed
from handlers.buttons import Verb
from intake.wire import CaseFile, Header, SealedPart
from sandbox.client import Sandbox
from storage.rows import StoredCase
from tests.line import stored_cases
from tests.organisation import House
from tests.promises import steps
from tests.promises.processes import BIN, Tropa, plain_environment, sandbox_process, tropa
from tests.promises.search import files_in

NOBODY = 65534
PASSPHRASE = "four random test words"

POWERLESS = [
    sys.executable,
    "-c",
    # Root may read all memory. Without its capabilities it is a user like any other.
    "import ctypes, os, sys\n"
    "for power in range(64): ctypes.CDLL(None).prctl(24, power, 0, 0, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])",
]
CRASHING = ["sh", "-c", 'ulimit -c unlimited; exec "$0" "$@"']
"""Allows core files as far as this user may."""

READER = """
import os, sys
pid, user = map(int, sys.argv[1:])
if user != os.geteuid():
    os.setgroups([]); os.setgid(user); os.setuid(user)
for name in ("mem", "maps", "environ"):
    try:
        file = open(f"/proc/{pid}/{name}", "rb")
        print(name, "readable" if name == "mem" or file.read() else "empty")
    except PermissionError:
        print(name, "refused")
"""
REFUSED = {"mem": "refused", "maps": "refused", "environ": "refused"}


def probe(pid: int, user: int) -> dict[str, str]:
    """What another process of this user may read of a process."""
    read = subprocess.run(
        [*POWERLESS, sys.executable, "-c", READER, str(pid), str(user)]
        if user == os.geteuid()
        else [sys.executable, "-c", READER, str(pid), str(user)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split() for line in read.stdout.splitlines())


def neighbours() -> list[int]:
    """The user who runs the program, and somebody else if we may become somebody else."""
    return [os.geteuid(), NOBODY] if os.geteuid() == 0 else [os.geteuid()]


def core_files(folder: Path) -> list[Path]:
    """Core files below a folder, and where this system puts them if that is another place."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    stem = Path(pattern).name.split("%")[0].split(".")[0] or "core"
    places = [folder]
    if pattern.startswith("/"):
        places.append(Path(pattern).parent)
    return [path for path in files_in(*places) if path.name.startswith(stem)]


def crash(process: "subprocess.Popen[bytes]", by: signal.Signals) -> bool:
    """End a process by a fault; whether the system says that it made a core file."""
    process.send_signal(by)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == -by
    return os.WCOREDUMP(status)


# What the probes would see without the lock.


def test_the_probe_can_read_a_process_that_is_not_locked_down(tmp_path: Path) -> None:
    process = subprocess.Popen([*POWERLESS, "sleep", "60"], cwd=tmp_path)
    try:
        _await_exec(process.pid, b"sleep")
        assert probe(process.pid, os.geteuid())["mem"] == "readable"
    finally:
        process.kill()
        process.wait()


def test_a_crash_of_such_a_process_leaves_a_core_file_where_this_system_makes_them(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen([*CRASHING, "sleep", "60"], cwd=tmp_path)
    _await_exec(process.pid, b"sleep")
    dumped = crash(process, signal.SIGSEGV)
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if dumped and not pattern.startswith("|"):
        assert core_files(tmp_path)
    else:
        assert core_files(tmp_path) == []


def _await_exec(pid: int, name: bytes) -> None:
    while not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(name):
        os.sched_yield()


# The server.


@pytest.mark.parametrize("by", [signal.SIGSEGV, signal.SIGABRT])
async def test_the_server_is_closed_to_neighbours_and_leaves_no_core_file(
    by: signal.Signals, tmp_path: Path
) -> None:
    house = House(tmp_path)
    async with (
        sandbox_process() as sandbox,
        tropa(house, sandbox, prefix=[*CRASHING, *POWERLESS]) as server,
    ):
        await server.start()
        await _somebody_answers(sandbox, house)
        for user in neighbours():
            assert probe(server.pid, user) == REFUSED
        _crashes_silently(server, by, tmp_path)


def _crashes_silently(server: Tropa, by: signal.Signals, folder: Path) -> None:
    assert server.process is not None
    limits = Path(f"/proc/{server.pid}/limits").read_text()
    [line] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]
    before = core_files(folder)
    assert not crash(server.process, by)
    assert core_files(folder) == before


async def _somebody_answers(sandbox: Sandbox, house: House) -> None:
    person = await sandbox.person()
    await steps.begin(person)
    await steps.reach(person, house.form, "")
    await steps.tap(person, Verb.SEND)


# The desk.


async def test_the_desk_with_an_opened_case_is_closed_too(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with sandbox_process() as sandbox, tropa(house, sandbox) as server:
        await server.start()
        await _somebody_answers(sandbox, house)
        joined = await asyncio.to_thread(_desk, house, server, "join", *_where(house, server))
        assert joined.returncode == 0, joined.stdout
    settings = house.settings("http://127.0.0.1:1", "1:x")
    [case] = await stored_cases(settings, house)
    (tmp_path / "case.tropa").write_bytes(_as_file(case, house))
    for by in (signal.SIGSEGV, signal.SIGABRT):
        await asyncio.to_thread(_opens_and_crashes, house, by)


def _where(house: House, server: Tropa) -> list[str]:
    return [
        f"http://{server.environment['QUEUE_LISTEN']}",
        str(house.folder / "organisation.json"),
    ]


def _opens_and_crashes(house: House, by: signal.Signals) -> None:
    """The terminal takes no more than a page: the case lies opened in memory meanwhile."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    room = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
    os.write(writing, bytes(room - 100))
    process = subprocess.Popen(
        [*CRASHING, *POWERLESS, str(BIN / "tropa"), "open", "./case.tropa"],
        env=_desk_environment(house),
        cwd=house.folder,
        stdout=writing,
        stderr=subprocess.STDOUT,
    )
    try:
        _await_blocked(process, reading)
        for user in neighbours():
            assert probe(process.pid, user) == REFUSED
        assert not crash(process, by)
        assert core_files(house.folder) == []
    finally:
        os.close(writing)
        os.close(reading)
        process.kill()


def _await_blocked(process: "subprocess.Popen[bytes]", reading: int) -> None:
    """Wait until the process waits in a write to the full pipe."""
    call = Path(f"/proc/{process.pid}/wchan")
    while "pipe_write" not in call.read_text():
        if process.poll() is not None:
            raise AssertionError(f"the desk ended: {os.read(reading, 9999)[-900:].decode()}")
        os.sched_yield()


def _desk_environment(house: House) -> dict[str, str]:
    home = house.folder / "desk"
    home.mkdir(exist_ok=True)
    (house.folder / "passphrase").write_text(PASSPHRASE + "\n")
    return {
        **plain_environment(house.folder),
        "TROPA_HOME": str(home),
        "TROPA_PASSPHRASE_FILE": str(house.folder / "passphrase"),
        "TROPA_LANGUAGE": "en",
    }


def _desk(house: House, server: Tropa, *command: str) -> "subprocess.CompletedProcess[str]":
    from desk.card import Card
    from desk.desk import CARD, IDENTITY

    environment = _desk_environment(house)
    home = Path(environment["TROPA_HOME"])
    (home / IDENTITY).write_bytes(encrypt_seed(house.anna.seed, PASSPHRASE))
    (home / CARD).write_text(Card.of("anna", house.anna).line())
    return subprocess.run(
        [str(BIN / "tropa"), *command],
        env=environment,
        cwd=house.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _as_file(case: StoredCase, house: House) -> bytes:
    from base64 import b64encode

    def text(data: bytes) -> str:
        return b64encode(data).decode()

    return CaseFile(
        header=Header.of(case.header, house.anna.key_id),
        public_key=text(case.public_key),
        records=tuple(
            SealedPart(number=part.number, kind=part.kind, sealed=text(part.sealed))
            for part in case.records
        ),
        wrap=text(case.wrap),
    ).to_bytes()
