"""Every setting of the server: read from the environment, `.env` and the credentials directory.

The one place of the server that reads the environment. A secret can be given three ways, the
first that is there counts: a file named after it in systemd's CREDENTIALS_DIRECTORY, a file named
by NAME_FILE, or the variable itself. What is wrong is said in the operator's terms.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.keyring import BadKeys, ReturnKeys
from bot.reading import must_be_a_file, read_file, why
from intake.counts import Rules
from intake.errors import TropaError

_FORMS = Path(__file__).resolve().parent.parent / "forms"
_DEFAULT_FORM = _FORMS / "default.yaml"
_DEFAULT_INFORMATION = _FORMS / "information"

_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{0,256}", re.ASCII)
"""What Telegram takes as `secret_token`; none is checked where it is needed."""

_LARGEST_SECRET = 1 << 20

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


class _Kept(BaseSettings):
    """Where the server keeps things: all that some commands need."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,  # a line of .env.example that was left blank means its default
        extra="ignore",
        hide_input_in_errors=True,
    )

    database_url: str = "sqlite:///tropa.db"


class Settings(_Kept):
    """The server's settings; `.env.example` explains each of them."""

    telegram_token: SecretStr = Field(min_length=1)
    return_key: SecretStr = Field(min_length=1)
    telegram_api_url: str = "https://api.telegram.org"
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

    def return_keys(self) -> ReturnKeys:
        """The keys that seal and open return tokens. Raises `SettingsInvalid`."""
        try:
            return ReturnKeys.parse(self.return_key.get_secret_value())
        except BadKeys as error:
            raise SettingsInvalid(f"RETURN_KEY: {error}") from None


def load_settings() -> Settings:
    """The settings as the environment gives them now. Raises `SettingsInvalid`."""
    sources = credential_files()
    return _loaded(Settings, {name.lower(): _read(name, path) for name, path in sources.items()})


def load_database_url() -> str:
    """Where the server's database is, whatever else is set. Raises `SettingsInvalid`."""
    return _loaded(_Kept, {}).database_url


_Model = TypeVar("_Model", bound=BaseSettings)


def _loaded(model: type[_Model], given: dict[str, str]) -> _Model:
    _dot_env_must_be_a_file()
    try:
        return model.model_validate(given)
    except ValidationError as error:
        lines = [f"{_name(fault['loc'])}: {_advice(fault['type'], fault['msg'])}"
                 for fault in error.errors()]  # fmt: skip
        raise SettingsInvalid("\n".join(lines)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _dot_env(error) from None


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


def credential_files() -> dict[str, Path]:
    """The file of each secret that is given by one. Raises `SettingsInvalid`."""
    given, directory = _given(), credentials_directory()
    there = {} if directory is None else _files_in(directory)
    named = {name: Path(path) for name in CREDENTIALS if (path := given.get(f"{name}_FILE"))}
    return {**named, **there}


def places_of_secrets() -> list[Path]:
    """Every file that a secret is read from, and the folder. Raises `SettingsInvalid`."""
    directory = credentials_directory()
    files = list(credential_files().values())
    dot_env = [Path(".env")] if any(_dot_env_values().get(name) for name in CREDENTIALS) else []
    return [*([directory] if directory else []), *files, *dot_env]


def credentials_directory() -> Path | None:
    """The folder that CREDENTIALS_DIRECTORY names. Raises `SettingsInvalid`."""
    named = _given().get("CREDENTIALS_DIRECTORY")
    return Path(named) if named else None


def _given() -> dict[str, str | None]:
    return {**_dot_env_values(), **os.environ}


def _dot_env_must_be_a_file() -> None:
    """What reads it would wait for a pipe for ever, and pass anything else over without a word."""
    try:
        must_be_a_file(Path(".env").stat())
    except (FileNotFoundError, PermissionError):
        return  # nor is one looked for in a folder that this user may not enter
    except OSError as error:
        raise _dot_env(error) from None


def _dot_env_values() -> dict[str, str | None]:
    _dot_env_must_be_a_file()
    try:
        return dotenv_values(".env")
    except (OSError, UnicodeDecodeError) as error:
        raise _dot_env(error) from None


def _files_in(directory: Path) -> dict[str, Path]:
    # A folder that is not there would be passed over, and another key than the one in it used.
    files = {name: directory / name.lower() for name in CREDENTIALS}
    try:
        directory.stat()
        return {name: path for name, path in files.items() if _is_there(path)}
    except OSError as error:
        raise SettingsInvalid(
            f"CREDENTIALS_DIRECTORY: the folder {directory} cannot be read: {why(error)}. Check "
            "that it exists and that the user who runs Tropa may read it."
        ) from None


def _is_there(path: Path) -> bool:
    """A link that leads nowhere is there: what it should lead to is not taken from elsewhere."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def writes_on_only() -> bool:
    """Whether nothing that stands on the terminal can be wiped or written over."""
    return os.environ.get("TERM", "") in ("", "dumb", "unknown")


def _dot_env(error: Exception) -> SettingsInvalid:
    reason = why(error) if isinstance(error, OSError) else "it is no text"
    return SettingsInvalid(
        f".env cannot be read: {reason}. Check that it is a text file and that the user who runs "
        "Tropa may read it."
    )


def _read(name: str, path: Path) -> str:
    try:
        text = read_file(path, _LARGEST_SECRET).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = why(error) if isinstance(error, OSError) else "it is no text"
        raise SettingsInvalid(
            f"{name}: the file {path} cannot be read: {reason}. Check that it is a text "
            "file and that the user who runs Tropa may read it."
        ) from None
    # Of the return keys the lines are counted.
    return text.rstrip() if name == "RETURN_KEY" else text.strip()
