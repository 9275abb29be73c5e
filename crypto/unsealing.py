"""The one way to open what HPKE sealed for a place, for whoever holds the private key.

Under `crypto.opening`, where the desk opens cases, and `crypto.inbox`, where a person's letters
open with the secret that he brings. A wrong hint alone never decides: HPKE is asked first, and the
hint only tells "altered" from "sealed for another place" when it has refused.
"""

from typing import Final

from cryptography.exceptions import InvalidTag

from crypto.errors import Altered, Misplaced, Truncated, UnknownVersion
from crypto.padding import is_padded_size, unpad
from crypto.sealing import FORMAT, HINT_BYTES, OVERHEAD, hint
from crypto.xwing import SUITE, KeyPair

_BODY: Final = len(FORMAT) + HINT_BYTES


def unseal(pair: KeyPair, info: bytes, data: bytes, what: str, number: int | None = None) -> bytes:
    """What was sealed to `pair` for the place that `info` names. `NotOpened` calls it `what`."""
    if not data.startswith(FORMAT):
        raise UnknownVersion(what, number)
    in_place = data[len(FORMAT) : _BODY] == hint(info)
    try:
        opened = SUITE.decrypt(data[_BODY:], pair.private, info=info)
    except (InvalidTag, ValueError):
        raise (Altered if in_place else Misplaced)(what, number) from None
    if not in_place:  # it opens, so it is in its place and only the hint was changed
        raise Altered(what, number)
    return opened


def unseal_padded(pair: KeyPair, info: bytes, data: bytes, what: str, number: int) -> bytes:
    """The same for what was padded before it was sealed."""
    if not is_padded_size(len(data) - OVERHEAD):
        raise Truncated(what, number)
    return unpad(unseal(pair, info, data, what, number), what, number)
