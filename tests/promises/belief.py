"""What a person may believe about her interview, judged by nothing but the card she sees.

After a tap that got no answer she cannot know whether it counted. So a belief is a set of
interviews, any of which may be the one that is stored; each tap adds what it may have led to, and
each card that is drawn anew rules out those that would have been drawn otherwise. A card that
none of them would have drawn proves a loss, a doubling or a change of order.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from handlers.buttons import Press, Verb, decode
from handlers.calendar import parse_day, parse_month
from handlers.layout import Pen, with_notice
from handlers.notices import NOT_NOW
from handlers.ports import Card as Drawn
from handlers.questions import show
from handlers.texts import Texts
from intake import events, interview
from intake.answers import Answers
from intake.draft import Draft, mark_sent
from intake.events import Effect, Event
from intake.questions import Form
from sandbox.cards import Card
from sandbox.entities import parse

SOME_CASE: Final = "00" * 16
"""Stands for the id of a case that was sent early; no card shows it."""

UNDER_WAY: Final = timedelta(minutes=5)
"""How long a tap may wait for the server, which ends and starts again meanwhile."""

Look = tuple[str, tuple[str, ...]]
"""Text and labels of a card."""

EVENTS: Final[Mapping[Verb, Callable[[str], Event | None]]] = {
    Verb.CHOOSE: events.Choose,
    Verb.TOGGLE: events.Toggle,
    Verb.EDIT: events.Edit,
    Verb.NUMBER: lambda argument: events.Number(int(argument)),
    Verb.DAY: lambda argument: events.PickDay(day) if (day := parse_day(argument)) else None,
    Verb.DONE: lambda _: events.Done(),
    Verb.SKIP: lambda _: events.Skip(),
    Verb.BACK: lambda _: events.Back(),
    Verb.KEEP: lambda _: events.KeepText(),
    Verb.CLEAR: lambda _: events.ClearText(),
    Verb.FINISH: lambda _: events.Finish(),
    Verb.SEND: lambda _: events.Send(),
    Verb.SEND_NOW: lambda _: events.SendNow(),
}


@dataclass(frozen=True)
class Possible:
    """One interview that may be the stored one. `final`: it is sent, with these answers.

    `parents`: the interviews out of which a tap or a text under way may still make it.
    """

    draft: Draft
    early: Answers | None = None
    final: Answers | None = None
    hidden: bool = False
    refused: bool = False
    parents: frozenset[bytes] = frozenset()

    @property
    def stored(self) -> bytes:
        return replace(self.draft, seen=()).to_bytes()

    @property
    def key(self) -> str:
        """Equal for interviews that nobody could tell apart."""
        return repr((self.stored, self.early, self.final, self.hidden, self.refused))


@dataclass
class Belief:
    """What may be stored for one person who uses `language`."""

    form: Form
    texts: Texts
    language: str
    possible: list[Possible] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    _updates: int = 0

    def begin(self) -> None:
        """The interview may have begun."""
        self._take([Possible(interview.begin(self.form, self.language))])

    def pressed(self, card: Card, press: Press) -> None:
        """A key of the card as it is shown was pressed: it counts once, or not at all."""
        make = EVENTS.get(press.verb)
        event = make(press.argument) if make else None
        if event is not None:
            drawn = [one for one in self.possible if self.matches(one, card)]
            self._take(after for one in drawn for after in self._after(one, event))

    def typed(self, text: str) -> None:
        """A text was typed. No revision binds it: it counts once wherever it arrives."""
        self._updates += 1
        event = events.Typed(text, self._updates)
        self._take(after for one in list(self.possible) for after in self._after(one, event))

    def seen(self, card: Card) -> bool:
        """The card was drawn anew. False: nothing that may be stored would look like this.

        What is under way to an interview that looks like this may still arrive.
        """
        fitting = [one for one in self.possible if self.matches(one, card)]
        if fitting:
            hidden, now = is_hidden(card), [one.stored for one in fitting]
            coming = self._coming(set(now), fitting)
            done = [replace(one, hidden=hidden, parents=frozenset()) for one in fitting]
            self.possible = done + coming
        return bool(fitting)

    def _coming(self, reached: set[bytes], fitting: list[Possible]) -> list[Possible]:
        found: list[Possible] = []
        left = [one for one in self.possible if one not in fitting]
        while more := [one for one in left if one.parents & reached]:
            found += more
            reached |= {one.stored for one in more}
            left = [one for one in left if one not in more]
        return found

    def matches(self, one: Possible, card: Card) -> bool:
        if is_hidden(card):
            return one.hidden
        if is_closing(card):
            return one.final is not None
        return one.final is None and look_of(card) in self._looks(one, card)

    def _after(self, one: Possible, event: Event) -> Iterable[Possible]:
        """What one interview may become; the hour may turn while the tap is under way."""
        if one.final is not None:
            return
        for moment in (datetime.now(UTC), datetime.now(UTC) + UNDER_WAY):
            yield self._stepped(one, event, moment)

    def _stepped(self, one: Possible, event: Event, now: datetime) -> Possible:
        step = interview.step(self.form, one.draft, event, now)
        refused = getattr(step.screen, "refused", False)
        parents = frozenset({one.stored})
        found = replace(one, draft=step.draft, hidden=False, refused=refused, parents=parents)
        if Effect.HIDE in step.effects:
            return replace(found, hidden=True)
        if Effect.SUBMIT_EARLY in step.effects:
            sent = mark_sent(step.draft, SOME_CASE)
            return replace(found, draft=sent, early=step.draft.answers)
        if Effect.SUBMIT in step.effects:
            return replace(found, final=step.draft.answers)
        return found

    def _take(self, more: Iterable[Possible]) -> None:
        known = {one.key: one for one in self.possible}
        for one in more:
            old = known.get(one.key, one)
            known[one.key] = replace(old, parents=old.parents | one.parents)
        self.possible = list(known.values())

    def _looks(self, one: Possible, card: Card) -> list[Look]:
        screen = interview.screen_of(self.form, one.draft, datetime.now(UTC))
        screens = [screen]
        if one.refused and isinstance(screen, events.AskScreen):
            screens.append(replace(screen, refused=True))
        pen = Pen(self.texts.say(self.language), self.language, "A" * 43, 1)
        month = shown_month(card)
        return [_look(show(self.form, each, pen, month)) for each in screens]

    def looks(self, card: Card) -> list[Look]:
        """How each possible interview would be drawn, for the message of a failed test."""
        return [look for one in self.possible for look in self._looks(one, card)]


def _look(drawn: Drawn) -> Look:
    labels = tuple(button.label for row in drawn.keyboard for button in row)
    return parse(drawn.html, "HTML", None)[0], labels


def look_of(card: Card) -> Look:
    """What is seen of a card, without the line that tells why something was removed."""
    text = card.text
    for notice in _notices():
        text = text.removesuffix(notice)
    return text, tuple(card.labels)


@cache
def _notices() -> tuple[str, ...]:
    """What stands below a card when a text was removed that nothing asked for."""
    texts = Texts.load("bot")
    return tuple(with_notice(Drawn(""), texts.say(code)(NOT_NOW)).html for code in ("en", "ru"))


def presses(card: Card) -> dict[str, Press]:
    """The keys of a card, by their data."""
    found = {button.data: decode(button.data) for button in card.buttons if button.data}
    return {data: press for data, press in found.items() if press is not None}


def verbs(card: Card) -> set[Verb]:
    return {press.verb for press in presses(card).values()}


def is_hidden(card: Card) -> bool:
    return verbs(card) == {Verb.SHOW}


def is_closing(card: Card) -> bool:
    return bool({Verb.WROTE, Verb.ERASE} & verbs(card))


def shown_month(card: Card) -> date:
    """The calendar's page on the card: turning it is no step of the interview."""
    heading = [p.argument for p in presses(card).values() if p.verb is Verb.MONTH]
    months = sorted(filter(None, map(parse_month, heading)))
    today = datetime.now(UTC).date().replace(day=1)
    return months[len(months) // 2] if months else today
