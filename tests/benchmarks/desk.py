"""Figures of the desk's page: how long the queue and a case take, as ever more cases wait.

The server, the desk and the browser's side are processes of their own, as in use. The floor is the
same question asked of the server alone, with a signed request by the desk's own client: what a
page takes beyond it is the desk's.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
from sqlalchemy import Connection

from crypto.draft import DraftSecret
from crypto.inbox import InboxSecret
from desk.client import Client
from handlers.ports import Submission
from intake.case import Level
from storage.cases import _insert_case
from storage.opening import Storage
from storage.rows import NewCase
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.people import storage_at
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import our_bot
from tests.benchmarks.rivals import house_in, roster_of
from tests.benchmarks.script import finished
from tests.desk.program import PASSPHRASE, desk_program
from tests.organisation import House

BATCH = 500
OPENERS = 4
"""Members who can open each of the cases that wait."""


async def desk_pages(folder: Path, plan: Plan) -> list[Figure]:
    """Medians of the two pages with 100, 1,000 and 10,000 waiting cases (fewer in haste)."""
    house = house_in(folder)
    figures: list[Figure] = []
    with our_bot(house, "http://127.0.0.1:9") as server:  # nobody is Telegram here
        url = f"http://{server_address(server.log)}"
        async with filled(house) as fill:
            case = await fill(1)
            with desk_of(house, url, folder / "desk") as page, _client(house, url) as client:
                for name, count in zip(("100", "1k", "10k"), plan.waiting, strict=True):
                    await fill(count)
                    figures += await asyncio.to_thread(
                        _measured, name, page, client, case, plan.pages
                    )
    return figures


def server_address(log: Path) -> str:
    """Where the server listens, as it says itself."""
    for _ in range(300):
        for line in log.read_text("utf-8").splitlines():
            if "the queue is at " in line:
                return line.rpartition(" ")[2].strip()
        time.sleep(0.1)
    raise RuntimeError(f"the server does not start:\n{log.read_text('utf-8')[-2000:]}")


@asynccontextmanager
async def filled(house: House) -> AsyncIterator[Callable[[int], "asyncio.Future[str]"]]:
    """Brings the number of waiting cases to a count; returns the id of one that opens."""
    async with storage_at(f"sqlite:///{house.folder / 'tropa.db'}") as storage:
        real = _real_case(house)
        state = {"there": 0}

        async def fill(count: int) -> str:
            while state["there"] < count:
                some = min(BATCH, count - state["there"])
                first = [real] if state["there"] == 0 else []
                await _insert(storage, [*first, *_like(real, some - len(first))])
                state["there"] += some
            return real.header.id.hex()

        yield lambda count: asyncio.ensure_future(fill(count))


def _real_case(house: House) -> NewCase:
    roster = roster_of(house)
    maker = house.maker(lambda: roster, _now)
    draft = DraftSecret.new(os.urandom)
    inbox = InboxSecret.of(draft)
    submission = Submission(draft.text, finished(house.form), 1, 7_000_000_001, 1, early=False)
    made = maker.make(submission, inbox)
    mine = {house.anna.key_id: made.wraps[house.anna.key_id]}
    return replace(made, wraps=mine)


def _like(real: NewCase, count: int) -> Iterator[NewCase]:
    """Others that look the same to the server; what lies sealed in them opens for nobody."""
    [anna] = real.wraps
    wrap = len(real.wraps[anna])
    others = [secrets.token_hex(16) for _ in range(OPENERS - 1)]
    levels = list(Level)
    for number in range(count):
        waited = timedelta(hours=number % 400)
        header = replace(
            real.header,
            id=os.urandom(16),
            level=levels[number % len(levels)],
            received=real.header.received - waited,
            promised_by=real.header.promised_by - waited,
        )
        yield replace(
            real,
            header=header,
            inbox=os.urandom(16),
            wraps={name: os.urandom(wrap) for name in (anna, *others)},
        )


async def _insert(storage: Storage, cases: list[NewCase]) -> None:
    def work(connection: Connection) -> None:
        for case in cases:
            _insert_case(connection, case)

    await storage.database.write(work)


def _client(house: House, url: str) -> Client:
    return Client(url, _now, os.urandom, house.anna, None)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Page:
    """A browser's side of an open desk."""

    browser: httpx.Client
    home: str

    def get(self, path: str = "") -> None:
        answer = self.browser.get(self.home + path)
        assert answer.status_code == 200, answer.status_code
        assert "</html>" in answer.text


@contextmanager
def desk_of(house: House, url: str, folder: Path) -> Iterator[Page]:
    """`tropa desk` of Anna's, unlocked."""
    with (
        desk_program("anna", house.anna, house, url, folder) as address,
        httpx.Client(timeout=30) as browser,
    ):
        yield _unlocked(browser, address)


def _unlocked(browser: httpx.Client, address: str) -> Page:
    onward = browser.get(address).headers["refresh"].partition("url=")[2]
    entered = browser.get(httpx.URL(address).join(onward))
    origin = address.partition("/enter/")[0]
    home = str(entered.url)
    mark = _between(entered.text, 'name="mark" value="', '"')
    unlocked = browser.post(
        f"{home}unlock",
        data={"passphrase": PASSPHRASE, "mark": mark, "next": "/"},
        headers={"Origin": origin},
    )
    assert unlocked.status_code in (200, 303), unlocked.text[:500]
    return Page(browser, home)


def _between(text: str, before: str, after: str) -> str:
    return text.partition(before)[2].partition(after)[0]


def _measured(name: str, page: Page, client: Client, case: str, times: int) -> list[Figure]:
    queue = _turn_about(page.get, client.queue, times)
    opened = _turn_about(lambda: page.get(f"cases/{case}"), lambda: client.fetch(case), times)
    return [
        figure(f"queue_page_{name}", queue[0], "ms", queue[1]),
        figure(f"case_page_{name}", opened[0], "ms", opened[1]),
    ]


def _turn_about(
    page: Callable[[], object], floor: Callable[[], object], times: int
) -> tuple[float, float]:
    """Medians in ms; one after the other, so that a busy moment meets both alike."""
    page(), floor()  # what is read from the disk once is not counted
    taken = [(_ms(page), _ms(floor)) for _ in range(times)]
    ours, theirs = zip(*taken, strict=True)
    return median(ours), median(theirs)


def _ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - begun)
