"""What a roster looks like on a terminal, and whose signatures it bears."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from crypto.envelope import verify
from crypto.errors import Forged
from desk.card import Card
from desk.desk import Desk
from intake.roster import ROSTER_TYPE, Member, Organisation, Roster, days_left

SOON = 7
"""Days before expiry from which it is pointed out."""


def signed_by(envelope: dict[str, Any], organisation: Organisation) -> list[tuple[bytes, bool]]:
    """For each pinned key, whether it has validly signed."""
    return [(key, _signed(envelope, key)) for key in organisation.public_keys]


def _signed(envelope: dict[str, Any], key: bytes) -> bool:
    try:
        verify(envelope, ROSTER_TYPE, [key], 1)
    except Forged:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Signed:
    """A roster's envelope beside the keys that ought to sign it."""

    envelope: dict[str, Any]
    organisation: Organisation

    @property
    def valid(self) -> int:
        return sum(valid for _, valid in signed_by(self.envelope, self.organisation))


def show_roster(desk: Desk, roster: Roster, signed: Signed) -> None:
    """The whole roster: head, members, and what is amiss."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    facts.add_row(desk.say("Organisation"), roster.organisation)
    facts.add_row(desk.say("Epoch"), str(roster.epoch))
    facts.add_row(desk.say("Valid until"), _expiry(desk, roster))
    facts.add_row(desk.say("Form in use"), roster.form[:16])
    facts.add_row(desk.say("Signatures"), _signatures(desk, signed))
    desk.out.print(facts)
    desk.out.print()
    desk.out.print(_members(desk, roster))
    if roster.members:
        desk.out.print()
        desk.out.print(_fingerprints(desk, roster))
    if not any(member.opens_cases for member in roster.members):
        desk.warn("Nobody on this roster can open cases.")
    if not any(member.role == "recovery" for member in roster.members):
        desk.warn("No recovery member: if every laptop is lost, the cases are lost.")


def _expiry(desk: Desk, roster: Roster) -> str:
    left = days_left(roster, desk.clock())
    day = f"{roster.valid_until:%Y-%m-%d %H:%M} UTC"
    if left < 0:
        return desk.say("{day} - EXPIRED: the line is closed", day=day)
    words = desk.language.count("{n} day left", "{n} days left", left)
    return f"{day}, {words}" + (" !" if left < SOON else "")


def _signatures(desk: Desk, signed: Signed) -> str:
    needed, of = signed.organisation.threshold, len(signed.organisation.keys)
    words = desk.say(
        "{valid} valid, {needed} of {of} keys needed", valid=signed.valid, needed=needed, of=of
    )
    return words if signed.valid >= needed else f"{words} - {desk.say('NOT IN FORCE')}"


def _members(desk: Desk, roster: Roster) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    titles = (
        desk.say("Name"),
        desk.say("Role"),
        desk.say("Skills"),
        desk.say("Languages"),
        desk.say("Cases"),
        desk.say("Counts"),
    )
    for title in titles:
        table.add_column(title)
    for member in roster.members:
        table.add_row(
            member.name,
            member.role.value,
            ", ".join(member.skills) or "-",
            ", ".join(member.languages) or "-",
            str(member.capacity) if member.opens_cases else "-",
            sees_counts(desk, member),
        )
    return table


def sees_counts(desk: Desk, member: Member) -> str:
    return desk.say("yes") if member.opens_counts else "-"


def _fingerprints(desk: Desk, roster: Roster) -> Table:
    """A name proves nothing: these digits are what is compared with `tropa identity show`."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(desk.say("Name"), overflow="fold")
    table.add_column(desk.say("Fingerprint"), no_wrap=True)
    for member in roster.members:
        table.add_row(member.name, Card.of_member(member).fingerprint)
    return table
