"""What a desk does to a case, over real HTTP: who may, what changes, and every refusal."""

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from intake.records import ROOM_FOR_DESKS
from intake.roster import Roster
from tests.desk.world import CALM, URGENT, World
from tests.handlers.desks import (
    NOWHERE,
    ask,
    done,
    key,
    letter,
    part,
    refused,
    token,
    wrap,
)

REACHABLE = {**URGENT, "contact": "any"}
"""One who may be written to at any time."""

EVERYBODY = ["anna", "boris", "lead"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def act(world: World, who: str, case: str, name: str, body: Any = None) -> httpx.Response:
    sent = None if body is None else json.dumps(body).encode()
    return ask(world, who, f"/v1/cases/{case}/{name}", method="POST", body=sent)


def erase(world: World, who: str, case: str) -> httpx.Response:
    return ask(world, who, f"/v1/cases/{case}", method="DELETE")


def fetch(world: World, who: str, case: str) -> Any:
    return done(ask(world, who, f"/v1/cases/{case}"))


def taken(world: World, who: str = "anna", answers: Any = URGENT) -> str:
    """A case that somebody holds."""
    case = world.submit(answers, EVERYBODY)
    done(act(world, who, case, "take"))
    return case


def replied(world: World, case: str, number: int = 1, *, told: bool = True) -> dict[str, Any]:
    record = part(world, case, number, "reply")
    return {
        "record": record,
        "letter": letter(world, case),
        "token": token() if told else None,
    }


def bodies(world: World, case: str) -> dict[str, Any]:
    """A good body for each act that has one."""
    note = part(world, case, 1)
    return {
        "release": {"record": note},
        "records": {"record": note},
        "reply": replied(world, case),
        "hand-over": {"to": key("boris"), "record": note},
        "ask": {"to": key("boris"), "record": note},
        "level": {"level": "P0", "record": note},
        "close": {"record": note, "outcome": "referred"},
    }


ACTS = ["release", "records", "reply", "hand-over", "ask", "level", "close"]
HOLDERS = ["release", "reply", "hand-over", "ask", "close"]
"""What only the holder may do."""


# What each act does


@pytest.mark.parametrize("name", ACTS)
def test_an_act_adds_its_record_and_answers_with_the_case(world: World, name: str) -> None:
    case = taken(world)
    body = bodies(world, case)[name]
    answer = done(act(world, "anna", case, name, body))
    assert answer["records"][1:] == [body["record"]]
    assert answer["header"]["records"] == 2
    assert answer == fetch(world, "anna", case)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_done_again_after_a_lost_answer_changes_nothing(world: World, name: str) -> None:
    case = taken(world)
    body = bodies(world, case)[name]
    first = done(act(world, "anna", case, name, body))
    assert done(act(world, "anna", case, name, body)) == first


@pytest.mark.parametrize("name", ACTS)
def test_a_record_that_is_not_the_next_one_is_refused(world: World, name: str) -> None:
    case = taken(world)
    done(act(world, "boris", case, "records", {"record": part(world, case, 1)}))
    sentence = refused(act(world, "anna", case, name, bodies(world, case)[name]), 409, "moved")
    assert "next" in sentence
    late = bodies(world, case)[name]
    late["record"] = late["record"] | {"number": 7}
    refused(act(world, "anna", case, name, late), 409, "moved")
    whole = fetch(world, "anna", case)
    assert len(whole["records"]) == 2
    assert whole["header"]["held_by"] == "you"
    assert whole["replies"] == []


def test_a_reply_waits_for_delivery_and_makes_it_the_persons_turn(world: World) -> None:
    case = taken(world, answers=REACHABLE)
    assert fetch(world, "anna", case)["header"]["turn"] == "ours"
    answer = done(act(world, "anna", case, "reply", replied(world, case)))
    assert answer["header"]["turn"] == "theirs"
    assert answer["replies"] == [{"number": 1, "state": "waiting"}]
    assert world.posted == 1


def test_a_reply_to_one_who_may_not_be_written_to_lies_in_the_inbox(world: World) -> None:
    case = taken(world, answers=URGENT)
    assert fetch(world, "anna", case)["header"]["contact"] == "never"
    answer = done(act(world, "anna", case, "reply", replied(world, case, told=False)))
    assert answer["replies"] == [{"number": 1, "state": "inbox"}]
    again = done(act(world, "anna", case, "reply", replied(world, case, 2, told=True)))
    assert [one["state"] for one in again["replies"]] == ["inbox", "inbox"]


def test_a_case_handed_over_is_the_colleagues(world: World) -> None:
    case = taken(world)
    answer = done(act(world, "anna", case, "hand-over", {"to": key("boris")}))
    assert answer["header"]["held_by"] == "other"
    assert key("boris") not in json.dumps(answer["header"])
    assert fetch(world, "boris", case)["header"]["held_by"] == "you"
    done(act(world, "boris", case, "reply", replied(world, case)))


def test_one_who_has_no_wrap_gets_one_with_the_case(world: World) -> None:
    case = taken(world)
    refused(ask(world, "vera", f"/v1/cases/{case}"), 404, "unknown_case")
    refused(act(world, "anna", case, "hand-over", {"to": key("vera")}), 409, "no_wrap")
    refused(act(world, "anna", case, "ask", {"to": key("vera")}), 409, "no_wrap")
    body = {"to": key("vera"), "wrap": wrap(world, case, "vera")}
    answer = done(act(world, "anna", case, "hand-over", body))
    assert key("vera") in answer["openers"]
    assert fetch(world, "vera", case)["wrap"] == body["wrap"]


def test_one_who_is_asked_sees_the_case_until_she_noted_something(world: World) -> None:
    case = taken(world)
    body = {"to": key("vera"), "wrap": wrap(world, case, "vera")}
    assert done(act(world, "anna", case, "ask", body))["header"]["held_by"] == "you"
    asked = done(ask(world, "vera", "/v1/queue"))["asked"]
    assert [(one["id"], one["asked"], one["held_by"]) for one in asked] == [(case, True, "other")]
    done(act(world, "vera", case, "records", {"record": part(world, case, 1)}))
    assert done(ask(world, "vera", "/v1/queue"))["asked"] == []


def test_a_higher_level_brings_the_promise_nearer_and_none_puts_it_off(world: World) -> None:
    case = taken(world, answers=CALM)
    first = fetch(world, "anna", case)["header"]
    higher = {"level": "P1", "record": part(world, case, 1)}
    raised = done(act(world, "anna", case, "level", higher))["header"]
    assert raised["level"] == "P1"
    assert raised["promised_by"] == "2026-11-22T18:00:00Z" < first["promised_by"]
    lower = {"level": "P3", "record": part(world, case, 2)}
    lowered = done(act(world, "anna", case, "level", lower))["header"]
    assert (lowered["level"], lowered["promised_by"]) == ("P3", raised["promised_by"])


def test_a_closed_case_is_nobodys_and_cannot_be_taken(world: World) -> None:
    case = taken(world)
    header = done(act(world, "anna", case, "close", {"outcome": "safe"}))["header"]
    assert (header["state"], header["held_by"], header["leased_until"]) == ("closed", None, None)
    for who in ("anna", "boris"):
        refused(act(world, who, case, "take"), 409, "case_closed")
        assert done(ask(world, who, "/v1/queue"))["cases"] == []


def test_a_case_is_given_back_with_a_last_note(world: World) -> None:
    case = taken(world)
    note = part(world, case, 1)
    header = done(act(world, "anna", case, "release", {"record": note}))["header"]
    assert (header["state"], header["held_by"]) == ("waiting", None)
    listed = done(ask(world, "boris", "/v1/queue"))["cases"]
    assert [(one["id"], one["records"]) for one in listed] == [(case, 2)]


def test_an_erased_case_is_nowhere(world: World) -> None:
    case = taken(world, answers=REACHABLE)
    done(act(world, "anna", case, "reply", replied(world, case)))
    assert done(erase(world, "anna", case)) == {"erased": True}
    for who in EVERYBODY:
        refused(ask(world, who, f"/v1/cases/{case}"), 404, "unknown_case")
    refused(erase(world, "anna", case), 404, "unknown_case")
    refused(act(world, "anna", case, "reply", replied(world, case, 2)), 404, "unknown_case")


# Who may


@pytest.mark.parametrize("name", [*HOLDERS, "level"])
def test_what_is_the_holders_is_hers_alone(world: World, name: str) -> None:
    case = taken(world, "boris")
    body = bodies(world, case)[name] | ({"to": key("lead")} if name == "hand-over" else {})
    sentence = refused(act(world, "anna", case, name, body), 409, "not_held")
    assert "Take it again" in sentence
    assert len(fetch(world, "anna", case)["records"]) == 1
    assert world.posted == 0


@pytest.mark.parametrize("name", ["reply", "hand-over", "close", "level"])
def test_an_ended_lease_is_none(world: World, name: str) -> None:
    case = taken(world)
    body = bodies(world, case)[name]
    world.time.pass_(hours=13)
    refused(act(world, "anna", case, name, body), 409, "not_held")
    refused(erase(world, "anna", case), 409, "not_held")
    header = fetch(world, "anna", case)["header"]
    assert (header["state"], header["held_by"]) == ("waiting", None)
    done(act(world, "anna", case, "take"))
    done(act(world, "anna", case, name, body))


def test_what_lapsed_can_still_be_given_back_with_a_note(world: World) -> None:
    case = taken(world)
    world.time.pass_(hours=13)
    done(act(world, "anna", case, "release", {"record": part(world, case, 1)}))
    done(act(world, "boris", case, "take"))
    refused(act(world, "anna", case, "release"), 409, "not_held")


@pytest.mark.parametrize("name", [name for name in HOLDERS if name != "hand-over"])
def test_not_even_a_lead_acts_in_the_holders_place_but_to_hand_over(
    world: World, name: str
) -> None:
    case = taken(world)
    refused(act(world, "lead", case, name, bodies(world, case)[name]), 409, "not_held")


def test_a_lead_judges_and_erases_what_she_does_not_hold(world: World) -> None:
    case = taken(world)
    body = {"level": "P0", "record": part(world, case, 1)}
    assert done(act(world, "lead", case, "level", body))["header"]["level"] == "P0"
    assert fetch(world, "anna", case)["header"]["held_by"] == "you"
    refused(erase(world, "boris", case), 409, "not_held")
    assert done(erase(world, "lead", case)) == {"erased": True}


def test_a_lead_without_a_wrap_finds_no_such_case(world: World) -> None:
    case = world.submit(URGENT, ["anna"])
    body = {"level": "P0", "record": part(world, case, 1)}
    refused(act(world, "lead", case, "level", body), 404, "unknown_case")
    refused(erase(world, "lead", case), 404, "unknown_case")


@pytest.mark.parametrize("name", ACTS)
def test_a_member_without_a_wrap_finds_nothing_to_act_on(world: World, name: str) -> None:
    case = taken(world)
    body = bodies(world, case)[name]
    here, nowhere = (act(world, "vera", one, name, body) for one in (case, NOWHERE))
    refused(here, 404, "unknown_case")
    assert here.text == nowhere.text
    assert len(fetch(world, "anna", case)["records"]) == 1


def test_only_leads_are_told_who_holds_a_case_and_which_promises_break(world: World) -> None:
    case = taken(world)
    other = world.submit(CALM, EVERYBODY)
    world.time.pass_(hours=11)
    assert fetch(world, "lead", case)["header"]["holder"] == key("anna")
    due = done(ask(world, "lead", "/v1/queue"))["due"]
    assert [(one["id"], one["holder"]) for one in due] == [(case, key("anna"))]
    assert other not in json.dumps(due)
    for path in ("/v1/queue", f"/v1/cases/{case}"):
        answer = done(ask(world, "boris", path))
        assert answer.get("due", []) == []
        listed = [answer["header"]] if "header" in answer else answer["cases"]
        assert all(one["holder"] is None for one in listed)


@pytest.mark.parametrize("name", ["hand-over", "ask"])
@pytest.mark.parametrize("to", ["anna", "counts", "recovery", "stranger"])
def test_a_case_goes_to_a_colleague_who_opens_cases(world: World, name: str, to: str) -> None:
    case = taken(world)
    body = {"to": key(to), "wrap": wrap(world, case, to)}
    refused(act(world, "anna", case, name, body), 409, "target")
    assert len(fetch(world, "anna", case)["openers"]) == 3


def test_a_colleague_who_left_can_be_given_nothing(world: World) -> None:
    case = taken(world)
    left = tuple(one for one in world.roster.members if one.name != "boris")
    world.put(Roster.model_validate(dict(world.roster) | {"members": left, "epoch": 99}))
    refused(act(world, "anna", case, "hand-over", {"to": key("boris")}), 409, "target")


def test_a_colleague_without_room_is_given_no_more(world: World) -> None:
    for _ in range(5):
        taken(world, "boris", CALM)
    case = taken(world)
    answer = act(world, "anna", case, "hand-over", {"to": key("boris")})
    assert "colleague" in refused(answer, 409, "capacity")
    assert answer.json()["whose"] == "other"
    assert "5" not in answer.json()["error"]
    done(act(world, "anna", case, "ask", {"to": key("boris")}))


# What is no act


@pytest.mark.parametrize("name", ACTS)
def test_a_body_that_is_none_is_refused(world: World, name: str) -> None:
    path = f"/v1/cases/{NOWHERE}/{name}"
    for body in (b"{", b"[]", b"null", b"\xff", b'{"record": 1}', b"[" * 9000):
        sentence = refused(ask(world, "anna", path, method="POST", body=body), 400, "malformed")
        assert "version" in sentence


@pytest.mark.parametrize("name", ["records", "reply", "hand-over", "ask", "level"])
def test_an_act_that_needs_a_body_is_refused_without(world: World, name: str) -> None:
    refused(act(world, "anna", NOWHERE, name), 400, "malformed")
    refused(act(world, "anna", NOWHERE, name, {}), 400, "malformed")


@pytest.mark.parametrize("name", ACTS)
def test_a_record_that_is_none_is_refused(world: World, name: str) -> None:
    case = taken(world)
    body = bodies(world, case)[name]
    for changes in NO_RECORDS:
        wrong = body | {"record": body["record"] | changes}
        refused(act(world, "anna", case, name, wrong), 400, "malformed")
    assert len(fetch(world, "anna", case)["records"]) == 1


NO_RECORDS: list[dict[str, Any]] = [
    {"number": 0},
    {"number": -1},
    {"number": ROOM_FOR_DESKS},
    {"number": 2**31},
    {"number": "one"},
    {"kind": "answers"},
    {"kind": "intake"},
    {"kind": "token"},
    {"kind": ""},
    {"sealed": "AAAA"},
    {"sealed": "no base64"},
    {"sealed": "A" * 4 * 13_000},
    {"more": 1},
]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("reply", {"letter": "AAAA"}),
        ("reply", {"letter": "A" * 4 * 13_000}),
        ("reply", {"letter": None}),
        ("reply", {"token": "AAAA"}),
        ("reply", {"token": ""}),
        ("reply", {"more": 1}),
        ("hand-over", {"to": "boris"}),
        ("hand-over", {"wrap": "AAAA"}),
        ("ask", {"to": None}),
        ("ask", {"wrap": ""}),
        ("level", {"level": "P4"}),
        ("level", {"level": None}),
        ("close", {"outcome": "helped"}),
        ("close", {"outcome": None}),
    ],
)
def test_what_no_desk_sends_is_refused(world: World, name: str, changes: dict[str, Any]) -> None:
    case = taken(world)
    refused(act(world, "anna", case, name, bodies(world, case)[name] | changes), 400, "malformed")
    assert fetch(world, "anna", case)["header"]["held_by"] == "you"


def test_a_reply_is_no_note_and_a_note_no_reply(world: World) -> None:
    case = taken(world)
    body = {"record": part(world, case, 1, "reply")}
    for name in ("records", "release", "close"):
        wrong = bodies(world, case)[name] | body
        refused(act(world, "anna", case, name, wrong), 400, "malformed")
    mixed = replied(world, case) | {"record": part(world, case, 1)}
    refused(act(world, "anna", case, "reply", mixed), 400, "malformed")


def test_the_longest_text_fits(world: World) -> None:
    case = taken(world)
    body = replied(world, case) | {"record": part(world, case, 1, "reply", "\U0001f9ed" * 8000)}
    body["letter"] = body["record"]["sealed"]
    done(act(world, "anna", case, "reply", body))


# Whose signature


@pytest.mark.parametrize("name", ACTS)
def test_a_body_changed_on_the_way_is_refused(world: World, name: str) -> None:
    case = taken(world)
    body = json.dumps(bodies(world, case)[name]).encode()
    path = f"/v1/cases/{case}/{name}"
    changed = body.replace(b'"number": 1', b'"number": 2')
    answer = ask(world, "anna", path, method="POST", body=body, sent={"body": changed})
    refused(answer, 401, "forged")
    stripped = ask(world, "anna", path, method="POST", body=body, sent={"body": b""})
    refused(stripped, 401, "forged")
    assert len(fetch(world, "anna", case)["records"]) == 1


def test_an_act_cannot_be_carried_to_another_case_or_act(world: World) -> None:
    case, other = taken(world), taken(world)
    body = json.dumps({"record": part(world, case, 1)}).encode()
    path = f"/v1/cases/{case}/records"
    for elsewhere in (f"/v1/cases/{other}/records", f"/v1/cases/{case}/close"):
        sent = {"path": elsewhere}
        refused(ask(world, "anna", path, method="POST", body=body, sent=sent), 401, "forged")
    refused(ask(world, "anna", f"/v1/cases/{case}", sent={"method": "DELETE"}), 401, "forged")


@pytest.mark.parametrize("name", ACTS)
def test_an_act_of_another_time_is_refused(world: World, name: str) -> None:
    case = taken(world)
    body = json.dumps(bodies(world, case)[name]).encode()
    path, nonce = f"/v1/cases/{case}/{name}", os.urandom(16)
    refused(ask(world, "anna", path, method="POST", body=body, ago=75), 401, "stale")
    assert ask(world, "anna", path, method="POST", body=body, nonce=nonce).status_code == 200
    refused(ask(world, "anna", path, method="POST", body=body, nonce=nonce), 401, "replayed")


@pytest.mark.parametrize("who", ["counts", "recovery"])
@pytest.mark.parametrize("name", ACTS)
def test_a_role_that_opens_nothing_does_nothing(world: World, who: str, name: str) -> None:
    case = world.submit(URGENT, ["anna", who])
    done(act(world, "anna", case, "take"))
    refused(act(world, who, case, name, bodies(world, case)[name]), 403, "role")
    refused(erase(world, who, case), 403, "role")


# At once


async def at_once(*requests: Any) -> list[httpx.Response]:
    sent = [asyncio.create_task(asyncio.to_thread(*request)) for request in requests]
    return [await one for one in sent]


async def test_of_two_records_with_one_number_one_is_told_to_read_first(world: World) -> None:
    case = taken(world)
    for number in range(1, 6):
        answers = await at_once(
            *(
                (act, world, who, case, "records", {"record": part(world, case, number)})
                for who in ("anna", "boris")
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
    numbers = [one["number"] for one in fetch(world, "anna", case)["records"]]
    assert numbers == [0, 1, 2, 3, 4, 5]


async def test_a_case_is_not_answered_and_handed_over_in_one_instant(world: World) -> None:
    for _ in range(3):
        case = taken(world)
        answers = await at_once(
            (act, world, "anna", case, "reply", replied(world, case)),
            (act, world, "anna", case, "hand-over", bodies(world, case)["hand-over"]),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert len(fetch(world, "anna", case)["records"]) == 2
        done(erase(world, "lead", case))


async def test_the_same_act_twice_at_once_is_done_once(world: World) -> None:
    for name in ACTS:
        case = taken(world)
        body = bodies(world, case)[name]
        request = (act, world, "anna", case, name, body)
        assert [answer.status_code for answer in await at_once(request, request)] == [200, 200]
        assert len(fetch(world, "anna", case)["records"]) == 2
        done(erase(world, "lead", case))


async def test_capacity_holds_in_one_instant_too(world: World) -> None:
    for _ in range(4):
        taken(world, "boris", CALM)
    cases = [taken(world), taken(world)]
    body = {"to": key("boris")}
    answers = await at_once(*((act, world, "anna", case, "hand-over", body) for case in cases))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


# What is told to nobody


def test_who_did_what_is_not_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    case = taken(world)
    for name in ("records", "ask", "level", "close"):
        act(world, "anna", case, name, bodies(world, case)[name])
    refused(act(world, "vera", case, "reply", replied(world, case)), 404, "unknown_case")
    ours = [one for one in caplog.records if not one.name.startswith(("httpcore", "httpx"))]
    text = " ".join(one.getMessage() for one in ours)
    assert case not in text
    assert key("anna") not in text
    assert key("boris") not in text


def test_a_lease_taken_again_is_renewed(world: World) -> None:
    case = taken(world)
    first = fetch(world, "anna", case)["header"]["leased_until"]
    world.time.now += timedelta(hours=3)
    assert done(act(world, "anna", case, "take"))["header"]["leased_until"] > first
