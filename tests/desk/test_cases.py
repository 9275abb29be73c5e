"""A volunteer's day at the command line, against a real server."""

import base64
import json
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.home import Home
from intake.records import CaseFile
from tests.desk.world import CALM, URGENT, DeskUser, World, identity_of


def held_file(user: DeskUser, case: str) -> Path:
    return user.home / "cases" / f"{case}.json"


def change_file(path: Path, change: Any) -> None:
    """Apply `change` to the JSON of a case file, as somebody with the disk could."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def flip(text: str) -> str:
    """One bit of what is in base64, in its middle."""
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(bytes(data)).decode()


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


def test_the_queue_for_programs_is_json(world: World) -> None:
    case = world.submit(URGENT)
    assert [one["id"] for one in world.desk("anna").run("queue", "--json").json] == [case]


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


# Records that were tampered with: named, with the reason, and the rest still shown.


def tampered(world: World, change: Any) -> tuple[int, str, str]:
    case = world.submit(URGENT)
    world.add_answers(case, {**URGENT, "status": "officer"})
    user = world.desk("anna")
    user.run("take", case)
    change_file(held_file(user, case), change)
    ran = user.run("open", case)
    return ran.code, " ".join(ran.out.split()), " ".join(ran.err.split())


def record(number: int, field: str, value: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        part = document["records"][number]
        part[field] = value(part[field]) if callable(value) else value

    return change


def test_a_flipped_bit_is_named_and_the_other_records_are_shown(world: World) -> None:
    code, out, err = tampered(world, record(1, "sealed", flip))
    assert code == 1
    assert "record 1 was altered after it was sealed" in err.lower()
    assert "Mobilised" in out
    assert "Officer" not in out


def test_the_later_record_is_shown_when_the_first_does_not_open(world: World) -> None:
    code, out, err = tampered(world, record(0, "sealed", flip))
    assert code == 1
    assert "record 0 was altered" in err.lower()
    assert "Officer" in out


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (record(1, "number", 2), "record 2 does not belong here"),
        (record(1, "number", 2), "record 1 is missing"),
        (record(1, "kind", "intake"), "record 1 does not belong here"),
        (record(1, "kind", "note"), "record 1 is of a kind"),
        (record(1, "sealed", lambda text: text[:400]), "record 1 is truncated"),
        (lambda document: document["records"].reverse(), "out of order"),
        (lambda document: document["records"].pop(0), "record 0 is missing"),
        (
            lambda document: document.update(public_key=flip(document["public_key"])),
            "public key of the case was replaced",
        ),
    ],
)
def test_what_was_done_to_a_record_is_told(world: World, change: Any, why: str) -> None:
    code, _, err = tampered(world, change)
    assert code == 1
    assert why in err.lower()
    assert "traceback" not in err.lower()


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["header"].update(id="0" * 32),
        lambda document: document["header"].update(epoch=document["header"]["epoch"] + 1),
        lambda document: document.update(wrap=flip(document["wrap"])),
    ],
)
def test_a_case_under_another_name_or_epoch_does_not_open_at_all(world: World, change: Any) -> None:
    code, out, err = tampered(world, change)
    assert code == 1
    assert "does not open this case" in err
    assert out == ""


def test_a_record_moved_from_another_case_does_not_open(world: World) -> None:
    donor, case = world.submit(CALM), world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", donor)
    user.run("take", case)
    foreign = json.loads(held_file(user, donor).read_text())["records"][0]["sealed"]
    change_file(held_file(user, case), record(0, "sealed", foreign))
    ran = user.run("open", case)
    assert ran.code == 1
    assert "record 0 does not belong here" in ran.all
    assert "Reserve" not in ran.all


def test_a_form_that_was_never_signed_is_told(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    world.put(world.roster.model_copy(update={"forms": ("0" * 64,), "epoch": 90}))
    user.run("queue")
    user.run("join", world.url, str(world.organisation_file))
    ran = user.run("open", case)
    assert ran.code == 1
    assert "form is not one that the organisation signed" in ran.err


def test_a_truncated_case_file_is_told(world: World) -> None:
    case = world.submit(URGENT)
    user = world.desk("anna")
    user.run("take", case)
    path = held_file(user, case)
    path.write_bytes(path.read_bytes()[:1000])
    ran = user.run("open", case)
    assert ran.code == 1
    assert "cut short" in ran.err
    assert ran.out == ""


def test_a_case_file_can_be_opened_by_its_path(world: World, tmp_path: Path) -> None:
    case = world.submit(URGENT)
    world.desk("anna").run("take", case)
    copy = tmp_path / "from-a-stick.json"
    copy.write_bytes(held_file(world.desk("anna"), case).read_bytes())
    assert "Mobilised" in world.desk("anna").run("open", str(copy)).out


def test_somebody_elses_file_does_not_open(world: World) -> None:
    case = world.submit(URGENT, to=["boris"])
    world.desk("boris").run("take", case)
    ran = world.desk("anna").run("open", str(held_file(world.desk("boris"), case)))
    assert ran.code == 1
    assert "does not open this case" in ran.err


# What stands in the way


def test_a_case_that_somebody_else_took_is_told(world: World) -> None:
    case = world.submit(URGENT)
    user, taking = world.desk("boris"), world.desk("anna")

    drawn: list[int] = []

    def random(length: int) -> bytes:
        drawn.append(length)
        if len(drawn) == 2:  # one nonce for the look at the queue, the second for the taking
            assert taking.run("take", case).code == 0
        return os.urandom(length)

    ran = user.run("take", case, random=random)
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

    def broken(_: Home, __: str) -> bytes:
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
    world.wait(world.storage.cases.erase(bytes.fromhex(case)))
    assert user.run("give-back", case).code == 0
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
