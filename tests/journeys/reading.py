"""The desk's side of a journey: a case taken over HTTP with the desk's client, and opened."""

import os
from base64 import b64decode

from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import Context, SealedRecord, Wrap
from desk.client import Client
from intake.records import AnswersRecord
from intake.wire import CaseFile
from tests.line import Line


def taken_by_anna(line: Line) -> CaseFile:
    """The one case in the queue, as Anna's desk receives it. Blocks: call it in a thread."""
    url = f"http://{line.settings.queue_listen}"
    with Client(url, line.hands, os.urandom, line.house.anna, None) as client:
        (header,) = client.queue().cases
        return client.take(header.id)


def read_as_anna(line: Line) -> tuple[AnswersRecord, CaseFile]:
    """What record 0 of that case says, and the file it came in."""
    file = taken_by_anna(line)
    return read(file, line), file


def read(file: CaseFile, line: Line, number: int = 0) -> AnswersRecord:
    """One record of a case, opened with Anna's key."""
    header, part = file.header, file.records[number]
    case_id = bytes.fromhex(header.id)
    key = unwrap_case_key(line.house.anna, case_id, header.epoch, Wrap(b64decode(file.wrap)))
    context = Context(case_id, part.number, part.kind, header.form, header.epoch)
    return AnswersRecord.from_bytes(open_record(key, context, SealedRecord(part.data)), part.kind)
