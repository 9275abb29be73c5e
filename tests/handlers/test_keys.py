"""Keys that change hands, over real HTTP: who may, what changes, and what a forger gets."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from crypto.requests import sign_request
from handlers.callers import STAYS
from handlers.keys import PAGE, REKEYED_BESIDE
from intake.ledger import Kind, mark
from intake.shapes import encoded
from intake.wire import Rekeying
from tests.desk.world import CALM, URGENT, World, identity_of
from tests.handlers.desks import NOWHERE, ask, done, key, part, refused, wrap
from tests.handlers.rekeys import (
    events,
    fetched,
    fresh,
    mandate,
    plain,
    post,
    sent,
    signed,
    token,
    waiting,
    without,
)

EVERYBODY = ["anna", "boris", "lead", "recovery"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


# The record of key events


def test_the_record_tells_who_was_given_what_and_no_hour(world: World) -> None:
    case = world.submit(URGENT, ["anna"])
    done(post(world, "anna", f"/v1/cases/{case}/take", b""))
    body = {"to": key("vera"), "wrap": wrap(world, case, "vera")}
    done(post(world, "anna", f"/v1/cases/{case}/ask", body))
    done(post(world, "anna", f"/v1/cases/{case}/hand-over", {"to": key("vera")}))
    done(ask(world, "vera", f"/v1/cases/{case}", method="DELETE"))
    told = events(world)
    assert [event.kind for event in told] == [Kind.ADVICE, Kind.HAND_OVER, Kind.ERASED]
    named = mark(bytes.fromhex(case))
    assert {event.case for event in told} == {named}
    assert [(event.by, event.to) for event in told] == [
        (key("anna"), key("vera")),
        (key("anna"), key("vera")),
        (key("vera"), None),
    ]
    assert {event.day for event in told} == {world.time().date()}
    assert not any(":" in str(event.model_dump()["day"]) for event in told)


def test_what_was_done_before_is_told_once(world: World) -> None:
    case = world.submit(URGENT, ["anna", "vera"])
    done(post(world, "anna", f"/v1/cases/{case}/take", b""))
    body = {"to": key("vera"), "record": part(world, case, 1)}
    for _ in range(2):
        done(post(world, "anna", f"/v1/cases/{case}/hand-over", body))
    done(post(world, "vera", f"/v1/cases/{case}/ask", {"to": key("anna")}))  # she could open it
    assert [event.kind for event in events(world)] == [Kind.HAND_OVER]


def test_the_record_is_for_whoever_opens_cases(world: World) -> None:
    without(world)
    for who in ("anna", "lead", "recovery"):
        assert [event.kind for event in events(world, who)] == [Kind.EPOCH]
    refused(ask(world, "counts", "/v1/events?after=0"), 403, "role")
    refused(ask(world, "boris", "/v1/events?after=0"), 403, "foreign")


def test_a_desk_that_has_seen_more_than_there_is_finds_it_out(world: World) -> None:
    without(world)
    page = done(ask(world, "anna", "/v1/events?after=7"))
    assert (page["after"], page["total"], page["events"]) == (2, 2, [])


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?after=1&after=1", "?before=1"])
def test_no_other_place_of_the_record_is_asked_for(world: World, query: str) -> None:
    refused(ask(world, "anna", f"/v1/events{query}"), 400, "malformed")


# The roster


def test_a_roster_is_sent_and_desks_get_it(world: World) -> None:
    world.submit(URGENT, EVERYBODY)
    roster = world.roster.without_member("boris")
    answer = ask(world, "lead", "/v1/roster", method="PUT", body=world.signed(roster))
    assert done(answer) == {"epoch": roster.epoch}
    refused(ask(world, "boris", "/v1/queue"), 403, "foreign")
    assert [event.epoch for event in events(world)] == [roster.epoch]


# Cases under a fresh key


def test_a_case_under_a_fresh_key_opens_for_all_who_could_and_are_there(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    world.write(case, "ещё одно")
    before = fetched(world, case)
    said, back = plain(before, "lead"), token(before, "lead")
    assert waiting(world) == []
    without(world)
    [whole] = waiting(world)
    assert (whole.openers, whole.records) == (
        tuple(sorted(key(name) for name in ("anna", "lead", "recovery"))),
        before.records,
    )
    answer = sent(world, fresh(world, whole))
    assert answer == {"done": [case], "moved": [], "gone": []}
    for who in ("anna", "lead"):
        after = fetched(world, case, who)
        assert plain(after, who) == [*said, b"a fresh key"]
        assert token(after, who) == back
        assert after.header.epoch == world.roster.epoch > before.header.epoch
        assert not {part.sealed for part in after.records} & {part.sealed for part in whole.records}
    assert waiting(world) == []
    assert [(event.kind, event.cases) for event in events(world)] == [
        (Kind.EPOCH, None),
        (Kind.REKEYED, 1),
    ]


def test_the_recovery_key_gives_cases_fresh_keys_as_well(world: World) -> None:
    case = world.submit(URGENT, ["boris", "anna", "recovery"])
    without(world)
    assert waiting(world, "lead") == []
    assert done(ask(world, "lead", "/v1/rekey"))["closed_to_her"] == 1
    [whole] = waiting(world, "recovery")
    answer = sent(world, fresh(world, whole, "recovery"), who="recovery")
    assert answer["done"] == [case]
    assert plain(fetched(world, case, "anna"), "anna")[-1] == b"a fresh key"


def test_what_is_done_again_is_done(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    without(world)
    [whole] = waiting(world)
    one, other = fresh(world, whole), fresh(world, whole)
    assert sent(world, one)["done"] == [case]
    assert sent(world, one) == {"done": [], "moved": [], "gone": [case]}
    assert sent(world, other) == {"done": [], "moved": [], "gone": [case]}
    assert fetched(world, case).public_key == one["public_key"]


def _wrote(world: World, case: str) -> None:
    world.write(case, "меня вызвали")


def _noted(world: World, case: str) -> None:
    done(post(world, "anna", f"/v1/cases/{case}/records", {"record": part(world, case, 1)}))


def _asked(world: World, case: str) -> None:
    done(post(world, "anna", f"/v1/cases/{case}/take", b""))
    body = {"to": key("vera"), "wrap": wrap(world, case, "vera")}
    done(post(world, "anna", f"/v1/cases/{case}/ask", body))


def _roster_changed(world: World, _: str) -> None:
    without(world, "vera")


@pytest.mark.parametrize("meanwhile", [_wrote, _noted, _asked, _roster_changed])
def test_what_changed_meanwhile_is_fetched_again(
    world: World, meanwhile: Callable[[World, str], None]
) -> None:
    case = world.submit(URGENT, EVERYBODY)
    without(world)
    [whole] = waiting(world)
    old, body = world.keys[case], fresh(world, whole)
    world.keys[case] = old
    meanwhile(world, case)
    now = fetched(world, case)
    assert sent(world, body) == {"done": [], "moved": [case], "gone": []}
    assert fetched(world, case) == now
    [again] = waiting(world)
    assert sent(world, fresh(world, again))["done"] == [case]


def test_what_was_erased_meanwhile_is_gone(world: World) -> None:
    cases = [world.submit(URGENT, EVERYBODY) for _ in range(2)]
    without(world)
    bodies = [fresh(world, whole) for whole in waiting(world)]
    done(ask(world, "lead", f"/v1/cases/{cases[0]}", method="DELETE"))
    answer = sent(world, *bodies)
    assert (answer["done"], answer["gone"]) == ([cases[1]], [cases[0]])


def _stranger(world: World, body: Any) -> Any:
    wraps = body["wraps"] | {key("vera"): next(iter(body["wraps"].values()))}
    return body | {"wraps": wraps}


def _nobody(world: World, body: Any) -> Any:
    left = dict(list(body["wraps"].items())[1:])
    return body | {"wraps": left}


def _removed(world: World, body: Any) -> Any:
    return body | {"wraps": body["wraps"] | {key("boris"): next(iter(body["wraps"].values()))}}


def _records(change: Callable[[list[Any]], list[Any]]) -> Callable[[World, Any], Any]:
    return lambda world, body: body | {"records": change(body["records"])}


FORGED = {
    "a stranger is added": _stranger,
    "an opener is dropped": _nobody,
    "one who left comes back": _removed,
    "a record is dropped": _records(lambda parts: [parts[0], {**parts[2], "number": 1}]),
    "the note is missing": _records(lambda parts: parts[:2]),
    "a record stands twice": _records(lambda parts: [parts[0], parts[0], *parts[1:]]),
    "numbers with a gap": _records(lambda parts: [*parts[:2], {**parts[2], "number": 5}]),
    "another kind": _records(lambda parts: [parts[0], {**parts[1], "kind": "note"}, parts[2]]),
    "a reply in place of the note": _records(
        lambda parts: [*parts[:2], {**parts[2], "kind": "reply"}]
    ),
    "a shorter record": _records(
        lambda parts: [{**parts[0], "sealed": parts[2]["sealed"]}, *parts[1:]]
    ),
    "no sealed length": _records(
        lambda parts: [{**parts[0], "sealed": encoded(b"x" * 77)}, *parts[1:]]
    ),
    "no token": lambda _, body: body | {"token": None},
    "a short token": lambda _, body: body | {"token": encoded(b"short")},
    "a wrap of no length": lambda _, body: (
        body | {"wraps": dict.fromkeys(body["wraps"], encoded(b"short"))}
    ),
    "no key": lambda _, body: body | {"public_key": encoded(bytes(1216))},
    "a short key": lambda _, body: body | {"public_key": encoded(b"x" * 1215)},
    "the key of before": lambda world, body: (
        body | {"public_key": fetched(world, body["id"]).public_key}
    ),
    "more": lambda _, body: body | {"more": 1},
}


@pytest.mark.parametrize("forge", [pytest.param(made, id=name) for name, made in FORGED.items()])
def test_a_case_that_is_not_the_one_that_is_there_is_refused_and_nothing_done(
    world: World, forge: Callable[[World, Any], Any]
) -> None:
    cases = [world.submit(URGENT, EVERYBODY) for _ in range(2)]
    for case in cases:
        world.write(case, "ещё")
    without(world)
    good, body = [fresh(world, whole) for whole in waiting(world)]
    before = [fetched(world, case) for case in cases]
    forged = {"cases": [good, forge(world, body)]}
    refused(post(world, "lead", "/v1/rekey", forged), 400, "malformed")
    assert [fetched(world, case) for case in cases] == before
    assert len(waiting(world)) == 2
    assert sent(world, good, body)["done"] == [good["id"], body["id"]]


def test_a_case_that_stands_twice_is_refused(world: World) -> None:
    world.submit(URGENT, EVERYBODY)
    without(world)
    body = fresh(world, waiting(world)[0])
    refused(post(world, "lead", "/v1/rekey", {"cases": [body, body]}), 400, "malformed")


@pytest.mark.parametrize("name", ["hand-over", "ask"])
def test_a_colleague_is_not_given_the_key_of_before(world: World, name: str) -> None:
    case = world.submit(URGENT, EVERYBODY)
    done(post(world, "anna", f"/v1/cases/{case}/take", b""))
    stale = wrap(world, case, "vera")
    without(world)
    whole = waiting(world)[0]
    assert sent(world, fresh(world, whole))["done"] == [case]
    path = f"/v1/cases/{case}/{name}"
    refused(post(world, "anna", path, {"to": key("vera"), "wrap": stale}), 409, "moved")
    refused(ask(world, "vera", f"/v1/cases/{case}"), 404, "unknown_case")


def test_more_cases_than_a_page_holds_several_times_are_refused(world: World) -> None:
    world.submit(URGENT, EVERYBODY)
    without(world)
    body = fresh(world, waiting(world)[0])
    many = [body | {"id": f"{number:032x}"} for number in range(501)]
    refused(post(world, "lead", "/v1/rekey", {"cases": many}), 400, "malformed")
    assert len(sent(world, *many[:499], body)["gone"]) == 499


@pytest.mark.parametrize("who", ["anna", "counts"])
def test_many_cases_are_for_leads_and_recovery(world: World, who: str) -> None:
    world.submit(URGENT, EVERYBODY)
    without(world)
    body = {"cases": [fresh(world, waiting(world)[0])]}
    refused(ask(world, who, "/v1/rekey"), 403, "role")
    refused(post(world, who, "/v1/rekey", body), 403, "role")
    refused(ask(world, who, f"/v1/wraps?mandate={'0' * 64}"), 403, "role")
    refused(post(world, who, "/v1/wraps", {"mandate": "0" * 64, "wraps": []}), 403, "role")
    refused(post(world, who, "/v1/mandates", signed(mandate(world, "vera"), who)), 403, "role")
    assert len(waiting(world)) == 1


def test_one_who_cannot_open_a_case_does_not_change_it(world: World) -> None:
    case = world.submit(URGENT, ["anna", "boris", "recovery"])
    without(world)
    body = fresh(world, waiting(world, "recovery")[0], "recovery")
    assert sent(world, body)["gone"] == [case]
    assert fetched(world, case, "anna").header.epoch == world.header(case).epoch


def test_pages_follow_each_other(world: World) -> None:
    cases = {world.submit(CALM, EVERYBODY) for _ in range(103)}
    without(world)
    first = done(ask(world, "lead", "/v1/rekey"))
    assert (len(first["cases"]), first["left"]) == (100, 103)
    rest = done(ask(world, "lead", f"/v1/rekey?after={first['after']}"))
    assert (len(rest["cases"]), rest["left"], rest["after"]) == (3, 3, None)
    found = [one["header"]["id"] for one in (*first["cases"], *rest["cases"])]
    assert set(found) == cases


def test_a_page_says_of_a_case_what_the_case_itself_does(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    world.write(case, "ещё")
    done(post(world, "lead", f"/v1/cases/{case}/take", b""))
    without(world)
    for who in ("lead",):
        [whole] = done(ask(world, who, "/v1/rekey"))["cases"]
        assert whole == done(ask(world, who, f"/v1/cases/{case}"))


def test_what_a_desk_sends_is_what_the_shape_says(world: World) -> None:
    world.submit(URGENT, EVERYBODY)
    without(world)
    body = Rekeying.model_validate({"cases": [fresh(world, waiting(world)[0])]})
    answer = post(world, "lead", "/v1/rekey", body.model_dump_json().encode())
    assert len(done(answer)["done"]) == 1


# Whose time is over


def test_one_whose_time_is_over_is_told_so(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    until = world.time() + timedelta(days=2)
    world.take_up(world.roster.with_end("boris", until).with_end("lead", until))
    done(ask(world, "boris", "/v1/queue"))
    world.time.pass_(days=2)
    for who, path in (("boris", "/v1/queue"), ("boris", "/v1/events"), ("lead", "/v1/rekey")):
        assert "over" in refused(ask(world, who, path), 403, "ended")
    done(post(world, "anna", f"/v1/cases/{case}/take", b""))
    for name in ("hand-over", "ask"):
        answer = post(world, "anna", f"/v1/cases/{case}/{name}", {"to": key("boris")})
        refused(answer, 409, "target")
    assert key("boris") in fetched(world, case, "anna").openers
    assert waiting(world, "recovery") == []


# A lead, where somebody else holds a case


def test_a_lead_hands_over_what_another_holds(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    body = {"to": key("anna"), "record": part(world, case, 1)}
    refused(post(world, "lead", f"/v1/cases/{case}/hand-over", body), 409, "not_held")
    done(post(world, "boris", f"/v1/cases/{case}/take", b""))
    done(post(world, "lead", f"/v1/cases/{case}/hand-over", body))
    assert fetched(world, case, "anna").header.held_by == "you"
    [told] = events(world)
    assert (told.kind, told.by, told.to) == (Kind.HAND_OVER, key("lead"), key("anna"))
    refused(post(world, "vera", f"/v1/cases/{case}/hand-over", body), 404, "unknown_case")


def test_what_somebody_held_who_left_waits_for_others(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    done(post(world, "boris", f"/v1/cases/{case}/take", b""))
    without(world)
    header = fetched(world, case, "anna").header
    assert (header.state, header.held_by) == ("waiting", None)
    done(post(world, "anna", f"/v1/cases/{case}/take", b""))
    refused(ask(world, "boris", f"/v1/cases/{case}"), 403, "foreign")


# Size


@pytest.mark.parametrize("path", ["/v1/rekey", "/v1/wraps"])
def test_what_would_burst_the_memory_is_not_taken_apart(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand bytes and more for each empty bracket: sixty megabytes would end the server."""

    def fails(*_: object) -> NoReturn:
        raise AssertionError("taken apart")

    monkeypatch.setattr("handlers.key_bodies.TypeAdapter.validate_json", fails)
    monkeypatch.setattr("handlers.keys.read", fails)
    for one in (b"[]", b"{}", b"0", b"[" * 99):
        body = b'{"cases":[' + b",".join([one] * (400_000 // len(one))) + b"]}"
        refused(post(world, "lead", path, body), 400, "malformed")


Begun = tuple[socket.socket, bytes]


@pytest.fixture
def begin(world: World) -> Iterator[Callable[..., Begun]]:
    """Sends the head of a request, and a part of the body if that is wanted; gives the rest."""
    host, _, port = world.url.removeprefix("http://").partition(":")
    with ExitStack() as stack:

        def begun(body: bytes, now: int = 0, head: bytes = b"") -> Begun:
            wire = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            wire.sendall((head or signed_head(world, body)) + body[:now])
            return wire, body[now:]

        yield begun


def signed_head(world: World, body: bytes, path: str = "/v1/rekey") -> bytes:
    signer = identity_of("lead")
    headers = sign_request(
        "POST", world.url + path, body, signer, signer.key_id, world.time(), os.urandom(16)
    )
    lines = {"Host": "desk", "Content-Length": str(len(body)), "Connection": "close"} | headers
    named = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{named}\r\n".encode()


def ended(begun: Begun) -> httpx.Response:
    """The answer, after the rest was sent."""
    wire, rest = begun
    with suppress(ConnectionError):  # an answer may come before all is sent
        wire.sendall(rest)
    answer = b"".join(iter(lambda: wire.recv(65536), b""))
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return httpx.Response(int(first.split()[1]), headers=headers, content=content)


def test_requests_larger_than_a_page_wait_for_each_other_and_nobody_else_does(
    world: World, begin: Callable[..., Begun]
) -> None:
    large = b" " * (PAGE + 1)
    begun = [begin(large) for _ in range(REKEYED_BESIDE)]
    slow = begin(b"{}")
    assert ask(world, "lead", "/v1/rekey").status_code == 200
    with ThreadPoolExecutor() as pool:
        third = pool.submit(post, world, "lead", "/v1/rekey", large)
        assert ask(world, "anna", "/v1/queue").status_code == 200
        refused(post(world, "lead", "/v1/rekey", b"{}"), 400, "malformed")
        with pytest.raises(TimeoutError):
            third.result(1)
        for wire, _ in begun:
            wire.close()
        refused(third.result(), 400, "malformed")
    refused(ended(slow), 400, "malformed")


def test_what_takes_long_over_a_slow_line_is_no_older_than_when_it_began(
    world: World, begin: Callable[..., Begun]
) -> None:
    case = world.submit(URGENT, EVERYBODY)
    without(world)
    body = json.dumps({"cases": [fresh(world, waiting(world)[0])]}).encode()
    slow = begin(body, 1000)
    assert ask(world, "lead", "/v1/rekey").status_code == 200  # the head is there
    world.time.pass_(seconds=200)
    assert done(ended(slow))["done"] == [case]
    stale = signed_head(world, body)
    world.time.pass_(seconds=71)
    refused(ended(begin(body, head=stale)), 401, "stale")


def test_the_connection_stays_for_what_a_lead_sends_and_for_nobody_else(
    world: World, begin: Callable[..., Begun]
) -> None:
    stays = world.runner.app[STAYS]
    body = b"{}"
    stranger = signed_head(world, body).replace(key("lead").encode(), key("anna").encode())
    refused(ended(begin(body, head=stranger)), 401, "forged")
    refused(post(world, "anna", "/v1/rekey", body), 403, "role")
    assert not stays
    slow = begin(body, 1)
    ask(world, "anna", "/v1/queue")
    assert len(stays) == 1
    refused(ended(slow), 400, "malformed")


def test_a_head_is_good_once_whenever_its_body_comes(
    world: World, begin: Callable[..., Begun]
) -> None:
    """Nor does a slow one outlast what is remembered of it."""
    case = world.submit(URGENT, EVERYBODY)
    without(world)
    body = json.dumps({"cases": [fresh(world, waiting(world)[0])]}).encode()
    head = signed_head(world, body)
    slow = begin(body, 10, head)
    world.time.pass_(seconds=69)
    ask(world, "lead", "/v1/rekey")
    refused(ended(begin(body, head=head)), 401, "replayed")
    for _ in range(5):
        world.time.pass_(seconds=100)
        world.wait(world.storage.nonces.expire(world.time()))
        refused(ended(begin(body, head=head)), 401, "stale")
    assert done(ended(slow))["done"] == [case]


def test_another_body_than_the_signed_one_does_not_follow_a_head(
    world: World, begin: Callable[..., Begun]
) -> None:
    head = signed_head(world, b'{"cases":[]}')
    refused(ended(begin(b'{"cases":{}}', head=head)), 401, "forged")
    bare = signed_head(world, b"").replace(b"Content-Length: 0", b"Content-Length: 2")
    refused(ended(begin(b"{}", head=bare)), 401, "forged")


@pytest.mark.parametrize("how", ["packed", "too long by far"])
def test_what_could_only_be_turned_away_is_not_waited_for(
    world: World, begin: Callable[..., Begun], how: str
) -> None:
    """The answer comes although the body never does."""
    head, length = signed_head(world, b"{}"), b"Content-Length: 2\r\n"
    if how == "packed":
        wire, _ = begin(b"", head=head.replace(length, length + b"Content-Encoding: gzip\r\n"))
        status, reason = 400, "malformed"
    else:
        wire, _ = begin(b"", head=head.replace(length, b"Content-Length: 99999999999\r\n"))
        status, reason = 413, "http_413"
    wire.settimeout(5)
    assert wire.recv(12) == f"HTTP/1.1 {status}".encode()
    wire.shutdown(socket.SHUT_WR)
    assert f'"{reason}"'.encode() in b"".join(iter(lambda: wire.recv(65536), b""))


def test_a_lead_who_left_while_her_request_arrived_changes_nothing(
    world: World, begin: Callable[..., Begun]
) -> None:
    world.submit(URGENT, EVERYBODY)
    without(world)
    body = json.dumps({"cases": [fresh(world, waiting(world)[0])]}).encode()
    slow = begin(body, 10)
    ask(world, "lead", "/v1/rekey")
    without(world, "lead")
    refused(ended(slow), 403, "foreign")
    assert len(waiting(world, "recovery")) == 1


def test_a_volunteer_uses_no_nonce_and_no_room_of_a_lead(
    world: World, begin: Callable[..., Begun]
) -> None:
    nonce = os.urandom(16)
    for _ in range(2):
        answer = ask(world, "anna", "/v1/rekey", method="POST", body=b"{}", nonce=nonce)
        refused(answer, 403, "role")


def test_only_those_who_may_send_much(world: World) -> None:
    much = b" " * (200 * 1024)
    for who, path in (("anna", "/v1/rekey"), ("counts", "/v1/wraps"), ("anna", "/v1/wraps")):
        refused(post(world, who, path, much), 403, "role")
    refused(post(world, "lead", f"/v1/cases/{NOWHERE}/records", much), 413, "http_413")
    refused(post(world, "lead", "/v1/mandates", much), 413, "http_413")
    for path in ("/v1/rekey", "/v1/wraps"):
        refused(post(world, "lead", path, much), 400, "malformed")
    refused(post(world, "lead", "/v1/wraps", much * 6), 413, "http_413")
    answer = ask(world, "lead", "/v1/rekey", method="POST", body=b"{}", sent={"body": much})
    assert answer.status_code == 401
