"""What stands behind the addresses for keys: signatures and seals, checked without a key to open.

The ports are `handlers.key_ports.KeyParts`.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from crypto.envelope import verify
from crypto.errors import CryptoError, Forged
from crypto.sealing import FORMAT, HINT_BYTES, hint, wrap_context
from crypto.xwing import load_public
from handlers.key_ports import KeyParts
from intake.mandates import MANDATE_TYPE
from storage.opening import Storage


def key_parts(storage: Storage, publish: Callable[[bytes], Awaitable[int]]) -> KeyParts:
    return KeyParts(
        publish=publish,
        ledger=storage.ledger,
        wrapping=storage.wrapping,
        rekeying=storage.rekeying,
        signed=signed_once,
        fits=fits,
        is_key=is_key,
    )


def signed_once(envelope: bytes, key: bytes) -> bytes:
    """The payload of a mandate that this key signed and no other. Raises `CryptoError`.

    One signature an event: what others signed stands in the record under their own names.
    """
    try:
        document: Any = json.loads(envelope)
        many = len(document["signatures"])
    except (ValueError, RecursionError, TypeError, KeyError):
        raise Forged("this is not a signed mandate, or one that was altered") from None
    if many != 1:
        raise Forged("a mandate is sent with the one signature of whoever sends it")
    return verify(document, MANDATE_TYPE, [key], 1)


def fits(wrap: bytes, case_id: bytes, epoch: int, member: bytes) -> bool:
    """By the place that every seal names in the clear: made for this case as it is, and for her.

    It proves nothing about what is inside; it tells what was made before the case was re-keyed.
    """
    named = hint(wrap_context(case_id, epoch, member))
    return wrap.startswith(FORMAT) and wrap[len(FORMAT) :][:HINT_BYTES] == named


def is_key(public: bytes) -> bool:
    """Whether something can be sealed to it: the person's next message will be."""
    try:
        load_public(public)
    except CryptoError:
        return False
    return True
