"""Promise 1 for the counters: with them lies neither an id, nor a time, nor a pair of answers.

A whole exchange in one month and another in the next, on the real line; then everything that is on
the disk is looked at, with the server's credentials and without.
"""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import CryptoError
from crypto.padding import LARGEST_POWER, is_padded_size, padded_size
from crypto.tally import TallyKey
from intake.answers import Answers
from intake.counting import OWN, Tally, month_after, month_of, of_answers
from intake.counts import Release
from intake.form import load_form
from intake.records import Outcome
from tests.exchange import Exchange, Room, running_room
from tests.organisation import FORM
from tests.promises.attacker import Attacker
from tests.promises.search import files_in, key, number, search, word

SEALED_BESIDE = 1 + 12 + 16
"""Bytes of a sealed tally that are not the padded tally."""

FINER_THAN_A_MONTH = re.compile(rb"\d{4}-\d\d-\d\d|\d\d:\d\d|\d{8}")
"""A day, an hour, or a number long enough to be an instant."""

PERSON, NEXT = 6_283_185_307, 6_283_185_311


@dataclass
class Disk:
    """What lies there once a month was released and the next has begun."""

    room: Room
    exchanges: list[Exchange]

    @property
    def folder(self) -> Path:
        return self.room.stage.house.folder

    @property
    def key(self) -> TallyKey:
        return TallyKey(self.room.stage.house.return_key)

    def rows(self, table: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.room.stage.database)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]

    def needles(self) -> dict[str, bytes]:
        """Whatever leads to one of those who asked."""
        found: dict[str, bytes] = {}
        for name, exchange in zip(("one", "next"), self.exchanges, strict=True):
            found |= number(f"chat of {name}", exchange.talk.person.id)
            found |= key(f"case of {name}", bytes.fromhex(exchange.case))
        for row in self.rows("cases"):
            for column in ("inbox", "place", "token", "public_key"):
                found |= key(column, row[column])
        for member in (self.room.anna, self.room.boris):
            found |= word(f"key of {member.name}", member.identity.key_id)
        return found


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[Disk]:
    async with running_room(tmp_path) as room:
        first = await room.begun({"contact": "never", "status": "contract"}, id=PERSON)
        await room.anna.replies(first.case, "Здравствуйте")
        await room.anna.does(lambda work: work.close(work.fetch(first.case), Outcome.SAFE, "Всё"))
        began = month_of(room.stage.hands())
        while month_of(room.stage.hands()) == began:
            await room.skip(timedelta(days=1))
        await room.skip(timedelta(hours=1), rest=1.0)  # what is done every hour
        second = await room.begun({"contact": "never", "status": "officer"}, id=NEXT)
        await room.stage.pass_time(timedelta(minutes=2))  # and every minute
        yield Disk(room, [first, second])


def tallies_in(path: Path, opener: TallyKey, month: str) -> Iterator[bytes]:
    """Every tally of a month that lies anywhere in a file, in use or left behind."""
    data = path.read_bytes()
    sizes = [padded_size(0)]
    while sizes[-1] < LARGEST_POWER:
        sizes.append(2 * sizes[-1])
    at = data.find(b"\x01")
    while at >= 0:
        for size in sizes[:5]:
            try:
                yield opener.open(month, data[at : at + size + SEALED_BESIDE])
            except CryptoError:
                continue
        at = data.find(b"\x01", at + 1)


def beside_the_counters_lies_nothing_of_anybody(disk: Disk, folder: Path) -> None:
    now = disk.room.stage.hands()
    [tally], [release] = disk.rows("tallies"), disk.rows("releases")
    assert tally.keys() == {"month", "key_name", "sealed"}
    assert release.keys() == {"month", "body"}
    assert (month_after(release["month"]), tally["month"]) == (month_of(now), month_of(now))
    assert tally["key_name"] == disk.key.name
    # Without the credentials a tally is as good as noise of one of a few lengths.
    assert is_padded_size(len(tally["sealed"]) - SEALED_BESIDE)
    with pytest.raises(CryptoError):
        TallyKey(bytes(range(32))).open(tally["month"], tally["sealed"])
    # With them: how often each cell was counted, and nothing else.
    plain = disk.key.open(tally["month"], tally["sealed"])
    opened = folder / "opened"
    opened.mkdir()
    (opened / "tally").write_bytes(plain)
    (opened / "release").write_bytes(release["body"])
    assert search(files_in(opened), disk.needles()) == []
    assert [FINER_THAN_A_MONTH.search(path.read_bytes()) for path in files_in(opened)] == [None] * 2


def a_tally_has_one_question_at_a_time(disk: Disk) -> None:
    [row] = disk.rows("tallies")
    counts = disk.room.stage.house.form.counts
    assert counts is not None
    tables = {one.id: set(one.cells) | {"unsaid"} for one in counts.questions}
    tables["shares"] = {share.id for share in counts.shares}
    found = json.loads(disk.key.open(row["month"], row["sealed"]))
    assert ["requests", "all", 1] in found
    assert ["status", "officer", 1] in found
    for table, cell, many in found:
        assert table in OWN or cell in tables[table]
        assert isinstance(many, int)


def test_whose_answers_go_together_makes_no_difference() -> None:
    """Two people, and two who answered crosswise, leave the very same tally."""
    form = load_form(FORM.read_bytes())
    one: Answers = {"status": "contract", "situation": "front", "case": ("a337",)}
    other: Answers = {"status": "officer", "situation": "rear", "case": ("a332",)}
    across = (
        {**one, "situation": "rear", "case": ("a332",)},
        {**other, "situation": "front", "case": ("a337",)},
    )

    def tally(*people: Answers) -> bytes:
        made = Tally()
        for answers in people:
            made = made.with_(of_answers(form, answers, date(2026, 3, 14)))
        return made.to_bytes()

    assert tally(one, other) == tally(*across)
    assert tally(one, other) != tally(one, one)


def a_release_holds_what_is_shown_and_nothing_else(disk: Disk) -> None:
    """Of a single person no figure is shown, and none is there."""
    [row] = disk.rows("releases")
    release = Release.model_validate_json(row["body"])
    assert release.model_dump_json().encode() == row["body"]
    counts = [cell.count for table in release.tables for cell in table.cells]
    counts += [*release.totals.values(), *(share.count for share in release.shares)]
    assert len(counts) > 50
    assert set(counts) == {None}


def nothing_of_a_former_tally_is_left_in_any_file(disk: Disk) -> None:
    """Two of them would tell what came in between: all answers of one person, side by side."""
    [row] = disk.rows("tallies")
    current = disk.key.open(row["month"], row["sealed"])
    files = files_in(disk.folder)
    for month, expected in ((row["month"], {current}), (disk.rows("releases")[0]["month"], set())):
        found = {one for path in files for one in tallies_in(path, disk.key, month)}
        assert found == expected


def who_has_all_of_the_server_learns_of_counters_and_of_nobody(disk: Disk, folder: Path) -> None:
    stage = disk.room.stage
    token = stage.settings.telegram_token.get_secret_value().encode()
    attacker = Attacker(stage.house.folder, stage.database, (stage.house.return_key, token))
    loot = folder / "loot"
    loot.mkdir()
    for place, plain in enumerate(attacker.loot().values()):
        (loot / str(place)).write_bytes(plain)
    assert search(files_in(loot), word("the tally", '["requests","all",1]'))
    assert search(files_in(loot), disk.needles()) == []


async def test_the_counters_on_the_disk_point_at_nobody(disk: Disk, tmp_path: Path) -> None:
    beside_the_counters_lies_nothing_of_anybody(disk, tmp_path)
    a_tally_has_one_question_at_a_time(disk)
    a_release_holds_what_is_shown_and_nothing_else(disk)
    nothing_of_a_former_tally_is_left_in_any_file(disk)
    who_has_all_of_the_server_learns_of_counters_and_of_nobody(disk, tmp_path)
