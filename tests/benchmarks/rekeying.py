"""The figures for the day somebody leaves: cases under a fresh key, by all cores.

The server runs on the same machine and the same cores. The floor is the cryptography alone, by the
library's own calls, in as many processes: for each case one wrap opened, two keys expanded, three
records and a token opened, these and a note sealed, four wraps made. Half of it is done before and
half after what is measured, so that a machine which changes its pace weighs on both.

By the clock, the rest of the machine counts. By CPU seconds it counts less: those of every process
there is, user and system, the start of the desk's workers included and that of the floor's not.
"""

import asyncio
import os
import resource
import time
from datetime import UTC, datetime
from io import StringIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

from crypto.identity import Identity
from crypto.padding import pad
from crypto.xwing import SUITE, key_pair, load_public
from desk.cli import terminal
from desk.client import Client
from desk.desk import Desk
from desk.keys.errands import Rekey
from desk.keys.mass import Result, do_all
from desk.keys.sealers import task
from desk.settings import Settings
from tests.benchmarks.desk import server_address
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.people import storage_at
from tests.benchmarks.processes import Running, our_bot
from tests.many import Leaving, sealed_cases, store
from tests.organisation import House

RECORD: Final = pad(bytes(1024))
TOKEN: Final = pad(bytes(93))
NOTE: Final = pad(bytes(700))
SEED: Final = bytes(range(32))
RECORD_INFO: Final = bytes(87)
WRAP_INFO: Final = bytes(57)
OPENERS: Final = 4


class Spent(NamedTuple):
    """Seconds: by the clock; of CPU by this process and those it started; of CPU by the server."""

    clock: float
    desk: float
    server: float = 0.0


async def rekeying(folder: Path, cases: int) -> list[Figure]:
    """Cases in a second, from the first page to the last answer; in a second of CPU, with the
    server and without."""
    leaving = await asyncio.to_thread(_leaving_in, folder)
    async with storage_at(f"sqlite:///{folder / 'tropa.db'}") as storage:
        await store(storage, list(sealed_cases(leaving, cases)))
    before = await asyncio.to_thread(_alone, cases // 2)
    with our_bot(leaving.house, "http://127.0.0.1:9") as server:
        took = await asyncio.to_thread(_rekeyed, leaving, server, folder, cases)
    after = await asyncio.to_thread(_alone, cases - cases // 2)
    clock, cpu = before.clock + after.clock, before.desk + after.desk
    return [
        figure("rekey", cases / took.clock, "cases/s", cases / clock),
        figure("rekey_cpu", cases / (took.desk + took.server), "cases/s", cases / cpu),
        figure("rekey_desk_cpu", cases / took.desk, "cases/s", cases / cpu),
    ]


def _leaving_in(folder: Path) -> Leaving:
    folder.mkdir(parents=True)
    return Leaving(House(folder))


def _now() -> datetime:
    return datetime.now(UTC)


def _cpu() -> float:
    """Seconds of CPU by this process, and by those it started that have ended."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def _rekeyed(leaving: Leaving, server: Running, folder: Path, cases: int) -> Spent:
    url, desk, lead = f"http://{server_address(server.log)}", _desk(folder), leaving.house.lead
    desk.trust.pin(leaving.house.organisation)
    with Client(url, _now, os.urandom, lead, None) as client:
        leaving.without_lena()
        client.publish(leaving.house.roster_path.read_bytes())
        roster = desk.current_roster(client)
        errand = Rekey(client, roster, lambda: desk.current_roster(client))
        work = task("rekey", lead, roster, _now(), past=f"1:{'0' * 32}")
        begun, ours, its = time.perf_counter(), _cpu(), server.cpu()
        result: Result = do_all(desk, errand, work, client.rekeyable())
        taken = Spent(time.perf_counter() - begun, _cpu() - ours, server.cpu() - its)
    assert result.whole, result.error
    assert result.done == cases
    return taken


def _desk(folder: Path) -> Desk:
    return Desk(
        settings=Settings(folder / "desk", "en", None),
        clock=_now,
        random=os.urandom,
        out=terminal(file=StringIO()),
        err=terminal(file=StringIO()),
        ask=lambda _: "",
        sleep=time.sleep,
    )


def _alone(cases: int) -> Spent:
    """The cryptography of as many cases, on all cores, without the start of its processes."""
    cores = os.cpu_count() or 1
    context = get_context("spawn")
    pipes, processes = [], []
    for core in range(cores):
        here, there = context.Pipe()
        share = cases // cores + (core < cases % cores)
        process = context.Process(target=_primitives, args=(there, share), daemon=True)
        process.start()
        pipes.append(here)
        processes.append(process)
    for pipe in pipes:
        pipe.recv_bytes()
    begun = time.perf_counter()
    for pipe in pipes:
        pipe.send_bytes(b"go")
    cpu = sum(float(pipe.recv_bytes()) for pipe in pipes)
    taken = time.perf_counter() - begun
    for process in processes:
        process.join()
    return Spent(taken, cpu)


def _primitives(pipe: Connection, cases: int) -> None:
    lead = Identity.new(os.urandom).sealing
    members = [load_public(Identity.new(os.urandom).sealing_public) for _ in range(OPENERS)]
    old = key_pair(SEED)
    before = load_public(old.public)
    wrap = SUITE.encrypt(SEED, load_public(lead.public), info=WRAP_INFO)
    sealed = [SUITE.encrypt(part, before, info=RECORD_INFO) for part in (RECORD,) * 3 + (TOKEN,)]
    pipe.send_bytes(b"ready")
    pipe.recv_bytes()
    begun = time.process_time()
    for _ in range(cases):
        pair = key_pair(SUITE.decrypt(wrap, lead.private, info=WRAP_INFO))
        opened = [SUITE.decrypt(part, pair.private, info=RECORD_INFO) for part in sealed]
        fresh = os.urandom(32)
        public = load_public(key_pair(fresh).public)
        for part in (*opened, NOTE):
            SUITE.encrypt(part, public, info=RECORD_INFO)
        for one in members:
            SUITE.encrypt(fresh, one, info=WRAP_INFO)
    pipe.send_bytes(str(time.process_time() - begun).encode())
