"""Does what a guide says, step by step, with real terminals, a real server and a telephone."""

import asyncio
import os
import shutil
import socket
import time
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from handlers.buttons import Verb
from intake.form import load_form
from intake.questions import Form
from sandbox.client import Person as Caller
from sandbox.client import Sandbox
from sandbox.world import DEFAULT_TOKEN
from tests.exchange import reads, sends
from tests.journeys.company import NUMBERS, PROJECT, Papers, Person, copy_of_the_project
from tests.journeys.guides import HandedOver, Phone, Step, Typed
from tests.journeys.hasty import make_hasty
from tests.journeys.stage import Talk
from tests.journeys.terminal import Terminal
from tests.organisation import free_port

PORTS = (8440, 8081)
"""As printed; where somebody listens there already, the guide is followed on others."""


@dataclass
class World:
    """Everybody, and what runs."""

    root: Path
    ports: dict[int, int]
    people: dict[str, Person] = field(default_factory=dict)
    left: dict[str, Person] = field(default_factory=dict)
    running: dict[str, Terminal] = field(default_factory=dict)
    lists: list[tuple[str, ...]] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    callers: list[int] = field(default_factory=list)

    def follow(self, steps: Iterable[Step]) -> None:
        """Step by step; people who need not wait for each other do not."""
        together: list[Typed] = []
        for step in steps:
            if not isinstance(step, Typed):
                self._type(together)
                together = []
                self._other(step)
                continue
            busy = {name for one in together for name in one.who}
            if not step.at_once or busy & set(step.who):
                self._type(together)
                together = []
            together.append(step)
        self._type(together)
        assert not any(person.waits for person in self.people.values())

    def _other(self, step: HandedOver | Phone) -> None:
        match step:
            case HandedOver():
                self._carry(step)
            case Phone(sends=True):
                asyncio.run(self._send())
            case Phone():
                asyncio.run(self._read())

    # At the computers.

    def _type(self, together: list[Typed]) -> None:
        """Everybody sits down first: a process with several threads should not fork."""
        seats = [(self._person(name, step.marks), step) for step in together for name in step.who]
        for person, _ in seats:
            person.sit_down()
        if len(seats) == 1:
            self._work(seats[0])
        elif seats:
            with ThreadPoolExecutor(2) as pool:  # a new identity can ask for a gigabyte
                list(pool.map(self._work, seats))
        if any("tropa approve" in command for step in together for command in step.commands):
            for person in self.people.values():
                self._finish(person)
        for terminal in self.running.values():
            terminal.hear()  # what nobody reads would at last hold the program up

    def _work(self, seat: tuple[Person, Typed]) -> None:
        person, step = seat
        for command in step.commands:
            last = command == step.commands[-1]
            if last and "stays" in step.marks:
                self._start(person, self._here(command))
            else:
                marks = step.marks if last else frozenset[str]()
                self._run(person, command, refused="refused" in marks, waits="waits" in marks)

    def _run(self, person: Person, command: str, *, refused: bool, waits: bool) -> None:
        typed = self._here(person.completed(command))
        leave = NUMBERS["7c21"] if waits else None
        code, shown = person.sit_down().run(typed, person.answer, leave)
        person.waits = code is None
        assert (code not in (0, None)) is refused, f"{person.name}: {typed}: exit {code}\n{shown}"
        assert person.waits is waits, f"{person.name}: {typed}: waits for nobody\n{shown}"
        assert "Traceback" not in shown, shown
        person.saw(shown)
        if "tropa identity" in command and person.identity.exists():
            make_hasty(person.identity, person.passphrase)

    def _finish(self, person: Person) -> None:
        """What waited for another lead goes on by itself once she has agreed."""
        if person.waits:
            person.waits = False
            terminal = person.sit_down()
            code = terminal.finish()
            assert code == 0, f"{person.name}: exit {code}\n{terminal.screen.text[-3000:]}"

    def _person(self, name: str, marks: frozenset[str]) -> Person:
        """Whoever sits there; on a new computer she has nothing but her head and her paper."""
        if "old" in marks:
            return self.left[name]
        before = self.people.get(name)
        if before is not None and "new" not in marks:
            return before
        home = self.root / f"{name}-{len(list(self.root.glob(f'{name}-*'))) + 1}"
        copy_of_the_project(home / "tropa", self._here)
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(home)}
        papers = before.papers if before is not None else Papers(self.lists, self.numbers)
        if before is not None:
            self.left[name] = before
        self.people[name] = Person(name, home / "tropa", environment, papers)
        return self.people[name]

    def _here(self, command: str) -> str:
        for printed, port in self.ports.items():
            command = command.replace(f"127.0.0.1:{printed}", f"127.0.0.1:{port}")
            command = command.replace(f"--port {printed}", f"--port {port}")
        return command

    def _start(self, person: Person, command: str) -> None:
        """A program that stays; one of its kind that runs is ended first, as with Ctrl-C."""
        before = self.running.pop(command, None)
        if before is not None:
            before.interrupt()
            before.close()
        terminal = self.running[command] = person.another_terminal()
        terminal.type(command)
        printed = 8081 if "sandbox" in command else 8440
        path = "/" if "sandbox" in command else "/v1/roster"
        self._until_it_answers(f"http://127.0.0.1:{self.ports[printed]}{path}", terminal)

    def _until_it_answers(self, url: str, terminal: Terminal) -> None:
        for _ in range(300):
            terminal.hear()
            if terminal.is_idle:
                break
            with suppress(OSError), urllib.request.urlopen(url, timeout=2):
                return
            time.sleep(0.1)
        raise AssertionError(f"{url} does not answer:\n{terminal.screen.text[-3000:]}")

    # From hand to hand.

    def _carry(self, step: HandedOver) -> None:
        for name in step.files:
            source = self.people[step.giver].folder / name
            assert source.is_file(), f"{step.giver} has no {name} to hand over"
            for taker in step.takers:
                shutil.copy(source, self._person(taker, frozenset()).folder / name)

    # The telephone.

    def _sandbox(self) -> Sandbox:
        return Sandbox(f"http://127.0.0.1:{self.ports[8081]}", DEFAULT_TOKEN)

    async def _send(self) -> None:
        async with self._sandbox() as sandbox:
            talk = Talk(await sandbox.person("en"), _form())
            await sends(talk, {"device": "mine", "contact": "any", "need": ("legal",)}, "en")
            await talk.press(Verb.HIDE)
            self.callers.append(talk.person.id)

    async def _read(self) -> None:
        """The neutral line, and the answer behind it, for whoever wrote last."""
        async with self._sandbox() as sandbox:
            number = self.callers[-1]
            talk = Talk(Caller(sandbox, number, number), _form())
            card = await reads(talk)
            assert "stay with you" in card.text, card.text


def _form() -> Form:
    return load_form((PROJECT / "forms" / "default.yaml").read_bytes())


def _port(printed: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", printed))
            return printed
    return free_port()


@contextmanager
def world(root: Path) -> Iterator[World]:
    made = World(root, {printed: _port(printed) for printed in PORTS})
    try:
        yield made
    finally:
        for terminal in made.running.values():
            terminal.close()
        for person in (*made.people.values(), *made.left.values()):
            person.rise()
