"""Every setting of the server: read from the environment, `.env` and the credentials directory.

The one place of the server that reads the environment. A secret can be given three ways, the
first that is there counts: a file named after it in systemd's CREDENTIALS_DIRECTORY, a file named
by NAME_FILE, or the variable itself. What is wrong is said in the operator's terms.
"""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from intake.counts import Rules
from intake.errors import TropaError

_FORMS = Path(__file__).resolve().parent.parent / "forms"
_DEFAULT_FORM = _FORMS / "default.yaml"
_DEFAULT_INFORMATION = _FORMS / "information"

_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{0,256}", re.ASCII)
"""What Telegram takes as `secret_token`; none is checked where it is needed."""

CREDENTIALS = ("TELEGRAM_TOKEN", "RETURN_KEY", "WEBHOOK_SECRET")


class SettingsInvalid(TropaError):
    """Some setting is missing or cannot be used; the text lists each with what to do."""


def _in_capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _https(url: str | None) -> str | None:
    """Telegram brings updates over TLS alone, and to a host."""
    parts = urlsplit(url or "")
    if url is not None and (parts.scheme != "https" or not parts.hostname):
        raise ValueError("must be a whole address that begins with https://")
    return url


def _speakable(secret: SecretStr) -> SecretStr:
    if not _SECRET_TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError("may have 1 to 256 letters, digits, _ and - only")
    return secret


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class Settings(BaseSettings):
    """The server's settings; `.env.example` explains each of them."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,  # a line of .env.example that was left blank means its default
        extra="ignore",
        hide_input_in_errors=True,
    )

    telegram_token: SecretStr = Field(min_length=1)
    return_key: SecretStr = Field(min_length=1)
    telegram_api_url: str = "https://api.telegram.org"
    database_url: str = "sqlite:///tropa.db"
    organisation: Path = Path("organisation.json")
    roster: Path = Path("roster.json")
    form: Path = _DEFAULT_FORM
    information: Path = _DEFAULT_INFORMATION
    queue_listen: str = "127.0.0.1:8440"
    webhook_url: Annotated[str | None, AfterValidator(_https)] = None
    webhook_listen: str = "127.0.0.1:8443"
    webhook_secret: Annotated[SecretStr, AfterValidator(_speakable)] = SecretStr("")
    counts_smallest: int = Field(default=Rules().smallest, ge=Rules().smallest, le=10_000)
    counts_rounding: int = Field(default=Rules().rounding, ge=Rules().rounding, le=1_000)
    counts_share_from: int = Field(default=Rules().share_from, ge=Rules().share_from, le=100_000)
    counts_shown_after: int = Field(default=Rules().shown_after, ge=Rules().shown_after, le=366)
    counts_blur: int = Field(default=Rules().blur, ge=Rules().blur, le=100)
    log_level: Annotated[LogLevel, BeforeValidator(_in_capitals)] = "INFO"

    def rules(self) -> Rules:
        """What of the counts may be shown. No setting is weaker than the rule it stands for."""
        return Rules(
            smallest=self.counts_smallest,
            rounding=self.counts_rounding,
            share_from=self.counts_share_from,
            shown_after=self.counts_shown_after,
            blur=self.counts_blur,
        )

    def return_key_bytes(self) -> bytes:
        """The key that seals return tokens, 32 bytes. Raises `SettingsInvalid`."""
        try:
            key = base64.b64decode(self.return_key.get_secret_value().strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise SettingsInvalid(
                "RETURN_KEY must be 32 random bytes in base64. "
                "Make one with: openssl rand -base64 32"
            )
        return key


def load_settings() -> Settings:
    """The settings as the environment gives them now. Raises `SettingsInvalid`."""
    try:
        return Settings.model_validate(_credentials())
    except ValidationError as error:
        lines = [f"{_name(fault['loc'])}: {_advice(fault['type'], fault['msg'])}"
                 for fault in error.errors()]  # fmt: skip
        raise SettingsInvalid("\n".join(lines)) from None


def address(listen: str, setting: str) -> tuple[str, int]:
    """Host and port of "127.0.0.1:8440". Raises `SettingsInvalid`."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise SettingsInvalid(f"{setting}: {listen!r} is not HOST:PORT, such as 127.0.0.1:8440.")
    return host.strip("[]"), int(port)


def _name(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "settings"


def _advice(kind: str, message: str) -> str:
    if kind in ("missing", "string_too_short", "too_short"):
        return "is not set. Put it into the environment or into .env; .env.example explains it."
    return f"{message.removeprefix('Value error, ')}. .env.example explains it."


def _credentials() -> dict[str, str]:
    found = {}
    given = {**dotenv_values(".env"), **os.environ}
    directory = given.get("CREDENTIALS_DIRECTORY")
    for name in CREDENTIALS:
        named = given.get(f"{name}_FILE")
        in_directory = Path(directory) / name.lower() if directory else None
        if in_directory is not None and in_directory.is_file():
            found[name.lower()] = _read(name, in_directory)
        elif named:
            found[name.lower()] = _read(name, Path(named))
    return found


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
        raise SettingsInvalid(
            f"{name}: the file {path} cannot be read ({reason}). Check that it exists and that "
            "the user who runs Tropa may read it."
        ) from None
