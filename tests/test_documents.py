"""Documents that are compared with the code, so that they cannot rot."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import CREDENTIALS, Settings

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", _read("Makefile"), re.MULTILINE))


def test_every_setting_stands_in_the_example_and_nothing_else_does() -> None:
    shown = re.findall(r"^([A-Z_]+)=", _read(".env.example"), re.MULTILINE)
    assert sorted(shown) == sorted(name.upper() for name in Settings.model_fields)


def test_the_example_shows_the_defaults() -> None:
    shown = dict(re.findall(r"^([A-Z_]+)=(.+)$", _read(".env.example"), re.MULTILINE))
    defaults = {name.upper(): str(field.default) for name, field in Settings.model_fields.items()}
    assert {name: defaults[name] for name in shown} == shown


def test_every_secret_can_be_given_as_a_file() -> None:
    secret = {name.upper() for name, field in Settings.model_fields.items()
              if "SecretStr" in str(field.annotation)}  # fmt: skip
    assert secret == set(CREDENTIALS)


@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_the_commands_of_the_readme_exist(readme: str) -> None:
    commands = re.findall(r"`make ([a-z-]+)", _read(readme))
    assert {"run", "test"} <= set(commands) <= _make_targets()


@pytest.mark.parametrize("program", ["tropa", "tropa-server"])
def test_every_command_that_a_document_names_exists(program: str) -> None:
    named = set()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / ".env.example"]:
        text = path.read_text("utf-8")
        named |= set(re.findall(rf"(?<![\w/-]){program}((?: [a-z][a-z-]+){{1,2}})", text))
    known = _commands(program)
    of_groups = {tuple(words.split()) for words in named if words.split()[0] in known["groups"]}
    unknown = {words for words in of_groups if len(words) > 1} - {
        words for words in of_groups if " ".join(words) in known["commands"]
    }
    assert sorted(unknown) == []


def _commands(program: str) -> dict[str, set[str]]:
    groups = {name for name in _listed(program) if _listed(program, name)}
    commands = {f"{group} {name}" for group in groups for name in _listed(program, group)}
    return {"groups": groups, "commands": commands}


def _listed(*command: str) -> set[str]:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:], "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"NO_COLOR": "1", "COLUMNS": "200", "PATH": ""},
    )
    section = done.stdout.partition("Commands")[2]
    return set(re.findall(r"^│ ([a-z][a-z-]+) ", section, re.MULTILINE))


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_links_between_documents_lead_somewhere(page: str) -> None:
    text = _read(f"docs/{page}")
    targets = [t for t in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in t]
    assert [t for t in targets if not (ROOT / "docs" / t).exists()] == []
