"""A line on which keys change hands while it is in use: `tropa rekey` as a program of its own, to
be killed, people who write, a volunteer who answers, and books of all that was said.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random

import psutil

from crypto.identity import Identity
from crypto.inbox import open_letter
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import Context, SealedRecord, Wrap, seal_record
from crypto.token import open_token
from desk.authors import read_desk_record
from desk.card import Card
from desk.casework import Casework
from desk.cli import terminal
from desk.client import Offline, Turned
from desk.desk import CARD, IDENTITY, Desk
from desk.home import Home
from desk.settings import Settings
from intake.case import Level, to_the_hour
from intake.records import LETTER, MESSAGE, REPLY, TOKEN, About, Letter, Message
from intake.roster import Roster
from storage.errors import StorageUnavailable
from storage.opening import Storage, open_storage
from storage.rows import DraftRow, Sealing, StoredCase
from tests.desk.age_files import quick_identity_file
from tests.many import Leaving, Sealed
from tests.promises.processes import BIN, plain_environment

PASSPHRASE = "four random test words"
PATIENCE = 60.0


@dataclass
class Program:
    """The lead's desk, as somebody uses it who closes the lid at any instant."""

    leaving: Leaving
    url: str
    folder: Path
    starts: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    workers: list[psutil.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        lead = self.leaving.house.lead
        home = Home(self.folder)
        home.write(IDENTITY, quick_identity_file(lead.seed, PASSPHRASE))
        home.write(CARD, Card.of("lead", lead).line().encode() + b"\n")
        (self.folder / "passphrase").write_text(PASSPHRASE + "\n")
        done = self.run("join", self.url, str(self.leaving.house.folder / "organisation.json"))
        assert done.returncode == 0, done.stderr

    @property
    def environment(self) -> dict[str, str]:
        return {
            **plain_environment(self.folder),
            "TROPA_HOME": str(self.folder),
            "TROPA_LANGUAGE": "en",
            "TROPA_PASSPHRASE_FILE": str(self.folder / "passphrase"),
        }

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(BIN / "tropa"), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def start(self) -> None:
        with (self.folder / "said").open("wb") as said:
            self.process = subprocess.Popen(
                [str(BIN / "tropa"), "rekey", "--yes"],
                env=self.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.starts += 1

    def interrupt(self, database: Path) -> tuple[int, str]:
        """Ctrl-C, which reaches the workers too; the exit code, and all that was said.

        Nothing is written until it was heard: on a fast machine all could be done before.
        """
        assert self.process is not None
        with closing(sqlite3.connect(database, timeout=PATIENCE)) as held:
            held.execute("BEGIN IMMEDIATE")
            os.killpg(self.process.pid, signal.SIGINT)
            self.workers = psutil.Process(self.process.pid).children(recursive=True)
            deadline = time.monotonic() + PATIENCE
            while "Stopping" not in self._said() and self.runs and time.monotonic() < deadline:
                time.sleep(0.01)
        code = self.process.wait(PATIENCE)
        return code, self._said()

    def _said(self) -> str:
        return (self.folder / "said").read_text()

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """The desk itself, and nothing else: its workers have to notice."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            self.workers = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()

    def left_behind(self) -> list[psutil.Process]:
        """Workers of a desk that was killed, which have not ended after a while."""
        return psutil.wait_procs(self.workers, timeout=PATIENCE)[1]


def waiting(database: Path) -> int:
    """How many cases wait for a new key; asked again where a server that was killed has left its
    log in a state that its successor is just clearing up."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with closing(sqlite3.connect(database, timeout=PATIENCE)) as connection:
                [[count]] = connection.execute("SELECT count(DISTINCT case_slot) FROM withdrawn")
                return int(count)
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def until_done(program: Program, database: Path, most: int, ends: float) -> None:
    """Until so many cases have their new key, or the program ended, or the time is over."""
    before, deadline = waiting(database), time.monotonic() + ends
    while program.runs and time.monotonic() < deadline and before - waiting(database) < most:
        time.sleep(0.005)


@dataclass
class Said:
    """What stands in a case beside what it came with. `perhaps`: no answer came, or a fault."""

    messages: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    perhaps: set[str] = field(default_factory=set)


class Life:
    """People who write into their cases, and Anna, who answers some of them, until `stop`."""

    def __init__(self, leaving: Leaving, sealed: list[Sealed], url: str, folder: Path) -> None:
        self._leaving, self._sealed, self._url, self._folder = leaving, sealed, url, folder
        self._dice = Random(7)
        self.said: dict[bytes, Said] = defaultdict(Said)
        self.stopped = False
        self.wrote = self.answered = 0

    async def run(self) -> None:
        storage = await open_storage(f"sqlite:///{self._leaving.house.folder / 'tropa.db'}")
        try:
            while not self.stopped:
                one = self._dice.choice(self._sealed)
                if self._dice.random() < 0.7:
                    await self._write(storage, one)
                else:
                    await asyncio.to_thread(self._answer, one)
                await asyncio.sleep(0.02)
        finally:
            await storage.close()

    async def _write(self, storage: Storage, one: Sealed) -> None:
        """As the server does when the person's message arrives."""
        now, text = datetime.now(UTC), f"сообщение {self._dice.getrandbits(64):x}"
        message = Message(language="ru", at=to_the_hour(now), text=text)
        draft = DraftRow(os.urandom(16), 1, now + timedelta(hours=1), b"draft")
        case_id = one.case.header.id

        def seal(place: Sealing, number: int) -> bytes:
            where = Context(case_id, number, MESSAGE, place.form, place.epoch)
            return seal_record(place.public_key, where, message.to_bytes()).data

        def promised(_: Level) -> datetime:
            return to_the_hour(now) + timedelta(days=1)

        try:
            assert await storage.drafts.put(draft, None)
            assert await storage.inboxes.write(one.case.inbox, draft.id, 1, seal, now, promised)
        except StorageUnavailable:  # somebody else writes for long: it is there or it is not
            self.said[case_id].perhaps.add(text)
            return
        self.said[case_id].messages.append(text)
        self.wrote += 1

    def _answer(self, one: Sealed) -> None:
        desk, case_id = self._desk(), one.case.header.id
        text = f"ответ {self._dice.getrandbits(64):x}"
        try:
            with desk.client(self._leaving.house.anna) as client:
                work = Casework.begin(desk, client, self._leaving.house.anna)
                case = work.take(case_id.hex())
                try:
                    work.reply(case, text)
                finally:
                    work.give_back(case_id.hex())
        except (Offline, Turned):  # the server is away, or the answer was lost on the way
            self.said[case_id].perhaps.add(text)
            return
        self.said[case_id].replies.append(text)
        self.answered += 1

    def _desk(self) -> Desk:
        desk = Desk(
            settings=Settings(self._folder, "en", None),
            clock=lambda: datetime.now(UTC),
            random=os.urandom,
            out=terminal(file=StringIO()),
            err=terminal(file=StringIO()),
            ask=lambda _: "",
            sleep=time.sleep,
        )
        desk.trust.pin(self._leaving.house.organisation)
        desk.home.write("server.json", b'{"url": "%s"}' % self._url.encode())
        return desk


async def check_all(
    leaving: Leaving, roster: Roster, sealed: list[Sealed], said: dict[bytes, Said]
) -> None:
    """No case is lost, each is whole under one new key, opens for each who stays, and holds what
    it held and what was said since."""
    storage = await open_storage(f"sqlite:///{leaving.house.folder / 'tropa.db'}")
    try:
        for one in sealed:
            case_id = one.case.header.id
            for name, identity in leaving.stay.items():
                stored = await storage.cases.fetch(case_id, identity.key_id)
                _check(leaving, roster, one, stored, identity, said[case_id], name)
            await _check_letters(storage, one, said[case_id])
    finally:
        await storage.close()


def _check(
    leaving: Leaving,
    roster: Roster,
    one: Sealed,
    stored: StoredCase,
    identity: Identity,
    said: Said,
    name: str,
) -> None:
    header = stored.header
    assert header.epoch == roster.epoch
    assert stored.public_key != one.key.public
    assert {*stored.openers} == {person.key_id for person in leaving.stay.values()}
    key = unwrap_case_key(identity, header.id, header.epoch, Wrap(stored.wrap))
    assert key.public == stored.public_key, name
    assert [part.number for part in stored.records] == list(range(len(stored.records)))
    found = Said()
    renewed = 0
    for part in stored.records:
        where = Context(header.id, part.number, part.kind, header.form, header.epoch)
        plain = open_record(key, where, SealedRecord(part.sealed))
        if part.number in one.plain:
            assert plain == one.plain[part.number]
        elif part.kind == MESSAGE:
            found.messages.append(Message.from_bytes(plain).text)
        else:
            place = (header.id.hex(), part.number, part.kind)
            record, author = read_desk_record(plain, *place, roster)
            assert author.state == "signed"
            renewed += record.about is About.REKEY
            found.replies += [record.text] if part.kind == REPLY else []
    assert renewed == 1
    assert [text for text in found.messages if text not in said.perhaps] == said.messages
    assert [text for text in found.replies if text not in said.perhaps] == said.replies
    assert stored.token is not None
    where = Context(header.id, 0, TOKEN, header.form, header.epoch)
    token = open_token(
        leaving.house.return_key, open_record(key, where, SealedRecord(stored.token))
    )
    assert token.case_id == header.id


async def _check_letters(storage: Storage, one: Sealed, said: Said) -> None:
    row = await storage.inboxes.get(one.case.inbox)
    assert row is not None
    texts = []
    for reply in row.replies:
        form = one.case.header.form
        where = Context(one.case.header.id, reply.number, LETTER, form, reply.epoch)
        texts.append(
            Letter.from_bytes(open_letter(one.inbox, where, SealedRecord(reply.sealed))).text
        )
    assert [text for text in texts if text not in said.perhaps] == said.replies


def kills(dice: Random, count: int, cases: int) -> Iterator[tuple[int, float, bool]]:
    """Instants: after how many cases of that start, how much later, and whether the server dies."""
    for _ in range(count):
        yield dice.randrange(1 + cases // count // 2), dice.random() * 0.05, dice.random() < 0.2
