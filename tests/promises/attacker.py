"""Somebody who has the server's whole disk and all its credentials, and knows every format.

She tries: each key that comes from the credentials, on each blob of each table and on each place in
each file where a return token could lie. What opens may hold keys, and those are tried again, until
nothing new opens.
"""

import ast
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.draft import DraftSecret, open_draft
from crypto.errors import CryptoError
from crypto.identity import Identity
from crypto.inbox import InboxSecret
from crypto.kdf import VERSION, derive
from crypto.linked import LinkedChats
from crypto.sealing import Context, wrap_context
from crypto.tally import TallyKey
from crypto.token import TOKEN_BYTES
from crypto.unsealing import unseal
from crypto.xwing import KeyPair, key_pair
from intake.records import LETTER, TOKEN
from tests.promises.search import files_in

ROOT = Path(__file__).resolve().parents[2]
KEY = 32
SMALL = 200
"""A plaintext of at most so many bytes is taken for a place where keys may lie, at any offset."""

BOUND_TO = VERSION + b" return token"

Row = dict[str, Any]
Found = dict[str, bytes]


class Case(NamedTuple):
    """What of a case its seals are bound to."""

    id: bytes
    form: str
    epoch: int


class Place(NamedTuple):
    """What of a row its seals may be bound to."""

    table: str
    case: Case | None
    id: Any
    number: Any
    kind: Any
    revision: Any
    key_id: Any
    month: Any


@dataclass(frozen=True)
class Attacker:
    """`folder`: everything the server has on disk. `credentials`: whatever it was started with."""

    folder: Path
    database: Path
    credentials: tuple[bytes, ...]

    def loot(self) -> Found:
        """Everything that opens, by where it was."""
        found: Found = {}
        tried: set[bytes] = set()
        keys = {key for one in self.credentials for key in _keys_from(one)}
        while keys:
            tried |= keys
            new = dict(self._opened(keys))
            keys = {key for plain in new.values() for key in _keys_within(plain)} - tried
            found |= new
        return found

    def _opened(self, keys: set[bytes]) -> Iterator[tuple[str, bytes]]:
        tables = self._tables()
        for key in keys:
            for table, rows in tables.items():
                for row in rows:
                    yield from _tried(key, table, row, tables.get("cases", []))
        for path in files_in(self.folder):
            yield from _tokens_in(path, keys)

    def _tables(self) -> dict[str, list[Row]]:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.row_factory = sqlite3.Row
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {
                name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
                for (name,) in names.fetchall()
            }


@cache
def labels() -> tuple[str, ...]:
    """Every label under which a key is derived anywhere in the program, read out of its source."""
    found = set()
    for path in sorted(ROOT.glob("*/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "derive":
                found |= {one.value for one in node.args if isinstance(one, ast.Constant)}
    return tuple(sorted(label for label in found if isinstance(label, str)))


def _keys_from(credential: bytes) -> set[bytes]:
    """The keys that somebody might think of for a credential."""
    roots = {hashlib.sha256(credential).digest(), hashlib.blake2b(credential).digest()[:KEY]}
    if len(credential) == KEY:
        roots.add(credential)
    return roots | {derive(root, label) for root in roots for label in labels()}


def _keys_within(plain: bytes) -> Iterable[bytes]:
    if len(plain) > SMALL:
        return ()
    windows = {plain[at : at + KEY] for at in range(len(plain) - KEY + 1)}
    return {key for key in windows if len(set(key)) > KEY // 2}  # not zeros, not padding


def _tried(key: bytes, table: str, row: Row, cases: list[Row]) -> Iterator[tuple[str, bytes]]:
    slot = row.get("case_slot", row.get("slot"))
    case = next((Case(c["id"], c["form"], c["epoch"]) for c in cases if c["slot"] == slot), None)
    place = Place(table, case, *(row.get(name) for name in Place._fields[2:]))
    for column, blob in row.items():
        if isinstance(blob, bytes) and len(blob) >= KEY:
            for plain in _opens(key, blob, column, place):
                yield f"{table}.{column} {blob[:6].hex()}", plain


@cache
def _opens(key: bytes, blob: bytes, column: str, place: "Place") -> tuple[bytes, ...]:
    """Remembered, since she looks at the same disk again and again."""
    found = []
    for open_it in (*_anywhere(key, blob), *_as_meant(key, blob, column, place)):
        with suppress(CryptoError, InvalidTag, ValueError):
            found.append(open_it())
    return tuple(found)


def _anywhere(key: bytes, blob: bytes) -> Iterator[Callable[[], bytes]]:
    """An AEAD with its nonce before it or none, as it is or behind a byte that names the format."""
    cipher = ChaCha20Poly1305(key)
    bound = (None, *(VERSION + b" " + label.encode() for label in labels()))
    for start in (0, 1):
        nonce, body = blob[start : start + 12], blob[start + 12 :]
        for aad in bound:
            yield partial(cipher.decrypt, nonce, body, aad)
        yield partial(cipher.decrypt, bytes(12), blob[start:], None)


def _as_meant(
    key: bytes, blob: bytes, column: str, place: "Place"
) -> Iterator[Callable[[], bytes]]:
    """As the program itself opens what lies there."""
    case = place.case
    match place.table, column:
        case "drafts", _:
            yield lambda: open_draft(DraftSecret(key), place.revision, blob)
        case "tallies", "sealed":
            yield lambda: TallyKey(key).open(place.month, blob)
        case "links", _:
            yield lambda: repr(LinkedChats(key).open(place.id, place.key_id, blob)).encode()
        case (("records" | "replies" | "cases"), ("sealed" | "token")) if case is not None:
            kind = {"replies": LETTER, "cases": TOKEN}.get(place.table) or place.kind
            context = Context(case.id, place.number or 0, kind, case.form, case.epoch)
            for pair in _pairs(key):
                yield partial(unseal, pair, context.encode(), blob, "it")
        case "wraps", _ if case is not None:
            pair = _pairs(key)[-1]
            where = wrap_context(case.id, case.epoch, pair.public)
            yield partial(unseal, pair, where, blob, "it")


@cache
def _pairs(key: bytes) -> tuple[KeyPair, ...]:
    return key_pair(key), InboxSecret(key).pair, Identity(key).sealing


def _tokens_in(path: Path, keys: set[bytes]) -> Iterator[tuple[str, bytes]]:
    """Wherever a return token could begin, in use or in what a database left behind.

    The layout is written out here: to derive its key anew for each try would take too long.
    """
    ciphers = [ChaCha20Poly1305(derive(key, "return token")) for key in keys]
    data = path.read_bytes()
    at = data.find(b"\x01")
    while 0 <= at <= len(data) - TOKEN_BYTES:
        nonce, body = data[at + 1 : at + 13], data[at + 13 : at + TOKEN_BYTES]
        for cipher in ciphers:
            with suppress(InvalidTag):
                yield f"{path.name} at {at}", cipher.decrypt(nonce, body, BOUND_TO)
        at = data.find(b"\x01", at + 1)
