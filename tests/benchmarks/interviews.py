"""The figure of a whole interview: from /start to the receipt card, sealed to eight recipients.

Its floor is the sum of what cannot be left out: the primitives of sealing, the code of the receipt,
one commit of the case, and for every update what the lean bare bot spends on a tap.
"""

import asyncio
import os
import random
import sqlite3
import time
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.sealing import CaseKey
from crypto.xwing import SUITE, load_public
from handlers.buttons import Verb
from sandbox.cards import Card
from sandbox.client import Person
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.guessing import stretched
from tests.benchmarks.rivals import RECIPIENTS, Rival
from tests.benchmarks.script import TAPS, TEXTS, UPDATES

TOGETHER = 6
RECORD = 2048
DRAFT = 512
"""Bytes of a padded record and of a padded draft, as this interview has them."""


async def interview_cpu(
    rival: Rival, lean_tap: float, folder: Path, count: int, rate: float
) -> Figure:
    """`lean_tap`: milliseconds that the lean bare bot spends on a tap, in this run."""
    spent = await _cpu(rival, count, rate)
    return figure("interview_cpu", spent, "ms", _primitives(folder) + UPDATES * lean_tap)


async def _cpu(rival: Rival, count: int, rate: float) -> float:
    """Milliseconds of the bot's CPU for one interview; updates come at `rate` in all."""
    pace = Pace(rate)
    before = rival.bot.cpu()
    for start in range(0, count, TOGETHER):
        size = min(TOGETHER, count - start)
        await asyncio.gather(*(_one(rival, pace) for _ in range(size)))
    await asyncio.sleep(0.1)
    return 1e3 * (rival.bot.cpu() - before) / count


class Pace:
    """Lets one through at a time, at the instants of a Poisson process."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._dice = random.Random(1)
        self._next = time.monotonic()

    async def turn(self) -> None:
        self._next = max(self._next, time.monotonic() - 1.0) + self._dice.expovariate(self._rate)
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))


async def _one(rival: Rival, pace: Pace) -> None:
    person = await rival.sandbox.person()
    await pace.turn()
    await person.send("/start")
    for act in ("len", "g", *TAPS):
        await _press(person, act, pace)
    for text in TEXTS:
        await pace.turn()
        await person.send(text)
        await _press(person, "d", pace)
    await _press(person, "S", pace)
    if not any(_act(data).startswith(Verb.WROTE) for data in _keys(await person.card())):
        raise AssertionError("the interview was not sent")


async def _press(person: Person, act: str, pace: Pace) -> None:
    card = await person.card()
    data = next((data for data in _keys(card) if _act(data).startswith(act)), None)
    if data is None:
        raise AssertionError(f"no key {act!r} on the card: {card.text[:200]}")
    await pace.turn()
    await person.tap(data)


def _keys(card: Card) -> list[str]:
    return [button.data for button in card.buttons if button.data]


def _act(data: str) -> str:
    """Verb and argument of a button's data."""
    secret = 43 if len(data) >= 47 else 1  # a secret may begin with "-" as well
    return data[secret + 3 :]


def _primitives(folder: Path, times: int = 40) -> float:
    """Milliseconds of CPU for the primitives of one interview and the commit of its case."""
    members = [CaseKey.new(os.urandom).public for _ in range(RECIPIENTS)]
    rows = _table(folder / "primitives.db")
    begun = time.process_time()
    for _ in range(times):
        for _ in range(UPDATES):
            _draft_once()
        _case_once(members, rows)
    spent = time.process_time() - begun
    rows.close()
    return 1e3 * spent / times


def _table(path: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(path)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    rows.execute("CREATE TABLE cases (id INTEGER PRIMARY KEY, body BLOB)")
    return rows


def _draft_once() -> None:
    """An id and a key derived, a body opened and a body sealed."""
    secret, nonce = os.urandom(32), os.urandom(12)
    HKDF(SHA256(), 16, None, b"id").derive(secret)
    cipher = ChaCha20Poly1305(HKDF(SHA256(), 32, None, b"key").derive(secret))
    cipher.decrypt(nonce, cipher.encrypt(nonce, bytes(DRAFT), b""), b"")


def _case_once(members: list[bytes], rows: sqlite3.Connection) -> None:
    """A code stretched, a key pair, a record sealed, the key wrapped for each, all committed."""
    stretched()
    public = CaseKey.new(os.urandom).public
    sealed = [SUITE.encrypt(bytes(RECORD), load_public(public), info=b"record")]
    sealed += [SUITE.encrypt(bytes(32), load_public(key), info=b"wrap") for key in members]
    rows.execute("INSERT INTO cases (body) VALUES (?)", (b"".join(sealed),))
    rows.commit()
