"""People who do anything at any time, and the look at their chat afterwards.

A wanderer is a seeded die over everything that a Telegram app can do in a chat with a bot. After
each of its acts the chat comes to rest, and then the first half of promise 2 must hold: one
message, the bot's.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from handlers.buttons import Verb
from sandbox.cards import Card
from tests.journeys.stage import Stage, Talk, has, is_hidden

Json = dict[str, Any]

RAW: Final[dict[str, Json]] = {
    "poll": {
        "poll": {
            "id": "1",
            "question": "Yes?",
            "options": [{"text": "a", "voter_count": 0}],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
        }
    },
    "dice": {"dice": {"emoji": "🎲", "value": 3}},
    "venue": {
        "venue": {
            "location": {"latitude": 55.7, "longitude": 37.6},
            "title": "Square",
            "address": "1",
        }
    },
    "pinned": {
        "pinned_message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}
    },
    "story": {"story": {"chat": {"id": 5, "type": "private", "first_name": "B"}, "id": 3}},
    "animation": {
        "animation": {
            "file_id": "A",
            "file_unique_id": "B",
            "width": 1,
            "height": 1,
            "duration": 1,
        }
    },
    "timer": {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
    "new kind": {"something_of_next_year": {"a": 1}},
}
"""Messages the sandbox has no hand for; they reach the bot all the same."""

MEDIA: Final = (
    "photo", "document", "voice", "video_note", "video", "sticker", "location", "contact",
)  # fmt: skip

COMMANDS: Final = (
    "/start", "/start abc", "/language", "/hide", "/forget", "/privacy", "/help", "/unknown",
    "/start@otherbot", "/START", "/help me",
)  # fmt: skip

TEXTS: Final = (
    "да", "нет", "Помогите, я в части 12345", "+7 999 123-45-67", "<b>x</b> & </i>", "\u202eabc",
    "a" * 4096, "🌿" * 2000, "строка\nещё", "/", "/ start", "...", "\u200b.",
    "1234 5678 9012 3456 7890 1234 5678", "0" * 28, "٠" * 28,
)  # fmt: skip

FAULTS: Final = ("429", "500", "502", "drop_before", "drop_after")

_LEADS_ON: Final = (
    Verb.CHOOSE, Verb.TOGGLE, Verb.DONE, Verb.SKIP, Verb.NUMBER, Verb.BEGIN, Verb.SHOW,
    Verb.CONTINUE, Verb.SEND, Verb.SEND_NOW, Verb.DAY, Verb.KEEP, Verb.WROTE, Verb.WRITE,
    Verb.POST, Verb.CONTACT, Verb.CLOCK, Verb.NEW_CODE,
)  # fmt: skip


class Wanderer:
    """Does something; `trail` tells what it did, for whoever reads a failure."""

    def __init__(self, stage: Stage, talk: Talk, seed: int, faults: bool = False) -> None:
        self.trail: list[str] = []
        self._stage = stage
        self._talk = talk
        self._dice = random.Random(seed)
        self._buttons: list[tuple[str, int]] = []
        self._last: Card | None = None
        self._faults = faults
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (24, self._on),
            (6, self._any_button),
            (5, self._old_button),
            (5, self._text),
            (4, self._medium),
            (3, self._raw),
            (4, self._command),
            (3, self._edited),
            (3, self._burst),
            (2, self._wait),
        ]
        if faults:
            acts.append((4, self._fault))
        self._acts = [act for weight, act in acts for _ in range(weight)]

    async def step(self) -> Card:
        """One act, and the chat at rest after it: the one message."""
        await self._dice.choice(self._acts)()
        cards = await self._talk.person.settled(quiet=0.08, within=20)
        if len(cards) != 1 and self._faults:  # a fourth try comes later than the quiet lasts
            await asyncio.sleep(1.5)
            cards = await self._talk.person.settled(quiet=0.3, within=20)
        shown = [(card.by_bot, card.text[:40]) for card in cards]
        assert len(cards) == 1, (self.trail[-8:], shown)
        assert cards[0].by_bot, (self.trail[-8:], shown)
        self._bland(cards[0])
        self._remember(cards[0])
        return cards[0]

    def _bland(self, card: Card) -> None:
        """A hidden card says one of the form's bland lines, and nothing else."""
        if is_hidden(card):
            words = self._stage.house.form.texts.hidden
            lines = {line.text(language) for line in words for language in ("en", "ru")}
            assert card.text in lines, (self.trail[-8:], card.text)

    def _remember(self, card: Card) -> None:
        self._last = card
        self._buttons += [(b.data, card.id) for b in card.buttons if b.data]
        del self._buttons[:-400]

    async def _tap(self, data: str, message: int) -> None:
        await self._talk.person.tap_data(data, message, wait=None)

    async def _on(self) -> None:
        """What most people do most of the time."""
        card = await self._card()
        leading = [b for b in card.buttons if any(has(b, verb) for verb in _LEADS_ON)]
        await self._press(card, leading or list(card.buttons))

    async def _any_button(self) -> None:
        card = await self._card()
        await self._press(card, list(card.buttons))

    async def _card(self) -> Card:
        """The card now; in the instant between an old and a new one, the old one."""
        cards = [card for card in await self._talk.person.messages() if card.by_bot]
        return cards[-1] if cards or self._last is None else self._last

    async def _press(self, card: Card, buttons: list[Any]) -> None:
        if buttons:
            button = self._dice.choice(buttons)
            self.trail.append(f"tap {button.text}")
            await self._tap(button.data or "", card.id)

    async def _old_button(self) -> None:
        if self._buttons:
            data, message = self._dice.choice(self._buttons)
            self.trail.append(f"old tap {data[43:]}")
            await self._tap(data, message)

    async def _text(self) -> None:
        text = self._dice.choice(TEXTS)
        self.trail.append(f"text {text[:20]!r}")
        await self._talk.person.send(text, wait=None)

    async def _medium(self) -> None:
        medium = self._dice.choice(MEDIA)
        self.trail.append(medium)
        await self._talk.attach(medium)

    async def _raw(self) -> None:
        kind = self._dice.choice(sorted(RAW))
        self.trail.append(kind)
        await self._talk.person.act("send", content=RAW[kind])

    async def _command(self) -> None:
        command = self._dice.choice(COMMANDS)
        self.trail.append(command)
        await self._talk.person.send(command, wait=None)

    async def _edited(self) -> None:
        """A text that is changed before the bot can have taken it."""
        self.trail.append("edited text")
        await self._stage.sandbox.hold("texts")
        number = await self._talk.person.send("первая мысль", wait=None)
        await self._talk.person.edit(number, "вторая мысль", wait=None)
        await self._stage.sandbox.release("texts")

    async def _burst(self) -> None:
        """Several things at once, in lanes of their own."""
        self.trail.append("burst:")
        acts = (self._on, self._text, self._medium, self._command, self._old_button)
        for _ in range(self._dice.randint(2, 5)):
            await self._dice.choice(acts)()

    async def _wait(self) -> None:
        minutes = self._dice.choice((16, 31, 120))
        self.trail.append(f"{minutes} minutes")
        await self._stage.pass_time(timedelta(minutes=minutes))

    async def _fault(self) -> None:
        kind = self._dice.choice(FAULTS)
        self.trail.append(f"fault {kind}")
        count = self._dice.randint(1, 3)
        methods = (
            "sendMessage", "editMessageText", "deleteMessages", "answerCallbackQuery",
        )  # fmt: skip
        await self._stage.sandbox.fault(kind, count=count, methods=methods)
        await self._burst()
