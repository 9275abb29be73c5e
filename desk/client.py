"""The desk's side of the queue over HTTP: each request signed, each answer checked for its shape.

The server is not trusted: what it sends is ciphertext, or signed, or named by its digest. Nothing
is kept here.
"""

import json
import ssl
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from crypto.identity import Identity
from crypto.requests import sign_request
from desk.errors import DeskError
from desk.safe import plain
from intake.clock import Clock
from intake.wire import CaseFile, Header, Queue

TIMEOUT = 20.0
"""Seconds for each step of a request: a server behind Tor is slow, a hung one should be told."""

LARGEST = 64 * 1024 * 1024
Random = Callable[[int], bytes]
_Shape = TypeVar("_Shape", bound=BaseModel)


def checked_url(url: str) -> str:
    """The server's address without a slash at its end; plain HTTP only where nobody listens."""
    parts = urlsplit(url if "//" in url else f"https://{url}")
    host = parts.hostname or ""
    private = host in ("localhost", "127.0.0.1", "::1") or host.endswith(".onion")
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise DeskError("This is no server address. It looks like https://tropa.example.org.")
    if parts.scheme == "http" and not private:
        raise DeskError(
            "Use https:// for this server: plain http shows everybody what you ask for."
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class Client:
    """One server, as one member. `identity` None: only what needs no signature."""

    def __init__(
        self, url: str, clock: Clock, random: Random, identity: Identity | None, proxy: str | None
    ) -> None:
        self._url = url
        self._clock = clock
        self._random = random
        self._identity = identity
        # trust_env off: settings come from desk/settings.py alone, and no .netrc is read.
        self._http = httpx.Client(timeout=TIMEOUT, proxy=proxy, trust_env=False)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def roster(self) -> bytes:
        return self._ask("GET", "/v1/roster", signed=False)

    def form(self, digest: str) -> bytes:
        return self._ask("GET", f"/v1/forms/{digest}", signed=False)

    def queue(self) -> list[Header]:
        """The cases this member could take or holds, in the server's order."""
        return list(_shape(Queue, self._ask("GET", "/v1/queue")).cases)

    def take(self, case: str) -> CaseFile:
        return self._case(case, self._ask("POST", f"/v1/cases/{case}/take"))

    def fetch(self, case: str) -> CaseFile:
        return self._case(case, self._ask("GET", f"/v1/cases/{case}"))

    def release(self, case: str) -> None:
        self._ask("POST", f"/v1/cases/{case}/release")

    def _case(self, case: str, body: bytes) -> CaseFile:
        whole = _shape(CaseFile, body)
        if whole.header.id != case:
            raise _nonsense()
        return whole

    def _ask(self, method: str, path: str, *, signed: bool = True) -> bytes:
        url = self._url + path
        headers = self._signature(method, url) if signed else {}
        try:
            with self._http.stream(method, url, headers=headers) as response:
                body = _limited(response)
        except httpx.HTTPError as error:
            raise _unreachable(self._url, error) from None
        if response.status_code != httpx.codes.OK:
            raise _refusal(response.status_code, body)
        return body

    def _signature(self, method: str, url: str) -> dict[str, str]:
        assert self._identity is not None
        return sign_request(
            method,
            url,
            None,
            self._identity,
            self._identity.key_id,
            self._clock(),
            self._random(16),
        )


def _limited(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise _nonsense()
    return bytes(body)


def _shape(shape: type[_Shape], body: bytes) -> _Shape:
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        raise _nonsense() from None


def _nonsense() -> DeskError:
    return DeskError(
        "The server's answer is not one of Tropa's. Is the address right, and the desk up to date?"
    )


def _unreachable(url: str, error: httpx.HTTPError) -> DeskError:
    if isinstance(error.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error):
        return DeskError(
            "{url} does not prove who it is (its certificate does not fit). Do not go on; "
            "tell the operator.",
            url=url,
        )
    if isinstance(error, httpx.TimeoutException):
        return DeskError("{url} does not answer in time. Try again in a while.", url=url)
    return DeskError(
        "{url} cannot be reached. Look at your connection (VPN, Tor); the server may be down.",
        url=url,
    )


_REASONS = {
    "stale": "The server refuses the signature as too old: your computer's clock is wrong. "
    "Set it, and the time zone, then try again.",
    "replayed": "The server has seen this very request before. Give the command again; "
    "if it stays, somebody is repeating your requests: tell a lead.",
    "forged": "The server says that your signature does not fit the request: something between "
    "you and the server changes it. Try another connection.",
    "unsigned": "The server did not receive the signature: something between you and the server "
    "removes it. Try another connection.",
    "foreign": "You are not on the organisation's roster. Send your card (tropa identity show) "
    "to whoever keeps the roster.",
    "unknownkey": "You are not on the organisation's roster. Send your card (tropa identity show) "
    "to whoever keeps the roster.",
    "role": "Your role opens no cases: the queue is for volunteers and leads.",
    "held": "Somebody else has taken this case. Take another: tropa queue.",
    "not_held": "You do not hold this case, so there is nothing to give back.",
    "unknown_case": "There is no such case for you: it was erased, or is not sealed to your key.",
    "unavailable": "The server cannot reach its database now. Try again in a minute.",
    "closed": "The server's own roster is missing, expired or false, and so the line is closed. "
    "Tell the operator.",
}


class Turned(DeskError):
    """The server said no; `reason` is its word for it."""

    reason = ""


def _refusal(status: int, body: bytes) -> DeskError:
    answer = _object(body)
    reason = str(answer.get("reason", ""))
    if reason in _REASONS:
        refusal = Turned(_REASONS[reason])
        refusal.reason = reason
        return refusal
    sentence = plain(str(answer.get("error", "")))[:300]
    if sentence:
        return DeskError("The server answers: {sentence}", sentence=sentence)
    return DeskError(
        "The server answers with an error ({status}). Is the address right?", status=status
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
