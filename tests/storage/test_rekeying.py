"""Cases under fresh keys: whole or not at all, whoever else is at them in that instant."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import make_url

from handlers.key_ports import NewCaseKey, NewReach
from handlers.keys import reach_of
from intake.ledger import Kind
from intake.mandates import Mandate, Purpose, reaches
from intake.roster import Member, Role
from storage import NewCase, NotWhole, Storage, StoredCase, UnknownCase, open_storage
from storage.rekeying import Done
from storage.tables import slot_of
from tests.databases import prepared_address, shared_postgres
from tests.storage.keys import DAY_OF_NOW, fresh, take_up, told
from tests.storage.samples import (
    ANNA,
    EVA,
    NOW,
    OLGA,
    a_case,
    a_draft,
    a_header,
    answered,
    blank,
)
from tests.storage.test_cases import submitted
from tests.storage.test_inboxes import writes

ALL = (ANNA, OLGA, EVA)


async def waiting(
    storage: Storage, count: int = 1, token: bytes | None = b"t" * 60
) -> list[NewCase]:
    """Cases that Eva could open, who left."""
    made = [
        await submitted(storage, replace(a_case(members=ALL), token=b"t" * 60, place=b"place"))
        for _ in range(count)
    ]
    await take_up(storage, 8, ANNA, OLGA)
    return made


async def fetched(storage: Storage, case: NewCase, by: str = ANNA) -> StoredCase:
    return await storage.cases.fetch(case.header.id, by)


async def rekey(storage: Storage, *cases: NewCaseKey, by: str = ANNA, epoch: int = 8) -> Done:
    return await storage.rekeying.rekey(cases, by, epoch, {ANNA, OLGA}, DAY_OF_NOW)


async def test_a_case_is_changed_whole_and_stays_what_it_was(storage: Storage) -> None:
    [case] = await waiting(storage)
    await storage.cases.take(case.header.id, OLGA, NOW, 9)
    before = await fetched(storage, case)
    new = fresh(before, 8, ANNA, OLGA)
    assert await rekey(storage, new) == Done((case.header.id,), (), (), over=True)
    for who in (ANNA, OLGA):
        after = await fetched(storage, case, who)
        assert after.header == replace(before.header, epoch=8)
        assert [tuple(part) for part in after.records] == list(new.records)
        assert (after.public_key, after.token, after.wrap) == (
            new.public_key,
            new.token,
            new.wraps[who],
        )
        assert set(after.openers) == {ANNA, OLGA}
    assert [(event.kind, event.by, event.cases) for event in (await told(storage))[1:]] == [
        (Kind.REKEYED, ANNA, 1)
    ]
    page = await storage.rekeying.page(ANNA, None)
    assert (page.cases, page.left, page.after) == ((), 0, None)


async def test_whose_advice_is_wanted_is_still_asked(storage: Storage) -> None:
    [case] = await waiting(storage)
    await storage.cases.take(case.header.id, ANNA, NOW, 9)
    await storage.cases.ask(case.header.id, ANNA, OLGA, None, None, DAY_OF_NOW)
    await rekey(storage, fresh(await fetched(storage, case), 8, ANNA, OLGA))
    assert [one.header.id for one in (await storage.cases.queue(OLGA, NOW)).asked] == [
        case.header.id
    ]


async def test_a_letter_keeps_the_epoch_that_it_was_sealed_under(storage: Storage) -> None:
    [case] = await waiting(storage)
    await answered(storage, case)
    await rekey(storage, fresh(await fetched(storage, case), 8, ANNA, OLGA))
    await answered(storage, case)
    await take_up(storage, 9, ANNA)
    again = fresh(await fetched(storage, case), 9, ANNA)
    assert (await storage.rekeying.rekey([again], ANNA, 9, {ANNA}, DAY_OF_NOW)).done
    await answered(storage, case)
    row = await storage.inboxes.get(case.inbox)
    assert row is not None
    assert [reply.epoch for reply in row.replies] == [case.header.epoch, 8, 9]


async def test_of_two_desks_one_changes_a_case(storage: Storage, address: str) -> None:
    other = await open_storage(address)
    made = await waiting(storage, 12)
    whole = [await fetched(storage, case) for case in made]
    ours, theirs = ([fresh(case, 8, ANNA, OLGA) for case in whole] for _ in range(2))
    answers = await asyncio.gather(
        *(rekey(storage, *ours[start : start + 4]) for start in (0, 4, 8)),
        *(rekey(other, *theirs[start : start + 3], by=OLGA) for start in (9, 6, 3, 0)),
    )
    done = [case_id for answer in answers for case_id in answer.done]
    gone = [case_id for answer in answers for case_id in (*answer.moved, *answer.gone)]
    everything = {case.header.id for case in made}
    assert (len(done), len(gone)) == (12, 12)
    assert set(done) == set(gone) == everything
    by_key = {one.public_key: one for one in (*ours, *theirs)}
    for case in made:
        after = await fetched(storage, case)
        new = by_key[after.public_key]
        assert [tuple(part) for part in after.records] == list(new.records)
        assert (after.token, after.wrap) == (new.token, new.wraps[ANNA])
    assert sum(event.cases or 0 for event in await told(storage)) == 12
    assert sum(answer.over for answer in answers if answer.done) >= 1
    await other.close()


async def _writes(storage: Storage, case: NewCase) -> object:
    return await writes(storage, case)


async def _adds(storage: Storage, case: NewCase) -> object:
    return await storage.cases.append(case.header.id, "answers", blank)


async def _moves(storage: Storage, case: NewCase) -> object:
    await storage.inboxes.set_place(case.inbox, lambda now: now.public_key[:60], b"p", b"opened")
    return True


async def _notes(storage: Storage, case: NewCase) -> object:
    note = (1, "note", os.urandom(900))
    try:
        return await storage.cases.note(case.header.id, OLGA, note)
    except Exception as moved:
        return type(moved).__name__ == "Moved"


async def _erases(storage: Storage, case: NewCase) -> object:
    return await storage.inboxes.erase(case.inbox, day=DAY_OF_NOW)


@pytest.mark.parametrize("act", [_writes, _adds, _moves, _notes, _erases])
async def test_whatever_happens_in_that_instant_is_before_it_or_after(
    storage: Storage, address: str, act: Callable[[Storage, NewCase], Awaitable[object]]
) -> None:
    other = await open_storage(address)
    made = await waiting(storage, 8)
    for number, case in enumerate(made):
        before = await fetched(storage, case)
        new = fresh(before, 8, ANNA, OLGA)
        both = [rekey(storage, new), act(other, case)]
        answer, acted = await asyncio.gather(*(both if number % 2 else reversed(both)))
        if not number % 2:
            answer, acted = acted, answer
        assert isinstance(answer, Done)
        assert acted
        if act is _erases:
            with pytest.raises(UnknownCase):
                await fetched(storage, case)
            continue
        after = await fetched(storage, case)
        assert [part.number for part in after.records] == list(range(len(after.records)))
        if answer.done:
            assert after.public_key == new.public_key
            assert [tuple(part) for part in after.records][: len(new.records)] == list(new.records)
        else:
            assert answer.moved == (case.header.id,)
            assert (after.public_key, after.wrap) == (before.public_key, before.wrap)
            assert after.records[: len(before.records)] == before.records
            again = fresh(after, 8, ANNA, OLGA)
            assert (await rekey(storage, again)).done
        if act is _moves and answer.done:  # sealed to the key that was there in that instant
            assert after.token in (new.token, new.public_key[:60])
    await other.close()


async def test_a_roster_that_is_taken_up_in_that_instant_is_before_it_or_after(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    for epoch in range(9, 17):
        case = await submitted(storage, a_case(members=ALL))
        await take_up(storage, epoch * 2, ANNA, OLGA)
        new = fresh(await fetched(storage, case), epoch * 2, ANNA, OLGA)
        answer, _ = await asyncio.gather(
            rekey(storage, new, epoch=epoch * 2), take_up(other, epoch * 2 + 1, ANNA)
        )
        after = await fetched(storage, case)
        assert after.openers == (ANNA,)
        assert (after.public_key == new.public_key) == bool(answer.done)
        assert (await storage.rekeying.page(ANNA, None)).left == 1
        last = fresh(after, epoch * 2 + 1, ANNA)
        done = await storage.rekeying.rekey([last], ANNA, epoch * 2 + 1, {ANNA}, DAY_OF_NOW)
        assert done.done == (case.header.id,)
    await other.close()


async def test_people_go_on_while_cases_are_rekeyed(storage: Storage) -> None:
    """Taps are answered between the requests of a desk, and not only after the last."""
    made = await waiting(storage, 30)
    whole = [await fetched(storage, case) for case in made]
    row, taps, over = a_draft(), 0, False
    await storage.drafts.put(row, None)

    async def tapping() -> None:
        nonlocal row, taps
        while not over:
            then = replace(row, revision=row.revision + 1, sealed=os.urandom(540))
            assert await storage.drafts.put(then, row.revision)
            row, taps = then, taps + 1

    person, answered_between = asyncio.create_task(tapping()), list[int]()
    for start in range(0, 30, 3):
        before = taps
        done = await rekey(
            storage, *(fresh(one, 8, ANNA, OLGA) for one in whole[start : start + 3])
        )
        assert len(done.done) == 3
        answered_between.append(taps - before)
    over = True
    await person
    assert sum(answered_between) > 0
    assert await storage.drafts.get(row.id) == row


async def test_under_another_roster_nothing_is_changed(storage: Storage) -> None:
    [case] = await waiting(storage)
    before = await fetched(storage, case)
    for new, epoch in ((fresh(before, 7, ANNA, OLGA), 7), (fresh(before, 9, ANNA, OLGA), 9)):
        assert (await rekey(storage, new, epoch=epoch)).moved == (case.header.id,)
    assert (await rekey(storage, fresh(before, 7, ANNA, OLGA))).moved == (case.header.id,)
    assert await fetched(storage, case) == before


async def test_one_case_that_is_not_whole_changes_none(storage: Storage) -> None:
    made = await waiting(storage, 2)
    good, bad = [fresh(await fetched(storage, case), 8, ANNA, OLGA) for case in made]
    with pytest.raises(NotWhole):
        await rekey(storage, good, bad._replace(wraps={ANNA: b"w"}))
    assert (await storage.rekeying.page(ANNA, None)).left == 2
    assert len(await told(storage)) == 1


async def test_pages_end_where_they_grow_large_and_hold_a_case_at_least(storage: Storage) -> None:
    made = await waiting(storage, 7)
    order = sorted(slot_of(case.header.id) for case in made)
    found, after, left = list[int](), None, 7
    while True:
        page = await storage.rekeying.page(ANNA, after, largest=25_000)
        assert 1 <= len(page.cases) <= 2
        assert page.left == left
        found += [slot_of(case.header.id) for case in page.cases]
        after, left = page.after, left - len(page.cases)
        if after is None:
            break
    assert found == order
    [one] = (await storage.rekeying.page(ANNA, None, most=1)).cases
    assert one == await storage.cases.fetch(one.header.id, ANNA)
    one = (await storage.rekeying.page(ANNA, None, largest=1)).cases[0]
    assert one == await storage.cases.fetch(one.header.id, ANNA)


async def test_what_somebody_cannot_open_is_counted_and_not_shown(storage: Storage) -> None:
    await submitted(storage, a_case(members=(OLGA, EVA)))
    [case] = await waiting(storage)
    page = await storage.rekeying.page(ANNA, None)
    assert [one.header.id for one in page.cases] == [case.header.id]
    assert (page.left, page.closed_to_her) == (1, 1)
    assert (await storage.rekeying.page(EVA, None)).closed_to_her == 2


# Wraps by the hundred


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.RECOVERY])
@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("purpose", list(Purpose))
async def test_a_mandate_reaches_here_what_it_says(
    storage: Storage, purpose: Purpose, every: bool, role: Role
) -> None:
    about = Mandate(purpose=purpose, to=EVA, every=every, until=NOW, nonce="0" * 32)
    target = Member.model_construct(skills=("law",), languages=("ru", "ka"), role=role)
    headers = [
        replace(a_header(), skills=frozenset(skills), language=language)
        for skills in ((), ("law",), ("lawless",), ("escape", "law"), ("escape",))
        for language in ("ru", "en")
    ]
    for header in headers:
        await submitted(storage, a_case(header))
    closed = await submitted(storage, a_case(replace(a_header(), language="ru")))
    await storage.cases.take(closed.header.id, ANNA, NOW, 9)
    headers.append(await storage.cases.close(closed.header.id, ANNA, None, NOW))
    page = await storage.wrapping.page(reach_of(about, target), ANNA, None)
    meant = {header.id for header in headers if reaches(about, header, target)}
    assert {one.id for one in page.cases} == meant
    assert page.left == len(meant)


ALL_CASES = NewReach("0" * 64, EVA, True, None, None)


def fits(*_: object) -> bool:
    return True


async def test_wraps_are_added_where_there_is_none_and_told_once(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    made = [await submitted(storage, a_case(members=(ANNA,))) for _ in range(20)]
    hidden = await submitted(storage, a_case(members=(OLGA,)))
    sent = [(case.header.id, os.urandom(40)) for case in (*made, hidden)] + [(b"n" * 16, b"w")]
    done = await asyncio.gather(
        *(
            one.wrapping.wrap(ALL_CASES, ANNA, part, 1, fits, DAY_OF_NOW)
            for one, part in ((storage, sent), (other, sent[::-1]), (storage, sent[5:]))
        )
    )
    assert sum(done) == 20
    for (case_id, wrap), case in zip(sent, made, strict=False):
        assert (await fetched(storage, case, EVA)).wrap == wrap
        assert case_id == case.header.id
    with pytest.raises(UnknownCase):
        await fetched(storage, hidden, EVA)
    events = await told(storage)
    assert sum(event.cases or 0 for event in events) == 20
    assert {(event.kind, event.by, event.to) for event in events} == {(Kind.WRAPPED, ANNA, EVA)}
    await other.close()


async def test_what_does_not_fit_the_case_as_it_is_is_not_added(storage: Storage) -> None:
    case = await submitted(storage, a_case(members=(ANNA,)))
    sent = [(case.header.id, b"made before")]

    def stale(case_id: bytes, epoch: int, wrap: bytes) -> bool:
        assert (case_id, epoch, wrap) == (case.header.id, case.header.epoch, b"made before")
        return False

    assert await storage.wrapping.wrap(ALL_CASES, ANNA, sent, 1, stale, DAY_OF_NOW) == 0
    await take_up(storage, 2, ANNA, EVA)
    assert await storage.wrapping.wrap(ALL_CASES, ANNA, sent, 1, fits, DAY_OF_NOW) == 0
    assert await storage.wrapping.wrap(ALL_CASES, ANNA, sent, 2, fits, DAY_OF_NOW) == 1


async def test_pages_of_what_is_to_be_wrapped_follow_each_other(storage: Storage) -> None:
    made = [await submitted(storage, a_case(members=(ANNA,))) for _ in range(7)]
    await submitted(storage, a_case(members=(OLGA,)))
    found, after = list[bytes](), None
    for left in (7, 4, 1):
        page = await storage.wrapping.page(ALL_CASES, ANNA, after, most=3)
        assert page.left == left
        found += [one.id for one in page.cases]
        after = page.after
    assert after is None
    assert sorted(found) == sorted(case.header.id for case in made)


# The disk


def planted(storage_case: StoredCase) -> list[bytes]:
    """All that is sealed in a case, and its key."""
    parts = [part.sealed for part in storage_case.records]
    return [*parts, storage_case.wrap, storage_case.public_key, storage_case.token or b"none"]


def on_disk(folder: Path, pieces: list[bytes]) -> list[bytes]:
    """Those of which a part stands in a file of the database."""
    files = [file.read_bytes() for file in folder.iterdir()]
    return [
        one
        for one in pieces
        if any(one[at : at + 24] in data for at in _parts(one) for data in files)
    ]


def _parts(piece: bytes) -> range:
    return range(0, len(piece) - 23, 24)


@pytest.mark.parametrize("large", [False, True])
async def test_of_what_was_before_nothing_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    if large:
        monkeypatch.setattr("storage.sqlite_thread.LAID_ANEW_AT_ONCE", 0)
    storage = await open_storage(await prepared_address("sqlite", tmp_path))
    made = [
        await submitted(storage, replace(a_case(members=ALL), token=os.urandom(1401)))
        for _ in range(60)
    ]
    for case in made:
        await writes(storage, case, os.urandom(2000))
    of_eva = [case.wraps[EVA] for case in made]
    assert len(on_disk(tmp_path, of_eva)) == 60
    await take_up(storage, 8, ANNA, OLGA)
    if large:
        await storage.lay_anew()
    assert on_disk(tmp_path, of_eva) == []
    whole = [await fetched(storage, case) for case in made]
    pieces = [piece for case in whole for piece in planted(case)]
    pieces += [case.wraps[OLGA] for case in made]
    assert len(on_disk(tmp_path, pieces)) == len(pieces)
    for start in range(0, 60, 7):
        answer = await rekey(
            storage, *(fresh(one, 8, ANNA, OLGA) for one in whole[start : start + 7])
        )
        assert answer.over == (start + 7 >= 60)
    assert on_disk(tmp_path, pieces) == []
    assert (tmp_path / "tropa.sqlite3-wal").stat().st_size == 0
    for case in made:
        after = await fetched(storage, case)
        assert len(on_disk(tmp_path, planted(after))) == len(planted(after))
    await storage.close()


async def test_nor_is_it_in_what_postgresql_writes_where_it_may_be_told_to_forget() -> None:
    server = shared_postgres()
    address = await server.prepared()
    admin = await asyncpg.connect(address)
    storage = await open_storage(address)
    assert not await storage.database.ends_log()
    await admin.execute("ALTER SYSTEM SET wal_recycle = off")
    await admin.execute("SELECT pg_reload_conf()")
    try:
        made = await waiting(storage, 8, os.urandom(60))
        for case in made:
            await writes(storage, case, os.urandom(2000))
        whole = [await fetched(storage, case) for case in made]
        probes = [piece[40:80] for case in whole for piece in (*planted(case), case.wrap)]
        await admin.execute("CHECKPOINT")
        tables = server.data / "base" / str(await admin.fetchval(_OID))
        log = server.data / "pg_wal"
        for folder in (tables, log):
            assert _found(folder, probes) == len(probes)
        assert (await rekey(storage, *(fresh(one, 8, ANNA, OLGA) for one in whole))).over
        assert await storage.database.ends_log()
        for folder in (tables, log):
            assert _found(folder, probes) == 0
    finally:
        await admin.execute("ALTER SYSTEM RESET wal_recycle")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.close()
        await storage.close()


_OID = "SELECT oid FROM pg_database WHERE datname = current_database()"


def _found(folder: Path, probes: list[bytes]) -> int:
    files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return sum(any(one in data for data in files) for one in probes)


async def test_an_ordinary_user_of_postgresql_lays_its_tables_anew_all_the_same() -> None:
    address = await shared_postgres().prepared()
    admin = await asyncpg.connect(address)
    await admin.execute("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN")
    for (table,) in await admin.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    ):
        await admin.execute(f"ALTER TABLE {table} OWNER TO plain")
    storage = await open_storage(
        make_url(address).set(username="plain").render_as_string(hide_password=False)
    )
    place = "SELECT pg_relation_filenode('records')"
    before = await admin.fetchval(place)
    assert await storage.database.lay_anew()
    assert await admin.fetchval(place) == before, "nothing was replaced"
    storage.database.replaced()
    async with admin.transaction():  # a backup reads it
        await admin.execute("LOCK TABLE records IN ACCESS SHARE MODE")
        assert not await storage.database.lay_anew()
    assert await storage.database.lay_anew()
    assert await admin.fetchval(place) != before
    assert not await storage.database.ends_log()
    await storage.close()
    for (table,) in await admin.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    ):
        await admin.execute(f"ALTER TABLE {table} OWNER TO CURRENT_USER")
    await admin.execute("DROP ROLE plain")
    await admin.close()
