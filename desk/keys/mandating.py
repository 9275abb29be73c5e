"""Mandates in time: found in the record of key events, signed, and looked at before they are.

A desk counts signatures itself, with the roster it has accepted; what the server says of them is
not asked.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from crypto.envelope import sign_payload
from desk.casework import Casework
from desk.client import Offline
from desk.errors import DeskError
from desk.following import since
from desk.mandated import read_signed
from desk.people import member_of
from intake.ledger import Event, Kind
from intake.mandates import LATEST, MANDATE_TYPE, Mandate, Purpose, made, may_sign
from intake.roster import Member, Role, Roster

DIGITS = 8
"""Of a mandate's digest, by which people call it."""

LOOKS = 5
"""Seconds between two looks whether somebody has signed."""

WAITS = timedelta(hours=12)
"""How long a command waits for others at the most."""


@dataclass(frozen=True)
class Standing:
    """A mandate, and the key ids of those whose signatures of it count. `used`: how many cases were
    opened by it, and by whom (a key id), as the record of key events tells."""

    mandate: Mandate
    needed: int
    signers: frozenset[str] = field(default_factory=frozenset)
    used: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def digits(self) -> str:
        return self.mandate.digest[:DIGITS]

    @property
    def missing(self) -> int:
        """How many signatures more it needs."""
        return max(0, self.needed - len(self.signers))

    def with_signer(self, signer: str) -> "Standing":
        return replace(self, signers=self.signers | {signer})

    def with_use(self, by: str, cases: int) -> "Standing":
        return replace(self, used={**self.used, by: self.used.get(by, 0) + cases})


def in_time(casework: Casework) -> list[Standing]:
    """Those that may be used or signed now, the oldest first."""
    now, roster = casework.desk.clock(), casework.roster
    first = (now - LATEST).date()
    heads = casework.past.heads
    events = since(casework.client, heads, heads.number, first)
    return list(standing(events, roster, now))


def standing(events: Iterable[Event], roster: Roster, now: datetime) -> Iterator[Standing]:
    """The mandates that these events hold, for members who stand on the roster."""
    found: dict[str, Standing] = {}
    current = roster.current(now)
    for event in events:
        if event.kind is Kind.WRAPPED and (used := found.get(event.mandate or "")) is not None:
            assert event.by is not None
            assert event.cases is not None
            found[used.mandate.digest] = used.with_use(event.by, event.cases)
        signed = read_signed(event, roster) if event.kind is Kind.MANDATE else None
        if signed is None or not now < signed.mandate.until <= now + LATEST:
            continue
        known = found.setdefault(signed.mandate.digest, Standing(signed.mandate, roster.approvals))
        if signed.counts and member_of(roster, signed.by) in current:
            found[signed.mandate.digest] = known.with_signer(signed.by)
    return (one for one in found.values() if target_of(one.mandate, roster, now) is not None)


def target_of(mandate: Mandate, roster: Roster, now: datetime) -> Member | None:
    """To whom it opens cases, as she stands on the roster now."""
    found = member_of(roster, mandate.to)
    return found if found in roster.current(now) and found is not None else None


def find(casework: Casework, purpose: Purpose, to: str, *, every: bool) -> Standing:
    """One for this that is there already, the one with most signatures; otherwise a new one."""
    same = [
        one
        for one in in_time(casework)
        if (one.mandate.purpose, one.mandate.to, one.mandate.every) == (purpose, to, every)
    ]
    if same:
        return max(same, key=lambda one: (len(one.signers), one.mandate.until))
    desk = casework.desk
    mandate = made(purpose, to, desk.clock(), desk.random(16), every=every)
    return Standing(mandate, casework.roster.approvals)


def sign(casework: Casework, one: Standing) -> Standing:
    """With her signature, which is an event of the record from now on. Twice is as once."""
    own = casework.identity.key_id
    if own in one.signers:
        return one
    check_signer(casework, one.mandate)
    payload = one.mandate.to_payload()
    envelope = json.dumps(sign_payload(payload, MANDATE_TYPE, [casework.identity])).encode()
    casework.client.sign_mandate(envelope)
    return one.with_signer(own)


def agreed(casework: Casework, one: Standing) -> tuple[Casework, Standing]:
    """Waits for the signatures that it lacks, looking every few seconds, for `WAITS` at the most;
    with the roster and the record as they are then. A line that breaks meanwhile is waited out.
    """
    desk = casework.desk
    until = desk.clock() + WAITS
    while one.missing and desk.clock() < until:
        desk.sleep(LOOKS)
        try:
            casework = Casework.begin(desk, casework.client, casework.identity)
            one = _again(in_time(casework), one)
        except Offline:
            continue
    return casework, one


def _again(found: list[Standing], one: Standing) -> Standing:
    for now in found:
        if now.mandate == one.mandate:
            return now
    raise DeskError(
        "The mandate {digits} may not be used any more: its time is over, or the roster has "
        "changed. Give the command again.",
        digits=one.digits,
    )


def check_signer(casework: Casework, mandate: Mandate) -> None:
    """`DeskError` where her signature would not count."""
    own = casework.identity.key_id
    signer = member_of(casework.roster, own)
    if own == mandate.to:
        raise DeskError(
            "This would open cases to yourself: others have to agree to it, and your signature "
            "does not count."
        )
    if signer is None or not may_sign(mandate, own, signer):
        raise DeskError("Only a lead can open many cases at once, or agree to it.")


def must_be_lead(casework: Casework) -> None:
    """`DeskError` unless she is a lead, or has the recovery key."""
    own = member_of(casework.roster, casework.identity.key_id)
    if own is None or own.role not in (Role.LEAD, Role.RECOVERY):
        raise DeskError("This is for leads. Ask a lead to do it.")
