"""A server that tells different pasts, shortens or changes its record: each desk notices, and
names what it is."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from desk.casework import Casework
from desk.errors import DeskError
from desk.heads import FILE, Heads
from desk.home import Home
from desk.past import NOTES, Past
from intake.ledger import GENESIS, Event, chained
from intake.mandates import Mandate, Purpose, made
from intake.roster import Roster, digest
from tests.desk.liar import Liar, bodies, event, lying, record_of, signed_mandate
from tests.desk.world import CALM, URGENT, DeskUser, World, identity_of

ACTS = 4
"""Key events that a world of `acted` has, beside its first roster's."""


@pytest.fixture
def liar(world: World) -> Iterator[Liar]:
    with lying(world) as found:
        yield found


def acted(world: World) -> tuple[DeskUser, str]:
    """Anna, at whose desk cases were taken and handed over: the record has grown, and she has
    seen it whole."""
    user = world.desk("anna")
    cases = [world.submit(answers) for answers in (URGENT, CALM, URGENT, CALM)]
    for case in cases:
        assert user.run("take", case).code == 0
    for case in cases[1:]:
        assert user.run("hand-over", case, "boris", "--file", _text(world)).code == 0
    assert user.run("ask", cases[0], "vera", "--file", _text(world)).code == 0
    assert user.run("queue").code == 0
    return user, cases[0]


def _text(world: World) -> str:
    path = world.folder / "text.txt"
    path.write_text("A question.")
    return str(path)


def number(user: DeskUser) -> int:
    return len((user.home / FILE).read_bytes()) // 32


def test_a_desk_keeps_a_head_of_each_event_and_nothing_else_of_them(world: World) -> None:
    user, case = acted(world)
    record = record_of(world)
    assert number(user) == len(record) == 1 + ACTS
    head = GENESIS
    for at, body in enumerate(record):
        head = chained(head, body.encode())
        assert (user.home / FILE).read_bytes()[at * 32 : at * 32 + 32] == head
    kept = (user.home / NOTES).read_text()
    assert digest(world.roster) in kept
    assert case not in kept
    assert identity_of("vera").key_id not in kept


def test_a_first_desk_says_that_it_believes_what_it_sees_once(world: World) -> None:
    user = world.desk("anna")
    assert "for the first time (1)" in user.run("queue").err
    assert user.run("queue").err == ""


def test_a_shortened_record_is_named_and_work_goes_on(world: World, liar: Liar) -> None:
    user, case = acted(world)
    liar.events = record_of(world)[:-2]
    liar.shown_to(user)
    for command in (["queue"], ["take", case], ["open", case, "--fresh"]):
        ran = user.run(*command)
        assert ran.code == 0, ran.all
        assert "The server shows 3 key events, this desk has seen 5" in ran.all
        assert "restored from a backup, or somebody hides" in ran.all
    assert number(user) == 1 + ACTS, "what was seen is not forgotten"


def changed(record: list[str]) -> list[str]:
    record[2] = record[2].replace('"day":"2026-11-22"', '"day":"2026-11-21"')
    return record


def without_one(record: list[str]) -> list[str]:
    return [*record[:2], *record[3:], record[3]]


def forked(record: list[str]) -> list[str]:
    gone = event(kind="erased", case="ab" * 16)
    return [*record[:3], *bodies([gone, gone, gone])]


@pytest.mark.parametrize("lie", [changed, without_one, forked])
def test_another_past_is_named(world: World, liar: Liar, lie: object) -> None:
    user, _ = acted(world)
    assert callable(lie)
    liar.events = lie(record_of(world))
    ran = liar.shown_to(user).run("queue")
    assert ran.code == 0
    assert "another past than this desk has seen: up to event 5" in ran.all


def removed(page: dict[str, object], events: list[str]) -> None:
    del events[1]


def added(page: dict[str, object], events: list[str]) -> None:
    events.insert(1, events[0])


def turned(page: dict[str, object], events: list[str]) -> None:
    events[1], events[2] = events[2], events[1]


def edited(page: dict[str, object], events: list[str]) -> None:
    events[1] = events[1].replace(identity_of("boris").key_id, identity_of("vera").key_id)


@pytest.mark.parametrize("change", [removed, added, turned, edited])
def test_an_event_changed_on_the_way_is_noticed_by_a_desk_that_never_saw_it(
    world: World, liar: Liar, change: object
) -> None:
    acted(world)

    def alter(_: str, path: str, true: bytes) -> bytes | None:
        page = json.loads(true) if path == "/v1/events?after=0" else {"events": []}
        if not page["events"]:
            return None
        assert callable(change)
        change(page, page["events"])
        return json.dumps(page).encode()

    liar.alter = alter
    user = liar.shown_to(world.desk("boris"))
    ran = user.run("queue")
    assert ran.code == 0
    assert "does not add up" in ran.all
    assert not (user.home / FILE).exists(), "nothing of it is believed"
    liar.alter = None
    assert "for the first time (5)" in user.run("queue").all


def other_roster(world: World) -> Roster:
    """Of the epoch in force, and just as well signed: a lead turned."""
    return world.roster.extended(world.roster.valid_until + timedelta(days=9)).model_copy(
        update={"epoch": world.roster.epoch}
    )


def test_a_roster_that_the_record_does_not_name_is_named(world: World, liar: Liar) -> None:
    """Two rosters, each validly signed, to two desks that were away when it was changed."""
    anna, boris = world.desk("anna"), world.desk("boris")
    roster = world.roster
    world.put(roster.extended(roster.valid_until + timedelta(days=1)))
    liar.envelope = world.signed(other_roster(world))
    assert anna.run("queue").code == 0
    ran = liar.shown_to(boris).run("queue")
    assert ran.code == 0
    assert "another roster than its own record names (epoch 8; the record names epoch 8)" in ran.all
    assert anna.run("queue").err == ""


def test_a_server_that_takes_some_seconds_to_take_a_roster_up_is_waited_for(
    world: World, liar: Liar
) -> None:
    """Its record has the roster already; or another server on its database has."""
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    liar.envelope, passed = world.envelope, [0.0]
    world.put(world.roster.extended(world.roster.valid_until + timedelta(days=1)))

    def sleep(seconds: float) -> None:
        passed[0] += seconds
        if passed[0] > 5:
            liar.envelope = None

    assert user.run("queue", sleep=sleep).err == ""


def test_two_rosters_of_one_epoch_with_a_record_each_are_found_out_by_a_case(
    world: World, liar: Liar
) -> None:
    """The liar tells each desk a whole story of its own. What they write tells them apart."""
    anna, boris = world.desk("anna"), world.desk("boris")
    first = world.roster
    world.put(first.extended(first.valid_until + timedelta(days=1)))
    other = other_roster(world)
    honest = record_of(world)
    named = event(kind="epoch", epoch=other.epoch, roster=digest(other))
    liar.envelope, liar.events = world.signed(other), [honest[0], *bodies([named])]
    liar.shown_to(boris)
    case = world.submit(URGENT)
    assert "first time (2)" in boris.run("take", case).all
    assert boris.run("note", case, "--file", _text(world)).code == 0
    ran = anna.run("open", case, "--fresh")
    assert "Mobilised" in ran.out, "nothing of it keeps the case from being read"
    assert "boris, who wrote record 1, was shown another record of key events" in ran.all
    assert "(event 2)" in ran.all


def test_a_colleague_who_has_seen_more_is_asked_for_first_and_then_named(
    world: World, liar: Liar
) -> None:
    user, case = acted(world)
    ahead = world.desk("boris")
    assert ahead.run("note", case, "--file", _text(world)).code == 0
    fresh = world.desk("lead")
    assert fresh.run("queue").code == 0
    liar.events = record_of(world)[:3]
    vera = liar.shown_to(world.desk("vera"))
    assert vera.run("queue").code == 0
    other = world.submit(URGENT, to=("boris", "vera"))
    assert ahead.run("take", other).code == 0
    assert ahead.run("note", other, "--file", _text(world)).code == 0
    ran = vera.run("open", other)
    assert "Mobilised" in ran.out
    assert "boris, who wrote record 1, has seen 5 key events, more than the server shows" in ran.all
    ran = user.run("open", case, "--fresh")
    assert "shown another" not in ran.all


@pytest.mark.parametrize("lie", ["999999999:" + "ab" * 16, "1:" + "ab" * 16])
def test_a_colleague_who_lies_of_the_past_is_named_and_the_server_not_blamed_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    user, case = acted(world)
    boris = world.desk("boris")
    with monkeypatch.context() as patch:
        patch.setattr(Past, "said", lie)
        assert boris.run("note", case, "--file", _text(world)).code == 0
    ran = user.run("open", case, "--fresh")
    assert "Mobilised" in ran.out, "nothing of it keeps the case from being read"
    assert "or what boris wrote of it is not true" in ran.all
    assert user.run("queue").err == "", "nor is anything else stopped by it"


def test_an_emptied_record_and_no_record_are_named(world: World, liar: Liar) -> None:
    user = liar.shown_to(world.desk("anna"))
    liar.events = []
    assert "names no roster at all" in user.run("queue").all
    liar.events = None
    liar.alter = lambda _, path, __: b"[]" if path.startswith("/v1/events") else None
    ran = user.run("queue")
    assert ran.code == 0
    assert "not one of Tropa's" in ran.all


def test_an_event_of_no_kind_is_named_until_it_is_accepted(world: World, liar: Liar) -> None:
    user = liar.shown_to(world.desk("anna"))
    liar.events = [*record_of(world), '{"day":"2026-11-22","kind":"sold","v":1}']
    for _ in range(2):
        assert "Event 2 of the record of key events cannot be read" in user.run("queue").all
    assert "something that this version does not know" in user.run("log").out
    assert user.run("log", "accept", "--yes").code == 0
    assert user.run("queue").err == ""


# Many cases at once


def wrapped(mandate: str, to: str = "vera", by: str = "lead") -> Event:
    return event(
        kind="wrapped",
        by=identity_of(by).key_id,
        to=identity_of(to).key_id,
        mandate=mandate,
        cases=7,
    )


def story(world: World, *signers: str, to: str = "vera", claims: str = "") -> list[str]:
    """The record of a server by which seven cases were opened to somebody."""
    key = identity_of(to).key_id
    mandate = made(Purpose.ONBOARD, key, world.time(), b"n" * 16, every=True)
    signed = [signed_mandate(mandate, one, claims=claims) for one in signers]
    return [*record_of(world), *bodies([*signed, wrapped(mandate.digest, to)])]


AGAINST = "Cases were opened to vera without the signatures that the roster asks for (event"


def test_cases_opened_rightly_are_not_cried_out(world: World, liar: Liar) -> None:
    user = liar.shown_to(world.desk("anna"))
    liar.events = story(world, "lead")
    assert AGAINST not in user.run("queue").all
    ran = user.run("log")
    assert ran.code == 0
    assert "lead approved: every open case may be opened to vera until 2026-11-29" in ran.out
    assert "lead opened 7 cases to vera (mandate " in ran.out


@pytest.mark.parametrize(
    ("signers", "claims"), [((), ""), (("anna",), ""), (("anna",), "lead"), (("mallory",), "lead")]
)
def test_cases_opened_without_a_leads_signature_are_cried_out(
    world: World, liar: Liar, signers: tuple[str, ...], claims: str
) -> None:
    user = liar.shown_to(world.desk("anna"))
    liar.events = story(world, *signers, claims=claims)
    for _ in range(2):
        assert AGAINST in user.run("queue").all
    shown = user.run("log").out
    assert "[without the signatures that the roster asks for]" in " ".join(shown.split())
    if claims:
        assert "[the signature is false]" in " ".join(shown.split())
    elif signers:
        assert "[does not count: leads sign, and never the one" in " ".join(shown.split())


def test_one_signature_where_the_rule_asks_for_two_is_cried_out(world: World, liar: Liar) -> None:
    world.put(world.roster.with_approvals(2))
    user = liar.shown_to(world.desk("anna"))
    liar.events = story(world, "lead")
    assert AGAINST in user.run("queue").all


def test_a_mandate_seen_before_still_counts_for_what_comes_after(world: World, liar: Liar) -> None:
    user = liar.shown_to(world.desk("anna"))
    whole = story(world, "lead")
    liar.events = whole[:-1]
    user.run("queue")
    liar.events = whole
    assert user.run("queue").err == ""
    liar.events = [*whole, *bodies([wrapped("ab" * 32)])]
    assert AGAINST in user.run("queue").all


def test_what_was_signed_by_one_who_left_before_is_not_judged(world: World, liar: Liar) -> None:
    """A desk that joins later knows neither her key nor the rule of then."""
    events = story(world, "gone")
    world.put(world.roster.extended(world.roster.valid_until + timedelta(days=1)))
    later = record_of(world)[-1]
    user = liar.shown_to(world.desk("anna"))
    liar.events = [*events, later]
    assert AGAINST not in user.run("queue").all
    shown = " ".join(user.run("log").out.split())
    assert "[not checked: signed under another roster than this desk has now]" in shown


def test_what_one_signed_as_a_lead_who_is_none_any_more_is_not_cried_out(
    world: World, liar: Liar
) -> None:
    """Anna was a lead and became a volunteer: a desk that was away sees all of that at once."""
    events = story(world, "anna")
    world.put(world.roster.extended(world.roster.valid_until + timedelta(days=1)))
    liar.events = [*events, record_of(world)[-1]]
    assert AGAINST not in liar.shown_to(world.desk("boris")).run("queue").all
    liar.events = [*story(world, "vera"), record_of(world)[-1]]
    assert AGAINST in liar.shown_to(world.desk("lead")).run("queue").all, "hers never counts"


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
@pytest.mark.parametrize("day", ["0001-01-01", "2026-11-22", "9999-12-31"])
def test_days_at_the_ends_of_time_are_cried_out_like_others(
    world: World, liar: Liar, day: str, until: str
) -> None:
    user = liar.shown_to(world.desk("anna"))
    end = datetime.fromisoformat(until)
    mandate = Mandate(
        purpose=Purpose.ONBOARD, to=identity_of("vera").key_id, until=end, nonce="ab" * 16
    )
    opened = wrapped(mandate.digest).model_copy(update={"day": date.fromisoformat(day)})
    liar.events = [*record_of(world), *bodies([signed_mandate(mandate, "lead"), opened])]
    ran = user.run("queue")
    assert ran.code == 0, ran.all
    assert AGAINST in ran.all
    assert "lead opened 7 cases to vera" in user.run("log").out


# Accepting


def test_accepting_shows_what_is_lost_asks_and_then_believes(world: World, liar: Liar) -> None:
    user, _ = acted(world)
    liar.events = record_of(world)[:-2]
    liar.shown_to(user)
    refused = user.run("log", "accept", confirm=lambda _: False)
    assert refused.code == 1
    assert "has seen 5 events, the server shows 3; they are the same up to event 3" in refused.all
    assert "or are others there: 2" in refused.all
    assert number(user) == 1 + ACTS
    ran = user.run("log", "accept", confirm=lambda _: True)
    assert ran.code == 0, ran.all
    assert number(user) == 3
    assert user.run("queue").err == ""
    assert "Nothing to accept" in user.run("log", "accept").out


def test_a_roster_that_the_record_does_not_name_cannot_be_accepted_away(
    world: World, liar: Liar
) -> None:
    user = world.desk("anna")
    world.put(world.roster.extended(world.roster.valid_until + timedelta(days=1)))
    liar.envelope = world.signed(other_roster(world))
    liar.shown_to(user)
    ran = user.run("log", "accept", "--yes")
    assert ran.code == 1
    assert "than its own record names" in ran.all


def test_steps_on_many_cases_are_refused_while_something_is_amiss(world: World, liar: Liar) -> None:
    user, _ = acted(world)
    liar.events = record_of(world)[:-2]
    desk = liar.shown_to(user).desk()
    with desk.client(identity_of("anna")) as client:
        casework = Casework.begin(desk, client, identity_of("anna"))
        with pytest.raises(DeskError, match="Not done: the record of key events"):
            casework.past.must_be_good()
        liar.events = None
        Casework.begin(desk, client, identity_of("anna")).past.must_be_good()


# The file


def test_a_torn_tail_is_cut_off_and_read_again(world: World) -> None:
    user, _ = acted(world)
    file = user.home / FILE
    whole = file.read_bytes()
    for torn in (whole[:-7], whole[:-32] + bytes(32), whole + bytes(64), whole + b"torn"):
        file.write_bytes(torn)
        assert user.run("queue").err == ""
        assert Heads(Home(user.home)).number == 1 + ACTS
        assert file.read_bytes()[: len(whole)] == whole


def test_a_damaged_note_is_said_and_read_anew(world: World) -> None:
    user, _ = acted(world)
    (user.home / NOTES).write_text("{")
    ran = user.run("queue")
    assert ran.code == 0
    assert "past.json in the desk's folder is damaged" in ran.all
    assert user.run("log", "accept", "--yes").code == 0
    assert user.run("queue").err == ""


def test_another_organisation_begins_another_past(world: World) -> None:
    user, _ = acted(world)
    world.organisation = world.organisation.model_copy(update={"website": "https://other.example"})
    assert user.run("join", world.url, str(world.organisation_file)).code == 0
    assert not (user.home / FILE).exists()
    assert "for the first time (5)" in user.run("queue").err


# In words


def test_the_log_tells_what_happened_and_digits_to_compare(world: World) -> None:
    user, case = acted(world)
    ran = user.run("log")
    assert ran.code == 0
    assert f"anna asked vera for advice on case {case[:8]}" in ran.out
    assert "anna handed case #" in ran.out, "a case that is not here is named by its mark"
    boris = world.desk("boris")
    shown = boris.run("log", "--json").json
    assert shown["digits"] in ran.out
    assert boris.run("log", "--at", "3").out == user.run("log", "--at", "3").out
    assert "has seen 5 events" in user.run("log", "--at", "6").all
    assert [one["number"] for one in user.run("log", "--json", "--limit", "2").json["events"]] == [
        4,
        5,
    ]


def test_the_log_points_at_what_differs(world: World, liar: Liar) -> None:
    user, _ = acted(world)
    liar.events = changed(record_of(world))
    ran = liar.shown_to(user).run("log", "--json")
    assert ran.code == 1
    assert [one["seen"] for one in ran.json["events"]] == ["same", "same", *["other"] * 3]
    assert len(ran.json["amiss"]) == 1


def test_a_long_record_is_read_page_by_page_and_goes_on_where_it_was_cut(
    world: World, liar: Liar
) -> None:
    user = liar.shown_to(world.desk("anna"))
    many = [event(kind="erased", case=f"{n:032x}") for n in range(1200)]
    liar.events = [*record_of(world), *bodies(many)]
    whole, cut = liar.page, [True]

    def page(after: int) -> bytes:
        return b"cut off" if after == 1000 and cut else whole(after)

    liar.page = page  # type: ignore[method-assign]
    assert "was not followed to its end" in user.run("queue").err
    assert number(user) == 500, "the page that the next one confirmed"
    cut.clear()
    liar.asked.clear()
    ran = user.run("queue")
    assert ran.code == 0
    assert [one for one in liar.asked if "events" in one] == [
        f"GET /v1/events?after={n}" for n in (500, 1000, 1201)
    ]
    assert number(user) == 1201
    assert user.run("log", "--json").json["digits"] == user.run("log", "--json").json["digits"]
    assert len(user.run("log", "--limit", "700", "--json").json["events"]) == 700


def test_a_record_that_ends_before_its_end_does_not_add_up(world: World, liar: Liar) -> None:
    acted(world)
    true = json.loads(json.dumps(record_of(world)))

    def alter(_: str, path: str, answer: bytes) -> bytes | None:
        if not path.startswith("/v1/events"):
            return None
        page = json.loads(answer)
        page["events"] = page["events"][:2] if page["after"] == 0 else []
        return json.dumps(page).encode()

    liar.alter = alter
    user = liar.shown_to(world.desk("boris"))
    assert "does not add up: after event 2" in user.run("queue").all
    assert number(user) == 2 < len(true)


# Whose key was revoked


def test_what_a_revoked_colleague_signed_is_shown_as_such(world: World) -> None:
    user, case = acted(world)
    assert world.desk("boris").run("note", case, "--file", _text(world)).code == 0
    assert user.run("open", case, "--fresh").code == 0
    world.put(world.roster.revoking("boris"))
    ran = user.run("open", case, "--fresh")
    told = " ".join(ran.out.split())
    assert "boris noted [signed; the key was revoked since" in told
    assert ran.code == 0
    entry = user.run("open", case, "--json").json["exchange"][-1]
    assert entry["author"] == {"name": "boris", "state": "revoked"}
