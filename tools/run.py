"""`make run`: the bot on Telegram if there is a token, otherwise a whole line to try out."""

import os
import subprocess
import sys
from pathlib import Path

from tools.demo import BIN, MEMBERS, ROOT, Demo, commands


def main() -> int:
    os.chdir(ROOT)
    if _telegram_token():
        return subprocess.call([str(BIN / "tropa-server"), "run"])
    return Demo(_guide, MEMBERS).run()


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


def _guide(sandbox_url: str) -> str:
    demo, tropa = commands()
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
