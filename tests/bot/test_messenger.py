"""Telegram's refusals, as the sandbox words them, become the few that a conversation knows."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from bot.http import AiohttpRequest
from bot.messenger import TelegramMessenger
from handlers.ports import Busy, Button, Card, Document, Lost, Picture, Unreachable
from sandbox.client import Person, Sandbox
from sandbox.running import running_sandbox
from sandbox.samples import png

CARD = Card("<b>Да</b> &amp; нет", ((Button("a", "-000q"), Button("b", "-000h")),))
OTHER = Card("другое")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(limits=False) as made:
        yield made


@pytest.fixture
async def messenger(sandbox: Sandbox) -> AsyncIterator[TelegramMessenger]:
    request = AiohttpRequest(timeout=5)
    await request.initialize()
    yield TelegramMessenger(f"{sandbox.url}/bot{sandbox.token}", request)
    await request.shutdown()


@pytest.fixture
async def person(sandbox: Sandbox) -> Person:
    made = await sandbox.person()
    await made.send("/start", wait=None)
    return made


async def test_a_card_arrives_silent_protected_and_whole(
    messenger: TelegramMessenger, person: Person
) -> None:
    number = await messenger.send(person.id, CARD)
    card = await person.card()
    assert card.id == number
    assert card.html == "<b>Да</b> &amp; нет"
    assert [[b.data for b in row] for row in card.rows] == [["-000q", "-000h"]]
    assert card.message["has_protected_content"] is True
    seen = await person.sandbox.ask("chat", chat=person.chat)
    assert seen["messages"][-1]["silent"] is True


async def test_what_is_to_wake_somebody_is_not_silent(
    messenger: TelegramMessenger, person: Person
) -> None:
    await messenger.send(person.id, CARD, silent=False)
    seen = await person.sandbox.ask("chat", chat=person.chat)
    assert seen["messages"][-1]["silent"] is False
    assert seen["messages"][-1]["message"]["has_protected_content"] is True


async def test_a_picture_arrives_silent_and_can_be_saved(
    messenger: TelegramMessenger, person: Person
) -> None:
    number = await messenger.send_picture(person.id, Picture(png(90, 60), "<b>Подсчёты</b>"))
    shown = await person.card()
    assert (shown.id, shown.text) == (number, "Подсчёты")
    assert "has_protected_content" not in shown.message
    assert [(size["width"], size["height"]) for size in shown.message["photo"]] == [(90, 60)]
    seen = await person.sandbox.ask("chat", chat=person.chat)
    assert seen["messages"][-1]["silent"] is True


async def test_a_document_arrives_silent_and_can_be_saved_as_it_was(
    messenger: TelegramMessenger, person: Person, sandbox: Sandbox
) -> None:
    data = bytes(range(256)) * 100
    number = await messenger.send_document(
        person.id, Document("case-3f9a1b2c.tropa", data, "<b>Дело</b>")
    )
    shown = await person.card()
    assert (shown.id, shown.text) == (number, "Дело")
    assert "has_protected_content" not in shown.message
    seen = await sandbox.ask("chat", chat=person.chat)
    assert seen["messages"][-1]["silent"] is True
    document = shown.message["document"]
    assert (document["file_name"], document["file_size"]) == ("case-3f9a1b2c.tropa", len(data))
    path = (await sandbox.call("getFile", file_id=document["file_id"]))["result"]["file_path"]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sandbox.file_url}{sandbox.token}/{path}") as saved,
    ):
        assert await saved.read() == data


async def test_a_document_that_cannot_be_sent_says_why(
    messenger: TelegramMessenger, person: Person, sandbox: Sandbox
) -> None:
    document = Document("case.tropa", b"x")
    await sandbox.fault("drop_before", count=1)
    with pytest.raises(Busy):
        await messenger.send_document(person.id, document)
    await person.block()
    with pytest.raises(Unreachable):
        await messenger.send_document(person.id, document)


async def test_an_edit_replaces_text_and_keys_and_an_equal_one_is_success(
    messenger: TelegramMessenger, person: Person
) -> None:
    number = await messenger.send(person.id, CARD)
    await messenger.edit(person.id, number, OTHER)
    await messenger.edit(person.id, number, OTHER)
    card = await person.card()
    assert card.text == "другое"
    assert card.buttons == ()


async def test_a_card_that_is_gone_is_lost(messenger: TelegramMessenger, person: Person) -> None:
    number = await messenger.send(person.id, CARD)
    await person.delete(number)
    with pytest.raises(Lost):
        await messenger.edit(person.id, number, OTHER)
    assert await messenger.delete(person.id, [number])


async def test_what_is_too_old_cannot_be_deleted_but_edited(
    messenger: TelegramMessenger, person: Person, sandbox: Sandbox
) -> None:
    number = await messenger.send(person.id, CARD)
    await sandbox.advance(timedelta(hours=49))
    assert not await messenger.delete(person.id, [number])
    await messenger.edit(person.id, number, OTHER)


async def test_a_blocked_unknown_or_deactivated_chat_is_unreachable(
    messenger: TelegramMessenger, person: Person
) -> None:
    number = await messenger.send(person.id, CARD)
    await person.block()
    with pytest.raises(Unreachable):
        await messenger.send(person.id, CARD)
    with pytest.raises(Unreachable):
        await messenger.edit(person.id, number, OTHER)
    with pytest.raises(Unreachable):
        await messenger.send(424242, CARD)
    await person.unblock()
    await person.deactivate()
    with pytest.raises(Unreachable):
        await messenger.send(person.id, CARD)


async def test_a_429_says_how_long_to_wait(
    messenger: TelegramMessenger, person: Person, sandbox: Sandbox
) -> None:
    await sandbox.fault("429", count=1, retry_after=7)
    with pytest.raises(Busy) as raised:
        await messenger.send(person.id, CARD)
    assert raised.value.retry_after == 7


@pytest.mark.parametrize("kind", ["500", "502", "503", "504", "drop_before", "drop_after"])
async def test_an_outage_is_busy_for_every_call(
    messenger: TelegramMessenger, person: Person, sandbox: Sandbox, kind: str
) -> None:
    number = await messenger.send(person.id, CARD)
    await sandbox.fault(kind)
    for call in (
        messenger.send(person.id, OTHER),
        messenger.edit(person.id, number, OTHER),
        messenger.delete(person.id, [number]),
        messenger.answer("1"),
    ):
        with pytest.raises(Busy):
            await call


async def test_an_answer_stops_the_spinner_and_a_late_one_is_no_error(
    messenger: TelegramMessenger, person: Person, sandbox: Sandbox
) -> None:
    number = await messenger.send(person.id, CARD)
    query = await person.tap_data("-000q", number, wait=None)
    await messenger.answer(query, "ё" * 300, alert=True)
    assert await person.toasts() == ["ё" * 200]
    await messenger.answer(query)
    old = await person.tap_data("-000q", number, wait=None)
    await sandbox.advance(151)
    await messenger.answer(old)
    await messenger.answer("no such query")


async def test_a_card_that_telegram_cannot_take_is_a_fault_of_ours_told_without_its_words(
    messenger: TelegramMessenger, person: Person
) -> None:
    for wrong in (Card("<b>тайна"), Card("тайна" * 1000), Card("т", ((Button("т", "x" * 65),),))):
        with pytest.raises(ValueError, match="Telegram refuses") as raised:
            await messenger.send(person.id, wrong)
        assert "тайна" not in str(raised.value)
