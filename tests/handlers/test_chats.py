"""What a process remembers of chats: bounded, for half an hour, and shown nowhere."""

from datetime import UTC, datetime, timedelta

from handlers.chats import FORGET_AFTER, HIDE_AFTER, Chats

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "S" * 43


async def test_no_more_chats_are_remembered_than_are_allowed() -> None:
    chats = Chats(most=3)
    for number in range(10):
        chats.touch(number, NOON + timedelta(seconds=number))
    assert len(chats) == 3
    first = chats.touch(9, NOON)
    assert first.id == 9
    assert len(chats) == 3


async def test_a_chat_in_the_middle_of_something_is_not_shed() -> None:
    chats = Chats(most=1)
    first = chats.touch(1, NOON)
    async with first.lock:
        chats.touch(2, NOON)
        assert chats.touch(1, NOON) is first


async def test_a_card_is_untouched_after_a_quarter_of_an_hour() -> None:
    chats = Chats()
    chat = chats.touch(1, NOON)
    chat.card = 5
    assert chats.untouched(NOON + HIDE_AFTER - timedelta(seconds=1)) == []
    assert chats.untouched(NOON + HIDE_AFTER) == [chat]
    chat.hidden = True
    assert chats.untouched(NOON + HIDE_AFTER) == []


async def test_a_secret_is_forgotten_after_half_an_hour_and_the_card_is_not() -> None:
    chats = Chats()
    chat = chats.touch(1, NOON)
    chat.card, chat.secret = 5, SECRET
    chats.forget_secrets(NOON + FORGET_AFTER - timedelta(seconds=1))
    assert chat.secret == SECRET
    chats.forget_secrets(NOON + FORGET_AFTER)
    assert chat.secret == SECRET  # its card is not hidden yet, and needs it for that
    chat.hidden = True
    chats.forget_secrets(NOON + FORGET_AFTER)
    assert chat.secret is None
    assert chat.asleep
    assert chat.card == 5


async def test_a_touch_counts_from_anew() -> None:
    chats = Chats()
    for minute in range(0, 60, 10):
        chats.touch(1, NOON + timedelta(minutes=minute)).secret = SECRET
        chats.forget_secrets(NOON + timedelta(minutes=minute))
    assert chats.touch(1, NOON).secret == SECRET


async def test_a_chat_shows_neither_its_id_nor_its_secret() -> None:
    chat = Chats().touch(123456789, NOON)
    chat.secret = SECRET
    assert repr(chat) == "Chat()"
