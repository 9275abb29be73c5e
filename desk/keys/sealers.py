"""What is done with a page of many cases: opened and sealed, here or in a process of its own.

A worker keeps its memory from the disk before it is told a secret, and is told it through a pipe:
what stands on a command line or in an environment, others can read. Bytes come in as the server
sent them, and go out as it is to get them. A worker ends when its pipe does.
"""

import gc
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, Final, Literal

from pydantic import ValidationError
from pydantic_core import to_json

from crypto.identity import Identity
from crypto.kdf import Random
from crypto.process import keep_memory, lock_down
from desk.keys.pages import Fresh, rekeyable, rekeying
from desk.keys.rekeying import Renewal, Untouched
from desk.keys.rewrapping import Opening
from intake.roster import Roster
from intake.shapes import Shape, decoded, encoded
from intake.wire import NewWrap, Wrappable, Wrapping

Kept = dict[str, tuple[str, dict[str, Any]]]
"""Cases that were not touched, by id: the sentence that says why, and what fills its gaps."""

ENDED: Final = "ended"
"""Stands for a case where the work on a whole page failed."""


_SELDOM: Final = 100_000
"""Objects after which Python looks for rings among them. A page has thousands, and no ring."""


KEPT: Final = 64 * 1024 * 1024
"""Bytes: more than a page of cases, and what is made of it, takes."""


class Task(Shape):
    """What a worker is to do with each page, and as whom: `seed` is her identity's.

    `target` and `mandate`: for wrapping, the member's key id, and what allows it.
    """

    do: Literal["rekey", "wrap"]
    seed: str
    roster: str
    now: datetime
    past: str | None = None
    target: str = ""
    mandate: str = ""

    def __repr__(self) -> str:
        return f"<Task {self.do}>"


@dataclass(frozen=True, slots=True)
class Page:
    """What became of a page: the body to be sent, None where nothing of it can be changed."""

    body: bytes | None
    cases: int
    kept: Kept


def task(
    do: Literal["rekey", "wrap"],
    identity: Identity,
    roster: Roster,
    now: datetime,
    *,
    past: str | None = None,
    target: str = "",
    mandate: str = "",
) -> Task:
    return Task(
        do=do,
        seed=encoded(identity.seed),
        roster=roster.to_payload().decode(),
        now=now,
        past=past,
        target=target,
        mandate=mandate,
    )


def doing(given: Task, random: Random = os.urandom) -> Callable[[bytes], Page]:
    """The work itself, here or in a process of its own: a page as it came, to what is sent back."""
    identity = Identity(decoded(given.seed))
    roster = Roster.from_payload(given.roster.encode())
    if given.do == "rekey":
        renewal = Renewal(identity, roster, given.now, random, given.past)
        return lambda page: _rekey(renewal, page)
    opening = Opening(identity, roster, given.target)
    return lambda page: _wrap(opening, given.mandate, page)


def _rekey(renewal: Renewal, page: bytes) -> Page:
    kept = Kept()
    done: list[Fresh] = []
    for case in rekeyable(page):
        try:
            done.append(renewal.rekeyed(case))
        except Untouched as why:
            kept[case["header"].id] = (why.msgid, why.values)
    return Page(rekeying(done) if done else None, len(done), kept)


def _wrap(opening: Opening, mandate: str, page: bytes) -> Page:
    cases, kept = Wrappable.model_validate_json(page).cases, Kept()
    done: list[NewWrap] = []
    for case in cases:
        try:
            done.append(opening.wrapped(case))
        except Untouched as why:
            kept[case.id] = (why.msgid, why.values)
    body = Wrapping.model_construct(mandate=mandate, wraps=tuple(done))
    return Page(to_json(body) if done else None, len(done), kept)


def work_for(pipe: Connection) -> None:
    """A worker's life. Ctrl-C is the desk's affair: what is in flight is finished or dropped."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_SELDOM)
    keep_memory(KEPT)
    try:
        lock_down()
        do = doing(Task.model_validate_json(pipe.recv_bytes()))
        while True:
            answer = _answered(do, pipe.recv_bytes())
            pipe.send_bytes(json.dumps([answer.cases, answer.kept]).encode())
            pipe.send_bytes(answer.body or b"")
    except (EOFError, OSError):
        return


def _answered(do: Callable[[bytes], Page], page: bytes) -> Page:
    """Whatever fails is told by its class alone: no traceback, and nothing of a case."""
    try:
        return do(page)
    except ValidationError:
        return Page(None, 0, {ENDED: ("", {})})
    except Exception as error:
        return Page(None, 0, {ENDED: (type(error).__name__, {})})
