"""An implementation in JavaScript, written from the page alone, agrees with ours both ways."""

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from crypto.draft import DraftSecret, open_draft
from crypto.inbox import InboxSecret, open_letter
from crypto.opening import open_record, unwrap_case_key
from crypto.receipt import ReceiptCode, open_lock
from crypto.sealing import SealedRecord, Wrap, seal_record, wrap_case_key
from crypto.shares import book, split
from tests.crypto.independent import SOURCE, run
from tests.crypto.samples import CASE_ID, CASE_KEY, PLACE, identity, secret, stream
from tests.crypto.test_vectors import FOLDER

PLACE_JSON = {
    "case_id": CASE_ID.hex(),
    "number": PLACE.number,
    "kind": PLACE.kind,
    "form": PLACE.form,
    "epoch": PLACE.epoch,
}
TEXTS = [b"", b"a", "Мне нужна помощь".encode() * 10, b"x" * 511, b"x" * 512, b"x" * 70_000]
SHARED = (
    *("record", "wrap", "letter", "draft", "token", "tally"),
    *("code", "lock", "padding", "derivation", "xwing", "ledger"),
)


@pytest.mark.parametrize("name", SHARED)
def test_it_agrees_with_every_vector_and_fails_where_we_fail(name: str) -> None:
    vectors = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    outcomes = run([vector | {"do": name} for vector in vectors])
    for vector, outcome in zip(vectors, outcomes, strict=True):
        if "fails" in vector:
            assert outcome == {"fails": vector["fails"]}, vector["name"]
        else:
            assert outcome["ok"].items() <= vector.items(), vector["name"]


def test_it_joins_recovery_lists_and_refuses_those_that_we_refuse() -> None:
    vectors = json.loads((FOLDER / "recovery.json").read_text(encoding="utf-8"))
    made = split(secret("fresh"), 4, 3, stream("fresh"))
    fresh = [
        {"lists": [" ".join(one.words) for one in some], "seed": secret("fresh").hex()}
        for some in combinations(made, 3)
    ]
    jobs = [*vectors, *fresh]
    outcomes = run([job | {"do": "recovery", "book": book()} for job in jobs])
    for job, outcome in zip(jobs, outcomes, strict=True):
        if "fails" in job:
            assert outcome == {"fails": job["fails"]}, job["name"]
        else:
            assert outcome["ok"]["seed"] == job["seed"]
            assert outcome["ok"]["numbers"] == job.get("numbers", outcome["ok"]["numbers"])


def test_it_opens_records_that_python_sealed() -> None:
    jobs: list[dict[str, Any]] = [
        {
            "do": "record",
            "case_seed": CASE_KEY.seed.hex(),
            "context": PLACE_JSON,
            "sealed": seal_record(CASE_KEY.public, PLACE, text).data.hex(),
        }
        for text in TEXTS
    ]
    assert run(jobs) == [{"ok": {"plaintext": text.hex()}} for text in TEXTS]


def test_python_opens_records_that_it_sealed() -> None:
    jobs: list[dict[str, Any]] = [
        {
            "do": "seal_record",
            "public": CASE_KEY.public.hex(),
            "context": PLACE_JSON,
            "plaintext": text.hex(),
        }
        for text in TEXTS
    ]
    sealed = [SealedRecord(bytes.fromhex(outcome["ok"]["sealed"])) for outcome in run(jobs)]
    assert [open_record(CASE_KEY, PLACE, record) for record in sealed] == TEXTS


def test_a_wrap_opens_in_both_directions() -> None:
    lawyer = identity("lawyer")
    place = {"case_id": CASE_ID.hex(), "epoch": 7}
    ours = wrap_case_key(CASE_KEY, lawyer.sealing_public, CASE_ID, 7)
    opened, made = run(
        [
            place | {"do": "wrap", "identity_seed": lawyer.seed.hex(), "wrap": ours.data.hex()},
            place
            | {
                "do": "seal_wrap",
                "member_public": lawyer.sealing_public.hex(),
                "case_seed": CASE_KEY.seed.hex(),
            },
        ]
    )
    assert opened == {"ok": {"case_seed": CASE_KEY.seed.hex()}}
    theirs = Wrap(bytes.fromhex(made["ok"]["wrap"]))
    assert unwrap_case_key(lawyer, CASE_ID, 7, theirs) == CASE_KEY


def test_python_opens_a_draft_that_it_sealed() -> None:
    draft = DraftSecret(secret("draft"))
    job = {
        "do": "seal_draft",
        "secret": draft.text,
        "revision": 12,
        "plaintext": b"{}".hex(),
        "nonce": stream("nonce")(12).hex(),
    }
    (outcome,) = run([job])
    assert open_draft(draft, 12, bytes.fromhex(outcome["ok"]["sealed"])) == b"{}"


def test_python_opens_a_letter_and_a_lock_that_it_sealed() -> None:
    inbox = InboxSecret(secret("inbox"))
    code, salt = ReceiptCode.derive(inbox, "7"), stream("salt")(16)
    letter, lock = run(
        [
            {
                "do": "seal_letter",
                "inbox": inbox.text,
                "context": PLACE_JSON | {"kind": "letter"},
                "plaintext": b"{}".hex(),
            },
            {"do": "seal_lock", "inbox": inbox.text, "code": code.text, "salt": salt.hex()},
        ]
    )
    place = replace(PLACE, kind="letter")
    assert open_letter(inbox, place, SealedRecord(bytes.fromhex(letter["ok"]["sealed"]))) == b"{}"
    assert open_lock(code, salt, bytes.fromhex(lock["ok"]["sealed"])).secret == inbox


def test_a_bit_of_context_more_or_less_and_it_does_not_open_there_either() -> None:
    sealed = seal_record(CASE_KEY.public, PLACE, b"hello").data.hex()
    changes: list[dict[str, Any]] = [{"number": 256}, {"kind": "intak"}, {"epoch": 7 << 8}]
    jobs = [
        {
            "do": "record",
            "case_seed": CASE_KEY.seed.hex(),
            "context": PLACE_JSON | change,
            "sealed": sealed,
        }
        for change in changes
    ]
    assert run(jobs) == [{"fails": "Misplaced"}] * len(changes)


def test_its_lock_file_pins_digests_and_names_no_address() -> None:
    lock = (SOURCE / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    assert all("integrity" in found for name, found in packages.items() if name)
    assert "resolved" not in lock
    assert "://" not in lock
