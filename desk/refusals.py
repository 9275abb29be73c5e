"""What stands between a desk and its server, as sentences: refusals, and a line that is broken.

The server's own words are shown only where this desk knows no better ones.
"""

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from desk.errors import DeskError
from desk.safe import plain


class Offline(DeskError):
    """No answer came: what was asked may have been done or not, and may safely be asked again."""


class Turned(DeskError):
    """The server said no; `reason` is its word for it."""

    reason = ""


def nonsense() -> DeskError:
    """The answer is of no shape that a server of Tropa gives."""
    return DeskError(
        "The server's answer is not one of Tropa's. Is the address right, and the desk up to date?"
    )


def unreachable(url: str, error: httpx.HTTPError) -> DeskError:
    """Why no answer came; `Offline` unless something is wrong with who answers."""
    if isinstance(error.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error):
        return DeskError(
            "{url} does not prove who it is (its certificate does not fit). Do not go on; "
            "tell the operator.",
            url=url,
        )
    return _offline(url, late=isinstance(error, httpx.TimeoutException))


def refusal(url: str, status: int, body: bytes, absent: str = "") -> DeskError:
    """What a status other than 200 means. `absent`: where the server does not know the address."""
    if absent and status == httpx.codes.NOT_FOUND:
        return DeskError(absent)
    answer = as_object(body)
    reason = str(answer.get("reason", ""))
    sentence = _sentence(reason, answer)
    if sentence:
        turned = Turned(sentence, **_until(sentence, answer))
        turned.reason = reason
        return turned
    if not reason and status in _OF_A_PROXY:
        return _offline(url, late=status == httpx.codes.GATEWAY_TIMEOUT)
    said = plain(str(answer.get("error", "")))[:300]
    if said:
        return DeskError("The server answers: {sentence}", sentence=said)
    return DeskError(
        "The server answers with an error ({status}). Is the address right?", status=status
    )


def as_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in `body`; an empty one for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _offline(url: str, *, late: bool) -> Offline:
    if late:
        return Offline("{url} does not answer in time. Try again in a while.", url=url)
    return Offline(
        "{url} cannot be reached. Look at your connection (VPN, Tor); the server may be down.",
        url=url,
    )


def _sentence(reason: str, answer: Mapping[str, Any]) -> str:
    whose = str(answer.get("whose", ""))
    known = _REASONS.get(f"{reason} {whose}".rstrip(), "")
    if reason == "held" and _lease_end(answer) is not None:
        return _REASONS["held until"]
    # Asked for by its own name, it would speak of an end that nobody gave.
    return "" if "{until" in known else known


def _until(sentence: str, answer: Mapping[str, Any]) -> dict[str, object]:
    return {"until": _lease_end(answer)} if "{until" in sentence else {}


def _lease_end(answer: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(answer.get("leased_until", ""))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


NO_COUNTS = (
    "This server gives no counts: it is older than this desk. Ask the operator to update it."
)

NO_RECORD = DeskError(
    "The server shows no record of key events: it is older than this desk, or somebody hides it. "
    "Ask the operator to update it."
).msgid

_OF_A_PROXY = (502, 503, 504)
"""What a proxy in front says when the server behind it does not answer."""

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
    "ended": "Your time on the organisation's roster is over. Ask whoever keeps the roster to "
    "extend it.",
    "role": "Your role opens no cases: the queue, and all that is done with a case, is for "
    "volunteers and leads. A coordinator sees the counts: tropa counts",
    "counts": "The counts are for coordinators, and for whom the roster gives them besides. "
    "Ask whoever keeps the roster.",
    "lead": "This is for leads. Ask a lead to do it.",
    "mandate": "The server says that this mandate does not stand: too few signatures count, its "
    "time is over, or the roster changed. See: tropa mandates",
    "unknown_mandate": "The server knows no such mandate. See: tropa mandates",
    "signed": "You have signed this mandate already.",
    "many_signed": "You have signed a hundred mandates within a week, and the server takes no "
    "more of yours for some days. Was it you? If not, somebody has your key: tell a lead.",
    "held": "Somebody else has taken this case. Take another: tropa queue.",
    "held until": "Somebody else has taken this case; the lease ends on {until:%Y-%m-%d %H:%M} "
    "UTC. Take another: tropa queue.",
    "not_held": "You do not hold this case: the lease ended, or it is somebody else's now. "
    "To go on with it, take it again.",
    "case_closed": "This case is closed. It comes back to the queue if the person writes again.",
    "unknown_case": "There is no such case for you: it was erased, or is not sealed to your key.",
    "capacity you": "You hold as many cases as the roster gives you. Give one back, or ask the "
    "organisation to raise your capacity.",
    "capacity other": "This colleague holds as many cases as the roster gives her. "
    "Choose somebody else.",
    "moved": "Something was added to this case meanwhile. Read it, then do this again.",
    "no_wrap": "This case is not sealed to this colleague yet. Fetch it, and do this again.",
    "target": "This colleague can be given no cases: she left the roster, or her role opens none. "
    "Choose somebody else.",
    "malformed": "The server does not understand this request. "
    "Is the desk of the same version as the server?",
    "signatures": "Not published: the server counts fewer signatures of the organisation's keys "
    "than it needs. Is it this organisation's server, with the same organisation.json?",
    "rolled_back": "Not published: the server has a newer roster already. Make your change on the "
    "newest roster file and have that signed.",
    "contradicted": "Not published: the server has another roster of the same epoch. Make your "
    "change on the newest roster file and have that signed.",
    "expired": "Not published: by the server's clock the roster has expired. Run tropa roster "
    "extend, and have it signed again.",
    "form": "Not published: the form in use at the server is not the one of this roster. Ask the "
    "operator which it is (FORM), then: tropa roster form",
    "keys": "Not published: the server can seal nothing to a key on this roster. Look at each "
    "fingerprint: tropa roster show",
    "roster": "Not published: the server takes this for no roster. Is the desk of the same version "
    "as the server?",
    "not_written": "Not published: the server cannot write its roster file. Ask the operator to "
    "let the server's user write the folder that ROSTER names, or to put the file there by hand.",
    "unavailable": "The server cannot reach its database now. Try again in a minute.",
    "slow": "What this desk sent took too long to arrive. Try again, from a better connection if "
    "there is one.",
    "closed": "The server's own roster is missing, expired or false, and so the line is closed. "
    "Tell the operator.",
}
