"""The queue's page: a whole one, and the list alone, which the page asks for by itself."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from desk.page.conversation import Asked
from desk.page.labels import language_name, skill_names
from desk.page.listing import Filter, Listing, Words, listing
from desk.page.pages import Pages
from desk.page.room import Room
from desk.page.session import Session
from desk.refusals import Offline
from intake.case import Level

_FURTHEST = 10**6


@dataclass(frozen=True, slots=True)
class QueuePage:
    """The last list stays with what is unlocked, for when the server cannot be reached."""

    session: Session
    pages: Pages

    def show(self, asked: Asked) -> Response:
        return self.pages.page("queue.html", self._values(asked) | {"here": "queue"})

    def fragment(self, asked: Asked) -> Response:
        return self.pages.fragment("list.html", self._values(asked))

    def _values(self, asked: Asked) -> dict[str, Any]:
        room, chosen = self.session.room, chosen_of(asked)
        stale = ""
        try:
            found = self._ask(room, chosen)
        except Offline as error:
            last = room.last
            if last is None or last[0] != chosen:
                raise
            found, stale = last[1], room.desk.language.explain(error)
        else:
            room.last = (chosen, found)
        return {
            "list": found,
            "stale": stale,
            "chosen": chosen,
            "languages": _languages(room),
            "skills": _skills(room),
        }

    def _ask(self, room: Room, chosen: Filter) -> Listing:
        queue = room.casework.queue(chosen.level, chosen.language, chosen.skill, chosen.start)
        words = Words(room.desk.language, room.form_in_use(), room.desk.clock())
        return listing(queue, chosen, words)


def chosen_of(asked: Asked) -> Filter:
    """The filter in an address; what is none filters nothing."""
    level, start = asked.query.get("level", ""), asked.query.get("start", "")
    return Filter(
        level=Level(level) if level in [one.value for one in Level] else None,
        language=_id(asked.query.get("language", "")),
        skill=_id(asked.query.get("skill", "")),
        start=min(int(start), _FURTHEST) if start.isascii() and start.isdigit() else 0,
    )


def _id(text: str) -> str | None:
    return text if text.isidentifier() and text.isascii() and len(text) <= 16 else None


def _languages(room: Room) -> list[tuple[str, str]]:
    """Those she has, and those of the form."""
    form, me = room.form_in_use(), room.me
    codes = set(form.languages if form else ()) | set(me.languages if me else ())
    return sorted(
        ((code, language_name(room.desk.language, code)) for code in codes), key=lambda one: one[1]
    )


def _skills(room: Room) -> list[tuple[str, str]]:
    form = room.form_in_use()
    if form is None:
        return []
    code = room.desk.language.code
    return sorted(
        ((skill, skill_names((skill,), form, code)) for skill in form.routing.skills),
        key=lambda one: one[1],
    )
