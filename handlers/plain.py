"""The cards that stand for no interview: language, safety, help, information, farewell.

Pure: words in, a card out. Nothing is kept about who was shown which of them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from handlers.buttons import Verb
from handlers.layout import Pen, Row, bold, card, faint, flowing, text
from handlers.ports import Button, Card
from intake.information import Card as Information
from intake.information import stale
from intake.questions import Form

LANGUAGES = {"en": "English", "ru": "Русский", "uk": "Українська", "kk": "Қазақша"}
"""How each language calls itself; one that is missing here is shown by its two letters."""


def choose_language(pens: dict[str, Pen]) -> Card:
    """The first card, in every language of the form at once."""
    questions = [text(pen.say("Choose a language")) for pen in pens.values()]
    buttons = [
        pen.key(LANGUAGES.get(code, code), Verb.LANGUAGE, code) for code, pen in pens.items()
    ]
    codes = [key for pen in pens.values() for key in _code_key(pen)]
    return card(["\n".join(questions)], [*flowing(buttons), *flowing(codes)])


def safety(form: Form, pen: Pen, fresh: str) -> Card:
    """The short safety text. `fresh` is the secret under which an interview would begin."""
    say = pen.say
    return card(
        [text(form.texts.safety.text(pen.language))],
        [
            [pen.plain_key(say("More about safety"), Verb.MORE)],
            [_onward(pen, fresh)],
            _code_key(pen),
            _exits(pen),
        ],
    )


def more_safety(form: Form, pen: Pen, fresh: str) -> Card:
    say = pen.say
    return card(
        [bold(say("Your safety")), text(form.texts.safety_more.text(pen.language))],
        [[_onward(pen, fresh)], _code_key(pen), _exits(pen)],
    )


def privacy(form: Form, pen: Pen) -> Card:
    say = pen.say
    return card(
        [bold(say("What happens to what you write")), text(form.texts.privacy.text(pen.language))],
        [_ways(pen)],
    )


def help_card(form: Form, pen: Pen) -> Card:
    say = pen.say
    return card(
        [bold(say("Help")), text(form.texts.help.text(pen.language))],
        [
            [pen.plain_key(say("Information"), Verb.TOPICS)],
            [pen.plain_key(say("Your safety"), Verb.MORE)],
            [pen.plain_key(say("What happens to what you write"), Verb.PRIVACY)],
            _ways(pen),
        ],
    )


def topics(library: Mapping[str, Information], pen: Pen) -> Card:
    """The list of information cards."""
    say = pen.say
    keys = [
        pen.plain_key(item.title.text(pen.language), Verb.TOPIC, item.topic)
        for item in library.values()
    ]
    introduction = text(say("Choose a topic. Nobody is told what you read."))
    return card([bold(say("Information")), introduction], [*flowing(keys), _ways(pen)])


def topic(item: Information, pen: Pen, today: date) -> Card:
    """One information card, with where it comes from and how old it is."""
    say = pen.say
    checked = say("As of {day}.").format(day=f"{item.checked:%d.%m.%Y}")
    warning = say("This may be out of date.") if stale(item, today) else ""
    source = say("Source: {source}").format(source=item.source.text(pen.language))
    return card(
        [
            bold(item.title.text(pen.language)),
            text(item.text.text(pen.language)),
            f"⚠️ {bold(warning)}" if warning else "",
            faint(f"{source}\n{checked}"),
        ],
        [[pen.plain_key(say("All topics"), Verb.TOPICS)], _ways(pen)],
    )


def hidden(form: Form, pen: Pen, choice: int) -> Card:
    """A bland line with one button; nothing on it tells what the chat is for."""
    lines = form.texts.hidden
    words = lines[choice % len(lines)].text(pen.language)
    return card([text(words)], [[pen.plain_key("···", Verb.SHOW)]])


def closed(form: Form, pen: Pen, website: str) -> Card:
    """The line takes nothing in; what was said so far stays sealed."""
    words = form.texts.closed.text(pen.language)
    return card(
        [text(words), text(website)],
        [
            [pen.plain_key(pen.say("Information"), Verb.TOPICS)],
            [pen.way_back(pen.say("Try again"))],
            _code_key(pen),
            _exits(pen),
        ],
    )


def ask_to_forget(pen: Pen, yes: Verb) -> Card:
    say = pen.say
    question = say("Erase everything that you have told us? It cannot be brought back.")
    return card(
        [text(question)],
        [[pen.plain_key(say("Yes, erase"), yes)], _ways(pen)],
    )


def nothing_open(pen: Pen) -> Card:
    """Asked to erase where no answers are open on the card."""
    say = pen.say
    words = say(
        "No answers are open on this card. Unfinished answers are erased a day after the last tap; "
        "what was sent is erased on its own card, or after you enter your code."
    )
    return card([text(words)], [_ways(pen)])


def forgotten(pen: Pen) -> Card:
    say = pen.say
    return card(
        [
            bold(say("Erased")),
            text(say("What you told us is erased, and within seven days from backups too.")),
            text(say("You can now delete this chat, for both sides.")),
        ],
        [[pen.plain_key(say("Start again"), Verb.SAFETY)], _exits(pen)],
    )


def expired(pen: Pen) -> Card:
    """For a button whose draft is no more."""
    say = pen.say
    return card(
        [text(say("Unfinished answers are erased a day after the last tap. These are gone."))],
        [[pen.plain_key(say("Start again"), Verb.SAFETY)], _exits(pen)],
    )


def _onward(pen: Pen, fresh: str) -> Button:
    """Back into the interview, or to its beginning. The key that begins carries the secret already,
    so that a tap that comes again finds what it began."""
    label = pen.say("Continue")
    if pen.secret is not None:
        return pen.way_back(label)
    return replace(pen, secret=fresh, revision=1).plain_key(label, Verb.BEGIN)


def _code_key(pen: Pen) -> Row:
    """For who comes back to what was sent; where something is open already, none."""
    if pen.secret is not None:
        return []
    return [pen.plain_key(pen.say("I have a code"), Verb.CODE)]


def _back(pen: Pen) -> Button:
    return pen.way_back(pen.say("← Back"))


def _ways(pen: Pen) -> Row:
    return [_back(pen), *_exits(pen)]


def _exits(pen: Pen) -> Row:
    return [pen.plain_key(pen.say("Hide"), Verb.HIDE)]
