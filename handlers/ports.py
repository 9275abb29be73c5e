"""What the conversations need done: the ports that the composition root fills with real parts.

Nothing here is implemented here. The types are the domain's, plus `Card`, which is what a person
sees: one message with its keyboard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from intake.draft import Draft
from intake.information import Card as Information
from intake.questions import Form


@dataclass(frozen=True, slots=True)
class Button:
    """One key of an inline keyboard: a label, and at most 64 bytes of data."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Card:
    """One message: Telegram's HTML and the rows of its keyboard."""

    html: str
    keyboard: tuple[tuple[Button, ...], ...] = ()


class Unreachable(Exception):
    """The chat cannot be written to: blocked, deactivated or gone. Forget it."""


class Lost(Exception):
    """The message to edit is no longer there: the person deleted it."""


class Busy(Exception):
    """Telegram did not take it now: a limit, an outage, a broken connection. Try later."""

    def __init__(self, retry_after: float = 0.0) -> None:
        super().__init__()
        self.retry_after = retry_after


class Messenger(Protocol):
    """Telegram, as far as a conversation needs it. Every method may raise `Busy`."""

    async def send(self, chat: int, card: Card) -> int:
        """Send a silent message; returns its id. Raises `Unreachable`."""

    async def edit(self, chat: int, message: int, card: Card) -> None:
        """Replace a message. Nothing to change is success. Raises `Lost`, `Unreachable`."""

    async def delete(self, chat: int, messages: Sequence[int]) -> bool:
        """Delete up to 100 messages; whether Telegram agreed (false when they are too old)."""

    async def answer(self, query: str, text: str = "", alert: bool = False) -> None:
        """Answer a tap. One that is too old is no error."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An unfinished interview as it lies sealed in the database, opened for one step."""

    draft: Draft
    revision: int


@dataclass(frozen=True, slots=True)
class Sent:
    """What is left of a draft for a day after the case went in: enough for the closing card."""

    language: str
    inbox: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A draft to be made a case, and the chat and card that a reply will need to find."""

    secret: str = field(repr=False)
    draft: Draft
    expected: int
    chat: int = field(repr=False)
    card: int = field(repr=False)
    early: bool


class Drafts(Protocol):
    """Sealed drafts and what becomes of them; all may raise `intake.errors.StorageUnavailable`."""

    def new_secret(self) -> str:
        """A fresh draft secret, 43 characters of base64url."""

    async def open(self, secret: str) -> Stored | Sent | None:
        """None when it expired, was erased, or the secret is not one."""

    async def save(self, secret: str, draft: Draft, expected: int | None) -> Stored | None:
        """Seal and commit durably; None when another revision stands there now, or the secret is
        not one."""

    async def submit(self, submission: "Submission") -> Sent | Stored | None:
        """Make it a case, or add to the case it became; None when another revision stands there.

        An early one returns the draft that goes on (`Stored`), the last one returns `Sent`.
        Raises `intake.errors.LineClosed` when no roster allows it.
        """

    async def erase(self, secret: str) -> None:
        """Forget the draft, and the case it became, if it became one."""

    async def erase_case(self, inbox: str) -> bool:
        """Erase the case that this inbox secret belongs to; whether there was one."""


class Line(Protocol):
    """Whether intake is open, and with which form."""

    @property
    def form(self) -> Form: ...

    @property
    def library(self) -> Mapping[str, Information]: ...

    @property
    def website(self) -> str: ...

    def is_open(self) -> bool: ...
