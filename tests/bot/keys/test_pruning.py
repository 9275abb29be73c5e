"""An older key goes when nothing needs it, and not a day before: on both databases."""

import base64
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.counting import Counting
from bot.credentials import make, rotate
from bot.key_uses import KeyUses
from bot.keyring import ReturnKey, ReturnKeys
from bot.pruning import CannotPrune, Pruned, prune
from crypto.linked import LinkedChat, LinkedChats
from crypto.tally import TallyKey
from intake.records import Outcome
from storage import Storage
from tests.organisation import House
from tests.storage.samples import a_case, a_draft, a_header, after

DAY = date(2026, 3, 14)
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
"""When the first key was replaced, and the server restarted."""


class Server:
    """The folder of credentials, and the database that goes with it."""

    def __init__(self, folder: Path, address: str, storage: Storage) -> None:
        self.folder = folder
        self.address = address
        self.storage = storage
        self.now = NOON - timedelta(days=30)
        make(folder, os.urandom)

    @property
    def keys(self) -> ReturnKeys:
        return ReturnKeys.parse((self.folder / "return_key").read_text())

    async def starts(self) -> None:
        await KeyUses(self.storage.facts, self.keys, lambda: self.now).begin()

    async def rotated(self, at: datetime = NOON) -> bytes:
        """A start, a rotation, and a restart; the key of before."""
        await self.starts()
        self.now = at
        await KeyUses(self.storage.facts, self.keys, lambda: self.now).note()  # as every hour
        rotate(self.folder, os.urandom, at.date())
        await self.starts()
        return self.keys.older[0]

    async def case(self, received: datetime) -> bytes:
        case, draft = a_case(replace(a_header(), received=received)), a_draft()
        await self.storage.drafts.put(draft, None)
        assert await self.storage.cases.submit(after(draft), draft.revision, case)
        return case.header.id

    async def prune(self) -> Pruned:
        return await prune(self.folder, self.address, (self.now + timedelta(days=2)).date())

    async def why(self) -> str:
        """Why the one older key stays."""
        before = (self.folder / "return_key").read_bytes()
        done = await self.prune()
        assert (self.folder / "return_key").read_bytes() == before
        assert done.gone == 0
        (need,) = done.kept
        return need.words


@pytest.fixture
def server(tmp_path: Path, address: str, storage: Storage) -> Server:
    return Server(tmp_path / "credentials", address, storage)


async def test_a_key_that_nothing_needs_goes(server: Server) -> None:
    await server.rotated()
    current = server.keys.current
    assert await server.prune() == Pruned(1, ())
    assert server.keys == ReturnKeys.of(current)
    assert await server.prune() == Pruned(0, ())


@pytest.mark.parametrize(
    ("received", "needed"),
    [
        (NOON - timedelta(days=29), True),
        (NOON, True),
        (NOON.replace(hour=23), True),
        (NOON.replace(hour=0) + timedelta(days=1), False),
        (NOON + timedelta(days=9), False),
    ],
)
async def test_it_is_needed_by_every_case_of_before_and_of_that_day(
    server: Server, received: datetime, needed: bool
) -> None:
    await server.rotated()
    await server.case(received)
    if needed:
        assert f"1 case came on {DAY} or before" in await server.why()
    else:
        assert (await server.prune()).gone == 1


async def test_with_its_last_case_it_goes(server: Server) -> None:
    await server.rotated()
    await server.case(NOON)
    await server.case(NOON - timedelta(hours=3))
    assert "2 cases came" in await server.why()
    await server.storage.cases.erase_due(NOON + timedelta(days=31))
    assert (await server.prune()).gone == 1


async def test_of_several_each_goes_at_its_time(server: Server) -> None:
    first = await server.rotated(NOON - timedelta(days=20))
    second = await server.rotated()
    await server.case(NOON - timedelta(days=5))
    done = await server.prune()
    assert (done.gone, len(done.kept)) == (1, 1)
    assert server.keys.older == (second,)
    assert first not in server.keys.older
    assert server.keys.row[1].until == DAY


async def test_a_server_that_was_restarted_later_sealed_with_it_until_then(
    server: Server,
) -> None:
    await server.starts()
    rotate(server.folder, os.urandom, DAY)
    assert "was not started on this database since the first key" in await server.why()
    old = ReturnKeys.of(server.keys.older[0])
    server.now = NOON + timedelta(days=4)
    await KeyUses(server.storage.facts, old, lambda: server.now).note()  # it runs on with the old
    await server.case(NOON + timedelta(days=3))
    await server.starts()
    assert f"1 case came on {DAY + timedelta(days=4)} or before" in await server.why()


async def test_a_server_that_noted_nothing_before_may_have_used_it_until_its_first_note(
    server: Server,
) -> None:
    """As after the update of a version that noted nothing."""
    rotate(server.folder, os.urandom, DAY - timedelta(days=9))
    server.now = NOON
    await server.starts()
    await server.case(NOON - timedelta(hours=1))
    assert "1 case came" in await server.why()


async def test_a_note_is_made_for_the_time_until_the_next(server: Server) -> None:
    old = ReturnKeys.of(server.keys.current)
    night = NOON.replace(hour=23)
    await KeyUses(server.storage.facts, old, lambda: night).note()
    rotate(server.folder, os.urandom, DAY)
    server.now = night
    await server.starts()
    await server.case(NOON.replace(hour=0) + timedelta(days=1))
    assert "1 case came" in await server.why()


async def test_while_another_server_still_seals_with_it_it_stays(server: Server) -> None:
    """Of several, one was not restarted: it takes in its first case after the pruning."""
    await server.starts()
    other = KeyUses(server.storage.facts, server.keys, lambda: server.now)
    rotate(server.folder, os.urandom, server.now.date())
    await server.starts()
    for days in (0, 1, 30):
        server.now = NOON + timedelta(days=days)
        await other.note()
        done = await prune(server.folder, server.address, server.now.date())
        assert done.gone == 0
        assert f"it was in use on {server.now.date()}" in done.kept[0].words
    day_after = (server.now + timedelta(days=1)).date()
    assert (await prune(server.folder, server.address, day_after)).gone == 1


async def test_a_line_without_its_day_goes_by_what_the_server_noted(server: Server) -> None:
    await server.rotated()
    bare = ReturnKeys(tuple(ReturnKey(key.secret) for key in server.keys.row))
    (server.folder / "return_key").write_text(bare.to_text())
    await server.case(NOON)
    assert "1 case came" in await server.why()


async def test_what_a_month_or_a_chat_is_sealed_with_is_needed(
    server: Server, tmp_path: Path
) -> None:
    old = await server.rotated()
    house = House(tmp_path)
    counting = Counting(house.form, TallyKey(old), os.urandom)
    await server.storage.counts.add(counting.closing(Outcome.SAFE, NOON))
    assert "the counts of 2026-03 are sealed with it" in await server.why()
    chats, member = LinkedChats(old), house.anna.key_id
    row = chats.row(5)
    sealed = chats.seal(row, member, LinkedChat(5), os.urandom)
    await server.storage.links.put(row, member, sealed)
    assert "1 linked chat is sealed with it" in await server.why()


async def test_on_another_lines_database_nothing_goes(server: Server, tmp_path: Path) -> None:
    await server.rotated()
    make(tmp_path / "another", os.urandom)
    rotate(tmp_path / "another", os.urandom, DAY)
    done = await prune(tmp_path / "another", server.address, DAY)
    assert done.gone == 0
    assert "the server's own database" in done.kept[0].words


async def test_without_a_database_nothing_goes(server: Server, tmp_path: Path) -> None:
    await server.rotated()
    with pytest.raises(CannotPrune, match="there is no database"):
        await prune(server.folder, f"sqlite:///{tmp_path / 'none.db'}", DAY)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "empty.db").touch()
    with pytest.raises(CannotPrune, match="Restart it"):
        await prune(server.folder, f"sqlite:///{tmp_path / 'empty.db'}", DAY)
    assert len(server.keys.older) == 1


async def test_what_is_told_quotes_no_key(server: Server) -> None:
    await server.rotated()
    await server.case(NOON)
    words = await server.why()
    for key in server.keys.row:
        assert base64.b64encode(key.secret).decode() not in words
        assert key.secret.hex() not in words
