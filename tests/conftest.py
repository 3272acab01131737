"""What every test runs under."""

from hypothesis import settings

from support.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

# A machine that is busy with other things makes any example slow.
settings.register_profile("pileus", deadline=None)
settings.load_profile("pileus")
