"""`tropa recovery`: make the key for the day when others are lost, in the hands of several people.

The key exists in the memory of this program for as long as the lists are shown, and nowhere else:
what is written is its public card.
"""

import os
import stat
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from crypto.errors import BadFormat
from crypto.identity import Identity
from crypto.kdf import draw
from crypto.shares import COMMON_WORDS, FEWEST_NEEDED, MOST_LISTS, check_numbers, split
from desk.card import Card
from desk.desk import Desk, desk_of
from desk.errors import DeskError, Stopped
from desk.home import create_file, explain
from desk.keys.checking import show_and_check
from desk.keys.list_page import ListSet, list_page, printed
from desk.keys.lists import ask_lists
from desk.screen import Screen
from intake.roster import Role

app = typer.Typer(
    no_args_is_help=True, help="The key for emergencies, split into lists that several people keep."
)

CardOption = Annotated[Path, typer.Option("--card", help="File of its public card.")]
CARD = Path("recovery.card")


@app.command("new")
def new(
    context: typer.Context,
    lists: Annotated[int, typer.Option("--lists", help="How many lists, one for each person.")],
    needed: Annotated[int, typer.Option("--needed", help="How many of them give the key back.")],
    name: Annotated[str, typer.Option("--name", help="Its name on the roster.")] = "recovery",
    card: CardOption = CARD,
    to_print: Annotated[
        bool,
        typer.Option("--print", help="Plain pages, a list on each, to be piped to a printer."),
    ] = False,
) -> None:
    """Make the recovery key. Each list is shown alone; only its public card is written."""
    desk = desk_of(context)
    _check_numbers(lists, needed)
    if os.path.lexists(card):
        raise DeskError("{path} exists already; nothing was changed.", path=card)
    _check_folder(card.absolute().parent)
    if to_print:
        _refuse_what_stays(desk)
    elif desk.screen is None:
        raise DeskError(
            "The lists are shown at a terminal alone, one by one, and this is none that could "
            "forget them. For paper pipe them to a printer: tropa recovery new ... --print | lp"
        )
    identity = Identity(draw(desk.random))
    public = Card.of(name, identity)
    public.member(Role.RECOVERY)
    made = ListSet(public, split(identity.seed, lists, needed, desk.random))
    if to_print:
        _print(desk, made)
    else:
        _show(desk, made)
    _write(desk, public, card)
    _next_step(desk, made, card)


@app.command("check")
def check(context: typer.Context, card: CardOption = CARD) -> None:
    """Whether lists still give the key of the card: asks for as many as are needed, one by one."""
    desk = desk_of(context)
    public = Card.find(str(card))
    ask_lists(desk, public)
    desk.tell(
        "The lists give the key of {name}, {fingerprint}. Nothing was opened or written.",
        name=public.name,
        fingerprint=public.fingerprint,
    )


def _check_numbers(lists: int, needed: int) -> None:
    if needed == 1:
        raise DeskError(
            "With one list needed, each list would be the whole key: let at least {n} be needed.",
            n=FEWEST_NEEDED,
        )
    if needed > lists:
        raise DeskError(
            "{needed} lists cannot be needed where there are {lists}.", needed=needed, lists=lists
        )
    if lists > MOST_LISTS:
        raise DeskError("There can be at most {n} lists.", n=MOST_LISTS)
    try:
        check_numbers(lists, needed)
    except BadFormat:
        raise DeskError("At least {n} lists must be needed.", n=FEWEST_NEEDED) from None


def _check_folder(folder: Path) -> None:
    """Before anybody has written a word: afterwards the card could only be copied by hand."""
    if not folder.is_dir():
        raise DeskError("There is no folder {path}.", path=folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DeskError("{path} may not be read or written by this user.", path=folder)


def _show(desk: Desk, made: ListSet) -> None:
    """One keeper after the other sits down, writes, and is asked; then the next."""
    assert desk.screen is not None
    try:
        with desk.screen() as screen:
            for one in made.lists:
                _call(desk, screen, one.number, made.total)
                page = Group(list_page(desk, made, one), Text(""))
                show_and_check(desk, screen, page, one.words, COMMON_WORDS)
    except (KeyboardInterrupt, EOFError):
        desk.warn(
            "No recovery key was made and no card was written. Lists that are on paper already "
            "open nothing: destroy them."
        )
        raise Stopped from None


def _call(desk: Desk, screen: Screen, number: int, total: int) -> None:
    screen.page(
        Text(desk.say("List {number} of {total}", number=number, total=total), style="bold"),
        Text(
            desk.say(
                "Now only the person who will keep this list sits at the screen. Everybody else "
                "looks away. Have paper and a pen, and no telephone."
            )
            + "\n"
        ),
    )
    screen.pause(desk.say("Press Enter to see the list."))


def _refuse_what_stays(desk: Desk) -> None:
    """Words on a screen can be scrolled back to, and in a file they outlive its deletion."""
    if desk.out.is_terminal:
        raise DeskError(
            "On a terminal the lists would stay in the scroll-back. Pipe them to a printer "
            "(... --print | lp), or leave --print out to see them one by one."
        )
    if not desk.out.file.writable() or _is(desk, os.devnull):
        raise DeskError(
            "The lists have nowhere to go: the output is closed. No recovery key was made."
        )
    if _is(desk):
        raise DeskError(
            "The lists belong on paper: from a disk they never go for good. Pipe them to a "
            "printer: tropa recovery new ... --print | lp"
        )


def _is(desk: Desk, device: str = "") -> bool:
    """Whether the output is this device; without one, whether it is a file on a disk."""
    try:
        output = os.fstat(desk.out.file.fileno())
        if device:
            return os.path.samestat(output, Path(device).stat())
        return stat.S_ISREG(output.st_mode)
    except (OSError, ValueError):
        return False


def _print(desk: Desk, made: ListSet) -> None:
    desk.warn(
        "Use a printer that hangs on this computer by a cable, and empty its queue afterwards: "
        "others keep what they print."
    )
    try:
        desk.out.file.write(printed(desk, made))
        desk.out.file.flush()
    except OSError as error:
        raise DeskError(
            "{why} No recovery key was made and no card was written. Lists that are on paper "
            "already open nothing: destroy them.",
            why=explain(error, Path("stdout")),
        ) from None


def _write(desk: Desk, public: Card, card: Path) -> None:
    """Where the disk fails now, the lists are on paper already: the card is not lost with it."""
    try:
        create_file(card, public.line().encode() + b"\n")
    except DeskError:
        desk.notice("The lists are good. This line is the card; keep it in a file:")
        desk.err.print(public.line(), soft_wrap=True)
        raise


def _next_step(desk: Desk, made: ListSet, card: Path) -> None:
    desk.notice("Recovery card written to {path}.", path=card)
    desk.notice("Its fingerprint: {fingerprint}", fingerprint=made.card.fingerprint)
    desk.notice(
        "Next: tropa roster add roster.json {path} --role recovery. Then try the papers, with "
        "{needed} of their keepers: tropa recovery check --card {path}",
        path=card,
        needed=made.needed,
    )
