"""`make run`: the bot on Telegram if there is a token, otherwise a whole line to try out.

To try out: the sandbox instead of Telegram, a throw-away organisation made with the same commands
that a real one uses, two volunteers with a desk each, and the bot. Everything lies in build/demo
and is removed at the next start.
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
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "build" / "demo"
LOCK = ROOT / "build" / "demo.lock"
BIN = Path(sys.executable).parent
TOKEN = "1:sandbox"
SKILLS = "legal,evacuation,medical,psych,asylum,information"
MEMBERS = {"olga": "lead", "anna": "volunteer"}
"""Two, so that a case can be handed over; each has a desk in build/demo. Olga also signs."""


def main() -> int:
    os.chdir(ROOT)
    if _telegram_token():
        return subprocess.call([str(BIN / "tropa-server"), "run"])
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("Tropa is being tried out in this folder already. End that with Ctrl-C first.")
        try:
            return _demo()
        except KeyboardInterrupt:
            return 0


def _telegram_token() -> bool:
    """Whether a token is set where the server itself would look for one."""
    if os.environ.get("TELEGRAM_TOKEN") or os.environ.get("TELEGRAM_TOKEN_FILE"):
        return True
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if directory and (Path(directory) / "telegram_token").is_file():
        return True
    lines = Path(".env").read_text("utf-8").splitlines() if Path(".env").is_file() else []
    named = ("TELEGRAM_TOKEN=", "TELEGRAM_TOKEN_FILE=")
    values = [line.split("=", 1)[1] for line in lines if line.startswith(named)]
    return any(value.strip(" \"'") for value in values)


def _demo() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(mode=0o700)
    sandbox_port, queue_port = _port(8081), _port(8440)
    sandbox_url, queue_url = (f"http://127.0.0.1:{port}" for port in (sandbox_port, queue_port))
    print("Making a throw-away organisation in build/demo ...", flush=True)
    _organisation()
    with contextlib.ExitStack() as stack:
        sandbox = [sys.executable, "-m", "sandbox", "--port", str(sandbox_port), "--token", TOKEN]
        _start(stack, "sandbox", sandbox, {})
        _await(f"{sandbox_url}/")
        _start(stack, "bot", [str(BIN / "tropa-server"), "run"], _server(sandbox_url, queue_port))
        _await(f"{queue_url}/v1/roster")
        for name in MEMBERS:
            _desk(name, "join", queue_url, str(DEMO / "organisation.json"))
        print(_guide(sandbox_url), flush=True)
        return _watch()


def _organisation() -> None:
    """The commands of docs/guide-organisation.md, one after the other."""
    (DEMO / "passphrase").write_text("demonstration only\n")
    roster = str(DEMO / "roster.json")
    for name in MEMBERS:
        _desk(name, "identity", "new", "--name", name)
        card = json.loads(_desk(name, "identity", "show", "--json"))["card"]
        (DEMO / f"{name}.card").write_text(card)
    _desk(
        "olga", "roster", "new", "--organisation", "Demo", "--website", "https://example.org",
        "--key", str(DEMO / "olga.card"), "--form", "forms/default.yaml", "--file", roster,
    )  # fmt: skip
    for name, role in MEMBERS.items():
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


def _guide(sandbox_url: str) -> str:
    demo, tropa = DEMO.relative_to(ROOT), (BIN / "tropa").relative_to(ROOT)
    return f"""
Tropa runs, without Telegram, to be tried out.

  1. Talk to the bot as a person would:

       {sandbox_url}/

  2. When a request is sent, be a volunteer. In another terminal, in this folder:

       export TROPA_PASSPHRASE_FILE={demo / "passphrase"}
       TROPA_HOME={demo / "anna"} {tropa} desk

     It opens a page in your browser: take the case, read it, answer. The person
     sees a neutral line in the chat, and the answer when the line is tapped.
     Olga, a lead, has a desk of her own: TROPA_HOME={demo / "olga"}.

     The same without a browser, for programs too: {tropa} --help
     In Russian: TROPA_LANGUAGE=ru.

To run on Telegram, set TELEGRAM_TOKEN and the rest of .env.example. Ctrl-C ends.
"""


if __name__ == "__main__":
    sys.exit(main())
