"""The floors: the smallest bots that python-telegram-bot makes, in a process of their own.

A tap is answered, the message edited, and one row of 600 bytes committed with plain `sqlite3`.
Nothing is sealed, no draft is opened, no card is laid out. `stock` is the library exactly as it
comes; `lean` is the same with our HTTP client behind the library's own `BaseRequest`.
"""

import argparse
import itertools
import os
import sqlite3
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.http import AiohttpRequest

ROW = 600
KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Tap", callback_data="tap")]])

Context = ContextTypes.DEFAULT_TYPE


class BareBot:
    """Two handlers over one table."""

    def __init__(self, database: str) -> None:
        self._rows = sqlite3.connect(database)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("PRAGMA synchronous = FULL")
        self._rows.execute("CREATE TABLE taps (id INTEGER PRIMARY KEY, body BLOB)")
        self._count = itertools.count(1)

    async def start(self, update: Update, _context: Context) -> None:
        assert update.message is not None
        await update.message.reply_text("Hello", reply_markup=KEYBOARD)

    async def tap(self, update: Update, _context: Context) -> None:
        query = update.callback_query
        assert query is not None
        await query.answer()
        await query.edit_message_text(f"Tap {next(self._count)}", reply_markup=KEYBOARD)
        self._rows.execute("INSERT INTO taps (body) VALUES (?)", (os.urandom(ROW),))
        self._rows.commit()


def application(kind: str, url: str, token: str) -> "Application[Any, Any, Any, Any, Any, Any]":
    builder = Application.builder().token(token).base_url(f"{url}/bot")
    if kind == "lean":
        builder = builder.request(AiohttpRequest()).get_updates_request(AiohttpRequest())
    return builder.build()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("stock", "lean"))
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    bot, running = BareBot(given.database), application(given.kind, given.url, given.token)
    running.add_handler(CommandHandler("start", bot.start))
    running.add_handler(CallbackQueryHandler(bot.tap))
    running.run_polling()


if __name__ == "__main__":
    main()
