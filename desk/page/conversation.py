"""A request in, a page out: forms, locking, and every fault as a sentence.

The handlers themselves are plain functions in threads, since a server behind Tor may let them
wait. No traceback reaches the page: it could hold what a person said.
"""

import hmac
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from crypto.errors import CryptoError
from desk.errors import DeskError
from desk.home import explain
from desk.page.pages import COUNTS, Pages
from desk.page.session import Locked, Session
from intake.errors import TropaError

MARK: Final = "mark"
"""The field in which each form bears the session's own secret (against forged requests)."""

_FIELDS: Final = 24
_CASE_ID: Final = re.compile(r"[0-9a-f]{32}")
SAID: Final = (DeskError, TropaError, CryptoError)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a handler is told of a request: parts of the path, the query, the form's fields."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    fields: Mapping[str, str]
    back: str

    @property
    def case(self) -> str:
        return self.path["case"]


Work = Callable[[Asked], Response]


class Conversation:
    """Between the routes and the handlers."""

    def __init__(self, session: Session, pages: Pages) -> None:
        self._session = session
        self._pages = pages

    def page(
        self, work: Work, *, touches: bool = True, at_once: bool = False
    ) -> Callable[[Request], object]:
        """A page, or an act that leads to one. Counts as something that the person did, unless
        anybody at all may ask for it.

        `at_once`, and where the desk is locked: it waits for no thread. All of them may be busy
        with a server that does not answer, and the lock must come all the same.
        """

        async def answer(request: Request) -> Response:
            asked = await self._asked(request)
            if at_once or (request.method == "GET" and self._session.locked):
                return self._page(work, asked, touches)
            return await run_in_threadpool(self._page, work, asked, touches)

        return answer

    def quiet(self, work: Work, *, touches: bool = False) -> Callable[[Request], object]:
        """What the page's script asks. It keeps no desk unlocked unless it `touches`: a draft
        that cannot be kept is sent again and again, with nobody there."""

        async def answer(request: Request) -> Response:
            asked = await self._asked(request)
            return await run_in_threadpool(self._quiet, work, asked, touches)

        return answer

    async def _asked(self, request: Request) -> Asked:
        if not _CASE_ID.fullmatch(request.path_params.get("case", "0" * 32)):
            raise HTTPException(404)
        fields: dict[str, str] = {}
        if request.method == "POST":
            form: FormData = await request.form(max_files=0, max_fields=_FIELDS)
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            mark = fields.pop(MARK, "")
            if not hmac.compare_digest(mark.encode(), self._session.mark.encode()):
                raise HTTPException(403)
        return Asked(
            dict(request.path_params),
            dict(request.query_params),
            fields,
            request.url.path.removeprefix(self._session.place),
        )

    def _page(self, work: Work, asked: Asked, touches: bool) -> Response:
        if touches:
            self._session.touch()
        try:
            return work(asked)
        except Locked:
            return self._locked(asked)
        except Exception as error:
            if self._pulled_away(error):
                return self._locked(asked)
            return self._pages.fault(self.sentence(error), asked)

    def _locked(self, asked: Asked) -> Response:
        """The lock, in the place of any page. What was typed waits in memory to be sealed."""
        self._rescue(asked)
        case = asked.path.get("case")
        next_ = COUNTS if asked.back.startswith(COUNTS) else "/"
        return self._pages.lock(next_=f"/cases/{case}" if case else next_, status=423)

    def _quiet(self, work: Work, asked: Asked, touches: bool) -> Response:
        if touches:
            self._session.touch()
        try:
            answer = work(asked)
        except Locked:
            return self._quietly_locked(asked)
        except Exception as error:
            if self._pulled_away(error):
                return self._quietly_locked(asked)
            return JSONResponse({"error": self.sentence(error)}, 409)
        # It may have locked while the answer was made, which may show what was opened.
        return self._quietly_locked(asked) if self._session.locked else answer

    def _quietly_locked(self, asked: Asked) -> Response:
        self._rescue(asked)
        return JSONResponse({"locked": True}, 423)

    def _pulled_away(self, error: Exception) -> bool:
        """Whether the desk locked under a handler: its client is closed, its identity gone."""
        return isinstance(error, (RuntimeError, AttributeError)) and self._session.locked

    def _rescue(self, asked: Asked) -> None:
        """Only what was meant for the person: there a draft of it can be kept."""
        written = asked.back.rpartition("/")[2] in ("draft", "preview", "reply")
        if written and asked.fields.get("text") and "case" in asked.path:
            self._session.rescue(asked.case, asked.fields["text"])

    def sentence(self, error: Exception) -> str:
        """In the reader's words; of an unknown fault, its class and its place in our code."""
        language = self._session.desk.language
        if isinstance(error, SAID):
            return language.explain(error)
        if isinstance(error, OSError):
            return language.explain(explain(error, Path(str(error.filename or "?"))))
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        kind = "ValidationError" if isinstance(error, ValidationError) else type(error).__name__
        return language.say(
            "Tropa failed in a way it does not know; nothing was sent or shown. Report this line "
            "to the project, without any case: {kind} at {place}",
            kind=kind,
            place=place,
        )


def onward(session: Session, path: str) -> Response:
    """To another page of ours, after something was done."""
    return RedirectResponse(f"{session.place}{path}", 303)
