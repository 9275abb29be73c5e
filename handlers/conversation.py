"""The conversation with one person: what comes in, and which card the chat shows next.

It decides nothing about the interview (`intake.interview` does) and seals nothing (`Drafts`
does). One lock a chat: a person's texts and taps travel in separate queues and may arrive
together. Telegram is told only what is already committed.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from handlers.boundary import Blocked, Command, InGroup, StrayTap, Tap, Text, Thing, read
from handlers.buttons import Press, Verb, decode
from handlers.chats import Chat, Chats, News
from handlers.groups import Groups
from handlers.guessing import Guessing
from handlers.interviewing import Interviewing
from handlers.layout import INBOX, with_notice
from handlers.menu import SHOWS
from handlers.notices import (
    CODE_AT_INTERVIEW,
    CODE_INSIDE,
    FAILED,
    NOT_NOW,
    OLD,
    SAVE_FAILED,
    removed,
)
from handlers.painter import Painter
from handlers.ports import Card, Drafts, Inboxes, Line
from handlers.returning import Returning, at_the_inbox, like_a_code
from handlers.shelf import Shelf
from handlers.texts import Say, Texts
from intake.clock import Clock
from intake.errors import LineClosed, StorageUnavailable

Personal = Tap | Text | Command | Thing

log = logging.getLogger("tropa.conversation")

HIDE_AT_ONCE: Final = 200

_WHILE_CLOSED: Final = frozenset(
    {
        *(Verb.HIDE, Verb.FORGET, Verb.FORGET_YES, Verb.CODE),
        *(Verb.TOPICS, Verb.TOPIC, Verb.PRIVACY, Verb.HELP, Verb.MORE, Verb.LANGUAGES),
    }
)
"""What a closed line still does: it informs, hides and erases. What was sent before stays as open
as it was: a reply is read, and a message is sealed to a key that is there already."""


class Conversation:
    """`bot.updates.Handler` for everything that people send."""

    def __init__(
        self,
        line: Line,
        drafts: Drafts,
        inboxes: Inboxes,
        painter: Painter,
        groups: Groups,
        chats: Chats,
        texts: Texts,
        clock: Clock,
    ) -> None:
        self._line = line
        self._drafts = drafts
        self._painter = painter
        self._groups = groups
        self._chats = chats
        self._texts = texts
        self._clock = clock
        self._shelf = Shelf(line, texts, clock, drafts.new_secret)
        self._returning = Returning(
            line, inboxes, self._shelf, Guessing(), clock, drafts.new_secret
        )
        self._codes: dict[int, str] = {}
        self._interviewing = Interviewing(line, drafts, self._shelf, self._returning, clock)
        self._acts: Mapping[Verb, Callable[[Chat, Press], Awaitable[Card]]] = {
            Verb.HIDE: self._hide,
            Verb.LANGUAGE: self._speak,
            Verb.BEGIN: self._begin,
            Verb.CONTINUE: self._current,
            Verb.SHOW: self._current,
            Verb.FORGET: self._ask_to_forget,
            Verb.FORGET_YES: self._forget,
            Verb.ERASE_YES: self._erase,
        }

    async def handle(self, update: Mapping[str, Any]) -> None:
        """One update, to its end. See `bot.updates.Handler`."""
        event = read(update)
        match event:
            case Tap() | Text() | Command() | Thing():
                await self._personal(event)
            case Blocked():
                self._chats.forget(event.chat)
            case InGroup():
                await self._groups.hint(event)
            case StrayTap():
                await self._painter.answer_now(event.query)
            case None:
                return

    async def finish(self, update: Mapping[str, Any]) -> None:
        """The chat looks as it should before Telegram may forget the update: a kill in between
        would leave what a person sent, or an old card, standing."""
        event = read(update)
        if isinstance(event, Tap | Text | Command | Thing):
            code = self._codes.pop(event.update, None)
            if code is not None and isinstance(event, Text):
                await self._try_code(event.chat, event.message, code)
            await self._painter.settled(event.chat)
            await self._follow(event.chat)

    async def give_up(self, update: Mapping[str, Any]) -> None:
        """What is owed to the sender of an update that could not be handled."""
        event = read(update)
        if isinstance(event, Tap | StrayTap):
            say = self._texts.say(event.language if isinstance(event, Tap) else "")
            await self._painter.answer_now(event.query, say(FAILED), alert=True)
        elif isinstance(event, Text | Command | Thing):
            chat = self._chats.touch(event.chat, self._clock())
            self._painter.remove(chat, event.message)

    async def renew_inbox(self, chat_id: int, secret: str) -> bool:
        """Show on an open inbox that something new is in it; whether the person has seen that.

        Seen is what stood on the card when the person did anything after: so it is asked again and
        again. A card that hides by itself has told nobody.
        """
        chat = self._chats.known(chat_id)
        if chat is None:
            return False
        async with chat.lock:
            if not _stands_for_case(chat) or chat.secret != secret:
                return False
            news = await self._returning.news(chat)
            if not news:
                return False
            if chat.news is not None and chat.news.covers(news):
                return chat.touched > chat.news.since
            if not chat.hidden and chat.card is not None and at_the_inbox(chat):
                chat.news = News(news, self._clock())
                self._painter.hide(chat, await self._shown(chat))
        return False

    async def hide_untouched(self) -> None:
        """Hide cards that nobody touched for a while, and forget the secrets of hidden ones.

        Some at a time: thousands at once would stand before everybody's taps.
        """
        for chat in self._chats.untouched(self._clock())[:HIDE_AT_ONCE]:
            async with chat.lock:
                if not chat.hidden and self._chats.is_untouched(chat, self._clock()):
                    self._painter.hide(chat, self._shelf.hidden(chat))
        self._chats.forget_secrets(self._clock())

    async def _follow(self, chat_id: int) -> None:
        chat = self._chats.known(chat_id)
        if chat is not None:
            async with chat.lock:
                try:
                    await self._returning.follow(chat)
                except StorageUnavailable as error:  # the next update of this chat tries again
                    log.warning("%s", error)

    async def _personal(self, event: Personal) -> None:
        chat = self._chats.touch(event.chat, self._clock())
        async with chat.lock:
            offered = self._line.form.languages
            chat.language = chat.language or self._texts.closest(event.language, offered)
            match event:
                case Tap():
                    await self._tapped(chat, event)
                case Text():
                    await self._typed(chat, event)
                case Command():
                    await self._commanded(chat, event)
                case Thing():
                    self._painter.remove(chat, event.message)
                    await self._explain(chat, removed(event.kind))

    # Taps.

    async def _tapped(self, chat: Chat, tap: Tap) -> None:
        press = decode(tap.data)
        if press is None or tap.message is None or not self._lives(chat, tap.message, press):
            self._painter.answer(chat, tap.query, self._say(chat)(OLD))
            return
        try:
            press = await self._taken_up(chat, press)
            chat.card = tap.message
            chat.hidden = chat.asleep = False
            card = await self._act(chat, press)
        except StorageUnavailable as error:
            log.warning("%s", error)
            self._painter.answer(chat, tap.query, self._say(chat)(SAVE_FAILED), alert=True)
            return
        self._painter.answer(chat, tap.query)
        self._show(chat, card)

    def _show(self, chat: Chat, card: Card) -> None:
        """In place of the tapped card, which is there to be seen: no new one need be sent."""
        chat.anew = False
        self._painter.draw(chat, card)

    def _lives(self, chat: Chat, message: int, press: Press) -> bool:
        """Whether the tapped card is the one that stays; the other one is removed.

        There are two only after a restart, when an older card was forgotten. The one that stands
        for an interview wins over one that stands for none.
        """
        if chat.card is None or chat.card == message:
            return True
        stays = press.secret is not None and chat.secret is None and not chat.asleep
        unwanted, chat.card = (chat.card, message) if stays else (message, chat.card)
        self._painter.remove(chat, unwanted)
        return stays

    async def _taken_up(self, chat: Chat, press: Press) -> Press:
        """The press, its secret now the chat's. A key that carries another secret than the card
        does, or none, is old, altered or somebody else's: it hides or redraws, nothing more.

        But for one: when a restart brings *Begin* again, a second interview opens before the taps
        that follow it come again too. They lead back to the first.
        """
        same = press.secret == chat.secret
        if (
            chat.secret is not None
            and not (same and (press.revision == INBOX) is (chat.revision == INBOX))
            and not await self._interviewing.outweighs(press, chat)
        ):
            verb = Verb.HIDE if press.verb is Verb.HIDE else Verb.CONTINUE
            return Press(chat.secret, chat.revision, verb)
        chat.secret, chat.revision = press.secret, press.revision
        return press

    async def _act(self, chat: Chat, press: Press) -> Card:
        """What a key or a command does; returns the card to show."""
        open_still = press.verb in _WHILE_CLOSED or _stands_for_case(chat)
        if not open_still and not self._line.is_open():
            return self._shelf.closed(chat)
        try:
            return await self._done(chat, press)
        except LineClosed:
            return self._shelf.closed(chat)

    async def _done(self, chat: Chat, press: Press) -> Card:
        if press.verb in self._acts:
            # Their keys carry the language, and a process before this one may have drawn them.
            if press.argument in self._line.form.languages:
                chat.language = press.argument
            return await self._acts[press.verb](chat, press)
        card = self._shelf.card(chat, press.verb, press.argument)
        if card is not None:
            return card
        if _stands_for_case(chat):
            return await self._returning.pressed(chat, press)
        return await self._interviewing.pressed(chat, press)

    # What is typed, sent or commanded.

    async def _typed(self, chat: Chat, event: Text) -> None:
        if like_a_code(event.text) or (chat.secret is None and _asks_for_code(chat)):
            await self._code(chat, event)
            return
        card = None
        if chat.secret is not None and not chat.hidden:
            if _stands_for_case(chat):
                card = await self._returning.typed(chat, event.text, event.update)
            elif self._line.is_open():
                card = await self._interviewing.typed(chat, event.text, event.update)
        self._painter.remove(chat, event.message)
        if card is None:
            await self._explain(chat, NOT_NOW)
        else:
            self._painter.draw(chat, card)

    async def _code(self, chat: Chat, event: Text) -> None:
        """It leaves the chat before anything else is done with it."""
        self._painter.remove(chat, event.message)
        if chat.secret is not None:
            reason = CODE_INSIDE if _stands_for_case(chat) else CODE_AT_INTERVIEW
            await self._explain(chat, reason)
            return
        chat.hidden = chat.asleep = False
        card = self._returning.refused(chat, event.text)
        if card is None:
            self._codes[event.update] = event.text
        else:
            self._show_code_card(chat, card, event.message)

    async def _try_code(self, chat_id: int, message: int, code: str) -> None:
        """After the update is handled: nothing that comes in waits for the work of a code."""
        chat = self._chats.touch(chat_id, self._clock())
        try:
            found = await self._returning.tried(chat_id, code)
            async with chat.lock:
                if chat.secret is None:
                    card = await self._returning.led(chat, found)
                    self._show_code_card(chat, card, message)
        except StorageUnavailable as error:
            log.warning("%s", error)
            async with chat.lock:
                if chat.secret is None:
                    self._show_code_card(chat, self._returning.failed(chat), message)

    def _show_code_card(self, chat: Chat, card: Card, below: int) -> None:
        if chat.hidden:  # while the code was tried: somebody may be looking
            return
        if chat.card is None:  # after a restart: whatever stands there still is swept away
            self._painter.draw_anew(chat, card, below)
        else:
            self._painter.draw(chat, card)

    async def _explain(self, chat: Chat, reason: str) -> None:
        """One short line on the card why something was removed; a hidden card says nothing."""
        if chat.card is None or chat.hidden or chat.asleep:
            return
        card = await self._shown(chat)
        self._painter.draw(chat, with_notice(card, self._say(chat)(reason)))

    async def _shown(self, chat: Chat) -> Card:
        """What the card shows, once more."""
        return await self._act(chat, chat.showing or Press(chat.secret, 0, Verb.CONTINUE))

    async def _commanded(self, chat: Chat, event: Command) -> None:
        verb = SHOWS.get(event.name)
        if verb is Verb.HIDE or (chat.asleep and event.name != "start"):
            self._painter.remove(chat, event.message)
            if verb is Verb.HIDE and chat.card is not None and not chat.asleep:
                self._painter.hide(chat, self._shelf.hidden(chat))
            return
        chat.hidden = chat.asleep = False
        if verb is Verb.FORGET and _stands_for_case(chat):
            verb = Verb.ERASE
        press = Press(chat.secret, chat.revision, verb or Verb.CONTINUE)
        card = await self._act(chat, press)
        self._painter.draw_anew(chat, card, event.message)

    # What the acts do, beyond showing a plain card.

    async def _hide(self, chat: Chat, _press: Press) -> Card:
        return self._shelf.hidden(chat)

    async def _speak(self, chat: Chat, press: Press) -> Card:
        if press.argument in self._line.form.languages:
            chat.language = press.argument
        if chat.secret is None:
            return self._shelf.card(chat, Verb.SAFETY) or self._shelf.start(chat)
        if _stands_for_case(chat):
            return await self._current(chat, press)
        return await self._interviewing.speak(chat, chat.language)

    async def _begin(self, chat: Chat, press: Press) -> Card:
        if _stands_for_case(chat):
            return await self._current(chat, press)
        return await self._interviewing.begin(chat)

    async def _current(self, chat: Chat, _press: Press) -> Card:
        """Where the person stands."""
        if chat.secret is None:
            return self._shelf.start(chat)
        if _stands_for_case(chat):
            return await self._returning.current(chat)
        return await self._interviewing.current(chat)

    async def _ask_to_forget(self, chat: Chat, press: Press) -> Card:
        """Its *yes* counts for what is answered by now, even where an old key led here."""
        await self._interviewing.catch_up(chat)
        return self._shelf.card(chat, Verb.FORGET, press.argument) or self._shelf.start(chat)

    async def _forget(self, chat: Chat, press: Press) -> Card:
        """An old *yes* erases nothing: more was answered since it was asked for."""
        if chat.secret is not None:
            if await self._interviewing.has_moved_on(chat, press):
                return await self._act(chat, Press(chat.secret, chat.revision, Verb.CONTINUE))
            await self._drafts.erase(chat.secret)
        return self._shelf.gone(chat)

    async def _erase(self, chat: Chat, press: Press) -> Card:
        if _stands_for_case(chat):
            await self._returning.erase(chat)
        elif chat.secret is not None:
            return await self._current(chat, press)
        return self._shelf.gone(chat)

    def _say(self, chat: Chat) -> Say:
        return self._texts.say(chat.language)


def _stands_for_case(chat: Chat) -> bool:
    """Whether the chat's secret is that of an inbox, not that of an interview."""
    return chat.secret is not None and chat.revision == INBOX


def _asks_for_code(chat: Chat) -> bool:
    showing = chat.showing
    return showing is not None and showing.verb is Verb.CODE and not chat.hidden
