"""Promise 7, when somebody leaves: nothing is lost, and what she had opens nothing any more.

`tropa rekey` and the server are processes of their own here, and are killed.
"""

import asyncio
import json
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from random import Random

import pytest

from crypto.errors import CryptoError, NotOpened
from crypto.identity import Identity
from crypto.opening import unwrap_case_key
from crypto.sealing import FORMAT, OVERHEAD, WRAP_BYTES, Context, Wrap, hint, wrap_context
from crypto.unsealing import unseal
from crypto.xwing import KeyPair
from handlers.buttons import Verb
from intake.records import ANSWERS, INTAKE, LETTER, MESSAGE, NOTE, REPLY, TOKEN
from intake.roster import Roster
from sandbox.running import running_sandbox
from storage.errors import UnknownCase
from storage.opening import open_storage
from tests.line import running_line, stored_cases
from tests.many import Leaving, Sealed, sealed_cases, store
from tests.organisation import House
from tests.promises import steps
from tests.promises.changing import Life, Program, Said, check_all, kills, until_done, waiting
from tests.promises.processes import Tropa, sandbox_process, tropa
from tests.promises.search import files_in, key, search


async def _filled(folder: Path, count: int, size: int) -> tuple[Leaving, list[Sealed]]:
    def fill() -> tuple[Leaving, list[Sealed]]:
        folder.mkdir(exist_ok=True)
        leaving = Leaving(House(folder))
        return leaving, list(sealed_cases(leaving, count, size))

    return await asyncio.to_thread(fill)


@asynccontextmanager
async def _server(leaving: Leaving, sealed: list[Sealed]) -> AsyncIterator[tuple[Tropa, str]]:
    """Running, with the cases in its database; and the address of its queue."""
    house = leaving.house
    async with sandbox_process() as sandbox, tropa(house, sandbox) as server:
        await server.start()
        storage = await open_storage(f"sqlite:///{house.folder / 'tropa.db'}")
        await store(storage, sealed)
        await storage.close()
        yield server, f"http://{server.environment['QUEUE_LISTEN']}"


async def _lena_leaves(server: Tropa, leaving: Leaving) -> Roster:
    """The server takes up the roster without her: her wraps are gone from its tables."""
    roster = leaving.without_lena()
    await server.end()
    await server.start()
    return roster


@pytest.mark.ordeal
async def test_killed_at_any_instant_no_case_is_lost_or_half_done(
    tmp_path: Path, full: bool, request: pytest.FixtureRequest
) -> None:
    count, times = (10_000, 50) if full else (600, 7)
    dice = Random(request.config.getoption("--seed"))
    leaving, sealed = await _filled(tmp_path, count, 1024 if full else 400)
    database = tmp_path / "tropa.db"
    async with _server(leaving, sealed) as (server, url):
        roster = await _lena_leaves(server, leaving)
        assert waiting(database) == count
        program = await asyncio.to_thread(Program, leaving, url, tmp_path / "desk-lead")
        life = Life(leaving, sealed, url, tmp_path / "desk-anna")
        living = asyncio.create_task(life.run())
        killed = 0
        for most, later, with_server in kills(dice, times, count):
            program.start()
            await asyncio.to_thread(until_done, program, database, most, 60)
            await asyncio.sleep(later)
            if with_server:
                await server.end()
            killed += program.runs
            await asyncio.to_thread(program.kill)
            if with_server:
                await server.start()
            assert not living.done(), living.result()
        life.stopped = True
        await living
        last = await asyncio.to_thread(program.run, "rekey", "--yes")
        assert last.returncode == 0, last.stdout + last.stderr
        assert waiting(database) == 0
        assert not await asyncio.to_thread(program.left_behind)
    assert killed > times // 2
    assert life.wrote
    assert life.answered
    await check_all(leaving, roster, sealed, life.said)


async def test_stopped_by_a_person_it_says_how_far_it_is_and_goes_on(tmp_path: Path) -> None:
    count = 1000
    leaving, sealed = await _filled(tmp_path, count, 400)
    database = tmp_path / "tropa.db"
    async with _server(leaving, sealed) as (server, url):
        roster = await _lena_leaves(server, leaving)
        program = await asyncio.to_thread(Program, leaving, url, tmp_path / "desk-lead")
        program.start()
        await asyncio.to_thread(until_done, program, database, 1, 60)
        code, said = await asyncio.to_thread(program.interrupt, database)
        left = waiting(database)
        assert 0 < left < count
        assert code == 130
        assert f"Stopped. Done so far: {count - left}; nothing is half done." in said
        assert f"{count - left} of {count}" in said
        assert "Traceback" not in said
        assert not await asyncio.to_thread(program.left_behind)
        done = await asyncio.to_thread(program.run, "rekey", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["rekeyed"] == left
    await check_all(leaving, roster, sealed, defaultdict(Said))


# Who left, with everything that she had and the whole disk.


class Lena:
    """Her key, every case key she ever unwrapped, and all she can think of to open with them."""

    def __init__(self, leaving: Leaving, sealed: list[Sealed]) -> None:
        self._key = leaving.lena
        self._cases = {one.case.header.id: one for one in sealed}
        self._old = {}
        for one in sealed:
            header, mine = one.case.header, one.case.wraps[leaving.lena.key_id]
            old = unwrap_case_key(self._key, header.id, header.epoch, Wrap(mine))
            self._old[header.id] = old.pair

    def opens(self, folder: Path) -> list[str]:
        """Everything on a copy of the disk that opens, by where it lies."""
        return [*self._in_tables(folder / "tropa.db"), *self._in_files(files_in(folder))]

    def _in_tables(self, database: Path) -> Iterator[str]:
        """Each blob beside a case, with each of her keys, for each place that it could be for."""
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            slots = {row["slot"]: row["id"] for row in connection.execute("SELECT * FROM cases")}
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in names.fetchall():
                for row in connection.execute(f"SELECT * FROM {table}"):
                    slot = dict(row).get("case_slot", dict(row).get("slot"))
                    for column in row.keys():  # noqa: SIM118 (a Row iterates over its values)
                        yield from self._tried(f"{table}.{column}", row[column], slots.get(slot))

    def _tried(self, where: str, blob: object, case_id: bytes | None) -> Iterator[str]:
        if not isinstance(blob, bytes) or len(blob) < OVERHEAD or case_id is None:
            return
        for pair in (self._old.get(case_id), self._key.sealing):
            for info in self._places(case_id) if pair is not None else ():
                if pair is not None and _is_open(pair, info, blob):
                    yield where

    def _in_files(self, files: Iterable[Path]) -> Iterator[str]:
        """Wherever in any file something could begin that is sealed for one of her cases: every
        seal begins with its format and with eight bytes that name its place."""
        contents = {path: path.read_bytes() for path in files}
        for case_id, old in self._old.items():
            for info in self._places(case_id):
                for path, data in contents.items():
                    for start in _all(data, FORMAT + hint(info)):
                        for length in (WRAP_BYTES, *(OVERHEAD + size for size in SIZES)):
                            blob = data[start : start + length]
                            if any(_is_open(one, info, blob) for one in (old, self._key.sealing)):
                                yield f"{path.name} at {start}"

    def _places(self, case_id: bytes) -> Iterator[bytes]:
        form = self._cases[case_id].case.header.form
        for epoch in (1, 2):
            yield wrap_context(case_id, epoch, self._key.sealing_public)
            for number in range(NUMBERS):
                for kind in (INTAKE, ANSWERS, MESSAGE, REPLY, NOTE, TOKEN, LETTER):
                    yield Context(case_id, number, kind, form, epoch).encode()


SIZES = (512, 1024, 2048, 4096)
NUMBERS = 9
"""As many records as a case here comes to have, about: what lies there is tried with each place."""


def _is_open(pair: KeyPair, info: bytes, blob: bytes) -> bool:
    with suppress(CryptoError):
        unseal(pair, info, blob, "it")
        return True
    return False


def _all(data: bytes, needle: bytes) -> Iterator[int]:
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def _pieces(sealed: list[Sealed], lena: Identity) -> dict[str, bytes]:
    """Of everything that the server ever had sealed to her or to an old case key: the key that is
    encapsulated in it, without which it cannot be opened, and the end of it."""
    found: dict[str, bytes] = {}
    for number, one in enumerate(sealed):
        case = one.case
        parts = {f"record {part.number}": part.sealed for part in case.records}
        parts |= {"token": case.token or b"", "her wrap": case.wraps[lena.key_id]}
        for name, data in parts.items():
            found |= key(f"{name} of case {number}", data[40:72])
            found |= key(f"the end of {name} of case {number}", data[-32:])
    return found


def _copied(house: House, to: Path) -> Path:
    """A raw copy of the whole disk of the server, keys and all."""
    shutil.copytree(house.folder, to)
    return to


async def test_who_left_opens_nothing_with_all_she_had_and_the_whole_disk(tmp_path: Path) -> None:
    leaving, sealed = await _filled(tmp_path / "house", 12, 400)
    pieces = _pieces(sealed, leaving.lena)
    async with _server(leaving, sealed) as (server, url):
        lena = Lena(leaving, sealed)
        before = _copied(leaving.house, tmp_path / "copy-before")
        opened = lena.opens(before)
        assert {one.partition(" ")[0] for one in opened} >= {"records.sealed", "wraps.sealed"}
        assert any(" at " in one for one in opened)
        assert search(files_in(before), pieces)
        roster = await _lena_leaves(server, leaving)
        said = await _life_goes_on(leaving, sealed, url, tmp_path / "desk-anna")
        between = _copied(leaving.house, tmp_path / "copy-between")
        assert lena.opens(between), "what was added to her cases, too"
        pieces |= _added(between / "tropa.db", sealed)
        assert search(files_in(between), pieces)
        program = await asyncio.to_thread(Program, leaving, url, tmp_path / "desk-lead")
        done = await asyncio.to_thread(program.run, "rekey", "--yes")
        assert done.returncode == 0, done.stderr
        assert "may have kept what she read" in " ".join(done.stdout.split())
        for copy in ("running", "ended"):
            after = _copied(leaving.house, tmp_path / f"copy-{copy}")
            assert lena.opens(after) == []
            assert search(files_in(after), pieces) == []
            await server.end()
    await check_all(leaving, roster, sealed, said)


async def _life_goes_on(
    leaving: Leaving, sealed: list[Sealed], url: str, desk: Path
) -> dict[bytes, Said]:
    """People write and Anna answers before anybody has come to re-key."""
    life = Life(leaving, sealed, url, desk)
    living = asyncio.create_task(life.run())
    while life.wrote < 12 or life.answered < 3:
        await asyncio.sleep(0.05)
        assert not living.done(), living.result()
    life.stopped = True
    await living
    return life.said


def _added(database: Path, sealed: list[Sealed]) -> dict[str, bytes]:
    """Of what was sealed to an old case key since the case came in: as `_pieces` has it."""
    found: dict[str, bytes] = {}
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT number, sealed FROM records WHERE number > 2").fetchall()
    assert rows
    for place, (number, data) in enumerate(rows):
        assert all(data not in [part.sealed for part in one.case.records] for one in sealed)
        found |= key(f"record {number} at {place}, added", data[40:72])
        found |= key(f"the end of record {number} at {place}, added", data[-32:])
    return found


async def test_new_cases_are_not_sealed_to_her_from_that_epoch_on(tmp_path: Path) -> None:
    leaving = Leaving(await asyncio.to_thread(House, tmp_path))
    async with running_sandbox(limits=False) as sandbox:
        for epoch in (1, 2):
            async with running_line(leaving.house, sandbox) as line:
                person = await sandbox.person()
                await steps.begin(person)
                await steps.reach(person, leaving.house.form, "")
                await steps.tap(person, Verb.SEND)
            cases = await stored_cases(line.settings, leaving.house)
            assert {case.header.epoch for case in cases} == {*range(1, epoch + 1)}
            leaving.without_lena() if epoch == 1 else None
    storage = await open_storage(line.settings.database_url)
    try:
        for case in cases:
            assert leaving.lena.key_id not in case.openers
            with pytest.raises(UnknownCase):
                await storage.cases.fetch(case.header.id, leaving.lena.key_id)
            header = case.header
            with pytest.raises(NotOpened):
                unwrap_case_key(leaving.lena, header.id, header.epoch, Wrap(case.wrap))
    finally:
        await storage.close()
