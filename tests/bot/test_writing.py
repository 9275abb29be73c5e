"""A file that several servers replace, each in a process of its own, and may die at any step."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.reading import TooLarge, read_file, why
from bot.writing import Replacing, remove_left

WRITER = """
import sys
from pathlib import Path
from bot.writing import Replacing
path, letter, size = Path(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3])
print("here", flush=True)
sys.stdin.readline()
for _ in range(60):
    place = Replacing(path)
    place.put(letter * size)
    place.let_go()
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from bot.writing import Replacing
step, path = sys.argv[1], Path(sys.argv[2])
def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if step == "written":
    os.fsync = dies
elif step == "to be put":
    Path.replace = dies
place = Replacing(path)
if step == "locked":
    dies()
place.put(b"of the one that was killed, and longer than what comes after it")
"""


def started(program: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_of_many_who_replace_one_file_each_leaves_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "roster.json"
    path.write_bytes(b"first")
    sizes = {"a": 300_000, "b": 20, "c": 150_000, "d": 0}
    writers = [started(WRITER, str(path), letter, str(size)) for letter, size in sizes.items()]
    for one in writers:
        assert one.stdout is not None
        assert one.stdout.readline() == "here\n"
    for one in writers:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    whole = {b"first", *(letter.encode() * size for letter, size in sizes.items())}
    seen = set[bytes]()
    while any(one.poll() is None for one in writers):
        seen.add(path.read_bytes())
    errors = [one.communicate()[1] for one in writers]
    assert errors == [""] * len(writers)
    assert seen | {path.read_bytes()} <= whole
    assert names(tmp_path) == ["roster.json"]


@pytest.mark.parametrize("step", ["locked", "written", "to be put"])
def test_what_a_killed_one_left_holds_nobody_up_and_is_not_kept(tmp_path: Path, step: str) -> None:
    path = tmp_path / "roster.json"
    path.write_bytes(b"first")
    for after in ("start", "next"):
        child = started(KILLED, step, str(path))
        assert child.communicate()[1] == ""
        assert child.returncode == -signal.SIGKILL
        assert path.read_bytes() == b"first"
        assert names(tmp_path) == [".roster.json.new", "roster.json"]
        if after == "start":
            remove_left(path)
        else:
            place = Replacing(path)
            place.put(b"second")
            place.let_go()
            assert path.read_bytes() == b"second"
        assert names(tmp_path) == ["roster.json"]


def test_what_another_is_just_writing_is_not_taken_for_left(tmp_path: Path) -> None:
    path = tmp_path / "roster.json"
    place = Replacing(path)
    remove_left(path)
    with pytest.raises(OSError, match="busy") as told:
        Replacing(path, 0)
    assert why(told.value) == "another server is just replacing it"
    place.put(b"whole")
    place.let_go()
    assert (path.read_bytes(), names(tmp_path)) == (b"whole", ["roster.json"])


def test_a_link_leads_where_it_did_and_who_could_read_the_file_still_can(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    file, link = tmp_path / "kept" / "list.json", tmp_path / "roster.json"
    file.write_bytes(b"first")
    file.chmod(0o640)
    link.symlink_to(file)
    place = Replacing(link)
    beside = tmp_path / "kept" / ".list.json.new"
    assert beside.stat().st_mode & 0o777 == 0o600  # until it is the file itself
    place.put(b"second")
    place.let_go()
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"second", 0o640)
    assert names(tmp_path / "kept") == ["list.json"]


def test_nothing_is_written_through_a_link_that_somebody_put_beside(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"somebody's")
    (tmp_path / ".roster.json.new").symlink_to(other)
    with pytest.raises(OSError, match="symbolic"):
        Replacing(tmp_path / "roster.json")
    assert other.read_bytes() == b"somebody's"


def test_no_more_is_read_than_a_file_may_hold(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_file(file, 5) == b"12345"
    with pytest.raises(TooLarge):
        read_file(file, 4)
    with file.open("r+b") as sparse:
        os.truncate(sparse.fileno(), 1 << 40)  # more than any memory
    with pytest.raises(TooLarge):
        read_file(file, 1 << 20)
