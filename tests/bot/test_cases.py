"""Cases are made for people who take them, or not at all."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crypto.draft import DraftSecret
from crypto.identity import Identity
from crypto.inbox import InboxSecret
from handlers.ports import Submission
from intake.draft import Draft
from intake.errors import LineClosed
from intake.roster import Member, Role, Roster
from storage.rows import NewCase
from tests.organisation import House, member


def made(house: House, *members: Member) -> NewCase:
    """A case of somebody who speaks English and needs information, for this roster."""
    roster = Roster.model_validate(dict(house.roster()) | {"members": members})
    maker = house.maker(lambda: roster, lambda: datetime.now(UTC))
    secret = DraftSecret.new(os.urandom)
    draft = Draft("en", "", answers={"consent": "yes"})
    submission = Submission(secret.text, draft, 1, 5, 6, early=False)
    return maker.make(submission, InboxSecret.of(secret))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_case_that_only_recovery_could_open_is_not_made(house: House) -> None:
    rescue = member("rescue", Identity.new(os.urandom), Role.RECOVERY)
    with pytest.raises(LineClosed, match="takes cases"):
        made(house, rescue)


def test_where_nobody_fits_the_volunteers_there_are_get_it(house: House) -> None:
    medic = member("medic", house.anna, skills=("medical",), languages=("ru",))
    rescue = Identity.new(os.urandom)
    case = made(house, medic, member("rescue", rescue, Role.RECOVERY))
    assert set(case.wraps) == {house.anna.key_id, rescue.key_id}


def test_one_whose_time_is_over_is_given_no_new_case(house: House) -> None:
    now, lead = datetime.now(UTC), member("lead", house.lead)
    over, runs = (
        member("anna", house.anna).model_copy(update={"until": now + timedelta(hours=hours)})
        for hours in (-1, 1)
    )
    assert set(made(house, over, lead).wraps) == {house.lead.key_id}
    assert set(made(house, runs, lead).wraps) == {house.anna.key_id, house.lead.key_id}
    with pytest.raises(LineClosed, match="takes cases"):
        made(house, over)
