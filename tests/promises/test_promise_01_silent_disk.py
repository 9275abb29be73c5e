"""Promise 1: a seized disk is silent.

People plant answers, names and numbers; then everything the server wrote is searched for them, in
every common coding, while it runs, after it was killed, and after it stopped in good order.
"""

import base64
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.opening import open_storage
from storage.rows import DraftRow
from tests.databases import Postgres
from tests.exchange import volunteer
from tests.organisation import House
from tests.promises.planting import Planting, Plants, random_token, random_word
from tests.promises.processes import Tropa, sandbox_process, tropa
from tests.promises.search import files_in, key, number, open_files, search, word

SHARED = Path("/dev/shm")


# The search itself.

WAYS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "utf-16, little-endian": lambda text: text.encode("utf-16-le"),
    "utf-16, big-endian": lambda text: text.encode("utf-16-be"),
    "hex": lambda text: text.encode().hex().encode(),
    "upper-case hex": lambda text: text.encode().hex().upper().encode(),
    "hex of utf-16": lambda text: text.encode("utf-16-le").hex().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 inside something": lambda text: base64.b64encode(f"a{text}zz".encode()),
    "base64 deeper inside": lambda text: base64.urlsafe_b64encode(f'{{"{text}"}}'.encode()),
    "json": lambda text: ascii(text)[1:-1].encode(),
    "first half, then the page ends": lambda text: text[: len(text) // 2].encode(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("opening", ["", "тихий-мост-"])
def test_the_search_finds_a_text_that_is_written_as(way: str, opening: str, tmp_path: Path) -> None:
    text = opening + random_word()
    noise = os.urandom(5000)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(noise + WAYS[way](text) + noise)
    assert search(files_in(tmp_path), word("it", text))
    assert not search(files_in(tmp_path), word("another", random_word()))


@pytest.mark.parametrize("length", [6, 8])
@pytest.mark.parametrize("order", ["big", "little"])
def test_the_search_finds_a_number_as_databases_keep_it(
    length: int, order: str, tmp_path: Path
) -> None:
    written = (6_123_456_789).to_bytes(length, "big" if order == "big" else "little")
    (tmp_path / "file").write_bytes(os.urandom(999) + written + os.urandom(999))
    assert search(files_in(tmp_path), number("it", 6_123_456_789))
    assert not search(files_in(tmp_path), number("another", 6_123_456_788))


@pytest.mark.parametrize("coded", [bytes, bytes.hex, base64.b64encode, base64.urlsafe_b64encode])
def test_the_search_finds_a_key(coded: Callable[[bytes], bytes | str], tmp_path: Path) -> None:
    secret = os.urandom(32)
    written = coded(secret)
    data = written.encode() if isinstance(written, str) else written
    (tmp_path / "file").write_bytes(b"{" + data + b"}")
    assert search(files_in(tmp_path), key("it", secret))


def test_the_search_looks_at_the_names_of_files_too(tmp_path: Path) -> None:
    text = random_word()
    (tmp_path / f"upload-{text}").write_bytes(b"")
    assert search(files_in(tmp_path), word("it", text))


# The server.


def changed(folder: Path, since: float) -> list[Path]:
    """Files that were written since; the others hold nothing of this run."""
    return [path for path in files_in(folder) if path.stat().st_mtime >= since]


def in_shared_memory(since: float) -> Iterator[Path]:
    """Shared memory of a PostgreSQL server that other tests run is none of ours."""
    for path in files_in(SHARED) if SHARED.is_dir() else []:
        if path.stat().st_mtime >= since and not path.name.startswith("PostgreSQL"):
            yield path


async def leaks(server: Tropa, plants: Plants, since: float) -> list[str]:
    """What is found of the plants in everything that the server's process wrote, and the desk."""
    files = [*files_in(server.house.folder, desk_of(server.house)), *in_shared_memory(since)]
    assert server.log in files
    if server.process is not None and server.process.poll() is None:
        files += open_files(server.pid)
    return search(files, plants.needles)


def desk_of(house: House) -> Path:
    """A volunteer's machine: another one than the server's."""
    return house.folder.parent / "anna"


async def proves_the_search(address: str, folders: list[Path], since: float) -> None:
    """What is put into this very database in the clear is found in these very files."""
    text = random_word()
    storage = await open_storage(address)
    row = DraftRow(os.urandom(16), 1, datetime.now(UTC) + timedelta(hours=2), text.encode())
    assert await storage.drafts.put(row, None)
    files = [path for folder in folders for path in changed(folder, since)]
    assert search(files, word("in the clear", text))
    await storage.drafts.delete(row.id)
    await storage.close()


async def planted_run(house: House, address: str, also: list[Path]) -> None:
    since, token, plants = time.time() - 1, random_token(), Plants()
    plants.keys(house, token)
    async with (
        sandbox_process(token) as sandbox,
        tropa(house, sandbox, address, log_level="DEBUG") as server,
    ):
        await server.start()
        planting = Planting(sandbox, house.form, plants)
        await planting.all()
        listen = server.environment["QUEUE_LISTEN"]
        async with volunteer("anna", house.anna, house, listen, desk_of(house), now) as anna:
            await planting.writes_to_and_fro(anna)
        assert len(plants.needles) > 800
        assert len(files_in(desk_of(house))) > 3
        assert await leaks(server, plants, since) == []
        await server.end(signal.SIGKILL)
        assert await leaks(server, plants, since) == []
        await server.start()
        await planting.leaves_a_draft()
        assert await server.end(signal.SIGTERM) == 0
        assert await leaks(server, plants, since) == []
    assert "the line is open" in server.words
    # A database server keeps its log of writes: what was there at any time is there at the end.
    assert search([path for place in also for path in changed(place, since)], plants.needles) == []
    await proves_the_search(address, [house.folder, *also], since)


def house_in(folder: Path) -> House:
    (folder / "server").mkdir()
    return House(folder / "server")


def now() -> datetime:
    return datetime.now(UTC)


async def test_nothing_that_was_said_is_on_the_disk(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    settings = house.settings("http://127.0.0.1:1", "1:x")
    await planted_run(house, settings.database_url, [])


async def test_nor_is_it_in_postgresql_or_its_log(tmp_path: Path) -> None:
    server = Postgres()
    try:
        house = house_in(tmp_path)
        await planted_run(house, await server.fresh(), [server._folder])
    finally:
        server.close()
