"""What Telegram shows of the bot before anything is said: its commands and descriptions.

Whoever looks over a shoulder sees these lines, so they say no more than they must.
"""

from collections.abc import Mapping
from typing import Final

from handlers.buttons import Verb
from handlers.texts import mark

COMMANDS: Final[Mapping[str, str]] = {
    "start": mark("Open a card at the end of the chat"),
    "language": mark("Choose a language"),
    "hide": mark("Hide the card"),
    "forget": mark("Erase what I told you"),
    "privacy": mark("What happens to what I write"),
    "help": mark("Help and information"),
}
"""Every command with its meaning, in the order of the menu."""

SHOWS: Final[Mapping[str, Verb]] = {
    "language": Verb.LANGUAGES,
    "hide": Verb.HIDE,
    "forget": Verb.FORGET,
    "privacy": Verb.PRIVACY,
    "help": Verb.HELP,
}
"""What a command shows; `/start`, and any that we do not know, show where the person stands."""

DESCRIPTION: Final = mark(
    "Anonymous help from volunteers. Open this chat only from the link on our website and compare "
    "every letter: we never write first and never ask for codes, money or a passport."
)
SHORT_DESCRIPTION: Final = mark("Anonymous help from volunteers.")
