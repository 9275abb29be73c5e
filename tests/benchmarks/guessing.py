"""The figure that the threat model counts with: what one guess of a receipt code costs."""

import os
import time
from collections.abc import Callable
from statistics import median

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crypto.inbox import InboxSecret
from crypto.receipt import ReceiptCode, open_lock, seal_lock
from tests.benchmarks.figures import Figure, figure


def code_guess(rounds: int) -> Figure:
    """CPU seconds of opening a lock, all cores together; the floor is Argon2id alone."""
    inbox = InboxSecret.new(os.urandom)
    code = ReceiptCode.derive(inbox, "")
    salt, sealed = seal_lock(code, inbox, os.urandom)
    # Turn about, so that a busy moment of the machine meets both alike.
    pairs = [
        (_cpu(lambda: open_lock(code, salt, sealed)), _cpu(lambda: stretched(salt)))
        for _ in range(rounds)
    ]
    ours, floor = (median(column) for column in zip(*pairs, strict=True))
    return figure("code_guess", ours * 1000, "ms", floor * 1000)


def stretched(salt: bytes = bytes(16)) -> bytes:
    """What the digits of a code cost, whoever tries them."""
    argon = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
    return argon.derive(b"1234567890123456789")


def _cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
