"""A server that lies while many cases are changed: the command ends, and says what is so."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from desk.client import Client
from desk.keys import mass
from intake.errors import TropaError
from tests.desk.liar import Liar, lying
from tests.desk.test_rekey import EVERYBODY, boris_leaves, file_of
from tests.desk.world import URGENT, DeskUser, Ran, World

Change = Callable[[Any], Any]


@pytest.fixture
def liar(world: World) -> Iterator[Liar]:
    with lying(world) as found:
        yield found


@pytest.fixture
def lead(world: World, liar: Liar) -> DeskUser:
    """Who re-keys three cases that boris could open."""
    for _ in range(3):
        world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    return liar.shown_to(world.desk("lead"))


def changed(liar: Liar, method: str, address: str, change: Change) -> None:
    """From now on the answers of this address are changed so."""

    def alter(asked: str, path: str, true: bytes) -> bytes | None:
        if asked != method or path.partition("?")[0] != address:
            return None
        return json.dumps(change(json.loads(true))).encode()

    liar.alter = alter


def rekeyed(user: DeskUser, *arguments: str) -> Ran:
    return user.run("rekey", "--yes", *arguments)


@pytest.mark.parametrize("place", ["the same", "always another"])
def test_pages_without_end_are_noticed(liar: Liar, lead: DeskUser, place: str) -> None:
    given: list[str] = []

    def endless(page: dict[str, Any]) -> dict[str, Any]:
        given.append(f"{len(given):032x}" if place == "always another" else "0" * 32)
        assert len(given) < 50, "it never ends"
        return page | {"after": given[-1]}

    changed(liar, "GET", "/v1/rekey", endless)
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "Done so far: at least 3; that stays." in ran.all
    assert "not one of Tropa's" in ran.all


@pytest.mark.parametrize(("what", "value"), [("left", -1), ("left", 10**30), ("left", "many")])
def test_numbers_that_cannot_be(liar: Liar, lead: DeskUser, what: str, value: object) -> None:
    changed(liar, "GET", "/v1/rekey", lambda page: page | {what: value})
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "not one of Tropa's" in ran.all
    changed(liar, "GET", "/v1/rekey", lambda page: page | {"closed_to_her": value})
    assert "not one of Tropa's" in rekeyed(lead, "--dry-run").all


def test_where_nothing_was_done_it_does_not_say_that_all_is_well(
    world: World, liar: Liar, lead: DeskUser
) -> None:
    """It says of each case that it needs no new key any more, and goes on naming them."""
    first = list[bytes]()

    def alter(method: str, path: str, true: bytes) -> bytes | None:
        if not path.startswith("/v1/rekey"):
            return None
        if method == "GET":
            first.append(true)
            return first[0]
        cases = [one["header"]["id"] for one in json.loads(first[0])["cases"]]
        return json.dumps({"done": [], "moved": [], "gone": cases}).encode()

    liar.alter = alter
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "0 cases have a new key." in ran.all
    assert "The server still names 3 cases" in ran.all
    told = rekeyed(lead, "--json").json
    assert (told["rekeyed"], told["still_waiting"], told["whole"]) == (0, 3, False)


def test_cases_that_are_named_and_not_given_are_told_of(liar: Liar, lead: DeskUser) -> None:
    changed(liar, "GET", "/v1/rekey", lambda page: page | {"cases": [], "after": None})
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "0 cases have a new key." in ran.all
    assert "The server still names 3 cases" in ran.all


def test_an_answer_for_other_cases_is_none(liar: Liar, lead: DeskUser) -> None:
    def more(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"gone": ["0" * 32] * 1000}

    changed(liar, "POST", "/v1/rekey", more)
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "not one of Tropa's" in ran.all
    assert "1000" not in ran.all


def test_what_somebody_else_did_meanwhile_is_said(
    liar: Liar, lead: DeskUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two give the same command: what one has done, the other does not count as hers."""
    whole, happened = Client.rekeyable, list[Ran]()

    def rekeyable(client: Client, after: str | None = None) -> bytes:
        page = whole(client, after)
        if not happened:
            monkeypatch.undo()
            happened.append(rekeyed(lead))
        return page

    monkeypatch.setattr(Client, "rekeyable", rekeyable)
    ran = rekeyed(lead)
    assert "3 cases have a new key." in happened[0].all
    assert ran.code == 0, ran.all
    assert "0 cases have a new key." in ran.all
    assert "somebody else did them meanwhile or they were erased: 3." in ran.all


def test_a_wrap_of_somebody_else_is_named(world: World, liar: Liar, lead: DeskUser) -> None:
    wraps = {case: file_of(world, "anna", case).wrap for case in world.keys}

    def others(page: dict[str, Any]) -> dict[str, Any]:
        for one in page["cases"]:
            one["wrap"] = wraps[one["header"]["id"]]
        return page

    changed(liar, "GET", "/v1/rekey", others)
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "0 cases have a new key." in ran.all
    assert ran.all.count("your identity does not open it") == 3


def test_a_case_under_another_id_is_named_and_not_touched(
    world: World, liar: Liar, lead: DeskUser
) -> None:
    def swapped(page: dict[str, Any]) -> dict[str, Any]:
        one, two, *_ = page["cases"]
        one["header"]["id"], two["header"]["id"] = two["header"]["id"], one["header"]["id"]
        return page

    changed(liar, "GET", "/v1/rekey", swapped)
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "1 case has a new key." in ran.all
    assert ran.all.count("your identity does not open it") == 2


def test_what_moves_for_ever_is_said_to_move(liar: Liar, lead: DeskUser) -> None:
    def moved(answer: dict[str, Any]) -> dict[str, Any]:
        return {"done": [], "moved": answer["done"] + answer["gone"] + answer["moved"], "gone": []}

    first = list[bytes]()

    def alter(method: str, path: str, true: bytes) -> bytes | None:
        if not path.startswith("/v1/rekey"):
            return None
        if method == "GET":
            first.append(true)
            return first[0]
        return json.dumps(moved(json.loads(true))).encode()

    liar.alter = alter
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "0 cases have a new key." in ran.all
    assert "Some cases changed while this ran (3). Give the same command again." in ran.all
    assert len(first) < 10


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (lambda world: world.take_up(world.roster.without_member("lead")), "You are not on"),
        (lambda world: setattr(world, "closed", TropaError("It has expired.")), "line is closed"),
    ],
)
def test_what_ends_in_the_middle_is_told_and_nothing_is_claimed(
    world: World,
    lead: DeskUser,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[World], object],
    said: str,
) -> None:
    """The lead is taken off the roster, or it ends and the line is closed with it."""
    whole = Client.rekeyable

    def rekeyable(client: Client, after: str | None = None) -> bytes:
        page = whole(client, after)
        monkeypatch.undo()
        happens(world)
        return page

    monkeypatch.setattr(Client, "rekeyable", rekeyable)
    ran = rekeyed(lead)
    assert ran.code == 1
    assert "0 cases have a new key." in ran.all
    assert "Done so far: at least 0" in ran.all
    assert said in ran.err.rpartition("goes on")[2]


def test_ctrl_c_twice_claims_no_more_than_is_known(
    lead: DeskUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(rounds: object, first: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mass._Rounds, "_all", interrupted)
    ran = rekeyed(lead)
    assert ran.code == 130
    assert "Stopped. Done so far: at least 0; nothing is half done." in ran.all
