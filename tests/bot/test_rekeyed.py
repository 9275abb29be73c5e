"""A case gets a fresh key while the person writes to it: what he writes is sealed to that one.

Between reading a case and adding to it another desk may have re-keyed it. What were sealed to the
key of before, nobody could open any more.
"""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret
from crypto.token import open_token
from handlers.case_files import case_file
from handlers.key_bodies import rekeying
from handlers.ports import Sent, Stored, Submission
from intake.draft import Draft
from storage.cases import Cases
from storage.inboxes import Inboxes
from storage.tables import slot_of, withdrawn
from tests import rekeyed
from tests.bot.answering import Kept, kept
from tests.line import opened, token_of

WHO_LEFT = "99" * 16


@pytest.fixture(name="line")
async def _line(tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept(tmp_path) as made:
        yield made


async def rekey(line: Kept, case_id: bytes) -> None:
    """Somebody left who could open the case, and Anna gives it a fresh key."""
    row = {"slot": 1, "case_slot": slot_of(case_id), "key_id": WHO_LEFT}
    await line.storage.database.write(
        lambda connection: connection.execute(insert(withdrawn), row).close()
    )
    anna = line.house.anna
    stored = await line.storage.cases.fetch(case_id, anna.key_id)
    whole = case_file(stored, anna.key_id, line.clock(), lead=True)
    everybody = {one.key_id: one for one in (anna, line.house.lead)}
    keys = [everybody[name].sealing_public for name in stored.openers]
    epoch = stored.header.epoch + 1
    _, body = rekeyed.fresh(whole, anna, epoch, keys)
    [one] = rekeying(json.dumps({"cases": [body]}).encode())
    done = await line.storage.rekeying.rekey(
        [one], anna.key_id, epoch, everybody, line.clock().date()
    )
    assert done.done == (case_id,)


def between(line: Kept, case_id: bytes) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The method of a repository, before which the case is re-keyed, once."""
    left = [case_id]

    def wrapped(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def first_rekeyed(self: Any, *given: Any, **named: Any) -> Any:
            while left:
                await rekey(line, left.pop())
            return await method(self, *given, **named)

        return first_rekeyed

    return wrapped


async def test_what_the_person_writes_meanwhile_opens(
    line: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await line.sent()
    case_id = (await line.case(sent.inbox)).header.id
    assert await line.inboxes.save_text(sent.inbox, "They came again.", None, 0)
    monkeypatch.setattr(Inboxes, "write", between(line, case_id)(Inboxes.write))
    assert await line.inboxes.send_text(sent.inbox, 1)
    assert [part.kind for part in (await line.case(sent.inbox)).records] == [
        "intake",
        "note",
        "message",
    ]
    assert json.loads(await line.read(sent.inbox, 2))["text"] == "They came again."


async def test_the_rest_of_the_answers_opens(line: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = DraftSecret.new(os.urandom).text
    draft = Draft("en", "", answers={"consent": "yes"})
    await line.drafts.save(secret, draft, None)
    early = await line.drafts.submit(Submission(secret, draft, 1, 5, 6, early=True))
    assert isinstance(early, Stored)
    rest = replace(early.draft, answers={"consent": "yes", "note": "And this."})
    case_id = bytes.fromhex(rest.case or "")
    monkeypatch.setattr(Cases, "append_with_draft", between(line, case_id)(Cases.append_with_draft))
    submission = Submission(secret, rest, early.revision, 5, 6, early=False)
    assert isinstance(await line.drafts.submit(submission), Sent)
    inbox = InboxSecret.of(DraftSecret.parse(secret)).text
    case = await line.case(inbox)
    assert case.header.epoch == 2
    assert [one.answers.get("note") for one in opened(case, line.house)] == [None, "And this."]


async def test_the_token_of_a_card_that_moved_opens(
    line: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await line.sent()
    case_id = (await line.case(sent.inbox)).header.id
    monkeypatch.setattr(Inboxes, "set_place", between(line, case_id)(Inboxes.set_place))
    assert await line.inboxes.announce(sent.inbox, 50, 60)
    token = token_of(await line.case(sent.inbox), line.house)
    there = open_token(line.house.return_key, token)
    assert (there.chat_id, there.message_id) == (50, 60)


async def test_letters_of_before_open_for_the_person(line: Kept) -> None:
    sent = await line.sent()
    case_id = (await line.case(sent.inbox)).header.id
    for said in ("Before.", "Between.", "After."):
        number = await line.reply(sent.inbox, said)
        await rekey(line, case_id)
        assert await line.states(sent.inbox)
        letter = await line.inboxes.letter(sent.inbox, number)
        assert letter is not None
        assert letter.text == said
    seen = await line.inboxes.look(sent.inbox, 5)
    assert seen is not None
    told = [await line.inboxes.letter(sent.inbox, number) for number in seen.replies]
    assert [one.text for one in told if one] == ["Before.", "Between.", "After."]
