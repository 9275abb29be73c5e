"""The front of the conversations, on the real line: volunteers are served, others learn nothing."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from crypto.identity import Identity
from crypto.keyfile import decrypt_seed
from crypto.link import VALID, make_link
from desk.card import Card as IdentityCard
from desk.desk import CARD, IDENTITY
from handlers.buttons import Verb, decode
from handlers.volunteers import NAMES
from sandbox.cards import Card
from sandbox.client import Person
from sandbox.running import running_sandbox
from tests.bot.test_alerts import told
from tests.desk.world import DeskUser, Time, age_file
from tests.journeys.stage import Stage, Talk, is_closing, is_hidden, running_stage
from tests.journeys.test_interview import SOLDIER
from tests.organisation import House

Seen = list[tuple[bool, str, list[tuple[str, Verb, str]]]]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with running_stage(tmp_path) as made:
        yield made


def text_of(stage: Stage, identity: Identity) -> str:
    return make_link(identity, stage.hands(), os.urandom)


async def linked(stage: Stage) -> Person:
    """Anna's chat."""
    person = await stage.sandbox.person("en")
    await person.send(f"/link {text_of(stage, stage.house.anna)}")
    await person.settled()
    return person


def looks(cards: list[Card]) -> Seen:
    """A chat as a person sees it: everything but secrets and ids."""
    seen: Seen = []
    for card in cards:
        keys = []
        for button in card.buttons:
            press = decode(button.data or "")
            assert press is not None
            keys.append((button.text, press.verb, press.argument))
        seen.append((card.by_bot, card.html, keys))
    return seen


async def fresh(stage: Stage) -> Talk:
    return await stage.person("ru")


async def in_an_interview(stage: Stage) -> Talk:
    talk = await stage.person("ru")
    await talk.begin("ru")
    await talk.go_through(SOLDIER, until="danger")
    return talk


async def hidden(stage: Stage) -> Talk:
    talk = await in_an_interview(stage)
    await talk.press(Verb.HIDE)
    return talk


WHERE: dict[str, Callable[[Stage], Awaitable[Talk]]] = {
    "fresh": fresh,
    "in an interview": in_an_interview,
    "hidden": hidden,
}


@pytest.mark.parametrize("where", WHERE)
async def test_for_a_person_they_are_commands_that_do_not_exist(stage: Stage, where: str) -> None:
    unknown = await WHERE[where](stage)
    await unknown.person.send("/xyzzy 3f9a")
    expected = looks(await unknown.person.settled())
    stranger = make_link(Identity.new(os.urandom), stage.hands(), os.urandom)
    for name in sorted(NAMES):
        for argument in ("", " 3f9a", f" {stranger}"):
            talk = await WHERE[where](stage)
            await talk.person.send(f"/{name}{argument}")
            assert looks(await talk.person.settled()) == expected, name


async def test_a_persons_menu_names_none_of_them(stage: Stage) -> None:
    person = await stage.sandbox.person("ru")
    about = str(await person.about())
    assert not any(f"'{name}'" in about for name in NAMES)


async def test_a_volunteer_takes_a_case_and_reads_it_on_a_machine_that_is_never_online(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    async with (
        running_sandbox(limits=False) as sandbox,
        running_stage(tmp_path, sandbox, house) as stage,
    ):
        talk = await stage.person("ru")
        await talk.begin("ru")
        await talk.go_through(SOLDIER)
        await talk.press(Verb.SEND)
        assert is_closing(await talk.alone())

        anna = await linked(stage)
        await told(anna)  # takes the place of whatever card is there
        await anna.send("/queue")
        (card,) = await anna.settled()
        assert "P1: 1" in card.text
        await anna.send("/take")
        card, file = await anna.settled(quiet=0.5)
        assert "is yours until" in card.text
        saved = tmp_path / file.message["document"]["file_name"]
        saved.write_bytes(await download(stage, file))
    assert talk.person.id not in numbers(saved.read_text())

    ran = await asyncio.to_thread(opened_apart, house, tmp_path, saved)
    assert str(SOLDIER["note"]) in ran
    assert str(talk.person.id) not in ran


def numbers(text: str) -> set[int]:
    return {int(word) for word in "".join(c if c.isdigit() else " " for c in text).split()}


async def download(stage: Stage, file: Card) -> bytes:
    sandbox = stage.sandbox
    file_id = file.message["document"]["file_id"]
    path = (await sandbox.call("getFile", file_id=file_id))["result"]["file_path"]
    url = f"{sandbox.file_url}{sandbox.token}/{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


def opened_apart(house: House, folder: Path, file: Path) -> str:
    """What `tropa open FILE` prints on a machine with Anna's identity and no network."""
    user = DeskUser(folder / "apart", Time(live=True), width=200)
    user.home.mkdir()
    (user.home / IDENTITY).write_bytes(age_file(house.anna))
    (user.home / CARD).write_text(IdentityCard.of("anna", house.anna).line())
    joined = user.run(
        "join", "--offline", str(house.folder / "organisation.json"), open_seed=decrypt_seed
    )
    assert joined.code == 0, joined.all
    ran = user.run("open", str(file))
    assert ran.code == 0, ran.all
    return ran.all


async def test_what_links_a_chat_leaves_it_at_once_and_links_one(stage: Stage) -> None:
    text = text_of(stage, stage.house.anna)
    first, second = await stage.sandbox.person("en"), await stage.sandbox.person("en")
    await first.send(f"/link {text}")
    (card,) = await first.settled()
    assert "This chat is linked" in card.text
    await second.send(f"/LINK {text}")
    (card,) = await second.settled()
    assert "out of date" in card.text
    assert len(stage.rows("links")) == 1


async def test_a_text_that_came_late_links_nothing(stage: Stage) -> None:
    text = text_of(stage, stage.house.anna)
    stage.hands.ahead += VALID * 2
    person = await stage.sandbox.person("en")
    await person.send(f"/link {text}")
    assert "tropa link" in (await person.card()).text
    assert stage.rows("links") == []


async def test_a_chat_that_was_unlinked_is_a_persons_again(stage: Stage) -> None:
    unknown = await stage.sandbox.person("en")
    await unknown.send("/xyzzy")
    expected = looks(await unknown.settled())
    anna = await linked(stage)
    await anna.send("/unlink")
    assert "not linked any more" in (await anna.card()).text
    await anna.send("/queue")
    assert looks(await anna.settled()) == expected
    assert stage.rows("links") == []


async def test_the_queue_of_a_volunteer_hides_like_every_card(stage: Stage) -> None:
    anna = await linked(stage)
    await anna.send("/queue")
    await anna.settled()
    await anna.tap("Hide")
    (card,) = await anna.settled()
    assert is_hidden(card)


async def test_a_link_outlives_a_restart(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with running_sandbox(limits=False) as sandbox:
        async with running_stage(tmp_path, sandbox, house) as stage:
            anna = await linked(stage)
        async with running_stage(tmp_path, sandbox, house, stage.settings):
            await anna.send("/queue")
            (card,) = await anna.settled()
            assert "Nothing waits for you." in card.text


async def test_two_at_once_take_two_cases(stage: Stage) -> None:
    """Both ask in the same instant; nobody gets the other's."""
    anna = await linked(stage)
    lead = await stage.sandbox.person("en")
    await lead.send(f"/link {text_of(stage, stage.house.lead)}")
    for _ in range(2):
        talk = await stage.person("ru")
        await talk.begin("ru")
        await talk.go_through(SOLDIER)
        await talk.press(Verb.SEND)
        await talk.alone()
    await asyncio.gather(anna.send("/take"), lead.send("/take"))
    names = set()
    for person in (anna, lead):
        cards = await person.settled(quiet=0.5)
        names |= {
            card.message["document"]["file_name"] for card in cards if "document" in card.message
        }
    assert len(names) == 2
