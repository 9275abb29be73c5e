"""The exchange as it reads: whose words are whose, and what nobody rightly signed."""

import json
from typing import Any

import pytest

from crypto.envelope import sign_payload
from crypto.identity import Identity
from desk.reading import open_case
from intake.records import DESK_TYPE, NOTE, REPLY, About, DeskRecord
from intake.wire import CaseFile
from tests.desk.test_acts import taken, told, written
from tests.desk.test_tampering import change_file, flip
from tests.desk.world import START, World, held_file, identity_of


def signed(record: DeskRecord, *signers: Identity) -> dict[str, Any]:
    return sign_payload(record.to_bytes(), DESK_TYPE, signers)


def note(case: str, **changes: Any) -> DeskRecord:
    """What would stand as record 1 of the case, but for the changes."""
    record = DeskRecord(case=case, number=1, about=About.NOTE, at=START, text="Подлог")
    return record.model_copy(update=changes)


def opened(world: World, case: str) -> tuple[int, str, list[dict[str, Any]]]:
    """The exit code, everything told, and the exchange."""
    anna = world.desk("anna")
    ran = anna.run("open", case, "--fresh")
    return ran.code, ran.all, anna.run("open", case, "--json").json["exchange"]


def test_the_exchange_stands_in_order_with_its_days(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    told(anna.run("reply", case, "--yes", "--file", written(world, "Мы читаем")))
    world.time.pass_(days=1, hours=2)
    world.write(case, "Спасибо")
    out = told(anna.run("open", case, "--fresh"))
    exchange = out.partition("Exchange")[2]
    places = [
        exchange.index(words)
        for words in ("2026-11-22", "The request came in", "Мы читаем", "2026-11-23", "Спасибо")
    ]
    assert places == sorted(places)
    assert "we wait for the person" not in out


def test_whose_turn_it_is_is_shown_to_whoever_holds_it(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    told(anna.run("reply", case, "--yes", "--file", written(world, "x")))
    assert "we wait for the person" in told(anna.run("open", case))
    assert "answered yours, 12 h" in anna.run("queue").all
    assert "left" not in anna.run("queue").all
    world.write(case, "Я здесь")
    assert "answered" not in anna.run("queue").all


def test_a_record_that_nobody_signed_is_shown_as_such(world: World) -> None:
    case = taken(world)
    world.add(case, NOTE, note(case).to_bytes())
    code, all_, (_, entry) = opened(world, case)
    assert code == 1
    assert "record 1 bears no signature" in all_
    assert "Somebody noted [not signed by anybody] Подлог" in all_
    assert entry["author"] == {"name": None, "state": "unsigned"}


def test_an_envelope_without_signatures_is_unsigned_too(world: World) -> None:
    case = taken(world)
    envelope = signed(note(case), identity_of("anna")) | {"signatures": []}
    world.add(case, NOTE, json.dumps(envelope).encode())
    assert opened(world, case)[2][1]["author"]["state"] == "unsigned"


def test_a_forged_name_is_not_believed(world: World) -> None:
    case = taken(world)
    envelope = signed(note(case), identity_of("stranger"))
    of_boris = signed(note(case), identity_of("boris"))["signatures"][0]["keyid"]
    envelope["signatures"][0]["keyid"] = of_boris
    world.add(case, NOTE, json.dumps(envelope).encode())
    code, all_, (_, entry) = opened(world, case)
    assert code == 1
    assert "record 1 bears a false signature" in all_
    assert "boris noted [the signature is false] Подлог" in all_
    assert entry["author"] == {"name": "boris", "state": "false"}


def test_a_colleague_who_left_cannot_be_checked(world: World) -> None:
    case = taken(world)
    world.add(case, NOTE, json.dumps(signed(note(case), identity_of("boris"))).encode())
    assert opened(world, case)[2][1]["author"] == {"name": "boris", "state": "signed"}
    world.put(world.roster.without_member("boris"))
    code, all_, (_, entry) = opened(world, case)
    assert code == 0
    assert "Somebody noted [not checked: the key is on the roster no more" in all_
    assert entry["author"] == {"name": None, "state": "left"}


@pytest.mark.parametrize(
    "change",
    [{"case": "0" * 32}, {"number": 2}, {"about": About.REPLY}],
)
def test_a_signature_cannot_be_carried_to_another_place(world: World, change: Any) -> None:
    case = taken(world)
    record = note(case).model_copy(update=change)
    world.add(case, NOTE, json.dumps(signed(record, identity_of("boris"))).encode())
    code, all_, (_, entry) = opened(world, case)
    assert code == 1
    assert "moved it here" in all_
    assert entry["author"] == {"name": "boris", "state": "false"}


def test_two_signatures_are_nobodys(world: World) -> None:
    case = taken(world)
    envelope = signed(note(case), identity_of("boris"), identity_of("vera"))
    world.add(case, NOTE, json.dumps(envelope).encode())
    assert opened(world, case)[2][1]["author"]["state"] == "false"


def test_a_forged_reply_does_not_count_as_the_first(world: World) -> None:
    case = taken(world, codeword="берёза")
    world.add(case, REPLY, note(case, about=About.REPLY).to_bytes())
    anna = world.desk("anna")
    anna.run("reply", case, "--yes", "--file", written(world, "x"))
    assert [one.codeword for one in world.letters(case)] == ["берёза"]


@pytest.mark.parametrize(
    "plaintext", [b"", b"[]", b"{}", b"\xff", b'{"payload": 1}', b'{"payload": "", "x": 2}']
)
def test_what_is_no_record_at_all_is_named_and_hides_nothing(
    world: World, plaintext: bytes
) -> None:
    case = taken(world)
    world.add(case, NOTE, plaintext)
    world.write(case, "Я здесь")
    code, all_, exchange = opened(world, case)
    assert code == 1
    assert "record 1: " in all_
    assert "Я здесь" in all_
    assert [one["number"] for one in exchange] == [0, 2]


@pytest.mark.parametrize("depth", [900, 50_000])
def test_a_record_nested_without_end_is_named_and_hides_nothing(world: World, depth: int) -> None:
    case = taken(world)
    world.add(case, "note", b'{"payload":' + b"[" * depth + b"]" * depth + b"}")
    code, all_, _ = opened(world, case)
    assert code == 1
    assert "record 1: " in all_
    assert "Планка-7" in all_


def test_a_flipped_bit_in_a_note_is_named(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    told(anna.run("note", case, "--file", written(world, "x")))

    def change(document: dict[str, Any]) -> None:
        part = document["records"][1]
        part["sealed"] = flip(part["sealed"])

    change_file(held_file(anna, case), change)
    ran = anna.run("open", case)
    assert ran.code == 1
    assert "record 1 was altered" in ran.all.lower()


def test_a_damaged_way_back_is_named_and_hides_nothing(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    change_file(
        held_file(anna, case), lambda document: document.update(token=flip(document["token"]))
    )
    ran = anna.run("open", case)
    assert ran.code == 1
    assert "the return token was altered" in ran.all.lower()
    assert "Планка-7" in ran.all


def test_a_second_first_record_names_no_other_inbox(world: World) -> None:
    case = taken(world)
    other = world.submit({}, to=("anna",))
    world.desk("anna").run("take", other)
    whole = CaseFile.from_bytes(held_file(world.desk("anna"), case).read_bytes())
    first = open_case(whole, identity_of("anna")).first
    assert first is not None
    world.add(case, "intake", first.to_bytes())
    code, all_, _ = opened(world, case)
    assert code == 1
    assert "record 1 names another inbox than the first" in all_


def test_what_colleagues_typed_cannot_command_the_terminal(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    told(anna.run("note", case, "--file", written(world, "a\x1b]0;b\x07c\u202ed")))
    out = anna.run("open", case).out
    assert not set(out) & {"\x1b", "\x07", "\u202e"}
