"""Rows and cases to store. The sealed bytes are random: storage must not care what they are."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from intake.case import CaseHeader, ContactRule, Level
from storage import DraftRow, Lock, NewCase, Record, Storage
from storage.rows import Sealing

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ANNA, OLGA, EVA = "a1" * 16, "0f" * 16, "e5" * 16


def a_draft(revision: int = 1, sealed: bytes | None = None) -> DraftRow:
    """A draft with an id of its own that expires in a day, on the hour."""
    body = os.urandom(540) if sealed is None else sealed
    return DraftRow(os.urandom(16), revision, datetime(2026, 3, 15, 16, tzinfo=UTC), body)


def after(draft: DraftRow, sealed: bytes = b"sent") -> DraftRow:
    """The row that follows `draft`."""
    return replace(draft, revision=draft.revision + 1, sealed=sealed)


def a_header(level: Level = Level.P2, waited: timedelta = timedelta()) -> CaseHeader:
    """A clear header with every field in use."""
    received = datetime(2026, 3, 14, 15, tzinfo=UTC) - waited
    return CaseHeader(
        id=os.urandom(16),
        language="ru",
        level=level,
        skills=frozenset({"law", "escape"}),
        country="ge",
        contact=ContactRule(frozenset({7, 8, 20})),
        received=received,
        promised_by=received + DAY,
        form="ab" * 32,
        epoch=7,
    )


def bare(header: CaseHeader) -> CaseHeader:
    """The same with as little in it as there can be: nobody may write first."""
    return replace(header, country=None, skills=frozenset(), contact=ContactRule.never())


def a_case(header: CaseHeader | None = None, members: tuple[str, ...] = (ANNA, OLGA)) -> NewCase:
    """A case with one record, sealed to `members`."""
    return NewCase(
        header=header or a_header(),
        public_key=os.urandom(1216),
        inbox=os.urandom(16),
        records=[Record(0, "answers", os.urandom(3200))],
        wraps={member: os.urandom(1168) for member in members},
    )


def blank(_: Sealing, number: int) -> bytes:
    """Makes a record of nothing."""
    return bytes(number)


def a_lock(name: str = "any", locator: str = "12345678") -> Lock:
    """A lock as long as any."""
    return Lock(name, locator, os.urandom(16), os.urandom(50))


async def queued(storage: Storage, member: str, now: datetime) -> list[CaseHeader]:
    """What this member holds, and then what she could take."""
    listing = await storage.cases.queue(member, now)
    return [listed.header for listed in (*listing.mine, *listing.cases)]


async def answered(
    storage: Storage, case: NewCase, letter: bytes = b"letter", token: bytes | None = b"token"
) -> int:
    """Anna takes the case and answers the person; returns the number of the reply."""
    await storage.cases.take(case.header.id, ANNA, NOW, 1000)
    number = len((await storage.cases.fetch(case.header.id, ANNA)).records)
    record = Record(number, "reply", os.urandom(800))
    await storage.cases.reply(case.header.id, ANNA, NOW, record, letter, token)
    return number
