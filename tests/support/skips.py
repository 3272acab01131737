"""Skips: tests name the program that they miss, and a full run allows none of it.

Set PILEUS_TEST_NO_SKIPS=1 (as `.ci/run` does) and every skip is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from typing import Any

import pytest

NO_SKIPS = "PILEUS_TEST_NO_SKIPS"


def program(name: str, what: str) -> str:
    """The path of an installed program, or skip the test naming what is missing."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{what} is missing: there is no `{name}` in PATH")
    return path


def allows_skips() -> bool:
    return os.environ.get(NO_SKIPS, "") in ("", "0")


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that repeats its reason."""
    if report.skipped and not allows_skips():
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{NO_SKIPS} is set, and this was skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    report = yield
    fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    report = yield
    fail_if_skipped(report)
    return report
