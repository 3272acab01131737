"""What every test runs under."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.postgres import Server, running_server
from support.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

# A machine that is busy with other things makes any example slow.
settings.register_profile("pileus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pileus")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One PostgreSQL for all tests of the process, started when the first one asks."""
    with running_server() as server:
        yield server
