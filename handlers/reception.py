"""The front of the conversations: what is a volunteer's goes to her side, all else to the person's.

A volunteer's command from a chat that is not linked goes to the person's side untouched, like any
command that does not exist: nobody learns here that there are volunteers.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from handlers.boundary import Command, read
from handlers.volunteers import Volunteers


class Handler(Protocol):
    """The person's side, as `bot.updates` calls it."""

    async def handle(self, update: Mapping[str, Any]) -> None: ...
    async def finish(self, update: Mapping[str, Any]) -> None: ...
    async def give_up(self, update: Mapping[str, Any]) -> None: ...


class Reception:
    """`bot.updates.Handler` for everything that comes in."""

    def __init__(self, conversation: Handler, volunteers: Volunteers) -> None:
        self._conversation = conversation
        self._volunteers = volunteers

    async def handle(self, update: Mapping[str, Any]) -> None:
        event = read(update)
        if isinstance(event, Command) and await self._volunteers.answer(event):
            return
        await self._conversation.handle(update)

    async def finish(self, update: Mapping[str, Any]) -> None:
        """The chat looks as it should, whoever drew its card, and has the file it was promised."""
        event = read(update)
        try:
            if isinstance(event, Command):
                await self._volunteers.finish(event.update)
        finally:
            await self._conversation.finish(update)

    async def give_up(self, update: Mapping[str, Any]) -> None:
        await self._conversation.give_up(update)
