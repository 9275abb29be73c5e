"""Whole cases by the hundred, as JSON and back: the same shapes as `intake.wire`, made for speed.

A page of cases is two megabytes. Checked part by part in Python it would cost more than all else
that the server does for it; so the text is put together here, and taken apart in pieces.
"""

from binascii import b2a_base64
from datetime import datetime
from typing import Annotated, Final, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic_core import to_json
from typing_extensions import TypedDict

from handlers.case_files import as_of
from handlers.key_ports import NewCaseKey, ToRekey
from handlers.long_texts import LongTexts
from handlers.stored import Stored
from intake.shapes import CaseId, Digest, KeyId
from intake.wire import Header

_CLOSED: Final = ConfigDict(extra="forbid")


class _Part(TypedDict):
    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    number: Annotated[int, Field(ge=0)]
    kind: Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
    sealed: str


class _Case(TypedDict):
    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    id: CaseId
    was: Digest
    epoch: Annotated[int, Field(ge=1)]
    public_key: str
    records: Annotated[list[_Part], Field(min_length=2)]
    wraps: Annotated[dict[KeyId, str], Field(min_length=1)]
    token: NotRequired[str | None]


class _Body(TypedDict):
    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    cases: Annotated[list[_Case], Field(min_length=1)]


_BODY: Final = TypeAdapter(_Body)


def rekeying(body: bytes) -> list[NewCaseKey]:
    """The cases of an `intake.wire.Rekeying`; raises ValueError."""
    texts = LongTexts(body)
    made = [_made(one, texts) for one in _BODY.validate_json(texts.rest)["cases"]]
    if not texts.all_used():
        raise ValueError("something is twice in it")
    return made


def _made(one: _Case, texts: LongTexts) -> NewCaseKey:
    token = one.get("token")
    return NewCaseKey(
        bytes.fromhex(one["id"]),
        one["was"],
        one["epoch"],
        texts.bytes_of(one["public_key"]),
        [(part["number"], part["kind"], texts.bytes_of(part["sealed"])) for part in one["records"]],
        {key_id: texts.bytes_of(wrap) for key_id, wrap in one["wraps"].items()},
        None if token is None else texts.bytes_of(token),
    )


def rekeyable(page: ToRekey, key_id: str, now: datetime, *, lead: bool) -> bytes:
    """The text of an `intake.wire.Rekeyable`."""
    return b'{"cases":[%b],"left":%d,"closed_to_her":%d,"after":%b}' % (
        b",".join([_case(one, key_id, now, lead) for one in page.cases]),
        page.left,
        page.closed_to_her,
        b"null" if page.after is None else _word(page.after.hex()),
    )


def _case(stored: Stored, key_id: str, now: datetime, lead: bool) -> bytes:
    """The text of an `intake.wire.CaseFile`: `handlers.case_files.case_file` with less ado."""
    many = len(stored.records)
    header = Header.of(as_of(stored.header, now), key_id, lead=lead, records=many)
    records = [
        b'{"number":%d,"kind":%b,"sealed":%b}' % (part.number, _word(part.kind), _text(part.sealed))
        for part in stored.records
    ]
    replies = [
        b'{"number":%d,"state":%b}' % (reply.number, _word(reply.state)) for reply in stored.replies
    ]
    return (
        b'{"v":1,"header":%b,"public_key":%b,"records":[%b],"wrap":%b,"token":%b,'
        b'"openers":[%b],"replies":[%b]}'
    ) % (
        to_json(header),
        _text(stored.public_key),
        b",".join(records),
        _text(stored.wrap),
        b"null" if stored.token is None else _text(stored.token),
        b",".join(map(_word, sorted(stored.openers))),
        b",".join(replies),
    )


def _text(data: bytes) -> bytes:
    return b'"%b"' % b2a_base64(data, newline=False)


def _word(word: str) -> bytes:
    """One that needs no escaping."""
    return b'"%b"' % word.encode("ascii")
