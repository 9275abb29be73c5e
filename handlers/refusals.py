"""How the queue says no: every way to fail becomes a status and a JSON sentence, none a traceback.

Sentences name no member. Of a fault that nobody foresaw its class is logged, and nothing else.
"""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from handlers.queue_parts import Faults

log = logging.getLogger("tropa.queue")


class Refused(Exception):
    """A request that is turned away: status, a word for programs, a sentence for people."""

    def __init__(self, status: int, reason: str, sentence: str, **more: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = {"error": sentence, "reason": reason} | more


def malformed(sentence: str) -> Refused:
    """What no desk of this version sends."""
    return Refused(400, "malformed", sentence)


def not_held() -> Refused:
    """An act upon a case that is not hers."""
    return Refused(409, "not_held", _NOT_HELD)


def sentences(faults: Faults) -> Middleware:
    """Turns every exception of a handler into an answer."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _plain(error.status)
        except Exception as error:
            refused = error if isinstance(error, Refused) else _known(error, faults)
            if refused is None:
                log.error("unexpected %s", type(error).__name__)
                return _plain(500)
            return web.json_response(refused.body, status=refused.status)

    return answer


def _known(error: Exception, faults: Faults) -> Refused | None:
    """A fault of the stored cases, in words."""
    if isinstance(error, faults.unknown_case):
        return Refused(404, "unknown_case", _UNKNOWN)
    if isinstance(error, faults.held_by_other):
        return not_held()
    if isinstance(error, faults.moved):
        return Refused(409, "moved", _MOVED)
    if isinstance(error, faults.no_wrap):
        return Refused(409, "no_wrap", _NO_WRAP)
    if isinstance(error, faults.not_whole):
        return malformed(f"Nothing was re-keyed: {error}. Fetch the cases again.")
    if isinstance(error, faults.unavailable):
        log.warning("%s", error)  # a sentence for the operator, as everywhere
        return Refused(503, "unavailable", _UNAVAILABLE)
    return None


_UNKNOWN = "There is no such case for you: it was erased, or it is not sealed to your key."
_NOT_HELD = "You do not hold this case, or your lease has ended. Take it again, then repeat this."
_MOVED = (
    "The record is not the next one: something was added meanwhile. Fetch the case, read what is "
    "new, and seal the record again with the next number."
)
_NO_WRAP = "The case is not sealed to this colleague yet: send its key wrapped to hers as well."
_UNAVAILABLE = "The server cannot reach its database now. Try again in a minute."

_PLAIN = {
    404: "There is nothing at this address. Is the desk of the same version as the server?",
    405: "This address does not take such a request. Is the desk of the same version?",
    413: "The request is too large.",
}


def _plain(status: int) -> web.Response:
    sentence = _PLAIN.get(status, "The server failed at this request. Tell the operator.")
    return web.json_response({"error": sentence, "reason": f"http_{status}"}, status=status)
