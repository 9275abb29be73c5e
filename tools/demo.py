"""A whole line to try out, for `make run` and `make demo-year`.

The sandbox instead of Telegram, a throw-away organisation made with the same commands that a real
one uses, a desk for each member, and the bot. Everything lies in build/demo and is removed at the
next start.
"""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "build" / "demo"
LOCK = ROOT / "build" / "demo.lock"
BIN = Path(sys.executable).parent
TOKEN = "1:sandbox"
SKILLS = "legal,evacuation,medical,psych,asylum,information"
MEMBERS = {"olga": "lead", "anna": "volunteer"}
"""Two, so that a case can be handed over; each has a desk in build/demo. Olga also signs."""

Prepare = Callable[[Mapping[str, str]], None]
"""Called with the server's settings before it starts."""


def _nothing(_settings: Mapping[str, str]) -> None:
    return


@dataclass(frozen=True)
class Demo:
    """What is to be shown: who is on the roster, what is there before, and what is said then.

    `guide` is given the address of the sandbox.
    """

    guide: Callable[[str], str]
    members: Mapping[str, str]
    prepare: Prepare = _nothing

    def run(self) -> int:
        """Until Ctrl-C; one at a time in this folder."""
        os.chdir(ROOT)
        LOCK.parent.mkdir(exist_ok=True)
        with LOCK.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit(
                    "Tropa is being tried out in this folder already. End that with Ctrl-C first."
                )
            try:
                return self._run()
            except KeyboardInterrupt:
                return 0

    def _run(self) -> int:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        shutil.rmtree(DEMO, ignore_errors=True)
        DEMO.mkdir(mode=0o700)
        sandbox_port, queue_port = _port(8081), _port(8440)
        sandbox_url, queue_url = (f"http://127.0.0.1:{port}" for port in (sandbox_port, queue_port))
        print("Making a throw-away organisation in build/demo ...", flush=True)
        _organisation(self.members)
        settings = _server(sandbox_url, queue_port)
        self.prepare(settings)
        with contextlib.ExitStack() as stack:
            port = ["--port", str(sandbox_port), "--token", TOKEN]
            _start(stack, "sandbox", [sys.executable, "-m", "sandbox", *port], {})
            _await(f"{sandbox_url}/")
            _start(stack, "bot", [str(BIN / "tropa-server"), "run"], settings)
            _await(f"{queue_url}/v1/roster")
            for name in self.members:
                _desk(name, "join", queue_url, str(DEMO / "organisation.json"))
            print(self.guide(sandbox_url), flush=True)
            return _watch()


def commands() -> tuple[Path, Path]:
    """Where the demonstration and the desk's command are, as one types it in this folder."""
    return DEMO.relative_to(ROOT), (BIN / "tropa").relative_to(ROOT)


def _organisation(members: Mapping[str, str]) -> None:
    """The commands of docs/guide-organisation.md, one after the other."""
    (DEMO / "passphrase").write_text("demonstration only\n")
    roster = str(DEMO / "roster.json")
    for name in members:
        _desk(name, "identity", "new", "--name", name)
        card = json.loads(_desk(name, "identity", "show", "--json"))["card"]
        (DEMO / f"{name}.card").write_text(card)
    _desk(
        "olga", "roster", "new", "--organisation", "Demo", "--website", "https://example.org",
        "--key", str(DEMO / "olga.card"), "--form", "forms/default.yaml", "--file", roster,
    )  # fmt: skip
    for name, role in members.items():
        _desk(
            "olga", "roster", "add", roster, str(DEMO / f"{name}.card"), "--role", role,
            "--skills", SKILLS, "--languages", "en,ru",
        )  # fmt: skip
    _desk("olga", "roster", "sign", "--yes", roster)


def _desk(member: str, *command: str) -> str:
    settings = {
        "TROPA_HOME": str(DEMO / member),
        "TROPA_PASSPHRASE_FILE": str(DEMO / "passphrase"),
        "TROPA_LANGUAGE": "en",
    }
    done = subprocess.run(
        [str(BIN / "tropa"), *command],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"tropa {' '.join(command[:2])} failed: {done.stderr or done.stdout}")
    return done.stdout


def _server(sandbox_url: str, queue_port: int) -> dict[str, str]:
    return {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": sandbox_url,
        "RETURN_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "DATABASE_URL": f"sqlite:///{DEMO / 'tropa.db'}",
        "ORGANISATION": str(DEMO / "organisation.json"),
        "ROSTER": str(DEMO / "roster.json"),
        "FORM": "forms/default.yaml",
        "QUEUE_LISTEN": f"127.0.0.1:{queue_port}",
    }


def _start(
    stack: contextlib.ExitStack, name: str, command: list[str], settings: Mapping[str, str]
) -> None:
    log = stack.enter_context((DEMO / f"{name}.log").open("w"))
    process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=log, stderr=log)
    RUNNING[name] = process
    stack.callback(_end, process)


RUNNING: dict[str, "subprocess.Popen[bytes]"] = {}


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
        return
    process.kill()


def _await(url: str) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        _fail_if_ended()
        time.sleep(0.1)
    sys.exit(f"{url} does not answer; see the logs in build/demo.")


def _fail_if_ended() -> None:
    for name, process in RUNNING.items():
        if process.poll() is not None:
            log = (DEMO / f"{name}.log").read_text("utf-8")[-2000:]
            sys.exit(f"The {name} ended by itself:\n{log}")


def _watch() -> int:
    while True:
        _fail_if_ended()
        time.sleep(0.5)


def _port(wanted: int) -> int:
    """The port wanted, or any free one where somebody listens there already."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    sys.exit("There is no free port on the loopback interface.")
