"""The inbox secret comes out of the draft's, and the way back is closed."""

import pytest

from crypto.draft import DraftSecret
from crypto.errors import BadFormat, BadKey
from crypto.inbox import InboxSecret
from tests.crypto.samples import secret

DRAFT = DraftSecret(secret("draft"))


def test_one_interview_has_one_inbox_and_another_another() -> None:
    assert InboxSecret.of(DRAFT) == InboxSecret.of(DraftSecret.parse(DRAFT.text))
    assert InboxSecret.of(DRAFT) != InboxSecret.of(DraftSecret(secret("other draft")))


def test_neither_the_secrets_nor_the_ids_of_draft_and_inbox_are_alike() -> None:
    inbox = InboxSecret.of(DRAFT)
    assert inbox.key_material != DRAFT.key_material
    assert DraftSecret(inbox.key_material).id not in (DRAFT.id, inbox.id)
    assert inbox.id != DRAFT.id


def test_it_survives_its_button_and_has_one_spelling() -> None:
    inbox = InboxSecret.of(DRAFT)
    assert InboxSecret.parse(inbox.text) == inbox
    for text in (inbox.text[:-1], inbox.text + "=", "+" * 43, "A" * 42 + "B"):
        with pytest.raises(BadFormat):
            InboxSecret.parse(text)
    with pytest.raises(BadKey):
        InboxSecret.parse("A" * 43)
