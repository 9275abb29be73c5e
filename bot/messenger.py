"""Telegram, as the conversations need it: `handlers.ports.Messenger` on python-telegram-bot.

It turns the library's errors into the four a conversation can act on. It neither queues nor
retries: who knows what the chat should show by then decides that.
"""

from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from handlers.ports import Busy, Card, Lost, Unreachable

T = TypeVar("T")

_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)

# Telegram names its refusals in sentences; these are the ones a conversation must tell apart.
_NOTHING_TO_DO: Final = ("message is not modified", "query is too old", "query id is invalid",
                         "message to delete not found")  # fmt: skip
_LOST: Final = ("message to edit not found", "message can't be edited", "message_id_invalid")
_UNREACHABLE: Final = ("chat not found", "user is deactivated", "peer_id_invalid")
_TOO_OLD: Final = ("message can't be deleted",)


class TooOld(Exception):
    """Telegram does not let a bot delete this message any more."""


class TelegramMessenger:
    """Sends silently, forbids forwarding and saving, shows no link previews."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def send(self, chat: int, card: Card) -> int:
        """See `Messenger.send`."""
        sent = await _understood(
            self._bot.send_message(
                chat,
                card.html,
                parse_mode="HTML",
                reply_markup=_keyboard(card),
                disable_notification=True,
                protect_content=True,
                link_preview_options=_NO_PREVIEW,
            )
        )
        if sent is None:
            raise Busy
        return sent.message_id

    async def edit(self, chat: int, message: int, card: Card) -> None:
        """See `Messenger.edit`."""
        await _understood(
            self._bot.edit_message_text(
                card.html,
                chat_id=chat,
                message_id=message,
                parse_mode="HTML",
                reply_markup=_keyboard(card),
                link_preview_options=_NO_PREVIEW,
            )
        )

    async def delete(self, chat: int, messages: Sequence[int]) -> bool:
        """See `Messenger.delete`."""
        try:
            await _understood(self._bot.delete_messages(chat, list(messages)))
        except TooOld:
            return False
        return True

    async def answer(self, query: str, text: str = "", alert: bool = False) -> None:
        """See `Messenger.answer`."""
        await _understood(
            self._bot.answer_callback_query(query, text[:200] or None, show_alert=alert or None)
        )


async def _understood(call: Awaitable[T]) -> T | None:
    """The call's result; None where Telegram says that there is nothing to do."""
    try:
        return await call
    except RetryAfter as error:
        seconds = error.retry_after
        raise Busy(seconds if isinstance(seconds, int) else seconds.total_seconds()) from None
    except (Forbidden, ChatMigrated):
        raise Unreachable from None
    except BadRequest as error:
        _refused(error.message.lower())
        return None
    except TelegramError:
        raise Busy from None


def _refused(sentence: str) -> None:
    if any(known in sentence for known in _NOTHING_TO_DO):
        return
    if any(known in sentence for known in _LOST):
        raise Lost from None
    if any(known in sentence for known in _UNREACHABLE):
        raise Unreachable from None
    if any(known in sentence for known in _TOO_OLD):
        raise TooOld from None
    # Not repeated here: Telegram's sentence may quote what we sent.
    raise ValueError("Telegram refuses what was sent")


def _keyboard(card: Card) -> InlineKeyboardMarkup | None:
    if not card.keyboard:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(button.label, callback_data=button.data) for button in row]
            for row in card.keyboard
        ]
    )
