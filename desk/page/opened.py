"""An opened case as a page shows it: facts, deadlines, the exchange, the answers, in words. Pure.

Everything that a person or a colleague typed is made harmless here, and escaped by the templates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from desk.casework import name_of
from desk.language import Language
from desk.page.labels import author_words, entry_title, language_name, reply_words
from desk.page.listing import MOMENT, Row, Words
from desk.reading import Change, Contents, Entry, Fault, Reading
from desk.safe import plain
from desk.words import contact, days, span
from intake.case import ContactRule, State
from intake.questions import Form, Kind
from intake.records import MESSAGE, REPLY
from intake.roster import Roster
from intake.wire import CaseFile

URGENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the exchange; `day` where a new day begins with it."""

    number: int
    day: str | None
    side: str
    title: str
    text: str
    at: str
    author: str
    doubted: bool
    state: str
    stuck: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer; `was`: before it changed; `long`: in the person's own words."""

    label: str
    text: str
    said: bool
    derived: bool
    new: bool
    was: str | None
    long: bool


@dataclass(frozen=True, slots=True)
class Topic:
    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    label: str
    left: str
    day: str
    near: bool


@dataclass(frozen=True, slots=True)
class Story:
    """What the person answered, where it opened at all."""

    language: str
    level: str
    points: str
    overridden: bool
    reasons: tuple[tuple[str, str], ...]
    deadlines: tuple[Deadline, ...]
    topics: tuple[Topic, ...]
    unsaid: tuple[str, ...]
    unsaid_title: str


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that the case's page shows."""

    row: Row
    closed: bool
    contact: str
    allowed_now: bool
    never_first: bool
    lease: str
    lease_until: str
    lease_short: bool
    openers: tuple[str, ...]
    holder: str | None
    faults: tuple[str, ...]
    apart: tuple[str, ...]
    exchange: tuple[Item, ...]
    story: Story | None


@dataclass(frozen=True, slots=True)
class Showing:
    """For whom a case is shown: her language, her name, the roster she believes, and when."""

    language: Language
    roster: Roster | None
    me: str | None
    now: datetime

    def opened(
        self, case: CaseFile, contents: Contents, reading: Reading | None, form: Form | None
    ) -> Opened:
        header = case.header
        rule = ContactRule.parse(header.contact)
        left = None if header.leased_until is None else header.leased_until - self.now
        return Opened(
            row=Words(self.language, form, self.now).row(header),
            closed=header.state is State.CLOSED,
            contact=contact(self.language, rule),
            allowed_now=rule.allows(self.now),
            never_first=rule.hours is None,
            lease="" if left is None else span(self.language, max(left, timedelta(0))),
            lease_until=f"{header.leased_until:{MOMENT}} UTC" if header.leased_until else "",
            lease_short=left is not None and left < timedelta(hours=1),
            openers=tuple(
                name_of(self.roster, one) or self.language.say("somebody who left")
                for one in case.openers
            ),
            holder=name_of(self.roster, header.holder),
            faults=tuple(self._fault(fault) for fault in contents.faults),
            apart=tuple(plain(self.language.explain(one.error)) for one in contents.apart),
            exchange=tuple(self._items(contents.exchange, rule)),
            story=None if reading is None or form is None else self._story(reading, form),
        )

    def _fault(self, fault: Fault) -> str:
        why = plain(self.language.explain(fault.error)).rstrip(".")
        if fault.number is None or str(fault.number) in why:
            return f"{why[:1].upper()}{why[1:]}."
        return f"{self.language.say('record {n}', n=fault.number).capitalize()}: {why}."

    # The exchange

    def _items(self, entries: tuple[Entry, ...], rule: ContactRule) -> Iterator[Item]:
        before: date | None = None
        for entry in entries:
            day = entry.at.date() if entry.at is not None else before
            yield self._item(entry, rule, self._day(day) if day and day != before else None)
            before = day

    def _item(self, entry: Entry, rule: ContactRule, day: str | None) -> Item:
        author = entry.author
        return Item(
            number=entry.number,
            day=day,
            side="theirs" if author is None else "ours" if entry.kind == REPLY else "inner",
            title=entry_title(self.language, entry, name_of(self.roster, entry.value)),
            text=plain(entry.text) if entry.kind == MESSAGE or author is not None else "",
            # Records know the hour alone, and the page pretends to no more.
            at="" if entry.at is None else f"{entry.at:%H}:00",
            author="" if author is None else plain(author_words(self.language, author, self.me)),
            doubted=author is not None and author.state != "signed",
            state=reply_words(self.language, entry, rule, self.now) if entry.kind == REPLY else "",
            stuck=entry.reply == "unreachable",
        )

    def _day(self, day: date) -> str:
        gone = (self.now.date() - day).days
        if gone == 0:
            return self.language.say("Today, {day}", day=day.isoformat())
        if gone == 1:
            return self.language.say("Yesterday, {day}", day=day.isoformat())
        return day.isoformat()

    # The answers

    def _story(self, reading: Reading, form: Form) -> Story:
        code, urgency = self.language.code, reading.urgency
        said = [one for one in reading.lines if one.line.said or one.was is not None]
        topics = dict.fromkeys(one.line.topic for one in said)
        return Story(
            language=language_name(self.language, reading.language),
            level=urgency.level.value,
            points=self.language.count("{n} point", "{n} points", urgency.points),
            overridden=reading.header.level is not urgency.level,
            reasons=tuple(
                (f"+{one.points}" if one.points else "!", plain(one.words.text(code)))
                for one in urgency.reasons
            ),
            deadlines=tuple(
                Deadline(
                    plain(form.by_id[one.question].label.text(code)),
                    days(self.language, one.days_left),
                    one.day.isoformat(),
                    one.days_left < URGENT_DAYS,
                )
                for one in reading.deadlines
            ),
            topics=tuple(
                Topic(
                    plain(topic),
                    tuple(_answer(one, form) for one in said if one.line.topic == topic),
                )
                for topic in topics
            ),
            unsaid=tuple(plain(one.line.label) for one in reading.lines if one not in said),
            unsaid_title=plain(form.texts.unsaid.text(code)).capitalize(),
        )


def _answer(change: Change, form: Form) -> Answer:
    line = change.line
    return Answer(
        label=plain(line.label),
        text=plain(line.text),
        said=line.said,
        derived=line.derived,
        new=change.new,
        was=None if change.was is None else plain(change.was),
        long=line.said and form.by_id[line.question].kind is Kind.TEXT,
    )
