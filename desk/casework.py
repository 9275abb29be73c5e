"""What a volunteer does with a case, for the command line and the page alike.

Each act seals and signs here what it adds, sends it, and keeps the case as it then is, sealed.
Where a record came in between, the case is fetched and the act sealed anew, once. Nothing is
shown here and nobody is asked; a `Casework` may be shared by threads.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from crypto.envelope import sign_payload
from crypto.identity import Identity
from crypto.sealing import CaseKey, seal_record
from desk.answering import ready, said, short
from desk.authors import Author
from desk.client import Client, Offline, Turned
from desk.desk import Desk
from desk.enclosing import opens as opens
from desk.enclosing import sealed_letter, way_back, wrap_for
from desk.errors import DeskError
from desk.following import Progress, silent
from desk.gossip import differences, is_ahead
from desk.growth import check_growth
from desk.held import Held
from desk.letters import Letters, drop
from desk.past import Past, known, sees_record, synced
from desk.people import colleague_of, member_of
from desk.people import member_id as member_id
from desk.people import name_of as name_of
from desk.reading import Contents, case_key, open_case, place
from desk.reading import codeword as codeword_of
from intake.case import Level, to_the_hour
from intake.questions import Form
from intake.records import DESK_TYPE, About, DeskRecord, Letter, Outcome
from intake.roster import Member, Role, Roster
from intake.shapes import encoded
from intake.wire import CaseFile, Queue, SealedPart

LAST = 2**32
"""Above every number of a record."""

GONE = ("not_held", "unknown_case")
"""Reasons for which a case is not hers any more, and its file has no use here."""


@dataclass(frozen=True, slots=True)
class Casework:
    """One member at work with one server; `roster` as it was accepted when she began, `past` what
    this desk knew of key events then."""

    desk: Desk
    client: Client
    identity: Identity
    roster: Roster
    past: Past

    @property
    def letters(self) -> Letters:
        """Answers that are still being written."""
        return Letters(self.desk.home, self.identity, self.desk.random)

    @classmethod
    def begin(
        cls, desk: Desk, client: Client, identity: Identity, progress: Progress = silent
    ) -> "Casework":
        """With the server's roster, checked: it must be good before anything else is asked."""
        return cls.under(desk, client, identity, desk.current_roster(client), progress)

    @classmethod
    def under(
        cls,
        desk: Desk,
        client: Client,
        identity: Identity,
        roster: Roster,
        progress: Progress = silent,
    ) -> "Casework":
        """Under this roster, accepted just now, and with the record of key events as it is now."""
        if not sees_record(member_of(roster, identity.key_id), desk):
            return cls(desk, client, identity, roster, known(desk))
        past, roster = synced(desk, client, roster, progress)
        return cls(desk, client, identity, roster, past)

    # Looking

    def queue(
        self,
        level: Level | None = None,
        language: str | None = None,
        skill: str | None = None,
        start: int = 0,
    ) -> Queue:
        return self.client.queue(level=level, language=language, skill=skill, start=start)

    def fetch(self, case: str) -> CaseFile:
        """The case as the server has it now; one that was erased there is erased here as well."""
        try:
            return self._keep(self.client.fetch(case))
        except Turned as turned:
            if turned.reason == "unknown_case":
                self._drop(case)
            raise

    def open(self, case: CaseFile) -> Contents:
        """What colleagues saw of the past is compared with this desk's: where one has seen more,
        the server is asked for that first."""
        contents, past = open_case(case, self.identity, self.roster), self.past
        if past.fresh and is_ahead(contents.exchange, past):
            try:
                past, _ = synced(self.desk, self.client, self.roster)
            except (Offline, Turned):
                past = known(self.desk)
        return replace(contents, apart=differences(contents.exchange, past))

    def form(self, case: CaseFile) -> Form:
        """The form the case was answered with, if the organisation signed it."""
        return self.desk.trust.form(case.header.form, self.client.form)

    # Holding

    def take(self, case: str) -> CaseFile:
        """Take it, or renew the lease."""
        return self._keep(self.client.take(case))

    def give_back(self, case: str) -> None:
        """Back to the queue; the file is gone from here, also where it was not hers any more."""
        try:
            self.client.release(case)
        except Turned as turned:
            if turned.reason in GONE:
                self._drop(case)
            raise
        self._drop(case)

    def hand_over(self, case: CaseFile, to: Member, text: str = "") -> CaseFile:
        """To a colleague, who can open it from now on; the file is gone from here."""

        def send(whole: CaseFile, key: CaseKey, record: SealedPart) -> CaseFile:
            wrap = wrap_for(whole, key, to)
            return self.client.hand_over(whole.header.id, member_id(to), wrap, record)

        done = self._act(case, _Words(About.HAND_OVER, short(text), member_id(to)), send)
        self._drop(case.header.id)
        return done

    def escalate(self, case: CaseFile, text: str) -> CaseFile:
        """To a lead, with the reason: the first of `leads` who has room."""
        return self.escalated(case, text)[0]

    def escalated(self, case: CaseFile, text: str) -> tuple[CaseFile, Member]:
        """The same, and which lead has it now."""
        said(text)
        leads = self.leads(case)
        if not leads:
            raise DeskError("There is no other lead on the roster.")
        for lead in leads[:-1]:
            try:
                return self.hand_over(case, lead, text), lead
            except Turned as turned:
                if turned.reason != "capacity":
                    raise
        return self.hand_over(case, leads[-1], text), leads[-1]

    def leads(self, case: CaseFile) -> list[Member]:
        """The other leads, in the order in which a case is offered to them: who can open it
        already before the others, then who may hold most.
        """
        found = [one for one in self.colleagues() if one.role is Role.LEAD]
        return sorted(found, key=lambda one: (not opens(one, case), -one.capacity, one.name))

    # Writing

    def reply(self, case: CaseFile, text: str, codeword: bool | None = None) -> CaseFile:
        """Answer the person. `codeword` None: with the first reply, as he was promised.

        The case is fetched first: the person may have changed when he may be written to. A reply
        whose answer was lost on the way is looked for before it is sent again.
        """
        words, one = _Words(About.REPLY, ready(text)), case.header.id
        tried = self.letters.tried(one)
        whole = self.fetch(one)
        if not self._done_before(whole, min(tried or LAST, following(case)), words):
            whole = self._send(whole, words, codeword)
        self.letters.sent(one, words.text)
        return whole

    def _send(self, case: CaseFile, words: "_Words", codeword: bool | None) -> CaseFile:
        def send(whole: CaseFile, key: CaseKey, record: SealedPart) -> CaseFile:
            contents = self.open(whole)
            letter = self.letter(contents, words.text, codeword)
            sealed = sealed_letter(whole, contents, record.number, letter)
            return self.client.reply(whole.header.id, record, sealed, way_back(whole, contents))

        self.letters.trying(case.header.id, following(case))
        try:
            return self._keep(self._act(case, words, send))
        except Turned:
            self.letters.gave_up(case.header.id)
            raise

    def letter(self, contents: Contents, text: str, codeword: bool | None = None) -> Letter:
        """What `reply` would send: for a preview, and for the sealing."""
        tells = not contents.answered if codeword is None else codeword
        word = self._codeword(contents) if tells else None
        return Letter(at=self._hour(), text=ready(text), codeword=word)

    def note(self, case: CaseFile, text: str) -> CaseFile:
        """For colleagues. Whoever was asked for advice has given it with this."""

        def send(whole: CaseFile, key: CaseKey, record: SealedPart) -> CaseFile:
            return self.client.note(whole.header.id, record)

        return self._keep(self._act(case, _Words(About.NOTE, said(text)), send))

    def ask(self, case: CaseFile, to: Member, text: str) -> CaseFile:
        """Ask a colleague for advice: she can open the case from now on, but does not hold it."""

        def send(whole: CaseFile, key: CaseKey, record: SealedPart) -> CaseFile:
            wrap = wrap_for(whole, key, to)
            return self.client.ask(whole.header.id, member_id(to), wrap, record)

        words = _Words(About.ADVICE, said(text), member_id(to))
        return self._keep(self._act(case, words, send))

    def level(self, case: CaseFile, level: Level, reason: str) -> CaseFile:
        """Another urgency than the rules gave, with the reason."""

        def send(whole: CaseFile, key: CaseKey, record: SealedPart) -> CaseFile:
            return self.client.level(whole.header.id, level, record)

        words = _Words(About.LEVEL, said(reason), level.value)
        return self._keep(self._act(case, words, send))

    # Ending

    def close(self, case: CaseFile, outcome: Outcome, text: str = "") -> CaseFile:
        """The case has ended so; the file is gone from here. A message of his opens it again."""

        def send(whole: CaseFile, key: CaseKey, record: SealedPart) -> CaseFile:
            return self.client.close(whole.header.id, outcome, record)

        done = self._act(case, _Words(About.OUTCOME, short(text), outcome.value), send)
        self._drop(case.header.id)
        return done

    def erase(self, case: str) -> None:
        """For good, at the server and here."""
        try:
            self.client.erase(case)
        except Turned as turned:
            if turned.reason == "unknown_case":
                self._drop(case)
            raise
        self._drop(case)

    # Colleagues

    def colleagues(self) -> list[Member]:
        """Everybody else on the roster who opens cases."""
        own, current = self.identity.key_id, self.roster.current(self.desk.clock())
        return [one for one in current if one.opens_cases and member_id(one) != own]

    def colleague(self, name: str) -> Member:
        """The colleague of this name, however capitalised; `DeskError` names whom there is."""
        return colleague_of(self.colleagues(), name)

    def name_of(self, member: str | None) -> str | None:
        """The name behind a key id, if it stands on the roster."""
        return name_of(self.roster, member)

    # How it is done

    def _act(self, case: CaseFile, words: "_Words", send: "_Send") -> CaseFile:
        """Seal and send; where the case has grown meanwhile, fetch it and do it once more."""
        key = case_key(case, self.identity)
        record = self._record(case, key, words)
        try:
            return send(case, key, record)
        except Turned as turned:
            # Without a wrap: she could open the case when it was fetched, and cannot any more.
            # Not held: this very act may have ended it or handed it over, and its answer was lost.
            if turned.reason not in ("moved", "no_wrap", "not_held"):
                raise
        whole = self.fetch(case.header.id)
        if self._done_before(whole, record.number, words):
            return whole
        key = case_key(whole, self.identity)
        return send(whole, key, self._record(whole, key, words))

    def _done_before(self, whole: CaseFile, number: int, words: "_Words") -> bool:
        """Whether what moved the case was this very act, whose answer was lost on the way."""
        own = self.name_of(self.identity.key_id)
        return any(
            entry.number >= number
            and entry.author == Author(own, "signed")
            and (entry.about, entry.text, entry.value) == (words.about, words.text, words.value)
            for entry in self.open(whole).exchange
        )

    def _record(self, case: CaseFile, key: CaseKey, words: "_Words") -> SealedPart:
        """What is added to the case: signed by this member, sealed to the case.

        To the key that was unwrapped, not to the one the server shows: a replaced public key
        would make of the record something that nobody here can read.
        """
        number = following(case)
        record = DeskRecord(
            case=case.header.id,
            number=number,
            about=words.about,
            at=self._hour(),
            text=words.text,
            value=words.value,
            past=self.past.said,
        )
        envelope = json.dumps(sign_payload(record.to_bytes(), DESK_TYPE, [self.identity])).encode()
        sealed = seal_record(key.public, place(case.header, number, record.kind), envelope)
        return SealedPart(number=number, kind=record.kind, sealed=encoded(sealed.data))

    def _codeword(self, contents: Contents) -> str | None:
        if contents.latest is None:
            return None
        return codeword_of(contents, self.desk.trust.form(contents.latest.form, self.client.form))

    def _hour(self) -> datetime:
        return to_the_hour(self.desk.clock())

    def _keep(self, case: CaseFile) -> CaseFile:
        """Keep the sealed file, if it is what was here before, with nothing but more added."""
        self._check_growth(case)
        self.desk.trust.check_form(case.header.form)
        self.desk.trust.form(case.header.form, self.client.form)
        Held(self.desk.home).keep(case)
        return case

    def _check_growth(self, case: CaseFile) -> None:
        """Records are never changed: what this desk held before must be there still."""
        before = Held(self.desk.home).look(case.header.id)
        if before is not None:
            check_growth(before, case, self.identity, self.roster)

    def _drop(self, case: str) -> None:
        Held(self.desk.home).drop(case)
        drop(self.desk.home, case)


@dataclass(frozen=True, slots=True, repr=False)
class _Words:
    """What is written into a case, before it has a number."""

    about: About
    text: str
    value: str | None = None


_Send = Callable[[CaseFile, CaseKey, SealedPart], CaseFile]


def following(case: CaseFile) -> int:
    """The number of the record that is added next."""
    return 1 + max((part.number for part in case.records), default=0)
