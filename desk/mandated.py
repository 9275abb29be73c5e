"""Whether the leads' signatures stand behind it when many cases were opened at once. Pure.

The server says that they do; a desk believes the signatures alone, and checks them itself with
the roster it has accepted. What the keys on that roster cannot tell is not judged.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import Enum

from crypto.envelope import read_unverified, verify
from crypto.errors import CryptoError
from desk.people import member_of
from intake.ledger import Event, Kind
from intake.mandates import LATEST, MANDATE_TYPE, Mandate, MandateError, may_sign
from intake.roster import Roster


class Signature(Enum):
    """What is to be thought of one: hers; false; by a key that this roster does not know."""

    GOOD = "good"
    FALSE = "false"
    UNKNOWN = "unknown"


class Verdict(Enum):
    """Of cases that were opened at once: rightly; against the rule; nobody here can tell."""

    ALLOWED = "allowed"
    AGAINST = "against"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SignedMandate:
    """A mandate, and whose signature one event of the record adds to it."""

    mandate: Mandate
    by: str
    signature: Signature
    counts: bool


def read_signed(event: Event, roster: Roster) -> SignedMandate | None:
    """What an event of kind `mandate` holds; None where that is no mandate at all."""
    try:
        envelope = json.loads(event.envelope)
        mandate = Mandate.from_payload(read_unverified(envelope, MANDATE_TYPE))
    except (ValueError, RecursionError, TypeError, AttributeError, CryptoError, MandateError):
        return None
    assert event.by is not None
    signer = member_of(roster, event.by)
    if signer is None:
        return SignedMandate(mandate, event.by, Signature.UNKNOWN, counts=False)
    try:
        verify(envelope, MANDATE_TYPE, [signer.signing_key], 1)
    except CryptoError:
        return SignedMandate(mandate, event.by, Signature.FALSE, counts=False)
    return SignedMandate(
        mandate, event.by, Signature.GOOD, counts=may_sign(mandate, event.by, signer)
    )


def judge(event: Event, before: Iterable[Event], roster: Roster, *, in_force: bool) -> Verdict:
    """Of an event of kind `wrapped`, by the mandates that stand `before` it in the record.

    `in_force`: this roster was in force then, so that its rule and its leads are the right ones.
    Under one that this desk never accepted another rule may have held, and leads may have signed
    who have left since: that is against the rule only where nobody signed at all, and never right
    beyond doubt.
    """
    signed = [found for one in before if one.kind is Kind.MANDATE for found in _read(one, roster)]
    signed = [one for one in signed if _fits(one.mandate, event)]
    good = {one.by for one in signed if one.counts}
    if len(good) >= roster.approvals:
        return Verdict.ALLOWED if in_force else Verdict.UNKNOWN
    if in_force or not any(_may_have_counted(one) for one in signed):
        return Verdict.AGAINST
    return Verdict.UNKNOWN


def _may_have_counted(one: SignedMandate) -> bool:
    """Under another roster: by a key that is not known any more, or whose owner had another role
    then. That of the one who is given the cases counts under none."""
    if one.signature is Signature.UNKNOWN:
        return True
    return one.signature is Signature.GOOD and one.by != one.mandate.to


def _read(event: Event, roster: Roster) -> tuple[SignedMandate, ...]:
    found = read_signed(event, roster)
    return () if found is None else (found,)


def _fits(mandate: Mandate, event: Event) -> bool:
    """Whether it is the one that the event names, for whom it names, in its time."""
    if (mandate.digest, mandate.to) != (event.mandate, event.to):
        return False
    try:
        last = mandate.until.astimezone(UTC).date()
    except OverflowError:  # nobody makes one that ends before the year 1; a server may show one
        return False
    return timedelta() <= last - event.day <= LATEST + timedelta(days=1)
