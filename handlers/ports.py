"""What the conversations need done: the ports that the composition root fills with real parts.

Nothing here is implemented here. The types are the domain's, plus `Card`, which is what a person
sees: one message with its keyboard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from intake.case import ContactRule
from intake.draft import Draft
from intake.information import Card as Information
from intake.questions import Form
from intake.records import Letter


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


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it is sent, with a line of Telegram's HTML under it."""

    name: str
    data: bytes = field(repr=False)
    html: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG as it is sent, with Telegram's HTML under it."""

    data: bytes = field(repr=False)
    html: str = ""


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

    async def send(self, chat: int, card: Card, *, silent: bool = True) -> int:
        """Send a message; returns its id. Raises `Unreachable`.

        Only what a volunteer asked to be woken by is not silent.
        """

    async def send_document(self, chat: int, document: Document) -> int:
        """Send a file, silently, that may be saved; returns the message's id.

        Raises `Unreachable`.
        """

    async def send_picture(self, chat: int, picture: Picture) -> int:
        """Send a picture in the same way. Raises `Unreachable`."""

    async def edit(self, chat: int, message: int, card: Card) -> None:
        """Replace a message. Nothing to change is success. Raises `Lost`, `Unreachable`."""

    async def delete(self, chat: int, messages: Sequence[int]) -> bool:
        """Delete up to 100 messages; whether Telegram agreed (false when they are too old)."""

    async def answer(self, query: str, text: str = "", alert: bool = False) -> None:
        """Answer a tap. One that is too old is no error."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An unfinished interview as it lies sealed in the database, opened for one step.

    `inbox`: the secret of the inbox, where the answers so far were sent early.
    """

    draft: Draft
    revision: int
    inbox: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """What is left of a draft for a day after the case went in: enough for the receipt card.

    `code` is the receipt code, seven groups of four; None where it is not to be shown (again).
    """

    language: str
    inbox: str = field(repr=False)
    code: str | None = field(default=None, repr=False)


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
        """None when it expired, was erased, or the secret is not one.

        Where no draft is left but the case that it became, `Sent` without a code: a card of long
        ago still leads to the inbox.
        """

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


class Standing(StrEnum):
    """How far a case is, as the person may know it: without names, and without promises."""

    RECEIVED = "received"
    READING = "reading"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Inbox:
    """What the person's side of a case looks like; nothing of it is opened for this.

    `replies` are the numbers of all replies in order, `unread` those never opened. `here`: replies
    are announced in the chat that asked. `unfinished`: a message was begun and not sent.
    """

    language: str
    standing: Standing
    replies: tuple[int, ...]
    unread: tuple[int, ...]
    here: bool
    contact: ContactRule
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """The person's message that is not sent yet, opened for one step.

    `revision` changes with every change and does not begin anew for a day after sending, so that
    a key that sends never fits a later message. `seen`: the last update ids whose texts were taken
    in (`intake.draft.SEEN` of them). `sent`: the revision that was sent last. Both outlive the
    sending by a day: of an update that comes again nothing is taken in or sent twice.
    """

    text: str = field(default="", repr=False)
    revision: int = 0
    seen: tuple[int, ...] = field(default=(), repr=False)
    sent: int | None = None


class Erased:
    """The type of `ERASED`: an erase code was entered, and everything is gone."""


ERASED: Final = Erased()


class Inboxes(Protocol):
    """The person's side of the cases. `secret` is the inbox secret, 43 characters of base64url.

    A secret that is none, and a case that was erased, are the same: None or False. All may raise
    `intake.errors.StorageUnavailable`. What is done is committed when a method returns.
    """

    async def look(self, secret: str, chat: int) -> Inbox | None:
        """How the case stands, as seen from this chat."""

    async def letter(self, secret: str, number: int) -> Letter | None:
        """A reply, opened; it counts as read from then on. Again as often as it is asked for.

        None too where there is none of this number or it cannot be opened.
        """

    def reads(self, text: str) -> bool:
        """Whether this can be a code: the right count of digits, and a check digit that fits."""

    async def enter(self, code: str) -> str | Erased | None:
        """The inbox secret that a code opens. Costly, and the same for a code that leads nowhere.

        `ERASED` after an erase code, whose case is then gone.
        """

    async def issue(self, secret: str, nonce: str, *, erase: bool) -> str | None:
        """A new code, or a new erase code, in place of the former one of its kind.

        The same for the same `nonce`, 0 to 8 of a-z and 0-9.
        """

    async def standing_code(self, secret: str, nonce: str, *, erase: bool) -> str | None:
        """What `issue` would give for this nonce, where that code is in force already; None where
        another took its place, or none was made. Costs nothing and changes nothing.
        """

    async def compose(self, secret: str) -> Composed:
        """The unfinished message; an empty one of revision 0 where none was ever begun."""

    async def save_text(
        self, secret: str, text: str, update: int | None, expected: int
    ) -> Composed | None:
        """Seal `text` in place of what stands there, "" for nothing; `update` was taken in.

        None when another revision than `expected` stands there, or the case is gone.
        """

    async def send_text(self, secret: str, expected: int) -> bool:
        """The unfinished message becomes a record of the case; what is left of it is empty.

        False when another revision than `expected` stands there, the text is empty or longer than
        `intake.records.LONGEST`, or the case is gone. Raises `intake.errors.NoRoom`.
        """

    async def set_contact(self, secret: str, rule: ContactRule) -> bool:
        """When the person may be written to, from now on."""

    async def announce(self, secret: str, chat: int, message: int, *, stays: bool = False) -> bool:
        """Replies are announced in this chat from now on, in place of this message.

        With `stays` that was said before and it is the message that is new: where the person said
        another chat meanwhile, nothing changes.
        """

    async def erase(self, secret: str) -> bool:
        """Erase the case with everything beside it; whether there was one."""


class Line(Protocol):
    """Whether intake is open, and with which form."""

    @property
    def form(self) -> Form: ...

    @property
    def library(self) -> Mapping[str, Information]: ...

    @property
    def website(self) -> str: ...

    def is_open(self) -> bool: ...
