"""The people of the guides: each with a home, a copy of the project, a memory, and paper.

They know their passphrase, write down what the screen tells them to, type it back from the paper,
and say yes. What a guide does not tell them they do not know.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.terminal import END, Terminal

PROJECT = Path(__file__).resolve().parent.parent.parent
COPIED = ("Makefile", "requirements.txt", "pyproject.toml", "tools/setup.sh", ".env.example")
LINKED = (".venv", "forms", "sandbox")

ANSWER = "Hello. We have read what you wrote and will stay with you."

NUMBERED = re.compile(r"(?<!\S)(\d{1,2}) ([a-z]{3,8})(?!\S)")

NUMBERS = {
    "3f9a": re.compile(r"Case ([0-9a-f]{4,}) is yours"),
    "7c21": re.compile(r"tropa approve ([0-9a-f]{4,})"),
}
"""What stands in the guides for the beginning of a number, and where the real one is shown."""

OWN, LIST = 24, 33
"""Words on a paper of one's own, and on a recovery list."""


@dataclass
class Papers:
    """What lies in somebody's drawer: words, in order. `lists` and `numbers` are everybody's, who
    sit around one table, or speak by telephone.
    """

    lists: list[tuple[str, ...]]
    numbers: dict[str, str]
    own: tuple[str, ...] = ()


@dataclass
class Person:
    """Somebody at her computer. `folder`: her copy of the project, in which she works."""

    name: str
    folder: Path
    environment: dict[str, str]
    papers: Papers
    terminal: Terminal | None = None
    waits: bool = False
    sheet: tuple[str, ...] = ()
    given: int = 0

    @property
    def passphrase(self) -> str:
        return f"four random words of {self.name}"

    @property
    def identity(self) -> Path:
        """The file with her key."""
        return self.folder.parent / ".config" / "tropa" / "identity.age"

    def sit_down(self) -> Terminal:
        """The terminal that is open, or a new one."""
        if self.terminal is None:
            self.terminal = self.another_terminal()
        return self.terminal

    def another_terminal(self) -> Terminal:
        return Terminal(self.folder, self.environment)

    def rise(self) -> None:
        if self.terminal is not None:
            self.terminal.close()
            self.terminal = None

    # Numbers, of which the guides show an example.

    def saw(self, shown: str) -> None:
        """Note the numbers that will be needed."""
        for example, place in NUMBERS.items():
            if found := place.findall(shown):
                self.papers.numbers[example] = found[-1]

    def completed(self, command: str) -> str:
        """The command with the numbers that were said."""
        for example in NUMBERS:
            if re.search(rf"\b{example}\b", command):
                assert example in self.papers.numbers, f"{self.name} saw no number for {command}"
                command = command.replace(example, self.papers.numbers[example])
        return command

    # What she is asked.

    def answer(self, line: str, screen: str) -> str | None:
        """What she types where the cursor stands in `line`; None where nothing is asked."""
        if not line and screen.rstrip().endswith("End with Ctrl-D on a line of its own."):
            return f"{ANSWER}\n{END}"
        for pattern, reply in _REPLIES:
            if found := re.search(pattern, line):
                return reply(self, found, screen)
        return None

    def write_down(self, screen: str) -> str:
        """Numbered words onto paper; then Enter."""
        words = {int(number): word for number, word in NUMBERED.findall(screen)}
        assert set(words) == set(range(1, len(words) + 1)), screen
        self.sheet = tuple(words[number] for number in sorted(words))
        if len(self.sheet) == OWN:
            self.papers.own = self.sheet
        else:
            assert len(self.sheet) == LIST, screen
            self.papers.lists.append(self.sheet)
        return ""

    def read_out(self, screen: str) -> str:
        """All words of the paper that is asked for: her own, or the next of the lists."""
        if not re.search(r"(?i)\blists?\b", screen):
            return " ".join(self.papers.own)
        self.given += 1
        return " ".join(self.papers.lists[-1 - self.given % 2])


Reply = Callable[[Person, "re.Match[str]", str], str]

_REPLIES: list[tuple[str, Reply]] = [
    (r"(?i)(passphrase|the same again): $", lambda person, _, __: person.passphrase),
    (r"(\[y/N\]|\(yes/no\)) $", lambda _, __, ___: "y"),
    (r"^Press Enter to see the list\. $", lambda _, __, ___: ""),
    (r"^Press Enter when the words are on paper\. $", lambda p, _, screen: p.write_down(screen)),
    (r"^Word (\d+): $", lambda person, found, _: person.sheet[int(found[1]) - 1]),
    (r"^From word 1: $", lambda person, _, screen: person.read_out(screen)),
]


def copy_of_the_project(folder: Path, adapt: Callable[[str], str]) -> None:
    """What a person unpacks; its dependencies are there already, so `make` has nothing to do."""
    folder.mkdir(parents=True)
    for name in LINKED:
        (folder / name).symlink_to(PROJECT / name)
    for name in COPIED:
        copy = folder / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(adapt((PROJECT / name).read_text("utf-8")), "utf-8")
        os.utime(copy, (0, 0))
