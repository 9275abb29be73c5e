"""Promise 5, the part that exists: a desk cannot find the person, a server cannot read the case.

A desk receives a case file and opens it. Neither holds the chat's id in any spelling; the return
token in it opens with the server's return key and with nothing that a desk has.
"""

import asyncio
import base64
import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto.errors import NotOpened
from crypto.kdf import derive
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import Context, SealedRecord, Wrap
from crypto.token import open_token, seal_token
from handlers.buttons import Verb, decode
from intake.records import TOKEN
from intake.wire import CaseFile
from tests.journeys.reading import taken_by_anna
from tests.journeys.stage import Stage, Talk, running_stage


@dataclass
class Received:
    """A person who sent a case, and what a desk has of it."""

    stage: Stage
    talk: Talk
    card: int
    file: CaseFile
    plain: bytes
    token: bytes


@pytest.fixture
async def received(tmp_path: Path) -> AsyncIterator[Received]:
    async with running_stage(tmp_path) as stage:
        talk = await stage.person("ru", name="Пётр", username="petr_secret")
        await talk.begin()
        await talk.go_through({"device": "mine", "note": "Прошу помочь"})
        await talk.press(Verb.SEND)
        file = await asyncio.to_thread(taken_by_anna, stage)
        card = (await talk.card()).id
        part = file.records[0]
        plain = _decrypted(stage, file, part.number, part.kind, part.data)
        token = _decrypted(stage, file, 0, TOKEN, base64.b64decode(file.token or ""))
        yield Received(stage, talk, card, file, plain, token)


def _decrypted(stage: Stage, file: CaseFile, number: int, kind: str, sealed: bytes) -> bytes:
    """Record 0, or the token beside it, as a desk decrypts it."""
    header = file.header
    case_id = bytes.fromhex(header.id)
    wrap = Wrap(base64.b64decode(file.wrap))
    key = unwrap_case_key(stage.house.anna, case_id, header.epoch, wrap)
    context = Context(case_id, number, kind, header.form, header.epoch)
    return open_record(key, context, SealedRecord(sealed))


def spellings(number: int) -> dict[str, bytes]:
    """A number as programs write it."""
    digits = str(number)
    packed = {
        f"{order}{size}": struct.pack(order + size, number) for order in "<>" for size in "qQ"
    }
    plain = {
        "decimal": digits.encode(),
        "utf-16-le": digits.encode("utf-16-le"),
        "utf-16-be": digits.encode("utf-16-be"),
        "hex": f"{number:x}".encode(),
        "HEX": f"{number:X}".encode(),
        "without zeros": number.to_bytes((number.bit_length() + 7) // 8, "big"),
        **packed,
    }
    encoded = {
        f"base64 of {name} at {shift}": base64.b64encode(b"\0" * shift + data)[4:-4] or b"-"
        for name, data in plain.items()
        for shift in range(3)
        if len(data) > 7
    }
    return plain | encoded


async def test_a_desk_finds_the_chat_nowhere(received: Received) -> None:
    header = received.file.header.model_dump_json().encode()
    everything = received.file.to_bytes() + received.plain + header
    everything += b"".join(part.data for part in received.file.records)
    everything += received.token
    for name, spelling in spellings(received.talk.person.id).items():
        assert spelling not in everything, name
    for word in ("Пётр", "petr_secret"):
        assert word.encode() not in everything
        assert word.encode("utf-16-le") not in everything


async def test_the_search_would_find_it(received: Received) -> None:
    number = received.talk.person.id
    for name, spelling in spellings(number).items():
        assert spelling in b"x" * 7 + spelling + b"y", name
    assert spellings(number)["decimal"] in f'{{"chat":{number}}}'.encode()
    assert spellings(number)[">q"] in struct.pack(">qq", number, received.card)


async def test_the_token_leads_the_server_back_to_the_card(received: Received) -> None:
    token = open_token(received.stage.house.return_key, received.token)
    assert token.chat_id == received.talk.person.id
    assert token.message_id == received.card
    assert token.case_id.hex() == received.file.header.id


async def test_the_token_opens_with_nothing_that_a_desk_has(received: Received) -> None:
    house, file = received.stage.house, received.file
    token = received.token
    keys = [
        house.anna.sealing_public[:32],
        house.anna.signing_public,
        derive(bytes.fromhex(file.header.id).ljust(32, b"\0"), "return token"),
        base64.b64decode(file.public_key)[:32],
        os.urandom(32),
    ]
    for key in keys:
        with pytest.raises(NotOpened):
            open_token(key, token)


async def test_an_altered_or_shortened_token_does_not_open(received: Received) -> None:
    token, key = received.token, received.stage.house.return_key
    for place in range(len(token)):
        altered = token[:place] + bytes([token[place] ^ 1]) + token[place + 1 :]
        with pytest.raises(NotOpened):
            open_token(key, altered)
    with pytest.raises(NotOpened):
        open_token(key, token[:-1])


async def test_two_tokens_of_one_chat_have_nothing_in_common(received: Received) -> None:
    key = received.stage.house.return_key
    token = open_token(key, received.token)
    again = seal_token(key, token, os.urandom)
    assert len(again) == len(received.token)
    assert not set(_windows(again)) & set(_windows(received.token))


def _windows(data: bytes) -> list[bytes]:
    return [data[start : start + 6] for start in range(1, len(data) - 6)]


async def test_nothing_at_the_server_ties_the_chat_to_the_case(received: Received) -> None:
    """Not in the database, its log, or any other file: neither the chat nor the card's secret."""
    stage = received.stage
    folder = stage.database.parent
    data = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for name, spelling in spellings(received.talk.person.id).items():
        if len(spelling) > 5:
            assert spelling not in data, name
    press = decode((await received.talk.card()).buttons[0].data or "")
    assert press is not None
    assert press.secret is not None
    assert press.secret.encode() not in data
    assert base64.urlsafe_b64decode(press.secret + "=") not in data
