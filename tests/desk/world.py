"""An organisation in small: real keys, a signed roster, a server with its queue, and desks.

Everything is the real part: SQLite on disk, signatures, HPKE, HTTP on loopback. Only the clock
is turned by hand. The server runs in a thread of its own, as another process would.
"""

import asyncio
import base64
import json
import os
import secrets
import threading
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from bot.counting import Counting
from bot.counts import CountsDesk
from bot.key_parts import key_parts
from crypto.envelope import read_unverified, sign_payload
from crypto.errors import NotTrusted
from crypto.identity import Identity
from crypto.inbox import InboxSecret, open_letter
from crypto.kdf import key_id
from crypto.keyfile import decrypt_seed
from crypto.padding import is_padded_size
from crypto.requests import verify_request
from crypto.sealing import (
    OVERHEAD,
    WRAP_BYTES,
    CaseKey,
    Context,
    SealedRecord,
    seal_record,
    wrap_case_key,
)
from crypto.tally import TallyKey
from crypto.token import TOKEN_BYTES, ReturnToken, seal_token
from desk.card import Card
from desk.cli import run, terminal
from desk.desk import CARD, IDENTITY, Desk
from desk.settings import Settings
from handlers.queue import queue_app
from handlers.queue_parts import Faults, Lengths, Parts
from intake.answers import Answers
from intake.case import CaseHeader, ContactRule, Level, to_the_hour
from intake.counts import Rules
from intake.errors import TropaError
from intake.ledger import Event, Kind
from intake.records import LETTER, MESSAGE, TOKEN, AnswersRecord, Letter, Message
from intake.roster import ROSTER_TYPE, Organisation, Role, Roster, digest
from intake.routing import contact_rule, route
from intake.triage import triage
from storage.errors import (
    Full,
    HeldByOther,
    Moved,
    NotWhole,
    NoWrap,
    StorageUnavailable,
    UnknownCase,
)
from storage.opening import Storage, open_storage
from storage.rosters import Withdrawn
from storage.rows import DraftRow, NewCase, Record, Sealing
from tests.databases import prepared_address
from tests.desk.age_files import quick_identity_file
from tests.organisation import form_of

FORM_FILE = Path(__file__).resolve().parent.parent.parent / "forms" / "default.yaml"
PASSPHRASE = "four random test words"
RETURN_KEY = b"\x5a" * 32
CHAT = 7_000_000_001
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_Result = TypeVar("_Result")


def identity_of(name: str) -> Identity:
    """The same identity for the same name, in every test."""
    return Identity((name.encode() * 32)[:32])


# scrypt takes two seconds on purpose: once for each file that a command makes is enough, and what
# only has to lie there is made with little of it.
age_file = cache(lambda identity: quick_identity_file(identity.seed, PASSPHRASE))
open_seed = cache(decrypt_seed)


@dataclass
class Time:
    """A clock turned by hand; `live`, the real one, for programs that have only that."""

    now: datetime = START
    live: bool = False

    def __call__(self) -> datetime:
        return datetime.now(UTC) if self.live else self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return " ".join((self.out + self.err).split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class DeskUser:
    """One person's desk: a folder, a passphrase file, and a terminal that is read afterwards."""

    home: Path
    time: Time
    language: str = "en"
    width: int = 100
    passphrase: str = PASSPHRASE
    typed: list[str] = field(default_factory=list)

    def settle(self, name: str = "") -> None:
        """Give the desk the identity of this name (otherwise the folder's), made once and kept."""
        identity = identity_of(name or self.home.name)
        self.home.mkdir()
        (self.home / IDENTITY).write_bytes(age_file(identity))
        (self.home / CARD).write_text(Card.of(name or self.home.name, identity).line())

    def run(self, *arguments: str, **changes: Any) -> Ran:
        desk = self.desk(**changes)
        code = run(arguments, desk)
        out, err = desk.out.file, desk.err.file
        assert isinstance(out, StringIO)
        assert isinstance(err, StringIO)
        return Ran(code, out.getvalue(), err.getvalue())

    def desk(self, **changes: Any) -> Desk:
        self.home.mkdir(parents=True, exist_ok=True)
        secret = self.home.parent / f"{self.home.name}.passphrase"
        secret.write_text(self.passphrase + "\n")
        settings = Settings(self.home, self.language, None if self.typed else secret)
        parts: dict[str, Any] = {
            "settings": settings,
            "clock": self.time,
            "random": os.urandom,
            "out": terminal(file=StringIO(), width=self.width),
            "err": terminal(file=StringIO(), width=self.width),
            "ask": lambda _: self.typed.pop(0),
            "sleep": lambda _: None,
            "open_seed": open_seed,
        }
        return Desk(**(parts | changes))


def held_file(user: DeskUser, case: str) -> Path:
    return user.home / "cases" / f"{case}.json"


class World:
    """A server on loopback, and everything an organisation has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = Time()
        self.form_bytes = FORM_FILE.read_bytes()
        self.form = form_of(self.form_bytes)
        self.signers = [identity_of("signer-1"), identity_of("signer-2"), identity_of("signer-3")]
        self.organisation = self._organisation()
        self.roster = self._first_roster()
        self.envelope: bytes | None = self.signed(self.roster)
        self.closed: TropaError | None = None
        self.keys: dict[str, CaseKey] = {}
        self.headers: dict[str, CaseHeader] = {}
        self.inboxes: dict[str, InboxSecret] = {}
        self.tokens: dict[str, bytes] = {}
        self.posted = 0
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._database = self.wait(prepared_address("sqlite", folder))
        self.storage: Storage = self.wait(open_storage(self._database))
        self.wait(self._take_up())
        self.runner: web.AppRunner = self.wait(self._serve())
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    def close(self) -> None:
        self.wait(self.runner.cleanup())
        self.wait(self.storage.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def wait(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    # The organisation

    def _organisation(self) -> Organisation:
        keys = tuple(base64.b64encode(one.signing_public).decode() for one in self.signers)
        return Organisation(name="Trail", website="https://trail.example", threshold=2, keys=keys)

    def _first_roster(self) -> Roster:
        roster = Roster(
            organisation="Trail",
            epoch=1,
            valid_until=START + timedelta(days=30),
            forms=(self.form.digest,),
        )
        people: list[tuple[str, Role, tuple[str, ...]]] = [
            ("anna", Role.VOLUNTEER, ("legal", "asylum")),
            ("boris", Role.VOLUNTEER, ("legal", "psych", "evacuation")),
            ("vera", Role.VOLUNTEER, ("medical",)),
            ("lead", Role.LEAD, ("information",)),
            ("counts", Role.COORDINATOR, ()),
            ("recovery", Role.RECOVERY, ()),
        ]
        for name, role, skills in people:
            card = Card.of(name, identity_of(name))
            roster = roster.with_member(card.member(role, skills, ("ru", "en")))
        return roster

    def signed(self, roster: Roster, signers: Iterable[Identity] | None = None) -> bytes:
        chosen = self.signers[:2] if signers is None else list(signers)
        return json.dumps(sign_payload(roster.to_payload(), ROSTER_TYPE, chosen)).encode()

    def put(self, roster: Roster, signers: Iterable[Identity] | None = None) -> None:
        """Make the server show this roster; one that counts, it writes into its record as well."""
        self.roster = roster
        self.envelope = self.signed(roster, signers)
        if signers is None:
            self.wait(self._take_up())

    # The server

    async def _serve(self) -> web.AppRunner:
        runner = web.AppRunner(queue_app(self.parts()), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    def restart(self) -> None:
        """The server ends and starts again: only what is on the disk is left."""
        self.wait(self.runner.cleanup())
        self.wait(self.storage.close())
        self.storage = self.wait(open_storage(self._database))
        self.runner = self.wait(self._serve())
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    def _in_force(self) -> Roster:
        if self.closed is not None:
            raise self.closed
        return self.roster

    def _posted(self) -> None:
        self.posted += 1

    async def _publish(self, data: bytes) -> int:
        """Without what `bot.line` asks of a roster: see its tests."""
        self.roster = Roster.from_payload(read_unverified(json.loads(data), ROSTER_TYPE))
        self.envelope = data
        await self._take_up()
        return self.roster.epoch

    async def _take_up(self) -> Withdrawn:
        roster = self.roster
        event = Event(
            kind=Kind.EPOCH, day=self.time().date(), epoch=roster.epoch, roster=digest(roster)
        )
        members = {key_id(member.sealing_key) for member in roster.members}
        revoked = {key_id(member.sealing_key) for member in roster.revoked}
        return await self.storage.rosters.take_up(event, {}, members, revoked, self.time())

    def take_up(self, roster: Roster) -> Withdrawn:
        """The server shows this roster, and withdraws the wraps of whoever is not on it."""
        self.roster = roster
        self.envelope = self.signed(roster)
        return self.wait(self._take_up())

    def parts(self) -> Parts:
        counting = Counting(self.form, TallyKey(RETURN_KEY), os.urandom)
        return Parts(
            verify=verify_request,
            key_id=key_id,
            cases=self.storage.cases,
            nonces=self.storage.nonces,
            roster=self._in_force,
            envelope=lambda: self.envelope,
            form=lambda digest: self.form_bytes if digest == self.form.digest else None,
            promised=self.form.urgency.targets.__getitem__,
            lengths=Lengths(lambda size: is_padded_size(size - OVERHEAD), WRAP_BYTES, TOKEN_BYTES),
            posted=self._posted,
            counting=counting,
            counts=CountsDesk(
                self.storage.counts,
                self.storage.cases,
                counting,
                Rules(),
                self._in_force,
                self.time,
            ).shown,
            clock=self.time,
            faults=Faults(
                NotTrusted,
                UnknownCase,
                HeldByOther,
                StorageUnavailable,
                Full,
                Moved,
                NoWrap,
                NotWhole,
            ),
            keys=key_parts(self.storage, self._publish),
        )

    # What the bot would do

    def submit(self, answers: Answers, to: Iterable[str] = ("anna", "boris")) -> str:
        """Seal a case as the server does, to these members; returns its id in hex."""
        key, case_id = CaseKey.new(os.urandom), secrets.token_bytes(16)
        header = self._header(case_id, answers)
        inbox = InboxSecret.new(os.urandom)
        record = AnswersRecord(self.form.digest, "ru", answers, inbox.public)
        wraps = {
            identity_of(name).key_id: wrap_case_key(
                key, identity_of(name).sealing_public, case_id, header.epoch
            ).data
            for name in to
        }
        sealed = self.seal(key.public, header, 0, record)
        back = ReturnToken(CHAT, 7, inbox.key_material, case_id)
        token = seal_token(RETURN_KEY, back, os.urandom)
        where = Context(case_id, 0, TOKEN, header.form, header.epoch)
        case = NewCase(
            header,
            key.public,
            inbox.id,
            [sealed],
            wraps,
            token=seal_record(key.public, where, token).data,
            place=inbox.place(CHAT),
        )
        self.wait(self._insert(case))
        self.keys[case_id.hex()], self.headers[case_id.hex()] = key, header
        self.inboxes[case_id.hex()], self.tokens[case_id.hex()] = inbox, token
        return case_id.hex()

    def header(self, case: str) -> CaseHeader:
        """As it was when the case came in."""
        return self.headers[case]

    def seal(self, public: bytes, header: CaseHeader, number: int, record: AnswersRecord) -> Record:
        context = Context(header.id, number, record.kind, header.form, header.epoch)
        return Record(number, record.kind, seal_record(public, context, record.to_bytes()).data)

    def add_answers(self, case: str, answers: Answers) -> None:
        """The whole answers after an early send."""
        case_id = bytes.fromhex(case)
        stored = self.wait(self.storage.cases.fetch(case_id, identity_of("anna").key_id))
        record = AnswersRecord(self.form.digest, "ru", answers)
        self.wait(
            self.storage.cases.append(
                case_id,
                record.kind,
                lambda _, number: (
                    self.seal(stored.public_key, stored.header, number, record).sealed
                ),
            )
        )

    def add(self, case: str, kind: str, plaintext: bytes) -> int:
        """Anything sealed into the case, as whoever has its public key can; returns its number."""
        header, numbers = self.headers[case], list[int]()

        def seal(_: Sealing, number: int) -> bytes:
            numbers.append(number)
            where = Context(header.id, number, kind, header.form, header.epoch)
            return seal_record(self.keys[case].public, where, plaintext).data

        self.wait(self.storage.cases.append(header.id, kind, seal))
        return numbers[-1]

    def write(self, case: str, text: str) -> None:
        """What the person adds later: it is our turn then."""
        header = self.headers[case]
        message = Message(language="ru", at=to_the_hour(self.time()), text=text)
        draft = DraftRow(secrets.token_bytes(16), 1, self.time() + timedelta(hours=1), b"draft")

        def seal(now: Sealing, number: int) -> bytes:
            where = Context(header.id, number, MESSAGE, now.form, now.epoch)
            return seal_record(now.public_key, where, message.to_bytes()).data

        def promised(level: Level) -> datetime:
            return to_the_hour(self.time()) + self.form.urgency.targets[level]

        inbox = self.inboxes[case].id
        assert self.wait(self.storage.drafts.put(draft, None))
        done = self.storage.inboxes.write(inbox, draft.id, 1, seal, self.time(), promised)
        assert self.wait(done)

    def allow(self, case: str, rule: ContactRule) -> None:
        """The person says anew when he may be written to."""
        self.wait(self.storage.inboxes.set_contact(self.inboxes[case].id, rule))

    def letters(self, case: str) -> list[Letter]:
        """The replies as the person reads them."""
        header, inbox = self.headers[case], self.inboxes[case]
        row = self.wait(self.storage.inboxes.get(inbox.id))
        assert row is not None
        found = []
        for reply in row.replies:
            where = Context(header.id, reply.number, LETTER, header.form, reply.epoch)
            found.append(Letter.from_bytes(open_letter(inbox, where, SealedRecord(reply.sealed))))
        return found

    def unreachable(self, case: str) -> None:
        """The person blocked the bot: nothing can be announced."""
        case_id = bytes.fromhex(case)
        due = self.wait(self.storage.outbox.due(self.time()))
        this = next(one for one in due if one.case_id == case_id)
        self.wait(self.storage.outbox.undeliverable(case_id, this.numbers, this.place))

    async def _insert(self, case: NewCase) -> None:
        row = DraftRow(secrets.token_bytes(16), 1, self.time() + timedelta(hours=24), b"draft")
        assert await self.storage.drafts.put(row, None)
        done = await self.storage.cases.submit(replace(row, revision=2, sealed=b"sent"), 1, case)
        assert done

    def _header(self, case_id: bytes, answers: Answers) -> CaseHeader:
        now = self.time()
        needs, urgency = route(self.form, answers, "ru", now), triage(self.form, answers, now)
        rule: ContactRule = contact_rule(self.form, answers, now)
        return CaseHeader(
            id=case_id,
            language="ru",
            level=urgency.level,
            skills=needs.skills,
            country=needs.country,
            contact=rule,
            received=to_the_hour(now),
            promised_by=now + urgency.promised,
            form=self.form.digest,
            epoch=self.roster.epoch,
        )

    # The desks

    def desk(self, name: str, **options: Any) -> DeskUser:
        """The desk of somebody who has an identity and has joined; made at the first call."""
        user = self.bare_desk(name, **options)
        if not (user.home / IDENTITY).exists():
            user.settle(name)
            joined = user.run("join", self.url, str(self.organisation_file))
            assert joined.code == 0, joined.all
        return user

    def bare_desk(self, name: str, **options: Any) -> DeskUser:
        return DeskUser(self.folder / f"home-{name}", self.time, **options)

    @property
    def organisation_file(self) -> Path:
        path = self.folder / "organisation.json"
        path.write_bytes(self.organisation.to_payload())
        return path


URGENT: Mapping[str, Any] = {
    "consent": "yes",
    "device": "mine",
    "danger": "days3",
    "who": "me",
    "status": "mobilised",
    "situation": "left",
    "documents": ("internal",),
    "case": ("a337",),
    "need": ("legal", "relocation"),
    "note": "Планка-7 не открывается",
}
CALM: Mapping[str, Any] = {
    "consent": "yes",
    "who": "relative",
    "danger": "no",
    "status": "reserve",
    "situation": "none",
    "need": ("information",),
}
