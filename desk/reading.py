"""Opening a case in memory: what the person said, what was written since, what does not open.

Pure: bytes and a key in, values out. A record that does not open is named with its reason, and
never keeps the others from being read. Who wrote a desk's record is judged in `desk.authors`.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from crypto.errors import CryptoError, NotOpened, Truncated
from crypto.identity import Identity
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, Context, SealedRecord, Wrap
from crypto.token import TOKEN_BYTES
from desk.authors import Author as Author
from desk.authors import read_desk_record
from desk.errors import DeskError
from intake.answers import Answers
from intake.case import ContactRule
from intake.questions import Form
from intake.reading import Deadline, Line, deadlines, describe
from intake.records import (
    ANSWERS,
    INTAKE,
    MESSAGE,
    NOTE,
    REPLY,
    TOKEN,
    About,
    AnswersRecord,
    Message,
)
from intake.roster import Roster
from intake.shapes import Unreadable
from intake.triage import Urgency, triage
from intake.wire import CaseFile, Header, SealedPart

_RETURN_TOKEN = "the return token"

_TOLD = 20
"""Missing records that are named: a server may give the last one whatever number it likes, and
neither memory nor a page has room for all before it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a record (`number`), or with the case as a whole (None)."""

    number: int | None
    error: Exception


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as it stands in the exchange.

    `author` None: the person's own. `about` None: not written by a desk. `at`: the hour of it;
    None for answers, which carry no time. `value`, `past` as in `DeskRecord`. `reply`: what became
    of it.
    """

    number: int
    kind: str
    about: About | None
    at: datetime | None
    text: str = field(default="", repr=False)
    value: str | None = None
    author: Author | None = None
    reply: Literal["inbox", "waiting", "sent", "read", "unreachable"] | None = None
    past: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What opened of a case: the answers as first sent and as they stand now, and all since.

    `token`: the way back as the server sealed it for itself; nothing in it can be read here.
    `inbox`: the public key to which replies are sealed. `apart`: colleagues who were shown another
    past than this desk (`desk.gossip`), which says nothing against the case.
    """

    first: AnswersRecord | None
    latest: AnswersRecord | None
    exchange: tuple[Entry, ...]
    token: bytes | None = field(repr=False)
    inbox: bytes | None = field(repr=False)
    faults: tuple[Fault, ...]
    apart: tuple[Fault, ...] = ()

    @property
    def language(self) -> str | None:
        """The language in which the person answered, and is answered."""
        return None if self.latest is None else self.latest.language

    @property
    def answered(self) -> bool:
        """Whether a colleague has replied already, so that the codeword was told."""
        return any(
            entry.kind == REPLY and entry.author is not None and entry.author.is_hers
            for entry in self.exchange
        )


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One question as it stands now; `was` where a later record changed it, or `new` in it."""

    line: Line
    was: str | None = None
    new: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """A case in the reader's language. `contact`: as the person allows it now."""

    header: Header
    language: str
    urgency: Urgency
    contact: ContactRule
    deadlines: tuple[Deadline, ...]
    lines: tuple[Change, ...]


def case_key(case: CaseFile, identity: Identity) -> CaseKey:
    """The key of the case; `DeskError` if it is not wrapped to this identity."""
    header = case.header
    try:
        return unwrap_case_key(
            identity, bytes.fromhex(header.id), header.epoch, Wrap(base64.b64decode(case.wrap))
        )
    except NotOpened as error:
        raise DeskError(
            "Your identity does not open this case: {why}. Nothing of it can be read.",
            why=error,
        ) from None


def place(header: Header, number: int, kind: str) -> Context:
    """Where a record of this case belongs."""
    return Context(bytes.fromhex(header.id), number, kind, header.form, header.epoch)


def open_case(case: CaseFile, identity: Identity, roster: Roster | None = None) -> Contents:
    """Everything of the case that opens; `DeskError` if its key does not.

    `roster`: whose signatures count on what desks wrote; None: nobody's are known.
    """
    key = case_key(case, identity)
    faults = list(_faults_of_the_whole(case, key))
    answers: list[AnswersRecord] = []
    exchange: list[Entry] = []
    for part in case.records:
        try:
            plaintext = open_record(
                key, place(case.header, part.number, _known(part)), SealedRecord(part.data)
            )
            if part.kind in (INTAKE, ANSWERS):
                answers.append(_answers(case.header, part, plaintext))
                exchange.append(_sent(case.header, part))
            else:
                exchange.append(_written(case, part, plaintext, roster))
        except (CryptoError, Unreadable, DeskError) as error:
            faults.append(Fault(part.number, error))
    faults += _doubts(exchange)
    token, fault = _token(case, key)
    first = answers[0] if answers else None
    return Contents(
        first=first,
        latest=answers[-1] if answers else None,
        exchange=tuple(exchange),
        token=token,
        inbox=None if first is None else first.inbox,
        faults=(*faults, *fault),
    )


def _faults_of_the_whole(case: CaseFile, key: CaseKey) -> Iterator[Fault]:
    if base64.b64decode(case.public_key) != key.public:
        error = DeskError("the public key of the case was replaced: what is added now is lost")
        yield Fault(None, error)
    numbers = [part.number for part in case.records]
    if len(set(numbers)) != len(numbers) or numbers != sorted(numbers):
        yield Fault(None, DeskError("its records are doubled or out of order"))
    known, last = set(numbers), max(numbers, default=0)
    missing = (number for number in range(last + 1) if number not in known)
    for number in islice(missing, _TOLD):
        yield Fault(number, DeskError("record {n} is missing", n=number))


def _known(part: SealedPart) -> str:
    """The kind of the record, if it may stand at its place."""
    if part.kind not in (INTAKE, ANSWERS, MESSAGE, REPLY, NOTE):
        raise DeskError(
            "record {n} is of a kind this version does not know: update the desk", n=part.number
        )
    return part.kind


def _answers(header: Header, part: SealedPart, plaintext: bytes) -> AnswersRecord:
    record = AnswersRecord.from_bytes(plaintext, part.kind)
    if record.form != header.form:
        raise DeskError("record {n} was answered with another form", n=part.number)
    if (part.kind == INTAKE) != (part.number == 0):
        # Replies are sealed to the inbox that the first record names, and to no later one.
        raise DeskError("record {n} names another inbox than the first", n=part.number)
    return record


def _sent(header: Header, part: SealedPart) -> Entry:
    return Entry(part.number, part.kind, None, header.received if part.number == 0 else None)


def _written(case: CaseFile, part: SealedPart, plaintext: bytes, roster: Roster | None) -> Entry:
    if part.kind == MESSAGE:
        message = Message.from_bytes(plaintext)
        return Entry(part.number, part.kind, None, message.at, message.text)
    record, author = read_desk_record(plaintext, case.header.id, part.number, part.kind, roster)
    states = {reply.number: reply.state for reply in case.replies}
    return Entry(
        part.number,
        part.kind,
        record.about,
        record.at,
        "" if record.about is About.REKEY else record.text,  # the name of a key: see desk.growth
        record.value,
        author,
        states.get(part.number) if part.kind == REPLY else None,
        record.past,
    )


def _doubts(exchange: list[Entry]) -> Iterator[Fault]:
    """Records that open, but that no colleague wrote."""
    for entry in exchange:
        if entry.author is not None and entry.author.state == "unsigned":
            error = DeskError(
                "record {n} bears no signature: no colleague wrote it", n=entry.number
            )
            yield Fault(entry.number, error)
        if entry.author is not None and entry.author.state == "false":
            error = DeskError(
                "record {n} bears a false signature: somebody else wrote it, or moved it here",
                n=entry.number,
            )
            yield Fault(entry.number, error)


def _token(case: CaseFile, key: CaseKey) -> tuple[bytes | None, tuple[Fault, ...]]:
    if case.token is None:
        return None, ()
    try:
        sealed = SealedRecord(base64.b64decode(case.token))
        token = open_record(key, place(case.header, 0, TOKEN), sealed)
    except NotOpened as error:
        return None, (Fault(None, type(error)(_RETURN_TOKEN)),)
    if len(token) != TOKEN_BYTES:
        return None, (Fault(None, Truncated(_RETURN_TOKEN)),)
    return token, ()


def codeword(contents: Contents, form: Form) -> str | None:
    """The word he chose, so that he can tell us from an impostor; None where he chose none."""
    if contents.latest is None or form.contact is None or form.contact.codeword is None:
        return None
    word = contents.latest.answers.get(form.contact.codeword)
    return word if isinstance(word, str) and word else None


def read_case(
    header: Header, contents: Contents, form: Form, language: str, now: datetime
) -> Reading | None:
    """The case in `language`, or None where no answers opened."""
    if contents.first is None or contents.latest is None:
        return None
    before, answers = contents.first.answers, contents.latest.answers
    waited = max(timedelta(0), now - header.received)
    return Reading(
        header=header,
        language=contents.latest.language,
        urgency=triage(form, answers, now, waited),
        contact=ContactRule.parse(header.contact),
        deadlines=tuple(deadlines(form, answers, now)),
        lines=tuple(_changes(form, before, answers, language, now)),
    )


def _changes(
    form: Form, first: Answers, latest: Answers, language: str, now: datetime
) -> Iterator[Change]:
    """Both readings side by side; what only the first had is shown as taken back."""
    before = {line.question: line for line in describe(form, first, language, now)}
    after = {line.question: line for line in describe(form, latest, language, now)}
    for question in form.questions:
        line = after.get(question.id)
        then = before.get(question.id)
        if line is None:
            if then is not None and then.said:
                unsaid = replace(then, said=False, text=form.texts.unsaid.text(language))
                yield Change(unsaid, was=then.text)
        elif then is None or not then.said:
            yield Change(line, new=line.said)
        else:
            yield Change(line, was=then.text if then.text != line.text else None)
