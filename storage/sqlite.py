"""SQLite, embedded: one connection, one thread, one writer.

A unit of work crosses to aiosqlite's thread once, whole. Single statements that arrive while the
disk is busy are committed together with the next flush (group commit), each with its own answer.
What does not happen here: retries, migrations, and any reading of what is stored.
"""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, TypeVar

import aiosqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError

from storage.database import Prepared, Rows, Work
from storage.errors import MOVED_AWAY, NO_FILE, StorageUnavailable, explain
from storage.sqlite_thread import LEAST_PATIENCE, PATIENCE, Call, Session

T = TypeVar("T")

IN_TIME = 0.5
"""Seconds in line for which nobody's patience is shortened: that costs two statements."""

_FAULTS = (sqlite3.Error, SQLAlchemyError)

# Faults after which a connection is as good as before. After any other a new one is opened.
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}


class _Open(NamedTuple):
    driver: aiosqlite.Connection
    session: Session
    file: os.stat_result


class _Waiting(NamedTuple):
    call: Call
    answer: "asyncio.Future[Rows]"
    since: float


class SqliteDatabase:
    """One database file. After a fault it opens itself again at the next use."""

    def __init__(self, path: Path) -> None:
        self.dialect: Dialect = SQLiteDialect_pysqlite()
        self._path = path
        self._open: _Open | None = None
        self._opened_before = False
        self._opening = asyncio.Lock()
        self._waiting: list[_Waiting] = []
        self._busy = False
        self._flushing: asyncio.Task[None] | None = None  # a reference, or it may be collected
        self._stale = True  # something may be left of erased rows; nobody knows what was before

    async def one(self, statement: Prepared, values: dict[str, Any]) -> Rows:
        call = (statement, tuple([values[name] for name in statement.order]))
        if self._busy:
            answer: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiting(call, answer, monotonic()))
            return await answer
        self._busy = True
        try:
            [rows] = await self._in_thread(_committing([call]))
        finally:
            self._hand_on()
        return rows

    async def read(self, work: Work[T]) -> T:
        return await self._in_thread(lambda session: session.read(work))

    async def write(self, work: Work[T]) -> T:
        return await self._in_thread(lambda session: session.write(work))

    async def settle(self, *, again: bool = False) -> bool:
        self._stale = self._stale or not again
        return await self._in_thread(Session.settle)

    def replaced(self) -> None:
        self._stale = True

    async def compact(self) -> bool:
        self._stale = True
        return await self._in_thread(Session.compact)

    async def lay_anew(self) -> bool:
        if not self._stale:
            return True
        self._stale = False
        try:
            done = await self._in_thread(Session.lay_anew)
        except StorageUnavailable:
            self._stale = True
            raise
        self._stale = self._stale or not done
        return done

    async def ends_log(self) -> bool:
        return True

    async def open(self) -> None:
        """Open the file now rather than at the first use, to learn of a fault early."""
        await self._opened()

    async def close(self) -> None:
        while self._flushing is not None and not self._flushing.done():
            await asyncio.wait([self._flushing])
        await self._let_go()

    def _hand_on(self) -> None:
        """Those who came while the disk worked share the next commit."""
        self._busy = bool(self._waiting)
        if self._busy:
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        work = _committing([waiting.call for waiting in batch])
        try:
            results = await self._in_thread(work, batch[0].since)
        except Exception as fault:
            _fail(batch, fault)
        else:
            _succeed(batch, results)
        finally:
            self._hand_on()

    async def _in_thread(self, function: Callable[[Session], T], since: float | None = None) -> T:
        """One crossing. aiosqlite runs any function in its thread; only the method is private.

        `since`: when the caller began to wait, by the monotonic clock; now if it is not given.
        """
        driver, session, file = self._open or await self._opened()
        hurried = _hurried(function, monotonic() if since is None else since)
        seen = _seen(hurried, self._path, file)
        try:
            result: T = await driver._execute(seen, session)  # type: ignore[no-untyped-call]
        except _FAULTS as fault:
            if not _passing(fault):
                await self._let_go()
            raise explain(fault) from None
        return result

    async def _opened(self) -> _Open:
        async with self._opening:
            if self._open is None:
                _make_private(self._path, make=not self._opened_before)
                self._open = await _connect(self._path)
                self._opened_before = True
            return self._open

    async def _let_go(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            with suppress(*_FAULTS):  # what is broken already cannot be let go of in good order
                await opened.driver._execute(opened.session.close)  # type: ignore[no-untyped-call]
            await opened.driver.close()


async def _connect(path: Path) -> _Open:
    driver = aiosqlite.connect(path, isolation_level=None)
    driver._thread.daemon = True  # a fault must not keep the process from ending
    try:
        await driver
        try:
            opened: _Open = await driver._execute(_session, driver, path)  # type: ignore[no-untyped-call]
        except BaseException:
            await driver.close()
            raise
    except _FAULTS as fault:
        raise explain(fault) from None
    except OSError as fault:
        raise StorageUnavailable(NO_FILE, type(fault).__name__) from None
    return opened


def _session(driver: aiosqlite.Connection, path: Path) -> _Open:
    return _Open(driver, Session(driver._conn), path.stat())


def _make_private(path: Path, *, make: bool) -> None:
    """Create the file for its owner alone; SQLite gives -wal and -shm the same mode.

    One that was there before is not made anew: the next start would take an empty one for the first
    of a line, and forget which roster was the newest.
    """
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | (os.O_CREAT if make else 0)
    try:
        fd = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise StorageUnavailable(NO_FILE, "NoFile")  # a device is everybody's: not closed
            os.fchmod(fd, 0o600)
        finally:
            os.close(fd)
    except OSError as fault:
        raise StorageUnavailable(NO_FILE, type(fault).__name__) from None


def _passing(fault: Exception) -> bool:
    origin = getattr(fault, "orig", None) or fault
    code = getattr(origin, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _PASSING


def _hurried(function: Callable[[Session], T], since: float) -> Callable[[Session], T]:
    """A call that stood in line has waited there already: locks of others get what is left."""

    def run(session: Session) -> T:
        waited = monotonic() - since
        if waited < IN_TIME:
            return function(session)
        with session.patience(max(LEAST_PATIENCE, PATIENCE - waited)):
            return function(session)

    return run


def _seen(function: Callable[[Session], T], path: Path, file: os.stat_result) -> Callable[..., T]:
    """Nothing is acknowledged that went into a file which has no name any more: it would be gone
    with the process. The connection stays, and with it whatever is in that file."""

    def run(session: Session) -> T:
        result = function(session)
        try:
            there = os.path.samestat(path.stat(), file)
        except FileNotFoundError:
            there = False
        except OSError:  # it cannot be told; whoever took the right to look took no file away
            there = True
        if not there:
            raise StorageUnavailable(MOVED_AWAY, "FileNotFoundError")
        return result

    return run


def _committing(calls: list[Call]) -> Callable[[Session], list[Rows]]:
    return lambda session: session.commit(calls)


def _succeed(batch: list[_Waiting], results: list[Rows]) -> None:
    for waiting, rows in zip(batch, results, strict=True):
        if not waiting.answer.done():  # cancelled while the disk worked
            waiting.answer.set_result(rows)


def _fail(batch: list[_Waiting], fault: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(fault)
