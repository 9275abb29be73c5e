"""Nonces are good once; facts only grow."""

import asyncio
import os

from storage import Storage, open_storage
from tests.storage.samples import HOUR, NOW


async def test_a_nonce_is_good_once(storage: Storage) -> None:
    digest = os.urandom(32)
    assert await storage.nonces.use(digest, NOW)
    assert not await storage.nonces.use(digest, NOW)
    assert await storage.nonces.use(os.urandom(32), NOW)


async def test_asking_whether_a_nonce_was_used_does_not_use_it(storage: Storage) -> None:
    digest = os.urandom(32)
    assert not await storage.nonces.used(digest)
    assert await storage.nonces.use(digest, NOW)
    assert await storage.nonces.used(digest)
    assert not await storage.nonces.used(os.urandom(32))


async def test_of_many_uses_in_one_instant_one_counts(storage: Storage, address: str) -> None:
    other = await open_storage(address)
    digest = os.urandom(32)
    uses = [place.nonces.use(digest, NOW) for place in (storage, other) for _ in range(10)]
    assert (await asyncio.gather(*uses)).count(True) == 1
    await other.close()


async def test_nonces_are_forgotten_when_no_request_could_use_them(storage: Storage) -> None:
    digest = os.urandom(32)
    await storage.nonces.use(digest, NOW)
    assert await storage.nonces.expire(NOW - HOUR) == 0
    assert await storage.nonces.expire(NOW) == 1
    assert await storage.nonces.use(digest, NOW)


async def test_a_fact_only_grows(storage: Storage) -> None:
    assert await storage.facts.get("roster epoch") is None
    assert await storage.facts.raise_to("roster epoch", 5) == 5
    assert await storage.facts.raise_to("roster epoch", 3) == 5
    assert await storage.facts.raise_to("roster epoch", 6) == 6
    assert await storage.facts.get("roster epoch") == 6
    assert await storage.facts.get("another") is None


async def test_a_fact_raised_from_two_places_ends_at_the_highest(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    raising = [
        (storage if number % 2 else other).facts.raise_to("epoch", number) for number in range(20)
    ]
    await asyncio.gather(*raising)
    assert await other.facts.get("epoch") == 19
    await other.close()
