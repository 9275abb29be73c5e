"""`make bench`: measure, print the table, write build/bench.json. `--quick`: see that it works."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import taps
from tests.benchmarks.at_rest import at_rest
from tests.benchmarks.counting import counting_figures
from tests.benchmarks.desk import desk_pages
from tests.benchmarks.figures import Figure, table, write
from tests.benchmarks.guessing import code_guess
from tests.benchmarks.interviews import interview_cpu
from tests.benchmarks.plan import FULL, QUICK, Plan
from tests.benchmarks.processes import ROOT
from tests.benchmarks.rekeying import rekeying
from tests.benchmarks.rivals import OURS, all_rivals
from tests.benchmarks.starts import cold, ten_thousand

RESULT = ROOT / "build" / "bench.json"


async def measure(folder: Path, plan: Plan) -> list[Figure]:
    """Every figure; the folder is for databases and logs."""
    say = _Clock()
    say("bytes at rest")
    found = await at_rest(folder / "rest", plan.at_rest)
    say("starts and idle memory")
    found += await cold(folder / "cold", plan)
    async with all_rivals(folder, plan.crowd) as rivals:
        say(f"taps at {taps.RATE:.0f} a second, {plan.crowd} people with each bot")
        found += await taps.at_thirty(rivals, plan)
        say("whole interviews")
        ours = next(rival for rival in rivals if rival.name == OURS)
        lean = next(f.floor for f in found if f.name == "tap_cpu_lean")
        found.append(await interview_cpu(ours, lean, folder, plan.interviews, taps.RATE))
        say("highest rates")
        found += await taps.highest_rates(rivals, plan)
    say(f"memory with {plan.open_drafts:,} open drafts")
    found.append(await ten_thousand(folder / "many", plan))
    say("guesses of a code")
    found.append(code_guess(plan.guesses))
    say("the desk's pages")
    found += await desk_pages(folder / "pages", plan)
    say(f"counts, {plan.past:,} requests in the past")
    found += await counting_figures(folder / "counts", plan)
    say(f"{plan.rekeyed:,} cases under a fresh key")
    found += await rekeying(folder / "rekey", plan.rekeyed)
    say("done\n")
    return found


class _Clock:
    """Says what is being done, and at which minute."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self, what: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        print(f"{minutes:2}:{seconds:02}  {what}", flush=True)


def _plan(given: argparse.Namespace) -> Plan:
    if given.quick:
        return QUICK
    return replace(FULL, rekeyed=10_000) if given.full else FULL


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute; figures mean little")
    parser.add_argument("--output", type=Path, default=RESULT, help="the JSON to write")
    parser.add_argument("--full", action="store_true", help="five times as many cases re-keyed")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tropa-bench-") as folder:
        figures = asyncio.run(measure(Path(folder), _plan(given)))
    print(table(figures))
    write(figures, given.output)
    print(f"\nwritten to {given.output}")
