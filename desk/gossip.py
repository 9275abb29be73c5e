"""What colleagues saw of the past, beside what this desk was shown.

Everything that a desk signs names the head of the record of key events as it had seen it. A
server that shows different pasts to different people is found out by the first case that one of
them opens after the other wrote in it. It keeps nobody from reading the case. Pure.
"""

from collections.abc import Iterator, Sequence

from desk.errors import DeskError
from desk.past import Past
from desk.reading import Entry, Fault


def is_ahead(exchange: Sequence[Entry], past: Past) -> bool:
    """Whether a colleague has seen more of the record than this desk."""
    return any(past.compared(seen) == "ahead" for _, seen in _seen(exchange))


def differences(exchange: Sequence[Entry], past: Past) -> tuple[Fault, ...]:
    """What does not fit, each colleague once. What is ahead is told only where the server was
    just asked (`past.fresh`): it may simply not have been seen here yet."""
    found: dict[tuple[str | None, str], Fault] = {}
    for entry, seen in _seen(exchange):
        how = past.compared(seen)
        error = _error(entry, seen, how) if how == "other" or past.fresh else None
        name = entry.author.name if entry.author is not None else None
        if error is not None and (name, how) not in found:
            found[name, how] = Fault(entry.number, error)
    return tuple(found.values())


def _seen(exchange: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    for entry in exchange:
        if entry.past is not None and entry.author is not None and entry.author.is_hers:
            yield entry, entry.past


def _error(entry: Entry, seen: str, how: str) -> DeskError | None:
    name, number = entry.author.name if entry.author is not None else "?", seen.partition(":")[0]
    if how == "other":
        return DeskError(
            "{name}, who wrote record {n}, was shown another record of key events than this desk "
            "(event {number}): the server shows different pasts to different people, or what "
            "{name} wrote of it is not true. Compare with {name}, aloud: tropa log",
            name=name,
            n=entry.number,
            number=number,
        )
    if how == "ahead":
        return DeskError(
            "{name}, who wrote record {n}, has seen {number} key events, more than the server "
            "shows this desk: it hides something from you, or what {name} wrote of it is not true. "
            "Compare with {name}, aloud: tropa log",
            name=name,
            n=entry.number,
            number=number,
        )
    return None
