"""What keys of before sealed, taken over by the one in use: links and counts, on both databases."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.counting import Counting
from bot.counts import CountsDesk
from bot.links import VolunteerLinks
from crypto.link import make_link
from crypto.linked import LinkedChat, LinkedChats
from crypto.tally import TallyKey
from handlers.volunteers import Linking
from intake.answers import Answers
from intake.counting import Tally
from intake.counts import Rules
from storage import Storage, open_storage
from storage.migrations import upgrade
from storage.rows import Count, Together
from tests.intake.test_counting import header
from tests.organisation import House

OLDEST, OLD, NEW, STRANGE = (bytes([number]) * 32 for number in (1, 2, 3, 4))
CHATS = range(7_700_000_000_001, 7_700_000_000_009)
NOW = datetime(2026, 10, 3, 12, tzinfo=UTC)
EARLY: Answers = {"consent": "yes", "status": "contract"}
WHOLE: Answers = {"consent": "yes", "status": "contract", "situation": "left"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# Linked chats.


def links(storage: Storage, house: House, *keys: bytes) -> VolunteerLinks:
    """As a server has them that was started with these keys, the first one in use."""
    current, *older = (LinkedChats(key) for key in keys)
    roster = house.roster(timedelta(days=9000))
    return VolunteerLinks(
        storage.links,
        storage.nonces,
        current,
        lambda: roster,
        lambda: NOW,
        os.urandom,
        tuple(older),
    )


async def linked(storage: Storage, house: House) -> None:
    """Some chats of two members under each of two keys, told of something before."""
    for number, chat in enumerate(CHATS):
        key = LinkedChats((OLDEST, OLD)[number % 2])
        member = (house.anna, house.lead)[number % 3 % 2].key_id
        row = key.row(chat)
        sealed = key.seal(row, member, LinkedChat(chat, number), os.urandom)
        await storage.links.put(row, member, sealed)


async def rows_of(storage: Storage, key: bytes) -> list[bytes]:
    names = {LinkedChats(key).row(chat) for chat in CHATS}
    return [row for row, _, _ in await storage.links.all() if row in names]


async def everybody(found: VolunteerLinks) -> list[tuple[int, int, str]]:
    """Chat, last message and member of every linked chat."""
    told = await found.of(found.members())
    return sorted((one.chat.chat_id, one.chat.message_id, one.key_id) for one in told)


async def test_at_the_start_every_linked_chat_is_named_and_sealed_anew(
    storage: Storage, house: House
) -> None:
    await linked(storage, house)
    found = links(storage, house, NEW, OLD, OLDEST)
    await found.renew()
    assert len(await rows_of(storage, NEW)) == len(await storage.links.all()) == len(CHATS)
    alone = links(storage, house, NEW)  # the older ones are gone for good
    assert [(chat, number) for chat, number, _ in await everybody(alone)] == [
        (chat, number) for number, chat in enumerate(CHATS)
    ]
    assert await everybody(alone) == await everybody(found)
    for chat in CHATS:
        assert await alone.volunteer(chat) is not None


async def test_a_chat_is_known_and_renewed_wherever_it_is_met_first(
    storage: Storage, house: House
) -> None:
    await linked(storage, house)
    found = links(storage, house, NEW, OLD, OLDEST)
    someone = await found.volunteer(CHATS[0])
    assert someone is not None
    assert len(await rows_of(storage, NEW)) == 1
    told = await found.of(found.members())
    assert len(told) == len(CHATS)
    assert all([await found.stands(one) for one in told])
    assert len(await rows_of(storage, NEW)) == len(CHATS)
    assert await rows_of(storage, OLD) == await rows_of(storage, OLDEST) == []
    assert await found.volunteer(1) is None


@pytest.mark.parametrize("renewed", [True, False])
async def test_unlinking_after_a_rotation_forgets_the_chat_for_good(
    storage: Storage, house: House, renewed: bool
) -> None:
    await linked(storage, house)
    found = links(storage, house, NEW, OLD, OLDEST)
    if renewed:
        await found.renew()
    assert await found.unlink(CHATS[3])
    assert not await found.unlink(CHATS[3])
    await found.renew()
    for keys in ((NEW, OLD, OLDEST), (OLD,), (OLDEST,)):
        assert await links(storage, house, *keys).volunteer(CHATS[3]) is None
    assert len(await storage.links.all()) == len(CHATS) - 1


async def test_linking_anew_under_the_new_key_is_what_counts(
    storage: Storage, house: House
) -> None:
    await linked(storage, house)
    found = links(storage, house, NEW, OLD, OLDEST)
    text = make_link(house.lead, NOW, os.urandom)
    assert await found.link(CHATS[0], text) is Linking.LINKED
    assert await found.link(CHATS[0], text) is Linking.LINKED
    await found.renew()
    someone = await found.volunteer(CHATS[0])
    assert someone is not None
    assert someone.member.name == "lead"
    assert len(await storage.links.all()) == len(CHATS)


async def test_a_row_that_is_renamed_never_takes_the_place_of_a_later_one(
    storage: Storage, house: House
) -> None:
    await linked(storage, house)
    new = LinkedChats(NEW)
    row, lead = new.row(CHATS[0]), house.lead.key_id
    await storage.links.put(row, lead, new.seal(row, lead, LinkedChat(CHATS[0], 99), os.urandom))
    found = links(storage, house, NEW, OLD, OLDEST)
    await found.renew()
    assert (CHATS[0], 99, lead) in await everybody(found)
    assert len(await everybody(found)) == len(CHATS)


async def test_a_chat_of_a_key_that_is_not_here_stays_until_it_comes_back(
    storage: Storage, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await linked(storage, house)
    without = links(storage, house, NEW, OLD)
    await without.renew()
    assert "the RETURN_KEY under which it was linked is not here" in caplog.text
    assert len(await everybody(without)) == len(CHATS) // 2
    assert len(await everybody(links(storage, house, NEW, OLDEST))) == len(CHATS)


async def test_an_update_that_took_a_case_before_is_known_after(
    storage: Storage, house: House
) -> None:
    case = os.urandom(16)
    await links(storage, house, OLD).takes(CHATS[0], 5, case)
    found = links(storage, house, NEW, OLD)
    assert await found.took(CHATS[0], 5, case)
    assert not await found.took(CHATS[0], 6, case)


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("tropa.db*"))


async def test_nothing_that_the_older_key_opens_is_left_on_the_disk(
    tmp_path: Path, house: House
) -> None:
    """For whoever has the older key and takes the disk after the start: with SQLite, that is."""
    address = f"sqlite:///{tmp_path / 'tropa.db'}"
    await upgrade(address)
    storage = await open_storage(address)
    await linked(storage, house)
    await asked(storage, counting(house, OLD), 3)
    await storage.settle()
    before = {row for row, _, _ in await storage.links.all()}
    before |= {sealed for _, _, sealed in await storage.links.all()}
    ((name, tally),) = await storage.counts.tallies("2026-10")
    before |= {name, tally[:64]}
    kept = on_disk(tmp_path)
    assert all(one in kept for one in before)
    await links(storage, house, NEW, OLD, OLDEST).renew()
    await desk(storage, house, counting(house, NEW, OLD)).gather()
    kept = on_disk(tmp_path)
    assert not [one for one in before if one in kept]
    await storage.close()


# Counts.


def counting(house: House, *keys: bytes) -> Counting:
    current, *older = (TallyKey(key) for key in keys)
    return Counting(house.form, current, os.urandom, tuple(older))


def desk(storage: Storage, house: House, made: Counting, now: datetime = NOW) -> CountsDesk:
    roster = house.roster(timedelta(days=9000))
    return CountsDesk(storage.counts, storage.cases, made, Rules(), lambda: roster, lambda: now)


async def asked(storage: Storage, made: Counting, times: int) -> None:
    for _ in range(times):
        await storage.counts.add(made.request(WHOLE, header(), NOW))


async def exact(storage: Storage, made: Counting) -> Tally:
    tally = Tally()
    for _, sealed in await storage.counts.tallies("2026-10"):
        tally = tally.plus(made.opened("2026-10", sealed))
    return tally


async def test_a_month_that_rotations_cut_through_is_released_whole(
    storage: Storage, house: House
) -> None:
    """Where it was not put together before: every row is opened with its own key."""
    for keys, times in (((OLDEST,), 900), ((OLD, OLDEST), 30), ((NEW, OLD, OLDEST), 70)):
        made = counting(house, *keys)
        await asked(storage, made, times)
    assert len(await storage.counts.tallies("2026-10")) == 3
    later = datetime(2026, 11, 20, tzinfo=UTC)
    await desk(storage, house, made, later).release_due()
    (release,) = (await desk(storage, house, made, later).shown()).releases
    requests = release.totals["requests"]
    assert requests is not None
    assert abs(requests - 1000) < 60  # ten standard deviations of what moves it
    assert await storage.counts.tallies("2026-10") == []


async def test_at_the_start_a_month_is_put_together_and_no_figure_is_lost(
    storage: Storage, house: House
) -> None:
    await asked(storage, counting(house, OLDEST), 3)
    await asked(storage, counting(house, OLD, OLDEST), 5)
    made = counting(house, NEW, OLD, OLDEST)
    await asked(storage, made, 7)
    before = await exact(storage, made)
    await desk(storage, house, made).gather()
    ((name, _),) = await storage.counts.tallies("2026-10")
    assert name == TallyKey(NEW).name
    assert await exact(storage, counting(house, NEW)) == before
    assert before.count("requests", "all") == 15
    await desk(storage, house, made).gather()
    assert await exact(storage, made) == before


async def test_the_rest_of_a_request_sent_early_takes_the_place_of_what_an_older_key_sealed(
    storage: Storage, house: House
) -> None:
    old = counting(house, OLD)
    await storage.counts.add(old.request(EARLY, header(), NOW))
    kept = old.early(EARLY, NOW)
    made = counting(house, NEW, OLD)
    await desk(storage, house, made).gather()
    await asked(storage, made, 1)
    rest = made.rest(kept, WHOLE, NOW)
    assert rest is not None
    await storage.counts.add(rest)
    tally = await exact(storage, made)
    assert tally.count("situation", "left") == 2
    assert tally.count("situation", "unsaid") == 0
    assert tally.count("status", "contract") == tally.count("requests", "all") == 2


async def test_what_no_key_here_opens_stays_as_it_is_and_is_waited_for(
    storage: Storage, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await asked(storage, counting(house, STRANGE), 40)
    await asked(storage, counting(house, OLD), 40)
    made = counting(house, NEW, OLD)
    november = datetime(2026, 11, 2, tzinfo=UTC)
    await desk(storage, house, made, november).gather()
    names = {name for name, _ in await storage.counts.tallies("2026-10")}
    assert names == {TallyKey(NEW).name, TallyKey(STRANGE).name}
    await desk(storage, house, made, november).release_due()
    assert "Put that key back below the first one" in caplog.text
    assert await storage.counts.released() == []
    back = counting(house, NEW, STRANGE)
    await desk(storage, house, back, november).release_due()
    assert len(await storage.counts.released()) == 1


async def test_what_is_damaged_spoils_nothing_else(storage: Storage, house: House) -> None:
    await asked(storage, counting(house, OLD), 4)
    broken = Count("2026-10", TallyKey(OLDEST).name, lambda *_: bytes(100))
    await storage.counts.add(broken)
    before = sorted(await storage.counts.tallies("2026-10"))
    await desk(storage, house, counting(house, NEW, OLD, OLDEST)).gather()
    assert sorted(await storage.counts.tallies("2026-10")) == before


async def test_what_breaks_off_leaves_every_month_as_it_was(storage: Storage, house: House) -> None:
    made = counting(house, NEW, OLD)
    for month in ("2026-10", "2026-11", "2026-12"):
        old = counting(house, OLD).request(WHOLE, header(), datetime.fromisoformat(f"{month}-05"))
        await storage.counts.add(old)
    months, before = Counter[str](), await storage.counts.months([TallyKey(OLD).name])

    def breaks(month: str, rows: list[tuple[bytes, bytes]]) -> Together | None:
        months[month] += 1
        if len(months) == 3:
            raise MemoryError
        return made.together(month, rows)

    with pytest.raises(MemoryError):
        await storage.counts.gather(breaks)
    assert before == sorted(months) == ["2026-10", "2026-11", "2026-12"]
    assert await storage.counts.months([TallyKey(OLD).name]) == before
    assert await storage.counts.months([TallyKey(NEW).name]) == []
