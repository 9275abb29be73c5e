"""A case that somebody changed: the record at fault is named, and the others are still shown."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.desk.world import CALM, URGENT, World, held_file


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
        (record(1, "kind", "photo"), "record 1 is of a kind"),
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
    assert "form of this case is not one that the organisation signed" in ran.err


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


def test_a_number_out_of_all_proportion_costs_nothing_and_hides_nothing(world: World) -> None:
    code, out, err = tampered(world, record(1, "number", 2**40))
    assert code == 1
    assert "Mobilised" in out
    assert "record 1 is missing" in err.lower()
    assert err.count("is missing") == 20
