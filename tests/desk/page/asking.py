"""The person's side of a case, for tests of the page: asks, writes again, reads, blocks the bot.

The chat itself is played elsewhere (`tests/journeys`); here only what the queue then holds counts.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret, open_letter
from crypto.sealing import CaseKey, Context, SealedRecord, seal_record, wrap_case_key
from crypto.token import TOKEN_BYTES
from desk.reading import place
from intake.case import CaseHeader, ContactRule, to_the_hour
from intake.records import INTAKE, LETTER, MESSAGE, TOKEN, AnswersRecord, Letter, Message
from intake.wire import Header
from storage.rows import DraftRow, NewCase, Record, Sealing
from tests.desk.world import URGENT, World, identity_of

WINDOW = ContactRule(frozenset({18, 19, 20}))


@dataclass
class Asker:
    """A person whose case lies in the queue."""

    world: World
    case: str
    header: CaseHeader
    key: CaseKey
    inbox: InboxSecret

    def write(self, text: str) -> None:
        """Add something to the case."""
        draft = secrets.token_bytes(16)
        row = DraftRow(draft, 1, self.world.time() + timedelta(hours=24), b"letter")
        assert self.world.wait(self.world.storage.drafts.put(row, None))
        message = Message(language="ru", at=to_the_hour(self.world.time()), text=text)
        done = self.world.wait(
            self.world.storage.inboxes.write(
                self.inbox.id,
                draft,
                1,
                lambda _, number: self._sealed(number, MESSAGE, message.to_bytes()),
                self.world.time(),
                lambda level: self.world.time() + self.world.form.urgency.targets[level],
            )
        )
        assert done

    def letters(self) -> list[Letter]:
        """The replies that lie in the inbox, opened."""
        found = self.world.wait(self.world.storage.inboxes.get(self.inbox.id))
        assert found is not None
        return [
            Letter.from_bytes(
                open_letter(
                    self.inbox, self._place(reply.number, LETTER), SealedRecord(reply.sealed)
                )
            )
            for reply in found.replies
        ]

    def read(self, number: int) -> None:
        self.world.wait(self.world.storage.inboxes.mark_read(self.inbox.id, number))

    def is_told(self) -> None:
        """The silent line stands in the chat."""
        for due in self.world.wait(self.world.storage.outbox.due(self.world.time())):
            token = self._sealed(0, TOKEN, due.token)
            sent = self.world.storage.outbox.delivered(
                due.case_id, due.numbers, partial(_already, token), due.place
            )
            self.world.wait(sent)

    def has_blocked(self) -> None:
        """Telegram says that the chat cannot be reached."""
        for due in self.world.wait(self.world.storage.outbox.due(self.world.time())):
            lost = self.world.storage.outbox.undeliverable(due.case_id, due.numbers, due.place)
            self.world.wait(lost)

    def _place(self, number: int, kind: str) -> Context:
        return place(Header.of(self.header, ""), number, kind)

    def _sealed(self, number: int, kind: str, plaintext: bytes) -> bytes:
        return seal_record(self.key.public, self._place(number, kind), plaintext).data


def asks(
    world: World,
    answers: Mapping[str, Any] = URGENT,
    to: Iterable[str] = ("anna", "boris"),
    **header: Any,
) -> Asker:
    """A new case of somebody who can be answered; `header`: what is to be otherwise in it."""
    key, inbox = CaseKey.new(os.urandom), InboxSecret.of(DraftSecret(os.urandom(32)))
    clear = replace(world._header(secrets.token_bytes(16), answers), **header)
    asker = Asker(world, clear.id.hex(), clear, key, inbox)
    record = AnswersRecord(world.form.digest, "ru", answers, inbox.public)
    wraps = {
        identity_of(name).key_id: wrap_case_key(
            key, identity_of(name).sealing_public, clear.id, clear.epoch
        ).data
        for name in to
    }
    first = Record(0, INTAKE, asker._sealed(0, INTAKE, record.to_bytes()))
    token = asker._sealed(0, TOKEN, os.urandom(TOKEN_BYTES))
    world.wait(
        world._insert(
            NewCase(clear, key.public, inbox.id, [first], wraps, token=token, place=bytes(16))
        )
    )
    return asker


def _already(token: bytes, _: Sealing) -> bytes:
    return token
