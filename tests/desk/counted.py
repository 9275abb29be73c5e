"""A world in which some months were counted, as the bot counts, and released."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from bot.counting import Counting
from bot.counts import CountsDesk
from crypto.tally import TallyKey
from desk.client import Client
from desk.language import Language
from intake.answers import Answers
from intake.case import CaseHeader, ContactRule, Level
from intake.counts import Rules, Shown
from intake.figures import Reader
from intake.records import Outcome
from storage.rows import Count
from tests.desk.world import CALM, RETURN_KEY, World, identity_of

SOLDIER: Final[Answers] = {
    "who": "me",
    "status": "contract",
    "situation": "left",
    "region": "kz",
    "need": ("legal", "relocation"),
    "case": ("a337",),
}
MOBILISED: Final[Answers] = {**SOLDIER, "status": "mobilised", "case": ("a338",)}
RELATIVE: Final[Answers] = {
    "who": "relative",
    "status": "reserve",
    "situation": "none",
    "need": ("information",),
}

YEAR: Final = {
    "2025-10": (RELATIVE,) * 130 + (SOLDIER,) * 4,
    "2026-08": (RELATIVE,) * 90 + (SOLDIER,) * 70,
    "2026-09": (RELATIVE,) * 80 + (SOLDIER,) * 110 + (MOBILISED,) * 70,
    "2026-10": (RELATIVE,) * 70 + (SOLDIER,) * 130 + (MOBILISED,) * 80,
}
"""What came in, by month: large enough that no noise hides what the tests look for."""


RUSSIAN: Final = Reader(Language("ru", catalogue="counts").text, "ru")
MONTH: Final = timedelta(days=31)


def fill(world: World, months: dict[str, tuple[Answers, ...]]) -> None:
    """Count these requests, an answer to nearly each, and some closings; then release."""
    counting = Counting(world.form, TallyKey(RETURN_KEY), _quiet)
    for month, requests in months.items():
        for count in _counts(world, counting, month, requests):
            world.wait(world.storage.counts.add(count))
    release(world)


def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A fixture, to be read only: all those months, and enough that waits today."""
    made = World(tmp_path_factory.mktemp("year"))
    fill(made, YEAR)
    for _ in range(60):
        made.submit(CALM)
    yield made
    made.close()


def given(world: World) -> Shown:
    """What the server gives the coordinator."""
    me = identity_of("counts")
    with Client(world.url, world.time, os.urandom, me, None) as client:
        return client.counts()


def release(world: World) -> None:
    """What the bot does when a month has ended."""
    world.wait(desk_of_counts(world).release_due())


def desk_of_counts(world: World) -> CountsDesk:
    counting = Counting(world.form, TallyKey(RETURN_KEY), _quiet)
    return CountsDesk(
        world.storage.counts,
        world.storage.cases,
        counting,
        Rules(),
        lambda: world.roster,
        world.time,
    )


def _quiet(length: int) -> bytes:
    """The draw for which nothing is moved: then what is hidden is the same in every run."""
    return b"\x80" + bytes(length - 1)


def _counts(
    world: World, counting: Counting, month: str, requests: tuple[Answers, ...]
) -> Iterator[Count]:
    now = datetime.fromisoformat(f"{month}-10T12:00").replace(tzinfo=UTC)
    for place, answers in enumerate(requests):
        header = _header(world, now)
        yield counting.request(answers, header, now)
        if place % 8:
            took = timedelta(hours=3 if place % 5 else 40)
            yield counting.first_answer(now + took)(header)
        if place % 3 == 0:
            yield counting.closing(Outcome.INFORMED if place % 2 else Outcome.REFERRED, now)


def _header(world: World, now: datetime) -> CaseHeader:
    return CaseHeader(
        id=bytes(16),
        language="ru",
        level=Level.P2,
        skills=frozenset({"legal"}),
        country="kz",
        contact=ContactRule(None),
        received=now,
        promised_by=now + timedelta(hours=24),
        form=world.form.digest,
        epoch=1,
    )
