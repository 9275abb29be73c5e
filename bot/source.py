"""Asking Telegram for updates, and telling it how we want them and what our commands are.

Updates come as plain data: parsed by the library, one odd update would sink its whole batch, and
the names and usernames in it would live on in objects.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from telegram import Bot, BotCommand
from telegram.error import TelegramError

from bot.http import AiohttpRequest
from handlers.boundary import ALLOWED_UPDATES
from handlers.menu import COMMANDS, DESCRIPTION, SHORT_DESCRIPTION
from handlers.texts import SOURCE, Texts

log = logging.getLogger("tropa.telegram")

LONGEST_PAUSE: Final = 30.0

_ADVICE: Final = {
    401: "Telegram does not know this token. Check TELEGRAM_TOKEN.",
    404: "Telegram does not know this token. Check TELEGRAM_TOKEN and TELEGRAM_API_URL.",
    409: "Another program asks for this bot's updates. Stop it, or remove its webhook.",
}


class UpdateSource:
    """`bot.updates.Source` over `getUpdates`; rides out whatever goes wrong on the way."""

    def __init__(
        self, url: str, request: AiohttpRequest, pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self._url = f"{url}/getUpdates"
        self._request = request
        self._pause = pause
        self._failures = 0

    async def fetch(self, offset: int | None, seconds: int) -> Sequence[Mapping[str, Any]]:
        """Updates from `offset` on; nothing after a failure, and not before a while."""
        asked = {"timeout": seconds, "limit": 100, "allowed_updates": ALLOWED_UPDATES}
        if offset is not None:
            asked["offset"] = offset
        try:
            status, answer = await self._ask(asked, seconds + 10.0)
        except TelegramError as error:
            await self._failed(f"Telegram cannot be reached ({error.message}).", 0.0)
            return []
        found = _updates(status, answer)
        if found is None:
            sentence = _ADVICE.get(status, f"Telegram answers with status {status}.")
            await self._failed(sentence, _retry_after(answer))
            return []
        if self._failures:
            log.info("Telegram answers again")
        self._failures = 0
        return found

    async def confirm(self, offset: int) -> None:
        """See `bot.updates.Source.confirm`."""
        with contextlib.suppress(TelegramError):
            await self._ask({"timeout": 0, "limit": 1, "offset": offset}, 5.0)

    async def _ask(self, asked: Mapping[str, Any], seconds: float) -> tuple[int, bytes]:
        body = {"data": json.dumps(asked), "headers": {"Content-Type": "application/json"}}
        return await self._request.send(self._url, "POST", body, seconds)

    async def _failed(self, sentence: str, retry_after: float) -> None:
        if self._failures == 0:
            log.warning("%s Trying again.", sentence)
        self._failures += 1
        await self._pause(max(retry_after, min(2.0 ** (self._failures - 2), LONGEST_PAUSE)))


def _updates(status: int, answer: bytes) -> list[Mapping[str, Any]] | None:
    if status != 200:
        return None
    try:
        result = json.loads(answer).get("result")
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(result, list):
        return None
    return [update for update in result if isinstance(update, dict)]


def _retry_after(answer: bytes) -> float:
    try:
        return float(json.loads(answer)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0.0


async def introduce(bot: Bot, texts: Texts, languages: Sequence[str]) -> None:
    """Set commands and descriptions in every language; the source language serves all others."""
    for language in languages:
        say = texts.say(language)
        code = None if language == SOURCE else language
        commands = [BotCommand(name, say(meaning)) for name, meaning in COMMANDS.items()]
        try:
            await asyncio.gather(
                bot.set_my_commands(commands, language_code=code),
                bot.set_my_description(say(DESCRIPTION), language_code=code),
                bot.set_my_short_description(say(SHORT_DESCRIPTION), language_code=code),
            )
        except TelegramError as error:
            log.warning("commands could not be set (%s)", type(error).__name__)
            return
