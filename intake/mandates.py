"""The two-person rule: who must have signed before many cases are opened to somebody at once.

A mandate is a signed document (DSSE, `MANDATE_TYPE`); each signature of it stands in the record
of key events, where every desk sees it. Signatures are checked before anything comes here.
"""

import hashlib
import json
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, ValidationError

from intake.case import CaseHeader, State
from intake.errors import TropaError
from intake.roster import Member, Role
from intake.shapes import KeyId, Shape

MANDATE_TYPE: Final = "application/vnd.tropa.mandate+json"
"""The DSSE payload type."""

LASTS: Final = timedelta(days=7)
"""How long a mandate may be used after it was made: long enough for a colleague at the week-end."""

LATEST: Final = LASTS + timedelta(hours=1)
"""How far ahead its end may lie: the clocks of a desk and a server differ."""


class MandateError(TropaError):
    """The mandate does not allow it; the text says why and what to do."""


class Purpose(StrEnum):
    """What a mandate allows.

    `ONBOARD`: open cases, to a member who takes cases; or every case, to a new recovery key.
    `RECOVER`: every case, by the recovery key, to a member who takes cases.
    """

    ONBOARD = "onboard"
    RECOVER = "recover"


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


class Mandate(Shape):
    """`to`: the key id of the member to whom cases are opened. `every`: all open cases, not only
    those that fit her skills and languages. `nonce`: no two mandates are the same document."""

    v: Literal[1] = 1
    purpose: Purpose
    to: KeyId
    every: bool = False
    until: Annotated[AwareDatetime, AfterValidator(_whole_second)]
    nonce: KeyId

    def to_payload(self) -> bytes:
        """Canonical JSON: one mandate, one byte string."""
        document = self.model_dump(mode="json")
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        """Raises `MandateError`."""
        try:
            mandate = cls.model_validate_json(payload)
        except ValidationError:
            mandate = None
        if mandate is None or mandate.to_payload() != payload:
            raise MandateError("This is no mandate that this version knows.")
        return mandate

    @property
    def digest(self) -> str:
        """What the mandate is called by: SHA-256 of its payload, in hex."""
        return hashlib.sha256(self.to_payload()).hexdigest()


def may_sign(mandate: Mandate, key_id: str, signer: Member) -> bool:
    """Whether her signature counts: a lead's, or the recovery key's on a recovery, and never that
    of the one to whom the cases would be opened."""
    if key_id == mandate.to:
        return False
    recovery = mandate.purpose is Purpose.RECOVER and signer.role is Role.RECOVERY
    return signer.role is Role.LEAD or recovery


def check(
    mandate: Mandate, signers: Collection[str], needed: int, target: Member | None, now: datetime
) -> None:
    """Whether it may be used now; `signers`: the key ids whose signatures count, each once.

    `target`: the member to whom it opens cases, as she stands on the roster in force, None if she
    does not. Raises `MandateError`.
    """
    if target is None or not _may_be_given(mandate, target):
        raise MandateError(
            "The member to whom the cases would be opened is not on the roster, or opens no cases."
        )
    if not now < mandate.until <= now + LATEST:
        raise MandateError("The time of this mandate is over. Make a new one.")
    if len(signers) < needed:
        raise MandateError(
            f"This mandate has {len(signers)} of the {needed} signatures it needs. Ask another "
            "lead to give hers: tropa mandates, tropa approve."
        )


def _may_be_given(mandate: Mandate, target: Member) -> bool:
    """A new recovery key is given what the old one had: by leads, since the old one may be lost."""
    anew = mandate.purpose is Purpose.ONBOARD and target.role is Role.RECOVERY
    return target.opens_cases or anew


def reaches(mandate: Mandate, header: CaseHeader, target: Member) -> bool:
    """Whether the mandate is about this case."""
    if mandate.purpose is Purpose.RECOVER or target.role is Role.RECOVERY:
        return True
    if header.state is State.CLOSED:
        return False
    fits = not header.skills.isdisjoint(target.skills) and header.language in target.languages
    return mandate.every or fits


def made(purpose: Purpose, to: str, now: datetime, nonce: bytes, *, every: bool) -> Mandate:
    """A mandate as it is offered to be signed; `nonce` has 16 random bytes."""
    return Mandate(purpose=purpose, to=to, every=every, until=now + LASTS, nonce=nonce.hex())
