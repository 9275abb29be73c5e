"""What this desk believes: the pinned organisation, the highest roster it saw, forms by digest.

A roster comes from a server that nobody has to trust: it counts only with enough signatures of
the pinned keys, unexpired, and neither older than one accepted before nor another of its epoch.
Nothing weaker is ever used.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from crypto.envelope import read_unverified, verify
from crypto.errors import CryptoError, Forged
from desk.errors import DeskError
from desk.home import SMALL, Home
from intake.clock import Clock
from intake.errors import TropaError
from intake.form import Form, FormError, load_form
from intake.roster import (
    ROSTER_TYPE,
    Organisation,
    Roster,
    RosterContradicted,
    RosterExpired,
    RosterRolledBack,
    check,
    fingerprint,
)

ORGANISATION = "organisation.json"
ROSTER = "roster.json"
HIGHEST = "highest-epoch"
SIGNED = "signed-roster.json"
HEADS = "past.heads"
NOTES = "past.json"
"""What was seen of the record of key events: see `desk.heads` and `desk.past`."""
EARLIER = "earlier"
"""The folder of the rosters accepted before, as long as the record may hold what was done under
them and was not read yet. No longer: they name who has left."""
MOST_EARLIER = 16


def parse_envelope(data: bytes) -> dict[str, Any]:
    """The JSON of a roster file, unverified; `DeskError` when it is none."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise DeskError("This roster file was cut short or is no roster. Get a fresh copy.")
    return document


class Trust:
    """The lists this desk keeps, in its folder."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        # What was found good once is good again while its bytes are the same: a page asks often.
        self._verified: tuple[bytes, Organisation, Roster] | None = None
        self._forms: dict[str, Form] = {}

    def organisation(self) -> Organisation:
        data = self._home.read(ORGANISATION, SMALL)
        if data is None:
            raise DeskError(
                "This desk has not joined an organisation yet. Run: tropa join URL "
                "organisation.json; where there is never a network: tropa join --offline "
                "organisation.json"
            )
        return Organisation.from_payload(data)

    def pin(self, organisation: Organisation) -> None:
        """Believe in these keys from now on. What another organisation signed is forgotten."""
        before = self._home.read(ORGANISATION, SMALL)
        if before is not None and before != organisation.to_payload():
            for name in (ROSTER, HIGHEST, SIGNED, HEADS, NOTES):
                self._home.remove(name)
            self._forget_earlier(lambda _: True)
        self._home.write(ORGANISATION, organisation.to_payload())

    def accept(self, data: bytes) -> Roster:
        """The roster in the signed file `data`, if it may be used now; it is then remembered."""
        organisation = self.organisation()
        try:
            payload = verify(
                parse_envelope(data),
                ROSTER_TYPE,
                organisation.public_keys,
                organisation.threshold,
            )
        except Forged:
            raise DeskError(
                "The roster does not bear {k} signatures of your organisation's keys: it is forged "
                "or unfinished. Trust nothing from this server and tell a lead.",
                k=organisation.threshold,
            ) from None
        roster = Roster.from_payload(payload)
        self._check(roster, organisation)
        # The epoch first: cut off between the two, the desk must not take an older roster again.
        self._note(HIGHEST, f"{roster.epoch} {fingerprint(roster)}".encode())
        self._keep_before(roster, data)
        self._note(ROSTER, data)
        return roster

    def _keep_before(self, roster: Roster, data: bytes) -> None:
        """The roster that this one takes the place of: what was done while it was in force is
        judged by it. A desk that never saw the record, as a coordinator's, judges nothing."""
        kept = self._home.read(ROSTER)
        if kept is None or kept == data or not (self._home.path / HEADS).exists():
            return
        before = self._good(kept)
        if before is not None and before.epoch < roster.epoch:
            self._home.write(f"{EARLIER}/{before.epoch}.json", kept)
            self._forget_earlier(lambda epoch: epoch <= before.epoch - MOST_EARLIER)

    def _good(self, data: bytes) -> Roster | None:
        """What the organisation signed; None where this is nothing of it."""
        organisation = self.organisation()
        try:
            payload = verify(
                parse_envelope(data), ROSTER_TYPE, organisation.public_keys, organisation.threshold
            )
            return Roster.from_payload(payload)
        except (CryptoError, TropaError, DeskError):
            return None

    def earlier(self) -> list[Roster]:
        """The rosters accepted before the last one, as far as they are still here."""
        names = [f"{EARLIER}/{name}" for name in self._home.names(EARLIER)]
        found = [self._good(data) for name in names if (data := self._home.read(name)) is not None]
        return [one for one in found if one is not None]

    def forget_before(self, epoch: int) -> None:
        """The record was read as far as the roster of this epoch."""
        self._forget_earlier(lambda other: other < epoch)

    def _forget_earlier(self, which: Callable[[int], bool]) -> None:
        for name in self._home.names(EARLIER):
            number = name.removesuffix(".json")
            if not number.isdecimal() or which(int(number)):
                self._home.remove(f"{EARLIER}/{name}")

    def _note(self, name: str, data: bytes) -> None:
        """Nothing new is no work for the disk, which may be full."""
        if self._home.read(name) != data:
            self._home.write(name, data)

    def last_roster(self) -> Roster | None:
        """The roster accepted last, for work without a network; its age is not checked."""
        data = self._home.read(ROSTER)
        if data is None:
            return None
        organisation = self.organisation()
        known = self._verified
        if known is not None and known[:2] == (data, organisation):
            return known[2]
        payload = verify(
            parse_envelope(data), ROSTER_TYPE, organisation.public_keys, organisation.threshold
        )
        roster = Roster.from_payload(payload)
        self._verified = (data, organisation, roster)
        return roster

    def signed(self, envelope: dict[str, Any]) -> None:
        """Remember what was signed here, so that the next roster is compared with it."""
        self._home.write(SIGNED, json.dumps(envelope).encode())

    def known_roster(self, organisation: Organisation) -> Roster | None:
        """The newest roster of this organisation that this desk accepted or signed itself."""
        data = self._home.read(SIGNED)
        signed = None
        if data is not None:
            payload = read_unverified(parse_envelope(data), ROSTER_TYPE)
            signed = Roster.from_payload(payload)
        found = [
            roster
            for roster in (self.last_roster(), signed)
            if roster is not None and roster.organisation == organisation.name
        ]
        return max(found, key=lambda roster: roster.epoch, default=None)

    def _check(self, roster: Roster, organisation: Organisation) -> None:
        if roster.organisation != organisation.name:
            raise DeskError("The roster is of another organisation. Tell a lead.")
        highest, accepted = self._highest()
        try:
            remembered = accepted if roster.epoch == highest else None
            check(roster, self._clock(), highest, remembered)
        except RosterContradicted:
            raise DeskError(
                "The server shows another roster than before with the same epoch ({epoch}). "
                "Somebody may be showing different lists to different people. Tell a lead.",
                epoch=roster.epoch,
            ) from None
        except RosterRolledBack:
            raise DeskError(
                "The server shows an old roster (epoch {epoch}; this desk has seen {highest}): it "
                "was restored from a backup, or somebody hides a change. Tell a lead, by another "
                "way than this server. If it is a backup, whoever has the newest list sends it "
                "again: tropa roster publish",
                epoch=roster.epoch,
                highest=highest,
            ) from None
        except RosterExpired:
            raise DeskError(
                "The roster expired on {day:%Y-%m-%d %H:%M} UTC: the line is closed until the "
                "organisation signs a new one. Tell a lead. If that day is still to come, it is "
                "this computer's clock that is wrong.",
                day=roster.valid_until,
            ) from None

    def _highest(self) -> tuple[int, int | None]:
        """The highest epoch accepted here, and the fingerprint of what bore it, if known."""
        epoch, *rest = (self._home.read(HIGHEST) or b"0").split() or [b""]
        try:
            return int(epoch), int(rest[0]) if rest else self._fingerprint_of(int(epoch))
        except ValueError:
            raise DeskError(
                "The file {name} in the desk's folder is damaged. Join the organisation again.",
                name=HIGHEST,
            ) from None

    def _fingerprint_of(self, epoch: int) -> int | None:
        """For desks that noted the epoch alone: the kept roster itself tells."""
        roster = self.last_roster()
        return fingerprint(roster) if roster is not None and roster.epoch == epoch else None

    def check_form(self, digest: str) -> None:
        """`DeskError` unless the accepted roster lists this form, in use now or earlier."""
        roster = self.last_roster()
        if roster is None:
            raise DeskError(
                "This desk has not joined an organisation yet. Run: tropa join URL "
                "organisation.json; where there is never a network: tropa join --offline "
                "organisation.json"
            )
        if digest not in roster.forms:
            raise DeskError(
                "The form of this case is not one that the organisation signed: it may have asked "
                "other questions than it says. Nothing of it is shown. Tell a lead."
            )

    def form(self, digest: str, fetch: Callable[[str], bytes] | None = None) -> Form:
        """The form with this digest, from the cache or by `fetch`; `DeskError` if it is not it.

        Only a form that the accepted roster lists is read at all: another one is the server's.
        """
        self.check_form(digest)
        if digest not in self._forms:
            self._forms[digest] = self._load(digest, fetch)
        return self._forms[digest]

    def _load(self, digest: str, fetch: Callable[[str], bytes] | None) -> Form:
        name = f"forms/{digest}.yaml"
        data = self._home.read(name)
        if data is None or not _is(data, digest):
            if fetch is None:
                raise DeskError(
                    "The form of this case is not on this machine. "
                    "Run tropa take again while you are online."
                )
            data = fetch(digest)
            if not _is(data, digest):
                raise DeskError("The server sent another form than the one it names. Tell a lead.")
            self._home.write(name, data)
        try:
            return load_form(data)
        except FormError:
            raise DeskError("This version of Tropa cannot read the form. Update it.") from None


def _is(data: bytes, digest: str) -> bool:
    return hashlib.sha256(data).hexdigest() == digest
