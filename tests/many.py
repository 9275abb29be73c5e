"""Many small cases that somebody can open who will leave: sealed as the server seals, and stored.

For what is tried and measured by the thousand, where an interview for each would take too long.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from crypto.identity import Identity
from crypto.inbox import InboxSecret
from crypto.sealing import CaseKey, Context, seal_record, wrap_case_key
from crypto.token import ReturnToken, seal_token
from intake.case import CaseHeader, ContactRule, Level, to_the_hour
from intake.records import MESSAGE, TOKEN, AnswersRecord, Message
from intake.roster import Role, Roster
from storage.cases import _insert_case
from storage.opening import Storage
from storage.rows import NewCase, Record
from tests.organisation import House, member

BATCH: Final = 500
CHAT: Final = 7_000_000_001


@dataclass
class Leaving:
    """An organisation of five; `lena` leaves. The others can open every case from then on."""

    house: House
    lena: Identity = field(default_factory=lambda: Identity.new(os.urandom))
    deputy: Identity = field(default_factory=lambda: Identity.new(os.urandom))
    recovery: Identity = field(default_factory=lambda: Identity.new(os.urandom))

    def __post_init__(self) -> None:
        self.house.sign(self.roster())

    @property
    def stay(self) -> dict[str, Identity]:
        """Who opens cases before and after."""
        house = self.house
        return {
            "anna": house.anna,
            "lead": house.lead,
            "deputy": self.deputy,
            "recovery": self.recovery,
        }

    def roster(self) -> Roster:
        more = (
            member("deputy", self.deputy, Role.LEAD),
            member("recovery", self.recovery, Role.RECOVERY),
            member("lena", self.lena),
        )
        return self.house.roster(timedelta(days=90), *more)

    def without_lena(self) -> Roster:
        """Signed and put in place, for the server to take up."""
        roster = self.roster().revoking("lena")
        self.house.epoch = roster.epoch
        self.house.sign(roster)
        return roster


@dataclass(frozen=True)
class Sealed:
    """One case, with what only its makers know: its first key, its inbox, and all that was said."""

    case: NewCase = field(repr=False)
    key: CaseKey
    inbox: InboxSecret
    plain: Mapping[int, bytes] = field(repr=False)


def sealed_cases(leaving: Leaving, count: int, size: int = 1024) -> Iterator[Sealed]:
    """With three records of about `size` bytes, for the four who stay and for lena."""
    now = to_the_hour(datetime.now(UTC))
    people = [*leaving.stay.values(), leaving.lena]
    for number in range(count):
        yield _sealed(leaving.house, people, number, size, now)


def _sealed(house: House, people: list[Identity], number: int, size: int, now: datetime) -> Sealed:
    key, inbox, case_id = CaseKey.new(os.urandom), InboxSecret.new(os.urandom), os.urandom(16)
    header = CaseHeader(
        id=case_id,
        language="ru",
        level=[*Level][number % 4],
        skills=frozenset({"legal"}),
        country=None,
        contact=ContactRule(frozenset(range(24))),
        received=now,
        promised_by=now + timedelta(days=2),
        form=house.form.digest,
        epoch=1,
    )
    said = "к" * ((size - 200) // 2)
    answers = AnswersRecord(
        house.form.digest, "ru", {"consent": "yes", "note": f"{number} {said[:200]}"}, inbox.public
    )
    plain = {0: answers.to_bytes()}
    for place in (1, 2):
        message = Message(language="ru", at=now, text=f"{number}.{place} {said}")
        plain[place] = message.to_bytes()

    def seal(place: int, kind: str, text: bytes) -> bytes:
        where = Context(case_id, place, kind, header.form, header.epoch)
        return seal_record(key.public, where, text).data

    kinds = {0: answers.kind, 1: MESSAGE, 2: MESSAGE}
    back = ReturnToken(CHAT + number, 7, inbox.key_material, case_id)
    case = NewCase(
        header,
        key.public,
        inbox.id,
        [Record(place, kinds[place], seal(place, kinds[place], plain[place])) for place in plain],
        {
            one.key_id: wrap_case_key(key, one.sealing_public, case_id, header.epoch).data
            for one in people
        },
        token=seal(0, TOKEN, seal_token(house.return_key, back, os.urandom)),
        place=inbox.place(CHAT + number),
    )
    return Sealed(case, key, inbox, plain)


async def store(storage: Storage, cases: list[Sealed]) -> None:
    """As if they had been sent."""
    for start in range(0, len(cases), BATCH):
        some = [one.case for one in cases[start : start + BATCH]]

        def work(connection: Connection, some: list[NewCase] = some) -> None:
            for case in some:
                _insert_case(connection, case)

        await storage.database.write(work)
