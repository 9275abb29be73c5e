"""The year that `make demo-year` shows: what a form would hear, and the sentences it is to tell."""

import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from bot.count_tables import Labels
from bot.counting import Counting
from crypto.tally import TallyKey
from handlers.texts import Texts
from intake.case import ContactRule
from intake.count_story import Sentence, story
from intake.counting import Tally, month_of, of_closing, of_first_answer, of_request
from intake.counts import Release, Rules, Shown, disclose
from intake.draft import Draft, Place
from intake.figures import Reader
from intake.form import load_form
from intake.interview import mend
from intake.ties import ties
from storage import open_storage
from tests.line import opened, stored_cases
from tests.organisation import FORM, House
from tools.filling import fill
from tools.year import REQUESTS, SOLDIERS, Request, a_year, waiting

Form = load_form(FORM.read_bytes())
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EARLY = datetime(2026, 11, 5, 12, tzinfo=UTC)
"""Of the last month nothing is shown yet."""

JANUARY = datetime(2027, 1, 20, tzinfo=UTC)


@cache
def year(now: datetime) -> Sequence[Request]:
    return tuple(a_year(Form, now))


def counted(requests: Sequence[Request]) -> dict[str, Tally]:
    """By month, what is to be counted of these."""
    cells: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for one in requests:
        today = one.at.date()
        cells[month_of(one.at)].update(of_request(Form, one.answers, one.header, today))
        if one.answered is not None:
            cells[month_of(one.answered)].update(of_first_answer(one.header, one.answered))
        if one.closed is not None:
            cells[month_of(one.closed)].update(of_closing(one.outcome))
    return {month: Tally(found) for month, found in sorted(cells.items())}


@cache
def shown(now: datetime) -> Shown:
    """What a coordinator is shown of the year."""
    labels, rules, dice = Labels(Form), Rules(), random.Random(7)
    released = [
        disclose(labels.blank(month, rules), tally, dice.randbytes, ties(Form))
        for month, tally in counted(year(now)).items()
    ]
    releases = tuple(one for one in released if one.shown_from <= now.date())
    following = Release(month=f"{now:%Y-%m}", rules=rules)
    return Shown(
        organisation="Trail",
        rules=rules,
        releases=releases,
        next_month=following.month,
        next_from=following.shown_from,
    )


def told(now: datetime, language: str) -> dict[str, Sentence]:
    say = Texts.load("counts").say(language)
    return {one.id: one for one in story(shown(now), Reader(say, language))}


def soldiers(releases: Sequence[Release], now: datetime) -> int:
    """How many there really are in these months."""
    months = [one.month for one in releases]
    return sum(
        month_of(one.at) in months and one.answers["status"] in SOLDIERS for one in year(now)
    )


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def test_everybody_answers_what_is_asked_and_nothing_else() -> None:
    for one in [*year(NOW)[::40], *waiting(Form, NOW, 30)]:
        asked = Form.survey(one.answers, one.at.date()).asked
        assert list(one.answers) == [question.id for question in asked]
        draft = Draft("ru", "", Place.REVIEW, one.answers)
        assert mend(Form, draft, one.at) is draft


@pytest.mark.parametrize("now", [NOW, EARLY, JANUARY])
def test_it_is_a_year_that_grows_and_nothing_in_it_is_to_come(now: datetime) -> None:
    by_month = Counter(month_of(one.at) for one in year(now))
    months = sorted(by_month)
    assert len(months) == 13
    assert months[-1] == month_of(now)
    assert [by_month[months[0]], by_month[months[-2]]] == list(REQUESTS)
    assert all(one.at <= now for one in year(now))
    assert all(one.at < one.answered <= now for one in year(now) if one.answered)
    assert all(one.answered and one.answered < one.closed <= now for one in year(now) if one.closed)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("now", [NOW, EARLY, JANUARY])
def test_it_tells_the_sentences_it_is_to_tell(now: datetime, language: str) -> None:
    found = told(now, language)
    # More than 500 soldiers in two months.
    two = shown(now).releases[-2:]
    [many, *_] = numbers(found["sum_soldiers"].text)
    assert many > 500
    assert abs(many - soldiers(two, now)) < 50
    # From 3 % to more than a third within the year.
    late, early = re.findall(r"(\d+) %", found["share_leaving"].text)
    assert int(late) > 33
    assert 2 <= int(early) <= 5
    # Half of them on a contract.
    contract = found["part_soldiers"].text
    assert Form.by_id["status"].choices["contract"].label.text(language) in contract
    assert 45 <= numbers(contract)[0] <= 55
    # How long the first answer takes, and so many on article 337 and 338.
    assert {"waited", "promise"} <= found.keys()
    articles = found["told_article"].text
    for article, most in (("337", 600), ("338", 300)):
        [said] = re.findall(rf"{article} \([^)]*\) — \D*(\d+)", articles)
        assert 20 <= int(said) <= most
    assert all(one.definition for one in found.values())


async def test_what_is_filled_in_is_counted_and_waits_as_if_it_had_happened(tmp_path: Path) -> None:
    house = House(tmp_path)
    now = datetime.now(UTC)
    settings = house.settings("http://127.0.0.1:1", "1:x")
    await fill(settings, now, 0.04)
    wait = tuple(waiting(Form, now, 6))
    truth = counted((*a_year(Form, now, 0.04), *wait))
    counting = Counting(Form, TallyKey(house.return_key), os.urandom)
    storage = await open_storage(settings.database_url)
    for month, tally in truth.items():
        [(_, sealed)] = await storage.counts.tallies(month)
        assert counting.opened(month, sealed) == tally
    await storage.close()
    cases = await stored_cases(settings, house)
    said = [record.answers for case in cases for record in opened(case, house)]
    assert sorted(map(repr, said)) == sorted(repr(one.answers) for one in wait)
    assert {case.header.contact for case in cases} == {ContactRule.never()}
