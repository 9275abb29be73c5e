"""Everything that the page of the counts shows, in words, from what was released. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from desk.language import Language
from desk.page.breakdowns import Breakdown, Burden, Teller
from desk.page.trends import Chart, Trends, capital, percent_of
from intake import count_words as words
from intake.count_story import Sentence, rounding, story
from intake.counting import ANSWERS, BASES, PROMISE, REQUESTS, WAITED
from intake.counts import Shown, Today
from intake.figures import (
    Figure,
    Month,
    Reader,
    median_wait,
    months,
    promise_kept,
    standing,
    sum_meaning,
)
from intake.questions import Form


@dataclass(frozen=True, slots=True)
class Big:
    """A figure at a glance, and what it is of."""

    label: str
    figure: str
    detail: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How the line stands today."""

    at: str
    total: Big
    breakdowns: tuple[Breakdown, ...]
    burdens: tuple[Burden, ...]
    rounding: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A month that may be chosen."""

    month: str
    name: str


@dataclass(frozen=True, slots=True)
class Past:
    """What the months show; `chosen`: whose breakdowns stand there."""

    period: str
    last: str
    sentences: tuple[Sentence, ...]
    glance: tuple[Big, ...]
    trends: tuple[Chart, ...]
    answers: tuple[Chart, ...]
    choices: tuple[Choice, ...]
    chosen: Choice
    breakdowns: tuple[Breakdown, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The page. `past` None: no month is shown yet."""

    organisation: str
    past: Past | None
    coming: tuple[str, str]
    today: Standing | None
    definitions: tuple[tuple[str, str], ...]
    rounding: str
    share_from: int


def report(shown: Shown, chosen: str, language: Language, form: Form | None) -> Report:
    """`chosen`: the month to break down, such as 2026-11; what is none means the last."""
    reader = Reader(Language(language.code, catalogue="counts").text, language.code)
    teller = Teller(language, reader, form)
    every = months(shown, reader)
    return Report(
        shown.organisation,
        _past(shown, every, chosen, teller) if every else None,
        _coming(shown, reader),
        _standing(shown.today, teller) if shown.today is not None else None,
        _definitions(shown, reader),
        rounding(shown.rules, reader),
        shown.rules.share_from,
    )


def _past(shown: Shown, every: Sequence[Month], chosen: str, teller: Teller) -> Past:
    reader = teller.reader
    last = every[-1]
    month = next((one for one in every if one.month == chosen), last)
    trends = Trends.of(shown, teller.language, reader)
    return Past(
        capital(reader.period(every[0].month, last.month)),
        reader.month(last.month),
        story(shown, reader),
        tuple(_glance(last, teller)),
        trends.charts(),
        trends.answers(),
        tuple(Choice(one.month, reader.month(one.month)) for one in reversed(every)),
        Choice(month.month, reader.month(month.month)),
        tuple(teller.breakdown(block) for block in month.blocks),
    )


def _glance(month: Month, teller: Teller) -> list[Big]:
    """Requests, soldiers, shares, first answers in time, and how long half of them took."""
    say, number = teller.reader.say, teller.number
    requests = month.total(REQUESTS)
    found = [Big(requests.label, number(requests.count), "", requests.count is None)]
    for figure in month.sums:
        count = f"≥ {figure.count}" if figure.least else number(figure.count)
        found.append(Big(figure.label, count, _part(figure, teller), figure.count is None))
    found += [_share(figure.label, figure, teller) for figure in month.shares]
    kept = promise_kept(month)
    if kept is not None:
        found.append(_share(say(words.TABLES["promise"]), kept, teller))
    block = month.block(WAITED)
    middle = median_wait(block) if block is not None else None
    answers = month.total(ANSWERS)
    found.append(
        Big(
            teller.language.say("Half of the first answers within"),
            number(None) if middle is None else middle.label,
            f"{answers.label}: {number(answers.count)}",
            middle is None,
        )
    )
    return found


def _share(label: str, figure: Figure, teller: Teller) -> Big:
    percent = percent_of(figure)
    return Big(label, percent or teller.number(None), _of(figure, teller), not percent)


def _of(figure: Figure, teller: Teller) -> str:
    return teller.reader.say(words.OF).format(
        count=teller.number(figure.count), whole=teller.number(figure.whole)
    )


def _part(figure: Figure, teller: Teller) -> str:
    percent = percent_of(figure)
    if not percent:
        return ""
    return teller.language.say("{percent} of all requests", percent=percent)


def _standing(today: Today, teller: Teller) -> Standing:
    total, blocks = standing(today, teller.reader)
    tables = tuple(teller.breakdown(block) for block in blocks if block.id != words.SKILL)
    skills = next((block for block in blocks if block.id == words.SKILL), None)
    rules = today.rules
    return Standing(
        f"{today.at:%Y-%m-%d}",
        Big(total.label, teller.number(total.count), "", total.count is None),
        tables,
        teller.burdens(skills, today.load) if skills is not None else (),
        teller.language.say(
            "Made once a day: moved at random by a little, rounded to {rounding}, hidden below "
            "{smallest}.",
            rounding=rules.rounding,
            smallest=rules.bound,
        ),
    )


def _coming(shown: Shown, reader: Reader) -> tuple[str, str]:
    """The month that is shown next, and the day from which it is."""
    return capital(reader.month(shown.next_month)), f"{shown.next_from:%Y-%m-%d}"


def _definitions(shown: Shown, reader: Reader) -> tuple[tuple[str, str], ...]:
    """What is counted and what is not, with sums and shares as the organisation defined them."""
    say = reader.say
    bases = [(say(words.BASES[base]), say(words.MEANINGS[base])) for base in (*BASES, "waiting")]
    tables = [(say(words.TABLES[one]), say(words.MEANINGS[one])) for one in (WAITED, PROMISE)]
    own = list[tuple[str, str]]()
    for last in shown.releases[-1:]:
        for one in last.sums:
            label = reader.label(one.label)
            own.append((label, sum_meaning(last, one, reader).removeprefix(f"{label}: ")))
        own += [(reader.label(one.label), reader.label(one.meaning)) for one in last.shares]
    return (*bases, *own, *tables)
