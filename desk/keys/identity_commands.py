"""`tropa identity`: make one, show its public card, bring it back from paper.

The seed lies in an age file under a passphrase; the 24 words are shown once and kept by nobody
but their owner.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from crypto.errors import BadWords
from crypto.identity import Identity
from crypto.kdf import draw
from crypto.keyfile import WORDS, from_words, to_words, word_list
from desk.desk import CARD, IDENTITY, Desk, desk_of
from desk.errors import DeskError, Stopped
from desk.keys import keeping
from desk.keys.checking import show_and_check
from desk.typing import Paper, numbered, type_words

app = typer.Typer(no_args_is_help=True, help="Who you are to Tropa: your keys and your card.")

COLUMNS = 4

NameOption = Annotated[
    str, typer.Option("--name", help="Pseudonym that the organisation will see.")
]


@app.command("new")
def new(context: typer.Context, name: NameOption = "") -> None:
    """Make an identity: a passphrase, a file, and 24 words for paper."""
    desk = desk_of(context)
    keeping.refuse_second(desk)
    identity = Identity(draw(desk.random))
    card = keeping.named_card(name, identity)
    data = keeping.locked(desk, identity, keeping.new_passphrase(desk))
    words = to_words(identity.seed).split()
    # With a passphrase file nobody need be there, even where there is a terminal.
    watched = desk.screen is not None and desk.settings.passphrase_file is None
    if watched:
        _show_and_check(desk, words)
    else:
        # First: where they cannot be printed, no identity is there whose words nobody has.
        _print_words(desk, words)
    try:
        keeping.keep(desk, card, data)
    except DeskError:
        desk.notice(
            "The words on your paper are good all the same: tropa identity restore makes the "
            "identity from them."
        )
        raise
    _next_step(desk)


@app.command("restore")
def restore(
    context: typer.Context,
    name: NameOption = "",
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="In the place of the file here, if the words are those of its key."
        ),
    ] = False,
) -> None:
    """Bring an identity back from its 24 words."""
    desk = desk_of(context)
    if not replace:
        keeping.refuse_second(desk)
    identity = _typed(desk)
    here = keeping.card_here(desk)
    if here is not None and not keeping.same_key(here, identity):
        raise _others_words(here.fingerprint)
    card = here or keeping.named_card(name, identity)
    data = keeping.locked(desk, identity, keeping.new_passphrase(desk))
    aside = keeping.replace_file(desk, here, data) if replace else None
    if not replace:
        keeping.keep(desk, card, data)
    elif here is None:
        desk.home.write(CARD, card.line().encode() + b"\n")
    if aside is not None:
        desk.tell("What lay there before is kept as {path}.", path=aside)
    _written(desk)
    desk.tell("It is the same key as before: nobody has to sign anything, and no card is sent.")
    if not desk.has_server:
        desk.tell("Next: tropa join, with the organisation.json that a lead gives you.")


@app.command("check")
def check(context: typer.Context) -> None:
    """Whether the 24 words on your paper are those of the identity here. Changes nothing."""
    desk = desk_of(context)
    card = desk.card()
    if not keeping.same_key(card, _typed(desk)):
        raise _others_words(card.fingerprint)
    desk.tell("These are the words of the identity here, {name}. Keep the paper.", name=card.name)


@app.command("passphrase")
def passphrase(
    context: typer.Context,
    new_file: Annotated[
        Path | None,
        typer.Option(
            "--new-passphrase-file",
            help="File whose first line is the new one, for machines without a keyboard.",
        ),
    ] = None,
    name: NameOption = "",
) -> None:
    """Change the passphrase. The 24 words stay the same."""
    desk = desk_of(context)
    identity = desk.unlock()
    card = keeping.card_here(desk)
    if card is not None and not keeping.same_key(card, identity):
        raise DeskError(
            "The identity and the card here are of different keys; nothing was changed. Bring the "
            "right one back from its 24 words: tropa identity restore --replace"
        )
    keeping.change_passphrase(desk, identity, new_file)
    if card is None:
        made = keeping.named_card(name, identity)
        desk.home.write(CARD, made.line().encode() + b"\n")
        desk.tell("The card was missing or damaged. It is made anew, for {name}.", name=made.name)
    desk.tell("The passphrase is changed. The 24 words on your paper are the same as before.")


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


def _typed(desk: Desk) -> Identity:
    paper = Paper(WORDS, word_list())
    title, prompt = desk.say("The 24 words on your paper"), desk.say("The 24 words (not shown)")
    try:
        return Identity(type_words(desk, title, prompt, paper, from_words))
    except BadWords as error:
        raise DeskError("The words are not accepted: {why}.", why=error) from None


def _others_words(fingerprint: str) -> DeskError:
    return DeskError(
        "These are the words of another identity; nothing was changed. The one here has the "
        "fingerprint {fingerprint}",
        fingerprint=fingerprint,
    )


def _show_and_check(desk: Desk, words: list[str]) -> None:
    assert desk.screen is not None
    page = Group(_sheet(desk, words), Text(_warning(desk) + "\n"))
    try:
        with desk.screen() as screen:
            show_and_check(desk, screen, page, words)
    except (KeyboardInterrupt, EOFError):
        desk.warn("No identity was made. The words you saw open nothing: destroy the paper.")
        raise Stopped from None


def _print_words(desk: Desk, words: list[str]) -> None:
    nowhere = DeskError("The words have nowhere to go: the output is closed. No identity was made.")
    if not desk.out.file.writable():
        raise nowhere
    try:
        desk.out.print(_sheet(desk, words))
        desk.out.print(_warning(desk))
    except SystemExit:  # the library ends without a word where nobody reads (`| lp` without lp)
        raise nowhere from None
    if desk.out.is_terminal:
        desk.warn("They stay in this terminal: clear it, with its scroll-back, before you go.")
    desk.tell("The words were not checked. With the paper in your hand run: tropa identity check")


def _sheet(desk: Desk, words: list[str]) -> Panel:
    return Panel(
        numbered(words, COLUMNS),
        title=Text(desk.say("Write these 24 words on paper. They are shown only now."), "bold"),
        title_align="left",
        expand=False,
    )


def _warning(desk: Desk) -> str:
    return desk.say(
        "Whoever has them has your identity; without them a lost laptop or passphrase is final. "
        "Take no photo of them."
    )


def _next_step(desk: Desk) -> None:
    _written(desk)
    desk.tell("Next: send your card (tropa identity show) to whoever keeps the roster.")


def _written(desk: Desk) -> None:
    desk.out.print()
    desk.tell("Identity written to {path}.", path=desk.home.path / IDENTITY)
