"""The queue over real HTTP: who is let in, who is refused, and that every refusal is a sentence."""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crypto.requests import sign_request
from handlers.callers import SMALL
from intake.errors import LineClosed
from intake.roster import Roster
from storage.errors import DAMAGED
from tests.databases import FILE
from tests.desk.world import CALM, URGENT, World, identity_of
from tests.handlers.desks import NOWHERE, ask, done, refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_member_sees_what_is_sealed_to_her_most_urgent_first(world: World) -> None:
    calm, urgent = world.submit(CALM), world.submit(URGENT)
    hidden = world.submit(URGENT, to=["boris"])
    listed = ask(world, "anna", "/v1/queue").json()["cases"]
    assert [case["id"] for case in listed] == [urgent, calm]
    assert hidden not in json.dumps(listed)


def test_a_taken_case_comes_with_everything_to_open_it(world: World) -> None:
    case = world.submit(URGENT)
    body = ask(world, "anna", f"/v1/cases/{case}/take", method="POST").json()
    assert body["header"]["held_by"] == "you"
    assert [(part["number"], part["kind"]) for part in body["records"]] == [(0, "intake")]
    assert body["openers"] == sorted(identity_of(who).key_id for who in ("anna", "boris"))
    assert body["replies"] == []


def test_a_released_case_waits_again(world: World) -> None:
    case = world.submit(URGENT)
    ask(world, "anna", f"/v1/cases/{case}/take", method="POST")
    assert ask(world, "boris", "/v1/queue").json()["cases"] == []
    ask(world, "anna", f"/v1/cases/{case}/release", method="POST")
    assert ask(world, "boris", "/v1/queue").json()["cases"][0]["state"] == "waiting"


def test_the_second_to_take_learns_when_the_lease_ends_and_not_whose_it_is(world: World) -> None:
    case = world.submit(URGENT)
    ask(world, "anna", f"/v1/cases/{case}/take", method="POST")
    answer = ask(world, "boris", f"/v1/cases/{case}/take", method="POST")
    assert "2026-11-23 00:00 UTC" in refused(answer, 409, "held")
    assert identity_of("anna").key_id not in answer.text
    assert "anna" not in answer.text
    assert set(answer.json()) == {"error", "reason", "leased_until"}


def test_what_nobody_holds_cannot_be_given_back(world: World) -> None:
    case = world.submit(URGENT)
    refused(ask(world, "anna", f"/v1/cases/{case}/release", method="POST"), 409, "not_held")


def test_a_member_holds_no_more_than_her_capacity(world: World) -> None:
    held = [world.submit(CALM) for _ in range(5)]
    for case in held:
        assert ask(world, "anna", f"/v1/cases/{case}/take", method="POST").status_code == 200
    more = f"/v1/cases/{world.submit(URGENT)}/take"
    sentence = refused(ask(world, "anna", more, method="POST"), 409, "capacity")
    assert "gives you 5 cases" in sentence
    assert ask(world, "anna", more, method="POST").json()["whose"] == "you"
    renewed = ask(world, "anna", f"/v1/cases/{held[0]}/take", method="POST")
    assert renewed.status_code == 200
    ask(world, "anna", f"/v1/cases/{held[1]}/release", method="POST")
    assert ask(world, "anna", more, method="POST").status_code == 200


async def test_of_two_who_take_in_the_same_instant_one_gets_it(world: World) -> None:
    for _ in range(5):
        case = world.submit(URGENT)
        path = f"/v1/cases/{case}/take"
        answers = await asyncio.gather(
            *(asyncio.to_thread(ask, world, who, path, method="POST") for who in ("anna", "boris"))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize("what", ["", "/take", "/release"])
def test_a_member_without_a_wrap_finds_no_such_case(world: World, what: str) -> None:
    case = world.submit(URGENT, to=["boris"])
    method = "POST" if what else "GET"
    here = ask(world, "anna", f"/v1/cases/{case}{what}", method=method)
    nowhere = ask(world, "anna", f"/v1/cases/{'0' * 32}{what}", method=method)
    refused(here, 404, "unknown_case")
    assert here.text == nowhere.text


def test_a_list_is_filtered_and_counted(world: World) -> None:
    calm, urgent = world.submit(CALM), world.submit(URGENT)
    whole = done(ask(world, "anna", "/v1/queue"))
    assert whole["counts"] == {"P0": 0, "P1": 1, "P2": 0, "P3": 1}
    for query, found in [
        ("level=P1", [urgent]),
        ("level=P3&language=ru&skill=information", [calm]),
        ("language=en", []),
        ("start=1", [calm]),
        ("start=2", []),
    ]:
        listed = done(ask(world, "anna", f"/v1/queue?{query}"))
        assert [case["id"] for case in listed["cases"]] == found
        assert listed["counts"] == whole["counts"]
    assert listed["matching"] == 2


def test_what_she_holds_is_apart_from_what_she_could_take(world: World) -> None:
    held, waiting = world.submit(URGENT), world.submit(CALM)
    ask(world, "anna", f"/v1/cases/{held}/take", method="POST")
    listed = done(ask(world, "anna", "/v1/queue"))
    assert [case["id"] for case in listed["cases"]] == [waiting]
    assert [(case["id"], case["held_by"]) for case in listed["mine"]] == [(held, "you")]
    world.time.pass_(hours=13)
    lapsed = done(ask(world, "anna", "/v1/queue"))
    assert [case["id"] for case in lapsed["cases"]] == [held, waiting]
    assert lapsed["mine"] == []


@pytest.mark.parametrize(
    "query",
    [
        "level=P9",
        "level=p1",
        "level=",
        "language=RU",
        "language=%D1%80%D1%83",
        "skill=' OR 1",
        "skill=aaaaaaaaaaaaaaaaaa",
        "start=-1",
        "start=100001",
        "start=x",
        "limit=9",
        "start=1&start=2",
    ],
)
def test_a_filter_that_is_none_is_refused(world: World, query: str) -> None:
    refused(ask(world, "anna", f"/v1/queue?{query}".replace(" ", "%20")), 400, "malformed")


def test_the_filter_is_signed_too(world: World) -> None:
    sent = {"path": "/v1/queue?level=P3"}
    refused(ask(world, "anna", "/v1/queue?level=P1", sent=sent), 401, "forged")
    refused(ask(world, "anna", "/v1/queue", sent=sent), 401, "forged")


PROTECTED = [
    ("GET", "/v1/queue"),
    ("GET", "/v1/cases/" + "0" * 32),
    ("DELETE", "/v1/cases/" + "0" * 32),
    *(
        ("POST", "/v1/cases/" + "0" * 32 + f"/{act}")
        for act in (
            "take",
            "release",
            "records",
            "reply",
            "hand-over",
            "ask",
            "level",
            "close",
        )
    ),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_an_unsigned_request_is_refused(world: World, method: str, path: str) -> None:
    refused(httpx.request(method, world.url + path, trust_env=False), 401, "unsigned")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_stranger_is_refused(world: World, method: str, path: str) -> None:
    sentence = refused(ask(world, "stranger", path, method=method), 403, "foreign")
    assert "roster" in sentence


@pytest.mark.parametrize("who", ["counts", "recovery"])
def test_a_role_that_opens_nothing_is_refused(world: World, who: str) -> None:
    refused(ask(world, who, "/v1/queue"), 403, "role")


@pytest.mark.parametrize("ago", [75, 3600, -15, -3600])
def test_a_stale_or_future_signature_is_refused(world: World, ago: float) -> None:
    assert "clock" in refused(ask(world, "anna", "/v1/queue", ago=ago), 401, "stale")


@pytest.mark.parametrize("ago", [0, 55, -5])
def test_a_clock_a_little_off_is_let_in(world: World, ago: float) -> None:
    assert ask(world, "anna", "/v1/queue", ago=ago).status_code == 200


def test_a_replay_is_refused(world: World) -> None:
    nonce = os.urandom(16)
    assert ask(world, "anna", "/v1/queue", nonce=nonce).status_code == 200
    refused(ask(world, "anna", "/v1/queue", nonce=nonce), 401, "replayed")


def test_a_replay_is_refused_after_a_restart(world: World) -> None:
    nonce = os.urandom(16)
    assert ask(world, "anna", "/v1/queue", nonce=nonce).status_code == 200
    world.restart()
    refused(ask(world, "anna", "/v1/queue", nonce=nonce), 401, "replayed")


def test_two_members_may_use_the_same_nonce(world: World) -> None:
    nonce = os.urandom(16)
    assert ask(world, "anna", "/v1/queue", nonce=nonce).status_code == 200
    assert ask(world, "boris", "/v1/queue", nonce=nonce).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/v1/cases/" + "1" * 32 + "/take"},
        {"path": "/v1/cases/" + "0" * 32 + "/take?more"},
        {"body": b"other"},
        {"headers": {"Content-Digest": "sha-256=:" + "A" * 43 + "=:"}},
        {"headers": {"Signature": "tropa=:" + "A" * 86 + "==:"}},
    ],
)
def test_a_request_changed_on_the_way_is_refused(world: World, changes: dict[str, Any]) -> None:
    path = "/v1/cases/" + "0" * 32 + "/take"
    answer = ask(world, "anna", path, method="POST", body=b"body", sent=changes)
    refused(answer, 401, "forged")


def test_a_body_smuggled_under_a_bodyless_signature_is_refused(world: World) -> None:
    path = "/v1/cases/" + "0" * 32 + "/take"
    refused(ask(world, "anna", path, method="POST"), 404, "unknown_case")
    identity = identity_of("anna")
    headers = sign_request(
        "POST", world.url + path, None, identity, identity.key_id, world.time(), os.urandom(16)
    )
    sent = httpx.post(world.url + path, content=b"more", headers=headers, trust_env=False)
    refused(sent, 401, "forged")


def test_one_member_cannot_sign_as_another(world: World) -> None:
    anna, boris = identity_of("anna"), identity_of("boris")
    url = world.url + "/v1/queue"
    headers = sign_request("GET", url, None, boris, anna.key_id, world.time(), os.urandom(16))
    refused(httpx.get(url, headers=headers, trust_env=False), 401, "forged")


def test_a_large_body_is_refused_before_it_is_read_whole(world: World) -> None:
    path = "/v1/cases/" + "0" * 32 + "/take"
    answer = ask(world, "anna", path, method="POST", body=b"x" * (SMALL + 1))
    refused(answer, 413, "http_413")


def test_a_removed_member_is_a_stranger_at_once(world: World) -> None:
    assert ask(world, "anna", "/v1/queue").status_code == 200
    others = tuple(member for member in world.roster.members if member.name != "anna")
    world.put(Roster.model_validate(dict(world.roster) | {"members": others, "epoch": 99}))
    refused(ask(world, "anna", "/v1/queue"), 403, "foreign")


def test_without_a_valid_roster_the_queue_is_closed_and_nobody_is_told_where_it_lies(
    world: World,
) -> None:
    world.closed = LineClosed("The roster /srv/tropa/roster.json cannot be read.")
    told = refused(ask(world, "anna", "/v1/queue"), 503, "closed")
    assert "the log says why" in told
    assert "/srv" not in told


def test_the_roster_and_the_form_are_there_for_anybody(world: World) -> None:
    assert httpx.get(world.url + "/v1/roster", trust_env=False).content == world.envelope
    form = httpx.get(f"{world.url}/v1/forms/{world.form.digest}", trust_env=False)
    assert form.content == world.form_bytes
    refused(httpx.get(f"{world.url}/v1/forms/{'0' * 64}", trust_env=False), 404, "form")
    world.envelope = None
    refused(httpx.get(world.url + "/v1/roster", trust_env=False), 503, "closed")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/cases/../queue", 404),
        ("GET", "/v1/cases/XYZ", 404),
        ("GET", "/v1/forms/%2e%2e%2f", 404),
        ("DELETE", "/v1/queue", 405),
        ("POST", "/v1/queue", 405),
        ("POST", "/v1/cases/" + "0" * 32, 405),
        ("GET", "/v1/cases/" + "0" * 32 + "/reply", 405),
        ("POST", "/v1/cases/" + "0" * 32 + "/reopen", 404),
    ],
)
def test_any_other_address_is_a_sentence_too(
    world: World, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, world.url + path, trust_env=False)
    if path != "/v1/cases/../queue":
        refused(answer, status, f"http_{status}")


def test_no_answer_may_be_kept_by_anything_on_the_way(world: World) -> None:
    for answer in (
        ask(world, "anna", "/v1/queue"),
        ask(world, "stranger", "/v1/queue"),
        httpx.get(world.url + "/nowhere", trust_env=False),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "aiohttp" not in answer.headers.get("Server", "")


def test_a_fault_of_the_database_is_a_sentence_and_no_id_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case = world.submit(URGENT)
    world.wait(world.storage.close())
    for file in world.folder.glob(f"{FILE}*"):
        file.write_bytes(b"no database" * 1000)
    answer = ask(world, "anna", f"/v1/cases/{case}/take", method="POST")
    refused(answer, 503, "unavailable")
    ours = [record for record in caplog.records if not record.name.startswith("httpcore")]
    text = " ".join(record.getMessage() for record in ours if "httpx" not in record.name)
    assert case not in text
    assert identity_of("anna").key_id not in text
    assert "Traceback" not in caplog.text
    told = [one.getMessage() for one in caplog.records if one.name == "tropa.queue"]
    assert told == [DAMAGED]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Encoding": "gzip"}, b"not packed at all"),
        ({"Content-Encoding": "deflate"}, b"not packed at all"),
        ({"Content-Length": "50"}, b"cut off"),
    ],
)
def test_a_body_that_does_not_arrive_whole_is_no_fault_of_the_server(
    world: World, caplog: pytest.LogCaptureFixture, headers: dict[str, str], body: bytes
) -> None:
    """Anybody can send one, unsigned, and as often as he likes."""
    host, port = world.url.removeprefix("http://").split(":")
    named = {"Host": host, "Content-Length": str(len(body))} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    with socket.create_connection((host, int(port)), timeout=10) as there:
        there.sendall(f"POST /v1/cases/{NOWHERE}/take HTTP/1.1\r\n{head}\r\n".encode() + body)
        there.shutdown(socket.SHUT_WR)
        answer = there.recv(65536)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer
    ask(world, "anna", "/v1/queue")  # the former is done with
    assert [one.getMessage() for one in caplog.records if one.name.startswith("tropa")] == []


def test_a_fault_that_nobody_foresaw_is_told_to_the_operator_by_its_kind_alone(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.submit(URGENT)

    async def failing(*_: object, **__: object) -> None:
        raise ZeroDivisionError(case)

    monkeypatch.setattr(type(world.storage.cases), "take", failing)
    answer = ask(world, "anna", f"/v1/cases/{case}/take", method="POST")
    assert "Tell the operator" in refused(answer, 500, "http_500")
    told = [one.getMessage() for one in caplog.records if one.name.startswith("tropa")]
    assert told == ["unexpected ZeroDivisionError"]
    assert case not in caplog.text
