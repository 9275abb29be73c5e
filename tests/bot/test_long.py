"""What an operator sees of that which takes long, and of Ctrl-C; how a start is kept short."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
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


class _Rubbish(BaseHTTPRequestHandler):
    """What stands between the server and Telegram, and answers in its place."""

    def do_POST(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, *_: object) -> None:
        """Nobody wants to know."""


@contextmanager
def rubbish() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Rubbish) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_that_is_none_is_told_without_a_traceback(tmp_path: Path) -> None:
    house = House(tmp_path)
    with rubbish() as url:
        environment = house.environment(house.settings(url, "1:nobody"))
        done = subprocess.run(
            [str(SERVER), "doctor"], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert "FAIL  Telegram: " in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(("term", "told"), [("xterm", True), ("dumb", False)])
def test_what_takes_long_is_wiped_where_a_terminal_can_do_that(
    tmp_path: Path, term: str, told: bool
) -> None:
    house = House(tmp_path)
    environment = house.environment(house.settings("http://127.0.0.1:9", "1:nobody"))
    here, there = os.openpty()
    with os.fdopen(here, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            [str(SERVER), "doctor"], env=environment | {"TERM": term}, cwd=tmp_path, stdout=there
        )
        os.close(there)
        said = _all_of(screen.fileno())
        process.wait()
    assert ("is looked at ..." in said) is told
    assert ("\x1b" in said) is told
    assert "ok    settings" in said


def _all_of(terminal: int) -> str:
    said = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # nobody has it open any more
            return said.decode()
        said += more


def test_what_is_loaded_is_searched_no_more_and_what_comes_after_is() -> None:
    code = (
        "import gc, bot.cli, bot.start\n"
        "bot.cli.main = lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
        "bot.start.main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True True\n"
