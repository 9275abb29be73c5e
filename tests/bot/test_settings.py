"""Settings: from where they come, and what is said when they are missing or wrong."""

import base64
import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

from bot.keyring import ReturnKeys
from bot.settings import (
    CREDENTIALS,
    Settings,
    SettingsInvalid,
    address,
    load_database_url,
    load_settings,
)
from tests.bot.keys.test_credentials import somebody_else

TOKEN = "12345:a-token-for-tests"
KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without any setting, and a folder without `.env`."""
    for name in [name.upper() for name in Settings.model_fields]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("RETURN_KEY", KEY)


def test_what_is_missing_is_named_with_what_to_do() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        load_settings()
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["TELEGRAM_TOKEN", "RETURN_KEY"]
    assert all(".env.example" in line for line in lines)


@pytest.mark.parametrize("name", CREDENTIALS)
def test_an_empty_credential_is_as_good_as_none(
    name: str, complete: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    if name == "WEBHOOK_SECRET":
        assert load_settings().webhook_secret.get_secret_value() == ""
        return
    with pytest.raises(SettingsInvalid, match=f"{name}: is not set"):
        load_settings()


def test_two_settings_are_enough(complete: None) -> None:
    settings = load_settings()
    assert settings.telegram_token.get_secret_value() == TOKEN
    assert settings.return_keys() == ReturnKeys.of(b"k" * 32)
    assert settings.database_url.startswith("sqlite:")
    assert settings.webhook_url is None


def test_a_secret_may_come_from_a_file(
    complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("99:from-a-file\n")
    monkeypatch.setenv("TELEGRAM_TOKEN_FILE", str(file))
    assert load_settings().telegram_token.get_secret_value() == "99:from-a-file"


def test_the_file_may_be_named_in_dot_env(
    complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("99:from-a-file\n")
    (tmp_path / ".env").write_text(f"TELEGRAM_TOKEN_FILE={tmp_path / 'token'}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELEGRAM_TOKEN")
    assert load_settings().telegram_token.get_secret_value() == "99:from-a-file"


def test_the_credentials_directory_comes_first(
    complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, file = tmp_path / "credentials", tmp_path / "token"
    folder.mkdir()
    file.write_text("99:from-a-file")
    (folder / "telegram_token").write_text("77:from-systemd\n")
    monkeypatch.setenv("TELEGRAM_TOKEN_FILE", str(file))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    settings = load_settings()
    assert settings.telegram_token.get_secret_value() == "77:from-systemd"
    assert settings.return_key.get_secret_value() == KEY


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xff"])
def test_a_file_that_cannot_be_read_is_named(
    content: bytes | None, complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("RETURN_KEY_FILE", str(file))
    with pytest.raises(SettingsInvalid, match=r"RETURN_KEY: the file .* cannot be read"):
        load_settings()


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _vast(path: Path) -> None:
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)


STRANGE: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (os.mkfifo, "it is a pipe or a device"),
    "a device": (_endless, "it is a pipe or a device"),
    "a folder": (Path.mkdir, "it is a folder"),
    "a link to itself": (lambda path: path.symlink_to(path), "its links lead in a circle"),
    "a link to nowhere": (lambda path: path.symlink_to(path.parent / "nowhere"), "it is not there"),
    "vast": (_vast, "it is far too large"),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("way", ["folder", "file"])
def test_a_secret_is_read_from_a_file_or_not_at_all(
    complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str, what: str
) -> None:
    """Nor is the one in the environment used in its place."""
    put, words = STRANGE[what]
    place = tmp_path / "credentials" / "return_key"
    place.parent.mkdir(mode=0o700)
    put(place)
    if way == "folder":
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(place.parent))
    else:
        monkeypatch.setenv("RETURN_KEY_FILE", str(place))
    with pytest.raises(SettingsInvalid, match=f"RETURN_KEY: the file .* {words}"):
        load_settings()


@pytest.mark.parametrize("what", ["a pipe", "a device", "a folder", "a link to itself"])
def test_settings_are_read_from_a_file_or_not_at_all(complete: None, what: str) -> None:
    put, words = STRANGE[what]
    place = Path(".env")
    put(place)
    try:
        for load in (load_settings, load_database_url):
            with pytest.raises(SettingsInvalid, match=rf"^\.env cannot be read: {words}"):
                load()
    finally:
        place.rmdir() if what == "a folder" else place.unlink()


def test_several_return_keys_stand_in_a_variable_or_a_file(
    complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, two = b"k" * 32, b"l" * 32
    other = base64.b64encode(two).decode()
    monkeypatch.setenv("RETURN_KEY", f"{KEY}, {other}")
    assert load_settings().return_keys() == ReturnKeys.of(one, two)
    file = tmp_path / "key"
    file.write_bytes(f"\ufeff\r\n{other}\r\n{KEY} # until 2026-11-27\r\n".encode())
    monkeypatch.setenv("RETURN_KEY_FILE", str(file))
    keys = load_settings().return_keys()
    assert keys == ReturnKeys.of(two, one)
    assert [key.line for key in keys.row] == [2, 3]


def test_a_return_key_that_is_wrong_is_told_by_its_line(
    complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(f"\n# kept\n{KEY}\n{KEY[:-8]}\n")
    monkeypatch.setenv("RETURN_KEY_FILE", str(file))
    with pytest.raises(SettingsInvalid, match=r"^RETURN_KEY: line 4 must be") as raised:
        load_settings().return_keys()
    assert KEY[:-8] not in str(raised.value)


@pytest.mark.parametrize("what", ["missing", "file", "closed"])
def test_a_credentials_directory_that_cannot_be_read_is_not_passed_over(
    what: str, complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / "credentials"
    if what == "file":
        directory.write_text("")
    elif what == "closed":
        directory.mkdir(mode=0)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))
    with (
        somebody_else() if what == "closed" else nullcontext(),
        pytest.raises(SettingsInvalid, match=f"CREDENTIALS_DIRECTORY: .*{directory}"),
    ):
        load_settings()


def test_a_secret_that_this_user_may_not_read_is_told_by_its_file(
    complete: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / "credentials"
    directory.mkdir(mode=0o755)
    (directory / "return_key").write_text(KEY)
    (directory / "return_key").chmod(0o200)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(directory))
    with (
        somebody_else(),
        pytest.raises(SettingsInvalid, match=r"CREDENTIALS_DIRECTORY|RETURN_KEY") as raised,
    ):
        load_settings()
    assert "the user who runs Tropa may read it" in str(raised.value)
    assert "may not do that" in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\xff=", None])
def test_a_file_of_settings_that_cannot_be_read_is_told(
    content: bytes | None, complete: None, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content or b"LOG_LEVEL=INFO")
    if content is None:
        file.chmod(0)
        tmp_path.chmod(0o755)
    try:
        with (
            somebody_else() if content is None else nullcontext(),
            pytest.raises(SettingsInvalid, match=r"^\.env cannot be read"),
        ):
            load_settings()
    finally:
        file.unlink()


@pytest.mark.parametrize("key", ["x", "not base64!", base64.b64encode(b"k" * 31).decode(), "ключ"])
def test_a_return_key_of_another_size_is_refused_without_showing_it(
    key: str, complete: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETURN_KEY", key)
    with pytest.raises(SettingsInvalid, match="openssl rand -base64 32") as raised:
        load_settings().return_keys()
    assert len(key) < 2 or key not in str(raised.value)


def test_an_invalid_value_is_refused_without_showing_any_other(
    complete: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsInvalid, match="LOG_LEVEL") as raised:
        load_settings()
    assert TOKEN not in str(raised.value)
    assert KEY not in str(raised.value)


def test_secrets_are_shown_nowhere(complete: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "a-webhook-secret")
    settings = load_settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json(), f"{settings!r:>5}"):
        assert TOKEN not in shown
        assert KEY not in shown
        assert "a-webhook-secret" not in shown


@pytest.mark.parametrize(
    ("listen", "meant"),
    [("127.0.0.1:8440", ("127.0.0.1", 8440)), ("[::1]:80", ("::1", 80)), ("host:0", ("host", 0))],
)
def test_an_address_is_host_and_port(listen: str, meant: tuple[str, int]) -> None:
    assert address(listen, "QUEUE_LISTEN") == meant


@pytest.mark.parametrize("listen", ["", "8440", ":8440", "host:", "host:x", "host:65536", "a:-1"])
def test_anything_else_is_refused_by_the_settings_name(listen: str) -> None:
    with pytest.raises(SettingsInvalid, match="QUEUE_LISTEN"):
        address(listen, "QUEUE_LISTEN")


@pytest.mark.parametrize("name", ["TELEGRAM_API_URL", "DATABASE_URL", "QUEUE_LISTEN", "LOG_LEVEL"])
def test_a_line_that_was_left_blank_means_its_default(
    complete: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    before = load_settings()
    monkeypatch.setenv(name, "")

    assert load_settings() == before


def test_the_log_level_may_be_written_small(
    complete: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")

    assert load_settings().log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WEBHOOK_URL", "http://tropa.example.org/", "https://"),
        ("WEBHOOK_URL", "tropa.example.org", "https://"),
        ("WEBHOOK_URL", "https://", "https://"),
        ("WEBHOOK_SECRET", "with spaces", "letters, digits"),
        ("WEBHOOK_SECRET", "x" * 257, "1 to 256"),
    ],
)
def test_what_telegram_would_refuse_is_told_at_once(
    complete: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsInvalid) as refused:
        load_settings()

    assert str(refused.value).startswith(f"{name}: ")
    assert words in str(refused.value)
    assert "Value error" not in str(refused.value)
