"""Templates and what they all need: compiled once, escaping always, in the reader's language."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from crypto.errors import CryptoError
from desk.errors import DeskError
from desk.notices import notices
from desk.page.session import Session
from desk.safe import plain
from intake.errors import TropaError

if TYPE_CHECKING:
    from desk.page.conversation import Asked

COUNTS: Final = "/counts"
TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


class Pages:
    """Renders for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        language = session.desk.language
        self._templates.globals |= {
            "say": language.say,
            "count": language.count,
            "code": language.code,
            "place": session.place,
        }

    def page(self, name: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A whole page; `values` beside what every page shows."""
        return HTMLResponse(self.text(name, self._common() | dict(values)), status)

    def fragment(self, name: str, values: Mapping[str, Any]) -> Response:
        """A part of a page, which its script asks for."""
        return HTMLResponse(self.text(name, {"notices": self._notices()} | dict(values)))

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        given = {"mark": self._session.mark, "once": self._session.number()} | dict(values)
        return self._templates.get_template(name).render(given)

    def _common(self) -> dict[str, Any]:
        # Raises where the desk locked while the page was made: it may show what was opened.
        room = self._session.room
        roster = room.roster
        return {
            "locked": False,
            "here": "",
            **self._doors(),
            "me": None if room.me is None else room.me.name,
            "leads": room.leads,
            "organisation": "" if roster is None else roster.organisation,
            "said": self._session.said(),
            "notices": self._notices(),
        }

    def _notices(self) -> list[tuple[str, str]]:
        """What is amiss and what ends soon, as it was looked at last: no page waits for it."""
        room = self._session.room
        if room.remembered is None:
            return []
        explain = room.desk.language.explain
        return [(one.kind, plain(explain(one.error))) for one in notices(room.remembered)]

    def _doors(self) -> dict[str, bool]:
        """Which pages there are for whoever sits here. Where nobody can tell, the queue, which
        then says why."""
        try:
            me = None if self._session.locked else self._session.room.me
        except (DeskError, TropaError, CryptoError, OSError):  # a damaged roster is told elsewhere
            me = None
        queue, counts = me is None or me.opens_cases, me is not None and me.opens_counts
        return {"opens_queue": queue, "opens_counts": counts}

    def lock(self, *, next_: str = "/", wrong: str = "", status: int = 200) -> Response:
        """The desk, locked: nothing of what it holds is on this page."""
        values = {
            "next_": next_,
            "wrong": wrong,
            "minutes": max(1, int(self._session.idle.total_seconds() // 60)),
            "kept": self._session.rescues,
            "locked": True,
            "said": [],
            "notices": [],
        }
        return HTMLResponse(self.text("lock.html", values), status)

    def fault(self, sentence: str, asked: "Asked") -> Response:
        """What could not be done, as one sentence, with what was typed: it may stand nowhere
        else. It asks nothing of the desk that may fail.
        """
        doors = self._doors()
        again: str | None = f"/cases/{asked.case}" if "case" in asked.path else "/"
        if asked.back.startswith(COUNTS):
            again = COUNTS if doors["opens_counts"] else None
        elif not doors["opens_queue"]:
            # What her role does not open stays shut however often she tries.
            again = "/" if asked.back == "/" else None
        values = {
            **doors,
            "sentence": sentence,
            "again": again,
            "typed": asked.fields.get("text", ""),
            "locked": False,
            "here": "",
            "me": None,
            "said": self._session.said(),
            "notices": [],
        }
        return HTMLResponse(self.text("fault.html", values), 409)

    def entered(self, cookie: str | None) -> Response:
        """The answer to a token. A page, not a redirection: a strict cookie does not travel on
        one that another place began."""
        # What ran on this port before may have left a worker in the browser that reads all of ours.
        alone = {"Clear-Site-Data": '"storage"'}
        if cookie is None:
            return HTMLResponse(self.text("entry.html", {"fresh": False}), 403, alone)
        response = HTMLResponse(self.text("entry.html", {"fresh": True}), headers=alone)
        response.headers["Refresh"] = f"0; url={self._session.place}/"
        response.set_cookie(
            self._session.cookie_name,
            cookie,
            path=f"{self._session.place}/",
            httponly=True,
            samesite="strict",
        )
        return response
