"""Which older return keys are still needed, and for what.

A key is needed while there is a case that came before it was replaced, or on that day: its way back
may be sealed with it, and nobody but a desk can look. Also while a month that is not released, or a
linked chat, is sealed with it. Where this cannot be known for sure, the key is needed: so also on
the last day on which a server noted it, for one that was not restarted yet may seal with it still.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from bot.credentials import pruning
from bot.key_uses import last_days
from bot.keyring import ReturnKey, ReturnKeys
from crypto.errors import CryptoError
from crypto.linked import LinkedChats
from crypto.tally import TallyKey
from intake.errors import TropaError
from storage.migrations import pending
from storage.opening import Storage, open_storage, sqlite_file

NOT_STARTED: Final = (
    "the server was not started on this database since the first key was put there. Restart it, or "
    "set DATABASE_URL to the server's own database"
)

IN_USE: Final = (
    "and a server that was not restarted may seal with it still. Restart all of them, and prune on "
    "a later day"
)


class CannotPrune(TropaError):
    """Whether a key is needed cannot be found out; the text says what to do first."""


@dataclass(frozen=True, slots=True)
class Need:
    """What an older key is needed for; it may go where this is nothing."""

    key: ReturnKey = field(repr=False)
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        until = f" (until {self.key.until})" if self.key.until else ""
        return f"the key in line {self.key.line}{until}: {'; '.join(self.reasons)}"


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many older keys went, and why the others did not."""

    gone: int
    kept: tuple[Need, ...]


async def prune(directory: Path, database_url: str, today: date) -> Pruned:
    """Take out of the folder's return keys those that nothing needs. Raises `TropaError`."""
    with pruning(directory) as (keys, write):
        if not keys.older:
            return Pruned(0, ())
        storage = await _opened(database_url)
        try:
            found = await needs(keys, storage, today)
        finally:
            await storage.close()
        gone = {need.key.secret for need in found if not need.reasons}
        if gone:
            write(keys.without(gone))
        return Pruned(len(gone), tuple(need for need in found if need.reasons))


async def needs(keys: ReturnKeys, storage: Storage, today: date) -> list[Need]:
    """What each of the older keys is needed for."""
    noted = await last_days(storage.facts, [key.secret for key in keys.row])
    if noted[0] is None:  # it still seals with an older one, or this is another line's database
        return [Need(key, (NOT_STARTED,)) for key in keys.row[1:]]
    links = await storage.links.all()
    return [
        Need(key, (*await _cases(key, day, storage, today), *await _sealed(key, storage, links)))
        for key, day in zip(keys.row[1:], noted[1:], strict=True)
    ]


async def _cases(key: ReturnKey, noted: date | None, storage: Storage, today: date) -> list[str]:
    """As long as its cases last. The server seals with a key until it is restarted: so the later
    of what the file says and what the server noted."""
    last = max((day for day in (key.until, noted) if day is not None), default=None)
    if last is None:
        return [
            "nothing says when it was replaced. Write it behind the key, as in: # until 2026-11-27"
        ]
    midnight = datetime.combine(last + timedelta(days=1), time(tzinfo=UTC))
    count = await storage.cases.received_before(midnight)
    reasons = [f"{_many(count, 'case')} came on {last} or before"] if count else []
    if noted is not None and noted >= today:
        # Each server notes its own every hour. Its next case is in no count.
        reasons.append(f"it was in use on {noted}, {IN_USE}")
    return reasons


async def _sealed(
    key: ReturnKey, storage: Storage, links: Sequence[tuple[bytes, str, bytes]]
) -> list[str]:
    months = await storage.counts.months([TallyKey(key.secret).name])
    reasons = [f"the counts of {', '.join(months)} are sealed with it"] if months else []
    chats, opened = LinkedChats(key.secret), 0
    for row in links:
        with suppress(CryptoError):
            chats.open(*row)
            opened += 1
    if opened:
        be = "is" if opened == 1 else "are"
        reasons.append(f"{_many(opened, 'linked chat')} {be} sealed with it. Restart the server")
    return reasons


async def _opened(database_url: str) -> Storage:
    file = sqlite_file(database_url)
    if file is not None and not file.exists():
        raise CannotPrune(
            f"there is no database {file}. Which keys are needed is seen in the server's own: run "
            "this where the server runs, or set DATABASE_URL. Nothing was changed."
        )
    if await pending(database_url):
        raise CannotPrune(
            "the server was not started on this database since it was installed anew. Restart it, "
            "then prune. Nothing was changed."
        )
    return await open_storage(database_url)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
