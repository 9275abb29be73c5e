"""What a linked chat is answered, before a real chat and a queue that tests fill."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator

import pytest

from handlers.handing import STAYS, TRIES
from intake.bundle import Bundle
from intake.case import Level, Turn
from intake.errors import StorageUnavailable
from intake.roster import Role
from tests.handlers.linked import FORM, NOW, ROSTER, Desk, header, running_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with running_desk() as made:
        yield made


@pytest.mark.parametrize(
    "text", ["/queue", "/take", "/take 3f9a", "/unlink", "/link x", "/link", "/counts"]
)
async def test_to_a_chat_that_is_not_linked_nothing_answers(desk: Desk, text: str) -> None:
    desk.cases.waiting.append(header("3f9a"))
    assert not await desk.say(text)
    assert len(await desk.person.messages()) == 1  # what was sent is for the other side to remove
    assert not desk.cases.mine


async def test_other_commands_are_never_a_volunteers(desk: Desk) -> None:
    desk.link()
    for text in ("/start", "/hide", "/forget", "/count"):
        assert not await desk.say(text)


async def test_a_members_text_links_the_chat_and_leaves_it(desk: Desk) -> None:
    assert await desk.say("/link volunteer")
    (card,) = await desk.person.messages()
    assert card.by_bot
    assert "This chat is linked" in card.text
    assert card.labels == ["Hide"]


async def test_a_line_that_was_wrapped_on_the_way_is_the_same_line(desk: Desk) -> None:
    assert await desk.say("/link volun\n  teer ")


async def test_a_text_that_comes_late_is_told_to_its_member(desk: Desk) -> None:
    assert await desk.say("/link late")
    assert "tropa link" in (await desk.person.card()).text
    assert not desk.links.linked


async def test_unlinking_ends_it(desk: Desk) -> None:
    desk.link()
    assert await desk.say("/unlink")
    assert "not linked any more" in (await desk.person.card()).text
    assert not await desk.say("/queue")


async def test_the_queue_in_counts(desk: Desk) -> None:
    desk.link(capacity=4)
    desk.cases.waiting += [header("01", Level.P0), header("02", Level.P2), header("03", Level.P2)]
    desk.cases.mine += [header("04"), header("05", turn=Turn.THEIRS)]
    assert await desk.say("/queue")
    (card,) = await desk.person.messages()
    assert "P0: 1\nP2: 2" in card.text
    assert "Cases you hold: 2 of 4." in card.text
    assert "Waiting for your answer: 1." in card.text
    assert "P1" not in card.text
    assert "0100" not in card.text


async def test_an_empty_queue_says_so(desk: Desk) -> None:
    desk.link()
    await desk.say("/queue")
    assert "Nothing waits for you." in (await desk.person.card()).text
    await desk.say("/take")
    assert (await desk.person.card()).text == "Nothing waits for you."


async def test_a_case_comes_as_a_sealed_file_with_all_that_is_needed_beside_it(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("3f9a1b2c77"), header("02")]
    assert await desk.say("/take")
    card, file = await desk.person.messages()
    assert file.message["document"]["file_name"] == "case-3f9a1b2c.tropa"
    assert "has_protected_content" not in file.message
    assert file.text == ""
    assert "Case 3f9a1b2c is yours until 2026-11-23 00:00 UTC." in card.text
    assert "tropa open case-3f9a1b2c.tropa" in card.text
    bundle = Bundle.from_bytes(await desk.saved(file))
    assert bundle.case.header.id.startswith("3f9a1b2c77")
    assert bundle.case.header.held_by == "you"
    assert (bundle.roster_file, bundle.form_file) == (ROSTER, FORM)


async def test_the_case_that_was_named_is_taken_from_any_page(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header(f"{n:02x}") for n in range(1, 8)]
    assert await desk.say("/take 06")
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["06"]
    assert (await desk.files())[0].message["document"]["file_name"] == "case-06000000.tropa"


async def test_one_of_hers_is_sent_again(desk: Desk) -> None:
    desk.link(capacity=1)
    desk.cases.waiting.append(header("3f9a"))
    await desk.say("/take")
    await desk.say("/take 3F9A")
    assert len(await desk.files()) == 2
    assert len(desk.cases.mine) == 1


@pytest.mark.parametrize("text", ["/take ff", "/take zz", "/take <b>", f"/take {'0' * 33}"])
async def test_digits_of_no_case_are_told(desk: Desk, text: str) -> None:
    desk.link()
    desk.cases.waiting.append(header("3f9a"))
    assert await desk.say(text)
    assert "No case that waits for you" in (await desk.person.card()).text
    assert not desk.cases.mine


async def test_digits_of_several_cases_take_none(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("3f9a"), header("01"), header("3f9b")]
    assert await desk.say("/take 3f9")
    assert "a digit more" in (await desk.person.card()).text
    assert not desk.cases.mine


async def test_where_somebody_is_faster_the_next_is_taken(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("01"), header("02")]
    desk.cases.faster.add(header("01").id)
    await desk.say("/take")
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["02"]


async def test_her_capacity_counts_as_at_the_desk(desk: Desk) -> None:
    desk.link(capacity=1)
    desk.cases.waiting.append(header("01"))
    desk.cases.mine.append(header("02"))
    assert await desk.say("/take")
    assert "as many cases as you may: 1 of 1" in (await desk.person.card()).text
    assert await desk.files() == []


async def test_an_update_that_comes_again_sends_the_same_case_and_takes_no_other(
    desk: Desk,
) -> None:
    desk.link()
    desk.cases.waiting += [header("01"), header("02")]
    await desk.say("/take", update=70)
    await desk.say("/take", update=70)
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["01"]
    names = [card.message["document"]["file_name"] for card in await desk.files()]
    assert names == ["case-01000000.tropa"] * 2
    await desk.say("/take", update=71)
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["01", "02"]


async def test_a_database_that_fails_between_taking_and_sending_loses_nothing(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting += [header("01"), header("02")]
    desk.cases.down = 1
    with pytest.raises(StorageUnavailable):
        await desk.say("/take", update=70)
    await desk.say("/take", update=70)
    assert [one.id[:1].hex() for one in desk.cases.mine] == ["01"]
    assert len(await desk.files()) == 1


async def test_an_outage_of_telegram_is_waited_out(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("01"))
    await desk.sandbox.fault("429", count=1, retry_after=7, methods=("sendDocument",))
    await desk.say("/take")
    assert desk.waits == [7]
    assert len(await desk.files()) == 1


async def test_nothing_waits_for_a_file_that_telegram_does_not_take(desk: Desk) -> None:
    """Telegram may ask for an hour's patience. Until an update is handled no other is fetched, and
    as long as one chat is held, no card of any chat hides itself."""
    desk.link()
    desk.cases.waiting.append(header("01"))
    await desk.sandbox.fault("429", count=1, retry_after=3600, methods=("sendDocument",))
    waits, until = asyncio.Event(), asyncio.Event()

    async def pause(_: float) -> None:
        waits.set()
        await until.wait()

    desk.handing._pause = pause
    saying = asyncio.create_task(desk.say("/take", update=70))
    await waits.wait()
    assert not desk.chats.touch(desk.person.chat, NOW).lock.locked()
    assert await asyncio.wait_for(desk.say("/queue", update=71), 60)
    until.set()
    await saying
    assert len(await desk.files()) == 1


async def test_a_file_that_cannot_be_sent_is_not_lost(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("3f9a"))
    await desk.sandbox.fault("502", count=TRIES, methods=("sendDocument",))
    await desk.say("/take")
    assert "Again: /take 3f9a0000" in (await desk.person.card()).text
    await desk.say("/take 3f9a0000")
    assert len(await desk.files()) == 1


async def test_the_file_leaves_the_chat_after_a_while_and_the_card_stays(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("01"))
    await desk.say("/take")
    await desk.handing.clear()
    await desk.painter.settled(desk.person.chat)
    assert len(await desk.files()) == 1
    desk.now += STAYS
    await desk.handing.clear()
    await desk.painter.settled(desk.person.chat)
    assert await desk.files() == []
    assert len(await desk.person.messages()) == 1


async def test_while_the_line_is_closed_it_says_so_and_takes_nothing(desk: Desk) -> None:
    desk.link()
    desk.cases.waiting.append(header("01"))
    desk.links.closed = True
    for text in ("/queue", "/take"):
        assert await desk.say(text)
        assert "The line is closed" in (await desk.person.card()).text
    assert not desk.cases.mine
    assert not await desk.say("/link volunteer")


async def test_a_role_that_opens_no_cases_is_told_so_and_what_it_opens(desk: Desk) -> None:
    desk.link(Role.COORDINATOR)
    desk.cases.waiting.append(header("01"))
    for text in ("/queue", "/take"):
        assert await desk.say(text)
        card = await desk.person.card()
        assert "opens no cases" in card.text
        assert "/counts" in card.text
    assert not desk.cases.mine


@pytest.mark.parametrize(
    ("role", "can", "cannot"),
    [
        ("volunteer", ("alerted", "/queue", "/take", "/unlink"), ("/counts",)),
        ("coordinator", ("no case", "/counts", "/unlink"), ("alerted", "/queue", "/take")),
    ],
)
async def test_linking_says_what_she_can_do(
    desk: Desk, role: str, can: tuple[str, ...], cannot: tuple[str, ...]
) -> None:
    await desk.say(f"/link {role}")
    text = (await desk.person.card()).text
    assert [word for word in can if word not in text] == []
    assert [word for word in cannot if word in text] == []


async def test_a_card_that_may_hold_the_only_copy_of_a_secret_is_not_replaced(desk: Desk) -> None:
    desk.link()
    desk.chats.touch(desk.person.chat, NOW).asleep = True
    assert not await desk.say("/queue")


async def test_an_interview_of_her_own_is_a_tap_away(desk: Desk) -> None:
    desk.link()
    secret = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    chat = desk.chats.touch(desk.person.chat, NOW)
    chat.secret, chat.revision = secret, 3
    await desk.say("/queue")
    assert (chat.secret, chat.revision) == (secret, 3)
    data = (await desk.person.card()).buttons[0].data
    assert data is not None
    assert data.startswith(f"{secret}003")
