"""What every test may ask for: whether the long runs are wanted at full length; and their order."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are made says more about the machine than about the code: a busy one must not
# fail a test.
settings.register_profile("tropa", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tropa")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ordeal", action="store_true", help="the long runs at full length, not in short form"
    )
    parser.addoption(
        "--seed", type=int, default=20261122, help="what the dice of the long runs begin with"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few tests first: each of theirs takes long, as whole programs do. Of several
    processes that share the files out, none is then left alone with a long one at the end.
    """
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: tests[item.path])


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether a long run goes its full length (`make ordeal`) or takes its short form."""
    return bool(request.config.getoption("--ordeal"))
