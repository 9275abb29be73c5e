"""Mandates: who must have signed before many cases are opened to somebody, and which these are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.card import Card
from intake.ledger import Kind
from intake.mandates import Purpose
from intake.roster import Member, Role
from intake.shapes import encoded
from tests.desk.world import CALM, URGENT, World, identity_of
from tests.handlers.desks import ask, done, key, refused, wrap
from tests.handlers.rekeys import (
    events,
    fetched,
    fresh,
    mandate,
    plain,
    post,
    sent,
    signed,
    waiting,
    without,
)

EVERYBODY = ["anna", "boris", "lead", "recovery"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


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
    assert sent(world, fresh(world, waiting(world)[0]))["done"] == [case]
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


def test_one_lead_does_not_fill_the_record_with_mandates(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.take_up(world.roster.with_member(_lead("lead2")))
    monkeypatch.setattr("handlers.keys.MOST_SIGNED", 3)
    for _ in range(3):
        done(post(world, "lead", "/v1/mandates", signed(mandate(world, "vera"), "lead")))
    about = mandate(world, "vera")
    refused(post(world, "lead", "/v1/mandates", signed(about, "lead")), 409, "many_signed")
    done(post(world, "lead2", "/v1/mandates", signed(about, "lead2")))
    world.time.pass_(days=8)
    done(post(world, "lead", "/v1/mandates", signed(mandate(world, "vera"), "lead")))


def test_what_is_no_mandate_is_refused(world: World) -> None:
    for envelope in (b"", b"{", b"[]", b"null", b'{"signatures": 1}', b'{"signatures": [1]}'):
        body = {"envelope": encoded(envelope)}
        refused(post(world, "lead", "/v1/mandates", body), 403, "mandate")
    refused(post(world, "lead", "/v1/mandates", {"envelope": 1}), 400, "malformed")
    assert events(world) == []
