"""The guides name commands, options and settings that exist; the volunteer's, every setting."""

import re
from pathlib import Path
from typing import Any

import pytest

from desk.cli import _command
from desk.language import Language

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = (ROOT / "docs" / "guide-volunteer.md").read_text("utf-8")
COORDINATOR = (ROOT / "docs" / "guide-coordinator.md").read_text("utf-8")


STEPS = [
    (ROOT / "docs" / f"guide-{name}{language}.md").read_text("utf-8")
    for name in ("ceremony", "first-day", "lost-laptop")
    for language in ("", ".ru")
]


@pytest.mark.parametrize(
    ("guide", "least"), [(GUIDE, 13), (COORDINATOR, 7), *((guide, 20) for guide in STEPS)]
)
def test_every_command_in_the_guide_exists_with_its_options(guide: str, least: int) -> None:
    lines = re.findall(r"tropa ((?:[^`\n#>\\]|\\\n)+)", "\n".join(code(guide)))
    assert len(lines) >= least
    for line in lines:
        words = line.replace("\\\n", " ").split()
        command: Any = _command(Language("en"))
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        options = {name for part in command.params for name in part.opts} | {"--help"}
        alone = getattr(command, "invoke_without_command", False)
        assert not getattr(command, "commands", {}) or alone or words == ["--help"], line
        assert {word for word in words if word.startswith("--")} <= options, line


def code(guide: str) -> list[str]:
    """What stands in code, in blocks and in lines."""
    blocks = re.findall(r"```\n(.*?)```", guide, re.DOTALL)
    rest = re.sub(r"```\n.*?```", "", guide, flags=re.DOTALL)
    return [*blocks, *(text for text in re.findall(r"`([^`]+)`", rest) if " " in text)]


def test_the_guide_explains_every_setting_and_no_other() -> None:
    source = (ROOT / "desk" / "settings.py").read_text()
    pattern = r"TROPA_[A-Z]+(?:_[A-Z]+)*"
    assert set(re.findall(pattern, GUIDE)) == set(re.findall(pattern, source))


def test_every_command_is_in_the_guide() -> None:
    groups: Any = _command(Language("en"))
    for name in groups.commands:
        assert f"tropa {name}" in GUIDE


def test_the_coordinators_guide_explains_every_hashtag_of_the_table() -> None:
    source = (ROOT / "desk" / "counts_export.py").read_text("utf-8")
    tags = r"#[a-z]+(?:\+[a-z_]+)*"
    assert set(re.findall(rf"`({tags})`", COORDINATOR)) == set(re.findall(rf'"({tags})"', source))
