"""`tropa rekey`: a fresh key for every case that somebody could open who left."""

import base64
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crypto.errors import NotOpened
from crypto.opening import open_record, unwrap_case_key
from crypto.sealing import CaseKey, SealedRecord, Wrap, seal_record, wrap_case_key
from desk.client import Client, Offline
from desk.keys import mass
from desk.keys.rekeying import Renewal
from desk.reading import case_key, open_case, place
from intake.records import NOTE, About
from intake.shapes import encoded
from intake.wire import CaseFile, SealedPart
from storage.tables import records, withdrawn
from tests.desk.test_tampering import flip
from tests.desk.world import URGENT, World, held_file, identity_of

EVERYBODY = ("anna", "boris", "lead", "recovery")
STAY = ("anna", "lead", "recovery")


def boris_leaves(world: World) -> None:
    world.take_up(world.roster.without_member("boris"))


def file_of(world: World, name: str, case: str) -> CaseFile:
    """The case as the server gives it to this member."""
    with world.desk(name).desk().client(identity_of(name)) as client:
        return client.fetch(case)


def texts(world: World, name: str, case: CaseFile) -> list[str]:
    """What she reads of it, notes of a new key left out."""
    contents = open_case(case, identity_of(name), world.roster)
    assert not contents.faults
    assert contents.first is not None
    said = [one.text for one in contents.exchange[1:] if one.about is not About.REKEY]
    return [str(contents.first.answers.get("note")), *said]


def alter(world: World, number: int) -> None:
    """One bit of a record, by somebody who has the server's disk."""

    def work(connection: Any) -> None:
        which = records.c.number == number
        [row] = connection.execute(records.select().where(which)).all()
        changed = base64.b64decode(flip(base64.b64encode(row.sealed).decode()))
        connection.execute(records.update().where(records.c.slot == row.slot), {"sealed": changed})

    world.wait(world.storage.database.write(work))


def waiting(world: World) -> int:
    found = world.storage.database.read(lambda db: len(db.execute(withdrawn.select()).all()))
    return world.wait(found)


def test_a_case_has_a_new_key_and_holds_what_it_held(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    world.write(case, "Я на вокзале")
    before = file_of(world, "boris", case)
    boris_leaves(world)
    ran = world.desk("lead").run("rekey", "--yes")
    assert ran.code == 0, ran.all
    assert "1 case has a new key." in ran.all
    assert "may have kept what she read" in ran.all
    for name in ("anna", "lead"):
        whole = file_of(world, name, case)
        assert whole.public_key != before.public_key
        assert whole.header.epoch == world.roster.epoch
        assert whole.openers == tuple(sorted(identity_of(one).key_id for one in STAY))
        assert texts(world, name, whole) == [URGENT["note"], "Я на вокзале"]
        contents = open_case(whole, identity_of(name), world.roster)
        assert contents.token == world.tokens[case]
        assert contents.exchange[-1].about is About.REKEY
        assert contents.exchange[-1].author is not None
        assert (contents.exchange[-1].author.name, contents.exchange[-1].text) == ("lead", "")
    shown = world.desk("anna").run("open", case)
    assert "lead renewed the key of this case" in shown.all


def test_what_the_one_who_left_has_opens_nothing_of_it_any_more(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    before = file_of(world, "boris", case)
    assert texts(world, "boris", before) == [URGENT["note"]]
    boris_leaves(world)
    world.desk("lead").run("rekey", "--yes")
    after = file_of(world, "anna", case)
    old = after.model_copy(update={"wrap": before.wrap, "header": before.header})
    contents = open_case(old, identity_of("boris"), world.roster)
    assert len(contents.faults) == len(after.records) + 2  # each, the token, and the public key
    wrap = Wrap(base64.b64decode(after.wrap))
    with pytest.raises(NotOpened):
        unwrap_case_key(identity_of("boris"), bytes.fromhex(case), after.header.epoch, wrap)


def test_done_twice_is_done_once(world: World) -> None:
    world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    lead = world.desk("lead")
    assert lead.run("rekey", "--yes", "--json").json["rekeyed"] == 1
    assert "No case waits for a new key" in lead.run("rekey", "--yes").all
    assert waiting(world) == 0


def test_it_says_how_many_wait_and_asks(world: World) -> None:
    for _ in range(3):
        world.submit(URGENT, EVERYBODY)
    world.submit(URGENT, ("boris", "anna"))
    boris_leaves(world)
    lead = world.desk("lead")
    assert lead.run("rekey", "--dry-run", "--json").json == {"waiting": 3, "closed_to_you": 1}
    assert "3 cases wait for a new key" in lead.run("rekey", "--dry-run").all
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    refused = lead.run("rekey", confirm=no)
    assert refused.code == 1
    assert "nothing was changed" in refused.all
    assert asked == ["3 cases are given a new key. Go on? [y/N]"]
    assert waiting(world) == 4


def test_what_is_not_sealed_to_her_is_left_to_others(world: World) -> None:
    world.submit(URGENT, ("anna", "boris", "recovery"))
    boris_leaves(world)
    ran = world.desk("lead").run("rekey", "--yes")
    assert ran.code == 0, ran.all
    assert "1 more waits that is not sealed to you" in ran.all
    assert "rekey --recovery" in ran.all


def test_it_is_for_leads(world: World) -> None:
    world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    ran = world.desk("anna").run("rekey", "--yes")
    assert ran.code == 1
    assert "This is for leads." in ran.all


def test_a_case_that_was_tampered_with_is_named_and_not_touched(world: World) -> None:
    changed = world.submit(URGENT, EVERYBODY)
    world.write(changed, "Я на вокзале")
    sound = world.submit(URGENT, EVERYBODY)
    alter(world, 1)
    before = file_of(world, "anna", changed)
    boris_leaves(world)
    ran = world.desk("lead").run("rekey", "--yes")
    assert ran.code == 1
    assert "1 case has a new key." in ran.all
    assert f"Case {changed[:8]}: record 1 does not open." in ran.all
    assert file_of(world, "anna", changed).records == before.records
    assert texts(world, "anna", file_of(world, "anna", sound)) == [URGENT["note"]]
    again = world.desk("lead").run("rekey", "--yes", "--json")
    assert (again.json["rekeyed"], len(again.json["not_touched"]), again.code) == (0, 1, 1)


def test_many_cases_by_all_cores_and_page_by_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mass, "FEW", 3)
    cases = [world.submit({**URGENT, "note": f"Дело {n}"}, EVERYBODY) for n in range(12)]
    boris_leaves(world)
    small = world.storage.rekeying.page

    async def page(key_id: str, after: bytes | None) -> Any:
        return await small(key_id, after, 5)

    monkeypatch.setattr(world.storage.rekeying, "page", page)
    ran = world.desk("lead").run("rekey", "--yes")
    assert ran.code == 0, ran.all
    assert "12 cases have a new key." in ran.all
    assert "12 of 12" in ran.err
    for number, case in enumerate(cases):
        assert texts(world, "anna", file_of(world, "anna", case)) == [f"Дело {number}"]


class Disturbed:
    """Between a page and what is sent back for it, something happens at the server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
        whole, happened = Client.rekeyable, list[bool]()

        def rekeyable(client: Client, after: str | None = None) -> bytes:
            page = whole(client, after)
            if not happened:
                happened.append(True)
                what()
            return page

        monkeypatch.setattr(Client, "rekeyable", rekeyable)


def test_a_message_that_comes_in_meanwhile_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    Disturbed(monkeypatch, lambda: world.write(case, "Пишу, пока меняют ключ"))
    ran = world.desk("lead").run("rekey", "--yes")
    assert ran.code == 0, ran.all
    whole = file_of(world, "anna", case)
    assert texts(world, "anna", whole) == [URGENT["note"], "Пишу, пока меняют ключ"]
    assert waiting(world) == 0


def test_a_roster_that_changes_meanwhile_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    after = world.roster.without_member("vera")
    Disturbed(monkeypatch, lambda: world.take_up(after))
    ran = world.desk("lead").run("rekey", "--yes")
    assert ran.code == 1
    assert "The roster changed meanwhile" in ran.all
    assert world.desk("lead").run("rekey", "--yes", "--json").json["rekeyed"] == 1
    assert texts(world, "anna", file_of(world, "anna", case)) == [URGENT["note"]]


def test_an_answer_that_is_lost_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    whole, lost = Client.rekey, list[bool]()

    def rekey(client: Client, body: bytes) -> Any:
        answer = whole(client, body)
        if not lost:
            lost.append(True)
            raise Offline("{url} cannot be reached.", url=world.url)
        return answer

    monkeypatch.setattr(Client, "rekey", rekey)
    ran = world.desk("lead").run("rekey", "--yes", "--json")
    assert ran.code == 0, ran.all
    assert ran.json["rekeyed"] == 1
    assert "Trying again in 1 s." in ran.err
    assert texts(world, "anna", file_of(world, "anna", case)) == [URGENT["note"]]


def test_what_a_laptop_had_signed_before_it_slept_is_signed_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    whole, asleep = Client.rekey, list[bool]()

    def rekey(client: Client, body: bytes) -> Any:
        if not asleep:
            asleep.append(True)
            client._clock = lambda: world.time() - timedelta(minutes=3)
        else:
            client._clock = world.time
        return whole(client, body)

    monkeypatch.setattr(Client, "rekey", rekey)
    ran = world.desk("lead").run("rekey", "--yes", "--json")
    assert ran.code == 0, ran.all
    assert ran.json["rekeyed"] == 1
    assert texts(world, "anna", file_of(world, "anna", case)) == [URGENT["note"]]


def test_no_more_pages_are_on_their_way_at_once_than_the_server_takes_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow line what lies in a queue behind others would count as lost."""
    monkeypatch.setattr(mass, "FEW", 0)
    monkeypatch.setattr(mass, "cpu_count", lambda: 4)
    for _ in range(12):
        world.submit(URGENT, EVERYBODY)
    boris_leaves(world)
    small, whole = world.storage.rekeying.page, Client.rekey
    counting, now, most = threading.Lock(), list[bytes](), list[int]()
    together = threading.Event()

    async def page(key_id: str, after: bytes | None) -> Any:
        return await small(key_id, after, 1)

    def rekey(client: Client, body: bytes) -> Any:
        with counting:
            now.append(body)
            most.append(len(now))
            if len(now) == mass.SENDING:
                together.set()
        try:
            together.wait(60)
            time.sleep(0.2)  # another could come up
            return whole(client, body)
        finally:
            with counting:
                now.remove(body)

    monkeypatch.setattr(world.storage.rekeying, "page", page)
    monkeypatch.setattr(Client, "rekey", rekey)
    ran = world.desk("lead").run("rekey", "--yes", "--json")
    assert ran.json["rekeyed"] == 12
    assert max(most) == mass.SENDING


def test_a_connection_that_stays_lost_ends_it_with_how_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.submit(URGENT, EVERYBODY)
    boris_leaves(world)

    def rekey(client: Client, body: bytes) -> Any:
        raise Offline("{url} cannot be reached.", url=world.url)

    monkeypatch.setattr(Client, "rekey", rekey)
    ran = world.desk("lead").run("rekey", "--yes")
    assert ran.code == 1
    assert "The same command goes on with the rest" in ran.all
    assert "cannot be reached" in ran.all
    monkeypatch.undo()
    assert world.desk("lead").run("rekey", "--yes", "--json").json["rekeyed"] == 1


def test_a_desk_that_holds_the_file_of_before_goes_on(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    anna = world.desk("anna")
    anna.run("take", case)
    boris_leaves(world)
    world.desk("lead").run("rekey", "--yes")
    kept = held_file(anna, case).read_bytes()
    ran = anna.run("reply", case, "--file", "-", "--yes", read_text=lambda _: "Мы рядом.")
    assert ran.code == 0, ran.all
    assert [letter.text for letter in world.letters(case)] == ["Мы рядом."]
    assert held_file(anna, case).read_bytes() != kept
    assert texts(world, "anna", file_of(world, "anna", case)) == [URGENT["note"], "Мы рядом."]


def test_a_desk_does_not_take_other_contents_under_a_new_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server and somebody who could read the case once put one together that opens."""
    case = world.submit(URGENT, EVERYBODY)
    anna = world.desk("anna")
    anna.run("take", case)
    kept = held_file(anna, case).read_bytes()
    other = world.submit({**URGENT, "note": "Другая записка"}, EVERYBODY)
    forged = _forged(world, case, file_of(world, "boris", other), "lead")
    _shown(monkeypatch, forged)
    ran = anna.run("open", case, "--fresh")
    assert ran.code == 1
    assert f"Record 0 of case {case[:8]} is not the one this desk had before" in ran.all
    assert held_file(anna, case).read_bytes() == kept


@pytest.mark.parametrize("signer", ["boris", "nobody"])
def test_a_desk_takes_no_new_key_that_no_lead_has_signed_for(
    world: World, monkeypatch: pytest.MonkeyPatch, signer: str
) -> None:
    """Every record opens to what it opened to before: whoever could read them can do that."""
    case = world.submit(URGENT, EVERYBODY)
    anna = world.desk("anna")
    anna.run("take", case)
    kept = held_file(anna, case).read_bytes()
    forged = _forged(world, case, file_of(world, "boris", case), signer)
    _shown(monkeypatch, forged)
    ran = anna.run("open", case, "--fresh")
    assert ran.code == 1
    assert "has another key than before" in ran.all
    assert held_file(anna, case).read_bytes() == kept


def _shown(monkeypatch: pytest.MonkeyPatch, case: CaseFile) -> None:
    monkeypatch.setattr(Client, "fetch", lambda *_: case)


def _forged(world: World, case: str, contents: CaseFile, signer: str) -> CaseFile:
    """What `contents` holds, sealed as case `case` to a key of the forger's choice, for anna."""
    key, header = CaseKey.new(os.urandom), file_of(world, "boris", case).header
    old = case_key(contents, identity_of("boris"))
    parts = []
    for part in contents.records:
        where = place(contents.header, part.number, part.kind)
        plain = open_record(old, where, SealedRecord(part.data))
        sealed = seal_record(key.public, place(header, part.number, part.kind), plain)
        parts.append(part.model_copy(update={"sealed": encoded(sealed.data)}))
    if signer != "nobody":
        renewal = Renewal(identity_of(signer), world.roster, world.time(), os.urandom)
        number = len(parts)
        note = renewal._note(case, number, old, key)
        sealed = seal_record(key.public, place(header, number, NOTE), note)
        parts.append(SealedPart(number=number, kind=NOTE, sealed=encoded(sealed.data)))
    to = identity_of("anna").sealing_public
    wrap = wrap_case_key(key, to, bytes.fromhex(case), header.epoch)
    changed = {
        "records": tuple(parts),
        "public_key": encoded(key.public),
        "wrap": encoded(wrap.data),
        "token": None,
    }
    return file_of(world, "anna", case).model_copy(update=changed)


def test_whoever_whose_time_is_over_keeps_what_a_longer_one_would_give_back(world: World) -> None:
    case = world.submit(URGENT, EVERYBODY)
    over = world.time() - timedelta(days=1)
    world.take_up(world.roster.without_member("boris").with_end("anna", over))
    ran = world.desk("lead").run("rekey", "--yes")
    assert (ran.code, waiting(world)) == (0, 0), ran.all
    world.take_up(world.roster.with_end("anna", None))
    assert texts(world, "anna", file_of(world, "anna", case)) == [URGENT["note"]]
