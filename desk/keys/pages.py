"""Whole cases by the hundred, from JSON and back: the shapes of `intake.wire`, made for speed.

A page of cases is megabytes. Read part by part in Python it would cost more than all else beside
the cryptography; so the parser takes it apart by itself, base64 included, and what was made here
is put together as text. What is refused is the same, but that base64 may lack its padding.
"""

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

from intake.shapes import CaseId, KeyId
from intake.wire import Header, ReplyState

_CLOSED: Final = ConfigDict(extra="forbid", val_json_bytes="base64")


class Part(TypedDict):
    """An `intake.wire.SealedPart`, its bytes as they are."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    number: Annotated[int, Field(ge=0)]
    kind: Annotated[str, Field(pattern=r"^[a-z]{1,16}$")]
    sealed: bytes


class Whole(TypedDict):
    """An `intake.wire.CaseFile`, its bytes as they are."""

    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    v: NotRequired[Literal[1]]
    header: Header
    public_key: bytes
    records: list[Part]
    wrap: bytes
    token: NotRequired[bytes | None]
    openers: NotRequired[list[KeyId]]
    replies: NotRequired[list[ReplyState]]


class _Rekeyable(TypedDict):
    __pydantic_config__ = _CLOSED  # type: ignore[misc]
    cases: list[Whole]
    left: Annotated[int, Field(ge=0)]
    closed_to_her: NotRequired[Annotated[int, Field(ge=0)]]
    after: NotRequired[CaseId | None]


class Fresh(NamedTuple):
    """An `intake.wire.Rekeyed`, its bytes as they are. `records`: number, kind, sealed."""

    id: str
    was: str
    epoch: int
    public_key: bytes
    records: Sequence[tuple[int, str, bytes]]
    wraps: Mapping[str, bytes]
    token: bytes | None


_PAGE: Final = TypeAdapter(_Rekeyable)


def rekeyable(page: bytes) -> list[Whole]:
    """The cases of an `intake.wire.Rekeyable`; raises `ValidationError`."""
    return _PAGE.validate_json(page)["cases"]


def rekeying(cases: Sequence[Fresh]) -> bytes:
    """The text of an `intake.wire.Rekeying`. No word in it needs escaping: each was checked when
    the page was read, or made here."""
    return b'{"cases":[%b]}' % b",".join([_case(one) for one in cases])


def _case(one: Fresh) -> bytes:
    records = [
        b'{"number":%d,"kind":"%b","sealed":"%b"}' % (number, kind.encode("ascii"), _text(sealed))
        for number, kind, sealed in one.records
    ]
    wraps = [b'"%b":"%b"' % (name.encode("ascii"), _text(wrap)) for name, wrap in one.wraps.items()]
    return (
        b'{"id":"%b","was":"%b","epoch":%d,"public_key":"%b","records":[%b],"wraps":{%b},"token":%b}'
        % (
            one.id.encode("ascii"),
            one.was.encode("ascii"),
            one.epoch,
            _text(one.public_key),
            b",".join(records),
            b",".join(wraps),
            b"null" if one.token is None else b'"%b"' % _text(one.token),
        )
    )


def _text(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)
