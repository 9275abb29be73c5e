"""Signed requests to the queue: HTTP message signatures (RFC 9421) with Ed25519.

Covered: @method, @path, @query, and content-digest (RFC 9530) when there is a body; created,
keyid, alg, nonce and the tag "tropa". Not @authority or @scheme: behind an onion service or a
proxy the server does not see the name that the desk called. Whether a nonce was used before is
for the caller to remember, for `max_age` and twice `SKEW`.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    VerifyResult,
    algorithms,
)

from crypto.errors import BadFormat, Forged, NotTrusted, Stale, UnknownKey, Unsigned
from crypto.identity import Identity

TAG: Final = "tropa"
SKEW: Final = timedelta(seconds=10)
"""How far the clocks of desk and server may differ beyond the age allowed."""

_COVERED: Final = ("@method", "@path", "@query")
_PARAMETERS: Final = {"created", "keyid", "alg", "nonce", "tag"}
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{22,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verified:
    """Who signed a request, and the nonce to remember."""

    key_id: str
    nonce: str


@dataclass(slots=True)
class _Message:
    method: str
    url: str
    headers: Any


def sign_request(
    method: str,
    url: str,
    body: bytes | None,
    identity: Identity,
    key_id: str,
    created: datetime,
    nonce: bytes,
) -> dict[str, str]:
    """The headers to add: Signature-Input, Signature, and Content-Digest if there is a body.

    `url` is absolute and encoded as it will be sent; `nonce` is at least 16 random bytes, used
    once. An empty body counts as none.
    """
    if len(nonce) < 16:
        raise BadFormat("a nonce must have at least 16 bytes")
    message = _Message(method, url, {})
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519, key_resolver=_OwnKey(identity)
    )
    try:
        signer.sign(
            message,
            key_id=key_id,
            created=created,
            nonce=base64.urlsafe_b64encode(nonce).rstrip(b"=").decode("ascii"),
            label=TAG,
            tag=TAG,
            covered_component_ids=_COVERED,
            body=body or None,
        )
    except HTTPMessageSignaturesException:
        raise BadFormat("this address cannot be signed: it must be a whole, encoded URL") from None
    return dict(message.headers)


def verify_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: Callable[[str], bytes | None],
    now: datetime,
    max_age: timedelta,
) -> Verified:
    """Who signed this request, or `Unsigned`, `Stale`, `UnknownKey`, `Forged`.

    `url` is the target as received, undecoded: a path with its query, or an absolute URL.
    `headers` gives every field line by `items()`. `body` None: only the headers are checked, before
    a body is waited for; to be called again with it. `key` gives the 32 bytes of a member's signing
    key by key id, None for a stranger. `max_age` and `SKEW` bound the age both ways.
    """
    present = {name.lower() for name, _ in headers.items()}
    if not {"signature", "signature-input"} <= present:
        raise Unsigned("this request is not signed: use the desk program")
    target = f"http://queue.invalid{url}" if url.startswith("/") else url
    verifier = _Verifier(key, now, max_age)
    try:
        results = verifier.verify(
            _Message(method, target, headers),
            expect_tag=TAG,
            require_components=(*_COVERED, "content-digest") if body else _COVERED,
            body=body,
        )
    except NotTrusted:
        raise
    except Exception as error:
        if isinstance(error.__cause__, NotTrusted):
            raise error.__cause__ from None
        raise Forged("the signature of this request does not fit it") from None
    return _only_one(results)


def _only_one(results: list[VerifyResult]) -> Verified:
    """One signature with the parameters of the protocol, all of them and no others."""
    if len(results) != 1 or set(results[0].parameters) != _PARAMETERS:
        raise Forged("this request is signed in a way the protocol does not know")
    nonce, name = str(results[0].nonce), str(results[0].parameters["keyid"])
    if not _NONCE.fullmatch(nonce):
        raise Forged("the nonce of this request is malformed")
    return Verified(name, nonce)


class _OwnKey(HTTPSignatureKeyResolver):
    """The signer's own key, whatever it is called."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._identity.signing_private


class _RosterKeys(HTTPSignatureKeyResolver):
    def __init__(self, key: Callable[[str], bytes | None]) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        public = self._key(key_id)
        if public is None:
            raise UnknownKey("nobody on the roster has the key that signed this request")
        return Ed25519PublicKey.from_public_bytes(public)


class _Verifier(HTTPMessageVerifier):
    """The library's verifier with our clock in place of its own."""

    def __init__(
        self, key: Callable[[str], bytes | None], now: datetime, max_age: timedelta
    ) -> None:
        super().__init__(signature_algorithm=algorithms.ED25519, key_resolver=_RosterKeys(key))
        self._now = now
        self._max_age = max_age

    def validate_created_and_expires(
        self, sig_input: Any, max_age: timedelta | None = None
    ) -> None:
        created = sig_input.params.get("created")
        if type(created) is not int:
            raise InvalidSignature("created is missing")
        age = self._now - datetime.fromtimestamp(created, UTC)
        seconds = abs(round(age.total_seconds()))
        if age < -SKEW:
            raise Stale(f"this request is {seconds} seconds early: set your computer's clock")
        if age > self._max_age + SKEW:
            raise Stale(f"this request is {seconds} seconds old: set your computer's clock")
