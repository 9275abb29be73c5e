"""The desk's settings. The only place of the desk that reads the environment and the real clock."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_SAFE: Final = "PYTHONSAFEPATH"


@dataclass(frozen=True, slots=True)
class Settings:
    """`language` is a two-letter code; `proxy` an http:// address or None."""

    home: Path
    language: str
    passphrase_file: Path | None = None
    proxy: str | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """From TROPA_HOME, TROPA_LANGUAGE, TROPA_PASSPHRASE_FILE, TROPA_PROXY and the locale."""
    source = os.environ if environ is None else environ
    base = source.get("XDG_CONFIG_HOME") or "~/.config"
    home = source.get("TROPA_HOME") or f"{base}/tropa"
    passphrase = source.get("TROPA_PASSPHRASE_FILE")
    return Settings(
        home=Path(home).expanduser(),
        language=_language(source),
        passphrase_file=Path(passphrase).expanduser() if passphrase else None,
        proxy=source.get("TROPA_PROXY") or None,
    )


def _language(source: Mapping[str, str]) -> str:
    names = ("TROPA_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((source[name] for name in names if source.get(name)), "en")
    code = chosen[:2].lower()
    # "C" and "POSIX" name no language.
    return code if len(code) == 2 and code.isalpha() and chosen != "POSIX" else "en"


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


@contextmanager
def nothing_from_here() -> Iterator[None]:
    """While workers start: a program that Python starts so looks for its parts in the folder where
    it is first. Whoever can put a file there (a folder of downloads) would be told the secret."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE]
        else:
            os.environ[_SAFE] = before
