"""`tropa link`, and joining without a server: for whoever works from a machine apart.

Both need no network. The text that links a chat goes through Telegram and holds nothing secret.
"""

from pathlib import Path

import typer

from crypto.link import VALID, make_link
from desk.desk import Desk, desk_of
from desk.home import SMALL, read_file
from intake.roster import Organisation


def add_to(app: typer.Typer) -> None:
    """Put this command beside the groups."""
    app.command("link")(link)


def link(context: typer.Context) -> None:
    """Link a Telegram chat of yours: alerts, and cases as files."""
    desk = desk_of(context)
    identity = desk.unlock()
    minutes = int(VALID.total_seconds()) // 60
    desk.err.print(
        desk.say(
            "Send this line to the organisation's bot within {minutes} minutes. It works once.",
            minutes=minutes,
        )
    )
    desk.err.print(
        desk.say(
            "From then on the server knows, sealed with its credentials, which chat is yours. "
            "To end that, send the bot: /unlink"
        )
    )
    # On its own and in one piece: it is pasted into a chat, or carried to another machine.
    text = make_link(identity, desk.clock(), desk.random)
    desk.out.print(f"/link {text}", soft_wrap=True, no_wrap=True, overflow="ignore", crop=False)


def join_offline(desk: Desk, organisation: Path) -> None:
    """Pin the organisation's keys, and nothing else: rosters come with the cases' files."""
    pinned = Organisation.from_payload(read_file(organisation, SMALL))
    desk.trust.pin(pinned)
    desk.tell(
        "This desk believes what {name} signs. Open cases that came as files: tropa open FILE",
        name=pinned.name,
    )
