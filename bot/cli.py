"""`tropa-server`: the operator's command. Every fault ends in a sentence, none in a traceback."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvloop

from bot import credential_commands, doctor, logs
from bot.content import ContentInvalid, read_form
from bot.service import serve
from bot.settings import load_settings
from bot.telling import telling
from bot.updates import where
from crypto.process import lock_down
from intake import flow
from intake.errors import TropaError

INTERRUPTED = 130

app = typer.Typer(
    help="Run and check the intake line.", no_args_is_help=True, pretty_exceptions_enable=False
)
form = typer.Typer(help="Check and read a form.", no_args_is_help=True)
app.add_typer(form, name="form")
app.add_typer(credential_commands.app, name="credentials")


@app.command()
def run() -> None:
    """Take in requests on Telegram and offer the queue to the volunteers' desks."""
    settings = load_settings()
    logs.set_up(settings.log_level)
    uvloop.run(serve(settings))


@app.command("doctor")
def examine() -> None:
    """Check settings, credentials, database, roster, form and Telegram, and say what to do."""
    if not asyncio.run(_told()):
        raise typer.Exit(1)


async def _told() -> bool:
    """Each finding as it comes. What takes long is named at a terminal, until it is found."""
    # The libraries' own words, with their tracebacks, are for the log of a server that runs.
    logging.getLogger().addHandler(logging.NullHandler())
    look, wipe = telling()
    good = True
    async for finding in doctor.findings(look):
        mark = "ok  " if finding.good else "FAIL"
        typer.echo(f"{wipe}{mark}  {finding.what}: {finding.words}")
        good = good and finding.good
    return good


@form.command()
def check(file: Annotated[Path, typer.Argument(help="The form, a YAML file.")]) -> None:
    """Refuse a form that cannot work, and point at the line."""
    found = read_form(file)
    questions, languages = len(found.questions), ", ".join(found.languages)
    typer.echo(f"{file}: fine; {questions} questions in {languages}")
    typer.echo(f"digest {found.digest}")


@form.command()
def show(
    file: Annotated[Path, typer.Argument(help="The form, a YAML file.")],
    language: Annotated[str, typer.Option(help="The language to show it in.")] = "en",
) -> None:
    """Print the flow of a form for a person to read."""
    typer.echo(flow.show(read_form(file), language))


def main() -> None:
    """The entry point: nothing is read or written before memory is kept from the disk."""
    lock_down()
    try:
        app()
    except ContentInvalid as error:
        _end(str(error))
    except TropaError as error:
        _end(f"tropa-server: {error}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            typer.echo("tropa-server: stopped.", err=True)
        raise
    except Exception as error:
        # Its text may quote what was being handled; type and place are enough for a report.
        _end(f"tropa-server: unexpected {where(error)}. Please report this line.")


def _end(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    sys.exit(1)
