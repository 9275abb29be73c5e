"""What can go wrong with the database, in an operator's words.

Every fault of a driver becomes one `StorageUnavailable`; the driver's own exception, which may
quote statements, paths or addresses, goes no further. Nothing is retried here.
"""

import sqlite3

from intake import errors


class StorageUnavailable(errors.StorageUnavailable):
    """The database cannot serve now. `str()` is a sentence for the operator.

    `cause` is the class name of the driver's exception: enough for a log, and never content.
    """

    def __init__(self, sentence: str, cause: str) -> None:
        super().__init__(sentence)
        self.cause = cause


class CaseError(Exception):
    """A case cannot be handled as asked; the database itself is well."""


class UnknownCase(CaseError):
    """There is no such case, or it is not sealed to this member."""


class HeldByOther(CaseError):
    """Another member's lease on the case still runs, or the one who acts has none."""


class Full(CaseError):
    """The member who would hold the case holds as many as she may; `held` says how many."""

    def __init__(self, held: int) -> None:
        super().__init__("She holds as many cases as she may. One has to be given back first.")
        self.held = held


class Moved(CaseError):
    """Somebody else added to the case meanwhile: the record was sealed for a number now taken."""


class NotWhole(CaseError):
    """A case that was to be re-keyed is not the one that is there: the text says in what."""


class NoWrap(CaseError):
    """The case is not sealed to the colleague yet, and no wrap for her came with the act."""


FULL = "The disk that holds the database is full. Free some space: the line goes on by itself."
BUSY = "The database is held by another program. Stop that program: the line goes on by itself."
READ_ONLY = (
    "The database cannot be written. Give the server's user the right to write the database"
    " file and its folder, or make the disk writable again."
)
DAMAGED = (
    "The database is damaged. Stop the server, keep the file for inspection, and restore the"
    " last backup."
)
NO_FILE = (
    "The database file cannot be opened. Check DATABASE_URL: the folder must exist and belong"
    " to the server's user."
)
MOVED_AWAY = (
    "The database file was removed or replaced while the server runs. If it was moved, move it"
    " back: the line goes on by itself. Otherwise keep the server running and copy the file out of"
    " /proc/PID/fd. To go on with what is there now, restart the server."
)
DISK = "The disk that holds the database reports faults. Check the disk before going on."
UNPREPARED = "The database has not been prepared for this version. Run the migrations first."
UNREACHABLE = (
    "The database server cannot be reached. Check DATABASE_URL and that the database server"
    " runs: the line goes on by itself."
)
REFUSED = (
    "The database server refuses this user or database. Check name, password and database in"
    " DATABASE_URL."
)
OTHER = "The database reported a fault. The server's log names its kind; the line retries."

_SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CANTOPEN: NO_FILE,
    sqlite3.SQLITE_IOERR: DISK,
}

# Two-character classes and whole codes of SQLSTATE (PostgreSQL manual, appendix A).
_SQLSTATE = {
    "53100": FULL,
    "25006": READ_ONLY,
    "42P01": UNPREPARED,
    "42703": UNPREPARED,
    "3D000": REFUSED,
    "42501": REFUSED,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
    "28": REFUSED,
    "08": UNREACHABLE,
    "57": UNREACHABLE,
    "53": UNREACHABLE,
    "55": BUSY,
    "40": BUSY,
    "58": DISK,
}


def explain(fault: BaseException) -> StorageUnavailable:
    """The one error for any fault of SQLite, asyncpg or SQLAlchemy."""
    origin = _origin(fault)
    return StorageUnavailable(_sentence(origin), type(origin).__name__)


def _origin(fault: BaseException) -> BaseException:
    """The driver's own exception beneath SQLAlchemy's wrappers."""
    inner = getattr(fault, "orig", None) or fault
    if getattr(inner, "sqlite_errorcode", None) is None and inner.__cause__ is not None:
        return inner.__cause__
    return inner


def _sentence(fault: BaseException) -> str:
    code = getattr(fault, "sqlite_errorcode", None)
    if isinstance(code, int):
        if code == sqlite3.SQLITE_ERROR and "no such" in str(fault):
            return UNPREPARED
        return _SQLITE.get(code & 0xFF, OTHER)
    state = getattr(fault, "sqlstate", None)
    if isinstance(state, str):
        return _SQLSTATE.get(state) or _SQLSTATE.get(state[:2], OTHER)
    # asyncpg reports a connection that is closed already by InterfaceError, without a code.
    lost = isinstance(fault, OSError) or type(fault).__name__ == "InterfaceError"
    return UNREACHABLE if lost else OTHER
