"""Processes that open and seal for a desk, one for each core: Python's own threads share one."""

import json
import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from crypto.process import keep_memory
from desk.errors import DeskError
from desk.keys.sealers import ENDED, KEPT, Page, Task, work_for
from desk.refusals import nonsense
from desk.settings import nothing_from_here


class Workers:
    """The processes, until the block ends. `page` is for as many threads at once as one likes."""

    def __init__(self, given: Task, count: int) -> None:
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        self._given, self._count = given, count

    def __enter__(self) -> "Workers":
        keep_memory(KEPT)
        try:
            with _ctrl_c_waits(), nothing_from_here():
                for _ in range(self._count):
                    self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        context = get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=work_for, args=(there,), daemon=True)
        process.start()
        there.close()
        here.send_bytes(self._given.model_dump_json().encode())
        self._processes.append(process)
        self._pipes.append(here)
        self._free.put(here)

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join()

    def page(self, page: bytes) -> Page:
        """One page, done by whichever worker is free next."""
        pipe = self._free.get()
        try:
            pipe.send_bytes(page)
            cases, kept = json.loads(pipe.recv_bytes())
            body = pipe.recv_bytes()
        except (EOFError, OSError):
            raise DeskError(
                "The system ended a part of this program, most likely for want of memory. Close "
                "other programs and give the same command again: it goes on from here."
            ) from None
        finally:
            self._free.put(pipe)
        if ENDED in kept:
            raise _failed(kept[ENDED][0])
        return Page(body or None, cases, {one: (why, gaps) for one, (why, gaps) in kept.items()})


def _failed(kind: str) -> DeskError:
    if not kind:
        return nonsense()
    return DeskError(
        "Tropa failed in a way it does not know; nothing was sent or shown. Report this line "
        "to the project, without any case: {kind} at {place}",
        kind=kind,
        place="workers",
    )


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """While workers start, before they can say themselves that Ctrl-C is not for them: they are
    begun with it held back. Here it is not lost, but comes at the end of the block."""
    resource_tracker.ensure_running()  # as it starts, it would let it through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
