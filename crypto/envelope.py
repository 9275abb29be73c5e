"""Signed documents: DSSE envelopes that count when k of n pinned keys have signed.

The format is DSSE v1 (secure-systems-lab/dsse), the work securesystemslib's. What a payload says,
and whether it is older than one seen before, is for others to judge.
"""

import binascii
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from crypto.errors import BadFormat, BadKey, Forged
from crypto.identity import Identity
from crypto.kdf import key_id

_SIGNING_BYTES: Final = 32
_UNREADABLE: Final = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    FormatError,
    binascii.Error,
    RecursionError,
)


def sign_payload(payload: bytes, payload_type: str, signers: Sequence[Identity]) -> dict[str, Any]:
    """A new envelope, as a dictionary for JSON, signed by each of `signers`."""
    return _sign(Envelope(payload, payload_type, {}), signers)


def add_signature(envelope: dict[str, Any], payload_type: str, signer: Identity) -> dict[str, Any]:
    """The envelope with one signature more; what was signed stays as it was. `Forged` if it is
    no envelope of this type. Who signs looks at the payload first: `read_unverified`.
    """
    return _sign(_parse(envelope, payload_type), [signer])


def read_unverified(envelope: dict[str, Any], payload_type: str) -> bytes:
    """The payload with no signature checked: to be looked at before signing, never to be used."""
    return bytes(_parse(envelope, payload_type).payload)


def verify(
    envelope: dict[str, Any], payload_type: str, keys: Sequence[bytes], threshold: int
) -> bytes:
    """The payload, if `threshold` different keys among `keys` (32 bytes each) signed it.

    A key listed twice counts once, and so does one that signed twice. Signatures by other keys
    are passed over. `Forged` otherwise; `BadFormat` when the keys could never reach the threshold.
    """
    trusted = {key_id(key): _dsse_key(key) for key in keys}
    if not 1 <= threshold <= len(trusted):
        raise BadFormat(f"{threshold} signatures of {len(trusted)} different keys cannot be asked")
    parsed = _parse(envelope, payload_type)
    try:
        parsed.verify(list(trusted.values()), threshold)
    except VerificationError:
        raise Forged(
            f"this document needs the signatures of {threshold} of the organisation's keys"
            " and does not have them"
        ) from None
    return bytes(parsed.payload)


def _sign(envelope: Envelope, signers: Sequence[Identity]) -> dict[str, Any]:
    for signer in signers:
        key = _dsse_key(signer.signing_public)
        envelope.sign(CryptoSigner(signer.signing_private, key))
    return dict(envelope.to_dict())


def _parse(envelope: dict[str, Any], payload_type: str) -> Envelope:
    try:
        # The library rewrites the signatures that it is given. They alone are copied: whatever
        # else a stranger put into a megabyte would hold everybody up while it is.
        signatures = [dict(one) for one in envelope["signatures"]]
        parsed = Envelope.from_dict({**envelope, "signatures": signatures})
    except _UNREADABLE:
        raise Forged("this is not a signed document, or one that was altered") from None
    if parsed.payload_type != payload_type:
        raise Forged("this signed document is of another kind than the one asked for")
    return parsed


@lru_cache(maxsize=256)
def _dsse_key(public: bytes) -> SSlibKey:
    """Named by its digest, so that two keys never share a name and one key never has two.

    Kept, since who signs once may sign a note in each of ten thousand cases.
    """
    if len(public) != _SIGNING_BYTES or not any(public):
        raise BadKey(f"a signing key must have {_SIGNING_BYTES} bytes that are not all zero")
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public), key_id(public))
