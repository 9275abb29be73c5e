"""What every test may ask for: whether the long runs are wanted at full length."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ordeal", action="store_true", help="the long runs at full length, not in short form"
    )
    parser.addoption(
        "--seed", type=int, default=20261122, help="what the dice of the long runs begin with"
    )


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether a long run goes its full length (`make ordeal`) or takes its short form."""
    return bool(request.config.getoption("--ordeal"))
