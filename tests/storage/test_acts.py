"""What members do to a case: one transaction an act, once only, by whom it may be done."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from intake.case import LEASE, CaseHeader, ContactRule, Level, State, Turn
from storage import (
    Full,
    HeldByOther,
    Moved,
    NewCase,
    NoWrap,
    Record,
    Storage,
    StoredCase,
    UnknownCase,
    open_storage,
)
from storage.acts import _wrap
from storage.rows import Answered, up_to_the_hour
from tests.storage.samples import (
    ANNA,
    DAY,
    EVA,
    HOUR,
    NOW,
    OLGA,
    a_case,
    a_draft,
    a_header,
    answered,
    bare,
)
from tests.storage.test_cases import submitted
from tests.storage.test_inboxes import in_a_day

Act = Callable[[Storage, bytes, str, Record], Awaitable[object]]


def a_record(number: int = 1, kind: str = "note") -> Record:
    return Record(number, kind, os.urandom(600))


async def held_by_anna(storage: Storage, case: NewCase | None = None) -> bytes:
    case = await submitted(storage, case)
    await storage.cases.take(case.header.id, ANNA, NOW, 1000)
    return case.header.id


async def kept(storage: Storage, case_id: bytes, member: str = ANNA) -> StoredCase:
    return await storage.cases.fetch(case_id, member)


ACTS: dict[str, Act] = {
    "giving back": lambda storage, case, by, record: storage.cases.give_back(case, by, record),
    "a reply": lambda storage, case, by, record: storage.cases.reply(
        case, by, NOW, record, b"letter", b"token"
    ),
    "handing over": lambda storage, case, by, record: storage.cases.hand_over(
        case, by, OLGA, None, record, NOW, 9
    ),
    "asking": lambda storage, case, by, record: storage.cases.ask(
        case, by, OLGA, None, record, NOW.date()
    ),
    "a level": lambda storage, case, by, record: storage.cases.set_level(
        case, by, False, Level.P0, record, NOW, NOW
    ),
    "closing": lambda storage, case, by, record: storage.cases.close(case, by, record, NOW),
}
"""Those that are for the holder alone."""

any_act = pytest.mark.parametrize("act", [pytest.param(act, id=name) for name, act in ACTS.items()])


@any_act
async def test_an_act_that_was_done_is_not_done_again(storage: Storage, act: Act) -> None:
    case_id, record = await held_by_anna(storage), a_record()
    await act(storage, case_id, ANNA, record)
    done = await kept(storage, case_id)
    assert done.records[1:] == (record,)
    await act(storage, case_id, ANNA, record)
    assert await kept(storage, case_id) == done


@any_act
@pytest.mark.parametrize("number", [0, 2, 9])
async def test_a_record_that_is_not_the_next_is_refused_and_nothing_done(
    storage: Storage, act: Act, number: int
) -> None:
    case_id = await held_by_anna(storage)
    before = await kept(storage, case_id)
    with pytest.raises(Moved):
        await act(storage, case_id, ANNA, a_record(number))
    assert await kept(storage, case_id) == before


@any_act
async def test_what_only_the_holder_may_do_is_refused_to_others(storage: Storage, act: Act) -> None:
    case_id = await held_by_anna(storage)
    before = await kept(storage, case_id)
    with pytest.raises(HeldByOther):
        await act(storage, case_id, OLGA, a_record())
    with pytest.raises(UnknownCase):
        await act(storage, case_id, EVA, a_record())
    with pytest.raises(UnknownCase):
        await act(storage, os.urandom(16), ANNA, a_record())
    assert await kept(storage, case_id) == before


async def test_a_member_holds_no_more_than_she_may(storage: Storage) -> None:
    cases = [(await submitted(storage)).header.id for _ in range(3)]
    for case_id in cases[:2]:
        await storage.cases.take(case_id, ANNA, NOW, 2)
    with pytest.raises(Full) as told:
        await storage.cases.take(cases[2], ANNA, NOW, 2)
    assert told.value.held == 2
    await storage.cases.take(cases[1], ANNA, NOW, 2)  # what she holds she may go on holding
    await storage.cases.take(cases[2], OLGA, NOW, 2)
    await storage.cases.take(cases[0], ANNA, NOW + 2 * LEASE, 1)  # both leases have ended


async def test_of_two_takes_in_the_same_instant_one_fits(storage: Storage, address: str) -> None:
    other = await open_storage(address)
    for _ in range(10):
        cases = [await submitted(storage, a_case(members=(EVA,))) for _ in range(2)]
        done = await asyncio.gather(
            storage.cases.take(cases[0].header.id, EVA, NOW, 1),
            other.cases.take(cases[1].header.id, EVA, NOW, 1),
            return_exceptions=True,
        )
        assert {type(told) for told in done} == {CaseHeader, Full}
        for case in cases:
            await storage.cases.erase(case.header.id, NOW.date())
    await other.close()


async def test_a_reply_and_a_message_in_the_same_instant_are_both_there(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    for _ in range(10):
        case, draft, reply = a_case(), a_draft(), a_record(1, "reply")
        case_id = await held_by_anna(storage, case)
        await storage.drafts.put(draft, None)
        done = await asyncio.gather(
            other.cases.reply(case_id, ANNA, NOW, reply, b"letter", b"token"),
            storage.inboxes.write(case.inbox, draft.id, 1, lambda *_: b"message", NOW, in_a_day),
            return_exceptions=True,
        )
        assert done[1] is True
        if isinstance(done[0], Moved):  # sealed anew for the number that is now the next
            await other.cases.reply(
                case_id, ANNA, NOW, reply._replace(number=2), b"letter", b"token"
            )
        whole = await kept(storage, case_id)
        assert [part.number for part in whole.records] == [0, 1, 2]
        assert {part.kind for part in whole.records[1:]} == {"reply", "message"}
    await other.close()


async def test_a_reply_and_erasure_in_the_same_instant_leave_nothing(
    storage: Storage, address: str
) -> None:
    other = await open_storage(address)
    for _ in range(10):
        case = a_case()
        case_id = await held_by_anna(storage, case)
        done = await asyncio.gather(
            other.cases.reply(case_id, ANNA, NOW, a_record(1, "reply"), b"letter", b"token"),
            storage.inboxes.erase(case.inbox, day=NOW.date()),
            return_exceptions=True,
        )
        assert done[1] is True
        assert isinstance(done[0], CaseHeader | UnknownCase)
        assert await storage.inboxes.get(case.inbox) is None
        assert await storage.outbox.due(NOW.replace(hour=8)) == []
    await other.close()


async def test_a_reply_makes_it_the_persons_turn(storage: Storage) -> None:
    case = await submitted(storage)
    assert await answered(storage, case, b"letter", b"token") == 1
    assert await answered(storage, case, b"another", b"token") == 2
    whole = await kept(storage, case.header.id)
    assert whole.header.turn is Turn.THEIRS
    assert whole.replies == (Answered(1, "waiting"), Answered(2, "waiting"))
    seen = await storage.inboxes.get(case.inbox)
    assert seen is not None
    assert [reply.sealed for reply in seen.replies] == [b"letter", b"another"]


async def test_where_nobody_may_write_first_a_reply_lies_in_the_inbox(storage: Storage) -> None:
    case = await submitted(storage, a_case(bare(a_header())))
    await answered(storage, case, b"letter", b"token")
    other = await submitted(storage)
    await answered(storage, other, b"letter", None)
    for one in (case, other):
        assert (await kept(storage, one.header.id)).replies == (Answered(1, "inbox"),)
        await storage.inboxes.set_contact(one.inbox, ContactRule.any_time())
    assert await storage.outbox.due(NOW) == []


async def test_a_lease_that_ended_is_no_lease(storage: Storage) -> None:
    case_id, late = await held_by_anna(storage), NOW + LEASE + HOUR
    with pytest.raises(HeldByOther):
        await storage.cases.reply(case_id, ANNA, late, a_record(), b"letter", None)
    with pytest.raises(HeldByOther):
        await storage.cases.close(case_id, ANNA, None, late)
    await storage.cases.take(case_id, ANNA, late, 1)
    await storage.cases.reply(case_id, ANNA, late, a_record(), b"letter", None)


async def test_anybody_who_can_open_a_case_may_add_a_note(storage: Storage) -> None:
    case_id, note = await held_by_anna(storage), a_record()
    for _ in range(2):
        await storage.cases.note(case_id, OLGA, note)
    assert (await kept(storage, case_id)).records[1:] == (note,)
    with pytest.raises(Moved):
        await storage.cases.note(case_id, OLGA, a_record(1))
    with pytest.raises(UnknownCase):
        await storage.cases.note(case_id, EVA, a_record(2))


async def test_a_colleague_gets_the_case_with_the_wrap_that_was_made_for_her(
    storage: Storage,
) -> None:
    case_id = await held_by_anna(storage)
    with pytest.raises(NoWrap):
        await storage.cases.hand_over(case_id, ANNA, EVA, None, a_record(), NOW, 1)
    header = await storage.cases.hand_over(case_id, ANNA, EVA, b"wrap", a_record(), NOW, 1)
    assert (header.state, header.holder) == (State.TAKEN, EVA)
    assert header.leased_until == up_to_the_hour(NOW + LEASE)
    whole = await kept(storage, case_id, EVA)
    assert whole.wrap == b"wrap"
    assert whole.openers == tuple(sorted((ANNA, OLGA, EVA)))
    with pytest.raises(HeldByOther):
        await storage.cases.hand_over(case_id, ANNA, OLGA, None, None, NOW, 1)


async def test_a_wrap_that_is_there_stays(storage: Storage) -> None:
    case = await submitted(storage)
    await storage.cases.take(case.header.id, ANNA, NOW, 1)
    await storage.cases.hand_over(case.header.id, ANNA, OLGA, b"another", None, NOW, 1)
    assert (await kept(storage, case.header.id, OLGA)).wrap == case.wraps[OLGA]


async def test_nobody_is_handed_more_than_she_may_hold(storage: Storage) -> None:
    case_id, hers = await held_by_anna(storage), (await submitted(storage)).header.id
    await storage.cases.take(hers, OLGA, NOW, 1)
    with pytest.raises(Full) as told:
        await storage.cases.hand_over(case_id, ANNA, OLGA, None, a_record(), NOW, 1)
    assert told.value.held == 1
    whole = await kept(storage, case_id)
    assert (whole.header.holder, len(whole.records)) == (ANNA, 1)


async def test_advice_is_wanted_until_it_is_given(storage: Storage) -> None:
    case_id = await held_by_anna(storage)
    with pytest.raises(NoWrap):
        await storage.cases.ask(case_id, ANNA, EVA, None, None, NOW.date())
    await storage.cases.ask(case_id, ANNA, EVA, b"wrap", a_record(1), NOW.date())
    assert await asked(storage, EVA) == [case_id]
    assert await asked(storage, OLGA) == []
    await storage.cases.note(case_id, OLGA, a_record(2))
    assert await asked(storage, EVA) == [case_id]
    await storage.cases.note(case_id, EVA, a_record(3))
    assert await asked(storage, EVA) == []


async def test_of_a_closed_case_no_advice_is_wanted(storage: Storage) -> None:
    case = a_case()
    case_id = await held_by_anna(storage, case)
    await storage.cases.ask(case_id, ANNA, OLGA, None, None, NOW.date())
    await storage.cases.close(case_id, ANNA, None, NOW)
    assert await asked(storage, OLGA) == []


async def test_the_level_is_changed_by_the_holder_or_a_lead(storage: Storage) -> None:
    case_id = await held_by_anna(storage)
    with pytest.raises(HeldByOther):
        await storage.cases.set_level(case_id, OLGA, False, Level.P0, a_record(), NOW, NOW)
    soon = NOW.replace(minute=0, second=0) + HOUR
    for lead, member, number in ((False, ANNA, 1), (True, OLGA, 2)):
        header = await storage.cases.set_level(
            case_id, member, lead, Level.P0, a_record(number), NOW, soon
        )
        assert (header.level, header.promised_by) == (Level.P0, soon)
    with pytest.raises(UnknownCase):
        await storage.cases.set_level(case_id, EVA, True, Level.P0, a_record(3), NOW, soon)


async def test_a_reply_sent_with_the_closing_still_arrives(storage: Storage) -> None:
    case = await submitted(storage)
    await answered(storage, case, b"letter", b"token")
    await storage.cases.close(case.header.id, ANNA, a_record(2), NOW)
    (due,) = await storage.outbox.due(NOW.replace(hour=8))
    assert (due.case_id, due.numbers, due.token) == (case.header.id, (1,), b"token")


async def test_who_is_at_a_case_for_months_does_not_lose_it_by_giving_it_back(
    storage: Storage,
) -> None:
    case = await submitted(storage, a_case(a_header(waited=90 * DAY)))
    await storage.cases.take(case.header.id, ANNA, NOW, 1)
    await storage.cases.give_back(case.header.id, ANNA)
    assert await storage.cases.erase_due(NOW + 29 * DAY) == 0
    assert await storage.cases.erase_due(NOW + 31 * DAY) == 1


async def test_a_case_is_erased_by_the_holder_or_a_lead(storage: Storage) -> None:
    one, other = await held_by_anna(storage), await held_by_anna(storage)
    with pytest.raises(HeldByOther):
        await storage.cases.erase_held(one, OLGA, False, NOW.date())
    with pytest.raises(UnknownCase):
        await storage.cases.erase_held(one, EVA, True, NOW.date())
    await storage.cases.erase_held(one, ANNA, False, NOW.date())
    await storage.cases.erase_held(other, OLGA, True, NOW.date())
    for case_id in (one, other):
        with pytest.raises(UnknownCase):
            await kept(storage, case_id)


async def test_whom_it_concerns_is_told_once_until_there_is_news(storage: Storage) -> None:
    case = await submitted(storage, a_case(a_header(Level.P1)))
    await submitted(storage, a_case(a_header(Level.P2)))
    assert await unalerted(storage) == [case.header.id]
    await storage.cases.alerted(case.header.id)
    assert await unalerted(storage) == []
    await storage.cases.take(case.header.id, ANNA, NOW, 1)
    for level, told in ((Level.P2, []), (Level.P0, [case.header.id])):
        number = len((await kept(storage, case.header.id)).records)
        await storage.cases.set_level(
            case.header.id, ANNA, False, level, a_record(number), NOW, NOW
        )
        assert await unalerted(storage) == told
    await answered(storage, case)
    assert await unalerted(storage) == []


async def test_news_that_comes_while_others_are_told_is_told_too(storage: Storage) -> None:
    case = await submitted(storage, a_case(a_header(Level.P1)))
    await storage.cases.take(case.header.id, ANNA, NOW, 1)
    assert await unalerted(storage) == [case.header.id]
    number = len((await kept(storage, case.header.id)).records)
    await storage.cases.set_level(case.header.id, ANNA, False, Level.P0, a_record(number), NOW, NOW)
    await storage.cases.alerted(case.header.id)
    assert await unalerted(storage) == [case.header.id]
    await storage.cases.alerted(case.header.id)
    assert await unalerted(storage) == []


async def test_news_of_a_held_case_names_its_holder(storage: Storage) -> None:
    case = await submitted(storage, a_case(a_header(Level.P1)))
    await storage.cases.take(case.header.id, ANNA, NOW, 1)
    (header,) = await storage.cases.unalerted((Level.P0, Level.P1))
    assert header.holder == ANNA


async def asked(storage: Storage, member: str) -> list[bytes]:
    listing = await storage.cases.queue(member, NOW)
    assert all(listed.asked for listed in listing.asked)
    return [listed.header.id for listed in listing.asked]


async def unalerted(storage: Storage) -> list[bytes]:
    return [header.id for header in await storage.cases.unalerted((Level.P0, Level.P1))]


async def test_a_case_is_fetched_as_it_stood_in_one_instant(
    address: str, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it from before and half from after: a desk would miss what it had already."""
    case = await submitted(storage, a_case())
    before = await storage.cases.fetch(case.header.id, ANNA)

    async def added() -> None:
        another = await open_storage(address)
        await another.cases.note(case.header.id, OLGA, a_record())
        await another.close()

    def second(case_id: bytes, key_id: str) -> Any:
        """What a fetch asks second; just before it somebody else adds something."""
        meanwhile.undo()
        thread = threading.Thread(target=asyncio.run, args=(added(),))
        thread.start()
        thread.join()
        return _wrap(case_id, key_id)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("storage.acts._wrap", second)
        found = await storage.cases.fetch(case.header.id, ANNA)
    assert found == before
    assert len((await storage.cases.fetch(case.header.id, ANNA)).records) == 2
