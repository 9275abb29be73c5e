"""Information cards: vetted, dated texts by country and topic, which a person reads alone.

Nothing about who read what is kept anywhere. Cards are files of the organisation's; one that is
past its date is still shown, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from intake.check_words import BUTTON, CARD, Wording
from intake.lined import CardError, Fault, FileError, Source, read
from intake.schema import EVERY, CardIn, WordsIn, shaped
from intake.words import Words


@dataclass(frozen=True, slots=True)
class Card:
    """`country` None: the topic is not about one country. `title` fits a button."""

    topic: str
    country: str | None
    title: Words
    text: Words
    source: Words
    checked: date
    stale_after: date


def stale(card: Card, today: date) -> bool:
    """Whether the card may be out of date: from the day named in it, that day included."""
    return today >= card.stale_after


def load_card(data: bytes, languages: tuple[str, ...]) -> Card:
    """Raises CardError with every fault; `languages` are those of the form."""
    try:
        source = read(data)
        shape = shaped(CardIn, source)
    except FileError as error:
        raise CardError(error.faults) from None
    if faults := _faults(shape, languages, source):
        raise CardError(faults)
    return Card(
        topic=shape.id,
        country=shape.country,
        title=_words(shape.title, languages),
        text=_words(shape.text, languages),
        source=_words(shape.source, languages),
        checked=shape.checked,
        stale_after=shape.stale_after,
    )


def load_cards(files: Mapping[str, bytes], languages: tuple[str, ...]) -> dict[str, Card]:
    """Cards by topic, in the order of file names; raises CardError, each fault with its file."""
    cards: dict[str, Card] = {}
    faults = []
    for name, data in sorted(files.items()):
        try:
            card = load_card(data, languages)
        except CardError as error:
            faults += [Fault(fault.line, f"{name}: {fault.message}") for fault in error.faults]
            continue
        if card.topic in cards:
            faults.append(Fault(1, f"{name}: '{card.topic}' is the id of another card; change it"))
        cards[card.topic] = card
    if faults:
        raise CardError(faults)
    return cards


def _faults(card: CardIn, languages: tuple[str, ...], source: Source) -> list[Fault]:
    wording = Wording(languages, source)
    faults = [*wording.check(card.title, "title", most=BUTTON)]
    faults += wording.check(card.source, "source", most=300)
    faults += wording.check(card.text, "text", most=CARD)
    if card.stale_after < card.checked:
        line = source.line("stale_after")
        faults.append(Fault(line, "'stale_after' is before 'checked'; correct one of them"))
    return faults


def _words(words: WordsIn, languages: tuple[str, ...]) -> Words:
    return Words({language: words.get(language, words.get(EVERY, "")) for language in languages})
