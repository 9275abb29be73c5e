"""The person's side of a case: what a secret or a code leads to, and what it changes."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret
from crypto.receipt import ReceiptCode
from handlers.ports import ERASED, Composed, Standing, Stored, Submission
from intake.case import ContactRule, State, Turn
from intake.draft import SEEN, Draft
from intake.errors import StorageUnavailable
from intake.records import LONGEST
from storage import open_storage
from storage.rows import Lock
from tests.bot.answering import Kept, kept
from tests.line import token_of

NOBODYS = InboxSecret.new(os.urandom).text


@pytest.fixture(name="line")
async def _line(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as made:
        yield made


async def test_a_fresh_case_is_received_and_here(line: Kept) -> None:
    sent = await line.sent(chat=5)
    seen = await line.inboxes.look(sent.inbox, 5)
    assert seen is not None
    assert (seen.language, seen.standing, seen.here) == ("en", Standing.RECEIVED, True)
    assert (seen.replies, seen.unread, seen.unfinished) == ((), (), False)
    elsewhere = await line.inboxes.look(sent.inbox, 6)
    assert elsewhere is not None
    assert not elsewhere.here


async def test_it_is_being_read_then_answered_and_again_received_when_the_person_writes(
    line: Kept,
) -> None:
    sent = await line.sent(contact="any")
    case = await line.case(sent.inbox)
    await line.storage.cases.take(case.header.id, line.house.anna.key_id, line.clock(), 10)
    assert await _standing(line, sent.inbox) is Standing.READING
    await line.reply(sent.inbox, "Hello.")
    assert await _standing(line, sent.inbox) is Standing.ANSWERED
    await _writes(line, sent.inbox, "Thank you.")
    assert await _standing(line, sent.inbox) is Standing.READING
    line.clock.now += timedelta(days=2)
    assert await _standing(line, sent.inbox) is Standing.RECEIVED


async def test_a_reply_opens_in_the_inbox_and_counts_as_read(line: Kept) -> None:
    sent = await line.sent(contact="any")
    first = await line.reply(sent.inbox, "Hello.", "chestnut")
    second = await line.reply(sent.inbox, "And one thing more.")
    assert await line.states(sent.inbox) == ["waiting", "waiting"]
    letter = await line.inboxes.letter(sent.inbox, first)
    assert letter is not None
    assert (letter.text, letter.codeword) == ("Hello.", "chestnut")
    assert await line.states(sent.inbox) == ["read", "waiting"]
    assert await line.inboxes.letter(sent.inbox, first) == letter
    seen = await line.inboxes.look(sent.inbox, 5)
    assert seen is not None
    assert (seen.replies, seen.unread) == ((first, second), (second,))


async def test_there_is_no_reply_of_another_number_nor_for_another_secret(line: Kept) -> None:
    sent, other = await line.sent(), await line.sent()
    number = await line.reply(sent.inbox, "Hello.")
    assert await line.inboxes.letter(sent.inbox, number + 1) is None
    assert await line.inboxes.letter(other.inbox, number) is None
    assert await line.inboxes.letter(NOBODYS, number) is None
    assert await line.states(sent.inbox) == ["inbox"]


async def test_the_code_of_the_receipt_opens_the_inbox(line: Kept) -> None:
    sent, _ = await line.sent(), await line.sent()
    assert sent.code is not None
    assert line.inboxes.reads(sent.code)
    assert await line.inboxes.enter(sent.code.replace(" ", "-")) == sent.inbox


async def test_a_wrong_code_opens_nothing(line: Kept) -> None:
    sent = await line.sent()
    assert sent.code is not None
    right = ReceiptCode.parse(sent.code)
    other_digits = ReceiptCode(right.locator, "0" * 19)
    unknown = ReceiptCode("00000000", right.digits)
    for code in (other_digits.text, unknown.text, sent.code[:-1], "", "code"):
        assert await line.inboxes.enter(code) is None
    assert not line.inboxes.reads(sent.code[:-1])


async def test_a_code_that_leads_nowhere_is_tried_like_one_that_does(
    line: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await line.sent()
    assert sent.code is not None
    nowhere = ReceiptCode("00000000", ReceiptCode.parse(sent.code).digits).text
    stretched: list[object] = []

    def counting(**given: object) -> Argon2id:
        stretched.append(given["memory_cost"])
        return Argon2id(**given)  # type: ignore[arg-type]

    monkeypatch.setattr("crypto.receipt.Argon2id", counting)
    for code in (sent.code, nowhere):
        await line.inboxes.enter(code)
    assert stretched == [64 * 1024, 64 * 1024]


async def test_a_machine_short_of_memory_is_no_wrong_code(
    line: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await line.sent()

    def short(**_: object) -> Argon2id:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("crypto.receipt.Argon2id", short)
        with pytest.raises(StorageUnavailable, match="64 MiB"):
            await line.inboxes.enter(sent.code or "")
    assert await line.inboxes.enter(sent.code or "") == sent.inbox


async def test_from_the_beginning_a_case_has_two_locks(line: Kept) -> None:
    sent = await line.sent()
    before = await _locks(line, sent.inbox)
    assert len(before) == 2
    assert await line.inboxes.issue(sent.inbox, "k1", erase=True) is not None
    after = await _locks(line, sent.inbox)
    assert len(after) == 2
    assert len({lock.sealed for lock in (*before, *after)}) == 3


async def test_a_lock_put_beside_another_case_opens_nothing_there(line: Kept) -> None:
    sent, other = await line.sent(), await line.sent()
    assert sent.code is not None
    ours, theirs = InboxSecret.parse(sent.inbox), InboxSecret.parse(other.inbox)
    _, lock = await line.inboxes.locks.returning(ours)
    await line.storage.inboxes.put_lock(theirs.id, lock)
    await line.inboxes.erase(sent.inbox)
    assert await line.inboxes.enter(sent.code) is None


async def test_a_new_code_takes_the_place_of_the_old_one_and_is_the_same_for_its_nonce(
    line: Kept,
) -> None:
    sent = await line.sent()
    code = await line.inboxes.issue(sent.inbox, "k1", erase=False)
    assert code is not None
    assert code != sent.code
    assert await line.inboxes.issue(sent.inbox, "k1", erase=False) == code
    assert await line.inboxes.enter(code) == sent.inbox
    assert await line.inboxes.enter(sent.code or "") is None
    assert await line.inboxes.issue(NOBODYS, "k1", erase=False) is None
    assert await line.inboxes.issue(sent.inbox, "not plain", erase=False) is None


async def test_a_code_that_was_replaced_stands_no_more(line: Kept) -> None:
    sent = await line.sent()
    assert await line.inboxes.standing_code(sent.inbox, "", erase=False) == sent.code
    assert await line.inboxes.standing_code(sent.inbox, "", erase=True) is None
    code = await line.inboxes.issue(sent.inbox, "k1", erase=False)
    assert await line.inboxes.standing_code(sent.inbox, "", erase=False) is None
    assert await line.inboxes.standing_code(sent.inbox, "k1", erase=False) == code
    assert await line.inboxes.standing_code(NOBODYS, "", erase=False) is None


async def test_an_erase_code_erases_everything_and_the_code_opens_nothing_then(line: Kept) -> None:
    sent, other = await line.sent(contact="any"), await line.sent()
    await line.reply(sent.inbox, "Hello.")
    await line.inboxes.save_text(sent.inbox, "Not sent yet", 1, 0)
    erasing = await line.inboxes.issue(sent.inbox, "k2", erase=True)
    assert erasing is not None
    assert await line.inboxes.enter(sent.code or "") == sent.inbox  # the other one still opens
    letter = InboxSecret.parse(sent.inbox).letter_secret.id
    assert await line.storage.drafts.get(letter) is not None
    assert await line.inboxes.enter(erasing) is ERASED
    assert await line.inboxes.look(sent.inbox, 5) is None
    assert await line.storage.drafts.get(letter) is None
    assert await line.inboxes.enter(erasing) is None
    assert await line.inboxes.enter(sent.code or "") is None
    assert await line.inboxes.look(other.inbox, 5) is not None


async def test_a_message_is_kept_sealed_until_it_is_sent_and_then_stands_in_the_case(
    line: Kept,
) -> None:
    sent = await line.sent()
    assert await line.inboxes.compose(sent.inbox) == Composed()
    first = await line.inboxes.save_text(sent.inbox, "One", 7, 0)
    assert first == Composed("One", 1, (7,))
    second = await line.inboxes.save_text(sent.inbox, "One and two", 8, 1)
    assert second == Composed("One and two", 2, (7, 8))
    assert await line.inboxes.compose(sent.inbox) == second
    seen = await line.inboxes.look(sent.inbox, 5)
    assert seen is not None
    assert seen.unfinished
    assert await line.inboxes.send_text(sent.inbox, 2)
    assert await line.inboxes.compose(sent.inbox) == Composed("", 3, (7, 8), 2)
    told = json.loads(await line.read(sent.inbox, 1))
    assert told == {"v": 1, "language": "en", "at": "2026-03-14T15:00:00Z", "text": "One and two"}


async def test_of_a_message_that_is_begun_while_all_is_erased_nothing_is_left(
    line: Kept, tmp_path: Path
) -> None:
    """Begun in one chat, as the erase code is entered in another."""
    sent = await line.sent()

    async def erased() -> None:
        another = await open_storage(f"sqlite:///{tmp_path / 'kept.db'}")
        inbox = InboxSecret.parse(sent.inbox)
        letter, day = inbox.letter_secret.id, line.clock().date()
        assert await another.inboxes.erase(inbox.id, letter, day=day)
        await another.close()

    def meanwhile() -> datetime:
        """The hour is asked after the case was looked for, and before the text is kept."""
        thread = threading.Thread(target=asyncio.run, args=(erased(),))
        thread.start()
        thread.join()
        return line.clock()

    slow = replace(line.inboxes, clock=meanwhile)
    assert await slow.save_text(sent.inbox, "Hello", None, 0) is None
    assert await line.inboxes.compose(sent.inbox) == Composed()


async def test_of_an_old_revision_nothing_is_saved_or_sent_and_nothing_is_sent_twice(
    line: Kept,
) -> None:
    sent = await line.sent()
    await line.inboxes.save_text(sent.inbox, "One", 7, 0)
    assert await line.inboxes.save_text(sent.inbox, "Two", 8, 0) is None
    assert not await line.inboxes.send_text(sent.inbox, 0)
    assert not await line.inboxes.send_text(sent.inbox, 2)
    assert await line.inboxes.send_text(sent.inbox, 1)
    assert not await line.inboxes.send_text(sent.inbox, 1)
    assert not await line.inboxes.send_text(sent.inbox, 2)  # what is left is empty
    assert len((await line.case(sent.inbox)).records) == 2


async def test_two_at_once_send_one_message(line: Kept) -> None:
    sent = await line.sent()
    await line.inboxes.save_text(sent.inbox, "One", 7, 0)
    done = await asyncio.gather(*(line.inboxes.send_text(sent.inbox, 1) for _ in range(5)))
    assert sorted(done) == [False] * 4 + [True]
    assert len((await line.case(sent.inbox)).records) == 2


async def test_a_message_that_is_too_long_or_empty_is_not_sent(line: Kept) -> None:
    sent = await line.sent()
    await line.inboxes.save_text(sent.inbox, "x" * (LONGEST + 1), None, 0)
    assert not await line.inboxes.send_text(sent.inbox, 1)
    await line.inboxes.save_text(sent.inbox, "", None, 1)
    assert not await line.inboxes.send_text(sent.inbox, 2)
    await line.inboxes.save_text(sent.inbox, "x" * LONGEST, None, 2)
    assert await line.inboxes.send_text(sent.inbox, 3)


async def test_of_what_was_seen_only_the_last_is_remembered(line: Kept) -> None:
    sent = await line.sent()
    for update in range(SEEN + 5):
        await line.inboxes.save_text(sent.inbox, "x", update, update)
    assert (await line.inboxes.compose(sent.inbox)).seen == tuple(range(5, SEEN + 5))


async def test_a_message_opens_a_closed_case_again_with_a_new_promise(line: Kept) -> None:
    sent = await line.sent()
    await line.reply(sent.inbox, "Hello.")
    case = await line.case(sent.inbox)
    anna = line.house.anna.key_id
    await line.storage.cases.close(case.header.id, anna, None, line.clock())
    assert await _standing(line, sent.inbox) is Standing.CLOSED
    line.clock.now += timedelta(days=3)
    await _writes(line, sent.inbox, "One thing more.")
    header = (await line.case(sent.inbox)).header
    target = line.house.form.urgency.targets[header.level]
    assert (header.state, header.holder, header.turn) == (State.WAITING, None, Turn.OURS)
    assert header.promised_by == line.clock().replace(minute=0, second=0) + target


async def test_the_contact_rule_can_be_changed_and_never_ends_what_waits(line: Kept) -> None:
    sent = await line.sent(contact="any")
    await line.reply(sent.inbox, "Hello.")
    assert await line.inboxes.set_contact(sent.inbox, ContactRule.never())
    assert await line.states(sent.inbox) == ["inbox"]
    seen = await line.inboxes.look(sent.inbox, 5)
    assert seen is not None
    assert seen.contact == ContactRule.never()
    assert not await line.inboxes.set_contact(NOBODYS, ContactRule.never())


async def test_replies_can_be_announced_in_another_chat(line: Kept) -> None:
    sent = await line.sent(chat=5)
    assert await line.inboxes.announce(sent.inbox, 77, 12)
    here = [await line.inboxes.look(sent.inbox, chat) for chat in (5, 77)]
    assert [seen.here for seen in here if seen] == [False, True]
    assert not await line.inboxes.announce(NOBODYS, 77, 12)


async def test_a_card_that_is_drawn_anew_takes_nothing_back(line: Kept) -> None:
    """A chat follows its card a moment after it looked where replies are announced."""
    sent = await line.sent(chat=5)
    assert await line.inboxes.announce(sent.inbox, 5, 7, stays=True)
    token = line.tokens.open(token_of(await line.case(sent.inbox), line.house))
    assert token is not None
    assert (token.chat_id, token.message_id) == (5, 7)
    assert await line.inboxes.announce(sent.inbox, 77, 12)
    await line.inboxes.announce(sent.inbox, 5, 8, stays=True)
    token = line.tokens.open(token_of(await line.case(sent.inbox), line.house))
    assert token is not None
    assert (token.chat_id, token.message_id) == (77, 12)
    seen = await line.inboxes.look(sent.inbox, 77)
    assert seen is not None
    assert seen.here


@pytest.mark.parametrize("by_code", [True, False])
async def test_of_an_early_case_the_rest_of_the_interview_goes_too(
    line: Kept, by_code: bool
) -> None:
    secret = DraftSecret.new(os.urandom)
    draft = Draft("en", "", answers={"consent": "yes", "danger": "day"})
    await line.drafts.save(secret.text, draft, None)
    goes_on = await line.drafts.submit(Submission(secret.text, draft, 1, 5, 6, early=True))
    assert isinstance(goes_on, Stored)
    inbox = InboxSecret.of(secret).text
    code = await line.inboxes.issue(inbox, "k1", erase=True)
    assert code is not None
    if by_code:
        assert await line.inboxes.enter(code) is ERASED
    else:
        assert await line.inboxes.erase(inbox)
    assert await line.storage.drafts.get(secret.id) is None
    assert await line.drafts.open(secret.text) is None


async def test_what_was_erased_is_gone_for_everything(line: Kept) -> None:
    sent = await line.sent()
    await line.inboxes.save_text(sent.inbox, "One", 7, 0)
    assert await line.inboxes.erase(sent.inbox)
    assert not await line.inboxes.erase(sent.inbox)
    assert await line.inboxes.look(sent.inbox, 5) is None
    assert await line.inboxes.compose(sent.inbox) == Composed()
    assert await line.inboxes.save_text(sent.inbox, "Two", 8, 0) is None
    assert not await line.inboxes.send_text(sent.inbox, 1)
    assert await line.inboxes.enter(sent.code or "") is None


@pytest.mark.parametrize("secret", ["", "-", "A" * 43, "ß" * 43, "A" * 42 + "B"])
async def test_a_secret_that_is_none_is_an_erased_case(line: Kept, secret: str) -> None:
    assert await line.inboxes.look(secret, 5) is None
    assert await line.inboxes.letter(secret, 1) is None
    assert await line.inboxes.issue(secret, "k", erase=True) is None
    assert await line.inboxes.compose(secret) == Composed()
    assert await line.inboxes.save_text(secret, "x", 1, 0) is None
    assert not await line.inboxes.send_text(secret, 0)
    assert not await line.inboxes.set_contact(secret, ContactRule.never())
    assert not await line.inboxes.announce(secret, 5, 6)
    assert not await line.inboxes.erase(secret)


async def test_while_codes_are_tried_everything_else_goes_on(line: Kept) -> None:
    sent = await line.sent()
    nowhere = ReceiptCode("00000000", "0" * 19).text
    trying = [asyncio.create_task(line.inboxes.enter(nowhere)) for _ in range(6)]
    await asyncio.sleep(0)
    assert await line.inboxes.look(sent.inbox, 5) is not None
    assert not trying[-1].done()
    assert await asyncio.gather(*trying) == [None] * 6


async def _standing(line: Kept, inbox: str) -> Standing:
    seen = await line.inboxes.look(inbox, 5)
    assert seen is not None
    return seen.standing


async def _writes(line: Kept, inbox: str, text: str) -> None:
    revision = (await line.inboxes.compose(inbox)).revision
    assert await line.inboxes.save_text(inbox, text, None, revision)
    assert await line.inboxes.send_text(inbox, revision + 1)


async def _locks(line: Kept, inbox: str) -> tuple[Lock, ...]:
    case = await line.storage.inboxes.get(InboxSecret.parse(inbox).id)
    assert case is not None
    return case.locks
