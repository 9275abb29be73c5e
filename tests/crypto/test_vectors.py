"""Every vector does what it says: opens to what it names, or fails with the error it names."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto import errors
from crypto.draft import DraftSecret, open_draft
from crypto.envelope import verify
from crypto.identity import Identity
from crypto.inbox import InboxSecret, open_letter
from crypto.kdf import derive, key_id
from crypto.keyfile import decrypt_seed, from_words, to_words
from crypto.opening import open_record, unwrap_case_key
from crypto.padding import pad, padded_size, unpad
from crypto.receipt import ReceiptCode, lock_name, open_lock
from crypto.requests import verify_request
from crypto.sealing import CaseKey, Context, SealedRecord, Wrap
from crypto.shares import Gathering
from crypto.tally import TallyKey
from crypto.token import open_token
from crypto.xwing import key_pair
from intake.ledger import GENESIS, Event, chained, mark, past
from intake.mandates import Mandate

FOLDER = Path(__file__).parent / "vectors"
Vector = dict[str, Any]
raw = bytes.fromhex


def record(vector: Vector) -> Vector:
    key, sealed = CaseKey(raw(vector["case_seed"])), SealedRecord(raw(vector["sealed"]))
    return {"plaintext": open_record(key, _place(vector), sealed).hex()}


def letter(vector: Vector) -> Vector:
    inbox, sealed = InboxSecret.parse(vector["inbox"]), SealedRecord(raw(vector["sealed"]))
    return {"plaintext": open_letter(inbox, _place(vector), sealed).hex()}


def code(vector: Vector) -> Vector:
    if "typed" in vector:
        read = ReceiptCode.parse(vector["typed"])
        return {"text": read.text, "locator": read.locator}
    inbox = InboxSecret.parse(vector["inbox"])
    made = ReceiptCode.derive(inbox, vector["nonce"], erases=vector["erases"])
    return {"text": made.text, "locator": made.locator, "digits": made.digits}


def lock(vector: Vector) -> Vector:
    opened = open_lock(
        ReceiptCode.parse(vector["code"]), raw(vector["salt"]), raw(vector["sealed"])
    )
    if opened.secret is not None:
        return {"inbox": opened.secret.text}
    assert opened.erases is not None
    erases = opened.erases
    ids = {"inbox": erases.inbox, "letter": erases.letter, "draft": erases.draft}
    return {f"{name}_id": value.hex() for name, value in ids.items()}


def _place(vector: Vector) -> Context:
    context = vector["context"]
    return Context(**(context | {"case_id": raw(context["case_id"])}))


def wrap(vector: Vector) -> Vector:
    who = Identity(raw(vector["identity_seed"]))
    key = unwrap_case_key(who, raw(vector["case_id"]), vector["epoch"], Wrap(raw(vector["wrap"])))
    return {"case_seed": key.seed.hex()}


def draft(vector: Vector) -> Vector:
    secret = DraftSecret.parse(vector["secret"])
    opened = open_draft(secret, vector["revision"], raw(vector["sealed"]))
    return {"id": secret.id.hex(), "plaintext": opened.hex()}


def token(vector: Vector) -> Vector:
    opened = open_token(raw(vector["return_key"]), raw(vector["sealed"]))
    return {
        "chat_id": str(opened.chat_id),
        "message_id": str(opened.message_id),
        "inbox_secret": opened.inbox_secret.hex(),
        "case_id": opened.case_id.hex(),
    }


def tally(vector: Vector) -> Vector:
    key = TallyKey(raw(vector["return_key"]))
    counts = key.open(vector["month"], raw(vector["sealed"]))
    return {"key_name": key.name.hex(), "counts": counts.decode()}


def padding(vector: Vector) -> Vector:
    if "size" in vector:
        return {"size": padded_size(vector["length"])}
    opened = unpad(raw(vector["padded"]))
    return {"plaintext": opened.hex(), "padded": pad(opened).hex()}


def derivation(vector: Vector) -> Vector:
    if "label" in vector:
        derived = derive(raw(vector["secret"]), vector["label"], vector["length"])
        return {"derived": derived.hex()}
    if "place" in vector:
        inbox = InboxSecret.parse(vector["inbox"])
        return {"place": inbox.place(int(vector["chat_id"])).hex()}
    if "origin" in vector:
        inbox = InboxSecret.of(DraftSecret.parse(vector["draft"]))
        sealed = inbox.seal_origin(DraftSecret.parse(vector["draft"]).id)
        assert inbox.open_origin(sealed) == DraftSecret.parse(vector["draft"]).id
        return {"origin": sealed.hex()}
    if "inbox" in vector:
        inbox = InboxSecret.of(DraftSecret.parse(vector["draft"]))
        return {
            "inbox": inbox.text,
            "inbox_id": InboxSecret.parse(inbox.text).id.hex(),
            "inbox_public": inbox.public.hex(),
            "letter": inbox.letter_secret.text,
            "return_lock": lock_name(inbox),
            "erase_lock": lock_name(inbox, erases=True),
        }
    who = Identity(from_words(vector["words"]))
    return {
        "seed": who.seed.hex(),
        "sealing_public": who.sealing_public.hex(),
        "signing_public": who.signing_public.hex(),
        "key_id": who.key_id,
        "signing_key_id": key_id(who.signing_public),
        "words": to_words(who.seed),
    }


def envelope(vector: Vector) -> Vector:
    keys = [raw(key) for key in vector["keys"]]
    payload = verify(vector["envelope"], vector["payload_type"], keys, vector["threshold"])
    return {"payload": payload.decode()}


def request(vector: Vector) -> Vector:
    keys = {name: raw(key) for name, key in vector["keys"].items()}
    verified = verify_request(
        vector["method"],
        vector["url"],
        vector["headers"],
        vector["body"].encode(),
        keys.get,
        datetime.fromtimestamp(vector["now"], UTC),
        timedelta(seconds=vector["max_age"]),
    )
    return {"key_id": verified.key_id, "nonce": verified.nonce}


def identity_file(vector: Vector) -> Vector:
    return {"seed": decrypt_seed(raw(vector["file"]), vector["passphrase"]).hex()}


def recovery(vector: Vector) -> Vector:
    gathering = Gathering()
    needed = {gathering.add(words).needed for words in vector["lists"]}
    return {"seed": gathering.seed().hex(), "needed": needed.pop(), "numbers": gathering.numbers}


def xwing(vector: Vector) -> Vector:
    return {"public": key_pair(raw(vector["seed"])).public.hex()}


def ledger(vector: Vector) -> Vector:
    if "case_id" in vector:
        return {"mark": mark(raw(vector["case_id"]))}
    if "payload" in vector:
        return {"digest": Mandate.from_payload(vector["payload"].encode()).digest}
    head, heads = GENESIS, list[str]()
    for body in vector["events"]:
        event = Event.from_bytes(body.encode())
        head = chained(head, event.to_bytes())
        heads.append(head.hex())
    return {"heads": heads, "past": past(len(heads), head)}


CHECKS: dict[str, Callable[[Vector], Vector]] = {
    "record": record,
    "wrap": wrap,
    "draft": draft,
    "letter": letter,
    "code": code,
    "lock": lock,
    "token": token,
    "tally": tally,
    "padding": padding,
    "derivation": derivation,
    "envelope": envelope,
    "request": request,
    "identity_file": identity_file,
    "recovery": recovery,
    "xwing": xwing,
    "ledger": ledger,
}


def _read(name: str) -> list[Vector]:
    vectors: list[Vector] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return vectors


ALL = [
    pytest.param(name, vector, id=f"{name}: {vector['name']}")
    for name in CHECKS
    for vector in _read(name)
]


@pytest.mark.parametrize(("name", "vector"), ALL)
def test_a_vector_does_what_it_says(name: str, vector: Vector) -> None:
    fails = vector.get("fails")
    if fails is None:
        outcome = CHECKS[name](vector)
        assert outcome.items() <= vector.items()
        return
    with pytest.raises(errors.CryptoError) as caught:
        CHECKS[name](vector)
    assert type(caught.value).__name__ == fails


def test_every_vector_file_is_checked() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CHECKS)


def test_there_are_valid_and_broken_vectors_of_every_format_that_can_break() -> None:
    for name in set(CHECKS) - {"xwing", "ledger"}:
        outcomes = {"fails" in vector for vector in _read(name)}
        assert outcomes == {True, False}, name


def test_every_error_of_the_package_has_a_vector_or_is_a_root() -> None:
    named = {vector["fails"] for name in CHECKS for vector in _read(name) if "fails" in vector}
    leaves = {
        name
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, Exception) and not error.__subclasses__()
    }
    assert leaves <= named
