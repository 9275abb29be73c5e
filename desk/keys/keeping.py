"""How an identity comes onto this machine: locked, checked, and never over another one."""

import os
from pathlib import Path

from crypto.errors import TooMuchWork
from crypto.identity import Identity
from crypto.keyfile import encrypt_seed
from desk.card import Card
from desk.desk import CARD, IDENTITY, Desk
from desk.errors import DeskError
from desk.home import SMALL, explain, read_file
from desk.passphrases import first_line, new, tidy

_SLIPS = 4
"""After so many, whoever types it had better think first."""


def refuse_second(desk: Desk) -> None:
    if os.path.lexists(desk.home.path / IDENTITY):
        raise DeskError(
            "There is an identity already ({path}); nothing was changed. To bring that very one "
            "back from its 24 words (the passphrase is forgotten, the file is damaged) run: "
            "tropa identity restore --replace. For another one set TROPA_HOME to another folder.",
            path=desk.home.path / IDENTITY,
        )


def named_card(name: str, identity: Identity) -> Card:
    """Her card; `DeskError` for a name that no roster could hold."""
    card = Card.of(name or f"member-{identity.key_id[:4]}", identity)
    card.member()
    return card


def new_passphrase(desk: Desk, file: Path | None = None) -> str:
    """Asked for twice, or the first line of a file. At a terminal a slip is told and it is asked
    for again: 24 words may have been typed before it."""
    if file is not None:
        return new(first_line(read_file(file, SMALL), file))
    at_terminal = desk.screen is not None and desk.settings.passphrase_file is None
    for _ in range(_SLIPS if at_terminal else 0):
        try:
            return _asked_twice(desk)
        except DeskError as error:
            desk.fail(error)
    return _asked_twice(desk)


def _asked_twice(desk: Desk) -> str:
    passphrase = new(desk.passphrase(desk.say("New passphrase")))
    if tidy(desk.passphrase(desk.say("The same again"))) == passphrase:
        return passphrase
    raise DeskError("The two passphrases differ; nothing was written.")


def locked(desk: Desk, identity: Identity, passphrase: str) -> bytes:
    """The file of this identity."""
    with desk.busy(desk.say("Locking your key: a second or two")):
        try:
            return encrypt_seed(identity.seed, passphrase)
        except TooMuchWork:
            raise DeskError(
                "This machine is too busy to lock your key well now. Close other programs and "
                "try again."
            ) from None


def keep(desk: Desk, card: Card, data: bytes) -> None:
    """A first identity on this machine, whole or not at all: its words are on paper."""
    desk.home.create(IDENTITY, data)
    try:
        desk.home.write(CARD, card.line().encode() + b"\n")
    except BaseException:
        desk.home.remove(IDENTITY)
        raise
    desk.warn_if_open()


def card_here(desk: Desk) -> Card | None:
    """The card of this machine; None where it is missing or damaged."""
    try:
        return desk.card()
    except DeskError:
        return None


def same_key(card: Card, identity: Identity) -> bool:
    return (card.signing, card.sealing) == (identity.signing_public, identity.sealing_public)


def replace_file(desk: Desk, card: Card | None, data: bytes) -> Path | None:
    """The identity file anew. Where no card here vouches that it is the same key, or a folder
    lies in its place, what was there is kept; returns where.
    """
    target = desk.home.path / IDENTITY
    aside = None
    if os.path.lexists(target) and (card is None or not target.is_file()):
        aside = _free_name(desk, target)
        try:
            target.rename(aside)
        except OSError as error:
            raise explain(error, target) from None
    try:
        desk.home.write(IDENTITY, data)
    except BaseException:
        if aside is not None:
            aside.rename(target)
        raise
    desk.warn_if_open()
    return aside


def _free_name(desk: Desk, target: Path) -> Path:
    day = f"{desk.clock():%Y-%m-%d}"
    more = ("", *(f"-{number}" for number in range(2, 100)))
    free = (target.with_name(f"{target.stem}-{day}{part}{target.suffix}") for part in more)
    return next(path for path in free if not os.path.lexists(path))


def change_passphrase(desk: Desk, identity: Identity, file: Path | None) -> None:
    """The same key under another passphrase. The old file stays until the new one is on the disk
    and was opened once.
    """
    if file is None and desk.settings.passphrase_file is not None:
        raise DeskError(
            "TROPA_PASSPHRASE_FILE holds the old passphrase. Name the file of the new one with "
            "--new-passphrase-file."
        )
    passphrase = new_passphrase(desk, file)
    data = locked(desk, identity, passphrase)
    with desk.busy(desk.say("Trying the new passphrase: a second or two")):
        if desk.open_seed(data, passphrase) != identity.seed:
            raise DeskError("The new file does not give your key back; nothing was changed.")
    desk.home.write(IDENTITY, data)
    desk.warn_if_open()
