"""Promise 5 over a whole exchange: neither end can find what only both together may know.

One test searches everything that the volunteers' machines ever received, and all of it opened. The
others hold the server's disk and its credentials, and try every key on every blob: the way to the
person is there while a reply waits for its hour, and at no other time.
"""

import base64
import binascii
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.errors import CryptoError
from crypto.kdf import derive
from crypto.opening import open_record
from crypto.sealing import SealedRecord
from crypto.token import ReturnToken, open_token, seal_token
from desk.letters import Letters
from desk.reading import case_key, place
from handlers.buttons import Verb
from intake.case import Level
from intake.records import TOKEN, Outcome
from intake.shapes import Unreadable
from intake.wire import CaseFile
from tests.exchange import (
    Exchange,
    Room,
    Volunteer,
    enters,
    inbox,
    leaves,
    reads,
    running_room,
    writes,
)
from tests.promises.attacker import Attacker
from tests.promises.planting import random_word
from tests.promises.search import Needles, number, word

PERSON = 6_283_185_307
OUTSIDE: dict[str, Any] = {"contact": "day", "hour": 20}
"""By day, where it is eight in the evening now: a reply waits for hours."""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with running_room(tmp_path) as made:
        yield made


def tells(texts: Iterable[bytes], needles: Needles) -> list[str]:
    """Which of the needles are in any of the texts."""
    everything = b"\n".join(texts)
    return [name for name, needle in needles.items() if needle in everything]


# What a volunteer's machine receives.


def unfolded(data: bytes) -> Iterator[bytes]:
    """The bytes, and whatever JSON and base64 in them holds, and in that, and so on."""
    yield data
    try:
        document = json.loads(data)
    except ValueError:
        return
    for text in _texts(document):
        yield text.encode()
        try:
            inner = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            continue
        if len(inner) > 8:
            yield from unfolded(inner)


def _texts(document: Any) -> Iterator[str]:
    match document:
        case str():
            yield document
        case list():
            for item in document:
                yield from _texts(item)
        case dict():
            for name, item in document.items():
                yield name
                yield from _texts(item)


def bodies(heard: bytes) -> Iterator[bytes]:
    """The JSON documents in a stream of HTTP."""
    decoder = json.JSONDecoder()
    for part in heard.split(b"\r\n\r\n")[1:]:
        if part.startswith(b"{"):
            text = part.decode("utf-8", "replace")
            yield text[: decoder.raw_decode(text)[1]].encode()


def opened(desk: Volunteer, body: bytes) -> Iterator[bytes]:
    """Each record of a case file, and its return token, as this volunteer's key opens them."""
    try:
        case = CaseFile.from_bytes(body)
    except Unreadable:
        return
    key = case_key(case, desk.identity)
    for part in case.records:
        where = place(case.header, part.number, part.kind)
        yield from unfolded(open_record(key, where, SealedRecord(part.data)))
    if case.token is not None:
        sealed = SealedRecord(base64.b64decode(case.token))
        yield open_record(key, place(case.header, 0, TOKEN), sealed)


def all_that_came_to(desk: Volunteer) -> list[bytes]:
    """Everything on the wire and everything in her folder, opened as far as she can."""
    heard = bytes(desk.wire.heard)
    files = [path.read_bytes() for path in desk.home.rglob("*") if path.is_file()]
    found = [heard, *files]
    for body in [*bodies(heard), *files]:
        found += [*unfolded(body), *opened(desk, body)]
    return found


async def a_whole_exchange(exchange: Exchange) -> None:
    """Everything that can be done with a case, from taking to closing, and by both desks."""
    anna, boris, case, talk = exchange.anna, exchange.boris, exchange.case, exchange.talk
    colleague = anna.work.colleague("boris")
    await anna.replies(case, "Здравствуйте, мы прочли")
    await exchange.until_state("sent")
    await reads(talk)
    await writes(talk, "Спасибо, ещё вопрос")
    await leaves(talk)
    await anna.does(lambda work: work.note(work.fetch(case), "Спросить юриста"))
    await anna.does(lambda work: work.ask(work.fetch(case), colleague, "Взгляни"))
    await boris.does(lambda work: work.note(work.fetch(case), "Взглянул"))
    await anna.does(lambda work: work.level(work.fetch(case), Level.P1, "Срочно"))
    letters = Letters(anna.work.desk.home, anna.identity, anna.work.desk.random)
    letters.save(case, "Черновик ответа")
    await anna.does(lambda work: work.hand_over(work.fetch(case), colleague, "Возьми"))
    await talk.person.block()
    await boris.replies(case, "Второй ответ")
    await exchange.until_state("read", "unreachable")
    await enters(talk, exchange.code)  # which unblocks
    await writes(talk, "Я снова тут")
    await boris.does(lambda work: work.close(work.fetch(case), Outcome.REFERRED, "Готово"))


async def test_nothing_that_a_desk_ever_receives_names_the_person(room: Room) -> None:
    exchange = await room.begun(
        {"contact": "any", "note": "Прошу помочь"},
        id=PERSON,
        name="Имяпётр",
        username="petr_the_secret",
    )
    await a_whole_exchange(exchange)
    needles = number("chat", PERSON) | word("name", "Имяпётр") | word("name", "petr_the_secret")
    tokens = []
    for desk in exchange.desks:
        everything = all_that_came_to(desk)
        assert tells(everything, word("note", "Прошу помочь")), "nothing was opened"
        assert tells(everything, needles) == []
        tokens += [text for text in everything if _led(room, text)]
    # The search is one that finds: the server's key alone stands between a desk and the person.
    assert len(set(tokens)) > 2
    assert tells([_led(room, token) for token in tokens], needles)


def _led(room: Room, text: bytes) -> bytes:
    """What the return key makes of it: the person's chat, or nothing."""
    try:
        return open_token(room.stage.house.return_key, text).chat_id.to_bytes(8, "big")
    except CryptoError:
        return b""


# What the server has.


class Search:
    """The server's disk and credentials against one case."""

    def __init__(self, exchange: Exchange, secrets: dict[str, str]) -> None:
        stage = exchange.stage
        token = stage.settings.telegram_token.get_secret_value()
        credentials = (stage.house.return_key, token.encode())
        self.attacker = Attacker(stage.house.folder, stage.database, credentials)
        self.chat = number("chat", exchange.talk.person.id)
        self.said = {k: v for name, text in secrets.items() for k, v in word(name, text).items()}

    def leads_to_the_person(self) -> bool:
        """Whether anything that opens names the chat; the answers are closed whatever else is.

        But for the codeword, which a waiting letter repeats.
        """
        loot = self.attacker.loot().values()
        leads = bool(tells(loot, self.chat))
        found = tells(loot, self.said)
        assert [name for name in found if not leads or not name.startswith("codeword")] == []
        return leads


async def searched(room: Room) -> tuple[Exchange, Search]:
    said = {"note": random_word(), "codeword": random_word(20)}
    exchange = await room.begun({**OUTSIDE, **said}, id=PERSON)
    return exchange, Search(exchange, said)


async def test_the_server_finds_the_person_only_while_a_reply_waits(room: Room) -> None:
    exchange, search = await searched(room)
    assert not search.leads_to_the_person()
    await exchange.anna.takes(exchange.case)
    assert not search.leads_to_the_person()
    # A reply waits for its hour, and is read before that.
    await exchange.anna.replies(exchange.case, "Первый ответ")
    assert exchange.states == ["waiting"]
    assert search.leads_to_the_person()
    await reads(exchange.talk)
    await leaves(exchange.talk)
    assert exchange.states == ["read"]
    assert not search.leads_to_the_person()
    # Another one waits, and is delivered.
    await exchange.anna.replies(exchange.case, "Второй ответ")
    assert search.leads_to_the_person()
    await exchange.until_hour(allowed=True)
    await exchange.until_state("read", "sent")
    assert not search.leads_to_the_person()


async def test_nor_after_the_person_was_not_to_be_reached_or_said_never(room: Room) -> None:
    exchange, search = await searched(room)
    await exchange.anna.replies(exchange.case, "Первый ответ")
    await exchange.talk.person.block()
    assert search.leads_to_the_person()
    await exchange.until_hour(allowed=True)
    await exchange.until_state("unreachable")
    assert not search.leads_to_the_person()
    await exchange.until_hour(allowed=False)
    await enters(exchange.talk, exchange.code)  # which unblocks
    await exchange.anna.replies(exchange.case, "Второй ответ")
    assert exchange.states == ["unreachable", "waiting"]
    assert search.leads_to_the_person()
    await inbox(exchange.talk)
    await exchange.talk.press(Verb.CONTACT)
    await exchange.talk.press(Verb.CONTACT, "ru:never")
    assert exchange.states == ["unreachable", "inbox"]
    assert not search.leads_to_the_person()


async def test_what_the_person_writes_and_is_written_is_closed_to_the_server(room: Room) -> None:
    """A letter opens with the inbox secret, which a waiting token holds; nothing else does."""
    exchange, _ = await searched(room)
    letter, message, note = random_word(), random_word(), random_word()
    search = Search(exchange, {"message": message, "note": note})
    await writes(exchange.talk, message)
    await exchange.anna.replies(exchange.case, letter)
    await exchange.anna.does(lambda work: work.note(work.fetch(exchange.case), note))
    assert search.leads_to_the_person()
    assert tells(search.attacker.loot().values(), word("letter", letter))
    await reads(exchange.talk)
    assert not search.leads_to_the_person()
    assert not tells(search.attacker.loot().values(), word("letter", letter))


async def test_a_case_that_was_left_alone_keeps_nothing_of_its_beginning(room: Room) -> None:
    """The day-old remains of the interview are gone as well, and the process began anew."""
    _, search = await searched(room)
    await room.stage.pass_time(timedelta(days=2))
    assert not search.leads_to_the_person()


async def test_the_attacker_finds_what_is_sealed_with_the_servers_keys(room: Room) -> None:
    """The measure itself: what would betray the person, put where a fault might put it."""
    exchange, search = await searched(room)
    for plant in _careless(room, exchange):
        with closing(sqlite3.connect(room.stage.database)) as connection:
            connection.execute("UPDATE cases SET place = ?", (plant,))
            connection.commit()
        assert search.leads_to_the_person()


def _careless(room: Room, exchange: Exchange) -> Iterator[bytes]:
    key, chat = room.stage.house.return_key, exchange.talk.person.id
    token = ReturnToken(chat, 1, os.urandom(32), bytes.fromhex(exchange.case))
    yield seal_token(key, token, os.urandom)
    nonce = os.urandom(12)
    for label in ("link chat", "place"):
        cipher = ChaCha20Poly1305(derive(key, label))
        yield nonce + cipher.encrypt(nonce, str(chat).encode() * 3, None)
