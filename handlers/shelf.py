"""The plain cards, by the key that shows them, and what a chat is remembered to show.

A plain card stands for no step of an interview; it may stand beside one, and then its keys carry
the interview's secret so that the way back is a tap.
"""

from collections.abc import Callable, Mapping

from handlers import inbox, plain
from handlers.buttons import Press, Verb
from handlers.chats import Chat
from handlers.layout import Pen
from handlers.ports import Card, Line
from handlers.texts import Texts
from intake.clock import Clock


class Shelf:
    """Takes a card from the shelf for a chat whose lock is held."""

    def __init__(
        self, line: Line, texts: Texts, clock: Clock, new_secret: Callable[[], str]
    ) -> None:
        self._line = line
        self._texts = texts
        self._clock = clock
        self._new_secret = new_secret
        self._cards: Mapping[Verb, Callable[[Chat, str], Card]] = {
            Verb.LANGUAGES: lambda chat, _: self._languages(chat),
            Verb.SAFETY: lambda chat, _: plain.safety(line.form, self.pen(chat), new_secret()),
            Verb.MORE: lambda chat, _: plain.more_safety(line.form, self.pen(chat), new_secret()),
            Verb.PRIVACY: lambda chat, _: plain.privacy(line.form, self.pen(chat)),
            Verb.HELP: lambda chat, _: plain.help_card(line.form, self.pen(chat)),
            Verb.TOPICS: lambda chat, _: plain.topics(line.library, self.pen(chat)),
            Verb.TOPIC: self._topic,
            Verb.CODE: lambda chat, _: self._ask_for_code(chat),
            Verb.FORGET: lambda chat, _: self._ask_to_forget(chat, Verb.FORGET_YES),
            Verb.ERASE: lambda chat, _: self._ask_to_forget(chat, Verb.ERASE_YES),
        }

    def pen(self, chat: Chat) -> Pen:
        return Pen(self._texts.say(chat.language), chat.language, chat.secret, chat.revision)

    def card(self, chat: Chat, verb: Verb, argument: str = "") -> Card | None:
        """The card a key shows; None for a key that shows none of these."""
        make = self._cards.get(verb)
        if make is None:
            return None
        self._learn_language(chat, argument)
        chat.showing = Press(None, 0, verb, argument)
        return make(chat, argument)

    def start(self, chat: Chat) -> Card:
        """The first card: the choice of a language, or the safety text where there is only one."""
        several = len(self._line.form.languages) > 1
        verb = Verb.LANGUAGES if several else Verb.SAFETY
        chat.showing = Press(None, 0, verb)
        return self._cards[verb](chat, "")

    def hidden(self, chat: Chat) -> Card:
        """A code that was shown goes with its card."""
        chat.hidden, chat.slip = True, None
        return plain.hidden(self._line.form, self.pen(chat), self._clock().day)

    def closed(self, chat: Chat) -> Card:
        chat.showing = None
        return plain.closed(self._line.form, self.pen(chat), self._line.website)

    def gone(self, chat: Chat) -> Card:
        """After erasing."""
        self.leave(chat)
        return plain.forgotten(self.pen(chat))

    def leave(self, chat: Chat) -> None:
        """The chat stands for nothing any more."""
        chat.secret, chat.revision, chat.showing = None, 0, None
        chat.slip = chat.news = chat.announced = None

    def _learn_language(self, chat: Chat, argument: str) -> None:
        """Plain keys carry their language, so that it outlives the process."""
        code = argument.partition(":")[0]
        if code in self._line.form.languages:
            chat.language = code

    def _languages(self, chat: Chat) -> Card:
        pens = {
            code: Pen(self._texts.say(code), code, chat.secret, chat.revision)
            for code in self._line.form.languages
        }
        return plain.choose_language(pens)

    def _topic(self, chat: Chat, argument: str) -> Card:
        found = self._line.library.get(argument.partition(":")[2])
        if found is None:
            return plain.topics(self._line.library, self.pen(chat))
        return plain.topic(found, self.pen(chat), self._clock().date())

    def _ask_for_code(self, chat: Chat) -> Card:
        """Where something is open there is nothing to enter a code for."""
        return inbox.enter_code(self.pen(chat)) if chat.secret is None else self.start(chat)

    def _ask_to_forget(self, chat: Chat, yes: Verb) -> Card:
        pen = self.pen(chat)
        return plain.nothing_open(pen) if chat.secret is None else plain.ask_to_forget(pen, yes)
