"""Whether the line is open: the signed roster as it lies on this machine, checked again and again.

A roster is put there by an operator's hand, or sent by whoever has one that is signed; with each
that is taken up, whoever is not on it can open nothing more (`storage.rosters`).

Only a roster signed by the organisation, not expired, not older than one seen before, and naming
the form in use opens the line. Anything else closes it until the file is right again; there is
nothing weaker to fall back to. The highest epoch seen is kept in the database.
"""

import asyncio
import errno
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bot.content import Content
from bot.reading import read_file, why
from bot.updates import where
from bot.writing import Replacing, remove_left
from crypto.envelope import verify
from crypto.errors import CryptoError
from crypto.sealing import CASE_ID_BYTES, CaseKey, key_id, wrap_case_key
from handlers.key_ports import RosterRefused
from handlers.keys import LARGEST_ROSTER
from intake.clock import Clock
from intake.errors import LineClosed, StorageUnavailable
from intake.information import Card
from intake.ledger import Event, Kind
from intake.questions import Form
from intake.roster import (
    ROSTER_TYPE,
    Member,
    Organisation,
    Roster,
    RosterContradicted,
    RosterError,
    RosterExpired,
    RosterRolledBack,
    check,
    days_left,
    digest,
    fingerprint,
)
from storage.rosters import Rosters

log = logging.getLogger("tropa.line")

EPOCH = "roster epoch"
WARN_DAYS = 14

SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN})
"""What keeps this process from opening any file: it says nothing about the roster."""

MOST_PARTS = 256
"""Objects and lists in a signed roster as it is sent: one for each signature, and two more. Nobody
knows yet who sent it, and a megabyte of brackets would hold everybody up for a second."""


def ending_soon(roster: Roster, now: datetime) -> list[Member]:
    """The members whose time ends before the roster's warning would come, and is not over yet."""
    soon = now + timedelta(days=WARN_DAYS)
    return [one for one in roster.current(now) if not one.in_force(soon)]


class CannotTell(Exception):
    """Whether the roster is still right cannot be found out at the moment."""


class Facts(Protocol):
    """The few numbers a server must never forget."""

    async def get(self, key: str) -> int | None: ...


def read_roster(path: Path, organisation: Organisation) -> tuple[Roster, bytes]:
    """The roster in the file, its signatures checked, and the signed envelope as it is there.

    Raises `RosterError` with what to do, and `CannotTell` where the machine is short of something.
    """
    try:
        data = read_file(path, LARGEST_ROSTER)
        envelope = _envelope(data)
    except OSError as error:
        if error.errno in SHORTAGES:
            raise CannotTell(type(error).__name__) from None
        raise RosterError(
            f"The roster {path} cannot be read: {why(error)}. Put the signed roster there, as a "
            "file; ROSTER says where it is looked for."
        ) from None
    except (ValueError, RecursionError):
        raise RosterError(f"The roster {path} is not a roster. Get a fresh copy.") from None
    try:
        payload = verify(envelope, ROSTER_TYPE, organisation.public_keys, organisation.threshold)
    except CryptoError as error:
        raise RosterError(f"The roster {path} does not count: {error}") from None
    return Roster.from_payload(payload), data


def _envelope(data: bytes) -> Any:
    """Not verified. Raises ValueError or RecursionError."""
    if data.count(b"[") + data.count(b"{") > MOST_PARTS:
        raise ValueError
    return json.loads(data)


_REASONS: Mapping[type[RosterError], str] = {
    RosterRolledBack: "rolled_back",
    RosterContradicted: "contradicted",
    RosterExpired: "expired",
}


def _sent(data: bytes, organisation: Organisation) -> Roster:
    """The roster in what somebody sent, its signatures checked. Raises `RosterRefused`."""
    try:
        envelope = _envelope(data)
    except (ValueError, RecursionError):
        raise RosterRefused("roster", "This is not a signed roster. Send another copy.") from None
    try:
        payload = verify(envelope, ROSTER_TYPE, organisation.public_keys, organisation.threshold)
    except CryptoError as error:
        raise RosterRefused("signatures", f"This roster does not count: {error}.") from None
    try:
        return Roster.from_payload(payload)
    except RosterError as error:
        raise RosterRefused("roster", str(error)) from None


def try_keys(roster: Roster) -> None:
    """Seal something of no value to each member. Raises `RosterError` naming whose key fails.

    A key can have the right length and be none: every case would then fail at sending.
    """
    trial = CaseKey(bytes(range(32)))
    for member in roster.members:
        try:
            wrap_case_key(trial, member.sealing_key, bytes(CASE_ID_BYTES), roster.epoch)
        except CryptoError:
            raise RosterError(
                f"Nothing can be sealed to {member.name}: the sealing key on the roster is not "
                "one. Have the organisation take a fresh card from this member and sign again."
            ) from None


def remembered(epoch: int) -> str:
    """The fact that keeps the fingerprint of the roster accepted under `epoch`."""
    return f"roster {epoch}"


class RosterLine:
    """`handlers.ports.Line` on the roster file; `refresh` looks at the file again."""

    def __init__(
        self, path: Path, content: Content, facts: Facts, rosters: Rosters, clock: Clock
    ) -> None:
        self._path = path
        self._content = content
        self._facts = facts
        self._rosters = rosters
        self._clock = clock
        self._turn = asyncio.Lock()
        self._again = False
        self._kept = 0
        self._roster: Roster | None = None
        self._envelope = b""
        self._complaint = ""

    @property
    def form(self) -> Form:
        return self._content.form

    @property
    def library(self) -> Mapping[str, Card]:
        return self._content.library

    @property
    def website(self) -> str:
        return self._content.organisation.website

    @property
    def envelope(self) -> bytes:
        """The signed roster as the desks get it."""
        return self._envelope

    def is_open(self) -> bool:
        return self._roster is not None and self._clock() < self._roster.valid_until

    def roster(self) -> Roster:
        """The roster that counts at this instant. Raises `LineClosed`."""
        if self._roster is None or not self.is_open():
            raise LineClosed(self._complaint or "The roster expired.")
        return self._roster

    async def start(self) -> None:
        """The first look. Raises `LineClosed` or `StorageUnavailable`; nothing is logged of it."""
        remove_left(self._path)
        try:
            async with self._turn:
                self._open(*await self._acceptable())
        except RosterError as error:
            raise LineClosed(str(error)) from None
        except CannotTell:
            raise LineClosed(
                f"The roster {self._path} cannot be read now: the machine is short of memory or "
                "of open files. Free some and start again."
            ) from None

    async def refresh(self) -> None:
        """Read the file again; what is wrong with it closes the line and is logged once."""
        async with self._turn:
            await self._refresh()

    async def sweep(self) -> None:
        """Withdraw what was wrapped, in the instant of a change, by the roster of before."""
        async with self._turn:
            if self._roster is not None:
                await self._take_up(self._roster)

    def ends_soon(self) -> datetime | None:
        """When the roster ends, where that is near."""
        roster = self._roster
        near = roster is not None and days_left(roster, self._clock()) < WARN_DAYS
        return roster.valid_until if roster is not None and near else None

    async def tell_endings(self) -> None:
        """Warn of what ends soon: the roster, with which the line closes, or somebody's time."""
        if self._roster is None:
            return
        now = self._clock()
        left, ending = days_left(self._roster, now), len(ending_soon(self._roster, now))
        if left < WARN_DAYS:
            log.warning(
                "the roster expires in %d days, and the line closes then: have it extended and "
                "signed (tropa roster extend)",
                left,
            )
        if ending:
            log.warning(
                "the time of %d members on the roster ends within %d days: see tropa roster show",
                ending,
                WARN_DAYS,
            )

    async def publish(self, data: bytes) -> int:
        """Take a signed roster up that somebody sent; returns its epoch. Raises `RosterRefused`.

        It is written beside the file and put in its place before it is in force, so that a server
        that dies in between begins with it.
        """
        roster = _sent(data, self._content.organisation)
        async with self._turn:
            if roster == self._roster:
                return roster.epoch
            await self._look_and_refuse(roster)  # at once, whether the file can be written or not
            try:
                await self._put_in_place(roster, data)
            except OSError as error:
                log.error("a roster was sent and cannot be written: %s", why(error))
                raise RosterRefused(
                    "not_written",
                    f"The server cannot write its roster file: {why(error)}. The operator must "
                    "let the server's user write the file that ROSTER names, and its folder, or "
                    "put the signed file there.",
                ) from None
            await self._take_up(roster)
            self._open(roster, data)
            return roster.epoch

    async def _put_in_place(self, roster: Roster, data: bytes) -> None:
        """Raises OSError or `RosterRefused`. Another server may share the file, and be about to put
        another roster there: one of the two waits, and looks again at what there is by then."""
        place = await asyncio.to_thread(Replacing, self._path)
        try:
            await self._look_and_refuse(roster)
            await asyncio.to_thread(place.put, data)
        finally:
            place.let_go()

    async def _look_and_refuse(self, roster: Roster) -> None:
        """A newer one may lie in the file, put there by hand or by another server and not looked at
        yet: it would be lost under this one."""
        await self._refresh()
        await self._refuse(roster)

    async def _refuse(self, roster: Roster) -> None:
        try:
            await self._check(roster)
        except RosterError as error:
            raise RosterRefused(_REASONS.get(type(error), "form"), str(error)) from None
        try:
            try_keys(roster)
        except RosterError as error:
            raise RosterRefused("keys", str(error)) from None

    async def _refresh(self) -> None:
        try:
            roster, envelope = await self._acceptable()
        except RosterError as error:
            self._close(str(error))
        except (StorageUnavailable, CannotTell):
            return  # whether it is still right cannot be told now; what was accepted stands
        except Exception as error:  # no fault of ours may keep an old roster in force
            self._close(
                f"The roster {self._path} cannot be understood ({where(error)}). Get a fresh copy."
            )
        else:
            self._open(roster, envelope)

    async def _acceptable(self) -> tuple[Roster, bytes]:
        roster, envelope = read_roster(self._path, self._content.organisation)
        await self._check(roster)
        if roster != self._roster:
            try_keys(roster)
        if roster != self._roster or self._again:
            await self._take_up(roster)
        return roster, envelope

    async def _check(self, roster: Roster) -> None:
        seen = await self._facts.get(remembered(roster.epoch))
        check(roster, self._clock(), await self._facts.get(EPOCH) or 0, seen)
        if self._content.form.digest != roster.form:
            raise RosterError(
                "The form in FORM is not the one signed with the roster. Put the signed form "
                "back, or have the organisation sign this one (tropa roster form)."
            )

    async def _take_up(self, roster: Roster) -> None:
        """Durable before it is in force. What was being made by the roster of before may be written
        after this: it is looked for once more, at the next look at the file."""
        now = self._clock()
        event = Event(kind=Kind.EPOCH, day=now.date(), epoch=roster.epoch, roster=digest(roster))
        numbers = {remembered(roster.epoch): fingerprint(roster), EPOCH: roster.epoch}
        members = {key_id(member.sealing_key) for member in roster.members}
        revoked = {key_id(member.sealing_key) for member in roster.revoked}
        done = await self._rosters.take_up(event, numbers, members, revoked, now)
        self._again = roster != self._roster
        if done.gone:
            log.info("%d wraps of keys that left the roster were withdrawn", done.gone)
        if done.kept and done.kept != self._kept:
            log.warning(
                "%d cases can be opened by nobody on the roster. Have the organisation put back "
                "whoever could (tropa roster add), and let her hand them over (tropa reassign) "
                "before she is removed again; a recovery key on the roster would spare this",
                done.kept,
            )
        self._kept = done.kept

    def _close(self, complaint: str) -> None:
        if complaint != self._complaint:
            log.error("the line is closed: %s", complaint)
        self._roster, self._complaint = None, complaint

    def _open(self, roster: Roster, envelope: bytes) -> None:
        if self._roster != roster:
            left = days_left(roster, self._clock())
            log.info("the line is open: roster epoch %d, valid for %d days", roster.epoch, left)
        self._roster, self._envelope, self._complaint = roster, envelope, ""
