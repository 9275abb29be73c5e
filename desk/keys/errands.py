"""What is asked of the server, page by page, when many cases get a fresh key or are opened to one
member: how the two differ for `desk.keys.mass`."""

from collections.abc import Callable
from dataclasses import dataclass

from desk.client import Client
from desk.errors import DeskError
from desk.keys.mass import Sent
from intake.roster import Roster


@dataclass(frozen=True, slots=True)
class _Errand:
    """`roster`: as it was when this began; `current` asks for the one in force."""

    client: Client
    roster: Roster
    current: Callable[[], Roster]

    def between(self) -> None:
        """The server changes nothing for a desk that counts on another roster than it does."""
        if self.current() != self.roster:
            raise DeskError(
                "The roster changed meanwhile. What is done is done; give the same command again, "
                "and it goes on under the new roster."
            )


@dataclass(frozen=True, slots=True)
class Rekey(_Errand):
    """A fresh key for every case that somebody could open who left."""

    def page(self, after: str | None) -> bytes:
        return self.client.rekeyable(after)

    def send(self, body: bytes, *, again: bool) -> Sent:
        answer = self.client.rekey(body)
        done, gone = len(answer.done), len(answer.gone)
        if again:  # the first time it was done, and the answer lost
            done, gone = done + gone, 0
        return Sent(done, len(answer.moved), gone)


@dataclass(frozen=True, slots=True)
class Open(_Errand):
    """The keys of cases for one member, under the mandate of this digest."""

    mandate: str

    def page(self, after: str | None) -> bytes:
        return self.client.wrappable(self.mandate, after)

    def send(self, body: bytes, *, again: bool) -> Sent:
        """What was not taken is asked for again, and is not there where it was erased."""
        answer = self.client.wrap(body)
        if again:
            return Sent(answer.done + answer.gone)
        return Sent(answer.done, moved=answer.gone)
