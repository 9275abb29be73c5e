"""Ciphertext and clear columns at rest, in SQLite or PostgreSQL.

Knows no key, no chat and no answer. The only names that others need are these.
"""

from storage.errors import (
    CaseError,
    Full,
    HeldByOther,
    Moved,
    NotWhole,
    NoWrap,
    StorageUnavailable,
    UnknownCase,
)
from storage.opening import Storage, open_storage
from storage.rows import (
    DraftRow,
    Due,
    InboxRow,
    Listed,
    Listing,
    Lock,
    NewCase,
    Record,
    ReplyRow,
    ReplyState,
    StoredCase,
)

__all__ = [
    "CaseError",
    "DraftRow",
    "Due",
    "Full",
    "HeldByOther",
    "InboxRow",
    "Listed",
    "Listing",
    "Lock",
    "Moved",
    "NewCase",
    "NoWrap",
    "NotWhole",
    "Record",
    "ReplyRow",
    "ReplyState",
    "Storage",
    "StorageUnavailable",
    "StoredCase",
    "UnknownCase",
    "open_storage",
]
