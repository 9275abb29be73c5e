"""A desk at work: its folder, clock, language and terminal, and the steps that commands share.

Built once for a run of the program; tests build one with a clock and a terminal of their own.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.console import Console

from crypto.errors import BadFormat, TooMuchWork, WrongPassphrase
from crypto.identity import Identity
from crypto.kdf import Random
from crypto.keyfile import asks_for_hours, decrypt_seed
from desk.card import Card
from desk.client import TIMEOUT, Client, checked_url
from desk.errors import DeskError
from desk.home import SMALL, Home, is_open_to_others, read_file
from desk.language import Language
from desk.passphrases import first_line, spellings
from desk.safe import lines, plain_json
from desk.screen import Screen
from desk.settings import Settings
from desk.trust import Trust
from desk.waiting import Heard, waiting
from intake.clock import Clock
from intake.questions import Form
from intake.roster import Roster

IDENTITY = "identity.age"
CARD = "identity.card"
SERVER = "server.json"


def no_terminal(_: str) -> bool:
    """Where nobody can be asked, silence is no consent."""
    raise DeskError("There is no terminal to ask for your consent. In a script, say --yes.")


def no_text(_: str) -> str:
    """Where nobody types, there is no text."""
    raise DeskError("There is no text: name a file with --file, or pipe it in with --file -.")


def no_line(_: str) -> str:
    """Where nobody types, a gap stays a gap."""
    return ""


@dataclass(slots=True)
class Desk:
    """What a command needs. `ask` reads a secret from the terminal, without echo;
    `confirm` asks whether to go on; `read_text` reads what is typed or piped, to its end, after
    showing a hint (none where it is piped); `read_line` asks for one line; `ask_words` reads words
    from paper as `ask` does, or from a pipe; `screen` is there where a terminal can forget what it
    showed.

    `open_seed` opens an identity file; it is slow on purpose, so whoever opens one file many
    times may pass a function that remembers.

    `quiet`: nobody is told that the server is slow. `asked`: the server was asked for something
    that changes what it has.
    """

    settings: Settings
    clock: Clock
    random: Random
    out: Console
    err: Console
    ask: Callable[[str], str]
    sleep: Callable[[float], None]
    open_seed: Callable[[bytes, str], bytes] = decrypt_seed
    confirm: Callable[[str], bool] = no_terminal
    read_text: Callable[[str], str] = no_text
    read_line: Callable[[str], str] = no_line
    ask_words: Callable[[str], str] | None = None
    screen: Callable[[], AbstractContextManager[Screen]] | None = None
    language: Language = field(init=False)
    home: Home = field(init=False)
    trust: Trust = field(init=False)
    failed: bool = False
    quiet: bool = False
    asked: bool = False

    def __post_init__(self) -> None:
        self.language = Language(self.settings.language)
        self.home = Home(self.settings.home)
        self.trust = Trust(self.home, self.clock)

    def say(self, msgid: str, **values: object) -> str:
        return self.language.say(msgid, **values)

    def tell(self, msgid: str, **values: object) -> None:
        """One line for the person at the desk."""
        _print(self.out, self.say(msgid, **values))

    def tell_json(self, data: Any) -> None:
        """For programs: unwrapped, and as harmless to a terminal as everything else."""
        self.out.print(plain_json(data, self.out.encoding), soft_wrap=True)

    def notice(self, msgid: str, **values: object) -> None:
        """For the person at the desk, where the output is for a program or a printer."""
        _print(self.err, self.say(msgid, **values))

    def show(self, sentence: str, style: str = "") -> None:
        """The same, of a sentence that was put together of others, or has to stand out."""
        _print(self.err, sentence, style)

    def warn(self, msgid: str, **values: object) -> None:
        _print(self.err, self.say(msgid, **values), style="yellow")

    def fail(self, error: Exception) -> None:
        """What keeps a command from being done, in her language."""
        _print(self.err, self.language.explain(error), style="bold red")

    def passphrase(self, prompt: str) -> str:
        """From TROPA_PASSPHRASE_FILE, its first line, or from the terminal."""
        source = self.settings.passphrase_file
        return self.ask(prompt) if source is None else first_line(read_file(source, SMALL), source)

    def words(self, prompt: str) -> str:
        """Words from paper, all on one line, where there is no screen for them."""
        return (self.ask_words or self.ask)(prompt)

    @contextmanager
    def busy(self, sentence: str) -> Iterator[None]:
        """Tells a person at a terminal what it is that takes so long, as long as it does.

        Written before and wiped after: the work holds the interpreter, so nothing could turn.
        """
        if not self.err.is_terminal or self.err.is_dumb_terminal:
            yield
            return
        # A line that is longer than the screen is wide could not be wiped.
        self.err.file.write(f"{sentence} ..."[: self.err.width - 1])
        self.err.file.flush()
        try:
            yield
        finally:
            self.err.file.write("\r\x1b[K")
            self.err.file.flush()

    def card(self) -> Card:
        data = self.home.read(CARD, SMALL)
        if data is None and os.path.lexists(self.home.path / IDENTITY):
            raise DeskError(
                "The card beside your identity ({path}) is missing. To make it anew from your "
                "key, run: tropa identity passphrase",
                path=self.home.path / CARD,
            )
        if data is None:
            raise DeskError("There is no identity on this machine yet. Run: tropa identity new")
        try:
            return Card.parse(data.decode("utf-8", "replace"))
        except DeskError as error:
            raise DeskError(
                "The card beside your identity ({path}) is damaged: {why} To make it anew from "
                "your key, run: tropa identity passphrase",
                path=self.home.path / CARD,
                why=error,
            ) from None

    def unlock(self) -> Identity:
        """The identity, with the passphrase."""
        data = self.home.read(IDENTITY, SMALL)
        if data is None:
            raise DeskError("There is no identity on this machine yet. Run: tropa identity new")
        typed = self.passphrase(self.say("Passphrase"))
        with self.busy(self.say("Opening your key: a second or two")):
            try:
                return Identity(self._opened(data, typed))
            except TooMuchWork:
                if asks_for_hours(data):
                    raise self._damaged() from None
                raise DeskError(
                    "This machine is too busy to open your key now. Close other programs and try "
                    "again."
                ) from None
            except BadFormat:
                raise self._damaged() from None

    def _damaged(self) -> DeskError:
        return DeskError(
            "The file {name} is damaged, or is no identity of Tropa. Restore it from a copy or "
            "from your 24 words: tropa identity restore --replace",
            name=self.home.path / IDENTITY,
        )

    def _opened(self, data: bytes, typed: str) -> bytes:
        for passphrase in spellings(typed):
            with suppress(WrongPassphrase):
                return self.open_seed(data, passphrase)
        raise DeskError(
            "The passphrase does not fit. Look at the keyboard layout and Caps Lock. If it is "
            "forgotten, or the file is damaged: with your 24 words run tropa identity restore "
            "--replace; without them make a new identity, and your organisation gives you access "
            "again (docs/guide-lost-laptop.md)."
        )

    @property
    def has_identity(self) -> bool:
        """Whether an identity, or what is left of one, lies on this machine."""
        return any(os.path.lexists(self.home.path / name) for name in (IDENTITY, CARD))

    @property
    def has_server(self) -> bool:
        """Whether this desk has joined a server, and not only an organisation."""
        return self.home.read(SERVER, SMALL) is not None

    def client(self, identity: Identity | None) -> Client:
        data = self.home.read(SERVER, SMALL)
        if data is None:
            self.trust.organisation()  # says that nothing was joined at all, where that is so
            raise DeskError(
                "This desk knows no server: it was joined without one. For this command run: "
                "tropa join URL organisation.json"
            )
        try:
            url = checked_url(str(json.loads(data or b"{}").get("url", "")))
        except (ValueError, AttributeError, DeskError):
            raise DeskError(
                "The server's address in the desk's folder is damaged. "
                "Run: tropa join URL organisation.json"
            ) from None
        return Client(url, self.clock, self.random, identity, self.settings.proxy, self._waiting)

    def _waiting(self, changes: bool) -> AbstractContextManager[Heard]:
        self.asked = self.asked or changes
        return waiting(self, TIMEOUT)

    def current_roster(self, client: Client) -> Roster:
        """The server's roster, checked; it must be good before anything else is asked."""
        return self.trust.accept(client.roster())

    def form_in_use(self, client: Client, roster: Roster) -> Form:
        return self.trust.form(roster.form, client.form)

    def warn_if_open(self) -> None:
        """To be called once an identity is on this disk."""
        path = self.home.path / IDENTITY
        if is_open_to_others(path):
            self.warn(
                "The disk with {path} keeps no permissions (FAT and exFAT do not): whoever uses "
                "this machine, or has the stick, can copy your identity, and then only the "
                "passphrase guards it. Let it be a long one, or set TROPA_HOME to a folder on the "
                "machine's own disk.",
                path=path,
            )


def _print(console: Console, sentence: str, style: str = "") -> None:
    console.print("\n".join(lines(sentence, console.width)), style=style, soft_wrap=True)


def desk_of(context: typer.Context) -> Desk:
    """The desk that `main` put into the context."""
    desk = context.obj
    assert isinstance(desk, Desk)
    return desk
