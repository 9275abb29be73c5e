"""`tropa-server credentials`: paths are told, and what to do next; never what is in the files."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bot import credentials, pruning
from bot.compose import utc_now
from bot.settings import load_database_url
from bot.telling import telling

app = typer.Typer(help="Make and renew the server's own secrets.", no_args_is_help=True)

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the credentials.")]


@app.command()
def new(directory: _Folder) -> None:
    """Make DIR with a return key and a webhook secret in it. Overwrites nothing."""
    credentials.make(directory, os.urandom)
    folder = directory.absolute()
    typer.echo(f"Made, readable for their owner alone:\n  {folder / 'return_key'}")
    typer.echo(f"  {folder / 'webhook_secret'}")
    typer.echo(
        "\nNow:\n"
        "1. Put the bot's token from @BotFather into this file, and close it:\n"
        f"     chmod 600 {folder / 'telegram_token'}\n"
        "2. Give the folder to the server, in one of these ways:\n"
        "     with systemd, in the unit, a line for each of the three files:\n"
        f"       LoadCredential=return_key:{folder / 'return_key'}\n"
        "     without:\n"
        f"       CREDENTIALS_DIRECTORY={folder}\n"
        "     or file by file:\n"
        f"       RETURN_KEY_FILE={folder / 'return_key'}\n"
        "   The server's user must own the folder; not so with systemd, which reads it\n"
        "   as root.\n"
        "3. Keep a copy of return_key on paper, in a safe, apart from the backups.\n"
        "4. tropa-server doctor"
    )


@app.command()
def rotate(
    directory: _Folder,
    webhook_secret: Annotated[
        bool, typer.Option("--webhook-secret", help="Renew this one, and not the return key.")
    ] = False,
) -> None:
    """Put a new return key first; those of before stay below it and go on opening."""
    folder = directory.absolute()
    if webhook_secret:
        credentials.rotate_webhook(directory, os.urandom)
        typer.echo(f"There is a new webhook secret in {folder / 'webhook_secret'}.")
        typer.echo("Restart the server: it tells Telegram the new one by itself.")
        return
    older = credentials.rotate(directory, os.urandom, utc_now().date())
    typer.echo(f"A new return key stands first in {folder / 'return_key'}.")
    typer.echo(f"Older ones below it: {older}.")
    typer.echo(
        "\nNow:\n"
        "1. Restart the server: until then it seals with the key of before.\n"
        "2. Renew the copy on paper: all keys of the file.\n"
        "\nAfter the restart:\n"
        "- What is new is sealed with the new key. Linked chats and the counts of the\n"
        "  month were taken over at the start; nobody has to do anything.\n"
        "- The way back to a case of before is sealed with the key of before, until its\n"
        "  person comes back, a line was sent, or it is erased. So the older keys stay\n"
        "  in the file.\n"
        "- Whoever has a copy of an older key can still open what was sealed with it,\n"
        "  where he has that too. The new key takes nothing back.\n"
        f"- When these cases are gone: tropa-server credentials prune {folder}"
    )


@app.command()
def prune(directory: _Folder) -> None:
    """Drop the older return keys that nothing needs any more. Looks into the database."""
    url, (look, wipe) = load_database_url(), telling()
    look("the database is looked at")
    try:
        done = asyncio.run(pruning.prune(directory, url, utc_now().date()))
    finally:
        typer.echo(wipe, nl=False)
    folder = directory.absolute()
    if not done.gone and not done.kept:
        typer.echo(f"There is one return key in {folder / 'return_key'}, and it is in use.")
        return
    for need in done.kept:
        typer.echo(f"Still needed, {need.words}.")
    if not done.gone:
        typer.echo("Nothing was dropped.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Dropped from {folder / 'return_key'}: {done.gone}. Now:")
    typer.echo("1. Restart the server.")
    typer.echo("2. Destroy the copies of what was dropped, on paper too.")
