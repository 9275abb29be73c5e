"""Cases opened at once, and rosters that change around them: each is judged by the one in force."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from desk.heads import Heads
from desk.home import Home
from desk.past import Notes
from desk.trust import EARLIER
from tests.desk.liar import Liar, bodies, event, lying, record_of
from tests.desk.test_past import AGAINST, number, story, wrapped
from tests.desk.world import World


@pytest.fixture
def liar(world: World) -> Iterator[Liar]:
    with lying(world) as found:
        yield found


def test_a_violation_and_the_roster_after_it_in_one_look(world: World, liar: Liar) -> None:
    """One signature where two were asked for; then a roster by which one is enough. The desk had
    accepted the first, so it knows. It stays known once that roster is forgotten, and accepted."""
    world.put(world.roster.with_approvals(2))
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    against = story(world, "lead")
    world.put(world.roster.with_approvals(1))
    liar.events = [*against, record_of(world)[-1]]
    for _ in range(2):
        assert AGAINST in user.run("queue").all
        assert "[without the signatures that the roster" in " ".join(user.run("log").out.split())
    assert not any((user.home / EARLIER).iterdir()), "whoever left is not kept for ever"
    assert user.run("log", "accept", "--yes").code == 0
    assert user.run("queue").err == ""
    assert "[without the signatures that the roster" in " ".join(user.run("log").out.split())


def test_what_was_right_under_the_roster_of_then_is_not_cried_out(world: World, liar: Liar) -> None:
    """The lead who signed has left in the roster after it, and two must sign by now."""
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    right = story(world, "lead")
    world.put(world.roster.revoking("lead").with_approvals(2))
    liar.events = [*right, record_of(world)[-1]]
    assert user.run("queue").err == ""
    assert Notes.read(Home(user.home)).troubles == ()


def test_what_is_against_the_roster_after_is_judged_by_that(world: World, liar: Liar) -> None:
    """The other way round: right by the roster before, but done under the one after it."""
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    world.put(world.roster.with_approvals(2))
    liar.events = story(world, "lead")
    assert AGAINST in user.run("queue").all


def test_what_was_done_under_a_roster_that_comes_later_waits_to_be_judged(
    world: World, liar: Liar
) -> None:
    """The record is ahead of the roster for some seconds: nothing of it is passed over."""
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    liar.envelope = world.envelope
    world.put(world.roster.with_approvals(2))
    liar.events = story(world, "lead")
    assert number(user) == 1

    def sleep(_: float) -> None:
        liar.envelope = None

    assert AGAINST in user.run("queue", sleep=sleep).all
    assert number(user) == len(liar.events)


def test_a_roster_that_the_record_names_and_the_server_never_shows(
    world: World, liar: Liar
) -> None:
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    liar.envelope = world.envelope
    world.put(world.roster.with_approvals(2))
    liar.events = story(world, "lead")
    for _ in range(2):
        named = "(epoch 7; the record names epoch 8)"
        assert f"another roster than its own record names {named}" in user.run("queue").all
        assert number(user) == 1, "what cannot be judged is not taken for seen"
    liar.envelope = None
    assert AGAINST in user.run("queue").all


def test_a_desk_that_passed_a_roster_over_cannot_tell(world: World, liar: Liar) -> None:
    """It was away while one was in force that it never accepted."""
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    world.put(world.roster.with_approvals(2))
    between = story(world, "lead")
    world.put(world.roster.with_approvals(1))
    liar.events = [*between, record_of(world)[-1]]
    assert user.run("queue").err == ""
    assert "[not checked: signed under another" in " ".join(user.run("log").out.split())


def test_a_record_that_goes_back_to_an_old_roster_is_named_and_not_judged_by_it(
    world: World, liar: Liar
) -> None:
    """By the old one a single signature was enough."""
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    old = record_of(world)[-1]
    world.put(world.roster.with_approvals(2))
    mandated = story(world, "lead")
    liar.events = [*mandated[:-2], old, *mandated[-2:]]
    told = user.run("queue").all
    assert "By event 3 of the record of key events a roster came into force" in told
    assert AGAINST in told


@pytest.mark.parametrize("broken", ["heads", "notes"])
def test_a_cut_between_the_notes_and_the_heads_says_nothing_twice_and_nothing_false(
    world: World, liar: Liar, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Whatever was written last is written again: two rosters, and a violation between them."""
    world.put(world.roster.with_approvals(2))
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    against = story(world, "lead")
    world.put(world.roster.with_approvals(1))
    liar.events = [*against, record_of(world)[-1]]

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            Heads if broken == "heads" else Notes, "append" if broken == "heads" else "keep", cut
        )
        assert user.run("queue").code == 130
    assert any((user.home / EARLIER).iterdir()), "it is still needed"
    for _ in range(2):
        ran = user.run("queue")
        assert ran.all.count(AGAINST) == 1
        assert "not newer than the one before it" not in ran.all
    assert number(user) == len(liar.events)


def test_a_record_exchanged_after_such_a_cut_is_named(
    world: World, liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = liar.shown_to(world.desk("anna"))
    assert user.run("queue").code == 0
    liar.events = [*record_of(world), *bodies([wrapped("ab" * 32)])]

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Heads, "append", cut)
        assert user.run("queue").code == 130
    gone = event(kind="erased", case="ab" * 16)
    liar.events = [*record_of(world), *bodies([gone])]
    assert "another past than this desk has seen: up to event 2" in user.run("queue").all


def test_a_coordinators_desk_keeps_no_roster_of_before(world: World) -> None:
    user = world.desk("counts")
    for _ in range(2):
        world.put(world.roster.extended(world.roster.valid_until + timedelta(days=1)))
        assert user.run("counts").code == 0
    assert not (user.home / EARLIER).exists()
