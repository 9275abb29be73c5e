"""The benchmarks in brief: that every part of them works and every figure is there.

How fast anything is, is never asserted: that is read in the table, not tested on a busy machine.
"""

import json
import subprocess
import sys

import pytest

from tests.benchmarks.figures import MEANINGS, NAMES, Figure, figure, table
from tests.benchmarks.load import percentile, waits
from tests.benchmarks.processes import ROOT
from tests.benchmarks.taps import Search


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Figure]]:
    """What the brief run printed, and the figures it wrote."""
    output = tmp_path_factory.mktemp("bench") / "build" / "bench.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout, [Figure(**item) for item in json.loads(output.read_text())]


def test_every_figure_is_written(brief: tuple[str, list[Figure]]) -> None:
    assert [figure.name for figure in brief[1]] == list(NAMES)


def test_every_figure_stands_beside_its_floor(brief: tuple[str, list[Figure]]) -> None:
    for found in brief[1]:
        assert found.floor > 0, found
        assert found.value >= 0, found
        assert found.ratio == pytest.approx(found.value / found.floor, rel=0.01, abs=0.01), found


def test_every_figure_is_printed(brief: tuple[str, list[Figure]]) -> None:
    lines = brief[0].splitlines()
    assert all(any(line.startswith(f"{name} ") for line in lines) for name in NAMES)


def test_every_figure_is_explained() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    assert MEANINGS.keys() == set(NAMES)
    assert all(f"`{name}`" in page for name in NAMES)


def test_the_table_keeps_its_order_whatever_came_first() -> None:
    shown = table([figure(name, 2, "ms", 4) for name in reversed(NAMES)]).splitlines()[2:]
    assert [line.split()[0] for line in shown] == list(NAMES)
    assert all(line.split()[4] == "0.50" for line in shown)


def test_a_percentile_is_a_value_that_occurred() -> None:
    assert percentile([5.0, 1.0, 3.0], 50) == 3.0
    assert percentile(list(map(float, range(1, 101))), 99) == 100.0


def test_waits_are_told_apart_by_chat() -> None:
    seen = [
        {"kind": "tapped", "chat": 1, "at": 0.0},
        {"kind": "tapped", "chat": 2, "at": 1.0},
        {"kind": "edited", "chat": 2, "at": 1.5},
        {"kind": "tapped", "chat": 1, "at": 2.0},
        {"kind": "edited", "chat": 1, "at": 4.0},
        {"kind": "edited", "chat": 3, "at": 4.5},
    ]
    assert waits(seen) == [0.5, 4.0]


@pytest.mark.parametrize("highest", [40.0, 150.0, 700.0])
def test_the_search_comes_near_the_highest_rate_that_holds(highest: float) -> None:
    search = Search(150.0)
    for _ in range(20):
        search.learn(search.rate <= highest)
    assert highest * 0.9 < search.found <= highest


def test_the_search_believes_a_failure_only_twice() -> None:
    search = Search(100.0)
    search.learn(False)
    assert search.rate == 100.0
    search.learn(True)
    assert search.found == 100.0
