"""A real organisation for tests: identities, pinned keys, a signed roster, the default form.

Made with the same parts as the desk's commands use, without the passphrases, which cost a second
each.
"""

import base64
import json
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bot.cases import CaseMaker
from bot.counting import Counting
from bot.settings import Settings
from crypto.envelope import sign_payload
from crypto.identity import Identity
from crypto.tally import TallyKey
from intake.clock import Clock
from intake.form import load_form
from intake.questions import Form
from intake.roster import ROSTER_TYPE, Member, Organisation, Role, Roster

FORM = Path(__file__).resolve().parent.parent / "forms" / "default.yaml"

form_of = cache(load_form)
"""A form cannot be changed: from the same bytes once is enough for all tests."""

SKILLS = ("legal", "evacuation", "medical", "psych", "asylum", "information")


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on.

    Not one that the system gives to whoever asks for any: between the choice and its use another
    test, or any connection, could be given it.
    """
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(given.read_text().split()[0]) if given.exists() else 32_768
    while True:
        port = secrets.choice(range(first // 2, first)) if first > 16_384 else 0
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])


def member(
    name: str,
    identity: Identity,
    role: Role = Role.VOLUNTEER,
    skills: tuple[str, ...] = SKILLS,
    languages: tuple[str, ...] = ("en", "ru"),
) -> Member:
    return Member(
        name=name,
        sealing_public=text(identity.sealing_public),
        signing_public=text(identity.signing_public),
        role=role,
        skills=skills,
        languages=languages,
    )


@dataclass
class House:
    """An organisation's files in one folder, and the keys behind them."""

    folder: Path
    form_path: Path = FORM
    signer: Identity = field(default_factory=lambda: Identity.new(os.urandom))
    anna: Identity = field(default_factory=lambda: Identity.new(os.urandom))
    lead: Identity = field(default_factory=lambda: Identity.new(os.urandom))
    return_key: bytes = field(default_factory=lambda: os.urandom(32))
    epoch: int = 1

    def __post_init__(self) -> None:
        self.form: Form = form_of(self.form_path.read_bytes())
        (self.folder / "organisation.json").write_bytes(self.organisation.to_payload())
        self.sign(self.roster())

    @property
    def organisation(self) -> Organisation:
        return Organisation(
            name="Trail",
            website="https://trail.example",
            threshold=1,
            keys=(text(self.signer.signing_public),),
        )

    @property
    def roster_path(self) -> Path:
        return self.folder / "roster.json"

    def maker(self, roster: Callable[[], Roster], clock: Clock) -> CaseMaker:
        """What the server makes cases with."""
        counting = Counting(self.form, TallyKey(self.return_key), os.urandom)
        return CaseMaker(self.form, counting, roster, self.return_key, clock, os.urandom)

    def roster(self, valid: timedelta = timedelta(days=90), *more: Member) -> Roster:
        return Roster(
            organisation="Trail",
            epoch=self.epoch,
            valid_until=datetime.now(UTC) + valid,
            forms=(self.form.digest,),
            members=(
                member("anna", self.anna),
                member("lead", self.lead, Role.LEAD),
                *more,
            ),
        )

    def sign(self, roster: Roster, signer: Identity | None = None) -> None:
        """Sign and put in place, atomically, as an operator should."""
        envelope = sign_payload(roster.to_payload(), ROSTER_TYPE, [signer or self.signer])
        self.ends = roster.valid_until
        fresh = self.folder / "roster.new"
        fresh.write_text(json.dumps(envelope))
        fresh.replace(self.roster_path)

    def settings(self, api_url: str, token: str, database: str = "", **more: object) -> Settings:
        return Settings.model_validate(
            {
                "telegram_token": token,
                "telegram_api_url": api_url,
                "return_key": text(self.return_key),
                "database_url": database or f"sqlite:///{self.folder / 'tropa.db'}",
                "organisation": self.folder / "organisation.json",
                "roster": self.roster_path,
                "form": self.form_path,
                "queue_listen": f"127.0.0.1:{free_port()}",
                **more,
            }
        )

    def environment(self, settings: Settings) -> dict[str, str]:
        """The same settings for a server in a process of its own."""
        plain = settings.model_dump(mode="json")
        secrets = {
            "telegram_token": settings.telegram_token.get_secret_value(),
            "return_key": settings.return_key.get_secret_value(),
            "webhook_secret": settings.webhook_secret.get_secret_value(),
        }
        values = {**plain, **secrets}
        return {name.upper(): str(value) for name, value in values.items() if value is not None}
