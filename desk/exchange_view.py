"""The exchange in order, with day marks: who wrote what, and what became of each reply.

What no colleague rightly signed says so beside its name. Everything typed is made harmless first.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from desk.casework import name_of
from desk.desk import Desk
from desk.reading import Author, Entry
from desk.safe import plain
from desk.words import outcome, reply_state
from intake.records import About, Outcome
from intake.roster import Roster


def exchange_rows(desk: Desk, exchange: Sequence[Entry], roster: Roster | None) -> Table:
    """One row an entry; a new day stands above its first."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True, width=10)
    table.add_column(overflow="fold", ratio=1)
    day = None
    for entry in exchange:
        at = entry.at
        if at is not None and at.date() != day:
            day = at.date()
            table.add_row(day.isoformat(), "")
        hour = "" if at is None else f"{at:%H:%M} UTC"
        table.add_row(hour, _words(desk, entry, roster))
    return table


def _words(desk: Desk, entry: Entry, roster: Roster | None) -> Text:
    text = Text.assemble((plain(entry_title(desk, entry, roster)), "bold"))
    if entry.author is not None and entry.author.state != "signed":
        text.append(f"  [{doubt(desk, entry.author)}]", "bold red")
    if entry.reply is not None:
        text.append(f"  [{reply_state(desk.language, entry.reply)}]", "dim")
    if entry.text:
        text.append("\n" + plain(entry.text))
    return text


def entry_title(desk: Desk, entry: Entry, roster: Roster | None) -> str:
    """What was done and by whom, in one line; the text of it stands below."""
    if entry.author is None:
        return _of_the_person(desk, entry)
    name = entry.author.name or desk.say("Somebody")
    other = name_of(roster, entry.value) or desk.say("somebody who left the roster")
    match entry.about:
        case About.REPLY:
            return desk.say("{name} replied", name=name)
        case About.HAND_OVER:
            return desk.say("{name} handed the case over to {other}", name=name, other=other)
        case About.ADVICE:
            return desk.say("{name} asked {other} for advice", name=name, other=other)
        case About.LEVEL:
            return desk.say("{name} set the urgency to {level}", name=name, level=entry.value)
        case About.OUTCOME:
            return desk.say("{name} closed the case: {how}", name=name, how=_how(desk, entry.value))
        case About.REKEY:
            return desk.say("{name} renewed the key of this case", name=name)
        case _:
            return desk.say("{name} noted", name=name)


def doubt(desk: Desk, author: Author) -> str:
    """Why the name beside it is not to be relied on."""
    if author.state == "revoked":
        return desk.say(
            "signed; the key was revoked since: whoever has it now can sign so, with any date"
        )
    if author.state == "left":
        return desk.say("not checked: the key is on the roster no more, or never was")
    if author.state == "false":
        return desk.say("the signature is false")
    return desk.say("not signed by anybody")


def _of_the_person(desk: Desk, entry: Entry) -> str:
    if entry.text:
        return desk.say("The person")
    return desk.say("The request came in") if entry.number == 0 else desk.say("More answers")


def _how(desk: Desk, value: str | None) -> str:
    known = [one for one in Outcome if one.value == value]
    return outcome(desk.language, known[0]) if known else value or "?"


def exchange_json(exchange: Sequence[Entry]) -> list[dict[str, Any]]:
    """The same for programs."""
    return list(_entries(exchange))


def _entries(exchange: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    for entry in exchange:
        author = entry.author
        yield {
            "number": entry.number,
            "kind": entry.kind,
            "about": entry.about,
            "at": None if entry.at is None else entry.at.isoformat(),
            "text": entry.text,
            "value": entry.value,
            "author": None if author is None else {"name": author.name, "state": author.state},
            "reply": entry.reply,
        }
