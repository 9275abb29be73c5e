"""Opening a case in memory: what the person said, what changed, and which records do not open.

Pure: bytes and a key in, values out. A record that does not open is named with its reason, and
never keeps the others from being read.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crypto.errors import CryptoError, NotOpened
from crypto.identity import Identity
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, Context, SealedRecord, Wrap
from desk.errors import DeskError
from intake.answers import Answers
from intake.case import ContactRule
from intake.questions import Form
from intake.reading import Deadline, Line, deadlines, describe
from intake.records import ANSWERS, INTAKE, AnswersRecord
from intake.routing import contact_rule
from intake.shapes import Unreadable
from intake.triage import Urgency, triage
from intake.wire import CaseFile, Header, SealedPart


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a record (`number`), or with the case as a whole (None)."""

    number: int | None
    error: Exception


@dataclass(frozen=True, slots=True)
class Contents:
    """What opened of a case: the answers as first sent, and as they stand now."""

    first: AnswersRecord | None
    latest: AnswersRecord | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One question as it stands now; `was` where a later record changed it, or `new` in it."""

    line: Line
    was: str | None = None
    new: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """A case in the reader's language."""

    header: Header
    language: str
    urgency: Urgency
    contact: ContactRule
    deadlines: tuple[Deadline, ...]
    lines: tuple[Change, ...]


def open_case(case: CaseFile, identity: Identity) -> Contents:
    """Everything of the case that opens; `DeskError` if its key does not."""
    header = case.header
    try:
        key = unwrap_case_key(
            identity, bytes.fromhex(header.id), header.epoch, Wrap(base64.b64decode(case.wrap))
        )
    except NotOpened as error:
        raise DeskError(
            "Your identity does not open this case: {why}. Nothing of it can be read.",
            why=error,
        ) from None
    faults = list(_faults_of_the_whole(case, key))
    opened: list[AnswersRecord] = []
    for part in case.records:
        try:
            record = _open(key, header, part)
        except (CryptoError, Unreadable, DeskError) as error:
            faults.append(Fault(part.number, error))
        else:
            opened.append(record)
    return Contents(
        first=opened[0] if opened else None,
        latest=opened[-1] if opened else None,
        faults=tuple(faults),
    )


def _faults_of_the_whole(case: CaseFile, key: CaseKey) -> Iterator[Fault]:
    if base64.b64decode(case.public_key) != key.public:
        error = DeskError("the public key of the case was replaced: what is added now is lost")
        yield Fault(None, error)
    numbers = [part.number for part in case.records]
    if len(set(numbers)) != len(numbers) or numbers != sorted(numbers):
        yield Fault(None, DeskError("its records are doubled or out of order"))
    for number in sorted(set(range(max(numbers, default=0) + 1)) - set(numbers)):
        yield Fault(number, DeskError("record {n} is missing", n=number))


def _open(key: CaseKey, header: Header, part: SealedPart) -> AnswersRecord:
    if part.kind not in (INTAKE, ANSWERS):
        raise DeskError(
            "record {n} is of a kind this version does not know: update the desk", n=part.number
        )
    context = Context(bytes.fromhex(header.id), part.number, part.kind, header.form, header.epoch)
    plaintext = open_record(key, context, SealedRecord(part.data))
    record = AnswersRecord.from_bytes(plaintext, part.kind)
    if record.form != header.form:
        raise DeskError("record {n} was answered with another form", n=part.number)
    return record


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
        contact=contact_rule(form, answers, header.received),
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
