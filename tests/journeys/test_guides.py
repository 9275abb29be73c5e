"""The guides for the ceremony, the first day and the lost laptop, followed to the letter."""

from pathlib import Path

import pytest

from tests.journeys.following import world
from tests.journeys.guides import steps

GUIDES = ("guide-ceremony", "guide-first-day", "guide-lost-laptop")


@pytest.mark.parametrize("guide", GUIDES)
def test_both_languages_say_the_same_commands_in_the_same_order(guide: str) -> None:
    english = steps(f"{guide}.md")
    assert english == steps(f"{guide}.ru.md")
    assert english


@pytest.mark.timeout(900)  # more than a hundred programs, each of which begins anew
def test_the_guides_can_be_followed_as_they_are_printed(tmp_path: Path) -> None:
    """One after the other: the first day begins where the ceremony ended, and so on."""
    with world(tmp_path) as everybody:
        for guide in GUIDES:
            everybody.follow(steps(f"{guide}.md"))
