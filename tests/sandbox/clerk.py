"""A small bot for the chat page, and the first step with it."""

from typing import Any

from playwright.async_api import Page, expect

from sandbox.client import Sandbox
from tests.sandbox.talk import keyboard

Json = dict[str, Any]


class Clerk:
    """A small bot: one card, which says what was tapped or typed last; typed texts are removed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._cards: dict[int, int] = {}

    async def run(self) -> None:
        offset = 0
        while True:
            answer = await self._sandbox.call("getUpdates", offset=offset, timeout=20)
            for update in answer["result"]:
                offset = update["update_id"] + 1
                await self._handle(update)

    async def _handle(self, update: Json) -> None:
        if "callback_query" in update:
            query = update["callback_query"]
            answer = {"text": f"Saved {query['data']}", "show_alert": query["data"] == "alert"}
            await self._sandbox.call("answerCallbackQuery", callback_query_id=query["id"], **answer)
            await self._show(query["from"]["id"], f"You chose {query['data']}")
        elif "message" in update:
            message = update["message"]
            chat = message["chat"]["id"]
            place = {"chat_id": chat, "message_id": message["message_id"]}
            if message.get("text") != "/keep":
                await self._sandbox.call("deleteMessage", **place)
            await self._show(chat, f"<b>You wrote</b> {len(message.get('text', ''))} letters")

    async def _show(self, chat: int, text: str) -> None:
        keys = keyboard([("Yes", "yes"), ("No", "no")], [("Alert", "alert")])
        card = {"chat_id": chat, "text": text, "parse_mode": "HTML", "reply_markup": keys}
        if chat in self._cards:
            await self._sandbox.call("editMessageText", message_id=self._cards[chat], **card)
        else:
            sent = await self._sandbox.call("sendMessage", **card)
            self._cards[chat] = sent["result"]["message_id"]


async def begin(page: Page) -> None:
    await page.locator("#start").click()
    await expect(page.locator(".key")).to_have_count(3)
