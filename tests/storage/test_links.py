"""Chats that volunteers linked: one row a chat, found by it and by its member."""

import os

from storage import Storage
from tests.storage.samples import ANNA, EVA, OLGA


async def test_a_linked_chat_is_found_by_its_row_and_by_its_member(storage: Storage) -> None:
    rows = [os.urandom(16) for _ in range(3)]
    for row, member in zip(rows, (ANNA, ANNA, OLGA), strict=True):
        await storage.links.put(row, member, b"sealed " + row)
    assert await storage.links.get(rows[2]) == (OLGA, b"sealed " + rows[2])
    assert await storage.links.get(os.urandom(16)) is None
    hers = sorted((row, ANNA, b"sealed " + row) for row in rows[:2])
    assert await storage.links.of([ANNA, EVA]) == hers
    assert await storage.links.of([]) == []


async def test_linking_again_replaces_what_was_kept(storage: Storage) -> None:
    row = os.urandom(16)
    await storage.links.put(row, ANNA, b"one")
    await storage.links.put(row, OLGA, b"two")
    assert await storage.links.get(row) == (OLGA, b"two")
    assert await storage.links.of([ANNA]) == []


async def test_a_chat_that_was_unlinked_is_gone(storage: Storage) -> None:
    row = os.urandom(16)
    await storage.links.put(row, ANNA, b"one")
    await storage.links.delete(row)
    await storage.links.delete(row)
    assert await storage.links.get(row) is None


async def test_who_left_is_not_linked_any_more(storage: Storage) -> None:
    for member in (ANNA, OLGA, EVA):
        await storage.links.put(os.urandom(16), member, b"sealed")
    assert await storage.links.keep([OLGA]) == 2
    assert [member for _, member, _ in await storage.links.of([ANNA, OLGA, EVA])] == [OLGA]
