"""A stage for each journey."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.stage import Stage, running_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with running_stage(tmp_path) as made:
        yield made
