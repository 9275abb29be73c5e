"""The record of key events in words: who could open what from when on, and what each event proves.

Names come from the roster that this desk accepted, or the beginning of the key id stands there. A
case is named where its sealed file lies on this machine: nobody else can tell which it is.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich.table import Table
from rich.text import Text

from desk.casework import Casework
from desk.desk import Desk
from desk.following import Progress as Reading
from desk.following import Step, chain, earlier, silent
from desk.held import Held
from desk.mandated import Signature, SignedMandate, Verdict, judge, read_signed
from desk.past import in_force_at, known_against
from desk.people import member_of, name_of
from desk.progress import progress
from desk.queue_view import SHORT
from desk.safe import plain
from intake.ledger import Event, Kind, mark
from intake.mandates import Purpose
from intake.roster import Role, Roster, digest

_GROUP, _DIGITS = 5, 40
_DAY = len("2026-11-27")
PART: Final = 200
"""Events that are put into words and shown at once."""


def spoken(head: bytes) -> str:
    """A head as it is read out: forty digits in groups of five, as of a card."""
    number = f"{int.from_bytes(head, 'big') % 10**_DIGITS:0{_DIGITS}d}"
    return " ".join(number[at : at + _GROUP] for at in range(0, _DIGITS, _GROUP))


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it is shown. `seen`: as this desk saw it before; another there; or not yet."""

    number: int
    head: bytes
    seen: Literal["same", "other", "not yet"]
    event: Event | None
    signed: SignedMandate | None = None
    verdict: Verdict | None = None


def newest(casework: Casework, limit: int, read: Reading = silent) -> tuple[list[Line], int]:
    """The last events that the server shows, and how many it has in all."""
    heads, client = casework.past.heads, casework.client
    total = client.events(heads.number).total
    start = number = max(0, total - limit)
    page = client.events(number)
    head = bytes.fromhex(page.head)
    agrees = number <= heads.number and heads[number] == head
    steps: list[Step] = []
    while page.events and number < total:
        steps += chain(page, number, head)
        number, head = steps[-1].number, steps[-1].head
        read(number - start, total - start)
        page = client.events(number)
    events = [one for step in steps if (one := step.event) is not None]
    wrapped = [one for one in events if one.kind is Kind.WRAPPED]
    before = earlier(client, heads, start, wrapped[0]) if wrapped and agrees else []
    return _lines(casework, steps, before), total


def _lines(casework: Casework, steps: Sequence[Step], before: list[Event]) -> list[Line]:
    heads, roster, lines = casework.past.heads, casework.roster, list[Line]()
    rosters = {digest(one): one for one in (*casework.desk.trust.earlier(), roster)}
    against = known_against(casework.desk)
    epoch, in_force = 0, None if any(_of(step, Kind.EPOCH) for step in steps) else roster
    for step in steps:
        event, signed, verdict = step.event, None, None
        same = step.number <= heads.number and heads[step.number] == step.head
        seen: Literal["same", "other", "not yet"] = "same" if same else "other"
        if event is not None and event.kind is Kind.EPOCH and (event.epoch or 0) > epoch:
            epoch = event.epoch or 0
            in_force = in_force_at(epoch, event.roster, rosters)
        if event is not None and event.kind is Kind.MANDATE:
            signed = read_signed(event, roster)
        if event is not None and event.kind is Kind.WRAPPED:
            verdict = judge(event, before, in_force or roster, in_force=in_force is not None)
            if same and step.number in against:
                verdict = Verdict.AGAINST
        if step.number > heads.number:
            seen = "not yet"
        lines.append(Line(step.number, step.head, seen, event, signed, verdict))
        before += [event] if event is not None else []
    return lines


def _of(step: Step, kind: Kind) -> bool:
    event = step.event
    return event is not None and event.kind is kind


def show(desk: Desk, casework: Casework, lines: Sequence[Line]) -> None:
    """Newest last. A long record comes part by part; how far it is, is told where the parts
    themselves do not show it."""
    words = Words(desk, casework.roster)
    width = len(str(lines[-1].number)) if lines else 0
    shown = len(lines) > PART and not desk.out.is_terminal
    with progress(desk, len(lines), passing=True) if shown else nullcontext() as told:
        for start in range(0, len(lines), PART):
            part = lines[start : start + PART]
            desk.out.print(_table(words, part, width))
            if told is not None:
                told.show(start + len(part))


def _table(words: "Words", lines: Sequence[Line], width: int) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True, style="dim", width=width)
    table.add_column(no_wrap=True, style="dim", width=_DAY)
    table.add_column(overflow="fold", ratio=1)
    for line in lines:
        day = "" if line.event is None else line.event.day.isoformat()
        text = Text(plain(words.of(line)))
        for doubt in words.doubts(line):
            text.append(f"  [{doubt}]", "bold red")
        table.add_row(str(line.number), day, text)
    return table


class Words:
    """Events as sentences, for one reader."""

    def __init__(self, desk: Desk, roster: Roster) -> None:
        self._desk = desk
        self.roster = roster
        held = Held(desk.home).ids()
        self._cases = {mark(bytes.fromhex(case)): case for case in held}

    def case(self, event: Event) -> str | None:
        """The id of the case, where it is here."""
        return self._cases.get(event.case or "")

    def name(self, key: str | None) -> str:
        return name_of(self.roster, key) or (key or "?")[:SHORT]

    def of(self, line: Line) -> str:
        event, say = line.event, self._desk.say
        if event is None:
            return say("something that this version does not know")
        by, to = self.name(event.by), self.name(event.to)
        case = (self.case(event) or f"#{event.case or ''}")[:SHORT]
        match event.kind:
            case Kind.EPOCH:
                return say("the roster of epoch {epoch} came into force", epoch=event.epoch)
            case Kind.HAND_OVER:
                return say("{by} handed case {case} over to {to}", by=by, case=case, to=to)
            case Kind.ADVICE:
                return say("{by} asked {to} for advice on case {case}", by=by, case=case, to=to)
            case Kind.MANDATE:
                return self._mandate(by, line.signed)
            case Kind.WRAPPED:
                return self._wrapped(event, by, to)
            case Kind.REKEYED:
                n = event.cases or 0
                return self._desk.language.count(
                    "{by} gave {n} case a fresh key", "{by} gave {n} cases fresh keys", n, by=by
                )
            case _:
                if event.by is None:
                    return say("case {case} was erased", case=case)
                return say("{by} erased case {case}", by=by, case=case)

    def _wrapped(self, event: Event, by: str, to: str) -> str:
        n, digits = event.cases or 0, (event.mandate or "")[:SHORT]
        return self._desk.language.count(
            "{by} opened {n} case to {to} (mandate {digits})",
            "{by} opened {n} cases to {to} (mandate {digits})",
            n,
            by=by,
            to=to,
            digits=digits,
        )

    def _mandate(self, by: str, signed: SignedMandate | None) -> str:
        say = self._desk.say
        if signed is None:
            return say("{by} signed something that is no mandate", by=by)
        mandate = signed.mandate
        values = {
            "by": by,
            "to": self.name(mandate.to),
            "digits": mandate.digest[:SHORT],
            "until": mandate.until,
        }
        target = member_of(self.roster, mandate.to)
        to_recovery = target is not None and target.role is Role.RECOVERY
        if mandate.purpose is Purpose.RECOVER or to_recovery:
            return say(
                "{by} approved: every case may be opened to {to} until {until:%Y-%m-%d} "
                "(mandate {digits})",
                **values,
            )
        if mandate.every:
            return say(
                "{by} approved: every open case may be opened to {to} until {until:%Y-%m-%d} "
                "(mandate {digits})",
                **values,
            )
        return say(
            "{by} approved: open cases of her skills may be opened to {to} until "
            "{until:%Y-%m-%d} (mandate {digits})",
            **values,
        )

    def doubts(self, line: Line) -> list[str]:
        """What is not to be relied on."""
        say, found, signed = self._desk.say, [], line.signed
        if line.seen == "other":
            found.append(say("not what this desk saw here"))
        if signed is not None and signed.signature is Signature.FALSE:
            found.append(say("the signature is false"))
        elif signed is not None and signed.signature is Signature.UNKNOWN:
            found.append(say("not checked: the key is on the roster no more, or never was"))
        elif signed is not None and not signed.counts:
            found.append(
                say("does not count: leads sign, and never the one who is given the cases")
            )
        if line.verdict is Verdict.AGAINST:
            found.append(say("without the signatures that the roster asks for"))
        if line.verdict is Verdict.UNKNOWN:
            found.append(say("not checked: signed under another roster than this desk has now"))
        return found


def as_json(desk: Desk, casework: Casework, lines: Sequence[Line], total: int) -> dict[str, Any]:
    """The same for programs."""
    words, past = Words(desk, casework.roster), casework.past
    return {
        "number": past.number,
        "head": past.heads.last.hex(),
        "digits": spoken(past.heads.last),
        "at_server": total,
        "amiss": [desk.language.explain(error) for error in past.findings],
        "events": [_event_json(words, line) for line in lines],
    }


def _event_json(words: Words, line: Line) -> Mapping[str, Any]:
    event = line.event
    document: dict[str, Any] = {
        "number": line.number,
        "head": line.head.hex(),
        "seen": line.seen,
        "words": words.of(line),
    }
    if event is not None:
        whole = event.model_dump(mode="json", exclude_none=True, exclude={"v", "signed"})
        document |= whole | {
            f"{who}_name": name
            for who in ("by", "to")
            if (key := whole.get(who)) and (name := name_of(words.roster, key))
        }
        if (case := words.case(event)) is not None:
            document["case_here"] = case
    if line.signed is not None:
        mandate = line.signed.mandate
        document["signature"] = line.signed.signature.value
        document["counts"] = line.signed.counts
        document["of"] = mandate.model_dump(mode="json") | {"digest": mandate.digest}
    if line.verdict is not None:
        document["allowed"] = line.verdict.value
    return document
