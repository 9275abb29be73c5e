"""Drives a sandbox from a test: people who write, tap and look, and the hands on its dials.

Everything goes over HTTP, so that it works alike on a sandbox in this process and in another.
"""

import base64
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp

from sandbox.cards import Card

Json = dict[str, Any]
Until = Literal["change", "answer", "deleted", "any"]
Medium = Literal[
    "photo", "document", "voice", "video_note", "video", "sticker", "location", "contact"
]

WAIT = 30.0


class SandboxError(Exception):
    """The sandbox refused; the message is its sentence."""


class NoReaction(AssertionError):
    """The bot did not react in time."""


class NoSuchButton(AssertionError):
    """The card has no such button; the message lists those it has."""


class Sandbox:
    """A connection to a running sandbox."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=300)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def api_url(self) -> str:
        """What python-telegram-bot calls `base_url`; the token is appended to it."""
        return f"{self.url}/bot"

    @property
    def file_url(self) -> str:
        """What python-telegram-bot calls `base_file_url`."""
        return f"{self.url}/file/bot"

    async def ask(self, route: str, **given: Any) -> Json:
        """One request to the control API."""
        assert self._session is not None, "use `async with Sandbox(...)`"
        async with self._session.post(f"{self.url}/sandbox/{route}", json=given) as response:
            body: Json = await response.json()
        if response.status != 200:
            raise SandboxError(body.get("error", f"status {response.status}"))
        return body

    async def call(self, method: str, **arguments: Any) -> Json:
        """A call to the Bot API as the bot would make it: the whole answer, refused or not."""
        assert self._session is not None, "use `async with Sandbox(...)`"
        url = f"{self.api_url}{self.token}/{method}"
        async with self._session.post(url, json=arguments) as response:
            answer: Json = await response.json()
            return answer

    # People

    async def person(
        self,
        language: str | None = "en",
        name: str = "",
        username: str | None = None,
        phone: str = "android",
        id: int | None = None,  # noqa: A002 - the word that the reader of a test expects
    ) -> "Person":
        made = await self.ask(
            "person", language=language, name=name, username=username, phone=phone, id=id
        )
        return Person(self, made["id"], made["id"])

    async def group(
        self, title: str, members: "list[Person]", kind: str = "supergroup", admin: bool = False
    ) -> int:
        """Make a group with the bot in it; returns the id of its chat."""
        numbers = [person.id for person in members]
        made = await self.ask("group", title=title, members=numbers, kind=kind, admin=admin)
        return int(made["id"])

    # Dials

    async def advance(self, time: float | timedelta) -> float:
        """Let time pass for the sandbox; returns its present, in seconds since the epoch."""
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        return float((await self.ask("clock", advance=seconds))["now"])

    async def now(self) -> float:
        return await self.advance(0)

    async def fault(
        self,
        kind: str,
        count: int | None = None,
        probability: float = 1.0,
        methods: tuple[str, ...] = (),
        skip: int = 0,
        seconds: float = 1.0,
        retry_after: int = 1,
    ) -> None:
        """Ask for a fault (kinds: `sandbox.faults`) on the next `count` calls, or by chance."""
        await self.ask(
            "fault",
            kind=kind,
            count=count,
            probability=probability,
            methods=list(methods),
            skip=skip,
            seconds=seconds,
            retry_after=retry_after,
        )

    async def clear_faults(self) -> None:
        await self.ask("fault", clear=True)

    async def limits(self, enabled: bool = True, **rates: tuple[float, float]) -> None:
        """Rates by name (`chat`, `group`, `overall`, `edits`) as (burst, per second)."""
        await self.ask("limits", enabled=enabled, **rates)

    async def hold(self, *lanes: str) -> None:
        """Keep `texts` or `taps` from arriving until they are released."""
        await self.ask("lanes", hold=list(lanes))

    async def release(self, *lanes: str) -> None:
        await self.ask("lanes", release=list(lanes))

    async def jitter(self, seconds: float, seed: int = 0) -> None:
        """Let texts and taps arrive up to `seconds` late, each lane in its own order."""
        await self.ask("lanes", jitter=seconds, seed=seed)

    async def inject(self, *updates: Json) -> list[int]:
        """Put raw updates into the bot's queue; returns their ids."""
        return list((await self.ask("inject", updates=list(updates)))["update_ids"])

    async def state(self) -> Json:
        """Counts: calls, refusals, ignored arguments, pending updates, unanswered taps."""
        return await self.ask("state")

    async def events(
        self,
        since: int = 0,
        chat: int = 0,
        kinds: tuple[str, ...] = (),
        timeout: float = 0,  # noqa: ASYNC109 - how long the sandbox waits, not this coroutine
        brief: bool = False,
    ) -> list[Json]:
        """What happened after `since`, waiting up to `timeout` seconds for the first."""
        body = await self.ask(
            "events", since=since, chat=chat, kinds=list(kinds), timeout=timeout, brief=brief
        )
        return list(body["events"])

    async def batch(self, acts: list[Json]) -> list[Json]:
        """Many acts at once, for load: `{"person", "do", …}` as the control API takes them."""
        return list((await self.ask("batch", acts=acts))["results"])

    async def reset(self) -> None:
        await self.ask("reset")


@dataclass(frozen=True)
class Person:
    """Somebody in one chat: the private one with the bot, or a group (`within`)."""

    sandbox: Sandbox
    id: int
    chat: int

    def within(self, group: int) -> "Person":
        """The same person in a group."""
        return Person(self.sandbox, self.id, group)

    async def act(self, do: str, wait: float | None = None, **given: Any) -> Json:
        body = await self.sandbox.ask(
            "act", person=self.id, chat=self.chat, do=do, wait=wait, **given
        )
        if wait and not body["reacted"]:
            raise NoReaction(f"the bot did not react to {do!r} within {wait} s")
        return body

    async def send(self, text: str, wait: float | None = WAIT, until: Until = "change") -> int:
        """Write a text and wait until the bot has sent or edited something; its message id."""
        body = await self.act("send", wait, text=text, until=until)
        return int(body["message_id"])

    async def attach(
        self,
        medium: Medium,
        data: bytes | None = None,
        wait: float | None = WAIT,
        until: Until = "change",
        **details: Any,
    ) -> int:
        """Send something that is not text; without `data` a small real sample."""
        if data is not None:
            details["data"] = base64.b64encode(data).decode()
        body = await self.act("send", wait, until=until, **{medium: details or True})
        return int(body["message_id"])

    async def edit(self, message_id: int, text: str, wait: float | None = WAIT) -> None:
        await self.act("edit", wait, message_id=message_id, text=text)

    async def tap(
        self, button: str | int, wait: float | None = WAIT, until: Until = "change"
    ) -> str:
        """Tap a button of the last card by its text, its place, or its data; the query's id."""
        card = await self.card()
        found = card.find(button)
        if found is None or found.data is None:
            raise NoSuchButton(f"no button {button!r}; there are {card.labels}")
        return await self.tap_data(found.data, card.id, wait, until)

    async def tap_data(
        self,
        data: str,
        message_id: int,
        wait: float | None = WAIT,
        until: Until = "change",
    ) -> str:
        """Tap a button that may be shown no longer, on a message that may be gone."""
        body = await self.act("tap", wait, message_id=message_id, data=data, until=until)
        return str(body["query"])

    async def clear(self, both: bool = False) -> None:
        """Clear the history, for herself or for both."""
        await self.act("clear", both=both)

    async def delete(self, message_id: int, both: bool = True) -> None:
        await self.act("delete", message_id=message_id, both=both)

    async def block(self) -> None:
        await self.act("block")

    async def unblock(self) -> None:
        await self.act("unblock")

    async def deactivate(self) -> None:
        await self.act("deactivate")

    async def messages(self) -> list[Card]:
        """Everything seen in the chat now, in order."""
        body = await self.sandbox.ask("chat", chat=self.chat)
        return [Card.read(item) for item in body["messages"]]

    async def card(self) -> Card:
        """The bot's last message in the chat."""
        cards = [card for card in await self.messages() if card.by_bot]
        if not cards:
            raise AssertionError("the bot has no message in this chat")
        return cards[-1]

    async def settled(self, quiet: float = 0.15, within: float = WAIT) -> list[Card]:
        """Wait until the bot is through with this chat; then what is seen."""
        body = await self.sandbox.ask("settle", chat=self.chat, quiet=quiet, timeout=within)
        if not body["settled"]:
            raise NoReaction(f"the chat did not come to rest within {within} s")
        return [Card.read(item) for item in body["chat"]["messages"]]

    async def toasts(self) -> list[str]:
        """The texts with which taps were answered, oldest first; empty answers left out."""
        events = await self.sandbox.events(chat=self.chat, kinds=("answered",))
        return [event["text"] for event in events if event["text"]]

    async def events(self, since: int = 0, kinds: tuple[str, ...] = ()) -> list[Json]:
        return await self.sandbox.events(since, self.chat, kinds)

    async def about(self) -> Json:
        """Name, descriptions and command menu as this person reads them."""
        return await self.sandbox.ask("about", person=self.id)
