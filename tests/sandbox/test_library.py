"""python-telegram-bot, unchanged, against the sandbox."""

import io
import json

import pytest
import telegram
from telegram import BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.request import HTTPXRequest

from sandbox import samples
from sandbox.client import Sandbox
from tests.sandbox.talk import started


def keys(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=label.lower()) for label in labels]]
    )


async def test_the_bot_knows_itself(bot: telegram.Bot) -> None:
    assert (bot.id, bot.username, bot.first_name) == (42, "tropa_sandbox_bot", "Sandbox")


async def test_a_wrong_token_and_an_unknown_method_are_refused(
    sandbox: Sandbox, bot: telegram.Bot
) -> None:
    async with HTTPXRequest() as request:
        stranger = telegram.Bot("42:wrong", base_url=sandbox.api_url, request=request)
        with pytest.raises(InvalidToken):
            await stranger.get_me()
    assert await sandbox.call("makeCoffee") == {
        "ok": False,
        "error_code": 404,
        "description": "Not Found",
    }
    assert (await sandbox.call("GETme"))["ok"]


async def test_a_tap_is_answered_and_the_card_edited(sandbox: Sandbox, bot: telegram.Bot) -> None:
    person = await started(sandbox)
    sent = await bot.send_message(
        person.id, "<b>Choose</b>", parse_mode="HTML", reply_markup=keys("A", "B")
    )
    assert sent.entities[0].type == "bold"
    assert sent.reply_markup == keys("A", "B")
    await person.tap("B", wait=None)
    [update] = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert query.data == "b"
    await query.answer("Noted", show_alert=True)
    await query.edit_message_text("Done", reply_markup=keys("C"))
    card = await person.card()
    assert (card.text, card.labels) == ("Done", ["C"])
    [answered] = await sandbox.events(kinds=("answered",))
    assert (answered["text"], answered["alert"]) == ("Noted", True)
    with pytest.raises(BadRequest, match="Query is too old"):
        await query.answer()
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("Done", person.id, sent.message_id, reply_markup=keys("C"))


async def test_messages_are_deleted_one_by_one_and_together(
    sandbox: Sandbox, bot: telegram.Bot
) -> None:
    person = await started(sandbox)
    numbers = [(await bot.send_message(person.id, str(n))).message_id for n in range(4)]
    assert await bot.delete_message(person.id, numbers[0])
    assert await bot.delete_messages(person.id, [*numbers[1:], 999])
    assert [card.text for card in await person.messages()] == ["/start"]
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(person.id, numbers[0])


async def test_files_go_up_and_come_down(sandbox: Sandbox, bot: telegram.Bot) -> None:
    person = await started(sandbox)
    sent = await bot.send_document(
        person.id, io.BytesIO("таблица".encode()), filename="counts.csv", caption="<i>c</i>",
        parse_mode="HTML",
    )  # fmt: skip
    assert sent.document is not None
    assert (sent.document.file_name, sent.caption) == ("counts.csv", "c")
    got = await (await bot.get_file(sent.document.file_id)).download_as_bytearray()
    assert bytes(got).decode() == "таблица"
    picture = await bot.send_photo(person.id, samples.png(8, 6), caption="p")
    assert (picture.photo[-1].width, picture.photo[-1].height) == (8, 6)
    with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
        await bot.send_photo(person.id, b"no picture")
    with pytest.raises(BadRequest, match=r"(?i)photo_invalid_dimensions"):
        await bot.send_photo(person.id, samples.png(210, 10))
    with pytest.raises(BadRequest, match=r"[Ii]nvalid file_id"):
        await bot.get_file("nothing")
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_document(person.id, "nothing")


async def test_what_people_attach_can_be_fetched(sandbox: Sandbox, bot: telegram.Bot) -> None:
    person = await started(sandbox)
    await person.attach("voice", wait=None)
    await person.attach("photo", data=samples.png(5, 4), caption="here", wait=None)
    voice, photo = await bot.get_updates()
    assert voice.message is not None
    assert voice.message.voice is not None
    heard = await (await voice.message.voice.get_file()).download_as_bytearray()
    assert heard.startswith(b"OggS")
    assert photo.message is not None
    assert photo.message.caption == "here"
    assert photo.message.photo[-1].width == 5


async def test_texts_and_commands_are_kept_by_language(sandbox: Sandbox, bot: telegram.Bot) -> None:
    await bot.set_my_name("Tropa")
    await bot.set_my_name("Тропа", language_code="ru")
    await bot.set_my_description("Описание", language_code="ru")
    await bot.set_my_short_description("Short")
    english = [BotCommand("start", "Begin")]
    russian = [BotCommand("start", "Начать"), BotCommand("hide", "Скрыть")]
    await bot.set_my_commands(english)
    await bot.set_my_commands(russian, language_code="ru")
    assert (await bot.get_my_name("ru")).name == "Тропа"
    assert (await bot.get_my_name("de")).name == "Tropa"
    assert (await bot.get_my_description("ru")).description == "Описание"
    assert (await bot.get_my_short_description()).short_description == "Short"
    assert await bot.get_my_commands(language_code="ru") == tuple(russian)
    assert await bot.get_my_commands(language_code="de") == ()
    masha, john = await sandbox.person("ru"), await sandbox.person("en")
    about = await masha.about()
    assert (about["name"], about["description"]) == ("Тропа", "Описание")
    assert [item["command"] for item in about["commands"]] == ["start", "hide"]
    assert [item["description"] for item in (await john.about())["commands"]] == ["Begin"]
    await bot.set_my_commands([BotCommand("counts", "Counts")], BotCommandScopeChat(john.id))
    assert [item["command"] for item in (await john.about())["commands"]] == ["counts"]
    await bot.delete_my_commands(BotCommandScopeChat(john.id))
    assert [item["command"] for item in (await john.about())["commands"]] == ["start"]


async def test_bad_commands_and_languages_are_refused(bot: telegram.Bot) -> None:
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Ёлка", "x")])
    with pytest.raises(BadRequest, match=r"(?i)invalid language code"):
        await bot.set_my_name("x", language_code="russian")


async def test_faults_become_the_librarys_errors(
    sandbox: Sandbox, bot: telegram.Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # else the library warns of a change to come
    person = await started(sandbox)
    await sandbox.fault("429", count=1, retry_after=3)
    with pytest.raises(RetryAfter):
        await bot.send_message(person.id, "x")
    for kind in ("500", "502", "drop_before", "drop_after"):
        await sandbox.fault(kind, count=1)
        with pytest.raises(NetworkError):
            await bot.send_message(person.id, kind)
    assert [card.text for card in await person.messages()] == ["/start", "drop_after"]
    await person.block()
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(person.id, "x")


async def test_webhook_and_polling_exclude_each_other(sandbox: Sandbox, bot: telegram.Bot) -> None:
    await bot.set_webhook("https://example.org/hook", secret_token="s", max_connections=5)
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections) == ("https://example.org/hook", 5)
    with pytest.raises(Conflict):
        await bot.get_updates()
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_every_kind_of_message_is_read_by_the_library(
    sandbox: Sandbox, bot: telegram.Bot
) -> None:
    person = await started(sandbox)
    first = await person.send("text", wait=None)
    await person.edit(first, "edited", wait=None)
    for medium in ("document", "video_note", "video", "sticker", "location", "contact"):
        await person.attach(medium, wait=None)
    await person.block()
    updates = await bot.get_updates()
    assert len(updates) == 9
    for update in updates:
        assert json.loads(update.to_json())["update_id"] == update.update_id
    assert updates[1].edited_message is not None
    assert updates[-1].my_chat_member is not None
    assert updates[-1].my_chat_member.new_chat_member.status == "kicked"


async def test_chats_are_described_and_left(sandbox: Sandbox, bot: telegram.Bot) -> None:
    person = await started(sandbox)
    group = await sandbox.group("Friends", [person])
    assert (await bot.get_chat(person.id)).type == "private"
    assert (await bot.get_chat(group)).title == "Friends"
    assert await bot.leave_chat(group)
    with pytest.raises(Forbidden):
        await bot.send_message(group, "x")


async def test_a_logged_out_bot_is_unauthorized(sandbox: Sandbox, bot: telegram.Bot) -> None:
    assert await bot.log_out()
    with pytest.raises(InvalidToken):
        await bot.get_me()
