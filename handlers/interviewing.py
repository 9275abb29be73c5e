"""The interview on the card: from a tap or a typed text to a committed step and its screen.

What a step does is `intake.interview`'s; how it is sealed and committed is `Drafts`'. Here the
two meet: open, step, commit, and only then the card, in this order.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from handlers import plain
from handlers.buttons import Press, Verb, on_keys
from handlers.calendar import parse_day, parse_month
from handlers.chats import Chat
from handlers.ports import Card, Drafts, Line, Sent, Stored, Submission
from handlers.questions import show
from handlers.returning import Returning
from handlers.shelf import Shelf
from intake import events, interview
from intake.clock import Clock
from intake.events import Effect, Event, Screen

_EVENTS: Final[Mapping[Verb, Callable[[str], Event | None]]] = {
    Verb.CHOOSE: events.Choose,
    Verb.TOGGLE: events.Toggle,
    Verb.EDIT: events.Edit,
    Verb.NUMBER: lambda argument: events.Number(int(argument)) if argument.isdecimal() else None,
    Verb.DAY: lambda argument: events.PickDay(day) if (day := parse_day(argument)) else None,
    Verb.DONE: lambda _: events.Done(),
    Verb.SKIP: lambda _: events.Skip(),
    Verb.BACK: lambda _: events.Back(),
    Verb.KEEP: lambda _: events.KeepText(),
    Verb.CLEAR: lambda _: events.ClearText(),
    Verb.FINISH: lambda _: events.Finish(),
    Verb.SEND: lambda _: events.Send(),
    Verb.SEND_NOW: lambda _: events.SendNow(),
}

RACES: Final = 5
"""How often a typed text is taken up again when a tap elsewhere was faster."""


class Interviewing:
    """Steps of interviews, for chats whose lock is held; each returns the card to show."""

    def __init__(
        self, line: Line, drafts: Drafts, shelf: Shelf, returning: Returning, clock: Clock
    ) -> None:
        self._line = line
        self._drafts = drafts
        self._shelf = shelf
        self._returning = returning
        self._clock = clock

    async def begin(self, chat: Chat) -> Card:
        """A draft under the secret that the key brought, and its first question.

        Where it was begun already, the tap came twice: it shows where that interview stands.
        """
        secret = chat.secret = chat.secret or self._drafts.new_secret()
        draft = interview.begin(self._line.form, chat.language)
        stored = await self._drafts.save(secret, draft, None)
        if stored is None:
            return await self.current(chat)
        return self._redrawn(chat, stored)

    async def current(self, chat: Chat) -> Card:
        """Where the person stands: the question, what was sent, or that all is gone."""
        found = await self._drafts.open(chat.secret or "")
        if isinstance(found, Stored):
            return self._redrawn(chat, found)
        return await self._ended(chat, found)

    async def pressed(self, chat: Chat, press: Press) -> Card:
        """A key of the interview. One drawn for another revision changes nothing."""
        found = await self._drafts.open(chat.secret or "")
        if not isinstance(found, Stored):
            return await self._ended(chat, found)
        if press.verb is Verb.CODES and found.inbox is not None:
            card = await self._returning.code_of(chat, found.inbox)
            return card or self._redrawn(chat, found)
        if press.verb is Verb.MONTH:
            return self._redrawn(chat, found, parse_month(press.argument))
        make = _EVENTS.get(press.verb)
        event = make(press.argument) if make else None
        if event is None or press.revision != on_keys(found.revision):
            return self._redrawn(chat, found)
        return await self._stepped(chat, found, event)

    async def typed(self, chat: Chat, text: str, update: int) -> Card | None:
        """A typed text: the card if it became (part of) an answer, None if none was asked for."""
        for _ in range(RACES):
            found = await self._drafts.open(chat.secret or "")
            if not isinstance(found, Stored):
                return None
            step = self._step(found, events.Typed(text, update))
            kept = found if step.draft is found.draft else await self._save(chat, step, found)
            if kept is not None and _asks_text(step.screen):
                return self._shown(chat, kept, step.screen)
            if kept is not None:
                chat.revision = on_keys(kept.revision)
                return None
        return None

    async def outweighs(self, press: Press, chat: Chat) -> bool:
        """Whether the press leads to an interview while nothing was said in the chat's own."""
        own = await self._drafts.open(chat.secret or "")
        if not isinstance(own, Stored) or own.draft.answers or press.secret in (None, chat.secret):
            return False
        return await self._drafts.open(press.secret or "") is not None

    async def catch_up(self, chat: Chat) -> None:
        """Learn the interview's revision, where the card may have been drawn for an older one."""
        found = await self._drafts.open(chat.secret or "")
        if isinstance(found, Stored):
            chat.revision = on_keys(found.revision)

    async def has_moved_on(self, chat: Chat, press: Press) -> bool:
        """Whether the interview has another revision than the key that was pressed."""
        found = await self._drafts.open(chat.secret or "")
        return isinstance(found, Stored) and press.revision != on_keys(found.revision)

    async def speak(self, chat: Chat, language: str) -> Card:
        """The interview goes on in another language."""
        found = await self._drafts.open(chat.secret or "")
        if not isinstance(found, Stored):
            return await self._ended(chat, found)
        draft = replace(found.draft, language=language)
        saved = await self._drafts.save(chat.secret or "", draft, found.revision)
        return self._redrawn(chat, saved) if saved else await self.current(chat)

    def _step(self, found: Stored, event: Event) -> interview.Step:
        return interview.step(self._line.form, found.draft, event, self._clock())

    async def _stepped(self, chat: Chat, found: Stored, event: Event) -> Card:
        step = self._step(found, event)
        if Effect.OPEN_INFO in step.effects:
            return await self._information(chat, found)
        kept = await self._keep(chat, found, step)
        if kept is None:
            return await self.current(chat)
        if isinstance(kept, Sent):
            return await self._ended(chat, kept)
        if Effect.HIDE in step.effects:
            chat.revision = on_keys(kept.revision)
            return self._shelf.hidden(chat)
        if kept.draft is step.draft:
            return self._shown(chat, kept, step.screen)
        return self._redrawn(chat, kept)

    async def _keep(self, chat: Chat, found: Stored, step: interview.Step) -> Stored | Sent | None:
        if Effect.SUBMIT in step.effects or Effect.SUBMIT_EARLY in step.effects:
            early = Effect.SUBMIT_EARLY in step.effects
            return await self._drafts.submit(
                Submission(
                    chat.secret or "", step.draft, found.revision, chat.id, chat.card or 0, early
                )
            )
        if step.draft is found.draft:
            return found
        return await self._save(chat, step, found)

    async def _save(self, chat: Chat, step: interview.Step, found: Stored) -> Stored | None:
        return await self._drafts.save(chat.secret or "", step.draft, found.revision)

    async def _information(self, chat: Chat, found: Stored) -> Card:
        """Whoever only reads has answered nothing, and nothing is kept of it."""
        if not found.draft.answers:
            await self._drafts.erase(chat.secret or "")
            chat.secret = None
        return self._shelf.card(chat, Verb.TOPICS) or self._shelf.start(chat)

    def _shown(self, chat: Chat, kept: Stored, screen: Screen, month: date | None = None) -> Card:
        chat.language, chat.revision = kept.draft.language, on_keys(kept.revision)
        chat.showing = None
        first = month or self._month_of(screen)
        return show(self._line.form, screen, self._shelf.pen(chat), first)

    def _redrawn(self, chat: Chat, kept: Stored, month: date | None = None) -> Card:
        screen = interview.screen_of(self._line.form, kept.draft, self._clock())
        return self._shown(chat, kept, screen, month)

    def _month_of(self, screen: Screen) -> date:
        answer = screen.answer if isinstance(screen, events.AskScreen) else None
        day = answer if isinstance(answer, date) else self._clock().date()
        return day.replace(day=1)

    async def _ended(self, chat: Chat, sent: Sent | None) -> Card:
        """The interview is over: sent, or gone."""
        if sent is not None:
            return await self._returning.arrived(chat, sent)
        chat.showing = None
        chat.secret = None
        return plain.expired(self._shelf.pen(chat))


def _asks_text(screen: Screen) -> bool:
    return isinstance(screen, events.AskScreen) and screen.text is not None
