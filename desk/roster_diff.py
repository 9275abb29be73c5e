"""What a roster changes against the one this desk knew: whoever signs sees that first.

Members are matched by name. A changed key under a known name is how somebody else would come to
read her cases, so it is told apart from everything else.
"""

from collections.abc import Iterable, Iterator

from rich.text import Text

from desk.card import Card
from desk.desk import Desk
from desk.roster_view import end_of, sees_counts
from intake.alike import taken_for
from intake.roster import Member, Roster

ALARM = "bold red"


def show_changes(desk: Desk, roster: Roster, before: Roster | None) -> None:
    """Added, removed and changed members, and another form or expiry."""
    desk.out.print()
    if before is None:
        desk.warn(
            "This desk knows no earlier roster: compare every fingerprint with its owner, aloud."
        )
        return
    desk.tell("Against epoch {epoch}, the last that this desk knew:", epoch=before.epoch)
    lines = list(changes(desk, before, roster))
    for line in lines or [Text(desk.say("Nothing but the epoch changes."))]:
        desk.out.print(line)
    if roster.epoch <= before.epoch and roster != before:
        desk.warn("Its epoch is no higher than that: desks that saw the other will refuse it.")


def changes(desk: Desk, before: Roster, after: Roster) -> Iterator[Text]:
    """One line for each difference, keys first."""
    old = {member.name: member for member in before.members}
    new = {member.name: member for member in after.members}
    both = [(old[name], new[name]) for name in new if name in old]
    yield from (_other_key(desk, *pair) for pair in both if _keys(pair[0]) != _keys(pair[1]))
    yield from _alike(desk, sorted(new.keys() - old.keys()), {**old, **new})
    for name in sorted(new.keys() - old.keys()):
        yield _whole(desk, desk.say("added"), new[name], "bold")
    revoked = {_keys(member) for member in after.revoked}
    for name in sorted(old.keys() - new.keys()):
        if _keys(old[name]) in revoked:
            continue  # told below, more plainly
        yield _whole(desk, desk.say("removed"), old[name], "bold")
    yield from _revocations(desk, before, after)
    if before.approvals != after.approvals:
        yield _other_rule(desk, before.approvals, after.approvals)
    yield from (line for pair in both if (line := _other_duties(desk, *pair)))
    if before.forms != after.forms:
        yield Text(f"{desk.say('Form in use')}: {before.form[:16]} -> {after.form[:16]}")
    if before.valid_until != after.valid_until:
        until = f"{before.valid_until:%Y-%m-%d %H:%M} -> {after.valid_until:%Y-%m-%d %H:%M} UTC"
        yield Text(f"{desk.say('Valid until')}: {until}")


def _alike(desk: Desk, added: Iterable[str], names: Iterable[str]) -> Iterator[Text]:
    """Somebody else's key under a name that reads as a colleague's."""
    for name in added:
        other = taken_for(name, names)
        if other is not None:
            line = Text(f"{desk.say('NAMES THAT LOOK ALIKE')}: {name}, {other}", style=ALARM)
            ask = desk.say("Cases meant for one would go to the other. Ask whose card this is.")
            yield line.append(f"\n  {ask}")


def _revocations(desk: Desk, before: Roster, after: Roster) -> Iterator[Text]:
    """Whose keys never come back; and whose would, which no honest roster says."""
    was = {_keys(member) for member in before.revoked}
    now = {_keys(member) for member in after.revoked}
    for member in after.revoked:
        if _keys(member) not in was:
            yield _whole(desk, desk.say("REVOKED"), member, ALARM)
    for member in before.revoked:
        if _keys(member) not in now:
            line = _whole(desk, desk.say("REVOKED NO MORE"), member, ALARM)
            ask = desk.say("A revoked key must never come back. Do not sign.")
            yield line.append(f"\n  {ask}")


def _other_rule(desk: Desk, was: int, now: int) -> Text:
    """Fewer signatures for many cases is what somebody would want who has the fewer keys."""
    line = Text(f"{desk.say('TWO-PERSON RULE')}: {was} -> {now}", style=ALARM)
    if now < was:
        ask = desk.say("Fewer leads could then open every case. Ask who wanted it, and why.")
        line.append(f" !\n  {ask}")
    return line


def _keys(member: Member) -> tuple[str, str]:
    return member.sealing_public, member.signing_public


def _other_key(desk: Desk, old: Member, new: Member) -> Text:
    line = Text(f"{desk.say('KEY CHANGED')}: {new.name}\n", style=ALARM)
    line.append(f"  {Card.of_member(old).fingerprint}\n  -> {Card.of_member(new).fingerprint}\n")
    ask = desk.say("Ask her, aloud, whether this is her new card. Otherwise do not sign.")
    line.append(f"  {ask}")
    return line


def _whole(desk: Desk, what: str, member: Member, style: str) -> Text:
    line = Text(f"{what}: {member.name}, {member.role.value}", style=style)
    for values in (member.skills, member.languages):
        line.append(f"; {', '.join(values) or '-'}")
    if member.opens_counts:
        line.append(f"; {desk.say('sees the counts')}")
    if member.until is not None:
        line.append(f"; {desk.say('Until')} {end_of(member)}")
    return line.append(f"\n  {Card.of_member(member).fingerprint}")


def _other_duties(desk: Desk, old: Member, new: Member) -> Text | None:
    said = [
        f"{title} {was} -> {now}"
        for title, was, now in (
            (desk.say("Role"), old.role.value, new.role.value),
            (desk.say("Skills"), _joined(old.skills), _joined(new.skills)),
            (desk.say("Languages"), _joined(old.languages), _joined(new.languages)),
            (desk.say("Cases"), str(old.capacity), str(new.capacity)),
            (desk.say("Counts"), sees_counts(desk, old), sees_counts(desk, new)),
            (desk.say("Until"), end_of(old), end_of(new)),
        )
        if was != now
    ]
    return Text(f"{desk.say('changed')}: {new.name}: {'; '.join(said)}") if said else None


def _joined(values: tuple[str, ...]) -> str:
    return ",".join(values) or "-"
