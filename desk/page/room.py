"""What an unlocked desk works with: the identity, the server, the roster, the forms.

Made at every unlocking and thrown away at every locking. The roster is looked at again every
minute; while the server shows the same bytes as before, their signatures are not checked again,
only their age.
"""

import threading
from datetime import datetime, timedelta
from typing import Final

from crypto.identity import Identity
from desk.casework import Casework
from desk.desk import Desk
from desk.errors import DeskError
from desk.page.listing import Filter, Listing
from desk.templates import Topic, load_topics
from intake.counts import Shown
from intake.questions import Form
from intake.roster import Member, Role, Roster

AGAIN: Final = timedelta(minutes=1)
"""How old the roster in memory may be before the server is asked for it."""


class Room:
    """Threads share it. Raises `DeskError` at once where this desk has joined nothing."""

    def __init__(self, desk: Desk, identity: Identity) -> None:
        self.desk = desk
        self.identity = identity
        self.client = desk.client(identity)
        self.last: tuple[Filter, Listing] | None = None
        self.counts: tuple[Shown, str] | None = None
        self._casework: Casework | None = None
        self._bytes: bytes | None = None
        self._looked: datetime | None = None
        self._topics: list[Topic] | None = None
        self._forms: dict[str, Form] = {}
        self._looking = threading.Lock()

    def close(self) -> None:
        self.client.close_connections()
        self._casework = None
        self._forms.clear()
        del self.identity

    @property
    def casework(self) -> Casework:
        """The acts, under a roster that is in force now."""
        with self._looking:
            now = self.desk.clock()
            casework = self._casework
            if casework is not None and not self._is_due(casework, now):
                return casework
            data, roster = self.client.roster(), None if casework is None else casework.roster
            if roster is None or data != self._bytes or now >= roster.valid_until:
                roster = self.desk.trust.accept(data)
            casework = Casework.under(self.desk, self.client, self.identity, roster)
            self._casework, self._bytes = casework, data
            self._looked = now
            return casework

    def _is_due(self, casework: Casework, now: datetime) -> bool:
        looked = self._looked
        return (
            looked is None
            or not looked <= now < looked + AGAIN
            or now >= casework.roster.valid_until
        )

    @property
    def remembered(self) -> Casework | None:
        """The acts under the roster as it was looked at last, however long ago."""
        return self._casework

    @property
    def topics(self) -> list[Topic]:
        """The templates of replies; read once, a new file counts from the next unlocking."""
        if self._topics is None:
            self._topics = load_topics(self.desk.home)
        return self._topics

    @property
    def roster(self) -> Roster | None:
        """The roster that was accepted last, however old: for names, not for acts."""
        casework = self._casework
        return casework.roster if casework is not None else self.desk.trust.last_roster()

    @property
    def me(self) -> Member | None:
        key = self.identity.sealing_public
        members = self.roster.members if self.roster is not None else ()
        return next((member for member in members if member.sealing_key == key), None)

    @property
    def leads(self) -> bool:
        return self.me is not None and self.me.role is Role.LEAD

    def form(self, digest: str) -> Form:
        """The form of a case, by the accepted roster; read from the disk once."""
        roster = self.roster
        known = self._forms.get(digest)
        if known is not None and roster is not None and digest in roster.forms:
            return known
        made = self.desk.trust.form(digest, self.client.form)
        self._forms[digest] = made
        return made

    def form_in_use(self) -> Form | None:
        """For the words of skills; None where it cannot be had, which stops nobody."""
        roster = self.roster
        try:
            return None if roster is None else self.form(roster.form)
        except DeskError:
            return None
