"""`tropa identity`: make one, show its public card, bring it back from paper.

The seed lies in an age file under a passphrase; the 24 words are shown once and kept by nobody
but their owner.
"""

from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table

from crypto.errors import BadWords, TooMuchWork
from crypto.identity import Identity
from crypto.kdf import draw
from crypto.keyfile import encrypt_seed, from_words, to_words
from desk.card import Card
from desk.desk import CARD, IDENTITY, Desk, desk_of
from desk.errors import DeskError

app = typer.Typer(no_args_is_help=True, help="Who you are to Tropa: your keys and your card.")

SHORTEST = 10
"""Characters of a passphrase. scrypt makes each guess slow; four words are far above this."""

NameOption = Annotated[
    str, typer.Option("--name", help="Pseudonym that the organisation will see.")
]


@app.command("new")
def new(context: typer.Context, name: NameOption = "") -> None:
    """Make an identity: a passphrase, a file, and 24 words for paper."""
    desk = desk_of(context)
    _refuse_second(desk)
    identity = Identity(draw(desk.random))
    _keep(desk, name, identity)
    _show_words(desk, to_words(identity.seed).split())
    _next_step(desk)


@app.command("restore")
def restore(context: typer.Context, name: NameOption = "") -> None:
    """Bring an identity back from its 24 words."""
    desk = desk_of(context)
    _refuse_second(desk)
    try:
        identity = Identity(from_words(desk.ask(desk.say("The 24 words (not shown)"))))
    except BadWords as error:
        raise DeskError("The words are not accepted: {why}.", why=str(error)) from None
    _keep(desk, name, identity)
    _next_step(desk)


@app.command("show")
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show your public card, to be sent to whoever keeps the roster."""
    desk = desk_of(context)
    card = desk.card()
    if as_json:
        desk.tell_json(
            {
                "name": card.name,
                "key_id": card.key_id,
                "fingerprint": card.fingerprint,
                "card": card.line(),
            }
        )
        return
    table = Table.grid(padding=(0, 2))
    table.add_row(desk.say("Name"), card.name)
    table.add_row(desk.say("Fingerprint"), f"[bold]{card.fingerprint}[/bold]")
    desk.err.print(table, markup=True)
    desk.err.print(
        desk.say("Read the fingerprint aloud to each other before the card is put on a roster.")
    )
    desk.err.print()
    # On its own on the standard output: `tropa identity show > anna.card` gives a file.
    desk.out.print(card.line(), soft_wrap=True, no_wrap=True, overflow="ignore", crop=False)


def _refuse_second(desk: Desk) -> None:
    if (desk.home.path / IDENTITY).exists():
        raise DeskError(
            "There is an identity already ({path}); nothing was changed. "
            "For another one set TROPA_HOME to another folder.",
            path=desk.home.path / IDENTITY,
        )


def _keep(desk: Desk, name: str, identity: Identity) -> None:
    card = Card.of(name or f"member-{identity.key_id[:4]}", identity)
    card.member()
    try:
        data = encrypt_seed(identity.seed, _new_passphrase(desk))
    except TooMuchWork:
        raise DeskError(
            "This machine is too busy to lock your key well now. Close other programs and "
            "try again."
        ) from None
    desk.home.create(IDENTITY, data)
    desk.home.write(CARD, card.line().encode() + b"\n")


def _new_passphrase(desk: Desk) -> str:
    passphrase = desk.passphrase(desk.say("New passphrase"))
    if not passphrase:
        raise DeskError("The passphrase is empty.")
    if len(passphrase) < SHORTEST:
        raise DeskError(
            "The passphrase is too short: at least {n} characters. Four random words are good.",
            n=SHORTEST,
        )
    if desk.passphrase(desk.say("The same again")) != passphrase:
        raise DeskError("The two passphrases differ; nothing was written.")
    return passphrase


def _show_words(desk: Desk, words: list[str]) -> None:
    table = Table.grid(padding=(0, 3))
    rows = len(words) // 4
    for row in range(rows):
        table.add_row(*(f"{n + 1:2} {words[n]}" for n in range(row, len(words), rows)))
    desk.out.print(
        Panel(
            table,
            title=desk.say("Write these 24 words on paper. They are shown only now."),
            title_align="left",
            expand=False,
        )
    )
    desk.tell(
        "Whoever has them has your identity; without them a lost laptop or passphrase is final. "
        "Take no photo of them."
    )


def _next_step(desk: Desk) -> None:
    desk.out.print()
    desk.tell("Identity written to {path}.", path=desk.home.path / IDENTITY)
    desk.tell("Next: send your card (tropa identity show) to whoever keeps the roster.")
