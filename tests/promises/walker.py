"""People who go through the interview from what their cards show, whatever becomes of the server.

A walker reads the card, taps or types, and looks again. She knows nothing of restarts: when
nothing happens she does what people do and tries something that the card offers.
"""

import asyncio
import random
from dataclasses import dataclass, field

from handlers.buttons import Press, Verb
from handlers.texts import Texts
from intake.answers import Answers
from intake.questions import Does, Form
from sandbox.cards import Card
from sandbox.client import Json, Person, Sandbox
from tests.promises.belief import Belief, Possible, is_closing, look_of, presses, verbs

GLANCE = 1.2
"""Seconds she waits for the card to change before she tries again; longer every time."""
LONGEST_GLANCE = 8.0
PATIENCE = 120.0
"""Seconds until something that ought to pass counts as a broken promise: several ends of the
server may fall into them, on a busy machine."""
LONGEST = 260
"""Acts after which an interview ought to be over."""

WORDS = ("maple", "lantern", "seven rivers", "рябина", "тихий мост", "фонарь")


class Broken(AssertionError):
    """A promise was broken; the message tells the seed and the way there."""


@dataclass(frozen=True)
class Outcome:
    """What a person knows at the end: the answers her card acknowledged, in the order sent."""

    person: int
    card: int
    language: str
    possible: tuple[Possible, ...]

    def fits(self, records: list[Answers]) -> bool:
        sent = ([one.early, one.final] for one in self.possible)
        return any([part for part in one if part is not None] == records for one in sent)


@dataclass
class Walker:
    """One person in one chat. `seed` gives her choices, though not the timing around her."""

    sandbox: Sandbox
    form: Form
    texts: Texts
    seed: str
    acts: int = 0
    edits: int = 0
    typings: int = 0
    inside: bool = False
    glance: float = GLANCE
    look: object = None
    dice: random.Random = field(init=False)
    belief: Belief = field(init=False)
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        language = self.dice.choice(["en", "ru"])
        self.belief = Belief(self.form, self.texts, language)

    async def walk(self) -> Outcome:
        """From /start to the closing card, or to an early send after which she is silent."""
        self.person = await self.sandbox.person(self.dice.choice(["en", "ru", "de"]))
        await self._arrive()
        stops_early = self.dice.random() < 0.2
        for _ in range(LONGEST):
            card = await self._card()
            if is_closing(card) or (stops_early and self._sent_early()):
                return await self._leave(card)
            await self._act(card)
        raise self._broken("the interview does not end", await self.person.messages())

    # Looking.

    async def _arrive(self) -> None:
        """/start until a card is there: without one there is nothing else to do."""
        while not [card for card in await self.person.messages() if card.by_bot]:
            await self._send("/start")

    async def _card(self) -> Card:
        """The card as it is shown; one that cannot be true may not stay."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while True:
            seen = await self.person.messages()
            cards = [card for card in seen if card.by_bot]
            if cards and self._credible(cards[-1]):
                return cards[-1]
            if loop.time() > deadline:
                raise self._broken("the card shows what was never said", seen)
            await asyncio.sleep(0.1)

    def _credible(self, card: Card) -> bool:
        shown = (card.id, look_of(card))
        if shown == self.look:
            return True
        if self._within_interview(card) and not self.belief.seen(card):
            return False
        if shown != self.look:
            self._note(f"sees {look_of(card)[0][:60]!r} {card.labels[:3]}")
        self.look = shown
        return True

    def _within_interview(self, card: Card) -> bool:
        """Cards from before the interview may be there until its first question was."""
        before = {Verb.LANGUAGE, Verb.BEGIN} & verbs(card)
        self.inside = self.inside or (bool(self.belief.possible) and not before)
        return self.inside

    def _sent_early(self) -> bool:
        return bool(self.belief.possible) and all(
            one.early is not None for one in self.belief.possible
        )

    async def _leave(self, card: Card) -> Outcome:
        """At rest there is the card and nothing else."""
        await self.rests(card.id)
        return Outcome(self.person.id, card.id, self.belief.language, tuple(self.belief.possible))

    async def rests(self, card: int) -> None:
        """Wait until the chat is at rest and see that it holds this one card."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while True:
            body = await self.sandbox.ask("settle", chat=self.person.chat, quiet=0.1, timeout=5)
            seen = [Card.read(item) for item in body["chat"]["messages"]]
            if body["settled"] and [(one.id, one.by_bot) for one in seen] == [(card, True)]:
                return
            if loop.time() > deadline:
                raise self._broken("the chat does not come to rest with one card", seen)

    # Acting.

    async def _act(self, card: Card) -> None:
        self.acts += 1
        keys = self._keys(card)
        if Verb.CONTINUE in {press.verb for press in keys.values()} and self.dice.random() < 0.8:
            await self._type(card)
        elif self.belief.possible and self.dice.random() < 0.03:
            self.belief.typed(f"hello {self.acts}?")  # on a text question it is an addition
            await self._send(f"hello {self.acts}?")
        else:
            await self._tap(card, keys)

    async def _tap(self, card: Card, keys: dict[str, Press]) -> None:
        data = self._choice(keys)
        press = keys[data]
        self._note(f"taps {press.verb.name} {press.argument}")
        if press.verb is Verb.BEGIN:
            self.belief.begin()
        self.belief.pressed(card, press)
        edits = press.verb is Verb.EDIT
        self.edits += edits
        await self._touch(card.id, data, twice=self.dice.random() < 0.1)

    async def _touch(self, message: int, data: str, twice: bool) -> None:
        act = {"person": self.person.id, "do": "tap", "message_id": message, "data": data}
        if twice:
            self._note("  (twice)")
            await self.sandbox.batch([act])
        body = await self.sandbox.ask("act", **act, wait=self.glance, until="change")
        self.glance = GLANCE if body["reacted"] else min(2 * self.glance, LONGEST_GLANCE)

    async def _type(self, card: Card) -> None:
        """Type, wait until the text is gone from the chat, and look whether the card has it."""
        self.typings += 1
        words = f"{self.dice.choice(WORDS)} {self.typings}"
        if self.dice.random() < 0.1:
            words += " and many more words than there is room for here"
        self.belief.typed(words)
        await self._send(words)
        if look_of(await self._card()) == look_of(card):
            self._note("taps CONTINUE as it does not show")
            data = next(d for d, p in presses(card).items() if p.verb is Verb.CONTINUE)
            await self._touch(card.id, data, twice=False)

    async def _send(self, text: str) -> None:
        self._note(f"types {text!r}")
        act = {"person": self.person.id, "do": "send", "text": text}
        sent: Json = await self.sandbox.ask("act", **act, wait=GLANCE, until="deleted")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        seen = await self.person.messages()
        while sent["message_id"] in [one.id for one in seen]:
            if loop.time() > deadline:
                raise self._broken("what was typed stays in the chat", seen)
            await asyncio.sleep(0.05)
            seen = await self.person.messages()

    # Choosing.

    def _keys(self, card: Card) -> dict[str, Press]:
        """The keys of the card that lead through the interview."""
        return {data: press for data, press in presses(card).items() if self._leads_on(press)}

    def _leads_on(self, press: Press) -> bool:
        match press.verb:
            case Verb.LANGUAGE:
                return press.argument == self.belief.language
            case Verb.CHOOSE:
                return not self._only_informs(press.argument)
            case Verb.EDIT:
                return self.edits < 3
            case Verb.HIDE | Verb.MORE | Verb.FORGET | Verb.LANGUAGES | Verb.TOPICS | Verb.CODE:
                return False
            case Verb.CODES:
                return False
        return True

    def _only_informs(self, choice: str) -> bool:
        return any(
            question.choices[choice].does is Does.INFORMATION
            for question in self.form.questions
            if choice in question.choices
        )

    def _choice(self, keys: dict[str, Press]) -> str:
        weights = [WEIGHTS.get(press.verb, 10.0) for press in keys.values()]
        return self.dice.choices(list(keys), weights)[0]

    def _note(self, words: str) -> None:
        self.belief.trail.append(words)

    def _broken(self, what: str, seen: list[Card]) -> Broken:
        shown = [(card.by_bot, card.text, card.labels) for card in seen]
        looks = self.belief.looks(seen[-1])[:4] if seen else []
        trail = "\n  ".join(self.belief.trail[-25:])
        return Broken(
            f"{what} (walker seed {self.seed!r})\nthe last acts:\n  {trail}\n"
            f"the chat: {shown}\nmay be stored: {looks}"
        )


WEIGHTS = {
    Verb.BACK: 2.0,
    Verb.SKIP: 6.0,
    Verb.MONTH: 0.1,
    Verb.DAY: 2.0,
    Verb.DONE: 30.0,
    Verb.SEND: 60.0,
    Verb.SEND_NOW: 30.0,
    Verb.FINISH: 4.0,
    Verb.CLEAR: 2.0,
    Verb.CONTINUE: 4.0,
}
