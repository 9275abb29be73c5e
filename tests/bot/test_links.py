"""Linked chats on a real database: who may link, what is kept of it, and when it ends."""

import base64
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.links import VolunteerLinks
from crypto.identity import Identity
from crypto.link import SKEW, VALID, make_link
from crypto.linked import LinkedChat, LinkedChats
from handlers.volunteers import Linking
from intake.errors import LineClosed
from intake.roster import Role, Roster
from storage import Storage, open_storage
from storage.migrations import upgrade
from tests.organisation import House, member

CHAT, OTHER = 7700000000001, 7700000000002


@dataclass
class Server:
    """Links as the server has them; `roster` None: none is in force."""

    house: House
    storage: Storage
    file: Path
    keys: LinkedChats
    now: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)
    roster: Roster | None = None
    links: VolunteerLinks = field(init=False)

    def __post_init__(self) -> None:
        self.roster = self.house.roster()
        self.links = VolunteerLinks(
            self.storage.links,
            self.storage.nonces,
            self.keys,
            self.in_force,
            lambda: self.now,
            os.urandom,
        )

    def in_force(self) -> Roster:
        if self.roster is None:
            raise LineClosed("closed")
        return self.roster

    def text(self, identity: Identity | None = None) -> str:
        return make_link(identity or self.house.anna, self.now, os.urandom)

    async def rows(self) -> int:
        assert self.roster is not None
        return len(await self.links.of(self.links.members()))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    file = tmp_path / "tropa.db"
    await upgrade(f"sqlite:///{file}")
    storage = await open_storage(f"sqlite:///{file}")
    house = House(tmp_path)
    yield Server(house, storage, file, LinkedChats(house.return_key))
    await storage.close()


async def test_a_member_links_a_chat_and_is_known_there_alone(server: Server) -> None:
    assert await server.links.link(CHAT, server.text()) is Linking.LINKED
    found = await server.links.volunteer(CHAT)
    assert found is not None
    assert (found.key_id, found.member.name) == (server.house.anna.key_id, "anna")
    assert await server.links.volunteer(OTHER) is None


async def test_a_text_is_good_once(server: Server) -> None:
    text = server.text()
    await server.links.link(CHAT, text)
    assert await server.links.link(OTHER, text) is Linking.LATE
    assert await server.links.volunteer(OTHER) is None


async def test_the_same_update_brought_again_is_told_the_same(server: Server) -> None:
    text = server.text()
    assert await server.links.link(CHAT, text) is Linking.LINKED
    assert await server.links.link(CHAT, text) is Linking.LINKED
    assert await server.rows() == 1


@pytest.mark.parametrize("late", [VALID + timedelta(seconds=1), -SKEW - timedelta(seconds=1)])
async def test_a_text_of_another_time_links_nothing(server: Server, late: timedelta) -> None:
    text = server.text()
    server.now += late
    assert await server.links.link(CHAT, text) is Linking.LATE
    assert await server.rows() == 0


async def test_what_no_member_signed_is_nothing(server: Server) -> None:
    stranger = server.text(Identity.new(os.urandom))
    altered = server.text()[:-1] + "~"
    for text in (stranger, altered, "", "3f9a", "/", "A" * 140):
        assert await server.links.link(CHAT, text) is Linking.NONE
    assert await server.rows() == 0


async def test_recovery_links_nothing_and_a_coordinator_does(server: Server) -> None:
    safe, counts = Identity.new(os.urandom), Identity.new(os.urandom)
    server.roster = server.house.roster(
        timedelta(days=9),
        member("safe", safe, Role.RECOVERY),
        member("counts", counts, Role.COORDINATOR),
    )
    assert await server.links.link(CHAT, server.text(safe)) is Linking.NONE
    assert await server.links.link(CHAT, server.text(counts)) is Linking.LINKED


async def test_two_chats_of_one_member_and_then_of_another(server: Server) -> None:
    await server.links.link(CHAT, server.text())
    await server.links.link(OTHER, server.text())
    assert await server.rows() == 2
    await server.links.link(OTHER, server.text(server.house.lead))
    found = await server.links.volunteer(OTHER)
    assert found is not None
    assert found.member.name == "lead"
    assert await server.rows() == 2


async def test_unlinking_forgets_the_chat(server: Server) -> None:
    await server.links.link(CHAT, server.text())
    assert await server.links.unlink(CHAT)
    assert not await server.links.unlink(CHAT)
    assert await server.links.volunteer(CHAT) is None


async def test_whoever_leaves_the_roster_loses_her_links(server: Server) -> None:
    await server.links.link(CHAT, server.text())
    await server.links.link(OTHER, server.text(server.house.lead))
    whole = server.house.roster()
    server.roster = whole.without_member("anna")
    assert await server.links.volunteer(CHAT) is None
    await server.links.drop_strangers()
    server.roster = whole
    assert await server.links.volunteer(CHAT) is None
    assert await server.links.volunteer(OTHER) is not None


async def test_while_no_roster_is_in_force_nobody_is_dropped_and_nobody_links(
    server: Server,
) -> None:
    await server.links.link(CHAT, server.text())
    server.roster = None
    await server.links.drop_strangers()
    with pytest.raises(LineClosed):
        await server.links.link(OTHER, server.text())
    with pytest.raises(LineClosed):
        await server.links.volunteer(CHAT)
    assert await server.links.volunteer(OTHER) is None
    server.roster = server.house.roster()
    assert await server.links.volunteer(CHAT) is not None


async def test_which_update_took_which_case_is_known_for_a_day(server: Server) -> None:
    case, other = os.urandom(16), os.urandom(16)
    assert not await server.links.took(CHAT, 5, case)
    await server.links.takes(CHAT, 5, case)
    assert await server.links.took(CHAT, 5, case)
    for which in ((OTHER, 5, case), (CHAT, 6, case), (CHAT, 5, other)):
        assert not await server.links.took(*which)
    await server.storage.nonces.expire(server.now + timedelta(days=1, seconds=1))
    assert not await server.links.took(CHAT, 5, case)


async def test_a_replaced_return_key_makes_links_silent_and_no_fault(server: Server) -> None:
    await server.links.link(CHAT, server.text())
    row = server.keys.row(CHAT)
    found = await server.storage.links.get(row)
    assert found is not None
    await server.storage.links.put(row, found[0], bytes(len(found[1])))
    assert await server.links.of(server.links.members()) == []


async def test_the_disk_without_the_return_key_tells_no_chat(server: Server) -> None:
    """Promise 1, for what linking adds to the disk: the database and every file beside it."""
    await server.links.link(CHAT, server.text())
    await server.links.takes(CHAT, 987654321, os.urandom(16))
    (told,) = await server.links.of(server.links.members())
    assert told.chat == LinkedChat(CHAT)
    await server.storage.settle()
    kept = b"".join(path.read_bytes() for path in server.file.parent.glob("tropa.db*"))
    assert told.row in kept
    spelt = [CHAT.to_bytes(size, order) for size in (6, 8) for order in ("big", "little")]
    for trace in (str(CHAT).encode(), *spelt, base64.b64encode(CHAT.to_bytes(8, "big"))):
        assert trace not in kept
    other = LinkedChats(os.urandom(32))
    assert other.row(CHAT) not in kept
