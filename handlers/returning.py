"""What the keys of the inbox do, and what becomes of a code that somebody typed.

For chats whose lock is held; each method returns the card to show, after what it did is committed.
What is sealed and opened, and how, is `handlers.ports.Inboxes`'; the cards are `handlers.inbox`'s.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from handlers import inbox
from handlers.buttons import Press, Verb
from handlers.chats import Chat, Slip
from handlers.guessing import Guessing
from handlers.layout import INBOX
from handlers.ports import Card, Composed, Erased, Inbox, Inboxes, Line, Sent
from handlers.shelf import Shelf
from intake.clock import Clock
from intake.errors import NoRoom
from intake.fitting import clean, hour_offset, joined
from intake.questions import Contact
from intake.records import LONGEST
from intake.routing import hours_in_utc

RACES: Final = 5
"""How often a typed text is taken up again when another chat of the same person was faster."""

NONCE: Final = 8
_NONCE_OF: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")

LIKE_A_CODE: Final = 20
"""So many digits, and nothing but what may stand between them, are meant as a code."""
_LONGEST_CODE: Final = 200

_AT_THE_INBOX: Final = frozenset({Verb.INBOX, Verb.READ, Verb.REPLIES, Verb.WRITE})
"""Cards on which unread replies stand, and what is typed becomes the message: whoever reads a reply
may answer right away."""


def like_a_code(text: str) -> bool:
    """Whether a text is meant as a code, typed well or not; no answer ever looks like that."""
    digits = sum(sign.isdecimal() for sign in text)
    return digits >= LIKE_A_CODE and not any(sign.isalpha() for sign in text)


def at_the_inbox(chat: Chat) -> bool:
    """Whether the card shows unread replies, and what is typed on it becomes a message."""
    return chat.slip is None and chat.showing is not None and chat.showing.verb in _AT_THE_INBOX


class Returning:
    """The inbox of whoever holds its secret, and the way to it with a code."""

    def __init__(
        self,
        line: Line,
        inboxes: Inboxes,
        shelf: Shelf,
        guessing: Guessing,
        clock: Clock,
        new_secret: Callable[[], str],
    ) -> None:
        self._line = line
        self._inboxes = inboxes
        self._shelf = shelf
        self._guessing = guessing
        self._clock = clock
        self._new_secret = new_secret
        self._acts: Mapping[Verb, Callable[[Chat, str], Awaitable[Card]]] = {
            Verb.WROTE: self._wrote,
            Verb.READ: self._read,
            Verb.REPLIES: self._replies,
            Verb.WRITE: self._write,
            Verb.REWRITE: self._rewrite,
            Verb.CUT: self._cut,
            Verb.POST: self._post,
            Verb.CONTACT: self._contact,
            Verb.CLOCK: self._clock_shows,
            Verb.CODES: self._codes,
            Verb.NEW_CODE: self._new_code,
            Verb.ERASE_CODE: self._erase_code,
            Verb.ANNOUNCE: self._announce,
        }

    # The ways in.

    async def arrived(self, chat: Chat, sent: Sent) -> Card:
        """The case is with us: the code, as long as it may be shown, else the inbox."""
        chat.secret, chat.revision, chat.language = sent.inbox, INBOX, sent.language
        if sent.code is not None:
            chat.slip = Slip(Verb.SEND, sent.code)
        return await self.current(chat)

    async def code_of(self, chat: Chat, secret: str) -> Card | None:
        """The code of what was sent early: whoever stops there sees no other card with it."""
        code = await self._inboxes.standing_code(secret, "", erase=False)
        if code is None:
            return None  # a newer one took its place, and was shown
        chat.showing = Press(None, 0, Verb.CODES)
        return inbox.receipt(Slip(Verb.SEND, code), self._shelf.pen(chat))

    def refused(self, chat: Chat, text: str) -> Card | None:
        """Why what was typed as a code is not tried; None where `tried` is to follow."""
        if len(text) > _LONGEST_CODE or not self._inboxes.reads(text):
            return self._ask_again(chat, inbox.SLIP)
        wait = self._guessing.wait(chat.id, self._clock())
        if wait:
            return self._ask_again(chat, "", wait)
        self._guessing.trying(chat.id, self._clock())
        return None

    async def tried(self, chat_id: int, text: str) -> str | Erased | None:
        """Where a code leads. Takes its time: the chat's lock must not be held meanwhile."""
        try:
            found = await self._inboxes.enter(text)
        finally:
            self._guessing.tried(chat_id)
        if found is None:  # counted before anything else of this chat can be tried
            self._guessing.wrong(chat_id, self._clock())
        return found

    async def led(self, chat: Chat, found: str | Erased | None) -> Card:
        """The card for where a code led."""
        if found is None:
            wait = self._guessing.wait(chat.id, self._clock())
            return self._ask_again(chat, inbox.NOWHERE, wait)
        if isinstance(found, Erased):
            chat.showing = None
            return inbox.empty(self._shelf.pen(chat))
        chat.secret, chat.revision = found, INBOX
        chat.news = chat.announced = None
        return await self.current(chat)

    def failed(self, chat: Chat) -> Card:
        """Nothing could be looked up."""
        return self._ask_again(chat, inbox.NOT_NOW)

    def _ask_again(self, chat: Chat, said: str, wait: timedelta | None = None) -> Card:
        chat.showing = Press(None, 0, Verb.CODE)
        return inbox.enter_code(self._shelf.pen(chat), said, wait)

    # The keys.

    async def current(self, chat: Chat, said: str = "") -> Card:
        """Where the person stands: the code that is not written down yet, or the inbox."""
        if chat.slip is not None:
            chat.showing = None
            return inbox.receipt(chat.slip, self._shelf.pen(chat))
        found = await self._look(chat)
        if found is None:
            return self._gone(chat)
        chat.showing = Press(None, 0, Verb.INBOX)
        return inbox.inbox(self._line.form, found, self._shelf.pen(chat), said)

    async def pressed(self, chat: Chat, press: Press) -> Card:
        """A key with the inbox's secret; one that is no key of the inbox shows it."""
        language, beyond, argument = press.argument.partition(":")
        if language in self._line.form.languages:
            chat.language = language
        elif not beyond:
            argument = language
        act = self._acts.get(press.verb)
        return await (act(chat, argument) if act else self.current(chat))

    async def typed(self, chat: Chat, text: str, update: int) -> Card | None:
        """What is typed on the inbox becomes the unfinished message; None where none is asked."""
        if not at_the_inbox(chat):
            return None
        addition = clean(text)
        for _ in range(RACES):
            composed = await self._composed(chat)
            if update in composed.seen:
                return await self._message(chat, composed)
            whole = joined(composed.text or None, addition) if addition else composed.text
            kept = await self._inboxes.save_text(
                chat.secret or "",
                composed.text if whole is None else whole,
                update,
                composed.revision,
            )
            if kept is not None:
                return await self._message(chat, kept, refused=whole is None)
        return await self.current(chat)

    async def follow(self, chat: Chat) -> None:
        """Where replies are announced in this chat, they find the card that stands there now."""
        card = chat.card
        if chat.secret is None or chat.revision != INBOX or card in (None, chat.announced):
            return
        found = await self._look(chat)
        if found is not None and found.here:
            await self._inboxes.announce(chat.secret, chat.id, card or 0, stays=True)
        chat.announced = card

    async def news(self, chat: Chat) -> frozenset[int]:
        """The replies that were never opened."""
        found = await self._look(chat)
        return frozenset(found.unread) if found is not None else frozenset()

    async def erase(self, chat: Chat) -> None:
        await self._inboxes.erase(chat.secret or "")

    async def _look(self, chat: Chat) -> Inbox | None:
        return await self._inboxes.look(chat.secret or "", chat.id)

    async def _composed(self, chat: Chat) -> Composed:
        return await self._inboxes.compose(chat.secret or "")

    def _gone(self, chat: Chat) -> Card:
        self._shelf.leave(chat)
        return inbox.gone(self._shelf.pen(chat))

    # Reading.

    async def _wrote(self, chat: Chat, _argument: str) -> Card:
        chat.slip = None
        return await self.current(chat)

    async def _read(self, chat: Chat, argument: str) -> Card:
        if not argument.isdecimal():
            return await self.current(chat)
        number = int(argument)
        opened = await self._inboxes.letter(chat.secret or "", number)
        found = await self._look(chat)
        if found is None:
            return self._gone(chat)
        if opened is None:
            said = inbox.CANNOT_OPEN if number in found.replies else ""
            return await self.current(chat, said)
        chat.showing = Press(None, 0, Verb.READ, argument)
        return inbox.letter(opened, number, found, self._shelf.pen(chat))

    async def _replies(self, chat: Chat, _argument: str) -> Card:
        found = await self._look(chat)
        if found is None:
            return self._gone(chat)
        chat.showing = Press(None, 0, Verb.REPLIES)
        return inbox.replies(found, self._shelf.pen(chat))

    # Writing.

    async def _write(self, chat: Chat, _argument: str) -> Card:
        return await self._message(chat, await self._composed(chat))

    async def _message(
        self, chat: Chat, composed: Composed, *, refused: bool = False, said: str = ""
    ) -> Card:
        found = await self._look(chat)
        if found is None:
            return self._gone(chat)
        chat.showing = Press(None, 0, Verb.WRITE)
        new = len(found.unread)
        return inbox.message(composed, self._shelf.pen(chat), refused=refused, new=new, said=said)

    async def _rewrite(self, chat: Chat, argument: str) -> Card:
        return await self._rework(chat, argument, lambda _: "")

    async def _cut(self, chat: Chat, argument: str) -> Card:
        return await self._rework(chat, argument, lambda text: text[:LONGEST].rstrip())

    async def _rework(self, chat: Chat, argument: str, change: Callable[[str], str]) -> Card:
        """An old key changes nothing: more was written since it was drawn."""
        composed = await self._composed(chat)
        if argument == str(composed.revision):
            kept = await self._inboxes.save_text(
                chat.secret or "", change(composed.text), None, composed.revision
            )
            composed = kept or await self._composed(chat)
        return await self._message(chat, composed)

    async def _post(self, chat: Chat, argument: str) -> Card:
        """Exactly once: the key names what it sends, and what was sent is remembered."""
        if argument.isdecimal():
            revision = int(argument)
            try:
                if await self._inboxes.send_text(chat.secret or "", revision):
                    return await self.current(chat, inbox.SENT)
            except NoRoom:
                return await self._message(chat, await self._composed(chat), said=inbox.NO_ROOM)
            composed = await self._composed(chat)
            if composed.text:
                return await self._message(chat, composed, said=inbox.NOT_SENT)
            if composed.sent == revision:
                return await self.current(chat, inbox.SENT)
        return await self.current(chat)

    # When the person may be written to, and where.

    async def _contact(self, chat: Chat, choice: str) -> Card:
        contact = self._line.form.contact
        if contact is None:
            return await self.current(chat)
        if choice in self._line.form.by_id[contact.question].choices:
            return await self._chosen(chat, contact, choice)
        found = await self._look(chat)
        if found is None:
            return self._gone(chat)
        chat.showing = Press(None, 0, Verb.CONTACT)
        return inbox.when_to_write(self._line.form, contact, found, self._shelf.pen(chat))

    async def _chosen(self, chat: Chat, contact: Contact, choice: str) -> Card:
        """Without the person's clock some hours of the day mean nothing: it is asked for."""
        window = contact.windows.get(choice)
        if window is None or len(window) == 24 or contact.offset is None:
            return await self._allow(chat, window, None)
        chat.showing = Press(None, 0, Verb.CONTACT, choice)
        question = self._line.form.by_id[contact.offset]
        return inbox.what_time(question, choice, self._shelf.pen(chat))

    async def _clock_shows(self, chat: Chat, argument: str) -> Card:
        contact = self._line.form.contact
        choice, _, hour = argument.rpartition(".")
        if contact is None or contact.offset is None or not hour.isdecimal() or int(hour) > 23:
            return await self._contact(chat, "")
        offset = hour_offset(int(hour), self._clock())
        return await self._allow(chat, contact.windows.get(choice), offset)

    async def _allow(self, chat: Chat, window: frozenset[int] | None, offset: int | None) -> Card:
        """What is said now counts, whatever the interview would have made of the phone."""
        rule = hours_in_utc(window, offset)
        if not await self._inboxes.set_contact(chat.secret or "", rule):
            return self._gone(chat)
        return await self.current(chat, inbox.may_write(rule))

    async def _announce(self, chat: Chat, _argument: str) -> Card:
        if chat.card is not None:
            if not await self._inboxes.announce(chat.secret or "", chat.id, chat.card):
                return self._gone(chat)
            chat.announced = chat.card
        return await self.current(chat, inbox.ANNOUNCED_HERE)

    # Codes.

    async def _codes(self, chat: Chat, _argument: str) -> Card:
        chat.showing = Press(None, 0, Verb.CODES)
        nonce = "".join(sign for sign in self._new_secret() if sign in _NONCE_OF)[:NONCE]
        return inbox.codes(nonce, self._shelf.pen(chat))

    async def _new_code(self, chat: Chat, nonce: str) -> Card:
        return await self._issued(chat, nonce, Verb.NEW_CODE)

    async def _erase_code(self, chat: Chat, nonce: str) -> Card:
        return await self._issued(chat, nonce, Verb.ERASE_CODE)

    async def _issued(self, chat: Chat, nonce: str, verb: Verb) -> Card:
        if not nonce or len(nonce) > NONCE or not _NONCE_OF.issuperset(nonce):
            return await self._codes(chat, "")
        erase, secret = verb is Verb.ERASE_CODE, chat.secret or ""
        code = await self._inboxes.standing_code(secret, nonce, erase=erase)
        if code is None:
            wait = self._guessing.making(chat.id, self._clock())
            if wait:
                return await self.current(chat, inbox.LATER)
            code = await self._inboxes.issue(secret, nonce, erase=erase)
        if code is None:
            return self._gone(chat)
        chat.slip = Slip(verb, code)
        return await self.current(chat)
