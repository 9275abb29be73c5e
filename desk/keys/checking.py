"""Words that are shown once, written on paper, and asked back at a few places before they go.

A paper with a mistake is found out about on the day it is needed; here it is found at once.
"""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from crypto.kdf import Random
from crypto.words import read_words
from desk.desk import Desk
from desk.screen import Screen

PLACES = 4
"""A word that is wrong on paper is asked for by a chance of one in six to eight; a list that was
not written at all, or another's, never passes."""

_WRONG = 3
"""Wrong answers after which the words are shown once more."""


def show_and_check(
    desk: Desk, screen: Screen, page: RenderableType, words: Sequence[str], common: int = 0
) -> None:
    """Until four words were given back rightly. The first `common` words are on other papers too
    and would prove nothing."""
    asked: set[int] = set()
    while True:
        _show(desk, screen, page, words)
        places = _places(desk.random, range(common, len(words)), asked)
        if all(_given_back(desk, screen, words, place) for place in places):
            return
        asked |= set(places)


def _show(desk: Desk, screen: Screen, page: RenderableType, words: Sequence[str]) -> None:
    """Never in part: whoever writes down what a small window leaves of it has a paper that opens
    nothing."""
    written = desk.say("Press Enter when the words are on paper.")
    phrases = [f"{place} {word}" for place, word in enumerate(words, 1)]
    while not screen.holds(page, phrases, written):
        screen.page(
            Text(
                desk.say(
                    "The window is too small for all of the words. Make it larger (80 by 24 "
                    "characters are enough), or its letters smaller."
                )
                + "\n"
            )
        )
        screen.pause(desk.say("Press Enter when it is larger."))
    screen.page(page)
    screen.pause(written)


def _given_back(desk: Desk, screen: Screen, words: Sequence[str], place: int) -> bool:
    """False where the words must be looked at again."""
    told = ""
    for _ in range(_WRONG):
        screen.page(
            Group(
                Text(desk.say("Check your paper"), style="bold"),
                Text(
                    desk.say(
                        "Type the word that stands there on your paper. "
                        "Enter alone shows the words once more."
                    )
                    + "\n",
                    style="dim",
                ),
                Text(told, style="bold red"),
            )
        )
        answer = screen.line(desk.say("Word {n}:", n=place + 1))
        if not answer:
            return False
        # The number stands beside the word on paper, too.
        if read_words(answer) == [words[place]]:
            return True
        told = desk.say("That is not word {n}. Look at your paper again.", n=place + 1) + "\n"
    return False


def _places(random: Random, all_: range, but: set[int]) -> list[int]:
    """Four places, other ones than before as long as there are such."""
    left = [place for place in all_ if place not in but]
    if len(left) < PLACES:
        left = list(all_)
    chosen = [left.pop(int.from_bytes(random(8)) % len(left)) for _ in range(PLACES)]
    return sorted(chosen)
