"""One sending of a form does one act, however often it is clicked.

The page's script stops a second click. Before it has come, or without it, the browser sends the
form again while the first is under way, and the person would have the same answer twice.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import RedirectResponse, Response

from desk.page.conversation import Asked

NUMBER: Final = "once"
"""The field with the number that each page gives to its forms."""
_KEPT: Final = 64
"""Sendings that are remembered: a second click comes within seconds."""


@dataclass(slots=True)
class _Sending:
    """`led`: where it led, once it was done."""

    doing: threading.Lock = field(default_factory=threading.Lock)
    led: str | None = None


class Once:
    """Threads share it. It keeps digests and paths, and nothing that was typed."""

    def __init__(self) -> None:
        self._guarding = threading.Lock()
        self._sendings: OrderedDict[bytes, _Sending] = OrderedDict()

    def __call__(self, asked: Asked, work: Callable[[Asked], Response]) -> Response:
        """Do it, or wait for the one that does it and lead where that led.

        What failed can be sent again, and so can the same form with another text in it.
        """
        if NUMBER not in asked.fields:
            return work(asked)
        sending = self._sending(asked)
        with sending.doing:
            if sending.led is not None:
                return RedirectResponse(sending.led, 303)
            response = work(asked)
            if response.status_code == 303:
                sending.led = response.headers["location"]
            return response

    def _sending(self, asked: Asked) -> _Sending:
        digest = hashlib.sha256(repr((asked.back, sorted(asked.fields.items()))).encode()).digest()
        with self._guarding:
            sending = self._sendings.setdefault(digest, _Sending())
            self._sendings.move_to_end(digest)
            while len(self._sendings) > _KEPT:
                self._sendings.popitem(last=False)
            return sending
