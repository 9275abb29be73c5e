"""A run with planted answers: what people say and are, each a needle for the search after it."""

import base64
import os
import secrets
import string
from dataclasses import dataclass, field

from desk.letters import Letters
from handlers.buttons import Verb
from intake.questions import Form
from sandbox.client import Person, Sandbox
from tests import exchange
from tests.exchange import Volunteer
from tests.journeys.stage import Talk
from tests.organisation import House
from tests.promises import steps
from tests.promises.search import key, number, word

_LETTERS = string.ascii_lowercase + string.digits
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшщэюя"


def random_word(length: int = 24, letters: str = _LETTERS) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


@dataclass
class Plants:
    """Everything planted so far, as needles by name."""

    needles: dict[str, bytes] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    said: dict[str, str] = field(default_factory=dict)

    def say(self, name: str, text: str = "") -> str:
        """A text that must be found nowhere; a random one if none is given."""
        text = text or random_word()
        self.needles |= word(name, text)
        self.said[name] = text
        return text

    def keys(self, house: House, token: str) -> None:
        """The server's credentials, and the keys that open cases."""
        self.needles |= word("bot token", token)
        self.needles |= key("return key", house.return_key)
        self.needles |= key("Anna's seed", house.anna.seed)
        self.needles |= word("a tally of counts", '["requests","all",')

    def code(self, code: str) -> None:
        """A code but for its first two groups: by those the server finds the lock."""
        self.needles |= word("code", code[10:]) | word("digits", code[10:].replace(" ", ""))

    def watch(self, secret: str) -> None:
        """A secret on a card's keys: it opens a draft or an inbox."""
        if secret not in self.secrets:
            self.secrets.add(secret)
            self.needles |= word(f"secret {len(self.secrets)}", secret)
            self.needles |= key(
                f"secret {len(self.secrets)}", base64.urlsafe_b64decode(secret + "=")
            )


@dataclass
class Planting:
    """People who plant what they are and what they say."""

    sandbox: Sandbox
    form: Form
    plants: Plants
    count: int = 0

    async def all(self) -> None:
        """Every way in which something is said to the bot, finished and unfinished."""
        await self.sends_a_case()
        await self.leaves_a_draft()
        await self.sends_early_and_goes_on()
        await self.takes_back_and_strays()

    async def sends_a_case(self) -> None:
        person = await self._begin("sent")
        await self._writes(person, "codeword", "sent")
        await self._writes(person, "note", "sent, Cyrillic", random_word(26, _CYRILLIC))
        await steps.reach(person, self.form, "")
        await self._watch(person)
        await steps.tap(person, Verb.SEND)
        await self._watch(person)

    async def leaves_a_draft(self) -> None:
        """Unfinished, with a text that is warned of: a phone number, a unit and a name."""
        person = await self._begin("abandoned")
        await self._writes(person, "codeword", "abandoned")
        phone = "+7 9" + " ".join(random_word(3, string.digits) for _ in range(3))
        await steps.reach(person, self.form, "note")
        await person.send(self.plants.say("warned of", f"Меня зовут {random_word(9)}, {phone}"))
        card = await person.card()
        assert phone in card.text
        assert "⚠" in card.text
        await self._watch(person)

    async def sends_early_and_goes_on(self) -> None:
        person = await self._begin("early", {"danger": "day"}, until="who")
        await self._writes(person, "codeword", "after an early send")
        await self._watch(person)

    async def takes_back_and_strays(self) -> None:
        person = await self._begin("changing")
        await person.send(self.plants.say("typed where buttons are"), until="deleted")
        await person.attach("contact", until="deleted", first_name=self.plants.say("of a contact"))
        await person.attach("document", file_name=self.plants.say("of a file") + ".txt")
        await self._writes(person, "codeword", "taken back", done=False)
        await steps.tap(person, Verb.CLEAR)
        await person.send(self.plants.say("written again"))
        await self._watch(person)

    async def writes_to_and_fro(self, desk: Volunteer) -> None:
        """A case that is answered: one reply is read, one waits for its hour, and of both sides
        there is something written and not sent.
        """
        person, before = await self._begin("answered"), set(await desk.waiting())
        talk = Talk(person, self.form)
        codeword = self.plants.say("codeword, answered")
        await talk.go_through({"contact": "day", "hour": 20, "codeword": codeword})
        await self._watch(person)
        self.plants.code(exchange.code_on(await talk.press(Verb.SEND)))
        await self._watch(person)
        await talk.press(Verb.WROTE)
        [case] = set(await desk.waiting()) - before
        await self._answers(desk, case, "read")
        assert self.plants.said["reply, read"] in (await exchange.reads(talk)).text
        await exchange.writes(talk, self.plants.say("message"))
        await exchange.writes(talk, self.plants.say("message, not sent"), post=False)
        await talk.press(Verb.INBOX)
        await talk.press(Verb.CODES)
        self.plants.code(exchange.code_on(await talk.press(Verb.ERASE_CODE)))
        await self._watch(person)
        await self._answers(desk, case, "waiting")
        assert await desk.states(case) == ["read", "waiting"]

    async def _answers(self, desk: Volunteer, case: str, name: str) -> None:
        note, draft = self.plants.say(f"note, {name}"), self.plants.say(f"draft of a reply, {name}")
        await desk.replies(case, self.plants.say(f"reply, {name}"))
        await desk.does(lambda work: work.note(work.fetch(case), note))
        Letters(desk.work.desk.home, desk.identity, desk.work.desk.random).save(case, draft)

    async def _begin(
        self, name: str, chosen: dict[str, str] | None = None, until: str = "device"
    ) -> Person:
        """Somebody with a name and numbers of her own, at a question."""
        self.count += 1
        identifier = 6_000_000_000 + secrets.randbelow(900_000_000)
        self.plants.needles |= number(f"id of {name}", identifier)
        person = await self.sandbox.person(
            "ru",
            name=self.plants.say(f"name of {name}", "Имя" + random_word(18)),
            username=self.plants.say(f"username of {name}", "u" + random_word(17)),
            id=identifier,
        )
        await steps.begin(person, command=f"/start {self.plants.say(f'link of {name}')}")
        await self._watch(person)
        if chosen:
            await steps.reach(person, self.form, next(iter(chosen)))
            await steps.tap(person, Verb.CHOOSE, chosen["danger"])
            await steps.tap(person, Verb.SEND_NOW)
        await steps.reach(person, self.form, until)
        return person

    async def _writes(
        self, person: Person, question: str, name: str, text: str = "", done: bool = True
    ) -> None:
        await steps.reach(person, self.form, question)
        said = self.plants.say(f"{question}, {name}", text)
        await person.send(said)
        assert said in (await person.card()).text
        if done:
            await steps.tap(person, Verb.DONE)

    async def _watch(self, person: Person) -> None:
        for secret in steps.secrets_on(await person.card()):
            self.plants.watch(secret)


def random_token() -> str:
    """A bot token that no other bytes on this machine are like."""
    return f"{secrets.randbelow(10**9) + 10**9}:{base64.urlsafe_b64encode(os.urandom(26)).decode()}"
