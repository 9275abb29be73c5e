"""The import rules hold, and each of them is a rule: breaking it is noticed."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = Path(sys.executable).parent / "lint-imports"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

# One way to break each rule: the module that gets the import, and the import.
BREACHES = {
    "The domain and the cryptography import nothing of ours": ("crypto/padding.py", "intake.case"),
    "The domain performs no effect: it knows neither network, database, Telegram nor keys": (
        "intake/triage.py",
        "aiohttp",
    ),
    "The cryptography knows no domain, no database, no Telegram": ("crypto/token.py", "pydantic"),
    "Storage knows ciphertext and the domain's clear types, nothing else of ours": (
        "storage/drafts.py",
        "crypto.draft",
    ),
    "Handlers speak with the outside and the domain alone": ("handlers/card.py", "storage.drafts"),
    "The desk has nothing of the server's": ("desk/client.py", "storage.drafts"),
    "What the server cannot do, it cannot import: opening cases is the desk's alone": (
        "bot/cases.py",
        "crypto.opening",
    ),
    "The stand-in for Telegram is a world of its own": ("sandbox/server.py", "intake.case"),
}

OPENING = "What the server cannot do, it cannot import: opening cases is the desk's alone"
MORE = [(OPENING, "bot/cases.py", "crypto.keyfile"), (OPENING, "bot/cases.py", "crypto.shares")]


def _lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(LINT), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    """The packages alone, in a folder where one may break things."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__")
    for package in CONTRACTS["root_packages"]:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    return tmp_path


def test_every_rule_has_a_breach_here() -> None:
    assert sorted(BREACHES) == sorted(contract["name"] for contract in CONTRACTS["contracts"])


def test_the_rules_hold() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("rule", "where", "what"), [*((rule, *breach) for rule, breach in BREACHES.items()), *MORE]
)
def test_a_breach_is_noticed_and_named(rule: str, where: str, what: str, copy: Path) -> None:
    module = copy / where
    text = module.read_text("utf-8") if module.exists() else '"""A module that breaks a rule."""\n'
    module.write_text(f"{text}\nimport {what} as _breach\n", "utf-8")
    done = _lint(copy)
    assert done.returncode == 1
    assert f"{rule} BROKEN" in " ".join(done.stdout.split())
