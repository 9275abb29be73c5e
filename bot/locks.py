"""The costly half of codes: locks are made and tried in a thread, one after the other.

One takes 64 MiB and a fifth of a second, on several cores; the taps of everybody else go on
meanwhile. Who may try, and how often, is for others to decide.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from crypto.errors import CryptoError
from crypto.inbox import InboxSecret
from crypto.kdf import Random
from crypto.receipt import (
    LOCK_BYTES,
    SALT_BYTES,
    Erasure,
    ReceiptCode,
    Unlocked,
    decoy_lock,
    lock_name,
    open_lock,
    seal_lock,
)
from intake.errors import StorageUnavailable
from storage.rows import Lock

SHORT: Final = (
    "The machine is short of memory: 64 MiB are needed to make or try a code. Free some: the line "
    "goes on by itself."
)

T = TypeVar("T")


class Locks:
    """Makes and tries locks. The thread is its own: work whose caller was cancelled is done all the
    same, and the next waits for its end."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._thread = ThreadPoolExecutor(1, "locks")

    async def returning(self, inbox: InboxSecret, nonce: str = "") -> tuple[ReceiptCode, Lock]:
        """A code that leads back to an inbox, and its lock. `BadFormat` for a bad nonce."""
        code = ReceiptCode.derive(inbox, nonce)
        return code, await self._made(code, lock_name(inbox), inbox)

    async def erasing(
        self, inbox: InboxSecret, nonce: str, draft_id: bytes
    ) -> tuple[ReceiptCode, Lock]:
        """A code that erases an inbox, and what is left of its draft, and opens nothing."""
        code = ReceiptCode.derive(inbox, nonce, erases=True)
        erasure = Erasure.of(inbox, draft_id)
        return code, await self._made(code, lock_name(inbox, erases=True), erasure)

    def decoy(self, inbox: InboxSecret) -> Lock:
        """In the place of the erasing one until there is one: it opens for nobody."""
        return Lock(lock_name(inbox, erases=True), *decoy_lock(self._random))

    async def tried(self, code: ReceiptCode, lock: Lock) -> Unlocked | None:
        """What the lock holds; None where the code does not fit."""
        try:
            return await self._aside(partial(open_lock, code, lock.salt, lock.sealed))
        except CryptoError:
            return None

    async def tried_in_vain(self, code: ReceiptCode) -> None:
        """The same work for a code that has no lock: time does not tell which locators exist."""
        nobody = b"\x01".ljust(LOCK_BYTES, b"\0")
        await self.tried(code, Lock("", code.locator, bytes(SALT_BYTES), nobody))

    async def _made(self, code: ReceiptCode, name: str, opens: InboxSecret | Erasure) -> Lock:
        salt, sealed = await self._aside(partial(seal_lock, code, opens, self._random))
        return Lock(name, code.locator, salt, sealed)

    async def _aside(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except MemoryError:
            raise StorageUnavailable(SHORT) from None
