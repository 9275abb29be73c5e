"""A volunteer's day at the command line, against a real server."""

import base64
import json
import os
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from crypto.errors import TooMuchWork
from desk.home import Home
from intake.wire import CaseFile
from tests.desk.world import CALM, URGENT, World, held_file, identity_of


def test_the_queue_shows_the_most_urgent_first_and_the_promise_in_words(world: World) -> None:
    calm = world.submit(CALM)
    world.time.pass_(hours=1)
    urgent = world.submit(URGENT)
    world.time.pass_(hours=2)
    ran = world.desk("anna").run("queue")
    lines = ran.out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == [urgent[:8], calm[:8]]
    assert "4 h left" in lines[0]
    assert "2 h" in lines[0]
    world.time.pass_(hours=5)
    assert "late by 1 h" in world.desk("anna").run("queue").out


def test_an_empty_queue_says_so(world: World) -> None:
    assert "Nothing waits" in world.desk("anna").run("queue").all


def test_a_key_that_cannot_be_opened_just_now_is_not_called_damaged(world: World) -> None:
    """Whoever believes that her key is lost goes for the 24 words, or loses them as well."""

    def too_busy(_data: bytes, _passphrase: str) -> bytes:
        raise TooMuchWork("this identity file asks for more work than this machine can do now")

    ran = world.desk("anna").run("queue", open_seed=too_busy)
    assert ran.code == 1
    assert "too busy" in ran.all
    assert "damaged" not in ran.all


def test_a_filter_that_nothing_can_fit_is_a_slip(world: World) -> None:
    """The queue shows the skill as "Lawyer"; whoever types that must not be told to rest."""
    case = world.submit(URGENT)
    anna = world.desk("anna")
    assert "There is no skill lawyer. There are: " in anna.run("queue", "--skill", "lawyer").all
    assert "There is no language russian here" in anna.run("queue", "--language", "russian").all
    assert case[:8] in anna.run("queue", "--level", "P1").all
    nothing = anna.run("queue", "--level", "P3")
    assert (nothing.code, "Nothing fits this filter" in nothing.all) == (0, True)


def test_the_queue_for_programs_is_json(world: World) -> None:
    case = world.submit(URGENT)
    found = world.desk("anna").run("queue", "--json").json
    assert [one["id"] for one in found["cases"]] == [case]
    assert (found["matching"], found["counts"]["P1"]) == (1, 1)


def test_take_without_a_name_takes_the_most_urgent(world: World) -> None:
    world.submit(CALM)
    urgent = world.submit(URGENT)
    assert urgent[:8] in world.desk("anna").run("take").out
    assert held_file(world.desk("anna"), urgent).exists()


def test_an_opened_case_reads_in_the_volunteers_language(world: World) -> None:
    case = world.submit(URGENT)
    for language, words in (("en", "Left the unit, in Russia"), ("ru", "Ушёл из части, в России")):
        user = world.desk("anna", language=language)
        user.run("take", case[:6])
        ran = user.run("open", case[:6])
        assert ran.code == 0
        assert words in ran.out
        assert "Планка-7 не открывается" in ran.out


def test_the_urgency_is_shown_with_its_reasons(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    out = user.run("open", case).out
    assert "75 points" in out
    assert re.search(r"\+40\s+In danger within 3 days", out)
    assert re.search(r"\+25\s+Left the unit", out)


def test_deadlines_count_down_to_the_last_day_and_past_it(world: World) -> None:
    case = world.submit(
        {**URGENT, "situation": "abroad", "region": "kz", "stay_until": date(2026, 12, 1)}
    )
    user = world.desk("anna")
    user.run("take", case)
    assert "9 days left" in user.run("open", case).out
    world.time.pass_(days=9)
    assert "today is the last day" in user.run("open", case).out
    world.time.pass_(days=3)
    assert "over for 3 days" in user.run("open", case).out


def test_answers_after_an_early_send_are_merged_and_marked(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    world.add_answers(case, {**URGENT, "health": "wound", "status": "officer", "note": "x"})
    assert "[new]" not in user.run("open", case).out
    out = " ".join(user.run("open", case, "--fresh").out.split())
    assert "Wound or illness [new]" in out
    assert "Officer [changed; was: Mobilised]" in out
    again = user.run("open", case, "--json").json
    changed = {line["question"]: line["was"] for line in again["answers"] if line["was"]}
    assert changed == {"status": "Mobilised", "note": "Планка-7 не открывается"}


def test_nothing_readable_touches_the_disk(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    user.run("open", case)
    user.run("open", case, "--json")
    user.run("cases")
    planted = "Планка-7"
    needles = [
        planted.encode(),
        planted.encode("utf-16-le"),
        base64.b64encode(planted.encode())[:10],
    ]
    needles += [json.dumps(planted)[1:-1].encode(), b"mobilised", b"a337"]
    for path in user.home.rglob("*"):
        if path.is_file() and "forms" not in path.parts:
            assert not any(needle in path.read_bytes() for needle in needles), path


def test_the_folder_is_its_owners_alone(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.home.chmod(0o755)
    user.run("take", case)
    for path in [user.home, *user.home.rglob("*")]:
        if path.name not in ("identity.age", "identity.card"):  # these two the test itself wrote
            assert path.stat().st_mode & 0o077 == 0, path


def test_what_a_person_typed_cannot_command_the_terminal(world: World) -> None:
    case = world.submit({**URGENT, "note": "a\x1b]0;b\x07c\u202ed [red]e[/red]"})
    user = world.desk("anna")
    user.run("take", case)
    out = user.run("open", case).out
    assert not set(out) & {"\x1b", "\x07", "\u202e"}
    assert "[red]e[/red]" in out


# What stands in the way


def test_a_case_that_somebody_else_took_is_told(world: World) -> None:
    case = world.submit(URGENT)
    user, taking = world.desk("boris"), world.desk("anna")
    user.run("queue")
    drawn: list[int] = []

    def random(length: int) -> bytes:
        drawn.append(length)
        if len(drawn) == 3:  # nonces: for the record of key events, for the queue, for the taking
            assert taking.run("take", case).code == 0
        return os.urandom(length)

    ran = user.run("take", case[:8], random=random)
    assert ran.code == 1
    assert "Somebody else has taken this case" in ran.err


def test_a_wrong_clock_is_named_as_the_cause(world: World) -> None:
    world.submit(URGENT)
    user = world.desk("anna")
    ran = user.run("queue", clock=lambda: world.time() + timedelta(minutes=10))
    assert ran.code == 1
    assert "clock is wrong" in ran.err


def test_a_stranger_is_told_how_to_get_onto_the_roster(world: World) -> None:
    user = world.desk("stranger")
    assert "tropa identity show" in user.run("queue").err
    assert user.run("queue").code == 1


def test_a_server_that_is_down_is_told(world: World) -> None:
    user = world.desk("anna")
    world.wait(world.runner.cleanup())
    ran = user.run("queue")
    assert ran.code == 1
    assert "cannot be reached" in ran.err


@pytest.mark.parametrize(
    ("passphrase", "why"), [("", "is empty"), ("not the right one", "does not fit")]
)
def test_a_passphrase_that_does_not_serve_is_told(world: World, passphrase: str, why: str) -> None:
    world.desk("anna")
    ran = world.bare_desk("anna", passphrase=passphrase).run("queue")
    assert ran.code == 1
    assert why in ran.err


def test_an_unknown_and_an_ambiguous_beginning_are_told(world: World) -> None:
    user = world.desk("anna")
    for case in ("a" * 31 + "0", "a" * 31 + "1"):
        (user.home / "cases").mkdir(exist_ok=True)
        (user.home / "cases" / f"{case}.json").write_text("{}")
    assert "2 cases begin with aaa" in user.run("open", "aaa").err
    assert "holds no case b" in user.run("open", "b").err
    assert "no case zz" in user.run("take", "zz").err


def test_a_full_disk_is_told_and_leaves_what_was_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    before = held_file(user, case).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    world.time.pass_(hours=1)  # a renewed lease has to be written
    monkeypatch.setattr("desk.home.os.fsync", full)
    ran = user.run("take", case)
    assert ran.code == 1
    assert "disk is full" in ran.err
    assert held_file(user, case).read_bytes() == before
    assert not list(user.home.rglob(".new-*"))


def test_a_fault_that_nobody_thought_of_shows_no_content(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = world.desk("anna")

    def broken(_: Home, *__: object) -> bytes:
        raise RuntimeError("planted content")

    monkeypatch.setattr(Home, "read", broken)
    ran = user.run("queue")
    assert ran.code == 1
    assert "RuntimeError at test_cases.py" in ran.all
    assert "planted content" not in ran.all
    assert "Traceback" not in ran.all


def test_give_back_returns_the_case_and_drops_the_file(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    assert user.run("give-back", case[:5]).code == 0
    assert not held_file(user, case).exists()
    assert case[:8] in world.desk("boris").run("queue").out


def test_a_case_that_was_erased_meanwhile_can_still_be_put_away(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    world.wait(world.storage.cases.erase(bytes.fromhex(case), world.time().date()))
    ran = user.run("give-back", case)
    assert ran.code == 0
    assert "back in the queue" not in ran.all
    assert not held_file(user, case).exists()


def test_asking_for_what_was_added_to_an_erased_case_erases_it_here_too(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    world.wait(world.storage.cases.erase(bytes.fromhex(case), world.time().date()))
    assert user.run("open", case, "--fresh").code == 1
    assert not held_file(user, case).exists()


def test_the_watch_rings_once_for_a_new_urgent_case(world: World) -> None:
    user = world.desk("anna")
    world.submit(URGENT)
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            world.submit({**URGENT, "danger": "day"})
        if len(looks) == 3:
            raise KeyboardInterrupt

    ran = user.run("queue", "--watch", sleep=sleep)
    assert ran.code == 130
    assert ran.out.count("New and urgent: 1") == 1
    assert looks == [30, 30, 30]


def test_the_watch_outlives_an_outage(world: World) -> None:
    user = world.desk("anna")
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            world.wait(world.runner.cleanup())
        if len(looks) == 2:
            raise KeyboardInterrupt

    ran = user.run("queue", "--watch", sleep=sleep)
    assert ran.code == 130
    assert "cannot be reached" in ran.err


def test_cases_lists_what_is_held_here(world: World) -> None:
    user = world.desk("anna")
    assert "holds no cases" in user.run("cases").out
    case = world.submit(URGENT)
    user.run("take", case)
    assert "yours, 12 h" in user.run("cases").out
    assert CaseFile.from_bytes(held_file(user, case).read_bytes()).header.held_by == "you"
    assert identity_of("anna").key_id not in user.run("cases", "--json").out


def test_one_damaged_file_does_not_hide_the_others(world: World) -> None:
    whole, damaged = world.submit(URGENT), world.submit(CALM)
    anna = world.desk("anna")
    for case in (whole, damaged):
        anna.run("take", case)
    held_file(anna, damaged).write_bytes(b"\x00half a file")
    ran = anna.run("cases")
    assert ran.code == 1
    assert whole[:8] in ran.out
    assert f"{damaged[:8]} is damaged. Fetch it again: tropa take {damaged[:8]}" in ran.all
    assert [one["id"] for one in anna.run("cases", "--json").json] == [whole]
    assert anna.run("take", damaged[:8]).code == 0
    assert anna.run("cases").code == 0


@pytest.mark.parametrize("proxy", ["foo", "socks5://127.0.0.1:9050", "http://", "http://[x"])
def test_a_proxy_that_is_none_is_told(world: World, proxy: str) -> None:
    anna = world.desk("anna")
    ran = anna.run("queue", settings=replace(anna.desk().settings, proxy=proxy))
    assert (ran.code, "TROPA_PROXY names no proxy" in ran.all) == (1, True)


@pytest.mark.parametrize("address", ["https://[x", "https://example.org:port", "ftp://example.org"])
def test_an_address_that_is_none_is_told(world: World, address: str) -> None:
    ran = world.desk("anna").run("join", address, str(world.folder / "organisation.json"))
    assert (ran.code, "This is no server address" in ran.all) == (1, True)


def test_what_is_no_text_is_a_skill_that_nobody_has(world: World) -> None:
    world.submit(URGENT)
    ran = world.desk("anna").run("queue", "--skill", "\udcff")
    assert "does not know" not in ran.all
