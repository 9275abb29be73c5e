"""The books at the end: each case in the database, opened, against what the cards acknowledged."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import func, select

from bot.settings import Settings
from crypto.token import ReturnToken, open_token
from storage.opening import open_storage
from storage.rows import StoredCase
from storage.tables import cases as table
from tests.line import opened, stored_cases, token_of
from tests.organisation import House
from tests.promises.walker import Outcome


async def count_cases(settings: Settings) -> int:
    """Cases in the database, whoever may open them."""
    storage = await open_storage(settings.database_url)
    try:
        query = select(func.count()).select_from(table)
        found = await storage.database.read(lambda connection: connection.execute(query).scalar())
    finally:
        await storage.close()
    assert found is not None
    return int(found)


def owner(case: StoredCase, house: House) -> ReturnToken:
    """Whose case it is: for this test holds both the volunteer's key and the server's."""
    return open_token(house.return_key, token_of(case, house))


async def faults(settings: Settings, house: House, outcomes: Iterable[Outcome]) -> list[str]:
    """Every way in which the cases differ from what was acknowledged; empty if none does."""
    cases = await stored_cases(settings, house)
    total = await count_cases(settings)
    owned: dict[int, list[StoredCase]] = defaultdict(list)
    for case in cases:
        owned[owner(case, house).chat_id].append(case)
    outcomes = list(outcomes)
    found = [fault for one in outcomes for fault in _faults(one, owned[one.person], house)]
    if len(cases) != total:
        found.append(f"Anna opens {len(cases)} of {total} cases")
    if total != len(outcomes):
        found.append(f"{len(outcomes)} submissions and {total} cases")
    return found


def _faults(outcome: Outcome, owned: list[StoredCase], house: House) -> list[str]:
    if len(owned) != 1:
        return [f"{outcome.person} submitted once and has {len(owned)} cases"]
    [case] = owned
    found = []
    records = opened(case, house)
    if [record.number for record in case.records] != list(range(len(records))):
        found.append(f"{outcome.person}: the records are not numbered in order")
    if not outcome.fits([record.answers for record in records]):
        found.append(f"{outcome.person}: {[one.answers for one in records]}\n not {outcome}")
    if case.header.language != outcome.language:
        found.append(f"{outcome.person}: the case is in {case.header.language}")
    if owner(case, house).message_id != outcome.card:
        found.append(f"{outcome.person}: the token leads to another message than the card")
    return found
