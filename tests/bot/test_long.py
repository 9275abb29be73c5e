"""What an operator sees of that which takes long, and of Ctrl-C."""

import logging
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot import doctor
from bot.service import _bring_up_to_date
from storage.migrations import steps, upgrade
from tests.organisation import House

SERVER = Path(sys.executable).parent / "tropa-server"


async def test_an_old_database_that_is_brought_up_to_date_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tropa")
    old, new = (f"sqlite:///{tmp_path / name}.db" for name in ("old", "new"))
    await upgrade(old, steps()[0])
    await _bring_up_to_date(old)
    assert f"brought up to date ({len(steps()) - 1} steps)" in caplog.messages[0]
    assert caplog.messages[1] == "The database is up to date."
    caplog.clear()
    await _bring_up_to_date(old)
    await _bring_up_to_date(new)
    assert caplog.messages == []


async def test_the_doctor_names_what_takes_long_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, told = House(tmp_path), list[str]()
    settings = house.settings("http://127.0.0.1:9", "1:nobody")
    for name, value in house.environment(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(house.folder)
    told = [finding.what async for finding in doctor.findings(told.append)] and told
    assert told == ["the database is looked at", "Telegram is asked, at most 10 s at a time"]


def test_ctrl_c_ends_the_doctor_with_a_word(tmp_path: Path) -> None:
    house = House(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = house.environment(house.settings(url, "1:nobody"))
        process = subprocess.Popen(
            [str(SERVER), "doctor"],
            env=environment,
            cwd=house.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = silent.accept()  # Telegram is being asked
        with connection:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "ok    settings" in out
    assert err == "tropa-server: stopped.\n"
