"""Promise 3: what the card acknowledged is kept, and promise 4 with it: exactly once.

The server is killed at random instants, again and again, while people answer. Each goes on from
her card alone. At the end there is one case for each who sent one, with the answers her card
showed as taken, and one message in each chat.
"""

import asyncio
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handlers.texts import Texts
from sandbox.client import Sandbox
from tests.databases import fresh_address
from tests.organisation import House, member
from tests.promises.books import faults
from tests.promises.processes import Tropa, sandbox_process, tropa
from tests.promises.walker import Outcome, Walker

PEOPLE = 9
LANGUAGES = ("en", "ru", "uk", "kk", "hy", "ka")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What the dice begin with; a failure prints it, `--seed` gives it again."""
    return int(request.config.getoption("--seed"))


@dataclass
class Crowd:
    """So many people at a time; who is through makes room for another until no more may come."""

    sandbox: Sandbox
    house: House
    seed: int
    closed: bool = False
    walkers: list[Walker] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    async def come(self) -> None:
        async with asyncio.TaskGroup() as group:
            for place in range(PEOPLE):
                group.create_task(self._one_after_the_other(place))

    async def _one_after_the_other(self, place: int) -> None:
        texts, turn = Texts.load("bot"), 0
        while turn == 0 or not self.closed:
            turn += 1
            seed = f"{self.seed}-{place}-{turn}"
            walker = Walker(self.sandbox, self.house.form, texts, seed)
            self.walkers.append(walker)
            self.outcomes.append(await walker.walk())

    @property
    def acts(self) -> int:
        return sum(walker.acts for walker in self.walkers)


async def kill_again_and_again(server: Tropa, dice: random.Random, times: int) -> None:
    """Most ends come while people tap; some while it starts; some are orderly."""
    for turn in range(times):
        if dice.random() < 0.1:
            server.spawn()
            await asyncio.sleep(dice.uniform(0.0, 2.5))
        else:
            await server.start()
            await after_so_many_cards(server.sandbox, dice.randrange(60))
            await asyncio.sleep(dice.uniform(0.0, 0.03))
        orderly = dice.random() < 0.1
        await server.end(signal.SIGTERM if orderly else signal.SIGKILL)
        if turn % 5 == 4:
            await server.sandbox.advance(200)  # an outage that outlasts every tap under way
    await server.start()


async def after_so_many_cards(sandbox: Sandbox, count: int) -> None:
    """An instant among the taps, however fast the machine is."""
    since = int((await sandbox.state())["seq"])
    for _ in range(200):
        drawn = await sandbox.events(since, kinds=("edited", "unchanged"), brief=True)
        if len(drawn) >= count:
            return
        await asyncio.sleep(0.02)


async def slow_network(sandbox: Sandbox) -> None:
    """Calls that hang a moment: an end then falls between a commit and what should follow."""
    methods = ("editMessageText", "sendMessage", "deleteMessages", "answerCallbackQuery")
    await sandbox.fault("delay", probability=0.06, methods=methods, seconds=0.12)
    await sandbox.fault("slow", probability=0.06, methods=methods, seconds=0.12)


async def ordeal(folder: Path, database: str, seed: int, times: int) -> None:
    house = House(folder)
    roster = house.roster()
    everybody = [member("anna", house.anna, languages=LANGUAGES), *roster.members[1:]]
    house.sign(roster.model_copy(update={"members": tuple(everybody)}))
    settings = house.settings("http://127.0.0.1:1", "1:x", database)
    async with (
        sandbox_process() as sandbox,
        tropa(house, sandbox, settings.database_url, log_level="DEBUG") as server,
    ):
        crowd = Crowd(sandbox, house, seed)
        await slow_network(sandbox)
        try:
            await see_through(crowd, server, random.Random(seed), times)
        except BaseException:
            print(f"seed {seed}, {server.starts} starts", await sandbox.state())
            print(server.words[-3000:])
            raise
        await server.end(signal.SIGTERM)
        found = await faults(settings, house, crowd.outcomes)
    print(f"{times} ends, {len(crowd.outcomes)} interviews, {crowd.acts} acts, seed {seed}")
    assert not found, f"seed {seed}: " + "\n".join(found)
    assert crowd.acts > 10 * PEOPLE
    assert "Traceback" not in server.words


async def see_through(crowd: Crowd, server: Tropa, dice: random.Random, times: int) -> None:
    coming = asyncio.create_task(crowd.come())
    killing = asyncio.create_task(kill_again_and_again(server, dice, times))
    await asyncio.wait((coming, killing), return_when=asyncio.FIRST_COMPLETED)
    if not killing.done():
        killing.cancel()
    crowd.closed = True
    await asyncio.gather(coming, killing)
    for walker in crowd.walkers:
        last = await walker.person.card()
        await walker.rests(last.id)


@pytest.mark.ordeal
@pytest.mark.timeout(5400)
async def test_no_end_of_the_server_loses_or_doubles_anything(
    tmp_path: Path, seed: int, full: bool
) -> None:
    await ordeal(tmp_path, "", seed, 200 if full else 4)


@pytest.mark.ordeal
@pytest.mark.timeout(5400)
async def test_nor_does_it_on_postgresql(tmp_path: Path, seed: int, full: bool) -> None:
    database = await fresh_address("postgresql", tmp_path)
    await ordeal(tmp_path, database, seed + 1, 40 if full else 2)
