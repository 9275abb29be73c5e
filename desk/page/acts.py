"""What is done to a case from its page: each act, and where it leads.

An act that fails shows the case again, with the sentence and with what was typed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from starlette.responses import Response

from crypto.errors import CryptoError
from desk.casework import Casework
from desk.errors import DeskError
from desk.held import Held
from desk.letters import Letters
from desk.page.case_page import CasePage
from desk.page.conversation import Asked, Work, onward
from desk.page.once import Once
from desk.page.session import Locked, Session
from desk.queue_view import SHORT
from desk.refusals import Offline, Turned
from intake.case import Level
from intake.errors import TropaError
from intake.records import Outcome
from intake.wire import CaseFile

_Kind = TypeVar("_Kind", Level, Outcome)

GONE: Final = ("not_held", "unknown_case", "held")
"""The server's words for a case that is not this member's any more."""


@dataclass(frozen=True, slots=True)
class Acts:
    """One method an act, by the last part of its path."""

    session: Session
    case_page: CasePage
    once: Once = field(default_factory=Once)

    def all(self) -> dict[str, Work]:
        return {
            "take": self._guarded("take", self._take),
            "give-back": self._guarded("give-back", self._give_back),
            "reply": self._guarded("reply", self._reply),
            "note": self._guarded("note", self._note),
            "ask": self._guarded("ask", self._ask),
            "hand-over": self._guarded("hand-over", self._hand_over),
            "escalate": self._guarded("escalate", self._escalate),
            "level": self._guarded("level", self._level),
            "close": self._guarded("close", self._close),
            "erase": self._guarded("erase", self._erase),
            "preview": self._guarded("preview", self.case_page.preview),
        }

    def _guarded(self, act: str, work: Work) -> Work:
        """The act, once; where it fails, the case's page with the reason and the text."""

        def tried(asked: Asked) -> Response:
            try:
                return work(asked)
            except Locked:
                raise
            except (DeskError, TropaError, CryptoError) as error:
                return self._failed(act, asked, error)

        return lambda asked: self.once(asked, tried)

    def _failed(self, act: str, asked: Asked, error: Exception) -> Response:
        desk = self.session.desk
        self.session.say_next("bad", desk.language.explain(error))
        erased = isinstance(error, Turned) and error.reason == "unknown_case"
        if act == "reply" and isinstance(error, (Offline, Turned)) and not erased:
            self.session.say_next(
                "note", desk.say("Your text was not lost: it is kept here as a sealed draft.")
            )
        if isinstance(error, Turned) and error.reason in GONE and act in ("take", "give-back"):
            return onward(self.session, "/")
        try:
            return self.case_page.render(asked, act, 409)
        except Turned as gone:
            if gone.reason != "unknown_case":
                raise
            return onward(self.session, "/")

    # Holding

    def _take(self, asked: Asked) -> Response:
        self._casework.take(asked.case)
        return self._to_case(asked)

    def _give_back(self, asked: Asked) -> Response:
        self._casework.give_back(asked.case)
        return self._to_queue(
            self.say("Case {case} is back in the queue.", case=asked.case[:SHORT])
        )

    def _hand_over(self, asked: Asked) -> Response:
        casework = self._casework
        to = casework.colleague(_field(asked, "to"))
        casework.hand_over(self._file(asked), to, asked.fields.get("text", ""))
        return self._to_queue(
            self.say("Case {case} is with {name} now.", case=asked.case[:SHORT], name=to.name)
        )

    def _escalate(self, asked: Asked) -> Response:
        done = self._casework.escalate(self._file(asked), _field(asked, "text"))
        name = self._casework.name_of(done.header.holder)
        if name is None:
            return self._to_queue(
                self.say("Case {case} is with a lead now.", case=asked.case[:SHORT])
            )
        return self._to_queue(
            self.say("Case {case} is with {name} now.", case=asked.case[:SHORT], name=name)
        )

    # Writing

    def _reply(self, asked: Asked) -> Response:
        room, text = self.session.room, _field(asked, "text")
        # Kept before it is sent: whatever happens on the way, it can be sent again.
        Letters(room.desk.home, room.identity, room.desk.random).save(asked.case, text)
        self._casework.reply(self._file(asked), text)
        self._told_next(
            self.say("Sealed and handed over. What becomes of it stands with the reply.")
        )
        return self._to_case(asked, "#exchange")

    def _note(self, asked: Asked) -> Response:
        self._casework.note(self._file(asked), _field(asked, "text"))
        self._told_next(self.say("The note is in the case."))
        return self._to_case(asked, "#exchange")

    def _ask(self, asked: Asked) -> Response:
        casework = self._casework
        to = casework.colleague(_field(asked, "to"))
        casework.ask(self._file(asked), to, _field(asked, "text"))
        self._told_next(self.say("{name} is asked, and can open the case.", name=to.name))
        return self._to_case(asked, "#exchange")

    def _level(self, asked: Asked) -> Response:
        level = _one_of(Level, _field(asked, "level"))
        self._casework.level(self._file(asked), level, _field(asked, "text"))
        self._told_next(self.say("The case stands as {level} in the queue.", level=level.value))
        return self._to_case(asked)

    # Ending

    def _close(self, asked: Asked) -> Response:
        outcome = _one_of(Outcome, _field(asked, "outcome"))
        self._casework.close(self._file(asked), outcome, asked.fields.get("text", ""))
        return self._to_queue(self.say("Case {case} is closed.", case=asked.case[:SHORT]))

    def _erase(self, asked: Asked) -> Response:
        if asked.fields.get("confirm", "").strip().lower() != asked.case[:SHORT]:
            raise DeskError("Not erased: what was typed is not the number of this case.")
        self._casework.erase(asked.case)
        return self._to_queue(self.say("Case {case} is erased.", case=asked.case[:SHORT]))

    # How

    @property
    def say(self) -> Callable[..., str]:
        return self.session.desk.language.say

    @property
    def _casework(self) -> Casework:
        return self.session.room.casework

    def _file(self, asked: Asked) -> CaseFile:
        """As it was last seen here: an act whose answer was lost is then known again."""
        held = Held(self.session.desk.home).look(asked.case)
        return held or self._casework.fetch(asked.case)

    def _told_next(self, sentence: str) -> None:
        self.session.say_next("good", sentence)

    def _to_case(self, asked: Asked, where: str = "") -> Response:
        return onward(self.session, f"/cases/{asked.case}{where}")

    def _to_queue(self, sentence: str) -> Response:
        self._told_next(sentence)
        return onward(self.session, "/")


def _field(asked: Asked, name: str) -> str:
    value = asked.fields.get(name, "").strip()
    if not value:
        raise DeskError("Something is missing in this form. Go back and fill it.")
    return value


def _one_of(kind: Callable[[str], _Kind], value: str) -> _Kind:
    try:
        return kind(value)
    except ValueError:
        raise DeskError("Something is missing in this form. Go back and fill it.") from None
