"""How long each part takes: in full for figures to quote, briefly to see that all of it works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Seconds, counts of people, and how often each part is repeated."""

    crowd: int
    """People in mid-interview with each bot."""
    rounds: int
    round_seconds: float
    rate_steps: int
    step_seconds: float
    interviews: int
    at_rest: int
    """Drafts and cases that are written to see how large they are."""
    starts: int
    settle: float
    open_drafts: int
    guesses: int
    waiting: tuple[int, int, int]
    """Cases in the queue when the desk's pages are timed."""
    pages: int
    past: int
    """Requests that were counted in five years."""
    submissions: int
    releases: int
    rekeyed: int
    """Cases that get a fresh key."""


FULL = Plan(
    crowd=1000,
    rounds=4,
    round_seconds=16.0,
    rate_steps=9,
    step_seconds=3.0,
    interviews=20,
    at_rest=100,
    starts=3,
    settle=3.0,
    open_drafts=10_000,
    guesses=15,
    waiting=(100, 1_000, 10_000),
    pages=30,
    past=1_000_000,
    submissions=60,
    releases=5,
    rekeyed=2_000,
)

QUICK = Plan(
    crowd=50,
    rounds=1,
    round_seconds=2.0,
    rate_steps=2,
    step_seconds=1.0,
    interviews=2,
    at_rest=8,
    starts=1,
    settle=1.0,
    open_drafts=500,
    guesses=3,
    waiting=(10, 20, 50),
    pages=3,
    past=5_000,
    submissions=3,
    releases=1,
    rekeyed=100,
)
