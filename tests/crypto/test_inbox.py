"""The inbox secret comes out of the draft's, and the way back is closed."""

from dataclasses import replace

import pytest

from crypto.draft import DraftSecret
from crypto.errors import Altered, BadFormat, BadKey, Misplaced, Truncated
from crypto.inbox import InboxSecret, open_letter
from crypto.sealing import SealedRecord, seal_record
from tests.crypto.samples import PLACE, secret

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


def test_a_letter_opens_with_the_inbox_it_was_sealed_to_and_in_its_place() -> None:
    inbox = InboxSecret.of(DRAFT)
    place = replace(PLACE, kind="letter", number=3)
    sealed = seal_record(inbox.public, place, b"hello")
    assert open_letter(InboxSecret.parse(inbox.text), place, sealed) == b"hello"
    for elsewhere in (replace(place, number=4), replace(place, kind="reply")):
        with pytest.raises(Misplaced, match="reply"):
            open_letter(inbox, elsewhere, sealed)
    with pytest.raises(Altered):
        open_letter(InboxSecret.of(DraftSecret(secret("other draft"))), place, sealed)
    with pytest.raises(Truncated):
        open_letter(inbox, place, SealedRecord(sealed.data[:-1]))


def test_the_keys_that_come_out_of_it_are_its_own_and_not_alike() -> None:
    inbox, other = InboxSecret.of(DRAFT), InboxSecret.of(DraftSecret(secret("other draft")))
    assert len(inbox.public) == 1216
    assert inbox.public != other.public
    assert inbox.letter_secret == InboxSecret.parse(inbox.text).letter_secret
    assert inbox.letter_secret.key_material not in (DRAFT.key_material, inbox.key_material)
    assert inbox.letter_secret != other.letter_secret


def test_the_place_names_a_chat_to_this_inbox_alone() -> None:
    inbox, other = InboxSecret.of(DRAFT), InboxSecret.of(DraftSecret(secret("other draft")))
    assert inbox.place(77) == inbox.place(77)
    assert len({inbox.place(77), inbox.place(78), inbox.place(-77), other.place(77)}) == 4
    assert len(inbox.place(77)) == 16
