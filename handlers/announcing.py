"""The one line that tells a person of a reply: all that a lock screen can show.

It names neither the line nor what there is, and its key alone leads to it.
"""

from handlers.buttons import Verb
from handlers.layout import INBOX, Pen, card, text
from handlers.ports import Card
from handlers.texts import Say


def something_new(say: Say, language: str, inbox: str, number: int) -> Card:
    """`inbox` is its secret, `number` the reply that a tap opens."""
    pen = Pen(say, language, inbox, INBOX)
    words = say("There is something new.")
    return card([text(words)], [[pen.plain_key("···", Verb.READ, str(number))]])
