"""`tropa onboard`, `mandates`, `approve`, `recover`: many cases opened to one member at once."""

import base64
import json
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest

from crypto.shares import split
from desk.card import Card
from desk.keys import mass
from intake.ledger import Event, Kind
from intake.roster import Role, Roster
from tests.crypto.samples import stream
from tests.desk.test_rekey import file_of, texts
from tests.desk.world import CALM, URGENT, DeskUser, Ran, World, identity_of
from tests.handlers.desks import ask, refused

LISTS = split(identity_of("recovery").seed, 3, 2, stream("lists of recovery"))


def joins(world: World, name: str, role: Role = Role.VOLUNTEER, **more: int) -> Roster:
    """A new member, who was not here when the cases came in."""
    card = Card.of(name, identity_of(name))
    roster = world.roster.with_member(card.member(role, ("legal",), ("ru",)))
    roster = roster.model_copy(update=more)
    world.take_up(roster)
    return roster


def two_must_agree(world: World) -> None:
    """A second lead, and the rule that makes use of her."""
    joins(world, "deputy", Role.LEAD)
    world.take_up(world.roster.with_approvals(2))


def events(world: World, kind: Kind) -> list[Event]:
    told = world.wait(world.storage.ledger.page(0)).events
    return [one for one in map(Event.from_bytes, told) if one.kind is kind]


def opens(world: World, name: str, cases: Iterable[str]) -> bool:
    return all(texts(world, name, file_of(world, name, case)) for case in cases)


def is_shut(world: World, name: str, case: str) -> bool:
    user = world.desk(name)
    return "There is no such case for you" in user.run("open", case).all


def recovering(
    world: World, name: str, *arguments: str, lists: int = 2, **more: Callable[[float], None]
) -> Ran:
    """On a machine that has joined and has no identity; the lists are typed."""
    user = world.bare_desk("rescue")
    if not (user.home / "server.json").exists():
        user.settle("nobody")
        user.run("join", world.url, str(world.organisation_file))
        (user.home / "identity.age").unlink()
        (user.home / "identity.card").unlink()
    user.typed = [" ".join(one.words) for one in LISTS[:lists]]
    return user.run("recover", name, "--yes", *arguments, **more)


def test_a_new_member_is_given_the_open_cases_that_fit_her(world: World) -> None:
    fits = world.submit(URGENT, ("lead", "anna"))
    other = world.submit(CALM, ("lead",))
    joins(world, "nora")
    ran = world.desk("lead").run("onboard", "Nora", "--yes")
    assert ran.code == 0, ran.all
    assert "1 case more is open to nora now." in ran.all
    assert opens(world, "nora", [fits])
    assert is_shut(world, "nora", other)
    [wrapped] = events(world, Kind.WRAPPED)
    assert (wrapped.to, wrapped.cases) == (identity_of("nora").key_id, 1)


def test_all_of_them_if_that_is_wanted(world: World) -> None:
    cases = [world.submit(URGENT, ("lead", "anna")), world.submit(CALM, ("lead",))]
    joins(world, "nora")
    ran = world.desk("lead").run("onboard", "nora", "--all", "--yes", "--json")
    assert (ran.code, ran.json["opened"], ran.json["whole"]) == (0, 2, True)
    assert opens(world, "nora", cases)


def test_she_is_asked_and_shown_to_whom(world: World) -> None:
    world.submit(URGENT, ("lead",))
    joins(world, "nora")
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    ran = world.desk("lead").run("onboard", "nora", confirm=no)
    assert ran.code == 1
    assert Card.of("nora", identity_of("nora")).fingerprint in asked[0]
    assert events(world, Kind.MANDATE) == []


def test_what_she_cannot_open_is_told_and_another_lead_goes_on_under_the_same_mandate(
    world: World,
) -> None:
    joins(world, "deputy", Role.LEAD)
    hers, others = world.submit(URGENT, ("lead",)), world.submit(URGENT, ("deputy",))
    joins(world, "nora")
    ran = world.desk("lead").run("onboard", "nora", "--yes")
    assert "Not sealed to you, and so not opened: 1." in ran.all
    again = world.desk("deputy").run("onboard", "nora", "--yes", "--json")
    assert again.json["opened"] == 1
    assert opens(world, "nora", [hers, others])
    assert len({event.mandate for event in events(world, Kind.WRAPPED)}) == 1


def test_twice_is_as_once(world: World) -> None:
    world.submit(URGENT, ("lead",))
    joins(world, "nora")
    lead = world.desk("lead")
    assert lead.run("onboard", "nora", "--yes", "--json").json["opened"] == 1
    assert lead.run("onboard", "nora", "--yes", "--json").json["opened"] == 0
    assert len(events(world, Kind.MANDATE)) == 1


def test_many_by_all_cores(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mass, "FEW", 2)
    cases = [world.submit(URGENT, ("lead",)) for _ in range(5)]
    joins(world, "nora")
    ran = world.desk("lead").run("onboard", "nora", "--yes")
    assert ran.code == 0, ran.all
    assert "5 of 5" in ran.err
    assert opens(world, "nora", cases)


@pytest.mark.parametrize("who", ["anna", "counts"])
def test_it_is_for_leads(world: World, who: str) -> None:
    joins(world, "nora")
    ran = world.desk(who).run("onboard", "nora", "--yes")
    assert ran.code == 1
    assert events(world, Kind.MANDATE) == []


def test_where_two_must_agree_nothing_is_opened_before(world: World) -> None:
    two_must_agree(world)
    case = world.submit(URGENT, ("lead",))
    joins(world, "nora")
    lead, deputy = world.desk("lead"), world.desk("deputy")
    ran = lead.run("onboard", "nora", "--yes")
    assert ran.code == 1
    assert "nothing was opened yet" in ran.all
    assert is_shut(world, "nora", case)
    [listed] = deputy.run("mandates", "--json").json
    digits = listed["mandate"][:8]
    assert f"tropa approve {digits}" in ran.all
    assert (listed["to"], listed["signed_by"], listed["needed"]) == ("nora", ["lead"], 2)
    assert digits in deputy.run("mandates").all
    agreed = deputy.run("approve", digits, "--yes")
    assert agreed.code == 0, agreed.all
    assert "It may be used now" in agreed.all
    assert Card.of("nora", identity_of("nora")).fingerprint in agreed.all
    assert lead.run("onboard", "nora", "--yes", "--json").json["opened"] == 1
    assert opens(world, "nora", [case])


def test_a_mandate_that_was_used_says_how_often_and_by_whom(world: World) -> None:
    """By two leads, and again for a case that came in later; another one is not counted in."""
    two_must_agree(world)
    for to in ("lead",), ("lead",), ("deputy",):
        world.submit(URGENT, to)
    joins(world, "nora")
    lead, deputy = world.desk("lead", width=200), world.desk("deputy")
    lead.run("onboard", "nora", "--yes")
    [unused] = lead.run("mandates", "--json").json
    assert unused["used"] == []
    deputy.run("approve", unused["mandate"][:8], "--yes")
    for user in (lead, deputy):
        assert user.run("onboard", "nora", "--yes").code == 0
    world.submit(URGENT, ("lead",))
    assert lead.run("onboard", "nora", "--yes").code == 0
    joins(world, "olga")
    lead.run("onboard", "olga", "--yes")
    first, second = lead.run("mandates", "--json").json
    assert sorted((one["by"], one["cases"]) for one in first["used"]) == [
        ("deputy", 1),
        ("lead", 3),
    ]
    assert (second["to"], second["used"]) == ("olga", [])
    row = next(line for line in lead.run("mandates").out.splitlines() if "nora" in line)
    assert "3 cases, by lead" in row
    assert "1 case, by deputy" in row


def test_nobody_agrees_twice_nor_a_volunteer_nor_she_to_whom_it_opens(world: World) -> None:
    two_must_agree(world)
    world.submit(URGENT, ("lead",))
    joins(world, "nora", Role.LEAD)
    world.desk("lead").run("onboard", "nora", "--yes")
    digits = world.desk("lead").run("mandates", "--json").json[0]["mandate"]
    assert "You have signed this mandate already" in approved(world, "lead", digits).all
    assert "Only a lead" in approved(world, "anna", digits).all
    assert "open cases to yourself" in approved(world, "nora", digits).all
    assert len(events(world, Kind.MANDATE)) == 1


def approved(world: World, name: str, digits: str) -> Ran:
    ran = world.desk(name).run("approve", digits, "--yes")
    assert ran.code == 1
    return ran


def test_a_mandate_whose_time_is_over_is_gone(world: World) -> None:
    two_must_agree(world)
    joins(world, "nora")
    world.desk("lead").run("onboard", "nora", "--yes")
    digits = world.desk("lead").run("mandates", "--json").json[0]["mandate"][:8]
    world.time.now += timedelta(days=8)
    assert world.desk("deputy").run("mandates", "--json").json == []
    assert "No mandate is in time." in world.desk("deputy").run("mandates").all
    assert f"No mandate in time begins with {digits}" in approved(world, "deputy", digits).all


def test_recovery_opens_every_case_to_a_new_identity(world: World) -> None:
    """Closed ones too: everything that the lists can open."""
    cases = [world.submit(URGENT, ("anna", "recovery")), world.submit(CALM, ("lead", "recovery"))]
    world.desk("anna").run("take", cases[0])
    world.desk("anna").run("close", cases[0], "--outcome", "safe")
    joins(world, "nora")
    ran = recovering(world, "nora")
    assert ran.code == 0, ran.all
    assert "2 cases more are open to nora now." in ran.all
    assert opens(world, "nora", cases)
    assert "identity.age" not in {one.name for one in (world.folder / "home-rescue").iterdir()}
    [mandate] = events(world, Kind.MANDATE)
    assert mandate.by == identity_of("recovery").key_id


def test_recovery_waits_for_a_lead_where_two_must_agree(world: World) -> None:
    two_must_agree(world)
    case = world.submit(URGENT, ("anna", "recovery"))
    joins(world, "nora")
    ran = recovering(world, "nora")
    assert ran.code == 1
    assert "nothing was opened yet" in ran.all
    assert " A lead looks at it" in ran.all
    assert is_shut(world, "nora", case)
    [listed] = world.desk("lead").run("mandates", "--json").json
    assert (listed["purpose"], listed["signed_by"]) == ("recover", ["recovery"])
    assert world.desk("lead").run("approve", listed["mandate"][:6], "--yes").code == 0
    assert recovering(world, "nora", "--json").json["opened"] == 1
    assert opens(world, "nora", [case])


def test_who_waits_for_another_lead_goes_on_without_typing_anything_again(world: World) -> None:
    two_must_agree(world)
    case = world.submit(URGENT, ("anna", "recovery"))
    joins(world, "nora")
    looked: list[float] = []

    def sleep(seconds: float) -> None:
        looked.append(seconds)
        if len(looked) == 3:
            [mandate] = json.loads(world.desk("lead").run("mandates", "--json").out)
            agreed = world.desk("lead").run("approve", mandate["mandate"][:8], "--yes")
            assert agreed.code == 0, agreed.all

    ran = recovering(world, "nora", "--wait", "--yes", sleep=sleep)
    assert (ran.code, len(looked)) == (0, 3), ran.all
    assert "goes on by itself" in ran.err
    assert opens(world, "nora", [case])


def test_who_waits_for_a_member_that_is_taken_off_is_told(world: World) -> None:
    two_must_agree(world)
    before = world.roster
    joins(world, "nora")

    def sleep(_: float) -> None:
        if len(world.roster.members) > len(before.members):
            world.take_up(world.roster.without_member("nora"))

    ran = world.desk("lead").run("onboard", "nora", "--wait", "--yes", sleep=sleep)
    assert ran.code == 1
    assert "may not be used any more" in ran.all


def test_lists_of_a_key_that_is_not_on_this_roster_open_nothing(world: World) -> None:
    world.submit(URGENT, ("anna", "recovery"))
    joins(world, "nora")
    world.take_up(world.roster.without_member("recovery"))
    ran = recovering(world, "nora")
    assert ran.code == 1
    assert "has no recovery key" in ran.all
    safe = Card.of("safe", identity_of("safe"))
    world.take_up(world.roster.with_member(safe.member(Role.RECOVERY)))
    ran = recovering(world, "nora")
    assert ran.code == 1
    assert "not the recovery key on the roster in force" in ran.all
    assert safe.fingerprint in ran.all
    assert events(world, Kind.MANDATE) == []


def test_a_name_that_is_not_on_the_roster_is_told_before_lists_are_asked_for(world: World) -> None:
    ran = recovering(world, "nobody")
    assert ran.code == 1
    assert "No colleague of this name opens cases. There are: " in ran.all
    assert "List" not in ran.all


def test_too_few_lists_recover_nothing(world: World) -> None:
    joins(world, "nora")
    user = world.bare_desk("rescue")
    assert recovering(world, "nora", lists=2).code == 0
    typed = [" ".join(LISTS[0].words)]

    def pipe(_: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop()

    ran = user.run("recover", "nora", "--yes", ask=pipe, ask_words=pipe)
    assert ran.code == 1
    assert "more" in ran.all
    assert len(events(world, Kind.MANDATE)) == 1


def test_a_rekey_can_be_done_with_the_lists(world: World) -> None:
    case = world.submit(URGENT, ("boris", "recovery"))
    world.take_up(world.roster.without_member("boris"))
    recovering(world, "anna")
    user: DeskUser = world.bare_desk("rescue")
    user.typed = [" ".join(one.words) for one in LISTS[1:]]
    ran = user.run("rekey", "--recovery", "--yes")
    assert ran.code == 0, ran.all
    assert "1 case has a new key." in ran.all
    assert texts(world, "anna", file_of(world, "anna", case)) == [URGENT["note"]]


def test_a_new_recovery_key_is_given_every_case_by_a_lead(world: World) -> None:
    case = world.submit(URGENT, ("lead", "anna"))
    world.take_up(world.roster.without_member("recovery"))
    card = Card.of("safe", identity_of("safe"))
    world.take_up(world.roster.with_member(card.member(Role.RECOVERY, (), ())))
    ran = world.desk("lead").run("onboard", "safe", "--yes")
    assert ran.code == 0, ran.all
    assert identity_of("safe").key_id in file_of(world, "lead", case).openers


def test_where_the_past_is_not_what_it_was_nothing_is_opened(world: World) -> None:
    world.submit(URGENT, ("lead",))
    joins(world, "nora")
    lead = world.desk("lead")
    assert lead.run("queue").code == 0
    heads = lead.home / "past.json"
    heads.write_text(json.dumps({"troubles": [{"number": 1, "what": "unreadable"}]}))
    for command in (("onboard", "nora"), ("rekey",)):
        ran = lead.run(*command, "--yes")
        assert ran.code == 1
        assert "the record of key events is not what it should be" in ran.all
    assert events(world, Kind.MANDATE) == []


def test_reassigning_hands_every_case_over(world: World) -> None:
    cases = [world.submit(URGENT, ("anna", "boris", "lead")) for _ in range(3)]
    closed = world.submit(URGENT, ("anna",))
    anna = world.desk("anna")
    for case in (*cases, closed):
        assert anna.run("take", case).code == 0
    ran = world.desk("lead").run("reassign", "anna", "boris", "--yes")
    assert ran.code == 1
    assert "3 cases went from anna to boris." in ran.all
    assert "you cannot hand them over: 1." in ran.all
    held = world.desk("boris").run("queue", "--json").json["mine"]
    assert {one["id"] for one in held} == {*cases}
    assert opens(world, "boris", cases)


def test_reassigning_tells_where_there_is_no_room(world: World) -> None:
    boris = next(one for one in world.roster.members if one.name == "boris")
    less = boris.model_copy(update={"capacity": 1})
    members = tuple(less if one == boris else one for one in world.roster.members)
    world.take_up(world.roster.model_copy(update={"members": members, "epoch": 2}))
    for _ in range(3):
        world.desk("anna").run("take", world.submit(URGENT, ("anna", "lead", "boris")))
    ran = world.desk("lead").run("reassign", "anna", "boris", "--yes", "--json")
    assert ran.code == 1
    assert (ran.json["handed_over"], ran.json["left"], ran.json["no_room"]) == (1, 2, True)
    told = world.desk("lead").run("reassign", "anna", "boris", "--yes")
    assert "Left with anna: 2." in told.all


def test_reassigning_is_for_leads(world: World) -> None:
    ran = world.desk("boris").run("reassign", "anna", "boris", "--yes")
    assert ran.code == 1
    assert "This is for leads." in ran.all
    refused(ask(world, "boris", f"/v1/queue?holder={identity_of('anna').key_id}"), 403, "lead")


def test_a_lead_hands_nothing_over_to_herself(world: World) -> None:
    world.desk("anna").run("take", world.submit(URGENT, ("anna", "lead")))
    ran = world.desk("lead").run("reassign", "anna", "lead", "--yes")
    assert ran.code == 1
    assert "Name a colleague" in ran.all


def test_a_mandate_with_somebody_elses_name_under_it_does_not_count(world: World) -> None:
    """What the server says of signatures is not asked: the desk checks each of them."""
    two_must_agree(world)
    joins(world, "nora")
    world.desk("lead").run("onboard", "nora", "--yes")
    [event] = events(world, Kind.MANDATE)
    forged = event.model_copy(update={"by": identity_of("deputy").key_id})
    assert base64.b64decode(forged.signed or "") == event.envelope
    assert world.wait(world.storage.ledger.sign(forged, lambda _: False))
    [listed] = world.desk("lead").run("mandates", "--json").json
    assert listed["signed_by"] == ["lead"]


def test_where_nothing_is_held_nothing_is_handed_over(world: World) -> None:
    ran = world.desk("lead").run("reassign", "anna", "boris", "--yes")
    assert ran.code == 0, ran.all
    assert "anna holds no case: there is nothing to hand over." in ran.all
    assert " of " not in ran.err.partition("aloud")[2]


def test_ctrl_c_while_it_waits_for_a_lead_says_that_the_signature_stays(world: World) -> None:
    two_must_agree(world)
    case = world.submit(URGENT, ("lead",))
    joins(world, "nora")

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    ran = world.desk("lead").run("onboard", "nora", "--yes", "--wait", sleep=interrupted)
    assert ran.code == 130
    assert "Stopped. Your signature stays, and nothing was opened." in ran.all
    assert "may have done or not" not in ran.all
    assert is_shut(world, "nora", case)
