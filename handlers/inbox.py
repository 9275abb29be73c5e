"""The cards of somebody whose case is sent: the receipt, the inbox, a reply, a message. Pure.

Their keys carry the inbox secret and the language; what they do is in `handlers.returning`.
"""

from datetime import timedelta
from typing import Final

from handlers.buttons import Verb
from handlers.chats import Slip
from handlers.layout import Pen, Row, bold, card, faint, flowing, in_rows, shortened, text
from handlers.ports import Button, Card, Composed, Inbox, Standing
from handlers.questions import warned
from handlers.texts import Say, mark
from intake.case import ContactRule
from intake.questions import Contact, Form, Question
from intake.records import LONGEST, Letter
from intake.warnings import suspicious

MOST_SHOWN: Final = 3200
"""Units of a reply or a message on its card; a card holds 4,096 with all around it."""

MOST_REPLIES: Final = 40
"""Replies that the list has keys for, the latest ones."""

SENT: Final = mark("Sent. It lies with the rest that you told us.")
NOT_SENT: Final = mark("This was not sent: the text has changed. Look at it once more.")
NO_ROOM: Final = mark("This was not sent: so much lies with us already that nothing more fits.")
CANNOT_OPEN: Final = mark("This reply cannot be opened. Write to us, and we send it again.")
ANNOUNCED_HERE: Final = mark("From now on replies are announced in this chat.")
LATER: Final = mark("No more new codes for now. Try again in an hour.")
SLIP: Final = mark("A digit is wrong or missing. Compare it with your paper and type it again.")
NOWHERE: Final = mark(
    "This code leads nowhere. It was mistyped, or a newer one took its place, or all was erased."
)

NOT_NOW: Final = mark("This could not be looked up just now. Please type it again in a minute.")

_STANDINGS: Final = {
    Standing.RECEIVED: mark("Received. It waits for a volunteer."),
    Standing.READING: mark("A volunteer is reading it."),
    Standing.ANSWERED: mark("You have been answered."),
    Standing.CLOSED: mark("Closed. If you add something, it goes back to the volunteers."),
}

_TITLES: Final = {
    Verb.SEND: mark("Sent"),
    Verb.NEW_CODE: mark("Your new code"),
    Verb.ERASE_CODE: mark("Your erase code"),
}
_MEANINGS: Final = {
    Verb.SEND: mark(
        "With this code you come back from any phone or account and read our reply. It is shown "
        "only now: write it down on paper."
    ),
    Verb.NEW_CODE: mark(
        "The former code leads nowhere now. This one is shown only now: write it down on paper."
    ),
    Verb.ERASE_CODE: mark(
        "Entered like the other one, it erases everything at once and shows an empty card. It is "
        "shown only now: write it down on paper."
    ),
}


def receipt(slip: Slip, pen: Pen) -> Card:
    """A code, which is never shown again once this card is gone."""
    say = pen.say
    groups = slip.code.split()
    middle = -(-len(groups) // 2)
    lines = f"{' '.join(groups[:middle])}\n{' '.join(groups[middle:])}"
    if slip.verb is Verb.ERASE_CODE:
        use = say(
            "To use it: /start, then “I have a code”. Do not take it for your other code: nothing "
            "is asked before it erases."
        )
    else:
        use = say("To come back: /start, then “I have a code”. None of us will ask you for it.")
    return card(
        [
            bold(say(_TITLES[slip.verb])),
            f"<code>{text(lines)}</code>",
            text(say(_MEANINGS[slip.verb])),
            faint(use),
        ],
        [[pen.plain_key(say("I wrote it down"), Verb.WROTE)], [_hide(pen)]],
    )


def inbox(form: Form, found: Inbox, pen: Pen, said: str = "") -> Card:
    """How the case stands, and everything that can be done. `said`: what was just done."""
    say = pen.say
    first = not found.replies and found.standing is not Standing.CLOSED
    return card(
        [
            text(say(said)) if said else "",
            bold(say(_STANDINGS[found.standing])),
            text(say("You began a message and did not send it.")) if found.unfinished else "",
            text(_announcing(found, say)),
            text(form.texts.closing.text(pen.language)) if first else "",
        ],
        [
            *_reading(found, pen),
            [pen.plain_key(_adding(found, say), Verb.WRITE)],
            *([[_contact_key(pen)]] if form.contact is not None else []),
            *_announce(found, pen),
            *flowing(
                [
                    pen.plain_key(say("Codes"), Verb.CODES),
                    pen.plain_key(say("Information"), Verb.TOPICS),
                ]
            ),
            [pen.plain_key(say("Withdraw and erase"), Verb.ERASE)],
            [_hide(pen)],
        ],
    )


def _adding(found: Inbox, say: Say) -> str:
    return say("Go on with your message") if found.unfinished else say("Add something")


def _contact_key(pen: Pen) -> Button:
    return pen.plain_key(pen.say("When you may write to me"), Verb.CONTACT)


def _announcing(found: Inbox, say: Say) -> str:
    if found.contact.hours is None:
        return say("We do not write to you first. Replies wait here: look in when you can.")
    if not found.here:
        return say("Replies are announced in another chat, not in this one.")
    if found.contact == ContactRule.any_time():
        return say("When there is a reply, one bland line comes to this chat, without a sound.")
    return say(
        "When there is a reply, one bland line comes to this chat, without a sound, in the hours "
        "that you allowed."
    )


def _reading(found: Inbox, pen: Pen) -> list[Row]:
    say, rows = pen.say, list[Row]()
    read = [number for number in found.replies if number not in found.unread]
    if found.unread:
        label = say("Read ({count} new)").format(count=len(found.unread))
        rows.append([pen.plain_key(f"✉ {label}", Verb.READ, str(found.unread[0]))])
    if len(read) == 1 and not found.unread:
        rows.append([pen.plain_key(say("Read the reply again"), Verb.READ, str(read[0]))])
    elif read:
        rows.append([pen.plain_key(say("Earlier replies"), Verb.REPLIES)])
    return rows


def _announce(found: Inbox, pen: Pen) -> list[Row]:
    if found.here or found.contact.hours is None:
        return []
    return [[pen.plain_key(pen.say("Announce replies here"), Verb.ANNOUNCE)]]


def replies(found: Inbox, pen: Pen) -> Card:
    """A key for each reply, by its place in the order in which they came."""
    say = pen.say
    keys = [
        pen.plain_key(
            f"✉ {place}" if number in found.unread else str(place), Verb.READ, str(number)
        )
        for place, number in enumerate(found.replies, 1)
    ]
    return card(
        [bold(say("Replies")), text(say("The latest has the highest number."))],
        [*in_rows(keys[-MOST_REPLIES:], 5), _ways(pen)],
    )


def letter(opened: Letter, number: int, found: Inbox, pen: Pen) -> Card:
    """A reply, and the word by which the person knows us."""
    say = pen.say
    left = [unread for unread in found.unread if unread != number]
    word = say("The word that you gave us: {word}").format(word=opened.codeword or "")
    following = say("Next ({count} new)").format(count=len(left))
    return card(
        [
            faint(say("Reply of {day}").format(day=f"{opened.at:%d.%m.%Y}")),
            text(word) if opened.codeword else "",
            text(shortened(opened.text, MOST_SHOWN)),
        ],
        [
            *([[pen.plain_key(following, Verb.READ, str(left[0]))]] if left else []),
            [pen.plain_key(say("Reply"), Verb.WRITE)],
            _ways(pen),
        ],
    )


def message(
    composed: Composed, pen: Pen, *, refused: bool = False, new: int = 0, said: str = ""
) -> Card:
    """What the person writes to us, before it is sent. `new`: replies that wait meanwhile."""
    say = pen.say
    if not composed.text:
        hint = say(
            "Type your message. It is sealed, removed from the chat and shown here. Nothing is "
            "sent before you press Send."
        )
        keys: list[Row] = [[pen.plain_key(say("I typed, and it does not show"), Verb.WRITE)]]
    else:
        hint, keys = "", _message_keys(composed, pen)
    return card(
        [
            text(say(said)) if said else "",
            bold(say("Your message")),
            text(hint),
            _typed(composed, say),
            _doubts(composed, say, refused=refused),
        ],
        [*keys, _ways(pen, new)],
    )


def _typed(composed: Composed, say: Say) -> str:
    if not composed.text:
        return ""
    count = say("{count} of {limit} characters").format(count=len(composed.text), limit=LONGEST)
    words = text(shortened(composed.text, MOST_SHOWN))
    return f"<blockquote>{words}</blockquote>\n{faint(count)}"


def _doubts(composed: Composed, say: Say, *, refused: bool) -> str:
    over = len(composed.text) - LONGEST
    lines = []
    if refused:
        lines.append("⚠️ " + text(say("Your last message was too long to add and was not kept.")))
    if over > 0:
        words = say("This is {over} characters too long ({limit} at most).")
        lines.append("⚠️ " + text(words.format(over=over, limit=LONGEST)))
    found = suspicious(composed.text)
    lines.extend(warned(suspicion, say) for suspicion in found)
    if found:
        lines.append(text(say("Better to leave that out. You decide.")))
    return "\n".join(lines)


def _message_keys(composed: Composed, pen: Pen) -> list[Row]:
    say, revision = pen.say, str(composed.revision)
    again = pen.plain_key(say("Write again"), Verb.REWRITE, revision)
    if len(composed.text) > LONGEST:
        keep = say("Keep the first {limit} characters").format(limit=LONGEST)
        return [[pen.plain_key(keep, Verb.CUT, revision)], [again]]
    return [[pen.plain_key(f"✓ {say('Send')}", Verb.POST, revision)], [again]]


def when_to_write(form: Form, contact: Contact, found: Inbox, pen: Pen) -> Card:
    """The form's own question, asked again. Only what the server knows of the answer is marked."""
    say, question = pen.say, form.by_id[contact.question]
    caution = say("Does somebody else see this phone? Better choose that we never write first.")
    keys = [
        pen.plain_key(
            ("● " if _is_chosen(contact.windows.get(choice.id), found.contact) else "")
            + choice.label.text(pen.language),
            Verb.CONTACT,
            choice.id,
        )
        for choice in question.choices.values()
    ]
    return card(
        [bold(question.ask.text(pen.language)), text(caution)], [*flowing(keys), _ways(pen)]
    )


def _is_chosen(window: frozenset[int] | None, rule: ContactRule) -> bool:
    """The server knows hours in UTC alone: of a part of the day it cannot tell which."""
    if window is None:
        return rule.hours is None
    return len(window) == 24 and rule == ContactRule.any_time()


def what_time(question: Question, choice: str, pen: Pen) -> Card:
    """The hour that the person's clock shows: hours of the day mean nothing without it."""
    keys = [pen.plain_key(f"{hour:02}", Verb.CLOCK, f"{choice}.{hour}") for hour in range(24)]
    back = pen.plain_key(pen.say("← Back"), Verb.CONTACT)
    return card(
        [
            bold(question.ask.text(pen.language)),
            faint(pen.say("Choose the hour that your clock shows.")),
        ],
        [*in_rows(keys, 6), [back, _hide(pen)]],
    )


def codes(nonce: str, pen: Pen) -> Card:
    """A key that asks for a code carries what makes it this code: pressed twice, it is one."""
    say = pen.say
    new = say("New code: for when the paper is lost. The former one then leads nowhere.")
    erasing = say(
        "Erase code: for when somebody makes you enter your code. It erases everything and shows "
        "an empty card."
    )
    return card(
        [bold(say("Codes")), text(new), text(erasing)],
        [
            [pen.plain_key(say("New code"), Verb.NEW_CODE, nonce)],
            [pen.plain_key(say("Erase code"), Verb.ERASE_CODE, nonce)],
            _ways(pen),
        ],
    )


def enter_code(pen: Pen, said: str = "", wait: timedelta | None = None) -> Card:
    """Where a code is asked for. `wait`: how long until the next one is tried."""
    say = pen.say
    again = (
        say("The next try is possible in {time}.").format(time=_length(wait, say)) if wait else ""
    )
    hint = say("Type the 28 digits. They are removed from the chat at once; gaps do not matter.")
    return card(
        [
            bold(say("Your code")),
            f"⚠️ {text(say(said))}" if said else "",
            f"⚠️ {text(again)}" if again else "",
            text(hint),
        ],
        [[pen.plain_key(say("← Back"), Verb.LANGUAGES), _hide(pen)]],
    )


def _length(wait: timedelta | None, say: Say) -> str:
    seconds = -int(-(wait or timedelta(0)).total_seconds() // 1)
    if seconds <= 90:
        return say("{count} s").format(count=max(seconds, 1))
    return say("{count} min").format(count=-(-seconds // 60))


def empty(pen: Pen) -> Card:
    """After an erase code: an inbox like any other, for whoever looks over the shoulder."""
    say = pen.say
    return card(
        [text(say("Nothing new."))],
        [[pen.plain_key(say("Information"), Verb.TOPICS)], [_hide(pen)]],
    )


def gone(pen: Pen) -> Card:
    """For a key whose case is no more."""
    say = pen.say
    return card(
        [text(say("There is nothing here any more: it was erased."))],
        [[pen.plain_key(say("Start again"), Verb.SAFETY)], [_hide(pen)]],
    )


def may_write(rule: ContactRule) -> str:
    """What a choice of hours leads to, to be said."""
    if rule.hours is None:
        return mark("From now on we never write first.")
    if rule == ContactRule.any_time():
        return mark("From now on we may write at any time.")
    return mark("From now on we write only in the hours that you chose.")


def _hide(pen: Pen) -> Button:
    return pen.plain_key(pen.say("Hide"), Verb.HIDE)


def _ways(pen: Pen, new: int = 0) -> Row:
    back = pen.say("← Back")
    if new:
        back = f"{back} ({pen.say('{count} new').format(count=new)})"
    return [pen.way_back(back), _hide(pen)]
