"""A recovery list as it is shown and as it is printed: the same text, for one person alone.

It names no organisation: whoever finds the paper learns that it is one of several, and of which
key, and nothing else.
"""

from dataclasses import dataclass

from rich.console import Group
from rich.text import Text

from crypto.shares import RecoveryList
from desk.card import Card
from desk.desk import Desk
from desk.paper import NEW_PAGE, printable
from desk.typing import numbered


@dataclass(frozen=True, slots=True)
class ListSet:
    """All the lists of a key, and its card."""

    card: Card
    lists: list[RecoveryList]

    @property
    def needed(self) -> int:
        return self.lists[0].needed

    @property
    def total(self) -> int:
        return len(self.lists)


def list_page(desk: Desk, made: ListSet, one: RecoveryList) -> Group:
    """One list, with all that its keeper has to know."""
    return Group(
        Text(
            desk.say(
                "Recovery list {number} of {total}, {day}",
                number=one.number,
                total=made.total,
                day=f"{desk.clock():%Y-%m-%d}",
            ),
            style="bold",
        ),
        Text(
            desk.say(
                "Any {needed} of the {total} lists give the key back. One person, one list.",
                needed=made.needed,
                total=made.total,
            )
            + "\n"
        ),
        numbered(one.words),
        Text("\n" + desk.say("Of the key {fingerprint}", fingerprint=made.card.fingerprint) + "\n"),
        Text(
            desk.say(
                "Keep this paper where you would keep money, far from the other lists and from "
                "any computer. Take no photo of it, and tell its words to nobody before your "
                "organisation has asked you for them in person."
            )
        ),
    )


def printed(desk: Desk, made: ListSet) -> str:
    """All lists, each on a page of its own."""
    return NEW_PAGE.join(_plain(list_page(desk, made, one)) for one in made.lists)


def _plain(page: Group) -> str:
    return printable(lambda sheet: sheet.print(page))
