"""Recovery lists, as people bring them one by one: each judged at once, by itself and with the
others, until there are enough. Nothing of them is written anywhere.
"""

from crypto.errors import BadWords
from crypto.identity import Identity
from crypto.shares import LIST_WORDS, Gathering, RecoveryList, book
from desk.card import Card
from desk.desk import Desk
from desk.errors import DeskError
from desk.typing import Paper, type_words

PAPER = Paper(LIST_WORDS, book())


def ask_lists(desk: Desk, card: Card | None = None) -> Identity:
    """The recovery identity, in memory alone. With `card`, `DeskError` unless it is that key's."""
    gathering = Gathering()
    while gathering.missing != 0:
        given = _ask_one(desk, gathering)
        desk.notice(
            "List {number} is good. {count}",
            number=given.number,
            count=desk.language.count(
                "{n} more is needed.", "{n} more are needed.", gathering.missing or 0
            )
            if gathering.missing
            else desk.say("That is enough."),
        )
    try:
        identity = Identity(gathering.seed())
    except BadWords as error:
        raise DeskError("The lists are not accepted: {why}.", why=error) from None
    if card is not None and Card.of(card.name, identity) != card:
        raise DeskError(
            "These lists go together, but give the key of another card than {name}, {fingerprint}",
            name=card.name,
            fingerprint=card.fingerprint,
        )
    return identity


def _ask_one(desk: Desk, gathering: Gathering) -> RecoveryList:
    count = len(gathering.numbers) + 1
    if gathering.missing is None:
        title = desk.say("The first recovery list: {n} words", n=LIST_WORDS)
    else:
        title = desk.say(
            "One more recovery list: {n} words, not one of {given}",
            n=LIST_WORDS,
            given=", ".join(map(str, gathering.numbers)),
        )
    try:
        return type_words(
            desk, title, desk.say("Recovery list {n} (not shown)", n=count), PAPER, gathering.add
        )
    except BadWords as error:
        raise DeskError(
            "Of the lists given, number {n} is not accepted: {why}. Nothing was done; look at that "
            "paper, and give the command again.",
            n=count,
            why=error,
        ) from None
    except EOFError:
        raise _too_few(desk, gathering) from None


def _too_few(desk: Desk, gathering: Gathering) -> DeskError:
    if gathering.missing is None:
        return DeskError("No list was given; nothing was done.")
    return DeskError(
        "The input ended, and nothing was done. Lists given: {given}; still needed: {n}.",
        n=gathering.missing,
        given=", ".join(map(str, gathering.numbers)),
    )
