"""`tropa` as a person starts it: a process of its own, with its environment and exit codes."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from desk.cli import production
from tests.desk.world import PASSPHRASE, URGENT, World


def tropa(
    home: Path, *arguments: str, piped: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    secret = home.parent / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    path = os.environ["PATH"]
    base = {"PATH": path, "TROPA_HOME": str(home), "TROPA_PASSPHRASE_FILE": str(secret)}
    return subprocess.run(
        [sys.executable, "-c", "from desk.start import main; main()", *arguments],
        env=base | {"TROPA_LANGUAGE": "en"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=piped,
        stdin=subprocess.DEVNULL if piped is None else None,
        start_new_session=True,  # no terminal to be asked at
    )


def test_the_first_steps_and_the_whole_way_to_an_open_case(world: World, tmp_path: Path) -> None:
    world.time.live = True
    world.put(world.roster.extended(world.time() + timedelta(days=9)))
    case = world.submit(URGENT)
    home = world.desk("anna").home
    assert case[:8] in tropa(home, "queue").stdout
    assert tropa(home, "take").returncode == 0
    opened = tropa(home, "open", case[:6])
    assert opened.returncode == 0, opened.stderr
    assert "Mobilised" in opened.stdout
    assert "\x1b" not in opened.stdout
    russian = tropa(home, "open", case[:6], TROPA_LANGUAGE="ru")
    assert "Мобилизован" in russian.stdout
    assert "Почему срочно" in russian.stdout


def test_a_text_is_piped_and_never_waited_for(world: World, tmp_path: Path) -> None:
    world.time.live = True
    world.put(world.roster.extended(world.time() + timedelta(days=9)))
    case = world.submit(URGENT)
    home = world.desk("anna").home
    assert tropa(home, "take").returncode == 0
    noted = tropa(home, "note", case[:6], "--file", "-", piped="Из трубы\n")
    assert noted.returncode == 0, noted.stderr
    assert "Из трубы" in tropa(home, "open", case[:6]).stdout
    waiting = tropa(home, "note", case[:6])
    assert waiting.returncode == 1
    assert "pipe it in" in waiting.stderr
    silent = tropa(home, "reply", case[:6], "--file", "-", piped="x")
    assert silent.returncode == 1
    assert "say --yes" in silent.stderr
    assert tropa(home, "reply", case[:6], "--file", "-", "--yes", piped="x").returncode == 0


def taken(world: World) -> tuple[Path, str]:
    """The home of a desk that holds a case, and the case."""
    world.time.live = True
    world.put(world.roster.extended(world.time() + timedelta(days=9)))
    case, home = world.submit(URGENT), world.desk("anna").home
    assert tropa(home, "take").returncode == 0
    return home, case


def test_a_terminal_without_the_letters_shows_their_numbers(world: World) -> None:
    home, case = taken(world)
    whole = json.loads(tropa(home, "open", case, "--json").stdout)
    for how in ((), ("--print",)):
        ran = tropa(home, "open", case, *how, PYTHONIOENCODING="latin-1")
        assert ran.returncode == 0, ran.stderr
        assert "Mobilised" in ran.stdout
        assert "\\u041f" in ran.stdout
    assert json.loads(tropa(home, "open", case, "--json", PYTHONIOENCODING="ascii").stdout) == whole


def test_what_could_not_be_written_is_told_and_a_reader_who_left_is_not(world: World) -> None:
    home, case = taken(world)
    command = (
        f"exec '{sys.executable}' -c 'from desk.start import main; main()' open {case} --print"
    )
    environment = {
        "TROPA_HOME": str(home),
        "TROPA_LANGUAGE": "en",
        "TROPA_PASSPHRASE_FILE": str(home.parent / "passphrase"),
    }
    for where, told in ((">/dev/full", "The disk is full"), ("| true", "")):
        shell = ["/bin/bash", "-o", "pipefail", "-c", f"({command}) {where}"]
        ran = subprocess.run(shell, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 1
        assert told in ran.stderr
        assert "Exception" not in ran.stderr
        assert bool(ran.stderr) is bool(told)


def test_a_question_never_stands_in_what_a_program_reads(world: World) -> None:
    home, case = taken(world)
    keyboard, terminal = os.openpty()
    os.write(keyboard, b"n\n")
    ran = subprocess.run(
        [sys.executable, "-c", "from desk.start import main; main()", "erase", case, "--json"],
        env={"TROPA_HOME": str(home), "TROPA_PASSPHRASE_FILE": str(home.parent / "passphrase")},
        stdin=terminal,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(keyboard)
    os.close(terminal)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "Erase case" in ran.stderr


def test_without_an_identity_it_says_what_to_do_and_fails(tmp_path: Path) -> None:
    ran = tropa(tmp_path / "home", "queue")
    assert ran.returncode == 1
    assert "tropa identity new" in ran.stderr
    assert ran.stdout == ""
    assert not (tmp_path / "home").exists()


def test_without_a_terminal_no_passphrase_is_asked_with_an_echo(tmp_path: Path) -> None:
    ran = tropa(tmp_path / "home", "identity", "new", TROPA_PASSPHRASE_FILE="")
    assert ran.returncode == 1
    assert "TROPA_PASSPHRASE_FILE" in ran.stderr
    assert "Warning" not in ran.stderr


@pytest.mark.parametrize(
    ("typed", "meant"), [("y", True), ("ДА", True), ("", False), ("n", False), ("yellow", False)]
)
def test_only_a_plain_yes_at_a_terminal_is_consent(
    typed: str, meant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard, terminal = os.openpty()
    os.write(keyboard, f"{typed}\n".encode())
    with os.fdopen(terminal, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert production().confirm("Sign this roster? [y/N]") is meant
    os.close(keyboard)


def test_a_command_it_does_not_know_ends_with_two(tmp_path: Path) -> None:
    ran = tropa(tmp_path / "home", "opne")
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr


def test_the_folder_is_the_homes_config_by_default(tmp_path: Path) -> None:
    ran = tropa(tmp_path / "x", "identity", "new", TROPA_HOME="", HOME=str(tmp_path / "me"))
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "me" / ".config" / "tropa" / "identity.age").exists()


@pytest.mark.parametrize("locale", ["ru_RU.UTF-8", "ru"])
def test_the_language_comes_from_the_locale(tmp_path: Path, locale: str) -> None:
    ran = tropa(tmp_path / "home", "queue", TROPA_LANGUAGE="", LANG=locale)
    assert "tropa identity new" in ran.stderr
    assert "нет" in ran.stderr


def test_an_interruption_while_it_begins_ends_it_without_a_word() -> None:
    code = (
        "import os, signal, sys, desk.start\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'desk.cli': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "desk.start.main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGINT
    assert ran.stderr == ""


def test_what_is_loaded_is_searched_no_more_and_what_comes_after_is() -> None:
    code = (
        "import gc, desk.cli, desk.start\n"
        "desk.cli.main = lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
        "desk.start.main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "True True\n"


def test_the_help_lists_the_commands_in_both_languages(tmp_path: Path) -> None:
    for language, words in (("en", "most urgent first"), ("ru", "сначала самое срочное")):
        ran = tropa(tmp_path / "home", "--help", TROPA_LANGUAGE=language)
        assert ran.returncode == 0
        assert words in ran.stdout


def test_the_process_leaves_no_core_and_cannot_be_read_by_others(tmp_path: Path) -> None:
    code = (
        "import resource, desk.cli as c; c.production = lambda: None; c.run = lambda *a: 0\n"
        "try: c.main()\nexcept SystemExit: pass\n"
        "import ctypes; print(resource.getrlimit(resource.RLIMIT_CORE),"
        " ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(0, 0) 0"


def test_the_desk_needs_nothing_of_the_servers() -> None:
    code = "import sys, desk.cli; print(*{name.split('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    servers = {
        "aiohttp",
        "telegram",
        "sqlalchemy",
        "alembic",
        "aiosqlite",
        "uvloop",
        "bot",
        "storage",
    }
    assert not servers & set(ran.stdout.split())
