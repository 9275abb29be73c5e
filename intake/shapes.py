"""Building blocks of every JSON document that is exchanged: closed shapes, bytes, ids."""

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from intake.errors import TropaError


class Unreadable(TropaError):
    """A record or a case file is not what this version writes; the text says what to do."""


class Shape(BaseModel):
    """Frozen and closed: an unknown field is a fault, not something to be carried along."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    return text


Bytes = Annotated[str, AfterValidator(_base64)]
"""Bytes in standard base64."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
CaseId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
KeyId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,16}$")]


def encoded(data: bytes) -> str:
    """Bytes as a shape takes them."""
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """The reverse, of a text that a shape has accepted."""
    return base64.b64decode(text)
