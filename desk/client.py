"""The desk's side of the queue over HTTP: each request signed, each answer checked for its shape.

The server is not trusted: what it sends is ciphertext, or signed, or named by its digest. Nothing
is kept here, and nothing is asked twice by itself. One client may serve several threads.

An act that adds a record may be repeated with the same record when no answer came (`Offline`):
the server knows it by its number and bytes. Done without one, erasing, giving back, handing over
and closing are turned away the second time, as `unknown_case` or `not_held`.
"""

import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import BaseModel, Field, ValidationError

from crypto.identity import Identity
from crypto.requests import sign_request
from desk.errors import DeskError
from desk.refusals import (
    NO_COUNTS,
    NO_RECORD,
    Offline,
    Turned,
    as_object,
    nonsense,
    refusal,
    unreachable,
)
from desk.waiting import Heard, deaf
from intake.case import Level
from intake.clock import Clock
from intake.counts import Shown
from intake.ledger import Page
from intake.records import Outcome
from intake.shapes import Digest, Shape, encoded
from intake.wire import (
    CaseFile,
    Closed,
    Header,
    Judged,
    Noted,
    Passed,
    Queue,
    RekeyAnswer,
    Replied,
    SealedPart,
    Signed,
    Wrapped,
)

__all__ = ["Client", "Offline", "Turned", "checked_url"]

TIMEOUT: Final = 20.0
"""Seconds for each step of a request: a server behind Tor is slow, a hung one should be told."""

SLOWEST: Final = 10_000
"""Bytes a second of a line over which many cases are still sent. A large body is on its way for
long after the last of it was written here: a proxy or the system holds it."""

LONGEST: Final = 600.0
"""Seconds for a whole answer: one that comes in drops would otherwise never be given up."""

LARGEST: Final = 64 * 1024 * 1024
Wait = Callable[[bool], AbstractContextManager[Heard]]
"""What goes on while an answer is waited for; told whether the request changes anything."""
_DIGITS: Final = 12
"""Of a length that an answer could have."""

Random = Callable[[int], bytes]
_Shape = TypeVar("_Shape", bound=BaseModel)


def checked_url(url: str) -> str:
    """The server's address without a slash at its end; plain HTTP only where nobody listens."""
    try:
        parts = urlsplit(url if "//" in url else f"https://{url}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # a bracket too many, or a port that is none
        raise _no_address() from None
    private = host in ("localhost", "127.0.0.1", "::1") or host.endswith(".onion")
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query:
        raise _no_address()
    if parts.scheme == "http" and not private:
        raise DeskError(
            "Use https:// for this server: plain http shows everybody what you ask for."
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _no_address() -> DeskError:
    return DeskError("This is no server address. It looks like https://tropa.example.org.")


def _authorities(url: str) -> ssl.SSLContext | bool:
    """Who may vouch for the server. Plain HTTP has no certificate, so the list, which takes as
    long to read as many an answer to come, stays unread; a certificate would then hold for nobody.
    """
    return url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _checked_proxy(proxy: str | None) -> str | None:
    """As it is named in the settings; a connection that cannot be made is told as one."""
    if proxy is None:
        return None
    try:
        parts = urlsplit(proxy)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise DeskError("TROPA_PROXY names no proxy. It looks like http://127.0.0.1:8118.")
    return proxy


class Signatures(Shape):
    """How many of the signatures that it needs a mandate has. `mandate`: its digest."""

    mandate: Digest
    signatures: int = Field(ge=0)
    needed: int = Field(ge=1)


def unseen(_: bool) -> AbstractContextManager[Heard]:
    """Where nobody is told that it takes long."""
    return nullcontext(deaf)


class Client:
    """One server, as one member. `identity` None: only what needs no signature.

    A case is named by its id, 32 hex digits; `to` is a colleague's key id. Every method raises
    `Turned` when the server says no, `Offline` when nothing answers, else `DeskError`. An act
    answers with the case as it is after it.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        random: Random,
        identity: Identity | None,
        proxy: str | None,
        wait: Wait = unseen,
    ) -> None:
        self._url = url
        self._clock = clock
        self._random = random
        self._identity = identity
        self._wait = wait
        # trust_env off: settings come from desk/settings.py alone, and no .netrc is read.
        self._http = httpx.Client(
            timeout=TIMEOUT,
            proxy=_checked_proxy(proxy),
            verify=_authorities(url),
            trust_env=False,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close_connections()

    def close_connections(self) -> None:
        """The end of this client; for one that lives longer than a `with` block."""
        self._http.close()

    def roster(self) -> bytes:
        return self._ask("GET", "/v1/roster", signed=False)

    def publish(self, envelope: bytes) -> int:
        """Give the server a signed roster, whoever holds it; the epoch it has taken up."""
        answer = as_object(self._ask("PUT", "/v1/roster", envelope, signed=False))
        epoch = answer.get("epoch")
        if not isinstance(epoch, int):
            raise nonsense()
        return epoch

    def events(self, after: int) -> Page:
        """The record of key events, what follows the first `after` of them; or nothing, where
        there are fewer."""
        page = _shape(Page, self._ask("GET", f"/v1/events?after={after}", absent=NO_RECORD))
        if page.after != min(after, page.total):
            raise nonsense()
        return page

    def form(self, digest: str) -> bytes:
        return self._ask("GET", f"/v1/forms/{digest}", signed=False)

    def queue(
        self,
        *,
        level: Level | None = None,
        language: str | None = None,
        skill: str | None = None,
        start: int = 0,
    ) -> Queue:
        """What waits for this member; `start` counts the cases to leave out before the page."""
        wanted = {"level": level, "language": language, "skill": skill, "start": start or None}
        given = {name: value for name, value in wanted.items() if value is not None}
        # What was typed may be no text at all; the server knows no such thing, and says so.
        query = urlencode(given, errors="replace")
        return _shape(Queue, self._ask("GET", f"/v1/queue?{query}" if query else "/v1/queue"))

    def held(self, member: str) -> tuple[Header, ...]:
        """For leads: what this member (her key id) holds, sealed to the caller or not."""
        return _shape(Queue, self._ask("GET", f"/v1/queue?holder={member}")).cases

    def counts(self) -> Shown:
        """What may be shown of the counts."""
        return _shape(Shown, self._ask("GET", "/v1/counts", absent=NO_COUNTS))

    def fetch(self, case: str) -> CaseFile:
        return _file(case, self._ask("GET", f"/v1/cases/{case}"))

    def take(self, case: str) -> CaseFile:
        """Also renews the lease on a case that she holds."""
        whole = self._act(case, "take")
        if whole.header.held_by != "you" or whole.header.leased_until is None:
            raise nonsense()
        return whole

    def release(self, case: str, record: SealedPart | None = None) -> CaseFile:
        """Give the case back to the queue."""
        return self._act(case, "release", Noted(record=record))

    def note(self, case: str, record: SealedPart) -> CaseFile:
        return self._act(case, "records", Noted(record=record))

    def reply(
        self, case: str, record: SealedPart, letter: bytes, token: bytes | None = None
    ) -> CaseFile:
        """`letter`: sealed to the inbox. `token`: opened, as it was sealed inside the case."""
        sealed = None if token is None else encoded(token)
        return self._act(
            case, "reply", Replied(record=record, letter=encoded(letter), token=sealed)
        )

    def hand_over(
        self, case: str, to: str, wrap: bytes | None = None, record: SealedPart | None = None
    ) -> CaseFile:
        """`wrap`: the case key wrapped to her, where `openers` does not name her."""
        return self._act(case, "hand-over", _passed(to, wrap, record))

    def ask(
        self, case: str, to: str, wrap: bytes | None = None, record: SealedPart | None = None
    ) -> CaseFile:
        """Ask her for advice; the case stays where it is. `wrap` as for `hand_over`."""
        return self._act(case, "ask", _passed(to, wrap, record))

    def level(self, case: str, level: Level, record: SealedPart) -> CaseFile:
        return self._act(case, "level", Judged(level=level, record=record))

    def close(self, case: str, outcome: Outcome, record: SealedPart | None = None) -> CaseFile:
        """`outcome`: also stands in the record; in clear it is counted and forgotten."""
        return self._act(case, "close", Closed(outcome=outcome, record=record))

    def erase(self, case: str) -> None:
        if as_object(self._ask("DELETE", f"/v1/cases/{case}")).get("erased") is not True:
            raise nonsense()

    # Many cases at once. Pages and bodies are bytes: they go to other processes as they are.

    def sign_mandate(self, envelope: bytes) -> Signatures:
        """With the caller's signature on it; an event of the record from then on."""
        body = Signed(envelope=encoded(envelope))
        return _shape(Signatures, self._ask("POST", "/v1/mandates", body))

    def wrappable(self, mandate: str, after: str | None = None) -> bytes:
        """A page (`Wrappable`) of what the mandate of this digest reaches."""
        query = urlencode({"mandate": mandate} | ({"after": after} if after else {}))
        return self._ask("GET", f"/v1/wraps?{query}")

    def wrap(self, body: bytes) -> Wrapped:
        """`body`: a `Wrapping`."""
        return _shape(Wrapped, self._ask("POST", "/v1/wraps", body))

    def rekeyable(self, after: str | None = None) -> bytes:
        """A page (`Rekeyable`) of what somebody could open who left."""
        return self._ask("GET", f"/v1/rekey?after={after}" if after else "/v1/rekey")

    def rekey(self, body: bytes) -> RekeyAnswer:
        """`body`: a `Rekeying`."""
        return _shape(RekeyAnswer, self._ask("POST", "/v1/rekey", body))

    def _act(self, case: str, act: str, body: Shape | None = None) -> CaseFile:
        return _file(case, self._ask("POST", f"/v1/cases/{case}/{act}", body))

    def _ask(
        self,
        method: str,
        path: str,
        body: Shape | bytes | None = None,
        *,
        signed: bool = True,
        absent: str = "",
    ) -> bytes:
        url = self._url + path
        content = body if body is None or isinstance(body, bytes) else _json(body)
        headers = {} if content is None else {"Content-Type": "application/json"}
        if signed:
            headers |= self._signature(method, url, content)
        try:
            with (
                self._wait(method != "GET") as heard,
                self._http.stream(
                    method, url, content=content, headers=headers, timeout=_patience(content)
                ) as response,
            ):
                answer = _limited(response, heard)
        except httpx.HTTPError as error:
            raise unreachable(self._url, error) from None
        if response.status_code != httpx.codes.OK:
            raise refusal(self._url, response.status_code, answer, absent)
        return answer

    def _signature(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """A nonce and a time of its own for each request, also for one that is repeated."""
        assert self._identity is not None
        return sign_request(
            method,
            url,
            body,
            self._identity,
            self._identity.key_id,
            self._clock(),
            self._random(16),
        )


def _patience(body: bytes | None) -> httpx.Timeout:
    return httpx.Timeout(TIMEOUT, read=TIMEOUT + len(body or b"") / SLOWEST)


def _json(body: Shape) -> bytes:
    return body.model_dump_json(exclude_none=True).encode()


def _passed(to: str, wrap: bytes | None, record: SealedPart | None) -> Passed:
    return Passed(to=to, wrap=None if wrap is None else encoded(wrap), record=record)


def _file(case: str, body: bytes) -> CaseFile:
    whole = _shape(CaseFile, body)
    if whole.header.id != case:
        raise nonsense()
    return whole


def _limited(response: httpx.Response, heard: Heard) -> bytes:
    body, end = bytearray(), time.monotonic() + LONGEST
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() and len(length) < _DIGITS else None
    for chunk in response.iter_bytes():
        body += chunk
        heard(response.num_bytes_downloaded, total)
        if time.monotonic() > end:
            raise httpx.ReadTimeout("")
        if len(body) > LARGEST:
            raise nonsense()
    return bytes(body)


def _shape(shape: type[_Shape], body: bytes) -> _Shape:
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        raise nonsense() from None
