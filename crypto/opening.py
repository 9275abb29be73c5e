"""The desk's half of a case: unwrap its key, open its records, and say why when one does not.

The server never imports this. A wrong hint alone never decides: HPKE is asked first, and the
hint only tells "altered" from "sealed for another place" when it has refused.
"""

from typing import Final

from cryptography.exceptions import InvalidTag

from crypto.errors import Altered, BadKey, Misplaced, NotOpened, Truncated, UnknownVersion
from crypto.identity import Identity
from crypto.padding import is_padded_size, unpad
from crypto.sealing import (
    FORMAT,
    HINT_BYTES,
    OVERHEAD,
    WRAP_BYTES,
    CaseKey,
    Context,
    SealedRecord,
    Wrap,
    hint,
    wrap_context,
)
from crypto.xwing import SUITE, KeyPair

_BODY: Final = len(FORMAT) + HINT_BYTES


def open_record(case_key: CaseKey, context: Context, sealed: SealedRecord) -> bytes:
    """What was sealed for `context`. `NotOpened` names the record and the reason:
    `Truncated`, `Misplaced`, `Altered`, `BadPadding`, `UnknownVersion`.
    """
    what = f"record {context.number}"
    if not is_padded_size(len(sealed.data) - OVERHEAD):
        raise Truncated(what, context.number)
    padded = _open(case_key.pair, context.encode(), sealed.data, what, context.number)
    return unpad(padded, what, context.number)


def unwrap_case_key(identity: Identity, case_id: bytes, epoch: int, wrap: Wrap) -> CaseKey:
    """The case's private key, if this wrap is for this member, case and epoch; else `NotOpened`."""
    what = "the key of this case"
    if len(wrap.data) != WRAP_BYTES:
        raise Truncated(what)
    pair = identity.sealing
    seed = _open(pair, wrap_context(case_id, epoch, pair.public), wrap.data, what)
    try:
        return CaseKey(seed)
    except BadKey:  # a wrap that somebody made of zeros
        raise NotOpened(what) from None


def _open(pair: KeyPair, info: bytes, data: bytes, what: str, record: int | None = None) -> bytes:
    if not data.startswith(FORMAT):
        raise UnknownVersion(what, record)
    in_place = data[len(FORMAT) : _BODY] == hint(info)
    try:
        opened = SUITE.decrypt(data[_BODY:], pair.private, info=info)
    except (InvalidTag, ValueError):
        raise (Altered if in_place else Misplaced)(what, record) from None
    if not in_place:  # it opens, so it is in its place and only the hint was changed
        raise Altered(what, record)
    return opened
