"""Words typed from paper: at a terminal on a screen of their own, with mistakes told word by word
and mended one by one; elsewhere one line for all of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Group
from rich.table import Table
from rich.text import Text

from crypto.errors import BadWords
from crypto.words import check_word, read_words
from desk.desk import Desk
from desk.screen import Screen, forget_typed

_Read = TypeVar("_Read")
COLUMNS = 3
_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Paper:
    """What is typed: how many words, and the book that they come of."""

    count: int
    book: Sequence[str]


def type_words(
    desk: Desk, title: str, prompt: str, paper: Paper, judge: Callable[[str], _Read]
) -> _Read:
    """What `judge` makes of the words. Where there is no terminal, its `BadWords` is raised;
    at one, it is told and the words are mended until it raises none."""
    if desk.screen is None:
        return judge(desk.words(prompt))
    with desk.screen() as screen:
        words: list[str] = []
        told = ""
        while True:
            words = _fill(desk, screen, title, paper, words, told)
            told = ""
            try:
                return judge(" ".join(words))
            except BadWords as error:
                if not error.mendable:
                    why = desk.language.explain(error)
                    words, told = [], desk.say("{why}. Type the words of another list.", why=why)
                    continue
                words = _mend(desk, screen, title, words, desk.language.explain(error))


def numbered(words: Sequence[str], columns: int = COLUMNS) -> Table:
    """Down each column, as one writes."""
    table = Table.grid(padding=(0, 4))
    rows = -(-len(words) // columns)
    for row in range(rows):
        places = range(row, len(words), rows)
        table.add_row(*(f"{place + 1:2} {words[place]}" for place in places))
    return table


def _fill(
    desk: Desk, screen: Screen, title: str, paper: Paper, words: list[str], told: str
) -> list[str]:
    """Lines of words until there are enough; an empty line says that there are no more."""
    while len(words) < paper.count:
        hint = desk.say(
            "As many on a line as you like; numbers may stand between them. "
            "An empty line: there are no more."
        )
        screen.page(_page(title, hint, words, told))
        next_ = len(words) + 1
        line = screen.line(desk.say("From word {n}:", n=next_))
        # What is pasted may have an empty line after each.
        if not line and words and not screen.more():
            break
        told = ""
        for word in read_words(line):
            try:
                check_word(word, len(words) + 1, paper.book)
            except BadWords as error:
                told = desk.say("{why}. Go on from this word.", why=desk.language.explain(error))
                break
            words = [*words, word]
    return words


def _mend(desk: Desk, screen: Screen, title: str, words: list[str], told: str) -> list[str]:
    """The words with one of them typed anew; none, where all are to be."""
    screen.page(_page(title, "", words, f"{told}."))
    place = _which(desk, screen, len(words))
    if place is None:
        return []
    mended = screen.line(
        desk.say("Word {n} (two words put both there, none leaves it out):", n=place + 1)
    )
    return [*words[:place], *read_words(mended), *words[place + 1 :]]


def _which(desk: Desk, screen: Screen, count: int) -> int | None:
    """The place to mend, or the one behind the last; None for all. What is neither is asked again:
    a slip here must not cost the words that were typed."""
    forget_typed()  # the rest of what was pasted is no answer
    while True:
        line = screen.line(desk.say("Number of the word to mend (Enter alone: type all again):"))
        if not line:
            return None
        number = _NUMBER.search(line)
        if number is not None and 1 <= int(number[0]) <= count + 1:
            return int(number[0]) - 1


def _page(title: str, hint: str, words: Sequence[str], told: str) -> Group:
    return Group(
        Text(title, style="bold"),
        Text(f"{hint}\n" if hint else "", style="dim"),
        numbered(words),
        Text(f"\n{told}\n" if told else "", style="bold red"),
    )
