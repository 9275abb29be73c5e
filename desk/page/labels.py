"""What the page calls things: levels, languages, outcomes, and what became of a reply."""

from datetime import datetime, timedelta
from typing import Final

from desk.language import Language
from desk.reading import Author, Entry
from desk.safe import plain
from desk.words import contact, outcome, span
from intake.case import ContactRule, Level, Turn
from intake.questions import Form
from intake.records import ANSWERS, INTAKE, MESSAGE, About, Outcome
from intake.warnings import Sign

SOON: Final = timedelta(hours=1)
"""What is left of a promise from which it is pointed out."""


def level_words(language: Language, level: Level, form: Form | None) -> str:
    """What the level means: how soon somebody is to answer."""
    if form is None:
        return level.value
    return language.say("answer within {span}", span=span(language, form.urgency.targets[level]))


def language_name(language: Language, code: str) -> str:
    """The languages people are likely to write in; of others, the code."""
    names = {
        "ru": language.say("Russian"),
        "en": language.say("English"),
        "uk": language.say("Ukrainian"),
        "be": language.say("Belarusian"),
        "kk": language.say("Kazakh"),
        "ka": language.say("Georgian"),
        "hy": language.say("Armenian"),
        "tt": language.say("Tatar"),
        "ce": language.say("Chechen"),
        "de": language.say("German"),
        "fr": language.say("French"),
        "es": language.say("Spanish"),
        "fi": language.say("Finnish"),
        "tr": language.say("Turkish"),
    }
    return names.get(code, code)


def skill_names(skills: tuple[str, ...], form: Form | None, code: str) -> str:
    known = {} if form is None else form.routing.skills
    words = (known[skill].text(code) if skill in known else skill for skill in skills)
    return plain(", ".join(words))


def turn_words(language: Language, turn: Turn, records: int) -> str:
    if turn is Turn.THEIRS:
        return language.say("waits for the person")
    return language.say("waits for an answer") if records > 1 else language.say("not answered yet")


def outcomes(language: Language) -> dict[str, str]:
    return {how.value: outcome(language, how) for how in Outcome}


def sign_words(language: Language, sign: Sign) -> str:
    return {
        Sign.PHONE: language.say("a phone number"),
        Sign.COORDINATES: language.say("coordinates or an address"),
        Sign.UNIT: language.say("a unit"),
        Sign.NAME: language.say("a name"),
    }[sign]


def entry_title(language: Language, entry: Entry, to: str | None) -> str:
    """What a record of the exchange is. `to`: the name of the colleague it names, if any."""
    if entry.kind == INTAKE:
        return language.say("The person asked for help")
    if entry.kind == ANSWERS:
        return language.say("The person answered more questions")
    if entry.kind == MESSAGE:
        return language.say("The person wrote")
    values = {"to": to or language.say("somebody"), "value": entry.value or "?"}
    if entry.about is About.OUTCOME:
        values["value"] = outcomes(language).get(entry.value or "", values["value"])
    return {
        About.REPLY: language.say("Reply to the person"),
        About.NOTE: language.say("Note"),
        About.HAND_OVER: language.say("Handed over to {to}", **values),
        About.ADVICE: language.say("Asked {to} for advice", **values),
        About.LEVEL: language.say("Level set to {value}", **values),
        About.OUTCOME: language.say("Closed: {value}", **values),
        About.REKEY: language.say("Gave the case a new key"),
    }[entry.about or About.NOTE]


def author_words(language: Language, author: Author, me: str | None) -> str:
    """Who wrote it, and that it cannot be believed where it cannot."""
    name = author.name or "?"
    if author.state == "signed":
        return language.say("you") if name == me else name
    return {
        "revoked": language.say(
            "Signed by {name}, whose key was revoked since: whoever has it now can sign so, with "
            "any date.",
            name=name,
        ),
        "unsigned": language.say("Not signed: no colleague wrote this."),
        "false": language.say("False signature: do not believe that {name} wrote this.", name=name),
        "left": language.say("Signed by somebody who is not on the roster any more."),
    }[author.state]


def reply_words(language: Language, entry: Entry, rule: ContactRule, now: datetime) -> str:
    """What became of a reply, and what it waits for."""
    if entry.reply == "waiting" and not rule.allows(now):
        return language.say(
            "Waits for an hour that the person allows. {when}", when=contact(language, rule)
        )
    return {
        "inbox": language.say("Lies in the inbox until the person looks. Nothing was sent."),
        "waiting": language.say("Is being sent: a silent line without content."),
        "sent": language.say("Sent: a silent line stands in the chat. Not read yet."),
        "read": language.say("Read."),
        "unreachable": language.say(
            "Cannot be delivered: the chat is blocked or gone. It lies in the inbox."
        ),
        None: language.say("What became of it is not known."),
    }[entry.reply]
