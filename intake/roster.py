"""Who may open new cases: the organisation's signed list, and the rules it must obey.

Shapes and rules only. Signatures are checked before a payload comes here (`crypto.envelope`,
with the keys of the pinned `Organisation`); where the highest epoch seen so far is remembered
is the caller's affair. An unsuitable roster is an error with a sentence, never a weaker list.
"""

import base64
import binascii
import hashlib
import json
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from intake.errors import TropaError

ROSTER_TYPE = "application/vnd.tropa.roster+json"
"""The DSSE payload type: a signature over something else can never pass as one over a roster."""

SEALING_BYTES = 1216
"""Length of an X-Wing public key: 1,184 bytes of ML-KEM-768 and 32 of X25519."""

SIGNING_BYTES = 32
"""Length of an Ed25519 public key."""


class RosterError(TropaError):
    """The roster cannot be used; the text says why and what to do."""


class RosterInvalid(RosterError):
    """Not a roster, or one that contradicts itself."""


class RosterExpired(RosterError):
    """Its last valid instant has passed: the dead-man switch."""


class RosterRolledBack(RosterError):
    """Older than one that was already seen."""


class RosterContradicted(RosterError):
    """Another roster with the same epoch was accepted before."""


class Role(StrEnum):
    """What a member may do. Coordinators open counts, recovery opens nothing by the queue."""

    VOLUNTEER = "volunteer"
    LEAD = "lead"
    COORDINATOR = "coordinator"
    RECOVERY = "recovery"


def _key_of(text: str, length: int) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    if len(key) != length:
        raise ValueError(f"is {len(key)} bytes long instead of {length}")
    if base64.b64encode(key).decode() != text:
        # Two spellings of one key would pass for two keys.
        raise ValueError("is not canonical base64")
    return key


def _sealing(text: str) -> str:
    _key_of(text, SEALING_BYTES)
    return text


def _signing(text: str) -> str:
    _key_of(text, SIGNING_BYTES)
    return text


def _name(text: str) -> str:
    if unicodedata.normalize("NFKC", text) != text or text != text.strip():
        raise ValueError("has unusual characters or spaces around it")
    if not all(character.isalnum() or character in " -_.'" for character in text):
        # Names are printed on terminals: no control characters, no brackets, no tricks.
        raise ValueError("may have letters, digits, space, - _ . ' only")
    return text


def _sorted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or last day there is, in another zone
        raise ValueError("is before or after all time") from None


Name = Annotated[str, Field(min_length=1, max_length=32), AfterValidator(_name)]
SealingKey = Annotated[str, AfterValidator(_sealing)]
SigningKey = Annotated[str, AfterValidator(_signing)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Ids = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,16}$")], ...], AfterValidator(_sorted)
]


class _Document(BaseModel):
    """Frozen and closed: an unknown field is a fault, not something to be carried along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_payload(self) -> bytes:
        """Canonical JSON: sorted keys, no spaces, UTF-8; one document, one byte string."""
        document = self.model_dump(mode="json")
        return json.dumps(
            document, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()

    @classmethod
    def from_payload(cls, payload: bytes) -> Self:
        """The document in `payload`; raises `RosterInvalid` naming the first field at fault."""
        try:
            return cls.model_validate_json(payload)
        except ValidationError as error:
            raise RosterInvalid(_first_fault(error, cls.__name__.lower())) from None


def _first_fault(error: ValidationError, what: str) -> str:
    """A sentence without the offending value: pydantic's own text quotes the input."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = " ".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    where = f" at {place}" if place else ""
    return f"This {what} is damaged or was edited by hand{where}: {message}. Get a fresh copy."


class Member(_Document):
    """One person of the organisation, by pseudonym and public keys (standard base64).

    `skills` and `languages` are ids, sorted; `capacity` is how many cases at a time. `counts`:
    she may see the counts, whatever her role. `until`: from that instant on she is as one who was
    removed. What is not so is not written, since rosters of before have no such fields.
    """

    name: Name
    sealing_public: SealingKey
    signing_public: SigningKey
    role: Role = Role.VOLUNTEER
    skills: Ids = ()
    languages: Ids = ()
    capacity: int = Field(default=5, ge=0, le=999)
    counts: bool = False
    until: Annotated[AwareDatetime, AfterValidator(_utc)] | None = None

    @property
    def sealing_key(self) -> bytes:
        """The X-Wing public key, 1,216 bytes."""
        return _key_of(self.sealing_public, SEALING_BYTES)

    @property
    def signing_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return _key_of(self.signing_public, SIGNING_BYTES)

    @property
    def opens_cases(self) -> bool:
        """Whether the queue is for this member: volunteers and leads."""
        return self.role in (Role.VOLUNTEER, Role.LEAD)

    @property
    def opens_counts(self) -> bool:
        """Whether the counts are for this member."""
        return self.counts or self.role is Role.COORDINATOR

    def in_force(self, now: datetime) -> bool:
        """Whether her time on the roster runs still."""
        return self.until is None or now < self.until

    @model_serializer(mode="wrap")
    def _without_what_is_not_so(self, whole: SerializerFunctionWrapHandler) -> dict[str, object]:
        return _without(whole(self), counts=False, until=None)


class Roster(_Document):
    """The list itself. `forms` are SHA-256 digests in hex, the one in use first.

    `approvals`: how many must sign before one member opens many cases at once to another (the
    two-person rule, where it is 2). `revoked`: former members whose keys never come back; they
    stay here whole, so that what they signed can still be told from what they did not.
    """

    version: Literal[1] = 1
    organisation: Name
    epoch: int = Field(ge=1, le=2**53 - 1)
    valid_until: Annotated[AwareDatetime, AfterValidator(_utc)]
    forms: tuple[Digest, ...] = Field(min_length=1)
    members: tuple[Member, ...] = ()
    approvals: int = Field(default=1, ge=1, le=5)
    revoked: tuple[Member, ...] = ()

    @model_validator(mode="after")
    def _everything_once(self) -> Self:
        everybody = (*self.members, *self.revoked)
        _once("name", (member.name.casefold() for member in self.members))
        _never_again(self.members, self.revoked)
        _once("sealing key", (member.sealing_public for member in everybody))
        _once("signing key", (member.signing_public for member in everybody))
        _once("form", self.forms)
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_so(self, whole: SerializerFunctionWrapHandler) -> dict[str, object]:
        return _without(whole(self), approvals=1, revoked=[])

    @property
    def form(self) -> str:
        """The digest of the form in use."""
        return self.forms[0]

    def current(self, now: datetime) -> tuple[Member, ...]:
        """The members whose time runs still: for everybody else the roster is as without them."""
        return tuple(member for member in self.members if member.in_force(now))

    def with_member(self, member: Member) -> "Roster":
        """The next roster, with one member more; `RosterInvalid` if name or keys are taken."""
        return self._next(members=(*self.members, member))

    def without_member(self, name: str) -> "Roster":
        """The next roster, without the member of this name; `RosterInvalid` if nobody has it."""
        gone = self._named(name)
        return self._next(members=tuple(one for one in self.members if one != gone))

    def revoking(self, name: str) -> "Roster":
        """The same, and her keys never come back. `RosterInvalid` if nobody has this name."""
        gone = self._named(name)
        left = tuple(one for one in self.members if one != gone)
        return self._next(members=left, revoked=(*self.revoked, gone))

    def with_end(self, name: str, until: datetime | None) -> "Roster":
        """The next roster, on which this member's time ends then, or with the roster alone."""
        changed = self._named(name)
        ending = changed.model_copy(update={"until": until})
        return self._next(members=tuple(ending if one == changed else one for one in self.members))

    def with_approvals(self, approvals: int) -> "Roster":
        """The next roster, with another rule for opening many cases at once."""
        return self._next(approvals=approvals)

    def _named(self, name: str) -> Member:
        for member in self.members:
            if member.name.casefold() == name.casefold():
                return member
        raise RosterInvalid("Nobody of this name stands on the roster. See: tropa roster show.")

    def with_form(self, digest: str) -> "Roster":
        """The next roster, with this form in use; the earlier ones stay, for their cases."""
        return self._next(forms=(digest, *(form for form in self.forms if form != digest)))

    def extended(self, until: datetime) -> "Roster":
        """The next roster, valid until another instant."""
        return self._next(valid_until=until)

    def _next(self, **changes: object) -> "Roster":
        try:
            return Roster.model_validate(dict(self) | changes | {"epoch": self.epoch + 1})
        except ValidationError as error:
            message = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise RosterInvalid(message.removeprefix("Value error, ") + ".") from None


def _without(document: dict[str, object], **usual: object) -> dict[str, object]:
    """`document` without the fields that say only what is usual."""
    return {k: v for k, v in document.items() if k not in usual or v != usual[k]}


def _once(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"the same {what} stands on the roster twice")
        seen.add(value)


def _never_again(members: Iterable[Member], revoked: Iterable[Member]) -> None:
    keys = {key for one in revoked for key in (one.sealing_public, one.signing_public)}
    for member in members:
        if not keys.isdisjoint((member.sealing_public, member.signing_public)):
            raise ValueError(f"a key of {member.name} was revoked and never comes back")


class Organisation(_Document):
    """The public keys pinned at the server and at each desk: k (`threshold`) of them must sign."""

    version: Literal[1] = 1
    name: Name
    website: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=200)]
    threshold: int = Field(ge=1)
    keys: tuple[SigningKey, ...] = Field(min_length=1, max_length=32)

    @model_validator(mode="after")
    def _threshold_within_keys(self) -> Self:
        _once("key", self.keys)
        if self.threshold > len(self.keys):
            raise ValueError("it asks for more signatures than there are keys")
        return self

    @property
    def public_keys(self) -> list[bytes]:
        """The pinned Ed25519 public keys."""
        return [_key_of(key, SIGNING_BYTES) for key in self.keys]


def fingerprint(roster: Roster) -> int:
    """A number of 60 bits that stands for all that the roster says: what is remembered of it.

    Two rosters with one number are found in 2^30 tries, but each try needs the signatures of
    those who could as well sign the next epoch.
    """
    return int.from_bytes(hashlib.sha256(roster.to_payload()).digest()[:8], "big") >> 4


def check(roster: Roster, now: datetime, highest_epoch: int, remembered: int | None = None) -> None:
    """Whether the roster may be used now.

    `highest_epoch` is the highest that this machine ever accepted, 0 for none; `remembered` the
    `fingerprint` of the roster it accepted under this roster's epoch, None for none. Raises
    `RosterRolledBack`, `RosterContradicted` or `RosterExpired`; the instant `valid_until` itself
    is past it.
    """
    if roster.epoch < highest_epoch:
        raise RosterRolledBack(
            f"This roster (epoch {roster.epoch}) is older than one already accepted "
            f"(epoch {highest_epoch}). Somebody put back an old list, or restored a backup. "
            "Put the newest signed roster in its place."
        )
    if remembered not in (None, fingerprint(roster)):
        raise RosterContradicted(
            f"Two different signed rosters bear the same epoch ({roster.epoch}): one of them "
            "shows some people another list than the rest. Ask the organisation which is right; "
            "have it make a change, which raises the epoch, and sign that."
        )
    if now >= roster.valid_until:
        raise RosterExpired(
            f"The roster expired on {roster.valid_until:%Y-%m-%d %H:%M} UTC. "
            "The organisation must extend it and sign it again (tropa roster extend, "
            "tropa roster sign)."
        )


def digest(roster: Roster) -> str:
    """SHA-256 of all that the roster says, in hex: its name in the record of key events."""
    return hashlib.sha256(roster.to_payload()).hexdigest()


def days_left(roster: Roster, now: datetime) -> int:
    """Whole days until the roster expires; negative once it has."""
    return (roster.valid_until - now).days


WARNS: Final = timedelta(days=14)
"""How long before an end it is told: time for whoever signs to be away for a week."""

PRESSES: Final = timedelta(days=7)
"""From when it is told in stronger words."""


class Ending(NamedTuple):
    """An end that is near. `member`: whose time on the roster ends; None: the roster's own.

    `days`: whole days that are left, negative once it is past. `presses`: it ends within the week.
    """

    member: Member | None
    until: datetime
    days: int
    presses: bool


def endings(roster: Roster, members: Iterable[Member], now: datetime) -> tuple[Ending, ...]:
    """What has to be told now: the end of the roster, and of the time of each of `members`."""
    ends = [(None, roster.valid_until), *((one, one.until) for one in members)]
    return tuple(
        Ending(member, until, (until - now).days, until - now <= PRESSES)
        for member, until in ends
        if until is not None and until - now <= WARNS
    )
