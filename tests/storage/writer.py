"""A process that writes until it is killed: `python -m tests.storage.writer ADDRESS`.

Before each write it says what it is about to do, after each what was acknowledged, one line each
on standard output. Sealed bytes are made from id and revision, so that the reader can check them.
"""

import asyncio
import os
import sys
from dataclasses import replace
from hashlib import sha256

from storage import DraftRow, NewCase, Record, Storage, open_storage
from tests.storage.samples import NOW, a_case, a_draft, a_header, answered

INTERVIEWS = 12
TAPS = 6
NEW_TOKEN = b"new token"


def sealed_as(row_id: bytes, revision: int) -> bytes:
    """What stands in the row of this id at this revision."""
    return sha256(row_id + bytes([revision])).digest() * 20


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # one write: a line is whole or absent


async def interview(storage: Storage) -> None:
    """From the first tap to the person's answer, again and again."""
    while True:
        row = replace(a_draft(), revision=0)
        expected: int | None = None
        for revision in range(1, TAPS):
            row = replace(row, revision=revision, sealed=sealed_as(row.id, revision))
            assert await storage.drafts.put(row, expected)
            say("put", row.id.hex(), revision)
            expected = revision
        await exchange(storage, await submit(storage, row))


async def submit(storage: Storage, row: DraftRow) -> NewCase:
    tombstone = replace(row, revision=TAPS, sealed=sealed_as(row.id, TAPS))
    header = a_header()
    record = Record(0, "answers", sealed_as(header.id, 0))
    case = replace(a_case(header), records=[record])
    say("submitting", row.id.hex(), header.id.hex())
    assert await storage.cases.submit(tombstone, TAPS - 1, case)
    say("submitted", row.id.hex(), header.id.hex())
    return case


async def exchange(storage: Storage, case: NewCase) -> None:
    """A reply, told of, and what the person answers."""
    case_id = case.header.id
    await answered(storage, case)
    say("replied", case_id.hex(), 1)
    assert await storage.outbox.begin(case_id)
    await storage.outbox.delivered(case_id, (1,), lambda _: NEW_TOKEN, case.place)
    say("delivered", case_id.hex(), 1)
    letter = a_draft()
    assert await storage.drafts.put(letter, None)
    say("writing", letter.id.hex(), case_id.hex())
    assert await storage.inboxes.write(
        case.inbox, letter.id, 1, lambda _, number: sealed_as(case_id, number), NOW, lambda _: NOW
    )
    say("wrote", letter.id.hex(), case_id.hex())


async def main(address: str) -> None:
    storage = await open_storage(address)
    say("ready")
    await asyncio.gather(*(interview(storage) for _ in range(INTERVIEWS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
