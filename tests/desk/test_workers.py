"""The processes that open and seal for a desk: what others can see of them, and what ends them."""

import base64
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from crypto.opening import unwrap_case_key
from crypto.sealing import CaseKey, Context, Wrap, seal_record, wrap_case_key
from desk.card import Card
from desk.errors import DeskError
from desk.keys.pages import Fresh, Whole, rekeyable, rekeying
from desk.keys.rekeying import Renewal, Untouched
from desk.keys.sealers import doing, task
from desk.keys.workers import Workers
from intake.case import Level, State
from intake.records import MESSAGE
from intake.roster import Role, Roster
from intake.shapes import decoded, encoded
from intake.wire import (
    CaseFile,
    Header,
    Rekeyable,
    Rekeying,
    SealedPart,
    ToWrap,
    Wrappable,
    Wrapping,
)
from tests.desk.world import identity_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORM = "0" * 64
LEAD, ANNA = identity_of("lead"), identity_of("anna")
ROSTER = Roster(
    organisation="Trail",
    epoch=2,
    valid_until=datetime(2027, 1, 1, tzinfo=UTC),
    forms=(FORM,),
    members=tuple(
        Card.of(name, identity_of(name)).member(role, ("legal",), ("ru",))
        for name, role in (("anna", Role.VOLUNTEER), ("lead", Role.LEAD))
    ),
)
TASK = task("rekey", LEAD, ROSTER, NOW)


def case_of(*openers: str) -> tuple[CaseKey, CaseFile]:
    """As a server gives it to the lead; it may name whom it likes as openers."""
    key, case_id = CaseKey.new(os.urandom), os.urandom(16)
    where = Context(case_id, 0, MESSAGE, FORM, 1)
    header = Header(
        id=case_id.hex(),
        language="ru",
        level=Level.P1,
        skills=("legal",),
        country=None,
        contact="never",
        received=NOW,
        promised_by=NOW,
        form=FORM,
        epoch=1,
        state=State.WAITING,
    )
    sealed = encoded(seal_record(key.public, where, b"something").data)
    return key, CaseFile(
        header=header,
        public_key=encoded(key.public),
        records=(SealedPart(number=0, kind=MESSAGE, sealed=sealed),),
        wrap=encoded(wrap_case_key(key, LEAD.sealing_public, case_id, 1).data),
        openers=tuple(sorted(identity_of(name).key_id for name in openers)),
    )


def page_of(*cases: CaseFile) -> bytes:
    return Rekeyable(cases=cases, left=len(cases)).model_dump_json().encode()


def whole(case: CaseFile) -> Whole:
    """As it is read from a page."""
    [read] = rekeyable(page_of(case))
    return read


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(TASK, 2) as running:
        yield running


def _children() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [one for one in found if "spawn_main" in " ".join(one.cmdline())]


def test_nothing_of_a_secret_stands_where_others_look(workers: Workers) -> None:
    both = [workers._free.get() for _ in range(2)]
    for pipe in both:  # each has answered, and so is ready
        workers._free.put(pipe)
        assert workers.page(page_of(case_of("lead")[1])).cases == 1
        workers._free.get()
    seed = LEAD.seed
    forms = (seed, seed.hex().encode(), base64.b64encode(seed), base64.urlsafe_b64encode(seed))
    children = _children()
    assert len(children) == 2
    for child in children:
        shown = "\0".join([*child.cmdline(), *child.environ().values()]).encode()
        assert not any(form in shown for form in forms)
        assert resource.prlimit(child.pid, resource.RLIMIT_CORE) == (0, 0)
    assert encoded(seed) not in repr(TASK)


def test_they_end_with_the_block() -> None:
    with Workers(TASK, 2) as running:
        running.page(page_of(case_of("lead")[1]))
        children = _children()
    assert children
    assert not psutil.wait_procs(children, timeout=30)[1]


def interrupted_while_they_start() -> None:
    """In a program of its own: another thread would take the signal, and it would come at once."""
    whole, children = Workers._start, list[psutil.Process]()

    def start(workers: Workers) -> None:
        whole(workers)
        children[:] = _children()
        for one in (psutil.Process(), *children):  # as a terminal sends it: to all of them
            one.send_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Workers, "_start", start)
        with pytest.raises(KeyboardInterrupt), Workers(TASK, 2):
            pytest.fail("it went on as if nobody had typed it")
    assert len(children) == 2, "the first went on as well, until all were there"
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_while_they_start_is_not_lost_and_reaches_none_of_them() -> None:
    code = f"from {__name__} import *; interrupted_while_they_start()"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_worker_that_the_system_ended_is_told_in_words(workers: Workers) -> None:
    for child in _children():
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(DeskError, match="for want of memory"):
        workers.page(page_of(case_of("lead")[1]))


def test_a_page_that_is_none_is_told_in_words(workers: Workers) -> None:
    with pytest.raises(DeskError, match="not one of Tropa's"):
        workers.page(b'{"cases": 7}')


def _changed(page: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(page)
    change(document["cases"][0])
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda case: case.update(more=1),
        lambda case: case.update(v=2),
        lambda case: case.pop("wrap"),
        lambda case: case.update(public_key="no base64!"),
        lambda case: case.update(token=7),
        lambda case: case.update(openers=["anna"]),
        lambda case: case["header"].update(more=1),
        lambda case: case["header"].update(contact="25"),
        lambda case: case["records"][0].update(number=-1),
        lambda case: case["records"][0].update(kind='a","b":"c'),
        lambda case: case["records"][0].update(sealed="A"),
        lambda case: case["records"][0].update(more=1),
    ],
)
def test_a_page_is_as_closed_as_the_shape_of_it(change: Callable[[dict[str, Any]], None]) -> None:
    page = page_of(case_of("lead")[1])
    assert len(rekeyable(page)) == len(Rekeyable.model_validate_json(page).cases) == 1
    for read in (rekeyable, Rekeyable.model_validate_json):
        with pytest.raises(ValidationError):
            read(_changed(page, change))


@pytest.mark.parametrize("token", [None, b"\xfb\xff\x00"])
def test_a_body_is_the_shape_of_it(token: bytes | None) -> None:
    records = [(0, "intake", b"\xfb\xef\xbe"), (1, "note", b"\x01" * 1000)]
    wraps = {LEAD.key_id: b"\xff" * 5, ANNA.key_id: b"wrap"}
    made = Fresh("0" * 32, "1" * 64, 7, b"\xfb\xff", records, wraps, token)
    first, second = Rekeying.model_validate_json(rekeying([made, made])).cases
    assert first == second
    assert (first.id, first.was, first.epoch) == (made.id, made.was, made.epoch)
    assert decoded(first.public_key) == made.public_key
    assert [(part.number, part.kind, part.data) for part in first.records] == records
    assert {name: decoded(wrap) for name, wrap in first.wraps.items()} == wraps
    assert (first.token and decoded(first.token)) == token


def test_here_or_there_the_work_is_the_same(workers: Workers) -> None:
    key, case = case_of("lead", "anna")
    for work in (workers.page, doing(TASK)):
        done = work(page_of(case))
        [fresh] = Rekeying.model_validate_json(done.body or b"").cases
        assert (done.cases, done.kept) == (1, {})
        assert fresh.wraps.keys() == {LEAD.key_id, ANNA.key_id}
        assert decoded(fresh.public_key) != key.public


def test_nobody_is_given_a_key_for_being_named_by_the_server() -> None:
    """Openers who are not on the roster, whatever the server says of them."""
    _, case = case_of("lead", "anna", "eve")
    fresh = Renewal(LEAD, ROSTER, NOW, os.urandom).rekeyed(whole(case))
    assert fresh.wraps.keys() == {LEAD.key_id, ANNA.key_id}
    new = unwrap_case_key(
        ANNA, bytes.fromhex(fresh.id), fresh.epoch, Wrap(fresh.wraps[ANNA.key_id])
    )
    assert new.public == fresh.public_key


def test_a_member_whose_time_is_over_keeps_what_she_could_open() -> None:
    ending = ROSTER.with_end("anna", NOW)
    _, case = case_of("lead", "anna")
    fresh = Renewal(LEAD, ending, NOW, os.urandom).rekeyed(whole(case))
    assert fresh.wraps.keys() == {LEAD.key_id, ANNA.key_id}


def _replaced(case: CaseFile) -> CaseFile:
    return case.model_copy(update={"public_key": encoded(CaseKey.new(os.urandom).public)})


def _doubled(case: CaseFile) -> CaseFile:
    return case.model_copy(update={"records": case.records * 2})


def _gap(case: CaseFile) -> CaseFile:
    [part] = case.records
    return case.model_copy(update={"records": (part.model_copy(update={"number": 1}),)})


def _other_token(case: CaseFile) -> CaseFile:
    return case.model_copy(update={"token": case.records[0].sealed})


def _no_wrap_of_hers(case: CaseFile) -> CaseFile:
    return case.model_copy(update={"wrap": encoded(bytes(1177))})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_replaced, "public key was replaced"),
        (_doubled, "missing or doubled"),
        (_gap, "missing or doubled"),
        (_other_token, "return token in it does not open"),
        (_no_wrap_of_hers, "your identity does not open it"),
    ],
)
def test_what_is_not_whole_is_not_made_whole(
    change: Callable[[CaseFile], CaseFile], why: str
) -> None:
    with pytest.raises(Untouched, match=why):
        Renewal(LEAD, ROSTER, NOW, os.urandom).rekeyed(whole(change(case_of("lead")[1])))


def test_a_case_key_is_opened_to_the_member_of_the_roster_and_nobody_else() -> None:
    key, case = case_of("lead")
    given = task("wrap", LEAD, ROSTER, NOW, target=ANNA.key_id, mandate="0" * 64)
    listed = ToWrap(id=case.header.id, epoch=1, wrap=case.wrap)
    page = Wrappable(cases=(listed,), left=1).model_dump_json().encode()
    body = doing(given)(page).body
    assert body is not None
    wrap = Wrap(decoded(_only_wrap(body)))
    opened = unwrap_case_key(ANNA, bytes.fromhex(case.header.id), 1, wrap)
    assert opened == key
    stranger = task("wrap", LEAD, ROSTER, NOW, target=identity_of("eve").key_id)
    with pytest.raises(DeskError, match="not on the roster"):
        doing(stranger)(page)


def _only_wrap(body: bytes) -> str:
    [made] = Wrapping.model_validate_json(body).wraps
    return made.wrap


def test_nothing_of_the_folder_where_it_is_started_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder of downloads anything may lie, also under the name of a part of Python."""
    for name in ("signal", "pickle", "json", "socket"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    _, case = case_of("anna", "lead")
    with Workers(TASK, 1) as workers:
        assert workers.page(page_of(case)).cases == 1
    assert not (tmp_path / "run").exists()
    assert "PYTHONSAFEPATH" not in os.environ
