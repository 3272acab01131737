"""Fixtures of Scheduler's end-to-end tests."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.scheduler.asking import Asking
from support.running import Running


@pytest.fixture
def asking(pileus: Running, aws: Any, account: str) -> Asking:
    return Asking(pileus, aws, account)
