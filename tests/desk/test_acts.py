"""What is done to a case at the command line, against a real server, and what stands in the way."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from desk.card import Card
from desk.casework import Casework
from desk.client import Client
from desk.refusals import Offline
from intake.roster import Role
from intake.wire import CaseFile
from tests.desk.world import CALM, URGENT, Ran, World, held_file, identity_of


def taken(world: World, **answers: Any) -> str:
    """A case that anna holds."""
    case = world.submit({**URGENT, **answers}, to=("anna", "boris", "lead"))
    assert world.desk("anna").run("take", case).code == 0
    return case


def written(world: World, text: str) -> str:
    path = world.folder / "text.txt"
    path.write_text(text)
    return str(path)


def told(ran: Ran) -> str:
    assert ran.code == 0, ran.all
    return ran.all


# Notes and advice


def test_a_note_is_read_by_everybody_who_opens_the_case_with_its_author(world: World) -> None:
    case = taken(world)
    anna, boris = world.desk("anna"), world.desk("boris")
    assert "Noted" in told(anna.run("note", case[:6], "--file", written(world, "Звонить вечером")))
    anna.run("give-back", case)
    boris.run("take", case)
    out = told(boris.run("open", case))
    assert "anna noted" in out
    assert "Звонить вечером" in out
    assert "signature" not in out


def test_a_text_may_be_piped_or_typed_and_is_never_an_argument(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    hints: list[str] = []

    def typed(hint: str) -> str:
        hints.append(hint)
        return "typed"

    told(anna.run("note", case, read_text=typed))
    told(anna.run("note", case, "--file", "-", read_text=lambda hint: f"piped{hint}"))
    assert "Ctrl-D" in hints[0]
    entries = anna.run("open", case, "--json").json["exchange"]
    assert [one["text"] for one in entries[1:]] == ["typed", "piped"]
    assert anna.run("note", case, "in the shell's history").code == 2


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_note_is_none(world: World, text: str) -> None:
    case = taken(world)
    ran = world.desk("anna").run("note", case, "--file", written(world, text))
    assert ran.code == 1
    assert "There is no text" in ran.err


def test_an_adviser_is_given_the_key_and_her_note_answers(world: World) -> None:
    case = taken(world)
    anna, vera = world.desk("anna"), world.desk("vera")
    assert "no case" in vera.run("open", case[:8]).all
    question = written(world, "Можно ли лететь с раной?")
    assert "vera was asked" in told(anna.run("ask", case, "Vera", "--file", question))
    assert "your advice is asked" in told(vera.run("queue"))
    assert "anna asked vera for advice" in told(vera.run("open", case[:8]))
    told(vera.run("note", case[:8], "--file", written(world, "Можно.")))
    assert "advice is asked" not in vera.run("queue").all
    fresh = told(anna.run("open", case, "--fresh"))
    assert "vera noted" in fresh
    assert "Can open it anna, boris, lead, vera" in fresh
    assert anna.run("queue", "--json").json["mine"][0]["id"] == case


# Passing it on


def test_a_case_is_handed_over_with_its_key_wrapped_at_the_desk(world: World) -> None:
    case = taken(world)
    anna, vera = world.desk("anna"), world.desk("vera")
    told(anna.run("hand-over", case, "vera", "--file", written(world, "Нужен врач")))
    assert not held_file(anna, case).exists()
    out = told(vera.run("open", case[:8]))
    assert "anna handed the case over to vera" in out
    assert "Нужен врач" in out
    assert "Планка-7" in out
    assert anna.run("note", case, "--file", written(world, "late")).code == 0  # she can open it yet
    late = anna.run("close", case, "--outcome", "informed")
    assert late.code == 1
    assert "You do not hold this case" in late.err


def test_whom_one_may_hand_over_to_is_told(world: World) -> None:
    case = taken(world)
    for name in ("nobody", "counts", "anna"):
        ran = world.desk("anna").run("hand-over", case, name)
        assert ran.code == 1
        assert "There are: boris, vera, lead." in ran.all


def test_a_colleague_without_room_is_told(world: World) -> None:
    case = taken(world)
    full = world.roster.without_member("vera")
    card = Card.of("vera", identity_of("vera"))
    world.put(full.with_member(card.member(Role.VOLUNTEER, ("medical",), ("ru",), capacity=0)))
    ran = world.desk("anna").run("hand-over", case, "vera")
    assert ran.code == 1
    assert "This colleague holds as many cases" in ran.all
    assert held_file(world.desk("anna"), case).exists()


def test_escalating_finds_a_lead_who_has_room(world: World) -> None:
    full = Card.of("chief", identity_of("chief"))
    world.put(world.roster.with_member(full.member(Role.LEAD, (), ("ru",), capacity=0)))
    case = taken(world)
    ran = world.desk("anna").run("escalate", case, "--file", written(world, "Угрожают семье"))
    assert "is with lead now" in told(ran)
    assert "Угрожают семье" in told(world.desk("lead").run("open", case))


def test_a_lead_who_can_open_it_comes_before_one_with_more_room(world: World) -> None:
    roomy = Card.of("chief", identity_of("chief"))
    world.put(world.roster.with_member(roomy.member(Role.LEAD, (), ("ru",), capacity=50)))
    case = taken(world)
    assert "is with lead now" in told(
        world.desk("anna").run("escalate", case, "--file", written(world, "x"))
    )


def test_where_there_is_no_other_lead_it_is_told(world: World) -> None:
    world.put(world.roster.without_member("lead"))
    case = world.submit(URGENT)
    world.desk("anna").run("take", case)
    ran = world.desk("anna").run("escalate", case, "--file", written(world, "x"))
    assert "no other lead" in ran.err


# Judging and ending


def test_another_level_is_set_with_its_reason(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    ran = anna.run("level", case, "P0", "--file", written(world, "Его ищут сегодня"))
    assert "stands in the queue as P0" in told(ran)
    out = told(anna.run("open", case))
    assert "anna set the urgency to P0" in out
    assert "(in the queue as P0)" in out
    assert anna.run("level", case, "P9").code == 2


def test_closing_says_how_it_ended_and_a_message_opens_it_again(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    told(anna.run("close", case, "--outcome", "informed"))
    assert not held_file(anna, case).exists()
    assert "Nothing waits" in anna.run("queue").all
    world.write(case, "Снова я")
    assert anna.run("take", case).code == 0
    out = told(anna.run("open", case))
    assert "anna closed the case: Informed" in out
    assert "Снова я" in out


def test_erasing_asks_first_and_leaves_nothing(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    assert anna.run("erase", case, confirm=no).code == 1
    assert case[:8] in asked[0]
    assert held_file(anna, case).exists()
    assert "for your consent" in anna.run("erase", case).err
    told(anna.run("erase", case, "--yes"))
    assert not held_file(anna, case).exists()
    assert world.desk("boris").run("take", case).code == 1


# For programs


def test_every_act_answers_programs_with_the_case_as_it_is(world: World) -> None:
    text = ("--file", written(world, "x"), "--json")
    anna = world.desk("anna")
    case = world.submit(URGENT, to=("anna", "boris", "lead"))
    assert anna.run("take", case, "--json").json["header"]["held_by"] == "you"
    assert anna.run("note", case, *text).json["header"]["records"] == 2
    assert anna.run("level", case, "P0", *text).json["header"]["level"] == "P0"
    assert identity_of("vera").key_id in anna.run("ask", case, "vera", *text).json["openers"]
    replied = anna.run("reply", case, "--yes", *text).json
    assert [one["number"] for one in replied["replies"]] == [4]
    assert anna.run("hand-over", case, "boris", *text).json["header"]["held_by"] == "other"
    assert world.desk("boris").run("escalate", case, *text).json["case"] == case
    lead = world.desk("lead")
    assert lead.run("close", case, "--outcome", "referred", *text).json["header"]["state"] == (
        "closed"
    )
    other = taken(world)
    assert anna.run("give-back", other, "--json").json == {"case": other, "given_back": True}
    anna.run("take", other)
    assert anna.run("erase", other, "--yes", "--json").json == {"case": other, "erased": True}


# What stands in the way


def test_what_was_added_meanwhile_moves_the_act_behind_it(world: World) -> None:
    case = taken(world)
    world.write(case, "Пока вы писали")
    anna = world.desk("anna")
    told(anna.run("note", case, "--file", written(world, "Моё")))
    texts = [one["text"] for one in anna.run("open", case, "--json").json["exchange"]]
    assert texts == ["", "Пока вы писали", "Моё"]


def test_an_act_whose_answer_was_lost_is_not_done_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = taken(world)
    anna, act = world.desk("anna"), Client.reply

    def lost(self: Client, *arguments: Any) -> CaseFile:
        act(self, *arguments)
        raise Offline("{url} cannot be reached.", url="x")

    monkeypatch.setattr(Client, "reply", lost)
    command = ("reply", case, "--yes", "--file", written(world, "Мы читаем"))
    assert anna.run(*command).code == 1
    monkeypatch.setattr(Client, "reply", act)
    told(anna.run(*command))
    assert [letter.text for letter in world.letters(case)] == ["Мы читаем"]


def test_a_lease_that_ended_keeps_only_the_note_of_whoever_can_open_it(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    world.time.pass_(hours=13)
    text = written(world, "x")
    for command in (
        ("reply", case, "--yes", "--file", text),
        ("hand-over", case, "boris"),
        ("close", case, "--outcome", "informed"),
        ("erase", case, "--yes"),
    ):
        ran = anna.run(*command)
        assert ran.code == 1, command
        assert "do not hold this case" in ran.all, command
    assert held_file(anna, case).exists()


def test_what_somebody_else_holds_is_hers(world: World) -> None:
    case = taken(world)
    world.time.pass_(hours=13)
    assert world.desk("boris").run("take", case).code == 0
    anna = world.desk("anna")
    assert "do not hold this case" in anna.run("close", case, "--outcome", "informed").all
    ran = anna.run("take", case)
    assert ran.code == 1
    assert "Somebody else has taken this case" in ran.all


def test_without_a_line_nothing_is_lost(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    world.wait(world.runner.cleanup())
    ran = anna.run("note", case, "--file", written(world, "x"))
    assert ran.code == 1
    assert "cannot be reached" in ran.err
    assert anna.run("open", case).code == 0


def test_more_than_a_page_is_told_and_can_be_reached(world: World) -> None:
    cases = [world.submit(CALM) for _ in range(52)]
    boris = world.desk("boris")
    first = boris.run("queue", "--json").json
    assert (len(first["cases"]), first["matching"]) == (50, 52)
    assert "2 more: tropa queue --start 50" in boris.run("queue").all
    shown = {one["id"] for one in first["cases"]}
    rest = boris.run("queue", "--start", "50", "--json").json
    assert {one["id"] for one in rest["cases"]} == set(cases) - shown
    last = rest["cases"][-1]["id"]
    assert last[:8] in told(boris.run("take", last[:8]))


def test_the_queue_can_be_narrowed(world: World) -> None:
    urgent, calm = world.submit(URGENT), world.submit(CALM)
    anna = world.desk("anna")

    def found(*options: str) -> list[str]:
        return [one["id"] for one in anna.run("queue", "--json", *options).json["cases"]]

    assert found("--level", "P1") == [urgent]
    assert found("--skill", "information") == [calm]
    assert found("--language", "en") == []
    assert anna.run("queue", "--level", "P7").code == 2


def test_a_lead_sees_promises_about_to_break(world: World) -> None:
    case = taken(world)
    world.time.pass_(hours=5, minutes=30)
    out = world.desk("lead").run("queue").all
    assert "Promises that are broken, or end within the hour: " in out
    assert case[:8] in out.partition("Promises")[2]
    assert "Promises" not in world.desk("anna").run("queue").all


def test_a_page_for_paper_is_plain_and_says_which_page_it_is(world: World) -> None:
    case = taken(world, note="слово " * 60)
    anna = world.desk("anna", width=200)
    lines = "\n".join(f"Строка {n}" for n in range(40))
    for _ in range(2):
        told(anna.run("note", case, "--file", written(world, lines)))
    ran = anna.run("open", case, "--print")
    pages = ran.out.split("\f")
    assert len(pages) > 1
    assert all(len(line) <= 80 for line in ran.out.replace("\f", "").splitlines())
    assert all(page.count("\n") <= 60 for page in pages)
    assert f"Case {case[:8]}, 2026-11-22, page 2 of {len(pages)}" in pages[1]
    assert "\x1b" not in ran.out
    assert ran.out.count("Строка 39") == 2


def test_a_changed_record_at_the_server_is_not_taken_over(world: World) -> None:
    case = taken(world)
    anna = world.desk("anna")
    path = held_file(anna, case)
    document = json.loads(path.read_text())
    part = document["records"][0]
    other = json.loads(held_file_of_another(world).read_text())["records"][0]["sealed"]
    part["sealed"] = other
    path.write_text(json.dumps(document))
    before = path.read_bytes()
    ran = anna.run("open", case, "--fresh")
    assert ran.code == 1
    assert "Record 0 of case" in ran.all
    assert path.read_bytes() == before


def held_file_of_another(world: World) -> Path:
    case = world.submit(CALM)
    world.desk("anna").run("take", case)
    return held_file(world.desk("anna"), case)


def test_a_page_that_asks_again_with_the_case_as_it_is_now_sends_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = taken(world)
    desk = world.desk("anna").desk()
    act = Client.reply

    def lost(self: Client, *arguments: Any) -> CaseFile:
        act(self, *arguments)
        raise Offline("{url} cannot be reached.", url="x")

    with desk.client(identity_of("anna")) as client:
        work = Casework.begin(desk, client, identity_of("anna"))
        monkeypatch.setattr(Client, "reply", lost)
        with pytest.raises(Offline):
            work.reply(work.fetch(case), "Мы читаем")
        monkeypatch.setattr(Client, "reply", act)
        assert work.reply(work.fetch(case), "Мы читаем").header.records == 2
        # Said again on purpose, it is another reply.
        assert work.reply(work.fetch(case), "Мы читаем").header.records == 3
    assert len(world.letters(case)) == 2


def test_threads_may_share_one_casework(world: World) -> None:
    cases = [world.submit(URGENT, to=("anna", "boris", "lead")) for _ in range(4)]
    desk = world.desk("anna").desk()
    with desk.client(identity_of("anna")) as client, ThreadPoolExecutor(4) as threads:
        work = Casework.begin(desk, client, identity_of("anna"))
        held = list(threads.map(work.take, cases))
        list(threads.map(lambda n: work.note(held[n % 4], f"Заметка {n}"), range(8)))
        found = list(threads.map(lambda one: work.open(work.fetch(one)), cases))
    assert [len(one.exchange) for one in found] == [3, 3, 3, 3]
    assert not any(one.faults for one in found)
