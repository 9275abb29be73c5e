"""One case on its page, and the answer to it while it is being written."""

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from starlette.responses import JSONResponse, Response

from crypto.errors import CryptoError
from desk.answering import preview, unfilled
from desk.casework import Casework
from desk.errors import DeskError
from desk.gossip import differences
from desk.held import Held
from desk.language import Language
from desk.letters import Letters
from desk.page.conversation import Asked, onward
from desk.page.labels import language_name, level_words, outcomes, sign_words
from desk.page.listing import MOMENT
from desk.page.opened import Opened, Showing
from desk.page.pages import Pages
from desk.page.room import Room
from desk.page.session import Session
from desk.past import known
from desk.queue_view import SHORT
from desk.reading import Contents, Reading, open_case, read_case
from desk.refusals import Offline
from desk.safe import plain
from desk.templates import facts, fill, find_template
from desk.words import contact, span
from intake.case import LEASE, ContactRule, Level, State
from intake.errors import TropaError
from intake.questions import Form
from intake.records import LONGEST
from intake.warnings import suspicious
from intake.wire import CaseFile, Header

_RENEWED = LEASE / 24
"""How much of a lease must have gone by before an open page renews it."""


SENT = ("preview", "reply")
"""Acts with the text of an answer."""

# The bot's own words, from its own catalogue.
_REPLY, _BACK, _HIDE = "Reply", "← Back", "Hide"


@dataclass(frozen=True, slots=True)
class Found:
    """A case as it was fetched; `stale`: why it is only the copy that was kept here."""

    file: CaseFile
    contents: Contents
    reading: Reading | None
    form: Form | None
    stale: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """The page itself, and what its script asks."""

    session: Session
    pages: Pages

    # Pages

    def show(self, asked: Asked) -> Response:
        return self.render(asked)

    def render(self, asked: Asked, act: str = "", status: int = 200) -> Response:
        """The page; `act`: what was not done, whose form is shown again with what was typed."""
        room = self.session.room
        found = self._find(room, asked.case)
        view = self._view(room, found)
        reads = view.row.mine or found.file.header.asked or "read" in asked.query or bool(act)
        values = {
            "view": view,
            "show": reads or not (view.row.free or view.closed),
            "stale": found.stale,
            "seen": seen(found.file),
            "leads": room.leads,
            "open_": act,
            "typed": asked.fields.get("text", ""),
            "to": asked.fields.get("to", ""),
            "level": asked.fields.get("level", ""),
            "outcome": asked.fields.get("outcome", ""),
        }
        values |= self._choices(room, found)
        values |= self._answer(
            room, found, asked, asked.fields.get("text", "") if act in SENT else ""
        )
        return self.pages.page("case.html", values, status)

    def preview(self, asked: Asked) -> Response:
        """What the person will see. The draft is kept first: nothing typed hangs on this page."""
        room, text = self.session.room, asked.fields.get("text", "")
        letters = self._letters(room)
        letters.save(asked.case, text)
        found = self._find(room, asked.case)
        letter = room.casework.letter(found.contents, text)
        language = found.contents.language or found.file.header.language
        values = {
            "case": asked.case,
            "short": asked.case[:SHORT],
            "text": letter.text,
            "card": plain(preview(letter, language)),
            "buttons": _keys(language),
            "letter_language": language,
            "how": self._how(room, found.file.header),
        }
        return self.pages.page("preview.html", values | self._signs(room, letter.text))

    def keep(self, asked: Asked) -> Response:
        """Keep the draft on a button; the script does so by itself."""
        room = self.session.room
        self._letters(room).save(asked.case, asked.fields.get("text", ""))
        self.session.say_next("good", room.desk.say("The draft is kept, sealed."))
        return onward(self.session, f"/cases/{asked.case}#answer")

    # What the page's script asks

    def draft(self, asked: Asked) -> Response:
        room, text = self.session.room, asked.fields.get("text", "")
        self._letters(room).save(asked.case, text)
        return JSONResponse({"signs": self.pages.text("signs.html", self._signs(room, text))})

    def lease(self, asked: Asked) -> Response:
        """Renew the lease of an open case, when a part of it is gone. What is not held here any
        more is not taken again: another tab may have given it back."""
        room = self.session.room
        whole = Held(room.desk.home).look(asked.case)
        if whole is None or whole.header.held_by != "you" or whole.header.leased_until is None:
            raise DeskError("You do not hold this case any more.")
        now = room.desk.clock()
        if whole.header.leased_until - now < LEASE - _RENEWED:
            whole = room.casework.take(asked.case)
        until = whole.header.leased_until
        assert until is not None
        left = room.desk.say("yours for {span}", span=span(room.desk.language, until - now))
        return JSONResponse({"left": left, "until": f"{until:{MOMENT}} UTC"})

    def changes(self, asked: Asked) -> Response:
        """Whether the case is still as the page shows it."""
        return JSONResponse({"seen": seen(self.session.room.client.fetch(asked.case))})

    # How it is found

    def _find(self, room: Room, case: str) -> Found:
        whole, stale = self._file(room, case)
        contents = self._open(room, whole, stale)
        try:
            form = room.form(whole.header.form)
        except (DeskError, TropaError) as error:
            # Without the signed form no answer can be read rightly, and so none is.
            return Found(whole, contents, None, None, room.desk.language.explain(error))
        code, now = room.desk.language.code, room.desk.clock()
        reading = read_case(whole.header, contents, form, code, now)
        return Found(whole, contents, reading, form, stale)

    def _open(self, room: Room, case: CaseFile, stale: str) -> Contents:
        """What colleagues saw of the past is compared as well; without the server, with what this
        desk knew."""
        if not stale:
            return room.casework.open(case)
        contents = open_case(case, room.identity, room.roster)
        return replace(contents, apart=differences(contents.exchange, known(room.desk)))

    def _file(self, room: Room, case: str) -> tuple[CaseFile, str]:
        held = Held(room.desk.home)
        try:
            whole = room.casework.fetch(case)
        except Offline as error:
            kept = held.look(case)
            if kept is None:
                raise
            said = room.desk.say("What is shown was kept on this machine, sealed.")
            return kept, f"{room.desk.language.explain(error)} {said}"
        if whole.header.held_by != "you" and not whole.header.asked:
            # A look at what somebody else works on leaves nothing here.
            held.drop(case)
        return whole, ""

    def _view(self, room: Room, found: Found) -> Opened:
        me = None if room.me is None else room.me.name
        showing = Showing(room.desk.language, room.roster, me, room.desk.clock())
        return showing.opened(found.file, found.contents, found.reading, found.form)

    # What stands beside it

    def _choices(self, room: Room, found: Found) -> dict[str, Any]:
        language = room.desk.language
        return {
            "colleagues": [
                {"name": one.name, "words": ", ".join([one.name, *_skills(room, one.skills)])}
                for one in _casework(room).colleagues()
            ],
            "levels": [(one.value, level_words(language, one, found.form)) for one in Level],
            "outcomes": list(outcomes(language).items()),
        }

    def _answer(self, room: Room, found: Found, asked: Asked, typed: str) -> dict[str, Any]:
        """The unfinished answer, with a template if one was chosen."""
        language = found.contents.language or found.file.header.language
        draft, told = self._draft(room, found, typed)
        chosen = asked.query.get("template", "")
        text = draft
        if chosen:
            text = "\n\n".join(filter(None, [draft.rstrip(), _filled(room, found, chosen)]))
        code = room.desk.language.code
        groups = [
            (
                topic.title.text(code),
                [{"id": one.id, "title": one.title.text(code)} for one in topic.templates],
            )
            for topic in room.topics
        ]
        return {
            "draft": text,
            "told": told,
            "letter_language": language,
            "letter_language_name": language_name(room.desk.language, language),
            "templates": groups,
            "template": chosen,
            "most": LONGEST,
        } | self._signs(room, text)

    def _draft(self, room: Room, found: Found, typed: str) -> tuple[str, str]:
        """The draft of this case; one that was sent meanwhile, its answer lost, is done with.

        `typed` comes before it: where it could not be kept, it stands in this request alone.
        """
        letters, case = self._letters(room), found.file.header.id
        try:
            draft = typed or letters.load(case)
        except (DeskError, CryptoError) as error:
            return "", room.desk.language.explain(error)
        me = None if room.me is None else room.me.name
        sent = [
            entry.text
            for entry in found.contents.exchange
            if entry.reply is not None and entry.author is not None and entry.author.name == me
        ]
        if draft and sent and sent[-1] == draft.replace("\r\n", "\n").strip():
            letters.save(case, "")
            return "", ""
        return draft, ""

    def _signs(self, room: Room, text: str) -> dict[str, Any]:
        """What in the text ought perhaps not to be sent, and what is still to be filled in."""
        language = room.desk.language
        return {
            "signs": [
                (sign_words(language, one.sign), plain(one.passage)) for one in suspicious(text)
            ],
            "gaps": [f"{{{gap}}}" for gap in unfilled(text)],
        }

    def _how(self, room: Room, header: Header) -> str:
        rule, language = ContactRule.parse(header.contact), room.desk.language
        if rule.hours is None:
            return language.say(
                "The person may not be written to first. The reply lies in the inbox until the "
                "person looks; nothing is sent."
            )
        if rule.allows(room.desk.clock()):
            return language.say(
                "A silent line without content goes out now. The text opens on a tap and hides "
                "again by itself."
            )
        return language.say(
            "It waits for an hour that the person allows. {when} Then a silent line without "
            "content goes out; the text opens on a tap.",
            when=contact(language, rule),
        )

    @staticmethod
    def _letters(room: Room) -> Letters:
        return Letters(room.desk.home, room.identity, room.desk.random)


def seen(case: CaseFile) -> str:
    """Stands for all that a page shows of a case but the passing of time."""
    header = case.header
    parts = [
        header.state.value if header.state is not State.TAKEN else f"taken {header.held_by}",
        header.level.value,
        header.contact,
        *(str(part.number) for part in case.records),
        *(f"{reply.number}{reply.state}" for reply in case.replies),
        *case.openers,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _casework(room: Room) -> Casework:
    """For names alone: the roster may be older than a minute when the server is away."""
    return room.remembered or room.casework


def _skills(room: Room, skills: tuple[str, ...]) -> list[str]:
    form = room.form_in_use()
    if form is None:
        return list(skills)
    known, code = form.routing.skills, room.desk.language.code
    return [plain(known[one].text(code)) if one in known else one for one in skills]


def _filled(room: Room, found: Found, name: str) -> str:
    """The template in the person's language, with what the case tells."""
    language = found.contents.language or found.file.header.language
    template = find_template(room.topics, name)
    organisation = "" if room.roster is None else room.roster.organisation
    known = (
        {}
        if found.form is None
        else facts(found.contents, found.form, language, organisation, room.desk.clock())
    )
    return fill(template.text.text(language), known).text


def _keys(language: str) -> list[list[str]]:
    """The keys under a reply, as the bot names them."""
    bot = _bot(language)
    return [[bot.say(_REPLY)], [bot.say(_BACK), bot.say(_HIDE)]]


@cache
def _bot(language: str) -> Language:
    return Language(language, catalogue="bot")
