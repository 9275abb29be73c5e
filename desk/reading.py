"""Opening a case in memory: what the person said, what changed, and which records do not open.

Pure: bytes and a key in, values out. A record that does not open is named with its reason, and
never keeps the others from being read.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crypto.errors import CryptoError, NotOpened
from crypto.identity import Identity
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, Context, SealedRecord, Wrap
from desk.errors import DeskError
from intake.answers import SKIPPED, Answer, Answers, Skipped
from intake.case import ContactRule
from intake.questions import Form, Question
from intake.records import ANSWERS, INTAKE, AnswersRecord, CaseFile, Header, SealedPart, Unreadable
from intake.routing import contact_rule
from intake.triage import Urgency, triage

MISSING = "missing"


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
class Line:
    """One question as the volunteer reads it. `was` is set where a later record changed it."""

    question: str
    topic: str
    label: str
    said: bool
    text: str
    derived: bool = False
    was: str | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day that was named, and how many days are left to it."""

    label: str
    day: date
    left: int


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """A case in the reader's language."""

    header: Header
    language: str
    urgency: Urgency
    contact: ContactRule
    deadlines: tuple[Deadline, ...]
    lines: tuple[Line, ...]


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
            why=str(error),
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
        deadlines=tuple(_deadlines(form, answers, language, now.date())),
        lines=tuple(_lines(form, before, answers, language, now.date())),
    )


def _lines(
    form: Form, before: Answers, answers: Answers, language: str, today: date
) -> Iterator[Line]:
    survey = form.survey(answers, today)
    asked = {question.id for question in survey.asked}
    for question in form.questions:
        if question.id in asked or question.id in answers or question.id in before:
            yield _line(form, question, before, answers, language)
        elif question.id in survey.known:
            text = describe(question, survey.known[question.id], language)
            yield Line(question.id, question.topic, _label(question, language), True, text, True)


def _line(form: Form, question: Question, before: Answers, answers: Answers, language: str) -> Line:
    then, value = _given(before, question.id), _given(answers, question.id)
    unsaid = form.texts.unsaid.text(language)
    changed = before is not answers and then != value
    return Line(
        question=question.id,
        topic=question.topic,
        label=_label(question, language),
        said=value is not None,
        text=unsaid if value is None else describe(question, value, language),
        was=describe(question, then, language) if changed and then is not None else None,
        new=changed and then is None,
    )


def _given(answers: Mapping[str, Answer | Skipped], question: str) -> Answer | None:
    value = answers.get(question)
    return None if value is SKIPPED else value


def _deadlines(form: Form, answers: Answers, language: str, today: date) -> Iterator[Deadline]:
    for question in form.questions:
        value = answers.get(question.id)
        if isinstance(value, date):
            yield Deadline(_label(question, language), value, (value - today).days)


def _label(question: Question, language: str) -> str:
    return question.label.text(language)


def describe(question: Question, answer: Answer, language: str) -> str:
    """An answer in words; an id that the form does not have is shown as it is."""
    if isinstance(answer, tuple):
        return ", ".join(describe(question, choice, language) for choice in answer)
    if isinstance(answer, date):
        return f"{answer:%Y-%m-%d}"
    if isinstance(answer, str) and answer in question.choices:
        return question.choices[answer].label.text(language)
    if question.kind == "hour" and isinstance(answer, int):
        return f"UTC{answer:+d}"
    return str(answer)
