"""How far a long command is, as it is told: at terminals of every kind, and where there is none."""

import signal
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desk import progress as module
from desk.cli import terminal
from desk.log_view import PART
from desk.progress import progress
from intake.ledger import Event, Kind
from intake.wire import PAGE
from storage.ledger import record
from tests.desk.world import URGENT, DeskUser, Time, World

CURSOR_GONE, CURSOR_BACK = "\x1b[?25l", "\x1b[?25h"


class Watch:
    """Seconds, turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=made))
    return made


def told(
    folder: Path, watch: Watch, steps: Sequence[tuple[float, int]], end: bool = True, **console: Any
) -> str:
    """What is written of 400 things, of which so many are done after so many seconds."""
    out = StringIO()
    desk = DeskUser(folder / "anna", Time()).desk(err=terminal(file=out, **console))
    with progress(desk, 400) as shown:
        for seconds, done in steps:
            watch.now = 1000.0 + seconds
            shown.show(done)
        if end:
            shown.end(steps[-1][1])
    return out.getvalue()


def test_a_file_gets_lines_now_and_then_and_no_codes(tmp_path: Path, watch: Watch) -> None:
    said = told(tmp_path, watch, [(1, 0), (11, 100), (12, 110), (22, 200), (44, 400)], width=100)
    assert said.splitlines() == [
        "100 of 400; 0:33 left",
        "200 of 400; 0:22 left",
        "400 of 400; 0:01 left",
        "400 of 400 in 0:44; 9.1 a second",
    ]


def test_a_terminal_that_can_only_write_on_gets_them_too(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    said = told(tmp_path, watch, [(11, 100), (44, 400)], width=100, force_terminal=True)
    assert said.splitlines()[0] == "100 of 400; 0:33 left"
    assert "\x1b" not in said


def test_as_long_as_it_runs_something_is_left(tmp_path: Path, watch: Watch) -> None:
    steps = [(11, 0), (22, 399), (33, 400), (44, 400)]
    assert told(tmp_path, watch, steps, end=False, width=100).splitlines() == [
        "0 of 400; ? left",
        "399 of 400; 0:01 left",
        "400 of 400; 0:01 left",
        "400 of 400; 0:01 left",
    ]


def test_what_was_needed_to_begin_is_not_counted_again(tmp_path: Path, watch: Watch) -> None:
    steps = [(60, 100), (72, 200), (84, 300)]
    assert told(tmp_path, watch, steps, end=False, width=100).splitlines() == [
        "100 of 400; 3:00 left",
        "200 of 400; 0:24 left",
        "300 of 400; 0:12 left",
    ]


@pytest.mark.parametrize("width", [24, 40, 80])
def test_a_narrow_window_keeps_the_estimate(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    steps = [(100, 100)]
    said = told(tmp_path, watch, steps, end=False, width=width, force_terminal=True)
    assert "100 of 400; 5:00 left" in said


def test_what_takes_a_second_or_two_leaves_nothing_in_a_narrow_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = StringIO()
    desk = DeskUser(tmp_path, Time()).desk(err=terminal(file=out, width=20, force_terminal=True))
    with desk.busy("Opening your key: a second or two"):
        assert out.getvalue() == "Opening your key: a"
    assert out.getvalue().endswith("\r\x1b[K")


def test_a_case_that_is_looked_for_on_many_pages_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    cases = [world.submit(URGENT) for _ in range(PAGE + 1)]
    out = StringIO()
    err = terminal(file=out, width=80, force_terminal=True)
    ran = world.desk("anna").run("take", "nowhere", err=err)
    assert ran.code == 1
    assert f"{len(cases)} of {len(cases)}; " in out.getvalue()


def test_a_long_record_comes_part_by_part_and_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part as wide as the others, so that they stand as one table."""
    monkeypatch.setenv("TERM", "xterm")
    day = world.time().date()
    many = [Event(kind=Kind.ERASED, day=day, case=f"{n:032x}") for n in range(2 * PART)]
    world.wait(world.storage.database.write(lambda connection: record(connection, many)))
    out = StringIO()
    err = terminal(file=out, width=80, force_terminal=True)
    ran = world.desk("anna").run("log", "--limit", "999", err=err)
    total = 2 * PART + 1
    assert f"{total} of {total}; " in out.getvalue()
    rows = [line for line in ran.out.splitlines() if f"  {day}  " in line]
    assert [int(row.split()[0]) for row in rows] == [*range(1, total + 1)]
    assert {row.index(str(day)) for row in rows} == {len(str(total)) + 2}


def test_whoever_ends_it_from_elsewhere_ends_it_as_with_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = StringIO()
    err = terminal(file=out, width=80, force_terminal=True)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with (
            pytest.raises(KeyboardInterrupt),
            progress(DeskUser(tmp_path, Time()).desk(err=err), 9),
        ):
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    assert out.getvalue().rindex(CURSOR_BACK) > out.getvalue().rindex(CURSOR_GONE)
