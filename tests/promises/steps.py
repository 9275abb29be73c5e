"""Ways through the interview for tests that need a person at a certain place."""

from handlers.buttons import Verb, decode
from intake.questions import Form
from sandbox.cards import Button, Card
from sandbox.client import Person
from tests.promises.belief import presses, verbs

LONGEST = 80


def key_of(card: Card, verb: Verb, argument: str = "") -> Button:
    """The key with this verb and, if it is given, this argument."""
    for button in card.buttons:
        press = decode(button.data or "")
        if press and press.verb is verb and argument in ("", press.argument):
            return button
    raise AssertionError(f"no key {verb.name} {argument!r} on a card with {card.labels}")


async def tap(person: Person, verb: Verb, argument: str = "", wait: float = 20) -> Card:
    """Tap a key of the card and wait for the next card."""
    card = await person.card()
    await person.tap_data(key_of(card, verb, argument).data or "", card.id, wait)
    return await person.card()


def question_on(form: Form, card: Card) -> str | None:
    """The id of the question that the card asks."""
    paragraphs = card.text.split("\n\n")
    asked = paragraphs[1] if len(paragraphs) > 1 else ""
    found = [q.id for q in form.questions for code in form.languages if q.ask.text(code) == asked]
    return found[0] if found and Verb.SEND not in verbs(card) else None


async def begin(person: Person, language: str = "ru", command: str = "/start") -> Card:
    """From nothing to the first question."""
    await person.send(command)
    await tap(person, Verb.LANGUAGE, language)
    return await tap(person, Verb.BEGIN)


async def reach(
    person: Person, form: Form, goal: str, chosen: dict[str, str] | None = None
) -> Card:
    """On to a question, or to the review (""), choosing as told and skipping the rest."""
    choices = {"consent": "yes", **(chosen or {})}
    for _ in range(LONGEST):
        card = await person.card()
        here = question_on(form, card)
        if (here or "") == goal and (goal or Verb.SEND in verbs(card)):
            return card
        if here in choices:
            await tap(person, Verb.CHOOSE, choices.pop(here))
        elif Verb.SKIP in verbs(card):
            await tap(person, Verb.SKIP)
        else:
            await tap(person, Verb.DONE)
    raise AssertionError(f"the interview does not come to {goal!r}")


def secrets_on(card: Card) -> set[str]:
    """The secrets that the keys of a card carry."""
    return {press.secret for press in presses(card).values() if press.secret}
