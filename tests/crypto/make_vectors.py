"""Makes the vectors anew: `python -m tests.crypto.make_vectors`. Only when a format changes.

Inputs come out of their names. HPKE and age draw their own randomness, so a new run gives other
bytes that mean the same. Each broken vector names the error class that it must cause.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.draft import DraftSecret, seal_draft
from crypto.envelope import add_signature, sign_payload
from crypto.inbox import InboxSecret
from crypto.kdf import VERSION, derive, key_id
from crypto.keyfile import encrypt_seed, to_words
from crypto.padding import pad, padded_size
from crypto.receipt import Erasure, ReceiptCode, lock_name, seal_lock
from crypto.requests import sign_request
from crypto.sealing import FORMAT, Context, hint, seal_record, wrap_case_key
from crypto.shares import split
from crypto.tally import TallyKey
from crypto.token import ReturnToken, seal_token
from crypto.xwing import SUITE, load_public
from intake.ledger import GENESIS, Event, Kind, chained, mark, past
from intake.mandates import MANDATE_TYPE, Mandate, Purpose
from intake.shapes import encoded
from tests.crypto.samples import (
    CASE_ID,
    CASE_KEY,
    OTHER_CASE_ID,
    OTHER_CASE_KEY,
    OTHER_FORM,
    PLACE,
    flipped,
    identity,
    secret,
    stream,
)

FOLDER = Path(__file__).parent / "vectors"
ROSTER = "application/vnd.tropa.roster+json"
Vector = dict[str, Any]


def records() -> Iterator[Vector]:
    text = b'{"v":1,"language":"ru","answers":{"danger":"day"}}'
    sealed = seal_record(CASE_KEY.public, PLACE, text).data
    for name, size in (("short", len(text)), ("fills a size", 511), ("next size", 512)):
        plain = text.ljust(size)
        data = seal_record(CASE_KEY.public, PLACE, plain).data
        yield _record(name, PLACE, data, plaintext=plain.hex())
    yield _record("empty", PLACE, seal_record(CASE_KEY.public, PLACE, b"").data, plaintext="")
    later = replace(PLACE, number=4294967295, kind="answers", epoch=2**53 - 1)
    data = seal_record(CASE_KEY.public, later, text).data
    yield _record("largest number and epoch", later, data, plaintext=text.hex())
    for name, place in (
        ("moved to another case", replace(PLACE, case_id=OTHER_CASE_ID)),
        ("renumbered", replace(PLACE, number=1)),
        ("relabelled", replace(PLACE, kind="answers")),
        ("under another form", replace(PLACE, form=OTHER_FORM)),
        ("under another roster", replace(PLACE, epoch=8)),
    ):
        yield _record(name, place, sealed, fails="Misplaced")
    for name, data, fails in (
        ("one byte short", sealed[:-1], "Truncated"),
        ("one byte long", sealed + b"\0", "Truncated"),
        ("nothing", b"", "Truncated"),
        ("a bit of the hint", flipped(sealed, 15), "Altered"),
        ("a bit of the encapsulated key", flipped(sealed, 8 * 600), "Altered"),
        ("the last bit", flipped(sealed, 8 * len(sealed) - 1), "Altered"),
        ("another version", b"\x02" + sealed[1:], "UnknownVersion"),
        ("another case's key", seal_record(OTHER_CASE_KEY.public, PLACE, text).data, "Altered"),
        ("padding of zeros alone", _raw(bytes(512)), "BadPadding"),
        ("a byte after the marker", _raw((text + b"\x80\1").ljust(512, b"\0")), "BadPadding"),
        ("a size too large", _raw((text + b"\x80").ljust(1024, b"\0")), "BadPadding"),
    ):
        yield _record(name, PLACE, data, fails=fails)
    token = seal_token(
        secret("return key"),
        ReturnToken(7700000000001, 4321, secret("inbox"), CASE_ID),
        stream("token of a case"),
    )
    kept = replace(PLACE, kind="token")
    data = seal_record(CASE_KEY.public, kept, token).data
    yield _record("a return token beside the case", kept, data, plaintext=token.hex())


def letters() -> Iterator[Vector]:
    inbox, other = InboxSecret(secret("inbox")), InboxSecret(secret("other inbox"))
    place = replace(PLACE, number=3, kind="letter")
    text = '{"v":1,"at":"2026-11-22T20:00:00Z","text":"Мы нашли адвоката."}'.encode()
    sealed = seal_record(inbox.public, place, text).data

    def vector(name: str, place: Context, data: bytes, **outcome: str) -> Vector:
        made = _record(name, place, data, **outcome)
        del made["case_seed"]
        return made | {"inbox": outcome.get("inbox", inbox.text)}

    yield vector("a reply", place, sealed, plaintext=text.hex())
    yield vector("renumbered", replace(place, number=4), sealed, fails="Misplaced")
    yield vector("as a record", replace(place, kind="reply"), sealed, fails="Misplaced")
    yield vector(
        "of another case", replace(place, case_id=OTHER_CASE_ID), sealed, fails="Misplaced"
    )
    yield vector("to another inbox", place, sealed, inbox=other.text, fails="Altered")
    yield vector("one bit", place, flipped(sealed, 8 * 1500), fails="Altered")
    yield vector("one byte short", place, sealed[:-1], fails="Truncated")


def codes() -> Iterator[Vector]:
    inbox = InboxSecret(secret("inbox"))
    for name, nonce, erases in (
        ("the first code of an inbox", "", False),
        ("a code in its place", "k3", False),
        ("the erase code", "", True),
        ("an erase code in its place", "k3", True),
    ):
        code = ReceiptCode.derive(inbox, nonce, erases=erases)
        asked = {"inbox": inbox.text, "nonce": nonce, "erases": erases}
        told = {"text": code.text, "locator": code.locator, "digits": code.digits}
        yield {"name": name} | asked | told
    right = ReceiptCode.derive(inbox, "").text
    told = {"text": right, "locator": right[:9].replace(" ", "")}
    arabic = right.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
    for name, typed in (
        ("without spaces", right.replace(" ", "")),
        ("with dashes", right.replace(" ", " \u2013 ")),
        ("in Arabic digits", arabic),
        ("with a mark of direction", f"\u200f{right}\u200e"),
    ):
        yield {"name": name, "typed": typed} | told
    wrong = str((int(right[0]) + 1) % 10) + right[1:]
    unlike = next(
        at for at in range(27) if right[at] != right[at + 1] and " " not in right[at : at + 2]
    )
    swapped = right[:unlike] + right[unlike + 1] + right[unlike] + right[unlike + 2 :]
    for name, typed in (
        ("one digit wrong", wrong),
        ("neighbours swapped", swapped),
        ("one digit short", right[:-1]),
        ("one digit long", right + "0"),
        ("letters", right.replace("0", "O") + "O"),
        ("nothing", ""),
    ):
        yield {"name": name, "typed": typed, "fails": "Mistyped"}


def locks() -> Iterator[Vector]:
    inbox, draft = InboxSecret(secret("inbox")), DraftSecret(secret("draft"))
    code, erase = ReceiptCode.derive(inbox, ""), ReceiptCode.derive(inbox, "", erases=True)
    salt, sealed = seal_lock(code, inbox, stream("lock"))
    erase_salt, erase_lock = seal_lock(erase, Erasure.of(inbox, draft.id), stream("erase lock"))

    def vector(name: str, code: str, salt: bytes, sealed: bytes, **outcome: str) -> Vector:
        return {"name": name, "code": code, "salt": salt.hex(), "sealed": sealed.hex()} | outcome

    ids = {"inbox": inbox.id, "letter": inbox.letter_secret.id, "draft": draft.id}
    erased = {f"{name}_id": value.hex() for name, value in ids.items()}
    yield vector("the way back", code.text, salt, sealed, inbox=inbox.text)
    yield vector("the way to erase", erase.text, erase_salt, erase_lock, **erased)
    yield vector("another code", erase.text, salt, sealed, fails="Altered")
    moved = ReceiptCode("00000000", code.digits)
    yield vector("another locator", moved.text, salt, sealed, fails="Altered")
    yield vector("another salt", code.text, erase_salt, sealed, fails="Altered")
    yield vector("one bit", code.text, salt, flipped(sealed, 100), fails="Altered")
    yield vector("another version", code.text, salt, b"\x02" + sealed[1:], fails="UnknownVersion")
    yield vector("one byte short", code.text, salt, sealed[:-1], fails="Truncated")
    yield vector("salt too short", code.text, salt[:-1], sealed, fails="Truncated")
    yield vector("mistyped", code.text[:-1], salt, sealed, fails="Mistyped")


def _raw(padded: bytes) -> bytes:
    info = PLACE.encode()
    return FORMAT + hint(info) + SUITE.encrypt(padded, load_public(CASE_KEY.public), info=info)


def _record(name: str, place: Context, sealed: bytes, **outcome: str) -> Vector:
    context = {
        "case_id": place.case_id.hex(),
        "number": place.number,
        "kind": place.kind,
        "form": place.form,
        "epoch": place.epoch,
    }
    key = CASE_KEY.seed.hex()
    return {"name": name, "case_seed": key, "context": context, "sealed": sealed.hex()} | outcome


def wraps() -> Iterator[Vector]:
    lawyer, medic = identity("lawyer"), identity("medic")
    data = wrap_case_key(CASE_KEY, lawyer.sealing_public, CASE_ID, 7).data

    def vector(name: str, data: bytes, **more: Any) -> Vector:
        place = {"identity_seed": lawyer.seed.hex(), "case_id": CASE_ID.hex(), "epoch": 7}
        return {"name": name, "wrap": data.hex()} | place | more

    yield vector("for this member", data, case_seed=CASE_KEY.seed.hex())
    yield vector("for another member", data, identity_seed=medic.seed.hex(), fails="Misplaced")
    yield vector("of another case", data, case_id=OTHER_CASE_ID.hex(), fails="Misplaced")
    yield vector("under another roster", data, epoch=8, fails="Misplaced")
    yield vector("one byte short", data[:-1], fails="Truncated")
    yield vector("a bit of the seed", flipped(data, 8 * 1140), fails="Altered")
    yield vector("a bit of the hint", flipped(data, 71), fails="Altered")
    yield vector("another version", b"\0" + data[1:], fails="UnknownVersion")


def drafts() -> Iterator[Vector]:
    draft, random = DraftSecret(secret("draft")), stream("draft")
    text = b'{"l":"ru","q":"danger"}'
    sealed = seal_draft(draft, 3, text, random)

    def vector(name: str, data: bytes, **more: Any) -> Vector:
        place = {"secret": draft.text, "id": draft.id.hex(), "revision": 3}
        return {"name": name, "sealed": data.hex()} | place | more

    yield vector("in its revision", sealed, plaintext=text.hex())
    last = seal_draft(draft, 46655, b"", random)
    yield vector("the last revision that a button can name", last, revision=46655, plaintext="")
    yield vector("another revision", sealed, revision=4, fails="Altered")
    other = DraftSecret(secret("other draft"))
    yield vector("another draft", sealed, secret=other.text, id=other.id.hex(), fails="Altered")
    yield vector("one byte short", sealed[:-1], fails="Truncated")
    yield vector("a bit of the nonce", flipped(sealed, 5), fails="Altered")
    yield vector("secret with a spare bit set", sealed, secret=_spare(draft), fails="BadFormat")
    yield vector("secret too short", sealed, secret=draft.text[:-1], fails="BadFormat")
    yield vector("secret padded", sealed, secret=draft.text + "=", fails="BadFormat")
    yield vector("secret in the other alphabet", sealed, secret="+" * 43, fails="BadFormat")
    yield vector("secret of zeros", sealed, secret="A" * 43, fails="BadKey")


def _spare(draft: DraftSecret) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return draft.text[:-1] + alphabet[alphabet.index(draft.text[-1]) + 1]


def tokens() -> Iterator[Vector]:
    key, random = secret("return key"), stream("token")
    token = ReturnToken(7700000000001, 4321, secret("inbox"), CASE_ID)
    sealed = seal_token(key, token, random)

    def vector(name: str, data: bytes, **more: str) -> Vector:
        return {"name": name, "return_key": key.hex(), "sealed": data.hex()} | more

    def way_back(token: ReturnToken) -> dict[str, str]:
        return {
            "chat_id": str(token.chat_id),
            "message_id": str(token.message_id),
            "inbox_secret": token.inbox_secret.hex(),
            "case_id": token.case_id.hex(),
        }

    yield vector("a chat", sealed, **way_back(token))
    negative = replace(token, chat_id=-1001234567890, message_id=2**31 - 1)
    yield vector("a negative id", seal_token(key, negative, random), **way_back(negative))
    yield vector("another key", sealed, return_key=secret("other").hex(), fails="Altered")
    yield vector("one byte short", sealed[:-1], fails="Truncated")
    yield vector("one byte long", sealed + b"\0", fails="Truncated")
    yield vector("one bit", flipped(sealed, 8 * 40), fails="Altered")
    yield vector("another version", b"\x02" + sealed[1:], fails="UnknownVersion")
    draft_like = b"\1" + bytes(11) + b"\1"
    cipher = ChaCha20Poly1305(derive(key, "return token"))
    loose = draft_like + cipher.encrypt(draft_like[1:], bytes(63) + b"\1", VERSION + b" draft")
    yield vector("bound to another use", loose, fails="Altered")


def tallies() -> Iterator[Vector]:
    key, counts = secret("return key"), b'[["requests","all",3],["status","contract",2]]'
    tally = TallyKey(key)
    sealed = tally.seal("2026-11", counts, stream("tally"))

    def vector(name: str, data: bytes, **more: str) -> Vector:
        same = {"return_key": key.hex(), "month": "2026-11", "sealed": data.hex()}
        return {"name": name} | same | more

    yield vector("a month", sealed, key_name=tally.name.hex(), counts=counts.decode())
    yield vector("another month", sealed, month="2026-12", fails="Altered")
    yield vector("another key", sealed, return_key=secret("other").hex(), fails="Altered")
    yield vector("one bit", flipped(sealed, 8 * 40), fails="Altered")
    yield vector("one byte short", sealed[:-1], fails="Altered")
    yield vector("shorter than a tag", sealed[:28], fails="Truncated")
    yield vector("another version", b"\x02" + sealed[1:], fails="UnknownVersion")


def paddings() -> Iterator[Vector]:
    for text in (b"", b"a", b"\x80", b"\x80\0\0", b"a" * 511, b"a" * 512):
        yield {"name": f"{len(text)} bytes", "padded": pad(text).hex(), "plaintext": text.hex()}
    full = b"abc\x80".ljust(512, b"\0")
    for name, padded in (
        ("no marker", bytes(512)),
        ("nothing", b""),
        ("a size that is none", full + b"\0"),
        ("truncated to the marker", full[:4]),
        ("a byte after the marker", full[:-1] + b"\1"),
        ("larger than needed", full.ljust(1024, b"\0")),
    ):
        yield {"name": name, "padded": padded.hex(), "fails": "BadPadding"}
    for length in (0, 511, 512, 1023, 1024, 65534, 65535, 65536, 67583, 67584, 100000, 10**7):
        yield {"name": f"size of {length}", "length": length, "size": padded_size(length)}


def derivations() -> Iterator[Vector]:
    for label, length in (("draft", 32), ("draft id", 16), ("return token", 32)):
        derived = derive(secret("root"), label, length).hex()
        root = secret("root").hex()
        yield {"name": label, "secret": root, "label": label, "length": length, "derived": derived}
    draft = DraftSecret(secret("draft"))
    inbox = InboxSecret.of(draft)
    yield {
        "name": "inbox of a draft",
        "draft": draft.text,
        "inbox": inbox.text,
        "inbox_id": inbox.id.hex(),
        "inbox_public": inbox.public.hex(),
        "letter": inbox.letter_secret.text,
        "return_lock": lock_name(inbox),
        "erase_lock": lock_name(inbox, erases=True),
    }
    for chat in (7700000000001, -1001234567890):
        place = inbox.place(chat).hex()
        yield {"name": "a place", "inbox": inbox.text, "chat_id": str(chat), "place": place}
    origin = inbox.seal_origin(draft.id).hex()
    yield {"name": "the way to its draft", "draft": draft.text, "origin": origin}
    for name, bad in (("too short", secret("root")[:31]), ("zeros", bytes(32))):
        yield {"name": name, "secret": bad.hex(), "label": "draft", "length": 32, "fails": "BadKey"}
    for name in ("lawyer", "medic"):
        who = identity(name)
        yield {
            "name": f"identity of a {name}",
            "seed": who.seed.hex(),
            "sealing_public": who.sealing_public.hex(),
            "signing_public": who.signing_public.hex(),
            "key_id": who.key_id,
            "signing_key_id": key_id(who.signing_public),
            "words": to_words(who.seed),
        }


def envelopes() -> Iterator[Vector]:
    one, two, three = (identity(f"signer {number}") for number in (1, 2, 3))
    payload = b'{"version":1,"epoch":7}'
    by_one = sign_payload(payload, ROSTER, [one])
    by_two = add_signature(by_one, ROSTER, two)

    def vector(name: str, envelope: dict[str, Any], **more: Any) -> Vector:
        keys = [who.signing_public.hex() for who in (one, two, three)]
        asked = {"payload_type": ROSTER, "keys": keys, "threshold": 2}
        return {"name": name, "envelope": envelope} | asked | more

    yield vector("two of three", by_two, payload=payload.decode())
    yield vector("one of three", by_one, threshold=1, payload=payload.decode())
    stranger = add_signature(by_two, ROSTER, identity("stranger"))
    yield vector("a stranger's besides", stranger, payload=payload.decode())
    yield vector("one where two are asked", by_one, fails="Forged")
    with_stranger = add_signature(by_one, ROSTER, identity("stranger"))
    yield vector("a stranger's does not count", with_stranger, fails="Forged")
    twice = by_one | {"signatures": by_one["signatures"] * 2}
    yield vector("the same signature twice", twice, fails="Forged")
    renamed = [by_one["signatures"][0] | {"keyid": key_id(two.signing_public)}]
    yield vector(
        "the same signature under two names",
        by_one | {"signatures": by_one["signatures"] + renamed},
        fails="Forged",
    )
    doubled = [one.signing_public.hex()] * 3
    yield vector("one key pinned three times", by_one, keys=doubled, fails="BadFormat")
    yield vector("no signature asked", by_two, threshold=0, fails="BadFormat")
    yield vector("another payload", by_two | {"payload": "e30="}, fails="Forged")
    yield vector("another type", by_two | {"payloadType": "text/plain"}, fails="Forged")
    yield vector("not an envelope", {"payload": 1}, fails="Forged")


def requests() -> Iterator[Vector]:
    who, now = identity("lawyer"), 1_800_000_000
    made = datetime.fromtimestamp(now, UTC)
    nonce = secret("nonce")[:16]
    url, body = "http://desk.example/v1/cases/00ff/take?why=one%20case", b'{"v":1}'
    post = sign_request("POST", url, body, who, who.key_id, made, nonce)
    get = sign_request("GET", url, None, who, who.key_id, made, nonce)

    def vector(name: str, headers: dict[str, str], **more: Any) -> Vector:
        request = {"method": "POST", "url": url, "headers": headers, "body": body.decode()}
        known = {"keys": {who.key_id: who.signing_public.hex()}, "now": now, "max_age": 60}
        return {"name": name} | request | known | more

    spelled = urlsafe_b64encode(nonce).decode().rstrip("=")
    good = {"key_id": who.key_id, "nonce": spelled}
    yield vector("with a body", post, **good)
    yield vector("without a body", get, method="GET", body="", **good)
    elsewhere = "http://other.onion:8080/v1/cases/00ff/take?why=one%20case"
    yield vector("by another name of the server", post, url=elsewhere, **good)
    yield vector("seventy seconds old", post, now=now + 70, **good)
    yield vector("ten seconds early", post, now=now - 10, **good)
    yield vector("unsigned", {"Content-Digest": post["Content-Digest"]}, fails="Unsigned")
    yield vector("too old", post, now=now + 71, fails="Stale")
    yield vector("from the future", post, now=now - 11, fails="Stale")
    yield vector("by a stranger", post, keys={}, fails="UnknownKey")
    false_key = {who.key_id: identity("medic").signing_public.hex()}
    yield vector("with another's key", post, keys=false_key, fails="Forged")
    yield vector("another method", post, method="PUT", fails="Forged")
    yield vector("another path", post, url=url.replace("00ff", "00fe"), fails="Forged")
    yield vector("another query", post, url=url + "&x=1", fails="Forged")
    yield vector("another body", post, body='{"v":2}', fails="Forged")
    yield vector("a body that is not covered", get, method="GET", fails="Forged")
    digest = {name: text for name, text in post.items() if name != "Content-Digest"}
    yield vector("digest missing", digest, fails="Forged")
    for name, old, new in (
        ("another nonce", 'nonce="', 'nonce="A'),
        ("another time", f"created={now}", f"created={now + 1}"),
        ("another tag", 'tag="tropa"', 'tag="other"'),
        ("fewer parts covered", '"@query" ', ""),
        ("no time", f"created={now};", ""),
    ):
        changed = post | {"Signature-Input": post["Signature-Input"].replace(old, new)}
        yield vector(name, changed, fails="Forged")


def identity_files() -> Iterator[Vector]:
    seed = secret("kept identity")
    file = encrypt_seed(seed, "верная лошадь батарея скрепка")

    def vector(name: str, data: bytes, **more: str) -> Vector:
        words = {"passphrase": "верная лошадь батарея скрепка"}
        return {"name": name, "file": data.hex()} | words | more

    yield vector("opens", file, seed=seed.hex())
    yield vector("another passphrase", file, passphrase="неверная", fails="WrongPassphrase")
    yield vector("cut short", file[:-1], fails="BadFormat")
    yield vector("its header alone", file[:60], fails="BadFormat")
    yield vector("not an age file", b"hello", fails="BadFormat")
    yield vector("hours of work", b"".join(HOURS), fails="TooMuchWork")


def recoveries() -> Iterator[Vector]:
    seed = secret("recovery")
    made = split(seed, 5, 3, stream("recovery set"))
    lists = [" ".join(one.words) for one in made]
    stranger = " ".join(split(seed, 5, 3, stream("another set"))[4].words)
    swapped = made[2].words
    swapped[20], swapped[21] = swapped[21], swapped[20]

    def vector(name: str, *words: str, **more: object) -> Vector:
        return {"name": name, "lists": list(words)} | more

    for name, numbers in (("the first three", [1, 2, 3]), ("three others", [2, 4, 5])):
        some = [lists[number - 1] for number in numbers]
        yield vector(name, *some, seed=seed.hex(), needed=3, numbers=numbers)
    yield vector("too few", *lists[:2], fails="BadWords")
    yield vector("one twice", lists[0], lists[1], lists[0], fails="BadWords")
    yield vector("one of another set", lists[0], lists[1], stranger, fails="BadWords")
    yield vector("two words in each other's place", " ".join(swapped), fails="BadWords")
    yield vector("a word short", lists[0].rsplit(" ", 1)[0], fails="BadWords")


def ledgers() -> Iterator[Vector]:
    lawyer, medic = identity("lawyer").key_id, identity("medic").key_id
    until = datetime(2026, 11, 29, 12, tzinfo=UTC)
    nonce = secret("mandate")[:16].hex()
    mandate = Mandate(purpose=Purpose.ONBOARD, to=medic, every=True, until=until, nonce=nonce)
    signed = sign_payload(mandate.to_payload(), MANDATE_TYPE, [identity("lawyer")])
    day, case = date(2026, 11, 22), mark(CASE_ID)
    events = [
        Event(kind=Kind.EPOCH, day=day, epoch=7, roster=hashlib.sha256(b"a roster").hexdigest()),
        Event(kind=Kind.HAND_OVER, day=day, by=lawyer, to=medic, case=case),
        Event(kind=Kind.MANDATE, day=day, by=lawyer, signed=encoded(json.dumps(signed).encode())),
        Event(kind=Kind.WRAPPED, day=day, by=lawyer, to=medic, mandate=mandate.digest, cases=3),
        Event(kind=Kind.REKEYED, day=day, by=lawyer, cases=12),
        Event(kind=Kind.ERASED, day=day, case=case),
    ]
    head, heads = GENESIS, list[bytes]()
    for event in events:
        head = chained(head, event.to_bytes())
        heads.append(head)
    yield {
        "name": "a record of six events",
        "events": [event.to_bytes().decode() for event in events],
        "heads": [one.hex() for one in heads],
        "past": past(len(events), head),
    }
    yield {"name": "no event yet", "events": [], "heads": [], "past": past(0, GENESIS)}
    for name, case_id in (("a case", CASE_ID), ("another case", OTHER_CASE_ID)):
        yield {"name": name, "case_id": case_id.hex(), "mark": mark(case_id)}
    payload = mandate.to_payload().decode()
    yield {"name": "a mandate", "payload": payload, "digest": mandate.digest}


HOURS = (
    b"age-encryption.org/v1\n-> scrypt C4WnG+LAq06vpL+bRgXMhw 30\n",
    b"Ri9UiX2X73TaGK5YYszwQ+Ri9UiX2X73TaGK5YYszwQ\n--- " + b"A" * 43 + b"\n" + bytes(80),
)
"""An age file whose passphrase takes 2^30 rounds of scrypt to try."""


FILES = {
    "record": records,
    "wrap": wraps,
    "draft": drafts,
    "letter": letters,
    "code": codes,
    "lock": locks,
    "token": tokens,
    "tally": tallies,
    "padding": paddings,
    "derivation": derivations,
    "envelope": envelopes,
    "request": requests,
    "identity_file": identity_files,
    "recovery": recoveries,
    "ledger": ledgers,
}


def main() -> None:
    for name, make in FILES.items():
        text = json.dumps(list(make()), ensure_ascii=False, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}: written")


if __name__ == "__main__":
    main()
