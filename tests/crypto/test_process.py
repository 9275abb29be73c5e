"""A process that locked itself down leaves no core file and is closed to its neighbours."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

NOBODY = 65534
PROGRAM = """
import ctypes, os, resource, sys
from crypto.process import lock_down
how, ending, user = sys.argv[1], *map(int, sys.argv[2:])
libc = ctypes.CDLL(None)
if user != os.geteuid():
    os.setgid(user)
    os.setuid(user)
    libc.prctl(4, 1, 0, 0, 0)  # a change of user clears the flag: set it as at the start
if how == "locked":
    lock_down()
print(libc.prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE), flush=True)
sys.stdin.readline()
open("made", "w").close()
os.kill(os.getpid(), ending)
"""
READER = """
import os, sys
pid, user = map(int, sys.argv[1:])
if user != os.geteuid():
    os.setgid(user)
    os.setuid(user)
try:
    open(f"/proc/{pid}/mem", "rb").close()
    print("readable")
except PermissionError:
    print("refused")
"""
ROOT = Path(__file__).parents[2]


def start(
    how: str, folder: Path, ending: signal.Signals = signal.SIGTERM, user: int | None = None
) -> subprocess.Popen[str]:
    me = os.geteuid() if user is None else user
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how, str(int(ending)), str(me)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> int:
    process.communicate("\n", timeout=20)
    return process.returncode


def test_it_is_undumpable_has_no_core_limit_and_makes_private_files(tmp_path: Path) -> None:
    process = start("locked", tmp_path)
    assert told(process) == "0 0 0"
    end(process)
    assert (tmp_path / "made").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("ending", [signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_leaves_no_core_file(tmp_path: Path, ending: signal.Signals) -> None:
    process = start("locked", tmp_path, ending)
    told(process)
    assert end(process) == -ending
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize(("how", "outcome"), [("open", "readable"), ("locked", "refused")])
def test_even_its_own_user_cannot_read_its_memory(tmp_path: Path, how: str, outcome: str) -> None:
    # As root everybody's memory is readable: there both sides become an ordinary user first.
    user = os.geteuid() or NOBODY
    process = start(how, tmp_path, user=user)
    told(process)
    arguments = [sys.executable, "-c", READER, str(process.pid), str(user)]
    read = subprocess.run(arguments, capture_output=True, text=True, check=True)
    end(process)
    assert read.stdout.strip() == outcome


KEEPER = """
import resource, sys
from crypto.process import keep_memory
if "keep" in sys.argv:
    keep_memory(16 << 20)
def faults():
    bytes(bytearray(4 << 20))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
faults()
before = faults()
for _ in range(20):
    after = faults()
print(after - before)
"""


def test_megabytes_let_go_of_are_not_asked_for_again() -> None:
    def asked_for(*arguments: str) -> int:
        command = [sys.executable, "-c", KEEPER, *arguments]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert asked_for("keep") * 100 < asked_for()
