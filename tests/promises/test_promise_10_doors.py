"""Promise 10: counts point at nobody. Who may see them sees no case, and nothing beside them.

Over the real HTTP, with signed requests: what a coordinator is refused says nothing of any case,
what a volunteer is refused says nothing of any count, and what is answered varies with what is
shown alone: not in its order, its length, its headers, nor in the log.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from bot.counting import Counting
from bot.counts import CountsDesk
from crypto.identity import Identity
from crypto.tally import TallyKey
from intake import counts
from intake.case import Level
from intake.counting import month_of
from intake.counts import Rules
from tests.desk.world import CALM, RETURN_KEY, URGENT, World, identity_of
from tests.handlers.desks import NOWHERE, ask, done, refused
from tests.promises.people import header_of, people

COUNTS = "/v1/counts"
OCTOBER = datetime(2026, 10, 14, 12, tzinfo=UTC)

ACTS = ("take", "release", "records", "reply", "hand-over", "ask", "level", "close")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def _counted(world: World, crowd: int, month: datetime = OCTOBER) -> None:
    """So many have asked in October, which is over."""
    counting = Counting(world.form, TallyKey(RETURN_KEY), Random(1).randbytes)
    desk = CountsDesk(
        world.storage.counts,
        world.storage.cases,
        counting,
        Rules(),
        lambda: world.roster,
        world.time,
    )
    for one in people(Random(crowd), crowd):
        header = header_of(one.answers, one.language, month)
        world.wait(world.storage.counts.add(counting.request(one.answers, header, month)))
    world.wait(world.storage.counts.begin(month_of(month)))
    world.wait(desk.release_due())


def _with(world: World, name: str, **changes: Any) -> None:
    """The roster in which this member is another."""
    members = tuple(
        one.model_copy(update=changes) if one.name == name else one for one in world.roster.members
    )
    world.put(world.roster.model_copy(update={"members": members, "epoch": world.roster.epoch + 1}))


def _seen(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All that somebody at the other end gets, but for the clock."""
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    return response.status_code, response.content, headers


# No case for who sees counts, no counts for who sees cases.


@pytest.mark.parametrize("who", ["counts", "recovery"])
def test_she_cannot_open_list_or_infer_any_case(world: World, who: str) -> None:
    """Not one that is there, not one that is not, not even one that was sealed to her."""
    there, hers = world.submit(URGENT), world.submit(CALM, to=[who])
    for method, path in [
        ("GET", "/v1/cases/{}"),
        ("DELETE", "/v1/cases/{}"),
        *(("POST", f"/v1/cases/{{}}/{act}") for act in ACTS),
    ]:
        answers = [
            ask(world, who, path.format(case), method=method) for case in (there, hers, NOWHERE)
        ]
        refused(answers[0], 403, "role")
        assert len({repr(_seen(one)) for one in answers}) == 1
    queue = [ask(world, who, "/v1/queue"), ask(world, who, "/v1/queue?level=P1&start=1")]
    refused(queue[0], 403, "role")
    assert _seen(queue[0]) == _seen(queue[1])
    assert done(ask(world, "anna", f"/v1/cases/{there}"))["header"]["state"] == "waiting"


def test_the_counts_are_for_coordinators_and_whom_the_roster_names(world: World) -> None:
    for who in ("anna", "lead", "recovery"):
        refused(ask(world, who, COUNTS), 403, "counts")
    done(ask(world, "counts", COUNTS))
    _with(world, "anna", counts=True)
    done(ask(world, "anna", COUNTS))
    done(ask(world, "anna", "/v1/queue"))
    _with(world, "anna", counts=False)
    refused(ask(world, "anna", COUNTS), 403, "counts")


def test_whoever_leaves_the_roster_and_whoever_never_stood_there_is_told_the_same(
    world: World,
) -> None:
    done(ask(world, "counts", COUNTS))
    world.put(world.roster.without_member("counts"))
    gone = ask(world, "counts", COUNTS)
    refused(gone, 403, "foreign")
    assert _seen(gone) == _seen(ask(world, Identity(b"\x07" * 32), COUNTS))


def test_a_refusal_says_nothing_of_the_counts(world: World) -> None:
    before = _seen(ask(world, "anna", COUNTS))
    _counted(world, 120)
    world.submit(URGENT)
    assert _seen(ask(world, "anna", COUNTS)) == before


# One answer, with nothing to choose and nothing beside it.


@pytest.mark.parametrize(
    "query", ["?month=2026-11", "?from=2026-11-01&to=2026-11-02", "?status=prison", "?start=1"]
)
def test_there_is_nothing_to_filter_by(world: World, query: str) -> None:
    _counted(world, 120)
    assert _seen(ask(world, "counts", COUNTS + query)) == _seen(ask(world, "counts", COUNTS))


def test_nothing_but_the_shape_and_the_figures_is_in_the_answer(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lines with different people, of whom the noise makes the same figures: the answers are
    the same bytes, in the same order, with the same headers; and so is what a desk makes of them,
    which has nothing else."""
    monkeypatch.setattr(counts, "_blur", lambda *_: 70)
    folder = tmp_path / "other"
    folder.mkdir()
    other = World(folder)
    try:
        _counted(world, 3)
        _counted(other, 150)
        for number in range(30):
            other.submit(URGENT if number % 3 else CALM)
        first, second = (ask(one, "counts", COUNTS) for one in (world, other))
        assert done(first)["releases"][0]["totals"]["requests"] == 70
        assert _seen(first) == _seen(second)
        for view in ([], ["--csv"], ["--json"]):
            ran = [one.desk("counts").run("counts", *view) for one in (world, other)]
            assert ran[0].code == 0, ran[0].all
            assert "70" in ran[0].out
            assert ran[0] == ran[1]
    finally:
        other.close()


def test_the_answer_names_no_case_no_member_and_no_moment(world: World) -> None:
    _counted(world, 120)
    case = world.submit(URGENT)
    done(ask(world, "anna", f"/v1/cases/{case}/take", method="POST"))
    response = ask(world, "counts", COUNTS)
    header = world.header(case)
    names = [one.name for one in world.roster.members if one.name != "counts"]
    keys = [identity_of(name).key_id for name in names]
    for told in (case, *keys, header.form, header.received.isoformat()[:13]):
        assert told not in response.text
    words = set(json.dumps(response.json(), ensure_ascii=False).replace('"', " ").split())
    assert not words & {"anna", "boris", "vera"}
    assert response.json()["today"]["at"] == "2026-11-22T00:00:00Z"  # the day, and no hour of it
    assert not {"etag", "last-modified", "set-cookie", "server", "age"} & set(response.headers)
    assert response.headers["cache-control"] == "no-store"


def test_load_is_the_rosters_and_never_moves_with_the_cases(world: World) -> None:
    before = done(ask(world, "counts", COUNTS))["today"]["load"]
    for _ in range(4):
        case = world.submit(URGENT)
        done(ask(world, "boris", f"/v1/cases/{case}/take", method="POST"))
    world.time.pass_(days=1)
    assert done(ask(world, "counts", COUNTS))["today"]["load"] == before


def test_nothing_that_is_counted_or_asked_for_comes_into_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _counted(world, 20)
    world.submit(URGENT)
    ask(world, "counts", COUNTS)
    ask(world, "anna", COUNTS)
    ask(world, "counts", f"/v1/cases/{NOWHERE}")
    ours = [one for one in caplog.records if one.name.startswith(("tropa", "aiohttp"))]
    assert [one.getMessage() for one in ours] == []


def test_the_measure_tells_a_case_from_none_where_somebody_may_see_cases(world: World) -> None:
    case = world.submit(URGENT)
    answers = [ask(world, "anna", f"/v1/cases/{one}") for one in (case, NOWHERE)]
    assert _seen(answers[0]) != _seen(answers[1])
    level = done(answers[0])["header"]["level"]
    assert level in {one.value for one in Level}
