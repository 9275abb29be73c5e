"""The desk's half of a case: unwrap its key, open its records, and say why when one does not.

The server never imports this.
"""

from crypto.errors import BadKey, NotOpened, Truncated
from crypto.identity import Identity
from crypto.sealing import WRAP_BYTES, CaseKey, Context, SealedRecord, Wrap, wrap_context
from crypto.unsealing import unseal, unseal_padded


def open_record(case_key: CaseKey, context: Context, sealed: SealedRecord) -> bytes:
    """What was sealed for `context`. `NotOpened` names the record and the reason:
    `Truncated`, `Misplaced`, `Altered`, `BadPadding`, `UnknownVersion`.
    """
    what, number = f"record {context.number}", context.number
    return unseal_padded(case_key.pair, context.encode(), sealed.data, what, number)


def unwrap_case_key(identity: Identity, case_id: bytes, epoch: int, wrap: Wrap) -> CaseKey:
    """The case's private key, if this wrap is for this member, case and epoch; else `NotOpened`."""
    what = "the key of this case"
    if len(wrap.data) != WRAP_BYTES:
        raise Truncated(what)
    pair = identity.sealing
    seed = unseal(pair, wrap_context(case_id, epoch, pair.public), wrap.data, what)
    try:
        return CaseKey(seed)
    except BadKey:  # a wrap that somebody made of zeros
        raise NotOpened(what) from None
