"""What this desk knows of the past: the record of key events, as far as it has seen it.

The record lies at the server, which nobody has to trust: a desk keeps the head after each event
(`desk.heads`), follows what comes later from there, and holds it against the roster that it has
accepted. What does not fit is named and told at every command, until a person has accepted it
(`tropa log accept`). It stops no work on a single case, since people wait for answers; it stops
every step that opens many cases at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import ValidationError

from desk.client import Client, Offline, Turned
from desk.desk import Desk
from desk.errors import DeskError
from desk.following import Amiss, Progress, Server, Step, earlier, exchanged, follow, silent
from desk.heads import Heads
from desk.home import Home
from desk.mandated import Verdict, judge
from desk.people import name_of
from desk.trust import NOTES as NOTES
from intake.ledger import SHORT, Event, Kind, past
from intake.roster import Member, Role, Roster, digest
from intake.shapes import Digest, KeyId, Shape

_PAUSES: Final = (0.3, 0.3, 0.3, 1.0, 2.0, 4.0)
"""Seconds between the looks at a server whose record and roster do not fit."""

_AT_ODDS: Final = 3
"""So many of them where the record is not ahead: no server takes a roster up in that order."""


class Trouble(Shape):
    """Something in the record that stays amiss after it was read: where, and what.

    `unreadable`: no event that this version knows. `against`: cases were opened at once, to `to`,
    without the signatures for it. `order`: a roster came into force that is not newer than the one
    before it. `accepted`: not told any more.
    """

    number: int
    what: Literal["unreadable", "against", "order"]
    to: KeyId | None = None
    accepted: bool = False


class Notes(Shape):
    """What is remembered beside the heads. `epoch`, `roster`: of the newest roster that the record
    named. `seen`, `head`: the last event that went into all this, where that is further than the
    heads, and the head after it."""

    seen: int = 0
    head: Digest | None = None
    epoch: int = 0
    roster: Digest | None = None
    troubles: tuple[Trouble, ...] = ()
    damaged: bool = False

    @classmethod
    def read(cls, home: Home) -> "Notes":
        try:
            return cls.model_validate_json(home.read(NOTES) or b"{}")
        except ValidationError:
            return cls(damaged=True)

    def keep(self, home: Home) -> None:
        home.write(NOTES, self.model_dump_json(exclude_none=True).encode())


@dataclass(frozen=True, slots=True)
class Past:
    """What this desk has seen, and what is amiss. `fresh`: it has just asked the server; `first`:
    it saw the record for the first time then."""

    heads: Heads
    findings: tuple[DeskError, ...] = ()
    fresh: bool = False
    first: bool = False

    @property
    def number(self) -> int:
        return self.heads.number

    @property
    def said(self) -> str:
        """What this desk signs of it: how far it has seen, and the beginning of the head."""
        return past(self.number, self.heads.last)

    @property
    def is_good(self) -> bool:
        return not self.findings

    def must_be_good(self) -> None:
        """`DeskError` where something is amiss: many cases must not be opened at once then."""
        if self.findings:
            raise DeskError(
                "Not done: the record of key events is not what it should be, and this would open "
                "many cases at once. {why} Once that is cleared up: tropa log accept",
                why=self.findings[0],
            )

    def compared(self, theirs: str) -> Literal["same", "other", "ahead"]:
        """What a colleague has signed of the past, beside what this desk has seen."""
        number, _, head = theirs.partition(":")
        if int(number) > self.number:
            return "ahead"
        return "same" if self.heads[int(number)].hex()[:SHORT] == head else "other"


def known(desk: Desk) -> Past:
    """As this desk saw it last, without asking anybody."""
    roster = desk.trust.last_roster()
    notes = Notes.read(desk.home)
    return Past(Heads(desk.home), tuple(_sentences(notes, roster)))


def known_against(desk: Desk) -> set[int]:
    """The numbers of the events that were judged to be against the rule when they were read, by a
    roster that may not be here any more."""
    return {one.number for one in Notes.read(desk.home).troubles if one.what == "against"}


def sees_record(member: Member | None, desk: Desk) -> bool:
    """Whether the server shows it to her."""
    if member is None or not member.in_force(desk.clock()):
        return False
    return member.opens_cases or member.role is Role.RECOVERY


def synced(
    desk: Desk, client: Client, roster: Roster, progress: Progress = silent
) -> tuple[Past, Roster]:
    """What the server shows now, and the roster with which it was compared.

    The two are asked for one after the other, and the server writes a new roster down before it
    shows it, where many wraps have to go some seconds before; of two servers on one database the
    other looks at its file every five. So where they do not fit, both are asked for again.
    """
    found, reader = _sync(desk, client, roster, progress)
    pauses = _PAUSES if reader.named.epoch > roster.epoch else _PAUSES[:_AT_ODDS]
    for pause in pauses:
        if not found.is_good or _names(reader.named, roster):
            break
        desk.sleep(pause)
        first, roster = found.first, desk.current_roster(client)
        found, reader = _sync(desk, client, roster, progress)
        found = replace(found, first=first or found.first)
    agree = _names(reader.named, roster)
    if found.is_good and agree:
        desk.trust.forget_before(roster.epoch)
    findings = (*found.findings, *_sentences(reader.notes, roster))
    if not findings and not agree:
        findings = (_contradiction(reader.named, roster),)
    return replace(found, findings=findings, fresh=True), roster


def _sync(desk: Desk, client: Client, roster: Roster, progress: Progress) -> tuple[Past, "_Reader"]:
    # Before all else: another program forgets a roster once it has written down what it read.
    rosters = {digest(one): one for one in (*desk.trust.earlier(), roster)}
    heads = Heads(desk.home)
    reader, first = _Reader(desk, client, roster, rosters, heads), not heads.number
    try:
        if not reader.notes.damaged:
            for steps in follow(client, heads.number, heads.last, progress):
                if not reader.take(steps):
                    break
    except (Offline, Turned):
        raise
    except Amiss as error:
        return Past(heads, (error,)), reader
    except DeskError as error:  # also a full disk, for which nobody has to wait for an answer
        why = DeskError("The record of key events was not followed to its end. {why}", why=error)
        return Past(heads, (why,)), reader
    return Past(heads, first=first and heads.number > 0), reader


class _Reader:
    """Takes up what follows, page by page: whoever is interrupted goes on from the last page.

    Each event is judged by the roster that was in force at its place in the record, which is how
    the server judged it, where this desk has accepted that one. It reads no further than to a
    roster that is newer than its own: what follows could not be judged yet, and is not read again.
    """

    def __init__(
        self,
        desk: Desk,
        server: Server,
        roster: Roster,
        rosters: Mapping[str, Roster],
        heads: Heads,
    ) -> None:
        self.notes = Notes.read(desk.home)
        self._ahead: Notes | None = None
        self._desk = desk
        self._server = server
        self._roster = roster
        self._rosters = rosters
        self._heads = heads
        self._start = heads.number
        self._old: list[Event] | None = None
        self._mandates: list[Event] = []

    @property
    def named(self) -> Notes:
        """With the roster that the record names, also where it is not known here."""
        return self._ahead or self.notes

    def take(self, steps: Sequence[Step]) -> bool:
        """False: not all of it."""
        notes, taken = self.notes, list[Step]()
        for step in steps:
            # What another run noted, and was cut off before it kept the heads, is not noted again.
            if step.number == self.notes.seen and step.head.hex() != self.notes.head:
                raise exchanged(step.number)
            if step.number > self.notes.seen:
                noted = self._noted(notes, step.number, step.event)
                if noted.epoch > max(notes.epoch, self._roster.epoch):
                    self._ahead = noted
                    break
                notes = noted
            if step.event is not None and step.event.kind is Kind.MANDATE:
                self._mandates.append(step.event)
            taken.append(step)
        # The notes first: cut off between the two, the same events are read again.
        if notes != self.notes:
            last = taken[-1]
            notes = notes.model_copy(update={"seen": last.number, "head": last.head.hex()})
            notes.keep(self._desk.home)
        self.notes = notes
        if taken:
            self._heads.append([step.head for step in taken])
        return self._ahead is None

    def _noted(self, notes: Notes, number: int, event: Event | None) -> Notes:
        if event is None:
            return _with(notes, Trouble(number=number, what="unreadable"))
        if event.kind is Kind.EPOCH:
            return _naming(notes, number, event)
        if event.kind is Kind.WRAPPED and self._is_against(notes, event):
            return _with(notes, Trouble(number=number, what="against", to=event.to))
        return notes

    def _is_against(self, notes: Notes, event: Event) -> bool:
        if self._old is None:
            self._old = earlier(self._server, self._heads, self._start, event)
        before = [*self._old, *self._mandates]
        in_force = in_force_at(notes.epoch, notes.roster, self._rosters)
        roster = in_force or self._roster
        return judge(event, before, roster, in_force=in_force is not None) is Verdict.AGAINST


def in_force_at(epoch: int, named: str | None, rosters: Mapping[str, Roster]) -> Roster | None:
    """The roster that the record names, if it is one of these (by their digest)."""
    found = rosters.get(named or "")
    return found if found is not None and found.epoch == epoch else None


def _naming(notes: Notes, number: int, event: Event) -> Notes:
    """No server goes back to a roster, so nothing is judged by one that came to be in force so."""
    assert event.epoch is not None
    if event.epoch <= notes.epoch:
        return _with(notes, Trouble(number=number, what="order"))
    return notes.model_copy(update={"epoch": event.epoch, "roster": event.roster})


def _with(notes: Notes, trouble: Trouble) -> Notes:
    others = tuple(one for one in notes.troubles if one.number != trouble.number)
    return notes.model_copy(update={"troubles": (*others, trouble)})


def _names(notes: Notes, roster: Roster) -> bool:
    return (notes.epoch, notes.roster) == (roster.epoch, digest(roster))


def _contradiction(notes: Notes, roster: Roster) -> DeskError:
    if notes.roster is None:
        return DeskError(
            "The server's record of key events names no roster at all, while the server shows one "
            "of epoch {epoch}: the record was emptied, or somebody hides what happened. Tell a "
            "lead and the operator.",
            epoch=roster.epoch,
        )
    return DeskError(
        "The server shows this desk another roster than its own record names (epoch {epoch}; the "
        "record names epoch {named}). Somebody may be showing different rosters to different "
        "people. Compare with a colleague, aloud: tropa log, tropa roster show",
        epoch=roster.epoch,
        named=notes.epoch,
    )


def _sentences(notes: Notes, roster: Roster | None) -> Iterable[DeskError]:
    if notes.damaged:
        yield DeskError(
            "The file {name} in the desk's folder is damaged. Read the server's record of key "
            "events anew: tropa log accept",
            name=NOTES,
        )
    for one in notes.troubles:
        if one.accepted:
            continue
        if one.what == "order":
            yield DeskError(
                "By event {n} of the record of key events a roster came into force that is not "
                "newer than the one before it. No server does that: somebody may want an old rule "
                "to hold, or people who have left. Tell a lead and the operator. See: tropa log",
                n=one.number,
            )
        elif one.what == "unreadable":
            yield DeskError(
                "Event {n} of the record of key events cannot be read by this version. Update the "
                "desk and look at it: tropa log. If it stays so, tell a lead.",
                n=one.number,
            )
        else:
            yield DeskError(
                "Cases were opened to {name} without the signatures that the roster asks for "
                "(event {n} of the record of key events). Tell the other leads, by another way "
                "than this server. See: tropa log",
                name=name_of(roster, one.to) or (one.to or "?")[:8],
                n=one.number,
            )


def accept(desk: Desk, steps: Sequence[Step]) -> None:
    """Take these events, a whole record from its beginning, in the place of what was seen here.

    What they hold is not told as amiss again.
    """
    before, heads, notes = Notes.read(desk.home), Heads(desk.home), Notes()
    for step in steps:
        event = step.event
        if event is not None and event.kind is Kind.EPOCH:
            notes = _naming(notes, step.number, event)
    # What was found against the rule is known as that for ever: `tropa log` shows it.
    found = [
        one.model_copy(update={"accepted": True})
        for one in before.troubles
        if one.what == "against" and _same(heads, steps, one.number)
    ]
    notes = notes.model_copy(update={"troubles": tuple(found)})
    if steps:
        last = steps[-1]
        notes = notes.model_copy(update={"seen": last.number, "head": last.head.hex()})
    # Cut off between the two, the old heads stand, and that they do not fit is told again.
    notes.keep(desk.home)
    heads.replace([step.head for step in steps])


def _same(heads: Heads, steps: Sequence[Step], number: int) -> bool:
    return number <= min(heads.number, len(steps)) and heads[number] == steps[number - 1].head
