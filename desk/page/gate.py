"""Coming in, unlocking, locking."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.responses import JSONResponse, Response

from desk.errors import DeskError
from desk.letters import Letters
from desk.page.conversation import Asked, onward
from desk.page.pages import Pages
from desk.page.session import Session

_OWN_PATH: Final = re.compile(r"/(?:cases/[0-9a-f]{32}|counts)?")


@dataclass(frozen=True, slots=True)
class Gate:
    """The pages that need no identity."""

    session: Session
    pages: Pages

    def enter(self, asked: Asked) -> Response:
        return self.pages.entered(self.session.enter(asked.path["token"]))

    def unlock(self, asked: Asked) -> Response:
        next_ = asked.fields.get("next", "/")
        if _OWN_PATH.fullmatch(next_) is None:
            next_ = "/"
        try:
            self.session.unlock(asked.fields.get("passphrase", ""))
        except DeskError as error:
            wrong = self.session.desk.language.explain(error)
            return self.pages.lock(next_=next_, wrong=wrong, status=403)
        self._keep_rescued()
        return onward(self.session, next_)

    def lock(self, asked: Asked) -> Response:
        self.session.lock()
        return onward(self.session, "/")

    def state(self, asked: Asked) -> Response:
        """Asked by an open page again and again, so that it leaves the screen when locked."""
        locked = self.session.locked
        return JSONResponse({"locked": locked}, 423 if locked else 200)

    def active(self, asked: Asked) -> Response:
        """The person at the page reads or types; that alone keeps it unlocked."""
        return self.state(asked)

    def _keep_rescued(self) -> None:
        desk = self.session.desk
        for case, text in self.session.rescued():
            room = self.session.room
            try:
                Letters(desk.home, room.identity, desk.random).save(case, text)
            except DeskError as error:
                # It waits for the next unlocking: a full disk is no reason to lose it.
                self.session.say_next("bad", desk.language.explain(error))
                continue
            self.session.is_kept(case)
            self.session.say_next("note", desk.say("What you had typed is kept as a draft."))
