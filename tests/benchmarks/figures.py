"""What a run found out: figures beside their floors, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

NAMES = (
    "tap_cpu",
    "tap_cpu_lean",
    "interview_cpu",
    "tap_p50_at_30",
    "tap_p99_at_30",
    "max_rate",
    "max_rate_lean",
    "case_bytes",
    "draft_bytes",
    "rss_idle",
    "rss_10k_drafts",
    "cold_start",
    "code_guess",
    "queue_page_100",
    "queue_page_1k",
    "queue_page_10k",
    "case_page_100",
    "case_page_1k",
    "case_page_10k",
    "submission_1m",
    "release_5y",
    "shown_5y",
    "rekey",
    "rekey_cpu",
    "rekey_desk_cpu",
)

MEANINGS = {
    "tap_cpu": "CPU of one tap; floor: stock bare bot",
    "tap_cpu_lean": "the same; floor: lean bare bot",
    "interview_cpu": "CPU of a whole interview; floor: its primitives and taps",
    "tap_p50_at_30": "tap to changed card at 30 a second, median; floor: lean",
    "tap_p99_at_30": "the same, of 99 in 100; floor: lean",
    "max_rate": "highest rate with p99 < 250 ms; floor: stock",
    "max_rate_lean": "the same; floor: lean",
    "case_bytes": "a case on disk, 8 recipients; floor: what is sealed of it",
    "draft_bytes": "a draft on disk; floor: what is sealed of it",
    "rss_idle": "memory after the start; floor: lean",
    "rss_10k_drafts": "memory that 10,000 open drafts add; floor: 64 bytes each",
    "cold_start": "process start to first answer; floor: lean",
    "code_guess": "CPU of trying one receipt code; floor: Argon2id alone",
    "queue_page_100": "the desk's queue page, 100 cases wait; floor: the server's answer to it",
    "queue_page_1k": "the same, 1,000 wait",
    "queue_page_10k": "the same, 10,000 wait",
    "case_page_100": "the page of a case, 100 wait; floor: the server's answer to it",
    "case_page_1k": "the same, 1,000 wait",
    "case_page_10k": "the same, 10,000 wait",
    "submission_1m": "CPU of a submission, 1,000,000 counted before; floor: without counting",
    "release_5y": "60 months released at once, 1,000,000 counted; floor: written down as they are",
    "shown_5y": "what a coordinator is given of 60 months; floor: their rows read",
    "rekey": "cases under a fresh key, with the server on the same cores; floor: HPKE alone",
    "rekey_cpu": "the same in a second of CPU, whoever spends it",
    "rekey_desk_cpu": "the same of the desk's CPU alone, as if the server were elsewhere",
}


@dataclass(frozen=True)
class Figure:
    """`ratio` is value by floor, whichever way is better."""

    name: str
    value: float
    unit: str
    floor: float
    ratio: float


def figure(name: str, value: float, unit: str, floor: float) -> Figure:
    return Figure(name, _plain(value), unit, _plain(floor), _plain(value / floor))


def _plain(number: float) -> float:
    """Four digits that mean something; more would pretend."""
    return float(f"{number:.4g}")


def table(figures: Sequence[Figure]) -> str:
    """One line a figure, aligned, in the order of `NAMES`."""
    head = ("figure", "value", "unit", "floor", "ratio", "what it is")
    rows = [
        (f.name, _short(f.value), f.unit, _short(f.floor), f"{f.ratio:.2f}", MEANINGS[f.name])
        for f in sorted(figures, key=lambda f: NAMES.index(f.name))
    ]
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [_line(row, widths) for row in (head, *rows)]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    numbers = {1, 3, 4}
    cells = [
        cell.rjust(width) if place in numbers else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def write(figures: Sequence[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = sorted(figures, key=lambda f: NAMES.index(f.name))
    path.write_text(json.dumps([asdict(f) for f in ordered], indent=1) + "\n")
