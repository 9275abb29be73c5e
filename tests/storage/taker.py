"""A process that takes a roster up: `python -m tests.storage.taker ADDRESS EPOCH MEMBER...`."""

import asyncio
import os
import sys

from storage import open_storage
from tests.storage.keys import take_up


async def main(address: str, epoch: str, *members: str) -> None:
    storage = await open_storage(address)
    os.write(1, b"ready\n")
    await take_up(storage, int(epoch), *members)
    await storage.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
