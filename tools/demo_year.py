"""`make demo-year`: a line to try out that has a year behind it, to judge the counts by eye.

Kira is its coordinator. What is counted was drawn by a die (`tools/year.py`) and counted by the
server's own code; the server itself releases the months, when it starts.
"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.settings import Settings
from tools.demo import MEMBERS, Demo, commands
from tools.filling import fill

COORDINATOR = "kira"


def main() -> int:
    return Demo(_guide, {**MEMBERS, COORDINATOR: "coordinator"}, _a_year).run()


def _a_year(settings: Mapping[str, str]) -> None:
    print("Counting a year of requests that never were (half a minute) ...", flush=True)
    given = {name.lower(): value for name, value in settings.items()}
    asyncio.run(fill(Settings.model_validate(given), datetime.now(UTC)))


def _guide(sandbox_url: str) -> str:
    demo, tropa = commands()
    return f"""
Tropa runs, without Telegram, with a year behind it.

  Be the coordinator. In another terminal, in this folder:

       export TROPA_PASSPHRASE_FILE={demo / "passphrase"}
       export TROPA_HOME={demo / COORDINATOR}
       {tropa} counts
       {tropa} counts --csv
       {tropa} desk

  `tropa desk` opens the counts in your browser. In Russian: TROPA_LANGUAGE=ru.

  In the chat: {sandbox_url}/
  Press START, send the bot the line that `{tropa} link` gives you, then /counts.

  A month is shown fourteen days after its end. What waits today is at Anna's
  desk: TROPA_HOME={demo / "anna"} {tropa} desk

Nobody asked for any of this: a die did. Ctrl-C ends.
"""


if __name__ == "__main__":
    sys.exit(main())
