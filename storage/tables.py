"""The tables, as SQLAlchemy knows them; `storage/migrations` builds them.

No row may tell when, or after which other row, it came: there are no counters, no insertion
times finer than an hour, and nothing that leads from a draft to a case. Hence `slot`, the primary
key of every table with content: a number computed from random ids. SQLite lays rows out by it.
(WITHOUT ROWID would hide the order as well, but moves every value above a kilobyte to a page of
its own: a wrap of 1.2 KB would take 4.6.) Key events alone stand in a row, because they must: each
bears a day and no hour, and names a case by a mark that leads to none.
"""

from hashlib import blake2b

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite stores a table by its key only when the type is spelt INTEGER; it holds 64 bits there.
Slot = BigInteger().with_variant(Integer(), "sqlite")


NONE = "0"
"""What a flag or count is for rows that were there before it."""


def _slot() -> Column[int]:
    return Column("slot", Slot, primary_key=True, autoincrement=False)


def _case() -> Column[int]:
    return Column("case_slot", Slot, ForeignKey("cases.slot"), nullable=False)


drafts = Table(
    "drafts",
    metadata,
    _slot(),
    Column("id", LargeBinary, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    _slot(),
    Column("id", LargeBinary, nullable=False),
    Column("language", String, nullable=False),
    Column("level", String, nullable=False),
    Column("skills", String, nullable=False),
    Column("country", String),
    Column("contact", String, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("promised_by", BigInteger, nullable=False),
    Column("form", String, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("holder", String),
    Column("leased_until", BigInteger),
    Column("public_key", LargeBinary, nullable=False),
    Column("inbox", LargeBinary, nullable=False),
    Column("turn", String, nullable=False, server_default="ours"),
    Column("token", LargeBinary),
    Column("place", LargeBinary),
    Column("origin", LargeBinary),
    Column("alerted", Integer, nullable=False, server_default=NONE),
    Column("concluded", Integer, nullable=False, server_default=NONE),
    Index(None, "inbox"),
    Index(None, "holder"),
    Index(None, "alerted", "level"),
    Index(None, "turn", "promised_by", "state"),
    # All that the queue asks about a case before it is shown: the rows themselves, of two
    # kilobytes each, are read for one page alone.
    Index(None, "level", "received", "slot", "state", "leased_until", "language", "skills"),
)

records = Table(
    "records",
    metadata,
    _slot(),
    _case(),
    Column("number", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "case_slot"),
)

wraps = Table(
    "wraps",
    metadata,
    _slot(),
    _case(),
    Column("key_id", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("asked", Integer, nullable=False, server_default=NONE),
    Index(None, "case_slot", "key_id"),
    Index(None, "key_id", "asked", "case_slot"),
)

withdrawn = Table(
    "withdrawn",
    metadata,
    _slot(),
    _case(),
    Column("key_id", String, nullable=False),
    Index(None, "case_slot", "key_id"),
)

replies = Table(
    "replies",
    metadata,
    _slot(),
    _case(),
    Column("number", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("token", LargeBinary),
    Column("doubtful", Integer, nullable=False),
    Column("epoch", BigInteger),  # that the letter was sealed under, where the case has another now
    Index(None, "case_slot"),
    Index(None, "state"),
)

locks = Table(
    "locks",
    metadata,
    _slot(),
    _case(),
    Column("locator", String, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "case_slot"),
    Index(None, "locator"),
)

links = Table(
    "links",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("key_id", String, nullable=False),
    Column("chat", LargeBinary, nullable=False),
    Index(None, "key_id"),
    sqlite_with_rowid=False,
)

tallies = Table(
    "tallies",
    metadata,
    Column("month", String, primary_key=True),
    Column("key_name", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

releases = Table(
    "releases",
    metadata,
    Column("month", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("head", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

nonces = Table(
    "nonces",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("expires", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

facts = Table(
    "facts",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


def slot_of(row_id: bytes) -> int:
    """Where a draft or a case lies: the first 64 bits of its random id."""
    return int.from_bytes(row_id[:8], "big", signed=True)


def slot_within(case_id: bytes, part: str) -> int:
    """Where a record or wrap lies: beside the others of its case, the same for the same part.

    Two parts of one case meet by chance once in 2^32; the primary key then refuses the second.
    """
    tail = blake2b(case_id + part.encode(), digest_size=4).digest()
    return int.from_bytes(case_id[:4] + tail, "big", signed=True)
