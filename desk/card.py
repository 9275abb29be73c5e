"""A member's public card: one line that names her and carries her two public keys.

A card proves nothing by itself: whoever puts it on a roster compares the fingerprint with the
member, aloud, over another channel.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

from pydantic import ValidationError

from crypto.errors import CryptoError
from crypto.identity import Identity
from crypto.kdf import key_id
from crypto.sealing import CASE_ID_BYTES, CaseKey, wrap_case_key
from desk.errors import DeskError
from desk.home import SMALL, read_file
from intake.roster import SEALING_BYTES, SIGNING_BYTES, Member, Role

PREFIX = "tropa-member:"
_GROUPS = 8
_TRIAL = b"trial".ljust(32)
"""The seed of a case key that guards nothing, to try a member's key with."""


@dataclass(frozen=True, slots=True)
class Card:
    """Public keys and a pseudonym; nothing secret."""

    name: str
    signing: bytes
    sealing: bytes

    @classmethod
    def of(cls, name: str, identity: Identity) -> Self:
        return cls(name, identity.signing_public, identity.sealing_public)

    @classmethod
    def of_member(cls, member: Member) -> Self:
        """As she stands on a roster, to be compared by its fingerprint."""
        return cls(member.name, member.signing_key, member.sealing_key)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the line; `DeskError` when it was cut short or is no card."""
        name, separator, keys = text.strip().removeprefix(PREFIX).partition(":")
        try:
            data = base64.urlsafe_b64decode(keys + "=" * (-len(keys) % 4))
        except (binascii.Error, ValueError):
            data = b""
        if not text.strip().startswith(PREFIX) or not separator:
            raise DeskError("This is no member card: a card is one line, tropa-member:NAME:KEYS.")
        if len(data) != SIGNING_BYTES + SEALING_BYTES:
            raise DeskError("This member card is not whole. Copy the full line again.")
        card = cls(unquote(name), data[:SIGNING_BYTES], data[SIGNING_BYTES:])
        card.member()
        card.check_key()
        return card

    @classmethod
    def find(cls, argument: str) -> Self:
        """The card in `argument`: the line itself, or the name of a file that holds it."""
        if argument.strip().startswith(PREFIX):
            return cls.parse(argument)
        text = read_file(Path(argument), SMALL).decode("utf-8", "replace")
        return cls.parse(next((line for line in text.splitlines() if PREFIX in line), text))

    def line(self) -> str:
        keys = base64.urlsafe_b64encode(self.signing + self.sealing).decode().rstrip("=")
        return f"{PREFIX}{quote(self.name)}:{keys}"

    def check_key(self) -> None:
        """`DeskError` unless something can be sealed to her, tried with a key of no worth.

        A key of low order passes every other check and shuts the line: no case can be wrapped.
        """
        try:
            wrap_case_key(CaseKey(_TRIAL), self.sealing, bytes(CASE_ID_BYTES), 1)
        except CryptoError:
            raise DeskError(
                "The sealing key of {name} is none: nothing can be sealed to it, and the line "
                "would take in no case. Ask for the card again.",
                name=self.name,
            ) from None

    @property
    def key_id(self) -> str:
        return key_id(self.sealing)

    @property
    def fingerprint(self) -> str:
        """Forty digits in groups of five over both keys: 132 bits, to be read out and compared."""
        digest = hashlib.sha256(b"tropa/1 card" + self.signing + self.sealing).digest()
        number = int.from_bytes(digest, "big") % 10 ** (5 * _GROUPS)
        digits = f"{number:0{5 * _GROUPS}d}"
        return " ".join(digits[place : place + 5] for place in range(0, 5 * _GROUPS, 5))

    def member(
        self,
        role: Role = Role.VOLUNTEER,
        skills: tuple[str, ...] = (),
        languages: tuple[str, ...] = (),
        capacity: int = 5,
        counts: bool = False,
    ) -> Member:
        """As she stands on a roster; `DeskError` names what a roster cannot hold."""
        try:
            return Member(
                name=self.name,
                sealing_public=base64.b64encode(self.sealing).decode(),
                signing_public=base64.b64encode(self.signing).decode(),
                role=role,
                skills=skills,
                languages=languages,
                capacity=capacity,
                counts=counts,
            )
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            field = str(fault["loc"][0])
            why = fault["msg"].removeprefix("Value error, ")
            raise DeskError(
                "This cannot stand on a roster: {field} {why}.", field=field, why=why
            ) from None
