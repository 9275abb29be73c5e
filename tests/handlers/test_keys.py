"""Keys that change hands, over real HTTP: who may, what changes, and what a forger gets."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.card import Card
from intake.ledger import GENESIS, Event, Kind, chained, mark
from intake.mandates import Purpose
from intake.roster import Member, Role
from intake.shapes import encoded
from intake.wire import CaseFile, Rekeying
from tests.desk.world import CALM, URGENT, World, identity_of
from tests.handlers.desks import NOWHERE, ask, done, key, part, refused, wrap
from tests.handlers.rekeys import (
    fresh,
    mandate,
    plain,
    post,
    signed,
    token,
    waiting,
)

EVERYBODY = ["anna", "boris", "lead", "recovery"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def events(world: World, who: str = "anna", after: int = 0) -> list[Event]:
    """The record as she is shown it, its chain checked."""
    page = done(ask(world, who, f"/v1/events?after={after}"))
    found, head = (
        [Event.from_bytes(one.encode()) for one in page["events"]],
        bytes.fromhex(page["head"]),
    )
    if not after:
        assert head == GENESIS
    for event in found:
        head = chained(head, event.to_bytes())
    assert page["total"] == after + len(found)
    return found


def fetched(world: World, case: str, who: str = "lead") -> CaseFile:
    return CaseFile.model_validate(done(ask(world, who, f"/v1/cases/{case}")))


def without(world: World, name: str = "boris") -> None:
    """She leaves the roster, and the server takes it up."""
    world.take_up(world.roster.without_member(name))


def rekeyed(world: World, *bodies: Any, who: str = "lead") -> Any:
    return done(post(world, who, "/v1/rekey", {"cases": bodies}))


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
    assert (page["after"], page["total"], page["events"]) == (1, 1, [])


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
    answer = rekeyed(world, fresh(world, whole))
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
    answer = rekeyed(world, fresh(world, whole, "recovery"), who="recovery")
    assert answer["done"] == [case]
    assert plain(fetched(world, case, "anna"), "anna")[-1] == b"a fresh key"


def test_what_is_done_again_is_done(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    without(world)
    [whole] = waiting(world)
    one, other = fresh(world, whole), fresh(world, whole)
    assert rekeyed(world, one)["done"] == [case]
    assert rekeyed(world, one) == {"done": [], "moved": [], "gone": [case]}
    assert rekeyed(world, other) == {"done": [], "moved": [], "gone": [case]}
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
    assert rekeyed(world, body) == {"done": [], "moved": [case], "gone": []}
    assert fetched(world, case) == now
    [again] = waiting(world)
    assert rekeyed(world, fresh(world, again))["done"] == [case]


def test_what_was_erased_meanwhile_is_gone(world: World) -> None:
    cases = [world.submit(URGENT, EVERYBODY) for _ in range(2)]
    without(world)
    bodies = [fresh(world, whole) for whole in waiting(world)]
    done(ask(world, "lead", f"/v1/cases/{cases[0]}", method="DELETE"))
    answer = rekeyed(world, *bodies)
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
    assert rekeyed(world, good, body)["done"] == [good["id"], body["id"]]


def test_a_case_that_stands_twice_is_refused(world: World) -> None:
    world.submit(URGENT, EVERYBODY)
    without(world)
    body = fresh(world, waiting(world)[0])
    refused(post(world, "lead", "/v1/rekey", {"cases": [body, body]}), 400, "malformed")


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
    assert rekeyed(world, body)["gone"] == [case]
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


# Mandates


def test_a_mandate_stands_once_enough_have_signed(world: World) -> None:
    case = world.submit(URGENT, ["anna", "lead"])
    world.take_up(world.roster.with_member(_lead("lead2")).with_approvals(2))
    about = mandate(world, "vera")
    said = done(post(world, "lead", "/v1/mandates", signed(about, "lead")))
    assert said == {"mandate": about.digest, "signatures": 1, "needed": 2}
    path = f"/v1/wraps?mandate={about.digest}"
    assert "1 of the 2" in refused(ask(world, "lead", path), 403, "mandate")
    body = {"mandate": about.digest, "wraps": [{"case": case, "wrap": wrap(world, case, "vera")}]}
    refused(post(world, "lead", "/v1/wraps", body), 403, "mandate")
    refused(ask(world, "vera", f"/v1/cases/{case}"), 404, "unknown_case")
    said = done(post(world, "lead2", "/v1/mandates", signed(about, "lead2")))
    assert said["signatures"] == 2
    page = done(ask(world, "lead", path))
    [found] = page["cases"]
    assert (found["id"], found["epoch"]) == (case, world.header(case).epoch)
    assert (page["left"], page["closed_to_her"], page["after"]) == (1, 0, None)
    assert done(post(world, "lead", "/v1/wraps", body)) == {"done": 1, "gone": 0}
    assert plain(fetched(world, case, "vera"), "vera")
    assert done(post(world, "lead", "/v1/wraps", body)) == {"done": 0, "gone": 1}
    told = events(world)[-1]
    assert (told.kind, told.by, told.to, told.cases, told.mandate) == (
        Kind.WRAPPED,
        key("lead"),
        key("vera"),
        1,
        about.digest,
    )


def _lead(name: str) -> Member:
    return Card.of(name, identity_of(name)).member(Role.LEAD, ("information",), ("ru", "en"))


def test_a_mandate_reaches_what_it_says(world: World) -> None:
    fitting = world.submit({**URGENT, "need": ("medical",)}, ["anna", "lead"])
    other = world.submit(CALM, ["anna", "lead"])
    hidden = world.submit({**URGENT, "need": ("medical",)}, ["anna"])
    closed = world.submit({**URGENT, "need": ("medical",)}, ["lead"])
    done(post(world, "lead", f"/v1/cases/{closed}/take", b""))
    done(post(world, "lead", f"/v1/cases/{closed}/close", {"outcome": "safe"}))
    assert "medical" in world.header(fitting).skills
    narrow, wide = (mandate(world, "vera", every=every) for every in (False, True))
    for about, found in ((narrow, {fitting}), (wide, {other})):
        done(post(world, "lead", "/v1/mandates", signed(about, "lead")))
        page = done(ask(world, "lead", f"/v1/wraps?mandate={about.digest}"))
        assert {one["id"] for one in page["cases"]} == found
        assert page["closed_to_her"] == 1
        body = {
            "mandate": about.digest,
            "wraps": [
                {"case": case, "wrap": wrap(world, case, "vera")}
                for case in (fitting, other, hidden, closed)
            ],
        }
        assert done(post(world, "lead", "/v1/wraps", body)) == {"done": 1, "gone": 3}
    for case in (hidden, closed):
        refused(ask(world, "vera", f"/v1/cases/{case}"), 404, "unknown_case")


def test_a_recovery_opens_every_case_by_the_recovery_key(world: World) -> None:
    case = world.submit(CALM, ["anna", "recovery"])
    about = mandate(world, "vera", Purpose.RECOVER)
    done(post(world, "recovery", "/v1/mandates", signed(about, "recovery")))
    path = f"/v1/wraps?mandate={about.digest}"
    refused(ask(world, "lead", path), 403, "role")
    assert [one["id"] for one in done(ask(world, "recovery", path))["cases"]] == [case]
    body = {"mandate": about.digest, "wraps": [{"case": case, "wrap": wrap(world, case, "vera")}]}
    assert done(post(world, "recovery", "/v1/wraps", body))["done"] == 1
    assert plain(fetched(world, case, "vera"), "vera")


def test_a_new_recovery_key_is_given_every_case_by_a_lead(world: World) -> None:
    case, closed = (world.submit(CALM, ["anna", "lead"]) for _ in range(2))
    done(post(world, "lead", f"/v1/cases/{closed}/take", b""))
    done(post(world, "lead", f"/v1/cases/{closed}/close", {"outcome": "safe"}))
    about = mandate(world, "recovery", every=False)
    done(post(world, "lead", "/v1/mandates", signed(about, "lead")))
    page = done(ask(world, "lead", f"/v1/wraps?mandate={about.digest}"))
    assert {one["id"] for one in page["cases"]} == {case, closed}


def test_a_wrap_of_the_key_of_before_is_not_taken(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    stale = wrap(world, case, "vera")
    without(world)
    about = mandate(world, "vera")
    done(post(world, "lead", "/v1/mandates", signed(about, "lead")))
    assert rekeyed(world, fresh(world, waiting(world)[0]))["done"] == [case]
    body = {"mandate": about.digest, "wraps": [{"case": case, "wrap": stale}]}
    assert done(post(world, "lead", "/v1/wraps", body)) == {"done": 0, "gone": 1}
    refused(ask(world, "vera", f"/v1/cases/{case}"), 404, "unknown_case")


def test_whose_signature_counts(world: World) -> None:
    world.take_up(world.roster.with_member(_lead("lead2")).with_approvals(2))
    onboard, recover = mandate(world, "vera"), mandate(world, "vera", Purpose.RECOVER)
    to_lead = mandate(world, "lead")
    for who, body in (
        ("recovery", signed(onboard, "recovery")),  # it opens cases in a recovery alone
        ("lead", signed(to_lead, "lead")),  # hers, for herself
        ("lead", signed(onboard, "lead2")),  # another's
        ("lead", signed(onboard, "lead", "lead2")),  # not hers alone
        ("lead", signed(mandate(world, "counts"), "lead")),  # who opens no cases
        ("lead", signed(mandate(world, "recovery", Purpose.RECOVER), "lead")),
        ("lead", signed(mandate(world, "boris2"), "lead")),  # on no roster
    ):
        refused(post(world, who, "/v1/mandates", body), 403, "mandate")
    assert [event.kind for event in events(world)] == [Kind.EPOCH]
    body = signed(onboard, "lead")
    done(post(world, "lead", "/v1/mandates", body))
    refused(post(world, "lead", "/v1/mandates", body), 409, "signed")
    refused(post(world, "lead", "/v1/mandates", signed(onboard, "lead")), 409, "signed")
    done(post(world, "lead", "/v1/mandates", signed(recover, "lead")))
    assert [event.kind for event in events(world)][1:] == [Kind.MANDATE, Kind.MANDATE]


def test_a_mandate_is_over_in_time_and_with_its_signers(world: World) -> None:
    world.submit(URGENT, ["lead2", "lead"])
    world.take_up(world.roster.with_member(_lead("lead2")))
    late, signed_by_lead2 = mandate(world, "vera"), mandate(world, "vera")
    for about in (late, signed_by_lead2):
        done(post(world, "lead2", "/v1/mandates", signed(about, "lead2")))
    path = f"/v1/wraps?mandate={signed_by_lead2.digest}"
    assert done(ask(world, "lead", path))["left"] == 1
    without(world, "lead2")
    assert "0 of the 1" in refused(ask(world, "lead", path), 403, "mandate")
    world.time.pass_(days=8)
    assert "over" in refused(ask(world, "lead", f"/v1/wraps?mandate={late.digest}"), 403, "mandate")
    refused(post(world, "lead", "/v1/mandates", signed(late, "lead")), 403, "mandate")
    refused(ask(world, "lead", f"/v1/wraps?mandate={'0' * 64}"), 404, "unknown_mandate")


def test_what_is_no_mandate_is_refused(world: World) -> None:
    for envelope in (b"", b"{", b"[]", b"null", b'{"signatures": 1}', b'{"signatures": [1]}'):
        body = {"envelope": encoded(envelope)}
        refused(post(world, "lead", "/v1/mandates", body), 403, "mandate")
    refused(post(world, "lead", "/v1/mandates", {"envelope": 1}), 400, "malformed")
    assert events(world) == []


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
