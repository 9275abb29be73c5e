"""Promise 9 for a whole exchange: whoever erases it, every trace of it is gone.

Withdrawn on the card, by the erase code from a strange account, or by the desk: what was
remembered from before, every blob, id and locator, is in no file of the server afterwards.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from desk.client import Turned
from handlers.buttons import Verb
from tests.exchange import (
    Exchange,
    Room,
    Volunteer,
    code_on,
    enters,
    inbox,
    leaves,
    running_room,
    shown,
    until,
    writes,
)
from tests.journeys.stage import Stage
from tests.promises.search import files_in

PIECE = 24
"""So many bytes of a blob are searched for: chance does not repeat them."""

TABLES = ("cases", "records", "wraps", "replies", "locks", "drafts")

Erase = Callable[[Exchange, str], Awaitable[None]]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with running_room(tmp_path) as made:
        yield made


async def by_the_card(exchange: Exchange, _erase_code: str) -> None:
    await shown(exchange.talk)
    await inbox(exchange.talk)
    await exchange.talk.press(Verb.ERASE)
    assert "cases" in left(exchange.stage)  # asked first
    await exchange.talk.press(Verb.ERASE_YES)


async def by_the_erase_code(exchange: Exchange, erase_code: str) -> None:
    """From another account: to an onlooker it shows an inbox with nothing in it."""
    stranger = await exchange.stage.person("ru")
    card = await enters(stranger, erase_code)
    assert "Ничего нового" in card.text
    assert not [label for label in card.labels if "Стереть" in label]


async def by_the_desk(exchange: Exchange, _erase_code: str) -> None:
    await exchange.anna.does(lambda work: work.erase(exchange.case))


def traces(database: Path) -> dict[str, bytes]:
    """What is remembered of every row: pieces of its blobs, its ids, its place, its locators."""
    found: dict[str, bytes] = {}
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        for table in TABLES:
            for row in connection.execute(f"SELECT * FROM {table}"):
                for column in row.keys():  # noqa: SIM118 - a row of sqlite3 iterates over values
                    for piece in _pieces(column, row[column]):
                        found[f"{table}.{column} {piece[:6].hex()}"] = piece
    return found


def _pieces(column: str, value: object) -> list[bytes]:
    if isinstance(value, bytes) and len(value) >= 16:
        middle = len(value) // 2
        return [value[:PIECE], value[middle : middle + PIECE], value[-PIECE:]]
    if isinstance(value, int) and column.endswith("slot"):
        return [value.to_bytes(8, "big", signed=True)]
    return [value.encode()] if isinstance(value, str) and column == "locator" else []


def found(folder: Path, pieces: dict[str, bytes]) -> list[str]:
    data = [(path.name, path.read_bytes()) for path in files_in(folder)]
    return [f"{name} in {file}" for name, piece in pieces.items() for file, d in data if piece in d]


def left(stage: Stage) -> set[str]:
    """The tables that still hold something."""
    return {table for table in TABLES if stage.rows(table)}


def drafts(pieces: dict[str, bytes]) -> dict[str, bytes]:
    return {name: piece for name, piece in pieces.items() if name.startswith("drafts.")}


async def full_of_everything(room: Room) -> tuple[Exchange, str]:
    """A case with a reply that waits, an unfinished message, two locks, notes, two openers."""
    exchange = await room.begun({"contact": "day", "hour": 20, "note": "Прошу помочь"})
    case, talk = exchange.case, exchange.talk
    await writes(talk, "Первое сообщение")
    await exchange.anna.replies(case, "Ответ, который ждёт своего часа")
    await exchange.anna.does(lambda work: work.note(work.fetch(case), "Заметка"))
    await inbox(talk)
    await talk.press(Verb.CODES)
    erase_code = code_on(await talk.press(Verb.ERASE_CODE))
    await talk.press(Verb.WROTE)
    await writes(talk, "Второе, не отправленное", post=False)
    await leaves(talk)
    assert exchange.states == ["waiting"]
    assert left(room.stage) == set(TABLES)
    assert len(room.stage.rows("locks")) == 2
    assert len(room.stage.rows("drafts")) == 2
    return exchange, erase_code


@pytest.mark.parametrize("erase", [by_the_card, by_the_erase_code, by_the_desk])
async def test_every_trace_of_the_case_is_gone(room: Room, erase: Erase) -> None:
    """At once; where a desk erases, which knows nothing of the person's drafts, all but these."""
    exchange, erase_code = await full_of_everything(room)
    server, database = room.stage.house.folder, room.stage.database
    before = traces(database)
    assert {one.split(" in ")[0] for one in found(server, before)} == set(before)
    assert len(before) > 40
    await erase(exchange, erase_code)
    assert left(room.stage) == ({"drafts"} if erase is by_the_desk else set())
    own = drafts(traces(database))
    rest = {name: piece for name, piece in before.items() if name not in own}
    assert found(server, rest) == []
    await nothing_more_can_be_done(exchange)
    await room.skip(timedelta(hours=26))
    await until(lambda: not left(room.stage))
    await until(lambda: not found(server, before), lambda: str(found(server, before)))


async def nothing_more_can_be_done(exchange: Exchange) -> None:
    """Neither by a desk, nor with the code; and the keys that are left lead to nothing."""
    case = exchange.case
    for desk in exchange.desks:
        assert await _refused(desk, case) == "unknown_case"
    stranger = await exchange.stage.person("ru")
    card = await enters(stranger, exchange.code)
    assert "никуда не ведёт" in card.text


async def _refused(desk: Volunteer, case: str) -> str | None:
    try:
        await desk.does(lambda work: work.fetch(case))
    except Turned as turned:
        return turned.reason
    return None
