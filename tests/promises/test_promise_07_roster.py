"""Promise 7: only the roster opens.

A roster that does not count keeps the server from starting and closes the line that runs; nothing
weaker takes its place. What people began stays sealed and goes on when the roster is right again.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.service import serve
from crypto.errors import NotOpened
from crypto.identity import Identity
from crypto.opening import unwrap_case_key
from crypto.sealing import Wrap
from handlers.buttons import Verb
from intake.errors import LineClosed
from intake.roster import Role
from sandbox.client import Person, Sandbox
from sandbox.running import running_sandbox
from storage.errors import UnknownCase
from storage.migrations import upgrade
from storage.opening import open_storage
from tests.line import opened, running_line, stored_cases
from tests.organisation import House, member
from tests.promises import rosters, steps
from tests.promises.belief import verbs
from tests.promises.books import count_cases
from tests.promises.processes import sandbox_process, tropa
from tests.promises.rosters import EPOCH, WRONG

CLOSED = "Линия сейчас закрыта"
WEBSITE = "https://trail.example"


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    rosters.good(made)
    return made


async def _has_seen(house: House, epoch: int) -> str:
    """A database in which a roster of this epoch was once accepted; its address."""
    settings = house.settings("http://127.0.0.1:1", "1:x")
    await upgrade(settings.database_url)
    storage = await open_storage(settings.database_url)
    await storage.facts.raise_to("roster epoch", epoch)
    await storage.close()
    return settings.database_url


# Starting.


OUTSIDE = ("forged", "missing")
"""Of the starts refused, those that the short form makes in a process of its own."""


@pytest.mark.parametrize("name", WRONG)
async def test_it_does_not_start_on_a_roster_that_is(name: str, house: House, full: bool) -> None:
    make, words = WRONG[name]
    await _has_seen(house, EPOCH)
    make(house)
    if full or name in OUTSIDE:
        await _refuses_as_a_process(house, words)
    await _refuses(house, words)


async def test_it_does_not_start_on_too_few_signatures(house: House) -> None:
    rosters.two_must_sign(house)
    rosters.signed_by_one_of_two(house)
    await _refuses(house, "signatures of 2")
    rosters.signed_twice_by_one(house)
    await _refuses(house, "does not count")


async def _refuses(house: House, words: str) -> None:
    with pytest.raises(LineClosed, match=words):
        await serve(house.settings("http://127.0.0.1:9", "1:x"))


async def _refuses_as_a_process(house: House, words: str) -> None:
    async with Sandbox("http://127.0.0.1:9", "1:x") as nowhere, tropa(house, nowhere) as server:
        code, said = await server.refused()
    _is_one_clear_refusal(code, said, words)


def _is_one_clear_refusal(code: int, said: str, words: str) -> None:
    assert code == 1, said
    assert said.splitlines()[-1].startswith("tropa-server: "), said
    assert words in said.splitlines()[-1]
    assert "Traceback" not in said


# Running.


async def _hasty(seconds: float) -> None:
    """Lets the background jobs come round ten times a second."""
    await asyncio.sleep(min(seconds, 0.1))


@asynccontextmanager
async def hasty_line(house: House, sandbox: Sandbox) -> AsyncIterator[None]:
    stop = asyncio.Event()
    settings = house.settings(sandbox.url, sandbox.token)
    running = asyncio.create_task(serve(settings, stop, pause=_hasty))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)


async def _closes(person: Person) -> None:
    """Within seconds every way on leads to the sentence that the line is closed."""
    for _ in range(600):
        card = await person.card()
        if CLOSED in card.text:
            break
        # An altered key: it changes nothing while the line is open.
        data = steps.key_of(card, Verb.SKIP).data or ""
        await person.tap_data(f"{data[:43]}zzzs", card.id, 20)
        await asyncio.sleep(0.1)
    assert CLOSED in card.text
    assert WEBSITE in card.text
    assert verbs(card) == {Verb.TOPICS, Verb.CONTINUE, Verb.HIDE}


async def _opens(person: Person) -> None:
    for _ in range(600):
        card = await steps.tap(person, Verb.CONTINUE)
        if CLOSED not in card.text:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the line stays closed")


async def test_the_running_line_closes_on_each_of_them_and_opens_again(house: House) -> None:
    form = house.form
    async with running_sandbox(limits=False) as sandbox, hasty_line(house, sandbox):
        person = await sandbox.person()
        await steps.begin(person)
        await steps.reach(person, form, "danger", {"device": "mine"})
        for make, _ in WRONG.values():
            make(house)
            await _closes(person)
            rosters.good(house)
            await _opens(person)
            assert steps.question_on(form, await person.card()) == "danger"
        await steps.reach(person, form, "", {"danger": "days3"})
        await steps.tap(person, Verb.SEND)
    settings = house.settings(sandbox.url, sandbox.token)
    [case] = await stored_cases(settings, house)
    [record] = opened(case, house)
    said = {name: answer for name, answer in record.answers.items() if isinstance(answer, str)}
    assert said == {"consent": "yes", "device": "mine", "danger": "days3"}


async def test_a_closed_line_still_informs_hides_and_erases(house: House) -> None:
    async with running_sandbox(limits=False) as sandbox, hasty_line(house, sandbox):
        person = await sandbox.person()
        await steps.begin(person)
        await steps.reach(person, house.form, "danger")
        rosters.expired(house)
        await _closes(person)
        assert Verb.TOPIC in verbs(await steps.tap(person, Verb.TOPICS))
        assert "2026" in (await steps.tap(person, Verb.TOPIC)).text
        await person.send("/hide")
        assert verbs(await person.card()) == {Verb.SHOW}
        assert CLOSED in (await steps.tap(person, Verb.SHOW)).text
        await person.send("слово, которого никто не ждёт", until="deleted")
        await person.send("/forget")
        await steps.tap(person, Verb.FORGET_YES)
        assert [message.by_bot for message in await person.settled()] == [True]
    assert await _drafts(house) == 0


async def test_nothing_is_sent_while_the_line_is_closed(house: House) -> None:
    async with running_sandbox(limits=False) as sandbox, hasty_line(house, sandbox):
        person, other = await sandbox.person(), await sandbox.person()
        await steps.begin(person)
        review = await steps.reach(person, house.form, "")
        await steps.begin(other)
        await steps.reach(other, house.form, "danger")
        rosters.missing(house)
        await _closes(other)
        settings = house.settings(sandbox.url, sandbox.token)
        for verb in (Verb.SEND, Verb.EDIT):
            data = steps.key_of(review, verb).data or ""
            await person.tap_data(data, review.id)
            assert CLOSED in (await person.card()).text
        assert await count_cases(settings) == 0
        rosters.good(house)
        await _opens(person)
        await steps.tap(person, Verb.SEND)
        assert await count_cases(settings) == 1


async def test_the_line_closes_in_the_instant_in_which_the_roster_expires(house: House) -> None:
    """No file changes and no job need run: time passing is enough."""
    async with running_sandbox(limits=False) as sandbox:
        house.sign(house.roster(timedelta(hours=1)))
        async with running_line(house, sandbox) as line:
            person = await sandbox.person()
            await steps.begin(person)
            line.hands.ahead = timedelta(hours=1)
            assert CLOSED in (await steps.tap(person, Verb.CHOOSE, "yes")).text


async def _drafts(house: House) -> int:
    storage = await open_storage(house.settings("http://127.0.0.1:1", "1:x").database_url)
    try:
        return await storage.database.read(
            lambda connection: int(
                connection.exec_driver_sql("SELECT count(*) FROM drafts").scalar() or 0
            )
        )
    finally:
        await storage.close()


# Both, in a process of its own.


async def test_a_killed_server_remembers_the_epoch_and_the_person_goes_on(house: House) -> None:
    async with sandbox_process() as sandbox, tropa(house, sandbox) as server:
        await server.start()
        person = await sandbox.person()
        await steps.begin(person)
        await steps.reach(person, house.form, "who", {"device": "mine"})
        rosters.rolled_back(house)
        await _closes(person)
        await server.end()
        code, said = await server.refused()
        _is_one_clear_refusal(code, said, "older than one already accepted")
        rosters.good(house)
        await server.start()
        await _opens(person)
        assert steps.question_on(house.form, await person.card()) == "who"


# Who cannot open.


async def test_a_member_who_is_not_routed_holds_no_wrap_and_her_key_opens_nothing(
    house: House,
) -> None:
    keys = {name: Identity.new(os.urandom) for name in ("medic", "foreign", "counts", "rescue")}
    members = (
        member("anna", house.anna, skills=("legal",)),
        member("medic", keys["medic"], skills=("medical",)),
        member("foreign", keys["foreign"], skills=("legal",), languages=("hy",)),
        member("counts", keys["counts"], Role.COORDINATOR, skills=("legal",)),
        member("rescue", keys["rescue"], Role.RECOVERY, skills=()),
    )
    house.sign(house.roster().model_copy(update={"members": members}))
    async with running_sandbox(limits=False) as sandbox, hasty_line(house, sandbox):
        await _sends_a_legal_case(house, sandbox)
    settings = house.settings(sandbox.url, sandbox.token)
    [case] = await stored_cases(settings, house)
    assert case.header.skills == {"legal"}
    storage = await open_storage(settings.database_url)
    for name, key in keys.items():
        if name == "rescue":
            rescued = await storage.cases.fetch(case.header.id, key.key_id)
            assert unwrap_case_key(key, case.header.id, case.header.epoch, Wrap(rescued.wrap))
            continue
        with pytest.raises(UnknownCase):
            await storage.cases.fetch(case.header.id, key.key_id)
        with pytest.raises(NotOpened):
            unwrap_case_key(key, case.header.id, case.header.epoch, Wrap(case.wrap))
    await storage.close()


async def _sends_a_legal_case(house: House, sandbox: Sandbox) -> None:
    person = await sandbox.person()
    await steps.begin(person)
    await steps.reach(person, house.form, "need")
    await steps.tap(person, Verb.TOGGLE, "legal")
    await steps.tap(person, Verb.DONE)
    await steps.reach(person, house.form, "")
    await steps.tap(person, Verb.SEND)
