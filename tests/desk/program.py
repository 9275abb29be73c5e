"""`tropa desk` as a program of its own, with a folder in which a member's identity lies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.identity import Identity
from desk.card import Card
from desk.desk import CARD, IDENTITY
from desk.home import Home
from tests.desk.age_files import quick_identity_file
from tests.organisation import House

TROPA = Path(sys.executable).parent / "tropa"
PASSPHRASE = "for trying out only"


@contextmanager
def desk_program(
    name: str, identity: Identity, house: House, url: str, folder: Path, language: str = "en"
) -> Iterator[str]:
    """Joined to the server at `url` and running until the block ends; the address it printed."""
    home = Home(folder)
    home.write(IDENTITY, quick_identity_file(identity.seed, PASSPHRASE))
    home.write(CARD, Card.of(name, identity).line().encode() + b"\n")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TROPA_HOME": str(folder),
        "TROPA_LANGUAGE": language,
    }
    joining = [str(TROPA), "join", url, str(house.folder / "organisation.json")]
    subprocess.run(joining, env=environment, check=True, capture_output=True)
    process = subprocess.Popen(
        [str(TROPA), "desk", "--no-browser"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if line.startswith("http://"))
    finally:
        process.terminate()
        process.wait(15)
