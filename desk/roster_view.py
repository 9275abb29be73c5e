"""What a roster looks like on a terminal, and whose signatures it bears."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from crypto.envelope import verify
from crypto.errors import Forged
from crypto.kdf import key_id
from desk.card import Card
from desk.desk import CARD, Desk
from desk.notices import ending_notices, show
from intake.roster import ROSTER_TYPE, Member, Organisation, Role, Roster, days_left, endings


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


def missing(desk: Desk, signed: Signed, roster: Roster) -> list[str]:
    """The pinned keys that have not signed: a member's by her name, others by their key id. Nobody
    is sent to one that was revoked."""
    revoked = {one.signing_key for one in roster.revoked}
    known = {one.signing_key: one.name for one in (*roster.members, *roster.revoked)}
    own = desk.home.read(CARD)
    if own is not None:
        card = desk.card()
        known.setdefault(card.signing, card.name)
    return [
        known.get(key) or desk.say("the key {digits}", digits=_grouped(key_id(key)))
        for key, valid in signed_by(signed.envelope, signed.organisation)
        if not valid and key not in revoked
    ]


def warn_of_revoked(desk: Desk, signed: Signed, *rosters: Roster | None) -> None:
    """Where a key has signed that one of these rosters has revoked: it counts, being pinned."""
    known = {one.signing_key: one.name for r in rosters if r is not None for one in r.revoked}
    keys = signed_by(signed.envelope, signed.organisation)
    names = sorted(known[key] for key, valid in keys if valid and key in known)
    if names:
        desk.warn(
            "It bears the signature of a key that was revoked ({names}). It counts, and whoever "
            "has that key now may have made this list: go through it aloud with the others who "
            "sign, or make another.",
            names=", ".join(names),
        )


def _grouped(digits: str) -> str:
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def warn_of_rule(desk: Desk, roster: Roster) -> None:
    """Where the two-person rule asks for more leads than there are to sign."""
    leads = sum(one.role is Role.LEAD for one in roster.current(desk.clock()))
    if roster.approvals == 1 or leads > roster.approvals:
        return
    if leads < roster.approvals:
        desk.warn(
            "The rule asks for {n} leads and the roster has {leads}: many cases can then be opened "
            "at once by nobody, not even after a loss. Add leads first, or lower the rule.",
            n=roster.approvals,
            leads=leads,
        )
        return
    desk.warn(
        "The rule asks for {n} leads and the roster has no more. As soon as one of them is away, "
        "or is the one who is new, many cases can be opened at once by nobody. Have one lead more.",
        n=roster.approvals,
    )


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
    if signed.valid < signed.organisation.threshold:
        facts.add_row(desk.say("Still to sign"), "\n".join(missing(desk, signed, roster)))
    facts.add_row(desk.say("Many cases at once"), rule(desk, roster))
    desk.out.print(facts)
    desk.out.print()
    desk.out.print(_members(desk, roster))
    if roster.members:
        desk.out.print()
        desk.out.print(_fingerprints(desk, roster))
    if roster.revoked:
        desk.out.print()
        names = ", ".join(one.name for one in roster.revoked)
        desk.tell("Revoked, never to come back: {names}", names=names)
    show(desk, ending_notices(desk, roster, roster.members, own=False))
    warn_of_revoked(desk, signed, roster, desk.trust.known_roster(signed.organisation))
    warn_of_rule(desk, roster)
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
    return f"{day}, {words}" + (" !" if endings(roster, (), desk.clock()) else "")


def rule(desk: Desk, roster: Roster) -> str:
    """How many leads must sign before many cases are opened to one member."""
    return desk.language.count(
        "{n} signature is needed", "{n} signatures are needed", roster.approvals
    )


def _signatures(desk: Desk, signed: Signed) -> str:
    needed, of = signed.organisation.threshold, len(signed.organisation.keys)
    words = desk.say(
        "{valid} valid, {needed} of {of} keys needed", valid=signed.valid, needed=needed, of=of
    )
    return words if signed.valid >= needed else f"{words} - {desk.say('NOT IN FORCE')}"


def _members(desk: Desk, roster: Roster) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    ends = any(member.until is not None for member in roster.members)
    titles = (
        desk.say("Name"),
        desk.say("Role"),
        desk.say("Skills"),
        desk.say("Languages"),
        desk.say("Cases"),
        desk.say("Counts"),
        *([desk.say("Until")] if ends else []),
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
            *([end_of(member)] if ends else []),
        )
    return table


def end_of(member: Member) -> str:
    """When her time on the roster ends, if it ends before the roster's."""
    return "-" if member.until is None else f"{member.until:%Y-%m-%d %H:%M}"


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
