"""The cards of the interview: a question, the offer to send, the review. Pure.

What is asked and what follows is the domain's; here it gets words, marks and keys.
"""

from datetime import date
from typing import Final

from handlers.buttons import Verb
from handlers.calendar import month_rows
from handlers.layout import (
    Pen,
    Row,
    bold,
    card,
    faint,
    flowing,
    in_rows,
    shortened,
    text,
)
from handlers.ports import Button, Card
from handlers.texts import Say, mark
from intake.answers import Answer, Skipped
from intake.events import AskScreen, OfferScreen, ReviewItem, ReviewScreen, Screen, ShowTextScreen
from intake.questions import Form, Kind, Question
from intake.reading import answer_text
from intake.warnings import Sign, Suspicion

MOST_SHOWN: Final = 2800
"""Characters of a typed text shown on its question; a card holds 4,096 with all around it."""

MOST_IN_REVIEW: Final = 100

_SIGNS: Final = {
    Sign.PHONE: mark("this looks like a phone number: {passage}"),
    Sign.COORDINATES: mark("this looks like coordinates: {passage}"),
    Sign.UNIT: mark("this looks like a military unit: {passage}"),
    Sign.NAME: mark("this looks like a name: {passage}"),
}

_MONTHS: Final = [
    mark("January"), mark("February"), mark("March"), mark("April"), mark("May"), mark("June"),
    mark("July"), mark("August"), mark("September"), mark("October"), mark("November"),
    mark("December"),
]  # fmt: skip
_WEEKDAYS: Final = [mark("Mo"), mark("Tu"), mark("We"), mark("Th"), mark("Fr"), mark("Sa"),
                    mark("Su")]  # fmt: skip


def show(form: Form, screen: Screen, pen: Pen, month: date) -> Card:
    """The card for any screen; `month` is the calendar's page."""
    match screen:
        case AskScreen():
            return _ask(form, screen, pen, month)
        case OfferScreen():
            return _offer(screen, pen)
        case ShowTextScreen():
            return _after(screen, pen)
        case ReviewScreen():
            return _review(form, screen, pen)


def _ask(form: Form, screen: AskScreen, pen: Pen, month: date) -> Card:
    question = screen.question
    return card(
        [
            faint(_progress(form, screen, pen)),
            bold(question.ask.text(pen.language)),
            faint(_hint(screen, pen.say)),
            _typed(screen, pen.say),
        ],
        [*_answers(screen, pen, month), *_ways(screen, pen)],
    )


def _progress(form: Form, screen: AskScreen, pen: Pen) -> str:
    topic = form.topics[screen.question.topic].text(pen.language)
    if screen.editing:
        return f"{topic} · {pen.say('changing an answer')}"
    place = pen.say("{position} of about {total}")
    return f"{topic} · {place.format(position=screen.position, total=screen.total)}"


def _hint(screen: AskScreen, say: Say) -> str:
    question = screen.question
    if question.kind is Kind.MANY:
        if not question.most:
            return say("Choose as many as fit, then press Done.")
        hint = say("Choose at most {most}, then press Done.").format(most=question.most)
        return (
            f"{hint} {say('To choose another, take one away first.')}" if screen.refused else hint
        )
    if question.kind is Kind.HOUR:
        return say("Choose the hour that your clock shows.")
    if screen.text is not None and not screen.text.text:
        return say("Type your answer. It is sealed, removed from the chat and shown here.")
    return ""


def _typed(screen: AskScreen, say: Say) -> str:
    state = screen.text
    if state is None or not state.text:
        return ""
    lines = [f"<blockquote>{text(shortened(state.text, MOST_SHOWN))}</blockquote>"]
    if screen.refused:
        lines.append("⚠️ " + text(say("Your last message was too long to add and was not kept.")))
    if state.over:
        words = say("This is {over} characters too long ({limit} at most).")
        lines.append("⚠️ " + text(words.format(over=state.over, limit=state.limit)))
    lines.extend(warned(warning, say) for warning in state.warnings)
    if state.warnings:
        lines.append(text(say("Better to leave that out. You decide.")))
    return "\n".join(lines)


def warned(suspicion: Suspicion, say: Say) -> str:
    """A line that says what a passage looks like, and which one is meant."""
    sentence = say(_SIGNS[suspicion.sign]).format(passage=f"«{shortened(suspicion.passage, 40)}»")
    return "⚠️ " + text(sentence[:1].upper() + sentence[1:])


def _answers(screen: AskScreen, pen: Pen, month: date) -> list[Row]:
    question = screen.question
    match question.kind:
        case Kind.MANY:
            return flowing(_ticks(screen, pen))
        case Kind.NUMBER:
            return in_rows(_numbers(screen, pen, range(question.low, question.high + 1)), 5)
        case Kind.HOUR:
            return in_rows([_hour(pen, hour) for hour in range(24)], 6)
        case Kind.DATE:
            return [*_calendar(screen, pen, month), *flowing(_choices(screen, pen))]
        case Kind.TEXT:
            return _text_keys(screen, pen)
        case Kind.ONE:
            return flowing(_choices(screen, pen))


def _choices(screen: AskScreen, pen: Pen) -> list[Button]:
    return [
        pen.key(
            ("● " if screen.answer == choice.id else "") + choice.label.text(pen.language),
            Verb.CHOOSE,
            choice.id,
        )
        for choice in screen.question.choices.values()
    ]


def _ticks(screen: AskScreen, pen: Pen) -> list[Button]:
    return [
        pen.key(
            ("☑ " if choice.id in screen.marks else "☐ ") + choice.label.text(pen.language),
            Verb.TOGGLE,
            choice.id,
        )
        for choice in screen.question.choices.values()
    ]


def _numbers(screen: AskScreen, pen: Pen, numbers: range) -> list[Button]:
    return [
        pen.key(f"● {number}" if screen.answer == number else str(number), Verb.NUMBER, str(number))
        for number in numbers
    ]


def _hour(pen: Pen, hour: int) -> Button:
    return pen.key(f"{hour:02}", Verb.NUMBER, str(hour))


def _calendar(screen: AskScreen, pen: Pen, month: date) -> list[Row]:
    chosen = screen.answer if isinstance(screen.answer, date) else None
    months = [pen.say(name) for name in _MONTHS]
    weekdays = [pen.say(name) for name in _WEEKDAYS]
    days = (screen.earliest or date.min, screen.latest or date.max)
    return [*month_rows(pen.key, month, chosen, days, months, weekdays)]


def _text_keys(screen: AskScreen, pen: Pen) -> list[Row]:
    state = screen.text
    if state is None or not state.text:
        return [[pen.key(pen.say("I typed, and it does not show"), Verb.CONTINUE)]]
    again = pen.key(pen.say("Write again"), Verb.CLEAR)
    if state.over:
        keep = pen.say("Keep the first {limit} characters").format(limit=state.limit)
        return [[pen.key(keep, Verb.KEEP)], [again]]
    label = pen.say("Keep it and go on") if state.warnings else pen.say("Done")
    return [[pen.key(label, Verb.DONE)], [again]]


def _ways(screen: AskScreen, pen: Pen) -> list[Row]:
    """The rows below the answers: on, back, past, and away."""
    say, rows = pen.say, list[Row]()
    if screen.can_go_on and screen.text is None:
        rows.append([pen.key(say("Done") if screen.marks else say("Next →"), Verb.DONE)])
    if screen.can_skip:  # three in a row are too narrow for the word in Russian
        rows.append([pen.key(say("Skip"), Verb.SKIP)])
    back = [pen.key(say("← Back"), Verb.BACK)] if screen.can_go_back else []
    rows.append([*back, _hide(pen)])
    if screen.can_finish:
        rows.append([pen.key(say("Review and send"), Verb.FINISH)])
    return rows


def _hide(pen: Pen) -> Button:
    return pen.plain_key(pen.say("Hide"), Verb.HIDE)


def _offer(screen: OfferScreen, pen: Pen) -> Card:
    say = pen.say
    return card(
        [bold(say("Send now?")), text(screen.text.text(pen.language))],
        [
            [pen.key(say("Send now"), Verb.SEND_NOW)],
            [pen.key(say("Answer a few more questions"), Verb.DONE)],
            [pen.key(say("← Back"), Verb.BACK), _hide(pen)],
        ],
    )


def _after(screen: ShowTextScreen, pen: Pen) -> Card:
    say = pen.say
    rows: list[Row] = [[pen.key(say("Answer more, if you want"), Verb.DONE)]]
    rows.append([pen.plain_key(say("Show my code"), Verb.CODES)])
    if screen.can_finish:
        rows.append([pen.key(say("Review and send"), Verb.FINISH)])
    return card([text(screen.text.text(pen.language))], [*rows, [_hide(pen)]])


def _review(form: Form, screen: ReviewScreen, pen: Pen) -> Card:
    say = pen.say
    lines = [_reviewed(form, number, item, pen) for number, item in enumerate(screen.items, 1)]
    warned = any(item.warnings for item in screen.items)
    warning = say("⚠️ marks what could point at a person or a place. You decide.")
    edits = [
        pen.key(str(number), Verb.EDIT, item.question.id)
        for number, item in enumerate(screen.items, 1)
    ]
    send = say("Send the rest") if screen.sent else say("Send")
    nothing_yet = (
        say("What you sent early is with us already. The rest goes when you press Send the rest.")
        if screen.sent
        else say("Nothing is sent before you press Send.")
    )
    return card(
        [
            bold(say("Your answers")),
            "\n".join(lines),
            text(warning) if warned else "",
            text(say("Press a number to change that answer.")),
            text(nothing_yet),
        ],
        [
            [pen.key(f"✓ {send}", Verb.SEND)],
            *in_rows(edits, 7),
            [pen.key(say("← Back"), Verb.BACK), _hide(pen)],
            [pen.plain_key(say("Erase everything"), Verb.FORGET)],
        ],
    )


def _reviewed(form: Form, number: int, item: ReviewItem, pen: Pen) -> str:
    label = text(item.question.label.text(pen.language))
    words = shortened(_said(form, item.question, item.answer, pen.language), MOST_IN_REVIEW)
    signs = " ⚠️" if item.warnings or item.over else ""
    return f"{number}. {label}: <b>{text(words)}</b>{signs}"


def _said(form: Form, question: Question, answer: Answer | Skipped | None, language: str) -> str:
    if answer is None:
        return "…"
    if isinstance(answer, date):
        return f"{answer:%d.%m.%Y}"
    return answer_text(form, question, answer, language)
