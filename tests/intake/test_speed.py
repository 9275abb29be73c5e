"""What a tap may cost in the domain: reading the draft, one step, writing it again."""

import time
from collections.abc import Callable

from intake.draft import Draft
from intake.events import Back, Done
from intake.form import load_form
from intake.interview import step
from tests.intake.made import NOW, Talk, default_bytes, default_form
from tests.intake.test_default_form import FULL


def cost(work: Callable[[], object], times: int = 50) -> float:
    """CPU seconds of one run, the best of several rounds: other work on the machine is not ours."""
    best = 1.0
    for _ in range(8):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began) / times)
    return best


def test_a_tap_in_a_full_interview_costs_a_fraction_of_a_millisecond() -> None:
    raw = Talk(default_form(), *FULL).draft.to_bytes()
    for event in (Back(), Done()):
        took = cost(
            lambda event=event: step(  # type: ignore[misc]
                default_form(), Draft.from_bytes(raw), event, NOW
            ).draft.to_bytes()
        )
        assert took < 0.000_5


def test_loading_the_form_does_not_hold_up_the_start() -> None:
    assert cost(lambda: load_form(default_bytes()), times=1) < 0.2
