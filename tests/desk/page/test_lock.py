"""The lock: after idle time, by a button, and what is left of an identity and of a draft."""

import errno
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from crypto.identity import Identity
from desk import home
from desk.letters import Letters
from desk.page.case_page import CasePage
from desk.page.listing import Filter, Listing
from desk.page.queue_page import QueuePage
from desk.page.room import Room
from tests.desk.page.asking import asks
from tests.desk.page.desks import Served
from tests.desk.page.test_guard import post, unlock
from tests.desk.world import World, identity_of

Serve = Callable[..., Served]
THREADS = 40
"""How many the page's server has for what may have to wait."""


@pytest.fixture
def desk(serve: Serve) -> Served:
    return serve("anna", idle=timedelta(minutes=10))


@pytest.fixture
def visitor(desk: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.root, trust_env=False, timeout=60) as client:
        assert client.get(desk.session.address).status_code == 200
        yield client


def full(path: Path, _: bytes) -> None:
    """In the place of `write_file`."""
    raise home.explain(OSError(errno.ENOSPC, "No space left on device"), path)


def letter(world: World, case: str) -> str:
    user = world.desk("anna").desk()
    return Letters(user.home, identity_of("anna"), user.random).load(case)


def test_a_desk_begins_locked_and_shows_nothing_before_the_passphrase(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    case = asks(world).case
    for path in ("", f"cases/{case}", "help"):
        answer = visitor.get(desk.home + path)
        assert answer.status_code == 423
        assert "Passphrase" in answer.text
        assert case[:8] not in answer.text.replace(f"/cases/{case}", "")
        assert "anna" not in answer.text


def test_it_locks_when_nobody_did_anything_for_so_long(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    unlock(visitor, desk)
    world.time.pass_(minutes=9, seconds=59)
    assert visitor.get(desk.home).status_code == 200
    world.time.pass_(minutes=10)
    assert visitor.get(desk.home).status_code == 423


def test_what_the_page_asks_by_itself_keeps_nothing_unlocked(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    unlock(visitor, desk)
    for _ in range(9):
        world.time.pass_(minutes=1)
        assert visitor.get(f"{desk.home}quiet/queue").status_code == 200
        assert visitor.get(f"{desk.home}quiet/state").status_code == 200
    world.time.pass_(minutes=1)
    assert visitor.get(f"{desk.home}quiet/queue").status_code == 423


def test_a_knock_at_the_entry_by_whoever_it_is_keeps_nothing_unlocked(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    unlock(visitor, desk)
    for _ in range(2):
        world.time.pass_(minutes=6)
        stranger = httpx.get(f"{desk.root}/enter/x", trust_env=False)
        assert stranger.status_code == 403
    assert visitor.get(desk.home).status_code == 423


def test_a_draft_that_the_script_sends_again_and_again_keeps_nothing_unlocked(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    case = asks(world).case
    unlock(visitor, desk)
    for _ in range(2):
        world.time.pass_(minutes=6)
        last = post(visitor, desk, f"quiet/cases/{case}/draft", fields={"text": "Всё то же"})
    assert last.status_code == 423


def test_reading_and_typing_do(desk: Served, visitor: httpx.Client, world: World) -> None:
    unlock(visitor, desk)
    for _ in range(3):
        world.time.pass_(minutes=9)
        assert post(visitor, desk, "quiet/active").status_code == 200
    assert visitor.get(desk.home).status_code == 200


def test_a_clock_that_is_set_back_locks_too(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    unlock(visitor, desk)
    world.time.pass_(hours=-1)
    assert visitor.get(desk.home).status_code == 423


def identities() -> int:
    """How many of anna's are in memory; the tests keep one of their own."""
    seed = identity_of("anna").seed
    gc.collect()
    return sum(isinstance(one, Identity) and one.seed == seed for one in gc.get_objects())


def test_locking_drops_the_identity_from_memory(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    asker, before = asks(world), identities()
    unlock(visitor, desk)
    post(visitor, desk, f"cases/{asker.case}/take")
    case = f"cases/{asker.case}"
    for path in ("", "quiet/queue", "help", case, f"quiet/{case}/changes"):
        assert visitor.get(desk.home + path).status_code == 200
    for act in ("preview", "reply", "note"):
        post(visitor, desk, f"{case}/{act}", fields={"text": "Открыто"})
    room = weakref.ref(desk.session.room)
    assert isinstance(room(), Room)
    assert post(visitor, desk, "lock").status_code == 303
    gc.collect()
    assert room() is None
    assert identities() == before
    assert visitor.get(desk.case(asker.case)).status_code == 423


def test_the_lock_comes_without_anybody_asking(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    unlock(visitor, desk)
    world.time.pass_(minutes=11)
    ends = time.monotonic() + 60
    while desk.session._room is not None:
        assert time.monotonic() < ends, "the identity is still in memory"
        time.sleep(0.1)


def test_a_wrong_passphrase_is_told_plainly_and_the_third_has_to_wait(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    def tries(passphrase: str) -> httpx.Response:
        return post(visitor, desk, "unlock", fields={"passphrase": passphrase, "next": "/"})

    for _ in range(2):
        answer = tries("mistyped phrase")
        assert answer.status_code == 403
        assert "The passphrase does not fit" in answer.text
        assert "mistyped phrase" not in answer.text
        world.time.pass_(seconds=0.5)
    hasty = tries("four random test words")
    assert "Too many wrong passphrases" in hasty.text
    assert desk.session.locked
    world.time.pass_(minutes=2)
    assert tries("four random test words").status_code == 303
    assert not desk.session.locked


def test_after_unlocking_one_is_where_one_was_and_never_elsewhere(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    case = asks(world).case
    own = {"passphrase": "four random test words", "next": f"/cases/{case}"}
    answer = post(visitor, desk, "unlock", fields=own)
    assert answer.headers["location"] == f"{desk.session.place}/cases/{case}"
    for other in ("//evil.example", "https://evil.example", "/../x", "/cases/../lock", ""):
        fields = {"passphrase": "four random test words", "next": other}
        answer = post(visitor, desk, "unlock", fields=fields)
        assert answer.headers["location"] == f"{desk.session.place}/"


def test_what_was_typed_survives_the_lock_as_a_sealed_draft(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    asker = asks(world)
    unlock(visitor, desk)
    post(visitor, desk, f"cases/{asker.case}/take")
    typed = post(
        visitor, desk, f"quiet/cases/{asker.case}/draft", fields={"text": "Половина ответа"}
    )
    assert typed.status_code == 200
    post(visitor, desk, "lock")
    for path in world.desk("anna").home.rglob("*"):
        if path.is_file():
            assert "Половина".encode() not in path.read_bytes()
    unlock(visitor, desk)
    assert "Половина ответа" in visitor.get(desk.case(asker.case)).text


@pytest.mark.parametrize("act", ["preview", "reply", "draft", "note"])
@pytest.mark.parametrize("moved", [False, True])
def test_on_a_full_disk_what_was_typed_stands_on_the_page(
    desk: Served,
    visitor: httpx.Client,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
    moved: bool,
) -> None:
    asker = asks(world)
    unlock(visitor, desk)
    post(visitor, desk, f"cases/{asker.case}/take")
    if moved:
        asker.write("Ещё одно")
    monkeypatch.setattr(home, "write_file", full)
    answer = post(visitor, desk, f"cases/{asker.case}/{act}", fields={"text": "Набрано & не ушло"})
    assert answer.status_code == 409
    assert "The disk is full" in answer.text
    assert "Набрано &amp; не ушло" in answer.text
    assert asker.letters() == []


def test_a_text_that_comes_after_the_lock_is_sealed_at_the_unlocking(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    asker = asks(world)
    unlock(visitor, desk)
    post(visitor, desk, f"cases/{asker.case}/take")
    world.time.pass_(minutes=20)
    late = post(visitor, desk, f"cases/{asker.case}/preview", fields={"text": "Поздний ответ"})
    assert late.status_code == 423
    assert "Поздний ответ" not in late.text
    assert letter(world, asker.case) == ""
    unlock(visitor, desk)
    assert letter(world, asker.case) == "Поздний ответ"
    assert "Поздний ответ" in visitor.get(desk.case(asker.case)).text


def test_a_page_that_was_on_its_way_when_the_desk_locked_shows_the_lock(
    desk: Served, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock(visitor, desk)
    asks_the_server = QueuePage._ask

    def slowly(page: QueuePage, room: Room, chosen: Filter) -> Listing:
        desk.session.lock()
        return asks_the_server(page, room, chosen)

    monkeypatch.setattr(QueuePage, "_ask", slowly)
    for path in ("", "quiet/queue"):
        answer = visitor.get(desk.home + path)
        assert answer.status_code == 423
        assert "failed" not in answer.text


def test_texts_that_come_after_the_lock_wait_until_the_disk_has_room_for_each(
    desk: Served, visitor: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [asks(world).case, asks(world).case]
    for case in cases:
        post(visitor, desk, f"quiet/cases/{case}/draft", fields={"text": f"Ответ {case}"})
    with monkeypatch.context() as patch:
        patch.setattr(home, "write_file", full)
        unlock(visitor, desk)
        assert "The disk is full" in visitor.get(desk.home).text
    post(visitor, desk, "lock")
    unlock(visitor, desk)
    assert [letter(world, case) for case in cases] == [f"Ответ {case}" for case in cases]
    assert not desk.session.rescues


@pytest.mark.parametrize("path", ["cases/{case}", "", "quiet/queue"])
def test_a_page_that_was_ready_when_the_desk_locked_is_not_shown(
    desk: Served,
    visitor: httpx.Client,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    asker = asks(world)
    unlock(visitor, desk)
    post(visitor, desk, f"cases/{asker.case}/take")

    def locking(work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*arguments: Any) -> Any:
            found = work(*arguments)
            desk.session.lock()
            return found

        return done

    monkeypatch.setattr(QueuePage, "_values", locking(QueuePage._values))
    monkeypatch.setattr(CasePage, "_answer", locking(CasePage._answer))
    answer = visitor.get(desk.home + path.format(case=asker.case))
    assert answer.status_code == 423
    assert "Планка" not in answer.text
    assert "Lawyer" not in answer.text


def test_the_lock_comes_also_while_everything_waits_for_the_server(
    desk: Served, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlock(visitor, desk)
    begun, answered = threading.Semaphore(0), threading.Event()
    asks_the_server = QueuePage._ask

    def waits(page: QueuePage, room: Room, chosen: Filter) -> Listing:
        begun.release()
        answered.wait(60)
        return asks_the_server(page, room, chosen)

    monkeypatch.setattr(QueuePage, "_ask", waits)
    cookies = dict(visitor.cookies)
    with ThreadPoolExecutor(THREADS + 5) as pages:
        for _ in range(THREADS + 5):
            pages.submit(httpx.get, desk.home, cookies=cookies, trust_env=False, timeout=90)
        for _ in range(THREADS):
            begun.acquire()
        try:
            assert post(visitor, desk, "lock").status_code == 303
            assert desk.session.locked
            assert "Passphrase" in visitor.get(desk.home).text
        finally:
            answered.set()


def test_a_note_that_comes_after_the_lock_never_turns_into_an_answer(
    desk: Served, visitor: httpx.Client, world: World
) -> None:
    asker = asks(world)
    unlock(visitor, desk)
    post(visitor, desk, f"cases/{asker.case}/take")
    world.time.pass_(minutes=20)
    post(visitor, desk, f"cases/{asker.case}/note", fields={"text": "Только для коллег"})
    unlock(visitor, desk)
    assert letter(world, asker.case) == ""


def test_a_forgotten_passphrase_is_told_with_both_ways_back(
    desk: Served, visitor: httpx.Client
) -> None:
    def tries(passphrase: str) -> httpx.Response:
        return post(visitor, desk, "unlock", fields={"passphrase": passphrase, "next": "/"})

    told = tries(" \u00a0").text
    assert "The passphrase is empty" in told
    told = tries("mistyped phrase").text
    for part in ("Caps Lock", "tropa identity restore --replace", "make a new identity"):
        assert part in told


def test_what_was_pasted_around_a_passphrase_is_no_part_of_it(
    desk: Served, visitor: httpx.Client
) -> None:
    fields = {"passphrase": "\u200b four random test words\u00a0 ", "next": "/"}
    assert post(visitor, desk, "unlock", fields=fields).status_code == 303
    assert not desk.session.locked
