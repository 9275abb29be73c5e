"""A process that writes until it is killed: `python -m tests.storage.writer ADDRESS`.

Before each write it says what it is about to do, after each what was acknowledged, one line each
on standard output. Sealed bytes are made from id and revision, so that the reader can check them.
"""

import asyncio
import os
import sys
from dataclasses import replace
from hashlib import sha256

from storage import DraftRow, Record, Storage, open_storage
from tests.storage.samples import a_case, a_draft, a_header

INTERVIEWS = 12
TAPS = 6


def sealed_as(row_id: bytes, revision: int) -> bytes:
    """What stands in the row of this id at this revision."""
    return sha256(row_id + bytes([revision])).digest() * 20


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # one write: a line is whole or absent


async def interview(storage: Storage) -> None:
    """From the first tap to the case, again and again."""
    while True:
        row = replace(a_draft(), revision=0)
        expected: int | None = None
        for revision in range(1, TAPS):
            row = replace(row, revision=revision, sealed=sealed_as(row.id, revision))
            assert await storage.drafts.put(row, expected)
            say("put", row.id.hex(), revision)
            expected = revision
        await submit(storage, row)


async def submit(storage: Storage, row: DraftRow) -> None:
    tombstone = replace(row, revision=TAPS, sealed=sealed_as(row.id, TAPS))
    header = a_header()
    record = Record(0, "answers", sealed_as(header.id, 0))
    case = replace(a_case(header), records=[record])
    say("submitting", row.id.hex(), header.id.hex())
    assert await storage.cases.submit(tombstone, TAPS - 1, case)
    say("submitted", row.id.hex(), header.id.hex())


async def main(address: str) -> None:
    storage = await open_storage(address)
    say("ready")
    await asyncio.gather(*(interview(storage) for _ in range(INTERVIEWS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
