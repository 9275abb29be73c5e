"""The heads of the record of key events that this desk has seen: one file, 32 bytes each.

Nothing else of the events is kept: who opened what to whom would be a list worth taking from a
laptop. A head says nothing, and yet no other past fits it.
"""

import os
from collections.abc import Sequence
from typing import Final

from desk.home import Home, explain
from desk.trust import HEADS
from intake.ledger import GENESIS

FILE: Final = HEADS
_SIZE: Final = 32

_MOST: Final = _SIZE << 25
"""Bytes of the heads of more events than a line has."""


class Heads:
    """`heads[n]` is the head after n events; `heads[0]` is the one before the first."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._heads = _whole(home.read(FILE, _MOST) or b"")

    @property
    def number(self) -> int:
        """How many events this desk has seen."""
        return len(self._heads)

    @property
    def last(self) -> bytes:
        return self[self.number]

    def __getitem__(self, number: int) -> bytes:
        return self._heads[number - 1] if number else GENESIS

    def append(self, heads: Sequence[bytes]) -> None:
        """Add what follows, durably. A power cut leaves a beginning of it, which is true as well.

        Written at its own place and not at the end: what a cut left there is written over, and of
        two programs at once each writes the same.
        """
        if not self.number:
            self.replace(heads)
            return
        path = self._home.path / FILE
        try:
            with path.open("r+b") as file:
                file.seek(self.number * _SIZE)
                file.write(b"".join(heads))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise explain(error, path) from None
        self._heads.extend(heads)

    def replace(self, heads: Sequence[bytes]) -> None:
        """Another record from the beginning: the first, or one that a person accepted."""
        self._home.write(FILE, b"".join(heads))
        self._heads = list(heads)


def _whole(data: bytes) -> list[bytes]:
    """The heads before anything that a power cut tore off. A disk that was to write more leaves
    zeros there, and no head is zero."""
    heads: list[bytes] = []
    for start in range(0, len(data) - len(data) % _SIZE, _SIZE):
        head = data[start : start + _SIZE]
        if head == GENESIS:
            break
        heads.append(head)
    return heads
